"""Counts of matters: by kind, area and organisation, by order, and of shifts by post."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import Case, Count, DateTimeField, Func, Max, Q, Value, When

from tongxin.base.scope import Scope
from tongxin.ledger.fold import CONFLICTS
from tongxin.ledger.queries import matters
from tongxin.playbook.registry import activities

HALF_HOUR = timedelta(minutes=30)


@dataclass(frozen=True)
class Tally:
    """Matters of one kind, area and organisation: late, open but not late, closed since a moment; opened and closed of late.

    Of the open ones, all fall due in the half hour that begins at ``due_from``; it is None for the closed, of which the last was
    closed at ``last_closed``.
    """

    activity: str
    name: str
    area: str
    organisation: UUID
    due_from: datetime | None
    late: int
    due: int
    closed: int
    opened_lately: int
    closed_lately: int
    last_closed: datetime | None


def tallies(scope: Scope, incident: UUID, now: datetime, since: datetime, lately: datetime) -> list[Tally]:
    """Count an incident's matters by kind, area, organisation and when they are due; ``lately`` must not be before ``since``."""
    is_open, closed_since = Q(closed__isnull=True), Q(closed__isnull=False, closed_at__gte=since)
    found = matters(scope, incident).filter(is_open | closed_since)
    half_hour = Func(Value(HALF_HOUR), "due_at", Value(since), function="date_bin")
    due_from = Case(When(is_open, then=half_hour), output_field=DateTimeField())
    grouped = found.order_by().annotate(due_from=due_from).values("activity", "name", "area", "organisation", "due_from")
    counted = grouped.annotate(
        late=Count("opened", filter=is_open & Q(due_at__lte=now)),
        due=Count("opened", filter=is_open & Q(due_at__gt=now)),
        closed_since=Count("opened", filter=closed_since),
        opened_lately=Count("opened", filter=Q(opened_at__gte=lately)),
        closed_lately=Count("opened", filter=Q(closed__isnull=False, closed_at__gte=lately)),
        last_closed=Max("closed_at", filter=closed_since),
    )
    fields = (
        "activity", "name", "area", "organisation", "due_from", "late", "due", "closed_since", "opened_lately", "closed_lately",
        "last_closed",
    )  # fmt: skip
    return [Tally(*row) for row in counted.values_list(*fields)]


class Load(NamedTuple):
    """Open matters: how many, how many of them overdue, and how many of them are somebody's shift at a post."""

    open: int
    late: int
    here: int


def loads(scope: Scope, incident: UUID, now: datetime) -> dict[UUID | None, Load]:
    """Count an incident's open matters by organisation."""
    rows = matters(scope, incident).filter(closed__isnull=True).order_by().values("organisation")
    late, here = Count("opened", filter=Q(due_at__lte=now)), Count("opened", filter=is_shift())
    counted = rows.annotate(n=Count("opened"), overdue=late, here=here).values_list("organisation", "n", "overdue", "here")
    return {of: Load(*numbers) for of, *numbers in counted}


def load(scope: Scope, incident: UUID, now: datetime, organisation: UUID | None = None) -> Load:
    """Count an incident's open matters, all of them or an organisation's."""
    rows = matters(scope, incident).filter(closed__isnull=True)
    rows = rows.filter(organisation=organisation) if organisation else rows
    late, here = Count("opened", filter=Q(due_at__lte=now)), Count("opened", filter=is_shift())
    found = rows.aggregate(n=Count("opened"), overdue=late, here=here)
    return Load(found["n"], found["overdue"], found["here"])


class Found(NamedTuple):
    """Matters of an order about places of a category, of an organisation: found, closed, looked at again since, overdue."""

    order: UUID
    organisation: UUID | None
    category: str
    found: int
    closed: int
    again: int
    late: int


def matters_by(scope: Scope, incident: UUID, wanted: Iterable[tuple[UUID, str]], now: datetime) -> list[Found]:
    """Count the matters that some orders declare; ``wanted`` are the orders, each with one of its activities."""
    mine = Q(order__in=[])
    for order, activity in wanted:
        mine |= Q(order=order, activity=activity)
    found = matters(scope, incident).filter(mine).exclude(name__in=CONFLICTS)
    grouped = found.order_by().values("order", "organisation", "category")
    counted = grouped.annotate(
        found=Count("opened"),
        n_closed=Count("closed"),
        n_again=Count("opened", filter=Q(again=True)),
        late=Count("opened", filter=Q(closed__isnull=True, due_at__lte=now)),
    )
    return [
        Found(*row) for row in counted.values_list("order", "organisation", "category", "found", "n_closed", "n_again", "late")
    ]


def is_shift() -> Q:
    """Return the filter that keeps the matters which are somebody's shift at a post: open while they are there."""
    shift = Q(name__in=[])
    for found in activities().values():
        if found.kind == "post":
            shift |= Q(activity=found.id, name__in=[rule.name for rule in found.matter if rule.per == "duty"])
    return shift


def shifts_by_duty(scope: Scope, incident: UUID) -> dict[UUID, tuple[int, int]]:
    """Return for every post how many members came and how many are there now."""
    grouped = matters(scope, incident).filter(is_shift(), duty__isnull=False).order_by().values("duty")
    counted = grouped.annotate(came=Count("member", distinct=True), here=Count("opened", filter=Q(closed__isnull=True)))
    return {duty: (came, here) for duty, came, here in counted.values_list("duty", "came", "here") if duty}
