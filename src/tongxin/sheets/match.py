"""Matches columns by meaning: which row names them, which kind of rows it is, which column gives which field, and how sure.

What is only like a known name is a proposal, never more: a person confirms it.
"""

import difflib
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from tongxin.base.problems import Problem
from tongxin.base.words import say
from tongxin.sheets.kinds import Field, Kind, kinds, title
from tongxin.sheets.read import Sheet
from tongxin.sheets.text import fold

LOOKED_AT = 30
"""Rows at the beginning among which the one that names the columns is sought."""
SURE = 1.0
_LEAST = 0.6
_LONGEST = 24
_SAMPLES = 3
_IN_BRACKETS = re.compile(r"[（(\[【].*?[）)\]】]")


class NoHeader(Problem):
    """No row names the columns that are needed; ``details.missing`` says which."""

    code = "sheets.no_header"
    next_step = "在表里写上列名，或者指明哪一列是什么。"


class WhichKind(Problem):
    """The columns fit several kinds of rows equally well, or none."""

    code = "sheets.which_kind"
    next_step = "指明是哪一种。"


class BadColumn(Problem):
    """A column or field was named that does not exist, or one was named twice."""

    code = "sheets.bad_column"
    next_step = "核对列名和字段名。"


@dataclass(frozen=True)
class Column:
    """A column: its header, the field that it gives (or none), how sure that is (1: its very name), the first things in it."""

    index: int
    header: str
    field: str | None
    sure: float
    samples: tuple[str, ...]

    @property
    def letter(self) -> str:
        """The name that spreadsheet programs give it."""
        first, second = divmod(self.index, 26)
        return (chr(64 + first) if first else "") + chr(65 + second)


@dataclass(frozen=True)
class Plan:
    """How a sheet is read: its kind, the number of the row that names the columns, the columns, those that are filled down."""

    kind: str
    header: int
    columns: tuple[Column, ...]
    fill: frozenset[int] = frozenset()

    @property
    def fields(self) -> dict[str, int]:
        """The index of each field's column."""
        return {column.field: column.index for column in self.columns if column.field}

    @property
    def guesses(self) -> list[Column]:
        """The columns that only a person can be sure about."""
        return [column for column in self.columns if column.field and column.sure < SURE]


def plan(sheet: Sheet, kind: str = "", given: Mapping[str, str] | None = None, fill: Iterable[str] = ()) -> Plan:
    """Return how a sheet is to be read. ``given`` maps headers to fields ("" for none), ``fill`` names headers.

    Raise NoHeader, WhichKind or BadColumn.
    """
    rows = list(itertools.islice(sheet.rows(), LOOKED_AT))
    wanted = {fold(header): field for header, field in (given or {}).items()}
    options = list(filter(None, (_best(name, rows, wanted) for name in ([kind] if kind else kinds()))))
    if not options:
        raise NoHeader(say("前 {rows} 行里没有一行是列名", rows=LOOKED_AT), kind=kind, missing=_required(kind))
    best = _the_one(options)
    _require_known(best, wanted, fill)
    _require_complete(best.kind, best.matched, best.headers)
    columns = tuple(_column(index, best, rows) for index in range(len(best.headers)))
    filled = {fold(header) for header in fill}
    return Plan(
        best.kind, best.row + 1, columns, frozenset(index for index, text in enumerate(best.headers) if fold(text) in filled)
    )


@dataclass(frozen=True)
class _Option:
    """A row read as the one that names the columns of a kind; ``matched`` maps an index to (field, how sure)."""

    kind: str
    row: int
    headers: list[str]
    matched: dict[int, tuple[str, float]]

    @property
    def merit(self) -> tuple[bool, int, int]:
        fields = {field for field, _ in self.matched.values()}
        complete = fields.issuperset(_required(self.kind))
        return complete, sum(sure >= SURE for _, sure in self.matched.values()), len(fields)


def _best(kind: str, rows: Sequence[list[str]], wanted: Mapping[str, str]) -> _Option | None:
    """Return the row that names the columns of a kind best; of rows that are equal because of merged cells, the lowest."""
    best: _Option | None = None
    for index, cells in enumerate(rows):
        option = _Option(kind, index, cells, _matched(kinds()[kind], cells, wanted))
        if not option.matched:
            continue
        again = best is not None and best.row == index - 1 and best.headers == cells
        if best is None or again or option.merit > best.merit:
            best = option
    return best


