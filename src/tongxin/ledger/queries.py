"""Reads of records and matters."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import CharField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Cast

from tongxin.audit.queries import fetch, probed
from tongxin.base.arrays import array
from tongxin.base.problems import NotFound
from tongxin.base.scope import Scope
from tongxin.base.words import say
from tongxin.ledger.models import Chase, Counter, Effect, Head, Heartbeat, Matter, Record
from tongxin.ledger.reading import withdrawn
from tongxin.ledger.resolving import MAY_CORRECT, Fact, stand_in
from tongxin.places.queries import within
from tongxin.playbook.registry import activities
from tongxin.protocol.record import GENESIS

MOST_NAMED = 1000
"""So many rows are asked for by name; for more, all are read."""


def position(ledger: str) -> int:
    """Return the position of the last record."""
    found = Counter.objects.filter(ledger=ledger).first()
    return found.position if found else 0


def last_position(ledger: str) -> Subquery:
    """Return the position of the last record, to be asked for beside something else."""
    return Subquery(Counter.objects.filter(ledger=ledger).values("position"))


def ledgers() -> list[str]:
    """Return the ledgers that have records."""
    return list(Counter.objects.values_list("ledger", flat=True))


def holding(ledger: str) -> int:
    """Return how many records phones last said that they hold."""
    return Heartbeat.objects.filter(ledger=ledger).aggregate(held=Sum("holds"))["held"] or 0


def held_by_phones(ledger: str) -> Subquery:
    """Return how many records phones last said that they hold, to be asked for beside something else."""
    held = Heartbeat.objects.filter(ledger=ledger).order_by().values("ledger").annotate(held=Sum("holds"))
    return Subquery(held.values("held"))


def received_at(ledger: str, at: int) -> datetime | None:
    """Return when the record at a position was received; None if there is none."""
    return Record.objects.filter(ledger=ledger, position=at).values_list("received_at", flat=True).first()


def head(ledger: str, device: UUID, chain: UUID) -> dict[str, object]:
    """Return where a chain stands: ``{"chain", "last_seq", "last_hash"}``; 0 and "" for one never seen."""
    found = Head.objects.filter(ledger=ledger, device=device, chain=chain).first()
    last_seq, last_hash = (found.last_seq, found.last_hash) if found else (0, GENESIS)
    return {"chain": chain, "last_seq": last_seq, "last_hash": last_hash}


def counting(ledger: str, upto: int | None = None, when: Q | None = None, *, known: int | None = None) -> QuerySet[Record]:
    """Return the records that counted when the figures had come to ``upto`` (None: that count now), perhaps only of some days.

    A corrected record is represented by its correction, at its own time. ``when`` filters by ``day``. ``known`` asks for the same
    records as they stand by what was known later, at that position.
    """
    effects, days = effects_at(ledger, known or upto), when or Q()
    plain = Q(act="report", quarantine="") & days
    if upto is not None:
        effects, plain = effects.filter(position__lte=upto), plain & Q(position__lte=upto)
    standing = effects.filter(days, by__isnull=False)
    counted = plain & ~Q(position__in=effects.values("position")) | Q(position__in=standing.values("by"))
    rows = Record.objects.filter(counted, ledger=ledger)
    return rows if upto is None else rows.filter(position__lte=known or upto)


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


def effects_at(ledger: str, upto: int | None = None) -> QuerySet[Effect]:
    """Return what records came to otherwise than themselves when the figures had come to ``upto``; what they do if None."""
    rows = Effect.objects.filter(ledger=ledger)
    if upto is None:
        return rows.filter(until__isnull=True)
    return rows.filter(Q(until__isnull=True) | Q(until__gt=upto), since__lte=upto)


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


def chases_of(rows: Sequence[Matter]) -> dict[UUID, list[Chase]]:
    """Return the chases of some matters of one ledger that were not taken back, by matter, the last first."""
    found: dict[UUID, list[Chase]] = {}
    if rows:
        held = Chase.objects.filter(ledger=rows[0].ledger, matter__in=[row.id for row in rows], undone_at=None)
        for row in held.order_by("-at", "-id"):
            found.setdefault(row.matter, []).append(row)
    return found


def marked(scope: Scope, incident: UUID) -> list[int]:
    """Return the positions, newest first, of an incident's marked records about which nobody has decided yet.

    Those that name no incident are among them; those that were rejected are not, nor those that were released and count.
    """
    named = _marked(scope, incident)
    counting_now = Effect.objects.filter(ledger=scope.ledger, until__isnull=True, by__isnull=False)
    released = counting_now.filter(position__in=_all_marked(scope).values("position")).values_list("position", flat=True)
    decided = {*_rejections(scope.ledger, named), *released}
    return sorted((row[0] for row in named if row[0] not in decided), reverse=True)


def rejected(scope: Scope, incident: UUID) -> list[int]:
    """Return the same of those that somebody looked at and left out."""
    return sorted(_rejections(scope.ledger, _marked(scope, incident)), reverse=True)


def rejections(rows: Sequence[Record]) -> dict[int, Fact]:
    """Return by which withdrawals some records of one ledger were rejected, by their positions."""
    named = [(row.position, row.id, row.hash, row.typist) for row in rows if row.quarantine]
    return _rejections(rows[0].ledger, named) if named else {}


Named = tuple[int, UUID | None, str, UUID]
"""A marked record's position, id, hash and typist."""


