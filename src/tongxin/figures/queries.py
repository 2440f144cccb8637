"""Reads of figures: values, breakdowns, and the records behind them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, Q, QuerySet, Sum, Value
from django.db.models.functions import Substr
from django.db.models.lookups import Exact

from tongxin.audit.queries import last_act
from tongxin.base import clock
from tongxin.base.problems import NotFound
from tongxin.base.scope import Scope
from tongxin.base.words import say
from tongxin.figures.compile import is_stock, value
from tongxin.figures.models import Cell, Cursor, Total
from tongxin.ledger.models import Record
from tongxin.ledger.queries import changed, counting, effects_at, matters, position, received_at
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


def reached(ledger: str) -> tuple[int, int]:
    """Return how far the figures and the acts at the desk have come: what is shown is the same while both are."""
    found = Cursor.objects.filter(ledger=ledger).values_list("position", last_act()).first()
    return (found[0], found[1] or 0) if found else (0, 0)


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

    For a count of matters these are the records that opened or closed them; for a duration, both; for a latest number, the one
    record of each subject that says it.
    """
    narrow = narrow or Narrow()
    if found.rule.verb in ("opened", "closed", "duration"):
        points = sorted(_turning_points(scope, incident, found, upto, narrow), reverse=True)
        return Traced(_shown(scope, upto), len(points), points)
    rows = counting(scope.ledger, upto, None if is_stock(found.rule) else narrow.day)
    rows = rows.filter(
        within(scope), replace(narrow, day=None).filter(), _says(found), incident=incident, activity=found.activity.id
    )
    rows = rows.order_by("-position")
    if is_stock(found.rule):
        points = _stock_points(scope.ledger, rows, found, upto, narrow.day)
        return Traced(rows, len(points), points)
    if upto != cursor(scope.ledger):
        return Traced(rows, rows.count())
    counted = cells(scope, incident, narrow).filter(figure=found.key).aggregate(records=Sum("records"))
    return Traced(rows, counted["records"] or 0)


_COLUMNS = frozenset({"place", "member", "duty", "day", "organisation", "area", "category"})


def restated(scope: Scope, incident: UUID, found: Figure, upto: int) -> Number | None:
    """Return what a figure that was told at ``upto`` comes to by the corrections since; None if only a new count can tell."""
    rows = counting(scope.ledger, upto, known=cursor(scope.ledger))
    rows = rows.filter(within(scope), _says(found), incident=incident, activity=found.activity.id).order_by()
    if found.rule.verb == "records":
        return rows.count()
    if found.rule.verb == "distinct" and _COLUMNS.issuperset(found.rule.nouns):
        return int(rows.values(*found.rule.nouns).distinct().count())
    return None


def corrected(scope: Scope, incident: UUID, found: Figure, upto: int) -> list[int]:
    """Return the positions of records up to ``upto`` that a figure counted and that were corrected or withdrawn since."""
    changes = changed(scope.ledger, upto, cursor(scope.ledger)).values("position")
    if found.rule.verb in ("opened", "closed", "duration"):
        told = matters(scope, incident, upto).filter(activity=found.activity.id, name=found.rule.nouns[0])
        turning = "closed" if found.rule.verb == "closed" else "opened"
        return sorted(told.filter(**{f"{turning}__in": changes}).values_list(turning, flat=True))
    rows = counting(scope.ledger, upto).filter(within(scope), _says(found), incident=incident, activity=found.activity.id)
    return list(rows.filter(position__in=changes).order_by("position").values_list("position", flat=True))


def _shown(scope: Scope, upto: int) -> QuerySet[Record]:
    return Record.objects.filter(within(scope), ledger=scope.ledger, position__lte=upto).order_by("-position")


def _says(found: Figure) -> Q:
    """Return the filter for records that a figure counts: each by the version that it was made under."""
    said = Q(position__in=[])
    for version in versions().values():
        rule = version.figure_rule(found.rule.name) if version.id == found.activity.id else None
        if rule is not None:
            # “Not 0”: of what equals something PostgreSQL expects one row in two hundred, and would read all for a page of fifty.
            fed = ~Q(Exact(F("feeds").bitand(1 << version.figure.index(rule)), 0))
            said |= Q(fed, activity_hash=version.hash)
    return said


def _stock_points(ledger: str, rows: QuerySet[Record], found: Figure, upto: int, day: date | None) -> list[int]:
    """Return the positions behind a stock: every record up to the day, or of a latest number each subject's last."""
    times = {e.by: (e.occurred_at, e.day) for e in effects_at(ledger, upto).filter(by__isnull=False)}
    itself, by_then = rows.exclude(position__in=times), Q() if day is None else Q(day__lte=day)
    if found.rule.verb == "latest":  # there are few corrections, and thousands of records that are simply themselves
        itself = itself.order_by("subject", "-occurred_at", "-device", "-chain", "-seq").distinct("subject")
    last: dict[tuple[str, int], tuple[object, int]] = {}
    fields = ("position", "subject", "occurred_at", "day", "device", "chain", "seq")
    counted = [*itself.filter(by_then).values_list(*fields), *rows.filter(position__in=times).values_list(*fields)]
    for at, subject, occurred_at, its_day, *rest in counted:
        moment, happened = times.get(at, (occurred_at, its_day))
        if day is None or happened <= day:
            key = (subject, 0) if found.rule.verb == "latest" else (subject, at)
            last[key] = max(last.get(key, ((), 0)), ((moment, *rest), at))
    return sorted((at for _, at in last.values()), reverse=True)


def _turning_points(scope: Scope, incident: UUID, found: Figure, upto: int, narrow: Narrow) -> list[int]:
    """Return positions. A count falls where its own record lies; a duration lies where its matter opened."""
    mine = matters(scope, incident, upto).filter(activity=found.activity.id, name=found.rule.nouns[0])
    moment = "closed_at" if found.rule.verb == "closed" else "opened_at"
    if narrow.day is not None:
        start = clock.start_of(narrow.day)
        mine = mine.filter(**{f"{moment}__gte": start, f"{moment}__lt": clock.tonight(start)})
    narrow = replace(narrow, day=None)
    if found.rule.verb == "closed":
        closings = mine.filter(closed__isnull=False).values("closed")
        rows = _shown(scope, upto).filter(narrow.filter(), position__in=closings)
        return list(rows.values_list("position", flat=True))
    if narrow.organisation is not None:  # a matter's own is the one answerable now
        openings = Record.objects.filter(
            ledger=scope.ledger, position__in=mine.values("opened"), organisation=narrow.organisation
        )
        mine = mine.filter(opened__in=openings.values("position"))
    mine = mine.filter(replace(narrow, organisation=None).filter())
    if found.rule.verb == "opened":
        return list(mine.values_list("opened", flat=True))
    pairs = mine.filter(closed__isnull=False).values_list("opened", "closed")
    return [position for pair in pairs for position in pair if position]