def _matched(kind: Kind, headers: Sequence[str], wanted: Mapping[str, str]) -> dict[int, tuple[str, float]]:
    """Give each field at most one column and each column at most one field, the surest first."""
    matched: dict[int, tuple[str, float]] = {}
    taken: set[str] = set()
    offers = []
    for index, header in enumerate(headers):
        if fold(header) in wanted:
            offers.append((SURE + 1, -index, wanted[fold(header)]))
        else:
            offers += [(likeness(header, field), -index, field.name) for field in kind.field]
    for merit, index, field in sorted(offers, reverse=True):
        if merit >= _LEAST and field and -index not in matched and field not in taken:
            matched[-index] = (field, min(merit, SURE))
            taken.add(field)
    return matched


def likeness(header: str, field: Field) -> float:
    """Say how sure a header means a field: 1 if it is one of its names, 0 if it has nothing in common with any."""
    if not header or len(header) > _LONGEST:
        return 0.0
    texts = {fold(header), fold(_IN_BRACKETS.sub("", header))} - {""}
    names = _names(field.name, field.title.zh, field.title.en, *field.also)
    if texts & names:
        return SURE
    return max((_alike(text, name) for text in texts for name in names), default=0.0)


@cache
def _names(*names: str) -> frozenset[str]:
    return frozenset(map(fold, names))


def _alike(text: str, name: str) -> float:
    """Return less than 1: by how much of the header the name makes up, or by how much both have in common."""
    if len(name) > 1 and name in text:
        return 0.6 + 0.3 * len(name) / len(text)
    return 0.9 * difflib.SequenceMatcher(None, text, name).ratio()


def _the_one(options: Sequence[_Option]) -> _Option:
    best = max(options, key=lambda option: option.merit)
    rivals = [option for option in options if option.merit == best.merit]
    if len(rivals) > 1:
        names = say("、").join(f"{option.kind} ({title(kinds()[option.kind].title)})" for option in rivals)
        raise WhichKind(say("从列名看不出是哪一种：{kinds}", kinds=names), kinds=[option.kind for option in rivals])
    return best


def _required(kind: str) -> list[str]:
    return [field.name for field in kinds()[kind].field if field.required] if kind else []


def _require_complete(kind: str, matched: Mapping[int, tuple[str, float]], headers: Sequence[str]) -> None:
    given = {field for field, _ in matched.values()}
    missing = [field for field in kinds()[kind].field if field.required and field.name not in given]
    if missing:
        names = say("、").join(f"{field.name} ({title(field.title)})" for field in missing)
        there = say("、").join(filter(None, headers))
        raise NoHeader(
            say("{kind}缺少的列：{missing}；表里有：{there}", kind=title(kinds()[kind].title), missing=names, there=there),
            kind=kind,
            missing=[field.name for field in missing],
            headers=list(headers),
        )


def _require_known(option: _Option, wanted: Mapping[str, str], fill: Iterable[str]) -> None:
    """Refuse columns and fields that a person named but that are not there, or are there twice."""
    headers = [fold(header) for header in option.headers]
    for header in (*wanted, *map(fold, fill)):
        if header not in headers:
            there = say("、").join(filter(None, option.headers))
            raise BadColumn(say("没有名为“{header}”的列；表里有：{there}", header=header, there=there))
    known = [field.name for field in kinds()[option.kind].field]
    for field in filter(None, wanted.values()):
        if field not in known:
            raise BadColumn(say("没有字段“{field}”；可用的有：{fields}", field=field, fields=", ".join(known)))
        if list(wanted.values()).count(field) > 1:
            raise BadColumn(say("字段“{field}”给了不止一列", field=field))


def _column(index: int, option: _Option, rows: Sequence[list[str]]) -> Column:
    below = [cells[index] for cells in rows[option.row + 1 :] if index < len(cells) and cells[index]]
    field, sure = option.matched.get(index, (None, 0.0))
    return Column(index, option.headers[index], field, sure, tuple(dict.fromkeys(below))[:_SAMPLES])
