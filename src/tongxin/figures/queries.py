"""Reads of figures: values, breakdowns, and the records behind them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Substr

from tongxin.base import clock
from tongxin.base.problems import NotFound
from tongxin.base.scope import Scope
from tongxin.base.words import say
from tongxin.figures.compile import value
from tongxin.figures.models import Cell, Cursor
from tongxin.ledger.models import Record
from tongxin.ledger.queries import counting, matters, position
from tongxin.places.queries import within
from tongxin.playbook.condition import Condition, parse
from tongxin.playbook.loader import nearest
from tongxin.playbook.registry import activities
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
    chosen = activities() if names is None else {name: activities()[name] for name in names if name in activities()}
    return [Figure(activity, rule) for activity in chosen.values() for rule in activity.figure]


def figure(key: str) -> Figure:
    """Return one figure; raise NotFound with the nearest right name."""
    known = {found.key: found for found in figures()}
    if key not in known:
        raise NotFound(say("没有数字“{key}”；{hint}", key=key, hint=nearest(key, known)))
    return known[key]


def cursor(ledger: str) -> int:
    """Return the position up to which the figures of a ledger are added up."""
    found = Cursor.objects.filter(ledger=ledger).first()
    return found.position if found else 0


def behind(ledger: str) -> int:
    """Return how many records are not yet added up."""
    return position(ledger) - cursor(ledger)


def cells(scope: Scope, incident: UUID, narrow: Narrow | None = None) -> QuerySet[Cell]:
    """Return the cells of an incident in a scope's areas."""
    rows = Cell.objects.filter(within(scope), ledger=scope.ledger, incident=incident)
    return rows.filter(narrow.filter()) if narrow else rows


_AMOUNT = Case(
    When(key="", then=F("amount")), default=Value(None), output_field=IntegerField()
)  # cells with a key count once each, whatever their amount


def values(rows: QuerySet[Cell]) -> dict[str, Number]:
    """Return the value of every figure over the given cells; figures without a cell are 0."""
    found = {row["figure"]: row for row in _sums(rows, ())}
    return {f.key: _number(f.rule, found.get(f.key)) for f in figures()}


def values_by(rows: QuerySet[Cell], field: str, *, digits: int | None = None) -> dict[Any, dict[str, Number]]:
    """Return values by figure for each value of a cell's field (for ``area``, of its first ``digits`` digits)."""
    by = F(field) if digits is None else Substr(field, 1, digits)
    rules = {f.key: f.rule for f in figures()}
    out: dict[Any, dict[str, Number]] = {}
    for row in _sums(rows.annotate(by=by), ("by",)):
        if row["figure"] in rules:
            out.setdefault(row["by"], {})[row["figure"]] = _number(rules[row["figure"]], row)
    return out


def _sums(rows: QuerySet[Cell], by: Sequence[str]) -> Iterable[dict[str, Any]]:
    grouped = rows.order_by().values("figure", *by)
    sums: Iterable[dict[str, Any]] = grouped.annotate(plain=Sum(_AMOUNT), keys=Count("key", distinct=True, filter=~Q(key="")))
    return sums


def _number(rule: FigureRule, row: Mapping[str, Any] | None) -> Number:
    if row is None:
        return 0
    return value(rule, row["keys"] if rule.verb == "distinct" else row["plain"] or 0)


def trace(scope: Scope, incident: UUID, found: Figure, upto: int, narrow: Narrow | None = None) -> QuerySet[Record]:
    """Return exactly the records behind a figure as it stood at ``upto``, newest first.

    For a count of matters these are the records that opened or closed them; for a duration, both.
    """
    rows = counting(scope.ledger, upto).filter(within(scope), incident=incident, activity=found.activity.id)
    rows = rows.order_by("-position")
    if found.rule.verb in ("records", "distinct"):
        rows = rows.filter(narrow.filter()) if narrow else rows
        return rows.filter(_answered(parse(found.rule.when, found.activity))) if found.rule.when else rows
    return rows.filter(position__in=_turning_points(scope, incident, found, upto, narrow or Narrow()))


def _answered(condition: Condition) -> Q:
    field = f"body__{condition.question}"
    if condition.op in ("=", "!="):
        return (
            Q(**{field: condition.value})
            if condition.op == "="
            else Q(**{f"{field}__isnull": False}) & ~Q(**{field: condition.value})
        )
    lookup = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}[condition.op]
    return Q(**{f"{field}__{lookup}": condition.value})


def _turning_points(scope: Scope, incident: UUID, found: Figure, upto: int, narrow: Narrow) -> list[int]:
    mine = matters(scope, incident, upto).filter(activity=found.activity.id, name=found.rule.nouns[0])
    places = {f: part for f, part in (("organisation", narrow.organisation), ("category", narrow.category)) if part}
    mine = mine.filter(**places)
    if narrow.area:
        mine = mine.filter(area__startswith=narrow.area)
    if found.rule.verb != "opened":
        mine = mine.filter(closed__isnull=False)
    fields = {"opened": ("opened",), "closed": ("closed",), "duration": ("opened", "closed")}[found.rule.verb]
    rows = list(mine.values_list(*fields, "opened_at", "closed_at"))
    if narrow.day is not None:
        at = -1 if found.rule.verb == "closed" else -2
        rows = [row for row in rows if clock.day_of(row[at]) == narrow.day]
    return [p for row in rows for p in row[: len(fields)]]
