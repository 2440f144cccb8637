"""Reads of figures: values and breakdowns."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import F, Q, QuerySet, Sum, Value
from django.db.models.functions import Substr

from tongxin.audit.queries import fetch, last_act
from tongxin.base import clock
from tongxin.base.arrays import array
from tongxin.base.problems import NotFound
from tongxin.base.scope import Scope
from tongxin.base.words import say
from tongxin.figures.compile import is_stock, value
from tongxin.figures.models import Cell, Cursor, Day, Total
from tongxin.ledger.queries import held_by_phones, holding, last_position, position, received_at
from tongxin.orders.queries import activities_of
from tongxin.places.queries import within
from tongxin.playbook.faults import nearest
from tongxin.playbook.registry import activities, latest, versions
from tongxin.playbook.schema import Activity, FigureRule

Number = int | float


@dataclass(frozen=True)
class Figure:
    """A declared figure: ``key`` is ``activity.name``."""

    activity: Activity
    rule: FigureRule

    @property
    def key(self) -> str:
        """Its name everywhere outside its activity file."""
        return f"{self.activity.id}.{self.rule.name}"


@dataclass(frozen=True)
class Narrow:
    """Which part of a figure is asked for; None is all of it. ``area`` is a prefix of digits."""

    day: date | None = None
    area: str | None = None
    organisation: UUID | None = None
    category: str | None = None

    def filter(self) -> Q:
        """Return the filter over cells or records."""
        parts = {
            "day": self.day,
            "area__startswith": self.area,
            "organisation": self.organisation,
            "category": self.category,
        }
        return Q(**{field: part for field, part in parts.items() if part is not None})


def figures(names: Iterable[str] | None = None) -> list[Figure]:
    """Return the figures of the activities named, or of all, in the order in which they are declared."""
    chosen = activities().values() if names is None else [found for name in names if (found := latest(name))]
    return [Figure(activity, rule) for activity in chosen for rule in activity.figure]


def figures_of(scope: Scope, incident: UUID) -> list[Figure]:
    """Return the figures of the activities that an incident's orders name."""
    return figures(activities_of(scope, incident))


def figure(key: str) -> Figure:
    """Return one figure, as it is declared now or, if it is no more, as it last was; raise NotFound with the nearest."""
    name, _, rule_name = key.partition(".")
    for version in (activities().get(name), *reversed(list(versions().values()))):
        if version is not None and version.id == name and (rule := version.figure_rule(rule_name)) is not None:
            return Figure(version, rule)
    raise NotFound(say("没有数字“{key}”；{hint}", key=key, hint=nearest(key, [found.key for found in figures()])))


def cursor(ledger: str) -> int:
    """Return the position up to which the figures of a ledger are added up."""
    found = Cursor.objects.filter(ledger=ledger).first()
    return found.position if found else 0


class Reached(NamedTuple):
    """How far a ledger's figures have come, the last act at the desk, the last record, and how many records phones hold."""

    position: int
    act: int
    last: int
    held: int

    @property
    def behind(self) -> int:
        """How many records are not yet added up."""
        return self.last - self.position


def reached(ledger: str) -> Reached:
    """Return how far a ledger has come. What is shown is the same while its figures and the acts at the desk are."""
    rows = Cursor.objects.filter(ledger=ledger)
    found = rows.values_list("position", last_act(), last_position(ledger), held_by_phones(ledger)).first()
    return Reached(*(number or 0 for number in found)) if found else Reached(0, 0, position(ledger), holding(ledger))


def lag(ledger: str) -> tuple[int, float]:
    """Return how many records are not in the figures yet, and for how many seconds the oldest of them has waited."""
    waiting, applied = behind(ledger), cursor(ledger)
    since = received_at(ledger, applied + 1) if waiting else None
    return waiting, round((clock.now() - since).total_seconds(), 1) if since else 0.0


def behind(ledger: str) -> int:
    """Return how many records are not yet added up."""
    return position(ledger) - cursor(ledger)


def cells(scope: Scope, incident: UUID, narrow: Narrow | None = None, *, by_day: bool = False) -> QuerySet[Any]:
    """Return the cells of an incident in a scope's areas; of a stock at the end of a day, all that had come by then.

    Unless a day is asked for, or they are to be told apart ``by_day``, these are the totals of all days.
    """
    narrow = narrow or Narrow()
    table: type[Cell | Total] = Total if narrow.day is None and not by_day else Cell
    rows: QuerySet[Any] = table._default_manager.filter(within(scope), ledger=scope.ledger, incident=incident)
    if narrow.day is None:
        return rows.filter(narrow.filter())
    stocks = [figure.key for figure in figures() if is_stock(figure.rule)]
    by_then = Q(figure__in=stocks, day__lte=narrow.day)
    return rows.filter(replace(narrow, day=None).filter(), by_then | Q(day=narrow.day) & ~Q(figure__in=stocks))


def counted_once(scope: Scope, incident: UUID, found: Figure) -> QuerySet[Any]:
    """Return what a distinct count has counted in a scope's areas: their ``key``, to be asked for within another question."""
    return Total.objects.filter(within(scope), ledger=scope.ledger, incident=incident, figure=found.key).values("key")


def values(rows: QuerySet[Any], wanted: Iterable[Figure] = ()) -> dict[str, Number]:
    """Return the value of every figure that has cells among the given ones; ``wanted`` ones without are 0."""
    (found,) = _sums(Part(rows))
    return {f.key: value(f.rule, found.get((f.key, ""), 0)) for f in _with(wanted, (key for key, _ in found))}


