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
_PART = re.compile(r"小\s*计|subtotal", re.IGNORECASE)
_WHOLE = re.compile(r"(?:合\s*计|共\s*计|总\s*数|共|total)[:：]?|.*(?:总\s*计|grand total)[:：]?", re.IGNORECASE)
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
                    self.totals += sums.compared(Line(number, sort, cells))

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
        if _label(cells):
            return "total"
        return "note" if _NOTE.fullmatch(next(filter(None, cells))) else "data"

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
    """Sums of the columns of numbers, and the number of rows: of the section that a subtotal is of, and from the first row on."""

    def __init__(self, plan: Plan) -> None:
        self._columns = {column.index: column.header for column in plan.columns if not column.field}
        self._numeric: set[int] = set()
        self._all, self._rows = self._nothing(), 0
        self._part, self._rows_part = self._nothing(), 0
        self._closed = False

    def _nothing(self) -> dict[int, Decimal]:
        return dict.fromkeys(self._columns, Decimal(0))

    def add(self, cells: Sequence[str]) -> None:
        if self._closed:  # only now: two rows of totals, one below the other, are of the same section
            self._part, self._rows_part, self._closed = self._nothing(), 0, False
        self._rows += 1
        self._rows_part += 1
        for index in self._columns:
            number = _number(cells[index]) if index < len(cells) and cells[index] else None
            if number is not None:
                self._numeric.add(index)
                self._all[index] += number
                self._part[index] += number

    def compared(self, line: Line) -> Iterator[Total]:
        """Compare every number of a row of totals with what it is the total of; the section ends here."""
        label = _label(line.cells)
        rows = Decimal(self._rows_part), Decimal(self._rows)
        for index, cell in enumerate(line.cells):
            counted = _COUNTED.fullmatch(cell)
            if counted:
                yield _compare(line.number, "", Decimal(counted[1]), _meant(label, *rows))
            elif (stated := _number(cell)) is not None and index in self._numeric:
                sums = _meant(label, self._part[index], self._all[index])
                yield _compare(line.number, self._columns[index], stated, sums)
            elif stated is not None:
                yield _compare(line.number, "", stated, _meant(label, *rows))
        self._closed = True


def _label(cells: Sequence[str]) -> str:
    """Return what calls a row one of totals, without its number; "" if nothing does."""
    for cell in cells:
        if _TOTAL.fullmatch(cell):
            return cell
        if counted := _COUNTED.fullmatch(cell):
            return cell[: counted.start(1)].strip()
    return ""


def _meant(label: str, part: Decimal, whole: Decimal) -> tuple[Decimal, ...]:
    """Return what a total may be of: a subtotal of its section, a total of all; a label like 张坊镇合计 leaves it open."""
    if _PART.search(label):
        return (part,)
    return (whole,) if _WHOLE.fullmatch(label) else (part, whole)


def _compare(row: int, column: str, stated: Decimal, sums: tuple[Decimal, ...]) -> Total:
    added = min(sums, key=lambda each: abs(each - stated))
    return Total(row, column, stated, added, stated == added)


def _number(text: str) -> Decimal | None:
    return Decimal(text.replace(",", "")) if _NUMBER.fullmatch(text) else None
