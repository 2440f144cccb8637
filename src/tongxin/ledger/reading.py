"""What a pull reads of the ledger: of every subject that new records are about, no more than these can change.

What a subject comes to is a fold over its whole story, and a place may have thousands of records. But nothing that lies before
the earliest of the new ones in fold order can change, and what comes after hangs on it only through the matters that it left
open. So a subject is read from that moment on, with these matters as they are stored. That holds while this part of its story is
plain: reports that no other record is bound to, under versions that do not look back. Else the subject is read from the
beginning, with all that is bound to it.
"""

# ruff: noqa: S608 - what is put into the queries are the constants beside them

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from tongxin.audit.queries import fetch
from tongxin.base import clock
from tongxin.base.arrays import array
from tongxin.ledger.fold import CONFLICTS, State, looks_back
from tongxin.ledger.packing import unpack
from tongxin.ledger.resolving import RELEASABLE, Fact, withdrawals
from tongxin.ledger.storing import Version
from tongxin.playbook.registry import version
from tongxin.playbook.schema import Activity
from tongxin.protocol.record import answers

About = tuple[str, str]
"""An activity, and what a record of it is about."""
EVER = datetime(1970, 1, 1, tzinfo=UTC)
"""No record happened before."""

_FIELDS = tuple(Fact.__dataclass_fields__)
_BODY = _FIELDS.index("body")
_COLUMN = {"activity_hash": "encode(activity_hash, 'hex')", "body": "bytes"}
_FACT = ", ".join(_COLUMN.get(name, f'"{name}"') for name in _FIELDS)
_VERSION = ", ".join(f'm."{name}"' for name in Version._fields)
_PARTS = "unnest(%(activities)s::text[], %(subjects)s::text[], %(sinces)s::timestamptz[]) AS part (activity, subject, since)"
_READABLE = "ledger = %(ledger)s AND position + 0 <= %(end)s AND quarantine = ANY(%(marks)s::text[])"
"""Records without a mark, and those that a decision could let count."""
# Where statistics are old or missing, PostgreSQL would rather read all of a table, even once for each of some thousand subjects,
# than look these up. So no other way is left to it: OFFSET 0 hides from it what is inside, + 0 that positions can be looked up.

_SINCE = f"""
SELECT activity, subject, min(occurred_at) FROM ledger_record
WHERE {_READABLE} AND position > %(before)s AND position <= %(end)s GROUP BY activity, subject
"""

_FACTS = f"""
SELECT r.* FROM {_PARTS}, LATERAL (
    SELECT {_FACT} FROM ledger_record
    WHERE {_READABLE} AND activity = part.activity AND subject = part.subject AND occurred_at >= part.since OFFSET 0
) AS r
"""

_FACTS_AT = f"SELECT {_FACT} FROM ledger_record WHERE ledger = %(ledger)s AND position = ANY(%(positions)s::bigint[])"

_ABOUT = f"SELECT DISTINCT activity, subject FROM ledger_record WHERE {_READABLE} AND id = ANY(%(ids)s::uuid[])"

_LINKED = f"""
SELECT id, target, activity, subject FROM ledger_record WHERE {_READABLE} AND linked AND id = ANY(%(ids)s::uuid[])
UNION ALL
SELECT id, target, activity, subject FROM ledger_record WHERE {_READABLE} AND linked AND target = ANY(%(ids)s::uuid[])
"""

_ACTS_ON = f"""
WITH RECURSIVE done (position, id) AS (
    SELECT act.* FROM unnest(%(ids)s::uuid[]) AS wanted (id), LATERAL (
        SELECT position, id FROM ledger_record
        WHERE ledger = %(ledger)s AND linked AND target = wanted.id AND act = 'withdraw' OFFSET 0
    ) AS act
    UNION
    SELECT act.* FROM done, LATERAL (
        SELECT position, id FROM ledger_record WHERE ledger = %(ledger)s AND linked AND target = done.id OFFSET 0
    ) AS act
)
SELECT {_FACT} FROM ledger_record
WHERE ledger = %(ledger)s AND position = ANY(ARRAY(SELECT position FROM done)) AND quarantine = ANY(%(marks)s::text[])
"""

