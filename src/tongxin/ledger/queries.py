"""Reads of records and matters."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from tongxin.base.problems import NotFound
from tongxin.base.scope import Scope
from tongxin.base.words import say
from tongxin.ledger.fold import CONFLICTS
from tongxin.ledger.models import Counter, Effect, Head, Heartbeat, Matter, Record
from tongxin.places.queries import within
from tongxin.playbook.registry import activities
from tongxin.protocol.record import GENESIS

MOST_NAMED = 1000
"""So many rows are asked for by name; for more, all are read."""


def position(ledger: str) -> int:
    """Return the position of the last record."""
    found = Counter.objects.filter(ledger=ledger).first()
    return found.position if found else 0


def ledgers() -> list[str]:
    """Return the ledgers that have records."""
    return list(Counter.objects.values_list("ledger", flat=True))


def holding(ledger: str) -> int:
    """Return how many records phones last said that they hold."""
    return Heartbeat.objects.filter(ledger=ledger).aggregate(held=Sum("holds"))["held"] or 0


def received_at(ledger: str, at: int) -> datetime | None:
    """Return when the record at a position was received; None if there is none."""
    return Record.objects.filter(ledger=ledger, position=at).values_list("received_at", flat=True).first()


def head(ledger: str, device: UUID, chain: UUID) -> dict[str, object]:
    """Return where a chain stands: ``{"chain", "last_seq", "last_hash"}``; 0 and "" for one never seen."""
    found = Head.objects.filter(ledger=ledger, device=device, chain=chain).first()
    last_seq, last_hash = (found.last_seq, found.last_hash) if found else (0, GENESIS)
    return {"chain": chain, "last_seq": last_seq, "last_hash": last_hash}


def counting(ledger: str, upto: int, day: date | None = None, *, known: int | None = None) -> QuerySet[Record]:
    """Return the records that counted when the figures had come to ``upto``, perhaps only those of a day.

    A corrected record is represented by its correction, at its own time. ``known`` asks for the same records as they stand by
    what was known later, at that position.
    """
    effects = effects_at(ledger, known or upto).filter(position__lte=upto)
    plain, standing = Q(act="report", quarantine="", position__lte=upto), effects.filter(by__isnull=False)
    if day is not None:
        plain, standing = plain & Q(day=day), standing.filter(day=day)
    counted = plain & ~Q(position__in=effects.values("position")) | Q(position__in=standing.values("by"))
    return Record.objects.filter(counted, ledger=ledger, position__lte=known or upto)


def changed(ledger: str, upto: int, known: int) -> QuerySet[Effect]:
    """Return what was learnt between two positions about records up to the first: corrected, withdrawn, released since."""
    begun, ended = Q(since__gt=upto, since__lte=known), Q(since__lte=upto, until__gt=upto, until__lte=known)
    return Effect.objects.filter(begun | ended, ledger=ledger, position__lte=upto)


def versions_used(ledger: str, incident: UUID, upto: int) -> dict[str, list[str]]:
    """Return the hashes of the versions under which an incident's records were made, by activity."""
    pairs = Record.objects.filter(ledger=ledger, incident=incident, position__lte=upto).values_list("activity", "activity_hash")
    found: dict[str, list[str]] = {}
    for activity, hash_ in pairs.order_by("activity", "activity_hash").distinct():
        found.setdefault(activity, []).append(hash_)
    return found


def effects_at(ledger: str, upto: int) -> QuerySet[Effect]:
    """Return what records came to otherwise than themselves when the figures had come to ``upto``."""
    return Effect.objects.filter(Q(until__isnull=True) | Q(until__gt=upto), ledger=ledger, since__lte=upto)


def current_effects(ledger: str, positions: Collection[int]) -> list[Effect]:
    """Return the present effects on the given records."""
    rows = Effect.objects.filter(ledger=ledger, until__isnull=True)
    if len(positions) <= MOST_NAMED:
        return list(rows.filter(position__in=positions))
    return [row for row in rows if row.position in positions]  # there are few effects: naming all records would cost more


def effects_of(rows: Sequence[Record]) -> dict[int, Effect]:
    """Return the present effects on some records of one ledger, by position."""
    return {e.position: e for e in current_effects(rows[0].ledger, [row.position for row in rows])} if rows else {}


def standing(row: Record) -> Record:
    """Return the record whose answers count in a record's place: a correction of it, or itself."""
    effect = effects_of([row]).get(row.position)
    return row if effect is None or effect.by is None else Record.objects.get(ledger=row.ledger, position=effect.by)


def position_of(row: Record) -> int | None:
    """Return the position of the record that another one targets; None if it targets a matter, or nothing that is held."""
    found = Record.objects.filter(ledger=row.ledger, id=row.target).order_by("position").first() if row.target else None
    return found.position if found else None


def matters_at(ledger: str, upto: int | None = None) -> QuerySet[Matter]:
    """Return matters as they stood when the figures had come to ``upto``; as they stand if None; without merged ones."""
    rows = Matter.objects.filter(ledger=ledger, merged=False)
    if upto is None:
        return rows.filter(until__isnull=True)
    return rows.filter(Q(until__isnull=True) | Q(until__gt=upto), since__lte=upto)


def matters(scope: Scope, incident: UUID, upto: int | None = None) -> QuerySet[Matter]:
    """Return an incident's matters in a scope's areas."""
    return matters_at(scope.ledger, upto).filter(within(scope), incident=incident)


def matter(scope: Scope, id_: UUID) -> Matter:
    """Return a matter as it stands; NotFound if there is none in the scope's areas."""
    found = matters_at(scope.ledger).filter(within(scope), id=id_).first()
    if found is None:
        raise NotFound(say("您负责的区域里没有这件事项"))
    return found