@dataclass(frozen=True)
class Part:
    """Some cells, and the field by which they are told apart: of ``area`` its first ``digits`` digits; nothing: by none.

    ``distinct`` says whether they are all of distinct counts, or none of them is, where that is known.
    """

    rows: QuerySet[Any]
    field: str = ""
    digits: int | None = None
    distinct: bool | None = None

    def by(self) -> F | Value | Substr:
        """Return what they are told apart by."""
        if not self.field:
            return Value("")
        return Substr(self.field, 1, self.digits) if self.digits else F(self.field)


def by_day(scope: Scope, incident: UUID, wanted: Sequence[Figure], narrow: Narrow | None = None) -> dict[date, dict[str, Number]]:
    """Return the values of some figures for each day that has records."""
    keys = [found.key for found in wanted]
    if not scope.is_whole or (narrow or Narrow()) != Narrow():
        return values_by(cells(scope, incident, narrow, by_day=True).filter(figure__in=keys), "day")
    rows = Day.objects.filter(ledger=scope.ledger, incident=incident, figure__in=keys, cells__gt=0)
    again = _again(scope, incident, [found.key for found in wanted if found.rule.verb == "distinct"])
    distinct = {found.key for found in wanted if found.rule.verb == "distinct"}
    sums = {
        (key, day): cells - again.get((key, day), 0) if key in distinct else amount
        for key, day, cells, amount in rows.values_list("figure", "day", "cells", "amount")
    }
    return _table("day", sums)


_SEVERAL = """
SELECT DISTINCT figure FROM (
    SELECT figure FROM figures_total WHERE ledger = %(ledger)s AND incident = %(incident)s AND figure = ANY(%(figures)s::text[])
    GROUP BY figure, key HAVING count(*) > 1) several
"""
_AGAIN = """
WITH several AS (
    SELECT figure, key FROM figures_total
    WHERE ledger = %(ledger)s AND incident = %(incident)s AND figure = ANY(%(figures)s::text[])
    GROUP BY figure, key HAVING count(*) > 1
)
SELECT figure, day, sum(n - 1)::bigint FROM (
    SELECT figure, day, key, count(*) AS n FROM figures_cell JOIN several USING (figure, key)
    WHERE ledger = %(ledger)s AND incident = %(incident)s AND figure = ANY(%(figures)s::text[])
    GROUP BY figure, day, key
) counted GROUP BY figure, day
"""


def _again(scope: Scope, incident: UUID, keys: Sequence[str]) -> dict[tuple[str, date], int]:
    """Return how many cells of each (figure, day) hold what another cell of that day holds already.

    What a distinct count counts lies in one cell of a day, unless it has more than one total: few do, and of few figures.
    """
    asked = {"ledger": scope.ledger, "incident": incident, "figures": array(keys)}
    several = [key for (key,) in fetch(_SEVERAL, asked)] if keys else []
    rows = fetch(_AGAIN, asked | {"figures": array(several)}) if several else []
    return {(key, day): n for key, day, n in rows}


def values_by(rows: QuerySet[Any], field: str, *, digits: int | None = None) -> dict[Any, dict[str, Number]]:
    """Return values by figure for each value of a cell's field (for ``area``, of its first ``digits`` digits)."""
    return tables(Part(rows, field, digits))[0]


def tables(*parts: Part) -> list[dict[Any, dict[str, Number]]]:
    """Return for each part its values by figure for each value of the field that it is told apart by, all read at once."""
    return [_table(part.field, sums) for part, sums in zip(parts, _sums(*parts), strict=True)]


def _table(field: str, sums: dict[tuple[str, Any], int]) -> dict[Any, dict[str, Number]]:
    rules = {found.key: found.rule for found in _with((), (key for key, _ in sums))}
    out: dict[Any, dict[str, Number]] = {}
    running: dict[str, int] = {}
    for (key, by), amount in sorted(sums.items(), key=lambda item: (item[0][0], item[0][1])):
        if field == "day" and is_stock(rules[key]):
            running[key] = running.get(key, 0) + amount
        out.setdefault(by, {})[key] = value(rules[key], running.get(key, amount))
    return out


def _with(wanted: Iterable[Figure], keys: Iterable[str]) -> list[Figure]:
    """Return the wanted figures, and those of the other keys, declared still or not: their records count."""
    first = list(wanted)
    return first + [figure(key) for key in sorted(set(keys) - {found.key for found in first})]


_READ: Mapping[str, Callable[[str], Any]] = {"day": date.fromisoformat, "organisation": UUID}
"""How a field of a cell is read from text, if it is not one."""


def _sums(*parts: Part) -> list[dict[tuple[str, Any], int]]:
    """Return for each part the sum of each (figure, field): of amounts, or where cells have keys, how many these are."""
    pieces: list[str] = []
    parameters: list[Any] = []
    for number, part in enumerate(parts):
        plain = part.rows.filter(key="").order_by().annotate(by=part.by()).values("figure", "by").annotate(sum=Sum("amount"))
        # Two steps, because PostgreSQL hashes these, while it would sort the keys of a COUNT(DISTINCT …).
        keys = part.rows.exclude(key="").order_by().annotate(by=part.by()).values("figure", "by", "key").distinct()
        for rows, sum_, distinct in ((plain, "sum(sum)::bigint", False), (keys, "count(*)", True)):
            if part.distinct is not None and part.distinct is not distinct:
                continue
            text, values_ = rows.query.sql_with_params()
            pieces.append(f"SELECT {number}, figure, by::text, {sum_} FROM ({text}) AS part GROUP BY figure, by")  # noqa: S608 - the ORM's own
            parameters += values_
    found: list[dict[tuple[str, Any], int]] = [{} for _ in parts]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(pieces), parameters)
        for number, key, by, sum_ in cursor.fetchall():
            found[number][key, _READ.get(parts[number].field, str)(by)] = sum_
    return found
