"""Reads a record's meaning. A record that fails is never refused: it is kept, marked with the code of what is wrong."""

import re
from collections.abc import Collection, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from tongxin.base import clock
from tongxin.base.arrays import hexed
from tongxin.ledger import problems, storing
from tongxin.ledger.access import role_at
from tongxin.ledger.problems import Mark
from tongxin.ledger.resolving import MAY_CORRECT
from tongxin.ledger.storing import Row
from tongxin.orders.queries import DutyTerms, OrderTerms, duty_terms, order_terms
from tongxin.people.queries import Typist, are_members, organisations, typists
from tongxin.places.queries import where
from tongxin.playbook.answers import faults
from tongxin.playbook.condition import feeds
from tongxin.playbook.registry import version
from tongxin.playbook.schema import Activity
from tongxin.protocol.record import MOST_BYTES, MOST_REASON, VERSION, Envelope
from tongxin.protocol.server import Taken
from tongxin.protocol.time import stated

MOST_SUBJECT = 80
_DIGEST, _ID = re.compile("[0-9a-f]{64}"), re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_IDS = re.compile(rf"^{_ID.pattern}$", re.MULTILINE)


@dataclass
class Tables:
    """What the records of some batches refer to, looked up at once; ids as text. ``ids`` are their own that are UUIDs."""

    typists: dict[str, Typist]
    ids: set[str]
    held: set[str]
    orders: dict[str, OrderTerms]
    duties: dict[str, DutyTerms]
    places: dict[str, tuple[str, str]]
    speakers: set[str]
    organisations: set[str]


def look_up(ledger: str, devices: Collection[str], envelopes: Sequence[Envelope]) -> Tables:
    """Look up everything that batches refer to, in a few queries."""
    duties = duty_terms(_ids({e.duty for e in envelopes}))
    places = {duty.place: (duty.area, duty.category) for duty in duties.values()}
    elsewhere = _ids({e.place for e in envelopes} - places.keys())
    speakers, ids = _ids({e.speaker for e in envelopes}), _ids({e.id for e in envelopes})
    return Tables(
        typists(devices),
        ids,
        storing.known_ids(ledger, ids),
        order_terms(_ids({e.order for e in envelopes})),
        duties,
        places | where(elsewhere) if elsewhere else places,
        are_members(ledger, speakers) if speakers else set(),
        _organisations(ledger, [e.body.get("organisation") for e in envelopes if e.act == "reassign"]),
    )


def _organisations(ledger: str, named: Collection[object]) -> set[str]:
    """Return which of the organisations that acts name are the county's: nearly always none is named."""
    ids = [UUID(text) for text in named if isinstance(text, str) and is_id(text)]
    return {str(row.id) for row in organisations(ids) if row.ledger == ledger} if ids else set()


def _ids(texts: Set[str | None]) -> set[str]:
    """Return those that are UUIDs: all looked for at once, since there are thousands."""
    return set(_IDS.findall("\n".join(filter(None, texts))))


def is_id(text: str) -> bool:
    """Say whether a text is a UUID in its usual form."""
    return _ID.fullmatch(text) is not None


def _id(text: str | None) -> str | None:
    """Return a UUID in its usual form as it is; None for any other text."""
    return text if text is not None and is_id(text) else None


@lru_cache(maxsize=1024)
def _digest(text: str) -> str:
    """Return a SHA-256 in hex as it is stored; no bytes for any other text."""
    return hexed(text if _DIGEST.fullmatch(text) else "")


def mark(row: Row, taken: Taken, tables: Tables) -> None:
    """Describe a record and mark it if something is wrong with it."""
    try:
        if len(taken.data) > MOST_BYTES:
            raise problems.TooLong("")
        # PostgreSQL stores no NUL in text; such a record keeps its bytes alone.
        if taken.envelope is None or b"\\u0000" in taken.data:
            raise problems.Unreadable("")
        _describe(row, taken, taken.envelope, tables)
    except Mark as problem:
        row.quarantine = problem.code


