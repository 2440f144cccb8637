"""How tests read a page of the desk: its rows, its sentence, its numbers and where they lead, and what it asked."""

import re
from html import unescape
from tempfile import TemporaryFile

from django.db import connection
from django.test import Client

from tongxin.orders.queries import forget_clock

TAG = re.compile(r"(?s)<[^>]+>")


def text_of(html: str) -> str:
    """Return what a reader sees, spaces made one."""
    return re.sub(r"\s+", " ", unescape(TAG.sub("", html))).strip()


def sentence(html: str) -> str:
    """Return the sentence on top."""
    found = re.search(r'(?s)<p class="sentence">(.*?)</p>', html)
    assert found
    return text_of(found[1])


def rows(html: str, part: str = "tbody") -> list[list[str]]:
    """Return the texts of the first table's cells, row by row."""
    found = re.search(rf"(?s)<{part}>(.*?)</{part}>", html)
    cells = re.compile(r"(?s)<t[dh][^>]*>(.*?)</t[dh]>")
    return [[text_of(cell) for cell in cells.findall(row)] for row in re.findall(r"(?s)<tr.*?</tr>", found[1])] if found else []


def links(html: str, row: str, part: str = "tbody") -> dict[str, str]:
    """Return the numbers of the row that has a text in it, by the address that each leads to."""
    found = re.search(rf"(?s)<{part}>(.*?)</{part}>", html)
    assert found
    chosen = next(one for one in re.findall(r"(?s)<tr.*?</tr>", found[1]) if row in one)
    pairs = re.findall(r'<a class="n[^"]*" href="([^"]+)">([^<]+)</a>', chosen)
    return {unescape(address): number for address, number in pairs}


def asked(desk: Client, address: str) -> tuple[str, int]:
    """Return a page and how many statements it took, on the wire: some reads go past Django's own cursors."""
    connection.ensure_connection()
    forget_clock()  # the most that a page can take: what the clock was half a second ago is not asked again
    with TemporaryFile() as file:
        connection.connection.pgconn.trace(file.fileno())
        answer = desk.get(address)
        connection.connection.pgconn.untrace()
        file.seek(0)
        said = file.read()
    assert answer.status_code == 200, answer.content
    return answer.text, len(re.findall(rb"\tF\t\d+\t(?:Query|Execute)\t", said))
