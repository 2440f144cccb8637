"""Reads a record's meaning. A record that fails is never refused: it is kept, marked with the code of what is wrong."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from tongxin.base import clock
from tongxin.ledger import problems
from tongxin.ledger.access import role_at
from tongxin.ledger.fold import MAY_CORRECT
from tongxin.ledger.models import Record
from tongxin.ledger.problems import Mark
from tongxin.ledger.storing import Row
from tongxin.orders.models import Duty, Order
from tongxin.orders.queries import duties_by_id, orders_by_id
from tongxin.people.models import Device, Member, Role
from tongxin.people.queries import devices_by_id, roles_by_member
from tongxin.places.models import Place
from tongxin.playbook.answers import faults
from tongxin.playbook.condition import feeds
from tongxin.playbook.registry import version
from tongxin.playbook.schema import Activity
from tongxin.protocol.record import MOST_BYTES, VERSION, Envelope
from tongxin.protocol.server import Taken
from tongxin.protocol.time import stated

MOST_SUBJECT = 80
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass
class Tables:
    """What the records of some batches refer to, looked up at once."""

    devices: dict[UUID, Device]
    roles: dict[UUID, list[Role]]
    held: set[UUID]
    orders: dict[UUID, Order]
    duties: dict[UUID, Duty]
    places: dict[UUID, Place]
    speakers: set[UUID]


def look_up(ledger: str, devices: Iterable[UUID], envelopes: Sequence[Envelope]) -> Tables:
    """Look up everything that batches refer to, in a few queries."""
    phones = devices_by_id(devices)
    held = Record.objects.filter(ledger=ledger, id__in=_uuids(e.id for e in envelopes)).values_list("id", flat=True)
    speakers = _uuids(e.speaker for e in envelopes)
    known = Member.objects.filter(id__in=speakers, ledger=ledger).values_list("id", flat=True) if speakers else ()
    return Tables(
        phones,
        roles_by_member({phone.member_id for phone in phones.values()}),
        {id_ for id_ in held if id_},
        orders_by_id(_uuids(e.order for e in envelopes)),
        duties_by_id(_uuids(e.duty for e in envelopes)),
        Place.objects.in_bulk(list(_uuids(e.place for e in envelopes))),
        set(known),
    )


def _uuids(texts: Iterable[str | None]) -> set[UUID]:
    return {id_ for text in set(texts) if (id_ := uuid(text))}


def uuid(text: str | None) -> UUID | None:
    """Return a UUID, or None if the text is not one in its usual form."""
    try:
        value = UUID(text or "")
    except ValueError:
        return None
    return value if str(value) == text else None


def _digest(text: str) -> str:
    """Return a SHA-256 in hex as it is; empty for any other text."""
    return text if _DIGEST.fullmatch(text) else ""


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
    if tables.devices[row.device].revoked_at is not None:
        raise problems.RevokedDevice("")
    names = (envelope.device, envelope.chain, envelope.seq)
    if envelope.v != VERSION or names != (str(row.device), str(row.chain), row.seq):
        raise problems.WrongEnvelope("")
    row.id, row.activity, row.activity_hash = uuid(envelope.id), envelope.activity[:60], _digest(envelope.activity_hash)
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
    row.target = uuid(envelope.target)
    row.linked = row.target is not None or row.id in tables.held
    if row.id is not None:
        tables.held.add(row.id)
    states_in_the_moment = envelope.at is not None and envelope.channel == "phone" and envelope.act != "correct"
    if (envelope.act == "report") != (row.target is None) or states_in_the_moment:
        raise problems.BadAct("")


def _time(row: Row, taken: Taken, envelope: Envelope) -> None:
    """Take a stated time in the settled one's place."""
    if envelope.at is not None:
        settled = stated(envelope, clock.to_ms(row.received_at), taken.settled)
        row.occurred_at, row.stated, row.uncertainty = clock.from_ms(settled.occurred), True, settled.uncertainty
        row.day = clock.day_of(row.occurred_at)


def _refer(row: Row, envelope: Envelope, activity: Activity, tables: Tables) -> Order:
    """Fill in what the record refers to, as the tables are now; raise UnknownReference."""
    roles = tables.roles[row.typist]
    order = tables.orders.get(uuid(envelope.order) or row.device)
    duty = tables.duties.get(uuid(envelope.duty) or row.device)
    place = tables.places.get(uuid(envelope.place) or row.device) or (duty.place if duty else None)
    speaker = uuid(envelope.speaker)
    if order is None or place is None or (duty is None and (envelope.duty or activity.kind == "post")):
        raise problems.UnknownReference("")
    if envelope.speaker is not None and speaker not in tables.speakers:
        raise problems.UnknownReference("")
    row.member = speaker or row.member
    row.order, row.incident, row.place = order.id, order.incident_id, place.id
    row.area, row.category = place.area_id, place.category
    row.duty, row.duty_due_at = (duty.id, duty.due_at) if duty else (None, None)
    row.organisation = duty.organisation_id if duty else roles[0].organisation_id if roles else order.issuer_id
    return order


def _subject(row: Row, envelope: Envelope, activity: Activity) -> str:
    """Return what the record is about; raise UnknownReference or BadAnswer."""
    if envelope.act != "report" and envelope.subject:
        return envelope.subject[:MOST_SUBJECT]
    kind, _, question = activity.subject.partition(" ")
    if kind == "record":
        if envelope.subject and uuid(envelope.subject) is None:
            raise problems.UnknownReference("")
        return envelope.subject or str(row.id)
    if kind == "code" and question not in envelope.body:
        raise problems.BadAnswer("")
    return {"place": str(row.place), "member": str(row.member), "code": str(envelope.body.get(question))}[kind][:MOST_SUBJECT]


def _authorise(row: Row, activity: Activity, order: Order, tables: Tables) -> None:
    """Judge order and roles as they were when it happened; raise NotOrdered or NoAuthority."""
    row.role = role_at(tables.roles[row.typist], row.area, row.occurred_at)
    if activity.id not in order.activities or not order.starts_at <= row.occurred_at < order.ends_at:
        raise problems.NotOrdered("")
    speaks_for_another = row.member != row.typist
    if not row.role or (speaks_for_another and row.role not in MAY_CORRECT):
        raise problems.NoAuthority("")
