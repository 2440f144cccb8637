"""The records behind a figure: as it stands, or as it stood."""

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import date
from operator import neg
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Sum
from django.db.models.lookups import Exact

from tongxin.audit.queries import probed
from tongxin.base import clock
from tongxin.base.scope import Scope
from tongxin.figures.compile import is_stock
from tongxin.figures.queries import Figure, Narrow, Number, cells, cursor
from tongxin.ledger.models import Effect, Record
from tongxin.ledger.queries import changed, counting, effects_at, matters
from tongxin.places.queries import within
from tongxin.playbook.registry import versions


@dataclass(frozen=True)
class Traced:
    """The records behind a figure, newest first, and how many; None while only reading them all could tell."""

    rows: QuerySet[Record]
    number: int | None
    points: list[int] | None = None

    def newest(self, most: int | None = None, before: int | None = None) -> list[Record]:
        """Return some of them, perhaps those before a position."""
        if self.points is None:
            rows = self.rows if before is None else self.rows.filter(position__lt=before)
            return list(rows[:most])
        first = 0 if before is None else bisect_right(self.points, -before, key=neg)
        return list(self.rows.filter(position__in=self.points[first:][:most]))


def trace(scope: Scope, incident: UUID, found: Figure, upto: int, narrow: Narrow | None = None) -> Traced:
    """Return exactly the records behind a figure as it stood at ``upto``.

    For a count of matters these are the records that opened or closed them; for a duration, both; for a latest number, the one
    record of each subject that says it.
    """
    narrow = narrow or Narrow()
    if found.rule.verb in ("opened", "closed", "duration"):
        points = sorted(_turning_points(scope, incident, found, upto, narrow), reverse=True)
        return Traced(_shown(scope, upto), len(points), points)
    rows = counting(scope.ledger, upto, _days(found, narrow.day))
    rows = rows.filter(_says(found), incident=incident, activity=found.activity.id)
    if found.rule.verb == "latest":
        rows = _last_of_each(rows, effects_at(scope.ledger, upto).filter(by__isnull=False, activity=found.activity.id))
    rows = rows.filter(within(scope), replace(narrow, day=None).filter()).order_by("-position")
    if upto != cursor(scope.ledger):
        return Traced(rows, None)
    counted = cells(scope, incident, narrow).filter(figure=found.key).aggregate(records=Sum("records"))
    return Traced(rows, counted["records"] or 0)


def _days(found: Figure, day: date | None) -> Q:
    """Return the filter that keeps a day; of a stock, all days up to it."""
    if day is None:
        return Q()
    return Q(day__lte=day) if is_stock(found.rule) else Q(day=day)


def _last_of_each(rows: QuerySet[Record], corrections: QuerySet[Effect]) -> QuerySet[Record]:
    """Keep the last record of each subject.

    A correction counts at another record's time. There are few: subjects that have one are gone through one by one.
    """
    told = {effect.by: effect for effect in corrections}
    subjects = {effect.subject for effect in told.values()}
    last: dict[str, tuple[object, int]] = {}
    fields = ("position", "subject", "occurred_at", "device", "chain", "seq")
    for at, subject, occurred_at, *rest in rows.filter(Q(subject__in=subjects) | Q(position__in=told)).values_list(*fields):
        moment, about = (told[at].occurred_at, told[at].subject) if at in told else (occurred_at, subject)
        last[about] = max(last.get(about, ((), 0)), ((moment, *rest), at))
    newer = rows.filter(
        Q(occurred_at__gt=OuterRef("occurred_at")) | Q(device__gt=OuterRef("device"))
        | Q(device=OuterRef("device"), chain__gt=OuterRef("chain"))
        | Q(device=OuterRef("device"), chain=OuterRef("chain"), seq__gt=OuterRef("seq")),
        subject=OuterRef("subject"), occurred_at__gte=OuterRef("occurred_at"),
    )  # fmt: skip
    others = ~Q(subject__in=subjects) & ~Q(position__in=told) & ~Q(probed(newer))
    return rows.filter(Q(position__in=[at for _, at in last.values()]) | others)


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
    points = [position for pair in pairs for position in pair if position]
    # What opened in one's own area may have been closed in another.
    return points if scope.is_whole else list(_shown(scope, upto).filter(position__in=points).values_list("position", flat=True))
