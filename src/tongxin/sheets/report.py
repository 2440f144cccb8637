"""Writes the row-by-row report of an import as a workbook: first what it came to, then every row with its verdict."""

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import BinaryIO

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from tongxin.base.words import say

ROWS_A_SHEET = 1_000_000
"""Fewer than a sheet can hold: a longer report goes on in another sheet, and is never cut off."""
_WIDTHS = (8, 10, 60)
_TEXT_WIDTH = 18


class Report:
    """A report being written to an open file, row by row in little memory; complete when the context ends."""

    def __init__(self, file: BinaryIO, fields: Sequence[str]) -> None:
        self._book = xlsxwriter.Workbook(file, {"constant_memory": True, "default_date_format": "yyyy-mm-dd"})
        self._head = self._book.add_format({"bold": True, "bottom": 1})
        self._wrap = self._book.add_format({"text_wrap": True, "valign": "top"})
        self._summary = self._book.add_worksheet(say("总表"))
        self._fields, self._next = fields, 0
        self._sheets = 0
        self._sheet = self._new_sheet()

    def __enter__(self) -> "Report":
        """Begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Finish the file."""
        self._book.close()

    def row(self, number: int, verdict: str, reason: str, values: Iterable[str]) -> None:
        """Write one row: its number in the source, its verdict, why, and the values as they were read."""
        if self._next > ROWS_A_SHEET:
            self._sheet = self._new_sheet()
        sheet, at = self._sheet, self._next
        sheet.write_number(at, 0, number)
        for column, value in enumerate((verdict, reason, *values), 1):
            if value:
                sheet.write_string(at, column, value)  # a string whatever it looks like: never a formula
        self._next += 1

    def summary(self, lines: Iterable[tuple[str, str]]) -> None:
        """Write what it all came to, a name and a value a line."""
        self._summary.set_column(0, 0, 24)
        self._summary.set_column(1, 1, 90)
        for at, (name, value) in enumerate(lines):
            self._summary.write_string(at, 0, name)
            self._summary.write_string(at, 1, value, self._wrap)

    def _new_sheet(self) -> Worksheet:
        self._sheets += 1
        name = say("逐行")
        sheet: Worksheet = self._book.add_worksheet(name if self._sheets == 1 else f"{name} {self._sheets}")
        for column, width in enumerate((*_WIDTHS, *[_TEXT_WIDTH] * len(self._fields))):
            sheet.set_column(column, column, width)
        sheet.freeze_panes(1, 0)
        for column, text in enumerate((say("原行号"), say("判定"), say("原因"), *self._fields)):
            sheet.write_string(0, column, text, self._head)
        self._next = 1
        return sheet
