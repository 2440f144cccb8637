"""Tells the rows of a table apart, and adds its columns up: what a total says is compared, never imported."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from tongxin.base.words import say
from tongxin.sheets.kinds import kinds
from tongxin.sheets.match import Plan
from tongxin.sheets.read import ROW_LIMITS, Sheet

Sort = Literal["data", "total", "note", "blank", "header"]
_TOTAL = re.compile(r"[^,，。;；]{0,12}?(?:合\s*计|总\s*计|小\s*计|共\s*计|总\s*数)[:：]?|(?:sub|grand )?total:?", re.IGNORECASE)
_COUNTED = re.compile(r"(?:.{0,12}?(?:合\s*计|总\s*计|小\s*计|共\s*计)|共)[:：]?\s*(\d+)\s*(?:人|名|个|家|户|条|处|所)?")
_NOTE = re.compile(r"(?:制表|填表|填报|审核|审批|联系|备注|说明|注)[^:：]{0,6}[:：].*", re.DOTALL)
_NUMBER = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")


@dataclass(frozen=True)
class Line:
    """A row below the header: its number, what it is, its cells."""

    number: int
    sort: Sort
    cells: list[str]


@dataclass(frozen=True)
class Total:
    """What a total says of a column (or of the number of rows), and what its rows come to."""

    number: int
    column: str
    stated: Decimal
    added: Decimal
    agrees: bool

    def said(self) -> str:
        """Return it in a sentence of the language being spoken."""
        sentence = "第 {row} 行“{column}”写的是 {stated}，加起来是 {added}"
        return say(sentence, row=self.number, column=self.column or say("行数"), stated=self.stated, added=self.added)


@dataclass
class Reading:
    """One reading of a table: go through ``lines()`` once, then look what it came to.

    ``rows`` counts all rows below the header; ``ignored`` says what was left out and why, by row number.
    """

    sheet: Sheet
    plan: Plan
    rows: int = 0
    ignored: dict[int, Sort] = field(default_factory=dict)
    blank: int = 0
    totals: list[Total] = field(default_factory=list)
    last: int = 0

    def lines(self) -> Iterator[Line]:
        """Yield every row below the header that says something."""
        sums, above = _Sums(self.plan), [""] * len(self.plan.columns)
        header = [column.header for column in self.plan.columns]
        for number, cells in enumerate(self.sheet.rows(), 1):
            self.last = number
            if number <= self.plan.header:
                continue
            self.rows += 1
            sort = self._sort(cells, header)
            if sort == "blank":
                self.blank += 1
            elif sort == "data":
                self._fill(cells, above)
                sums.add(cells)
                yield Line(number, sort, cells)
            else:
                self.ignored[number] = sort
                if sort == "total":
                    self.totals += sums.compared(number, cells)

    @property
    def doubts(self) -> list[str]:
        """What makes the file itself doubtful, in sentences; ask after the last line."""
        found = [total.said() for total in self.totals if not total.agrees]
        if self.last in ROW_LIMITS:
            found.append(say("这张表正好 {rows} 行，是表格软件的上限：后面的行可能已经丢了", rows=f"{self.last:,}"))
        return found

    def _sort(self, cells: Sequence[str], header: Sequence[str]) -> Sort:
        if not cells:
            return "blank"
        if cells == header:
            return "header"
        if self._is_whole(cells):
            return "data"
        texts = [cell for cell in cells if cell]
        if any(_TOTAL.fullmatch(text) or _COUNTED.fullmatch(text) for text in texts):
            return "total"
        return "note" if _NOTE.fullmatch(texts[0]) else "data"

    def _is_whole(self, cells: Sequence[str]) -> bool:
        """Say whether all that is needed is there: such a row is never taken for a total."""
        fields = self.plan.fields
        required = [fields[f.name] for f in kinds()[self.plan.kind].field if f.required]
        return all(index < len(cells) and cells[index] for index in required)

    def _fill(self, cells: list[str], above: list[str]) -> None:
        """Fill the columns that a person said are to be filled down."""
        for index in self.plan.fill:
            if index < len(cells):
                cells[index] = above[index] = cells[index] or above[index]


class _Sums:
    """Sums of the columns of numbers, and the number of rows: since the last total, and from the beginning."""

    def __init__(self, plan: Plan) -> None:
        self._columns = {column.index: column.header for column in plan.columns if not column.field}
        self._all: dict[int, Decimal] = dict.fromkeys(self._columns, Decimal(0))
        self._part = dict(self._all)
        self._numeric: set[int] = set()
        self._rows = self._rows_part = 0

    def add(self, cells: Sequence[str]) -> None:
        self._rows += 1
        self._rows_part += 1
        for index in self._columns:
            number = _number(cells[index]) if index < len(cells) and cells[index] else None
            if number is not None:
                self._numeric.add(index)
                self._all[index] += number
                self._part[index] += number

    def compared(self, row: int, cells: Sequence[str]) -> Iterator[Total]:
        """Compare every number of a total; it may count what came since the last total, or all."""
        for index, cell in enumerate(cells):
            counted = _COUNTED.fullmatch(cell)
            if counted:
                yield _compare(row, "", Decimal(counted[1]), Decimal(self._rows_part), Decimal(self._rows))
            elif (stated := _number(cell)) is not None and index in self._numeric:
                yield _compare(row, self._columns[index], stated, self._part[index], self._all[index])
            elif stated is not None:
                yield _compare(row, "", stated, Decimal(self._rows_part), Decimal(self._rows))
        self._part = dict.fromkeys(self._columns, Decimal(0))
        self._rows_part = 0


def _compare(row: int, column: str, stated: Decimal, part: Decimal, whole: Decimal) -> Total:
    return Total(row, column, stated, part if stated == part else whole, stated in (part, whole))


def _number(text: str) -> Decimal | None:
    return Decimal(text.replace(",", "")) if _NUMBER.fullmatch(text) else None