def marked(scope: Scope, incident: UUID) -> QuerySet[Record]:
    """Return an incident's records that count nowhere for what is wrong with them, newest first, and those that name none."""
    rows = Record.objects.filter(within(scope), ledger=scope.ledger).exclude(quarantine="")
    return rows.filter(Q(incident=incident) | Q(incident=None)).order_by("-position")


def records(scope: Scope, incident: UUID) -> QuerySet[Record]:
    """Return an incident's records in a scope's areas, in order of position."""
    return Record.objects.filter(within(scope), ledger=scope.ledger, incident=incident).order_by("position")


def record(scope: Scope, at: int) -> Record:
    """Return the record at a position; NotFound if there is none in the scope's areas."""
    found = Record.objects.filter(within(scope), ledger=scope.ledger, position=at).first()
    if found is None:
        raise NotFound(say("您负责的区域里没有第 {position} 条记录", position=at))
    return found


def record_before(row: Record) -> Record | None:
    """Return the record ahead of one in its chain."""
    return Record.objects.filter(ledger=row.ledger, device=row.device, chain=row.chain, seq=row.seq - 1).first()


def history(scope: Scope, row: Record) -> list[Record]:
    """Return every record about the same subject, in the order in which it happened."""
    if not row.subject:
        return [row]
    same = Record.objects.filter(within(scope), ledger=scope.ledger, activity=row.activity, subject=row.subject)
    return list(same.order_by("occurred_at", "device", "chain", "seq"))


def about_place(scope: Scope, incident: UUID, place: UUID) -> QuerySet[Record]:
    """Return an incident's records about a place, of all activities whose subject is the place, newest first."""
    same = Record.objects.filter(within(scope), ledger=scope.ledger, activity__in=list(activities()), subject=str(place))
    return same.filter(incident=incident).order_by("-occurred_at", "-position")


def matters_about_place(scope: Scope, incident: UUID, place: UUID) -> list[Matter]:
    """Return an incident's matters about a place, the open ones first."""
    same = matters(scope, incident).filter(activity__in=list(activities()), subject=str(place))
    return sorted(same, key=lambda row: (row.closed is not None, row.due_at))


def matters_of(row: Record) -> list[Matter]:
    """Return the matters that stand about a record's subject."""
    found = Matter.objects.filter(ledger=row.ledger, activity=row.activity, subject=row.subject, until__isnull=True)
    return list(found.order_by("opened_at"))


def stored_bytes(ledger: str, upto: int) -> Iterable[tuple[Any, ...]]:
    """Yield what verification needs of every record: its bytes, and what bytes cannot say."""
    fields = (
        "position", "bytes", "hash", "device", "chain", "seq", "typist", "role", "quarantine", "occurred_at", "received_at",
        "sent_mono", "area", "category", "organisation", "place", "incident",
    )  # fmt: skip
    rows = Record.objects.filter(ledger=ledger, position__lte=upto).order_by("device", "chain", "seq")
    return rows.values_list(*fields).iterator(chunk_size=2000)


def places_visited(scope: Scope, order: UUID, names: Sequence[str]) -> QuerySet[Record, Any]:
    """Return the places in scope that an order's counting records name, as a subquery of ids."""
    rows = counting(scope.ledger, position(scope.ledger)).filter(within(scope), order=order, activity__in=list(names))
    return rows.values_list("place", flat=True).distinct()


@dataclass(frozen=True)
class Tally:
    """Matters of one kind, area and organisation: late, open but not late, and closed since a moment."""

    activity: str
    name: str
    area: str
    organisation: UUID
    late: int
    due: int
    closed: int


def tallies(scope: Scope, incident: UUID, now: datetime, since: datetime) -> list[Tally]:
    """Count an incident's matters by kind, area and organisation."""
    grouped = matters(scope, incident).order_by().values("activity", "name", "area", "organisation")
    is_open = Q(closed__isnull=True)
    counted = grouped.annotate(
        late=Count("opened", filter=is_open & Q(due_at__lte=now)),
        due=Count("opened", filter=is_open & Q(due_at__gt=now)),
        closed_since=Count("opened", filter=Q(closed_at__gte=since)),
    )
    fields = ("activity", "name", "area", "organisation", "late", "due", "closed_since")
    return [Tally(*row) for row in counted.values_list(*fields)]


def matters_by(
    scope: Scope, incident: UUID, order: UUID, activity: str, now: datetime
) -> list[tuple[tuple[UUID | None, str], int, int, int]]:
    """Return ((organisation, category), found, closed, late) over the matters that an order's activity declares."""
    mine = matters(scope, incident).filter(order=order, activity=activity).exclude(name__in=CONFLICTS)
    grouped = mine.order_by().values("organisation", "category")
    counted = grouped.annotate(
        found=Count("opened"),
        fixed=Count("closed"),
        late=Count("opened", filter=Q(closed__isnull=True, due_at__lte=now)),
    )
    rows = counted.values_list("organisation", "category", "found", "fixed", "late")
    return [((organisation, category), *numbers) for organisation, category, *numbers in rows]


def shifts_by_duty(scope: Scope, incident: UUID) -> dict[UUID, tuple[int, int]]:
    """Return for every post how many members came and how many are there now."""
    shift = Q(name__in=[])
    for found in activities().values():
        if found.kind == "post":
            shift |= Q(activity=found.id, name__in=[rule.name for rule in found.matter if rule.per == "duty"])
    grouped = matters(scope, incident).filter(shift, duty__isnull=False).order_by().values("duty")
    counted = grouped.annotate(came=Count("member", distinct=True), here=Count("opened", filter=Q(closed__isnull=True)))
    return {duty: (came, here) for duty, came, here in counted.values_list("duty", "came", "here") if duty}
