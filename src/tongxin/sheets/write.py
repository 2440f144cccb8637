"""Writes tables for offices: a workbook, or a CSV that spreadsheet programs open in Chinese."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import xlsxwriter

Value = str | int | float
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet program would take for a formula at the beginning of a CSV's cell."""
_WIDTH = 22
_LONGEST_NAME = 31
_FORBIDDEN = str.maketrans("[]:*?/\\", "       ")


@dataclass(frozen=True)
class Table:
    """A table with its name and heads."""

    name: str
    head: Sequence[str]
    rows: Sequence[Sequence[Value]]


def workbook(tables: Sequence[Table]) -> bytes:
    """Return a workbook, a sheet a table. Text stays text whatever it looks like: never a formula."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    bold = book.add_format({"bold": True, "bottom": 1})
    for table in tables:
        sheet = book.add_worksheet(table.name.translate(_FORBIDDEN)[:_LONGEST_NAME])
        sheet.set_column(0, len(table.head), _WIDTH)
        sheet.freeze_panes(1, 0)
        for column, text in enumerate(table.head):
            sheet.write_string(0, column, text, bold)
        for at, row in enumerate(table.rows, 1):
            for column, value in enumerate(row):
                write = sheet.write_string if isinstance(value, str) else sheet.write_number
                write(at, column, value)
    book.close()
    return out.getvalue()


def separated(tables: Sequence[Table]) -> bytes:
    """Return the tables as one CSV in UTF-8 with a byte-order mark: the table's name first in each row."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for table in tables:
        writer.writerow([table.name, *table.head])
        writer.writerows([table.name, *map(_plain, row)] for row in table.rows)
    return out.getvalue().encode("utf-8-sig")


def _plain(value: Value) -> Value:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value
