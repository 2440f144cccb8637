"""What the puller keeps of what records came to: versions of matters, effects, and which matters were looked at again."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from tongxin.base.arrays import array
from tongxin.ledger import fold, resolving, storing
from tongxin.ledger.models import Effect
from tongxin.ledger.queries import current_effects
from tongxin.ledger.storing import Version

Effects = Mapping[int, resolving.Effect | None]
"""By position of the record; None where a record is simply itself."""


def settle(ledger: str, position: int, held: Mapping[UUID, Version], states: Iterable[fold.State], effects: Effects) -> int:
    """Store matters and effects as folded at ``position``; return how many versions of matters are new.

    ``held`` are the present versions of the matters that were folded again, by id, ``states`` what they came to now, ``effects``
    those of all the records read, by position. A version that no longer holds ends at ``position``; what changed begins there.
    Call it inside the puller's transaction.
    """
    _settle_effects(ledger, position, effects)
    fresh = {state.id: _version(state) for state in states}
    ended = [id_ for id_, version in held.items() if fresh.get(id_) != version]
    begun = [version for id_, version in fresh.items() if held.get(id_) != version]
    if ended:
        storing.end_versions(ledger, position, ended)
    if begun:
        storing.copy_versions_in(ledger, position, begun)
    return len(begun)


def _settle_effects(ledger: str, position: int, effects: Effects) -> None:
    held = {row.position: row for row in current_effects(ledger, effects)}
    fresh = {
        at: Effect(
            ledger=ledger, position=at, since=position, by=e.by, occurred_at=e.occurred_at, day=e.day,
            activity=e.activity, subject=e.subject,
        )
        for at, e in effects.items()
        if e is not None
    }  # fmt: skip
    ended = [row for at, row in held.items() if at not in fresh or _content(row) != _content(fresh[at])]
    for row in ended:
        row.until = position
    Effect.objects.bulk_update(ended, ["until"])
    gone = {row.position for row in ended}
    Effect.objects.bulk_create(row for at, row in fresh.items() if at not in held or at in gone)


def _content(version: Effect) -> tuple[object, ...]:
    ignored = {"since", "until"}
    return tuple(getattr(version, f.attname) for f in version._meta.concrete_fields if f.attname not in ignored)


def _version(state: fold.State) -> Version:
    fact, closed = state.opened, state.closed
    return Version(
        id=state.id, activity=fact.activity, name=state.rule.name, subject=fact.subject, incident=fact.incident, order=fact.order,
        duty=fact.duty, place=fact.place, member=fact.member, organisation=state.answerable, area=fact.area,
        category=fact.category, opened=fact.position, opened_at=fact.occurred_at, due_at=state.due_at,
        last=state.last.position, last_at=state.last.occurred_at,
        waiting=state.waiting.position if state.waiting and not closed else None,
        closed=closed.position if closed else None, closed_at=closed.occurred_at if closed else None, merged=state.merged,
    )  # fmt: skip


# OFFSET 0: a subject's few matters are looked up; all of a county's would be read for some hundred subjects.
_AGAIN = """
UPDATE ledger_matter AS matter SET again = NOT matter.again FROM (
    SELECT one.id, one.since FROM unnest(%s::text[], %s::text[], %s::uuid[], %s::timestamptz[], %s::timestamptz[])
        AS part (activity, subject, incident, since, last),
    LATERAL (
        SELECT id, since FROM ledger_matter
        WHERE ledger = %s AND until IS NULL AND activity = part.activity AND subject = part.subject AND incident = part.incident
            AND again <> (part.last > closed_at) AND (closed_at >= part.since OR part.last > closed_at) OFFSET 0
    ) AS one
) AS changed WHERE matter.ledger = %s AND matter.id = changed.id AND matter.since = changed.since
"""


class Seen(NamedTuple):
    """That a subject was read from a moment on, and when it was last reported on in an incident, if it was since."""

    activity: str
    subject: str
    incident: UUID
    since: datetime
    last: datetime | None


def look_again(ledger: str, seen: Iterable[Seen]) -> None:
    """Store which closed matters were looked at again. Of what closed before a subject was read, only that it was is known."""
    rows = [(*one[:-1], one.last or "-infinity") for one in seen]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")  # as where subjects are read: statistics may be old
            cursor.execute(_AGAIN, [*map(array, zip(*rows, strict=True)), ledger, ledger])
            cursor.execute("SET LOCAL enable_seqscan = on")