_STANDING_IN = f"""
SELECT part.activity, part.subject FROM {_PARTS} WHERE EXISTS (
    SELECT FROM ledger_effect AS e
    WHERE ledger = %(ledger)s AND until IS NULL AND by IS NOT NULL
        AND e.activity = part.activity AND e.subject = part.subject AND occurred_at >= part.since OFFSET 0
)
"""

_PRESENT = "ledger = %(ledger)s AND until IS NULL AND activity = part.activity AND subject = part.subject"
_MATTERS = f"""
SELECT {_VERSION} FROM {_PARTS}, LATERAL (
    SELECT * FROM ledger_matter WHERE {_PRESENT} AND closed_at IS NULL
    UNION ALL
    SELECT * FROM ledger_matter WHERE {_PRESENT} AND closed_at >= part.since OFFSET 0
) AS m
"""


@dataclass
class Reading:
    """What was read up to ``end``: ``since`` when each subject, and from there on all facts, in no order.

    ``standing`` are the matters that stood open before that, ``held`` the present versions of all matters that may change.
    ``bound`` are the positions of what was read from the beginning: no other record can come to something else than itself.
    """

    ledger: str
    end: int
    since: dict[About, datetime]
    facts: list[Fact] = field(default_factory=list)
    bound: set[int] = field(default_factory=set)
    standing: dict[About, list[State]] = field(default_factory=dict)
    held: dict[UUID, Version] = field(default_factory=dict)

    def versions(self) -> dict[str, Activity]:
        """Return the versions of activities under which the facts, and what opened the standing matters, were made."""
        hashes = {fact.activity_hash for fact in self.facts}
        hashes |= {state.opened.activity_hash for states in self.standing.values() for state in states}
        return {hash_: known for hash_ in hashes if (known := version(hash_))}


def read(ledger: str, before: int, end: int, whole: Collection[About] = ()) -> Reading:
    """Read what the records after one position up to another may change; the subjects in ``whole`` from the beginning."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    rows = _rows(_SINCE, ledger, end, before=before)
    out = Reading(ledger, end, {(activity, subject): at for activity, subject, at in rows})
    out.facts = _facts(ledger, end, out.since)
    _read_whole(out, {*whole, *_deep(out), *_tied(out), *_stood_in(out)})
    _read_matters(out)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = on")
    return out


def unsettled(found: Reading, states: Iterable[State]) -> set[About]:
    """Return the subjects that must be read from the beginning after all; ``states`` is what their facts came to.

    That is so where a conflict lies in the part that was read, since what made it may lie outside; and where a decision targets a
    matter of that part, since it may lie before the matter opened and have been one about nothing.
    """
    about = {state.id: (state.opened.activity, state.opened.subject) for state in states}
    about |= {row.id: (row.activity, row.subject) for row in found.held.values()}
    part = {id_: its for id_, its in about.items() if found.since[its] > EVER}
    conflicts = {row.id for row in found.held.values() if row.name in CONFLICTS}
    return {its for id_, its in part.items() if id_ in conflicts} | _at(part, _linked(found.ledger, found.end, part))


def families(ledger: str, end: int, subjects: Iterable[About]) -> list[Fact]:
    """Return all facts up to a position about some subjects, and about every other bound to them.

    Corrections, withdrawals, releases and copies bind.
    """
    found: list[Fact] = []
    done: set[About] = set()
    todo = set(subjects)
    while todo:
        fresh = _facts(ledger, end, dict.fromkeys(todo, EVER))
        done, found = done | todo, found + fresh
        ids = {fact.id for fact in fresh}
        linked = _linked(ledger, end, ids)
        others = {fact.target for fact in fresh if fact.target} | {id_ for id_, *_ in linked if id_ in ids}
        todo = {(activity, subject) for _, _, activity, subject in linked}
        todo |= set(_rows(_ABOUT, ledger, end, ids=array(others))) if others else set()
        todo -= done
    return found


def withdrawn(ledger: str, ids: Collection[UUID]) -> dict[UUID, list[Fact]]:
    """Return the withdrawals that count, by which of some records they target: of all that the ledger holds, added up or not."""
    marks = array(["", *RELEASABLE])
    return withdrawals(map(_fact, fetch(_ACTS_ON, {"ledger": ledger, "ids": array(ids), "marks": marks})))


def _rows(query: str, ledger: str, end: int, **parameters: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - values of any type
    parameters |= {"ledger": ledger, "end": end, "marks": array(["", *RELEASABLE])}
    return fetch(query, parameters)


def _parts(since: Mapping[About, datetime]) -> dict[str, str]:
    activities, subjects = (array(about[n] for about in since) for n in (0, 1))
    return {"activities": activities, "subjects": subjects, "sinces": array(since.values())}


def _facts(ledger: str, end: int, since: Mapping[About, datetime]) -> list[Fact]:
    return [_fact(row) for row in _rows(_FACTS, ledger, end, **_parts(since))]


def _fact(row: tuple[Any, ...]) -> Fact:
    """Return a fact with what its bytes answer."""
    read = list(row)
    read[_BODY] = answers(unpack(row[_BODY])) or {}
    return Fact(*read)


def _linked(ledger: str, end: int, ids: Collection[UUID]) -> list[tuple[Any, ...]]:
    """Return (id, target, activity, subject) of the records that target some ids, or bear one that was held already."""
    return _rows(_LINKED, ledger, end, ids=array(ids)) if ids else []


def _at(about: Mapping[UUID, About], linked: Iterable[tuple[Any, ...]]) -> set[About]:
    return {about[id_] for row in linked for id_ in row[:2] if id_ in about}


def _deep(found: Reading) -> set[About]:
    """Return the subjects with facts that look back."""
    deep = {hash_ for hash_, activity in found.versions().items() if looks_back(activity)}
    return {(fact.activity, fact.subject) for fact in found.facts if fact.activity_hash in deep}


def _tied(found: Reading) -> set[About]:
    """Return the subjects with facts that are acts on others, copies, or targets of acts."""
    about = {fact.id: (fact.activity, fact.subject) for fact in found.facts}
    return _at(about, _linked(found.ledger, found.end, about))


def _stood_in(found: Reading) -> set[About]:
    """Return the subjects about which a record counts in another one's place, at its time: it may itself lie before."""
    return set(_rows(_STANDING_IN, found.ledger, found.end, **_parts(found.since)))


