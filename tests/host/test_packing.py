"""What the desk sends is packed where that makes it smaller, and a file that a browser has is not sent again."""

import gzip

import pytest
from django.test import Client
from tests.cast import Cast

PACKS = {"Accept-Encoding": "gzip"}


def test_a_page_comes_packed_and_says_the_same(cast: Cast) -> None:
    desk = cast.at_desk("commander")
    packed, plain = desk.get("/", headers=PACKS), desk.get("/")
    assert (packed["Content-Encoding"], "Content-Encoding" in plain) == ("gzip", False)
    assert "Accept-Encoding" in packed["Vary"]
    assert len(packed.content) < len(plain.content) / 2
    assert "<h1>今晚</h1>" in gzip.decompress(packed.content).decode()


@pytest.mark.parametrize("file", ["desk.css", "desk.js", "vendor/htmx.min.js"])
def test_a_file_comes_packed_and_only_once(file: str) -> None:
    desk = Client(headers=PACKS)
    first = desk.get(f"/static/{file}")
    sent, plain = first.getvalue(), Client().get(f"/static/{file}").getvalue()
    assert gzip.decompress(sent) == plain
    assert len(sent) < 0.6 * len(plain)
    again = desk.get(f"/static/{file}", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, b"".join(again)) == (304, b"")


def test_pages_of_a_session_never_share_a_packed_length(cast: Cast) -> None:
    """Who guesses at a secret in a page by how well it packs learns nothing from one length."""
    desk = cast.at_desk("commander")
    assert len({len(desk.get("/", headers=PACKS).content) for _ in range(12)}) > 1
