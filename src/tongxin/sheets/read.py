"""Opens a file as rows of clean text: XLSX, XLS and ODS by their sheets, CSV in whatever encoding an office saved it.

A row's number is the one that a spreadsheet program shows, from 1. Nothing is cut off in silence: what cannot be read whole is
refused, with the row or byte at which it goes wrong.
"""

import codecs
import csv
import io
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from tongxin.base.problems import Problem
from tongxin.base.words import say
from tongxin.sheets.text import clean, written

Content = Path | bytes
"""A file where it lies, or what is in it."""
ROW_LIMITS = frozenset({65_536, 1_048_576})
"""How many rows a sheet can have at most, in XLS and in XLSX: a table of exactly so many may have lost its end."""
MOST_UNPACKED = 1 << 30
"""Bytes that a packed workbook may unpack to."""
_CHUNK = 1 << 20
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_DELIMITERS = ",\t;"


class BadFile(Problem):
    """The file cannot be read whole as a workbook or a CSV; nothing of it was taken."""

    code = "sheets.bad_file"
    next_step = "用表格软件打开它，另存为 XLSX，再导入一次。"


class WhichSheet(Problem):
    """Several sheets have rows, or none has the name that was asked for; ``details.sheets`` names them."""

    code = "sheets.which_sheet"
    next_step = "指明要哪一张表；每张表各导入一次。"


@dataclass(frozen=True)
class Sheet:
    """One table of a file. ``rows()`` reads it anew from the first row on; a blank row is an empty list."""

    name: str
    rows: Callable[[], Iterator[list[str]]]


def sheet(content: Content, wanted: str = "") -> Sheet:
    """Return the sheet that is asked for, or the only one that has rows; raise BadFile or WhichSheet."""
    with _opened(content) as file:
        magic = file.read(8)
    if magic.startswith((_ZIP, _OLE)):
        return _of_workbook(_workbook(content), wanted)
    return _text(content)


# --- workbooks


def _workbook(content: Content) -> CalamineWorkbook:
    _require_bounded(content)
    try:
        return CalamineWorkbook.from_object(content if isinstance(content, Path) else io.BytesIO(content))
    except (CalamineError, OSError, ValueError) as error:
        raise BadFile(say("工作簿打不开，可能已损坏或有密码：{reason}", reason=error)) from error


def _require_bounded(content: Content) -> None:
    """Refuse a packed file that would not fit into memory once unpacked."""
    with _opened(content) as file:
        if not zipfile.is_zipfile(file):
            return
        with zipfile.ZipFile(file) as packed:
            size = sum(entry.file_size for entry in packed.infolist())
    if size > MOST_UNPACKED:
        reason = say("工作簿展开后有 {size} MB，最多 {most} MB", size=size >> 20, most=MOST_UNPACKED >> 20)
        raise BadFile(reason, next=say("另存为 CSV，再导入一次。"))


def _of_workbook(workbook: CalamineWorkbook, wanted: str) -> Sheet:
    shown = [meta.name for meta in workbook.sheets_metadata if meta.visible == SheetVisibleEnum.Visible]
    if wanted:
        if wanted not in workbook.sheet_names:
            there = say("、").join(shown)
            raise WhichSheet(say("没有名为“{sheet}”的表；有：{sheets}", sheet=wanted, sheets=there), sheets=shown)
        return _sheet(workbook.get_sheet_by_name(wanted))
    filled = [found for found in map(workbook.get_sheet_by_name, shown) if found.end is not None]
    if not filled:
        raise BadFile(say("工作簿里没有一张有内容的表"))
    if len(filled) > 1:
        names = [found.name for found in filled]
        raise WhichSheet(say("有 {count} 张表有内容：{sheets}", count=len(names), sheets=say("、").join(names)), sheets=names)
    return _sheet(filled[0])


def _sheet(found: CalamineSheet) -> Sheet:
    def rows() -> Iterator[list[str]]:
        merged = _Merged(found.merged_cell_ranges or [])
        empty = [""] * (found.start[1] if found.start else 0)  # the reader leaves out empty columns on the left, not rows above
        for index, cells in enumerate(found.iter_rows()):
            yield merged.filled(index, empty + [written(cell) for cell in cells])

    return Sheet(found.name, rows)


class _Merged:
    """Cells merged downwards: what stands in the first holds for all of them."""

    def __init__(self, ranges: Sequence[tuple[tuple[int, int], tuple[int, int]]]) -> None:
        self._starting: dict[int, list[tuple[int, int]]] = {}
        for (top, column), (bottom, _) in ranges:
            if bottom > top:
                self._starting.setdefault(top, []).append((column, bottom))
        self._holding: dict[int, tuple[str, int]] = {}

    def filled(self, index: int, cells: list[str]) -> list[str]:
        """Return a row's cells, those below a merged one filled; a row with nothing of its own stays blank."""
        blank = not any(cells)
        for column, bottom in self._starting.get(index, ()):
            self._holding[column] = (cells[column] if column < len(cells) else "", bottom)
        for column, (text, bottom) in list(self._holding.items()):
            if index > bottom:
                del self._holding[column]
            elif not blank and column < len(cells) and not cells[column]:
                cells[column] = text
        return [] if blank else cells


# --- CSV


def _text(content: Content) -> Sheet:
    encoding = _encoding(content)
    delimiter = _delimiter(content, encoding)

    def rows() -> Iterator[list[str]]:
        with _opened(content) as file, io.TextIOWrapper(file, encoding, newline="") as text:
            reader = csv.reader(text, delimiter=delimiter, strict=True)
            try:
                for cells in reader:
                    found = [clean(cell) for cell in cells]
                    yield found if any(found) else []
            except csv.Error as error:
                line = reader.line_num
                raise BadFile(say("第 {line} 行起引号没有配对，或者一格太长：{reason}", line=line, reason=error)) from error

    return Sheet("", rows)


def _encoding(content: Content) -> str:
    """Return how a text is encoded: as its byte-order mark says, else UTF-8, else GB18030; the whole text must be so."""
    with _opened(content) as file:
        start = file.read(_CHUNK)
    for mark, name in ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if start.startswith(mark):
            return _require(content, name)
    if b"\0" in start:
        raise BadFile(say("这不是工作簿，也不是文本"))
    if start.lstrip()[:1] == b"<":
        raise BadFile(say("这是网页或 XML，只是名字像表格"))
    if _undecodable(content, "utf-8") is None:
        return "utf-8"
    return _require(content, "gb18030")


def _require(content: Content, encoding: str) -> str:
    """Return the encoding if the whole text is in it."""
    byte = _undecodable(content, encoding)
    if byte is not None:
        raise BadFile(say("第 {byte} 字节起读不懂：不是 UTF-8，也不是 GBK/GB18030", byte=byte))
    return encoding


def _undecodable(content: Content, encoding: str) -> int | None:
    """Return about where a text stops being in an encoding, or None."""
    decoder, read = codecs.getincrementaldecoder(encoding)(), 0
    with _opened(content) as file:
        while chunk := file.read(_CHUNK):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                return read + error.start
            read += len(chunk)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return read
    return None


def _delimiter(content: Content, encoding: str) -> str:
    """Return what parts the cells: of comma, tab and semicolon the one that is most frequent at the beginning."""
    with _opened(content) as file:
        start = codecs.getincrementaldecoder(encoding)().decode(file.read(_CHUNK))
    counts = Counter(start)
    return max(_DELIMITERS, key=lambda char: counts[char])


def _opened(content: Content) -> BinaryIO:
    return content.open("rb") if isinstance(content, Path) else io.BytesIO(content)