def _describe(row: Row, taken: Taken, envelope: Envelope, tables: Tables) -> None:
    """Fill in what the record says and what it refers to; raise a Mark at the first thing that is wrong.

    What could be read before that stays filled in, so that a person who looks at a marked record sees it.
    """
    if tables.typists[row.device].revoked:
        raise problems.RevokedDevice("")
    names = (envelope.device, envelope.chain, envelope.seq)
    if envelope.v != VERSION or names != (row.device, row.chain, row.seq):
        raise problems.WrongEnvelope("")
    row.id = envelope.id if envelope.id in tables.ids else None
    row.activity, row.activity_hash = envelope.activity[:60], _digest(envelope.activity_hash)
    row.act, row.channel = envelope.act, envelope.channel
    if row.id is None:
        raise problems.Unreadable("")
    _link(row, envelope, tables)
    _time(row, taken, envelope)
    activity = version(envelope.activity_hash)
    if activity is None or activity.id != envelope.activity:
        raise problems.UnknownActivityVersion("")
    order = _refer(row, envelope, activity, tables)
    if envelope.act in ("report", "correct") and any(faults(activity, envelope.body)):
        raise problems.BadAnswer("")
    row.subject, row.feeds = _subject(row, envelope, activity), feeds(activity, envelope.body)
    _authorise(row, activity, order, tables)


def _link(row: Row, envelope: Envelope, tables: Tables) -> None:
    """Note what the record does, to what, and whether its id is known already; raise BadAct."""
    row.target = _id(envelope.target)
    row.linked = row.target is not None or row.id in tables.held
    if row.id is not None:
        tables.held.add(row.id)
    states_in_the_moment = envelope.at is not None and envelope.channel == "phone" and envelope.act != "correct"
    if (envelope.act == "report") != (row.target is None) or states_in_the_moment or not _is_act(envelope):
        raise problems.BadAct("")


def _is_act(envelope: Envelope) -> bool:
    """Say whether an act's body is one. That of a report or a correction is its form's."""
    if envelope.act in ("report", "correct"):
        return True
    reason, organisation = envelope.body.get("reason", "-"), envelope.body.get("organisation")
    says_why = isinstance(reason, str) and 1 <= len(reason) <= MOST_REASON
    return says_why and (envelope.act != "reassign" or (isinstance(organisation, str) and is_id(organisation)))


def _time(row: Row, taken: Taken, envelope: Envelope) -> None:
    """Take a stated time in the settled one's place."""
    if envelope.at is not None:
        settled = stated(envelope, clock.to_ms(row.received_at), taken.settled)
        row.occurred_at, row.stated, row.uncertainty = clock.from_ms(settled.occurred), True, settled.uncertainty
        row.day = clock.day_of(row.occurred_at)


def _refer(row: Row, envelope: Envelope, activity: Activity, tables: Tables) -> OrderTerms:
    """Fill in what the record refers to, as the tables are now; raise UnknownReference."""
    roles = tables.typists[row.device].roles
    order, duty = tables.orders.get(envelope.order), tables.duties.get(envelope.duty or "")
    place = envelope.place if envelope.place in tables.places else duty.place if duty else None
    if order is None or place is None or (duty is None and (envelope.duty or activity.kind == "post")):
        raise problems.UnknownReference("")
    if envelope.speaker is not None and envelope.speaker not in tables.speakers:
        raise problems.UnknownReference("")
    if envelope.act == "reassign" and envelope.body["organisation"] not in tables.organisations:
        raise problems.UnknownReference("")
    row.member = envelope.speaker or row.member
    row.order, row.incident, row.place = order.id, order.incident, place
    row.area, row.category = tables.places[place]
    row.duty, row.duty_due_at = (duty.id, duty.due_at) if duty else (None, None)
    row.organisation = duty.organisation if duty else roles[0].organisation if roles else order.issuer
    return order


def _subject(row: Row, envelope: Envelope, activity: Activity) -> str:
    """Return what the record is about; raise UnknownReference or BadAnswer."""
    if envelope.act != "report" and envelope.subject:
        return envelope.subject[:MOST_SUBJECT]
    kind, _, question = activity.subject.partition(" ")
    if kind == "record":
        if envelope.subject and not is_id(envelope.subject):
            raise problems.UnknownReference("")
        return envelope.subject or str(row.id)
    if kind == "code" and question not in envelope.body:
        raise problems.BadAnswer("")
    return {"place": str(row.place), "member": row.member, "code": str(envelope.body.get(question))}[kind][:MOST_SUBJECT]


def _authorise(row: Row, activity: Activity, order: OrderTerms, tables: Tables) -> None:
    """Judge order and roles as they were when it happened; raise NotOrdered or NoAuthority."""
    row.role = role_at(tables.typists[row.device].roles, row.area, row.occurred_at)
    if activity.id not in order.activities or not order.starts_at <= row.occurred_at < order.ends_at:
        raise problems.NotOrdered("")
    speaks_for_another = row.member != row.typist
    if not row.role or (speaks_for_another and row.role not in MAY_CORRECT):
        raise problems.NoAuthority("")