def _read_whole(out: Reading, subjects: Collection[About]) -> None:
    """Read subjects from the beginning in place of what was read, with every other that is bound to them."""
    if not subjects:
        return
    all_ = families(out.ledger, out.end, subjects)
    whole = {(fact.activity, fact.subject) for fact in all_}
    out.facts = [fact for fact in out.facts if (fact.activity, fact.subject) not in whole] + all_
    out.bound = {fact.position for fact in all_}
    out.since |= dict.fromkeys(whole, EVER)


def _read_matters(out: Reading) -> None:
    """Read the matters that may change. A conflict hangs on nothing that comes after it but decisions: it does not stand."""
    rows = [Version(*row) for row in _rows(_MATTERS, out.ledger, out.end, **_parts(out.since))]
    before = [row for row in rows if row.opened_at < out.since[row.activity, row.subject] and row.name not in CONFLICTS]
    later = [row for row in rows if row.opened_at >= out.since[row.activity, row.subject]]
    out.held = {row.id: row for row in (*before, *later)}
    positions = {at for row in before for at in (row.opened, row.last, row.waiting) if at}
    facts = map(_fact, _rows(_FACTS_AT, out.ledger, out.end, positions=array(positions)) if positions else ())
    at = {fact.position: fact for fact in facts}
    for row in before:
        out.standing.setdefault((row.activity, row.subject), []).append(_open(row, at))


def _open(row: Version, at: Mapping[int, Fact]) -> State:
    """Return a matter as it stood before any of the facts that were read: what came to it from them they will say again."""
    opened, last = _moved(at[row.opened], row.opened_at), _moved(at[row.last], row.last_at)
    activity = version(opened.activity_hash)
    rule = activity.matter_rule(row.name) if activity else None
    assert rule is not None  # noqa: S101 - it opened the matter
    return State(row.id, rule, opened, row.due_at, last, row.organisation, waiting=at[row.waiting] if row.waiting else None)


def _moved(fact: Fact, moment: datetime) -> Fact:
    """Return a fact at the moment at which it counts: if it is a correction, that of what it corrects."""
    return fact if fact.occurred_at == moment else replace(fact, occurred_at=moment, day=clock.day_of(moment))
