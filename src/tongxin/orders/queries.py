"""Reads of the clock, incidents, orders, duties and assignments."""

import time
from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple, TypedDict
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Left

from tongxin.audit.queries import fetch
from tongxin.base import clock
from tongxin.base.arrays import array
from tongxin.base.clock import DrillClock
from tongxin.base.problems import NotFound
from tongxin.base.scope import TOWN_DIGITS, Scope
from tongxin.base.words import say
from tongxin.orders.models import Assignment, Clock, Duty, Incident, Order
from tongxin.places.queries import within

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations


class Assigned(TypedDict):
    """What ``posts_of`` adds to a duty."""

    assigned: int


_CLOCK_KEEPS = 0.5
"""Seconds that a process trusts what it last read; `begin` looks further ahead than this."""
_clock: tuple[float, DrillClock | None] | None = None


def stored_clock() -> DrillClock | None:
    """Return the drill clock as it stands in the database; None in a real one."""
    row = Clock.objects.first()
    return None if row is None else DrillClock(row.start, row.began, row.factor, row.until)


def drill_clock() -> DrillClock | None:
    """Return the drill clock, read from the database at most twice a second."""
    global _clock  # noqa: PLW0603 - one clock a process is the point
    if _clock is None or time.monotonic() - _clock[0] > _CLOCK_KEEPS:
        _clock = (time.monotonic(), stored_clock())
    return _clock[1]


def forget_clock() -> None:
    """Read the clock anew at the next question: after it was set."""
    global _clock  # noqa: PLW0603 - as above
    _clock = None


def is_drill() -> bool:
    """Say whether this database belongs to rehearsals: it holds a drill's clock or incident."""
    return stored_clock() is not None or has_drills()


def has_drills() -> bool:
    """Say whether this database holds a drill's incident."""
    return Incident.objects.filter(drill=True).exists()


def incidents(scope: Scope) -> QuerySet[Incident]:
    """Return the county's incidents, newest first."""
    return Incident.objects.filter(ledger=scope.ledger).order_by("-opened_at")


def incident(scope: Scope, id_: UUID) -> Incident:
    """Return one incident; raise NotFound."""
    found = incidents(scope).filter(id=id_).first()
    if found is None:
        raise NotFound(say("没有事件 {id}", id=id_))
    return found


def orders(scope: Scope) -> QuerySet[Order]:
    """Return the county's orders, newest first."""
    return Order.objects.filter(ledger=scope.ledger).select_related("incident", "issuer").order_by("-starts_at", "number")


def order(scope: Scope, id_: UUID) -> Order:
    """Return one order; raise NotFound."""
    found = orders(scope).filter(id=id_).first()
    if found is None:
        raise NotFound(say("没有令 {id}", id=id_))
    return found


def activities_of(scope: Scope, incident: UUID) -> list[str]:
    """Return the names of the activities that an incident's orders name, in the order in which these began."""
    return list(dict.fromkeys(activities_asked(scope, incident)))


def activities_asked(scope: Scope, incident: UUID) -> list[str]:
    """Return the same, each name as often as orders name it."""
    rows = Order.objects.filter(ledger=scope.ledger, incident=incident).order_by("starts_at", "number")
    return [name for names in rows.values_list("activities", flat=True) for name in names]


class OrderTerms(NamedTuple):
    """What decides whether a record was ordered; ids as text."""

    id: str
    incident: str
    issuer: str
    activities: list[str]
    starts_at: datetime
    ends_at: datetime


class DutyTerms(NamedTuple):
    """Whose a duty is, where, and until when; ids and time as text."""

    id: str
    place: str
    organisation: str
    due_at: str
    area: str
    category: str


def order_terms(ids: Collection[str]) -> dict[str, OrderTerms]:
    """Return the terms of orders by id, whoever asks: for the intake, which asks for thousands a second."""
    sql = """SELECT id::text, incident_id::text, issuer_id::text, activities, starts_at, ends_at
             FROM orders_order WHERE id = ANY(%s::uuid[])"""
    return {row[0]: OrderTerms(*row) for row in fetch(sql, [array(ids)])}


def duty_terms(ids: Collection[str]) -> dict[str, DutyTerms]:
    """Return the terms of duties by id, whoever asks: for the intake, which asks for thousands a second."""
    # OFFSET 0: each place is looked up; all of them would be read for a handful where statistics are old.
    sql = """SELECT duty.id::text, place_id::text, organisation_id::text, due_at::text, place.area_id, place.category
             FROM orders_duty duty, LATERAL (SELECT area_id, category FROM places_place WHERE id = duty.place_id OFFSET 0) place
             WHERE duty.id = ANY(%s::uuid[])"""
    return {row[0]: DutyTerms(*row) for row in fetch(sql, [array(ids)])}


