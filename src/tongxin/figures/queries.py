"""Reads of figures: values, breakdowns, and the records behind them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, Q, QuerySet, Sum, Value
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


def values(rows: QuerySet[Cell]) -> dict[str, Number]:
    """Return the value of every figure over the given cells; figures without a cell are 0."""
    found = _sums(rows, Value(""))
    return {f.key: value(f.rule, found.get((f.key, ""), 0)) for f in figures()}


def values_by(rows: QuerySet[Cell], field: str, *, digits: int | None = None) -> dict[Any, dict[str, Number]]:
    """Return values by figure for each value of a cell's field (for ``area``, of its first ``digits`` digits)."""
    rules = {f.key: f.rule for f in figures()}
    out: dict[Any, dict[str, Number]] = {}
    for (key, by), amount in _sums(rows, F(field) if digits is None else Substr(field, 1, digits)).items():
        if key in rules:
            out.setdefault(by, {})[key] = value(rules[key], amount)
    return out


def _sums(rows: QuerySet[Cell], by: F | Value | Substr) -> dict[tuple[str, Any], int]:
    """Return the sum for each (figure, ``by``): of amounts, or the number of different keys of cells that carry one."""
    plain = rows.filter(key="").order_by().annotate(by=by).values("figure", "by").annotate(sum=Sum("amount"))
    found = {(row["figure"], row["by"]): row["sum"] for row in plain}
    # Two steps, because PostgreSQL hashes these, while it would sort the keys of a COUNT(DISTINCT …).
    distinct = rows.exclude(key="").order_by().annotate(by=by).values("figure", "by", "key").distinct()
    keys, parameters = distinct.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT figure, by, count(*) FROM ({keys}) AS keys GROUP BY figure, by", parameters)  # noqa: S608 - the ORM's own text
        return found | {(figure, part): count for figure, part, count in cursor.fetchall()}


@dataclass(frozen=True)
class Traced:
    """The records behind a figure, newest first; counted and cut into pages without being read."""

    rows: QuerySet[Record]
    number: int
    points: list[int] | None = None

    def count(self) -> int:
        """Return how many there are."""
        return self.number

    def __len__(self) -> int:
        return self.number

    def __getitem__(self, part: slice) -> QuerySet[Record]:
        """Return a stretch of them."""
        return self.rows[part] if self.points is None else self.rows.filter(position__in=self.points[part])


def trace(scope: Scope, incident: UUID, found: Figure, upto: int, narrow: Narrow | None = None) -> Traced:
    """Return exactly the records behind a figure as it stood at ``upto``.

    For a count of matters these are the records that opened or closed them; for a duration, both.
    """
    rows = counting(scope.ledger, upto).filter(within(scope), incident=incident, activity=found.activity.id)
    rows = rows.order_by("-position").defer("bytes")
    narrow = narrow or Narrow()
    if found.rule.verb not in ("records", "distinct"):
        points = sorted(_turning_points(scope, incident, found, upto, narrow), reverse=True)
        return Traced(rows, len(points), points)
    rows = rows.filter(narrow.filter())
    if found.rule.when:
        rows = rows.filter(_answered(parse(found.rule.when, found.activity)))
    if upto != cursor(scope.ledger):
        return Traced(rows, rows.count())
    counted = cells(scope, incident, narrow).filter(figure=found.key).aggregate(records=Sum("records"))
    return Traced(rows, counted["records"] or 0)


def _answered(condition: Condition) -> Q:
    field = f"body__{condition.question}"
    if condition.op == "=":
        return Q(**{field: condition.value})
    if condition.op == "!=":
        return Q(**{f"{field}__isnull": False}) & ~Q(**{field: condition.value})
    lookup = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}[condition.op]
    return Q(**{f"{field}__{lookup}": condition.value})


def _turning_points(scope: Scope, incident: UUID, found: Figure, upto: int, narrow: Narrow) -> list[int]:
    """Return positions. A count falls where its own record lies; a duration lies where its matter opened."""
    mine = matters(scope, incident, upto).filter(activity=found.activity.id, name=found.rule.nouns[0])
    if found.rule.verb == "closed":
        closings = mine.filter(closed__isnull=False).values("closed")
        rows = counting(scope.ledger, upto).filter(within(scope), narrow.filter(), position__in=closings)
        return list(rows.values_list("position", flat=True))
    mine = mine.filter(Narrow(None, narrow.area, narrow.organisation, narrow.category).filter())
    if narrow.day is not None:
        start = clock.start_of(narrow.day)
        mine = mine.filter(opened_at__gte=start, opened_at__lt=clock.tonight(start))
    if found.rule.verb == "opened":
        return list(mine.values_list("opened", flat=True))
    pairs = mine.filter(closed__isnull=False).values_list("opened", "closed")
    return [position for pair in pairs for position in pair if position]