def _marked(scope: Scope, incident: UUID) -> list[Named]:
    """Return an incident's marked records. They are few: they are read by an index of their own, whatever the incident."""
    fields = _all_marked(scope).values_list("incident", "position", "id", "hash", "typist")
    return [named for whose, *named in fields if whose in (incident, None)]  # type: ignore[misc]


def _all_marked(scope: Scope) -> QuerySet[Record]:
    return Record.objects.filter(within(scope), ledger=scope.ledger).exclude(quarantine="").order_by()


def records_at(scope: Scope, positions: Collection[int]) -> list[Record]:
    """Return the records at some positions, newest first."""
    return list(Record.objects.filter(within(scope), ledger=scope.ledger, position__in=positions).order_by("-position"))


def _rejections(ledger: str, named: Iterable[Named]) -> dict[int, Fact]:
    """Return the first withdrawal that holds of each marked record, by its position."""
    targets = {at: ((id_, stand_in(hash_)), typist) for at, id_, hash_, typist in named}
    acts = withdrawn(ledger, {id_ for ids, _ in targets.values() for id_ in ids if id_}) if targets else {}
    found = {}
    for at, (ids, typist) in targets.items():
        done = [act for id_ in ids if id_ in acts for act in acts[id_]]
        holding = [act for act in done if act.typist == typist or act.role in MAY_CORRECT]
        if holding:
            found[at] = min(holding, key=lambda act: act.key)
    return found


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


def history_of(scope: Scope, found: Matter) -> list[Record]:
    """Return what was said about a matter's subject in its incident, decisions too, in the order in which it happened."""
    same = Record.objects.filter(within(scope), ledger=scope.ledger, activity=found.activity, subject=found.subject)
    return list(same.filter(incident=found.incident).order_by("occurred_at", "device", "chain", "seq")[:MOST_NAMED])


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


def visit_recorded(scope: Scope, incident: UUID) -> Q:
    """Return the condition that a visit (a duty) was made: some record that counts says so of its place, under its order."""
    rows = counting(scope.ledger).filter(within(scope), incident=incident, order=OuterRef("order_id"))
    same = rows.filter(activity=OuterRef("activity"))
    # By its subject, for which there is an index.
    made = Q(probed(same.filter(subject=Cast(OuterRef("place_id"), CharField()))))
    others = [found.id for found in activities().values() if found.kind == "visit" and found.subject != "place"]
    return made | Q(probed(same.filter(activity__in=others, place=OuterRef("place_id")))) if others else made


def open_about_places(scope: Scope, incident: UUID) -> QuerySet[Matter]:
    """Return an incident's open matters whose subject is a place."""
    return matters(scope, incident).filter(closed__isnull=True, subject=Cast("place", CharField()))


def last_about_places(scope: Scope, incident: UUID, places: Iterable[UUID]) -> dict[UUID, tuple[int, datetime]]:
    """Return (position, time) of the newest record about each of some places, of all activities whose subject is the place."""
    rows = Record.objects.filter(within(scope), ledger=scope.ledger, incident=incident, activity__in=list(activities()))
    rows = rows.filter(subject__in=[str(place) for place in places]).order_by("subject", "-occurred_at", "-position")
    newest = rows.distinct("subject").values_list("subject", "position", "occurred_at")
    return {UUID(subject): (at, moment) for subject, at, moment in newest}


def phones_holding(ledger: str) -> dict[UUID, int]:
    """Return how many records each phone last said that it still holds, of those that hold any."""
    return dict(Heartbeat.objects.filter(ledger=ledger, holds__gt=0).values_list("device", "holds"))


class Heard(NamedTuple):
    """What was last heard of a phone: when, how many records it held, and the newest record of its chains."""

    at: datetime | None
    holds: int
    position: int | None
    occurred_at: datetime | None
    area: str


def heard(ledger: str, phones: Collection[UUID]) -> dict[UUID, Heard]:
    """Return what was last heard of some phones: by heads and their records, for no index leads from a phone to its newest."""
    sql = """SELECT phone, greatest(beat.at, last.received_at), coalesce(beat.holds, 0),
                    last.position, last.occurred_at, coalesce(last.area, '')
             FROM unnest(%(phones)s::uuid[]) AS phone
             LEFT JOIN ledger_heartbeat beat ON beat.ledger = %(ledger)s AND beat.device = phone
             LEFT JOIN LATERAL (
                 SELECT record.position, record.occurred_at, record.received_at, record.area
                 FROM ledger_head head JOIN ledger_record record ON record.ledger = head.ledger
                     AND record.device = head.device AND record.chain = head.chain AND record.seq = head.last_seq
                 WHERE head.ledger = %(ledger)s AND head.device = phone
                 ORDER BY record.occurred_at DESC LIMIT 1
             ) last ON true"""
    return {row[0]: Heard(*row[1:]) for row in fetch(sql, {"phones": array(phones), "ledger": ledger})}