def duties_by_id(ids: Iterable[UUID]) -> dict[UUID, Duty]:
    """Return duties by id with their places and incidents, whoever asks."""
    return Duty.objects.select_related("place", "order__incident").in_bulk(list(set(ids)))


def posts_held(members: Iterable[UUID]) -> QuerySet[Assignment]:
    """Return the assignments of members to posts, of all incidents, whoever asks."""
    rows = Assignment.objects.filter(member__in=members, duty__kind="post")
    return rows.select_related("duty__place", "duty__order__incident")


def duties(scope: Scope) -> QuerySet[Duty]:
    """Return the duties in a scope's areas."""
    return Duty.objects.filter(within(scope, "area__code"), order__ledger=scope.ledger)


def visits_listed(scope: Scope, orders: Iterable[Order]) -> dict[tuple[UUID, UUID, str], int]:
    """Return how many places orders list to be visited, by order, organisation and category: those of their first rounds."""
    # No join to the orders, whose ledger is known: they have so few rows that PostgreSQL never learns how many duties they have.
    first = Q(order__in=[])
    for order in orders:
        first |= Q(order=order, starts_at=order.starts_at)
    counted = Duty.objects.filter(first, within(scope, "area__code"), kind="visit").values_list(
        "order_id", "organisation_id", "place__category"
    )
    return {(order, organisation, category): n for order, organisation, category, n in counted.annotate(n=Count("id"))}


def visits_listed_by_town(scope: Scope, given: Iterable[Order]) -> dict[str, int]:
    """Return how many places some orders list to be visited, by the town's digits: in their first rounds, once an activity."""
    first = Q(order__in=[])
    for row in given:
        first |= Q(order=row, starts_at=row.starts_at)
    rows = Duty.objects.filter(within(scope, "area__code"), first, kind="visit").annotate(town=Left("area_id", TOWN_DIGITS))
    found: dict[str, int] = {}
    for town, _, n in rows.order_by().values_list("town", "activity").annotate(n=Count("place", distinct=True)):
        found[town] = found.get(town, 0) + n
    return found


def in_incident(scope: Scope, incident: UUID, kind: str) -> QuerySet[Duty]:
    """Return an incident's duties of a kind in a scope's areas."""
    return duties(scope).filter(order__incident=incident, kind=kind)


def on(day: date) -> Q:
    """Return the filter that keeps the duties whose time touches a Shanghai day."""
    start = clock.start_of(day)
    return Q(starts_at__lt=clock.tonight(start), due_at__gt=start)


def of_member(member: UUID) -> Q:
    """Return the filter that keeps the duties to which a member is assigned."""
    return Q(id__in=Assignment.objects.filter(member=member, state="accepted").values("duty"))


def duties_counted(
    scope: Scope, incident: UUID, members: Iterable[UUID], organisation: UUID, day: date
) -> dict[tuple[UUID, str], int]:
    """Return how many of an organisation's duties of each kind members have on a day, by (member, kind)."""
    mine = Duty.objects.filter(on(day), within(scope, "area__code"), order__incident=incident, organisation=organisation)
    taken = mine.filter(assignments__state="accepted", assignments__member__in=list(members))
    counted = taken.values_list("assignments__member", "kind").annotate(n=Count("id"))
    return {(member, kind): n for member, kind, n in counted}


def with_assigned(posts: QuerySet[Duty]) -> "QuerySet[WithAnnotations[Duty, Assigned]]":
    """Return posts with how many members are assigned to each (``assigned``)."""
    return posts.annotate(assigned=Count("assignments", filter=Q(assignments__state="accepted")))


def posts_of(scope: Scope, order_id: UUID) -> "QuerySet[WithAnnotations[Duty, Assigned]]":
    """Return an order's posts with how many members are assigned (``assigned``)."""
    return with_assigned(duties(scope).filter(order_id=order_id, kind="post"))


def duties_of(member: UUID) -> QuerySet[Duty]:
    """Return what a member is assigned to, soonest deadline first."""
    mine = Assignment.objects.filter(member_id=member, state="accepted").values("duty_id")
    return Duty.objects.filter(id__in=mine).select_related("order__incident", "place").order_by("due_at", "id")
