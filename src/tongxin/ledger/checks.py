"""Reads a record's meaning. A record that fails is never refused: it is kept, marked with the code of what is wrong."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec

from tongxin.ledger import problems
from tongxin.ledger.access import had_authority
from tongxin.ledger.models import Record
from tongxin.ledger.problems import Mark
from tongxin.orders.models import Duty, Order
from tongxin.orders.queries import duties_by_id, orders_by_id
from tongxin.people.models import Device, Role
from tongxin.places.models import Place
from tongxin.playbook.registry import activities
from tongxin.playbook.schema import Activity
from tongxin.protocol.record import VERSION, Envelope, decode


@dataclass
class Tables:
    """What the records of a batch refer to, looked up at once."""

    device: Device
    roles: list[Role]
    held: set[UUID] = field(default_factory=set)
    orders: dict[UUID, Order] = field(default_factory=dict)
    duties: dict[UUID, Duty] = field(default_factory=dict)
    places: dict[UUID, Place] = field(default_factory=dict)


def read(data: bytes) -> Envelope | None:
    """Return the envelope, or None if the bytes are not a record."""
    try:
        envelope = decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    # PostgreSQL stores no NUL in text or JSON; such a record keeps its bytes alone.
    return None if b"\\u0000" in data or b"\x00" in data else envelope


def look_up(device: Device, envelopes: Iterable[Envelope]) -> Tables:
    """Look up everything that a batch refers to, in four queries."""
    found = list(envelopes)
    ids = {id_ for e in found if (id_ := uuid(e.id))}
    held = Record.objects.filter(ledger=device.ledger, id__in=ids).values_list("id", flat=True)
    return Tables(
        device,
        list(Role.objects.filter(member_id=device.member_id)),
        {id_ for id_ in held if id_},
        orders_by_id(id_ for e in found if (id_ := uuid(e.order))),
        duties_by_id(id_ for e in found if (id_ := uuid(e.duty))),
        Place.objects.in_bulk([id_ for e in found if (id_ := uuid(e.place))]),
    )


def uuid(text: str | None) -> UUID | None:
    """Return a UUID, or None if the text is not one in its usual form."""
    try:
        value = UUID(text or "")
    except ValueError:
        return None
    return value if str(value) == text else None


def describe(row: Record, envelope: Envelope, tables: Tables) -> None:
    """Fill in what the record says and what it refers to; raise a Mark at the first thing that is wrong.

    What could be read before that stays filled in, so that a person who looks at a marked record sees it.
    """
    if envelope.v != VERSION or _names(envelope) != (str(row.device), str(row.chain), row.seq):
        raise problems.WrongEnvelope("")
    row.id = uuid(envelope.id)
    row.activity, row.activity_hash, row.body = (
        envelope.activity[:60],
        envelope.activity_hash[:64],
        envelope.body,
    )
    if row.id is None:
        raise problems.Unreadable("")
    if row.id in tables.held:
        raise problems.Copy("")
    tables.held.add(row.id)
    activity = activities().get(envelope.activity)
    if activity is None or activity.hash != envelope.activity_hash:
        raise problems.UnknownActivityVersion("")
    _refer(row, envelope, activity, tables)
    _check_answers(activity, envelope.body)


def _names(envelope: Envelope) -> tuple[str, str, int]:
    return envelope.device, envelope.chain, envelope.seq


def _refer(row: Record, envelope: Envelope, activity: Activity, tables: Tables) -> None:
    order = tables.orders.get(uuid(envelope.order) or row.device)
    duty = tables.duties.get(uuid(envelope.duty) or row.device)
    place = tables.places.get(uuid(envelope.place) or row.device) or (duty.place if duty else None)
    if order is None or place is None or (duty is None and (envelope.duty or activity.subject == "member duty")):
        raise problems.UnknownReference("")
    row.order, row.incident, row.place = order.id, order.incident_id, place.id
    row.area, row.category = place.area_id, place.category
    row.duty, row.duty_due_at = (duty.id, duty.due_at) if duty else (None, None)
    row.organisation = duty.organisation_id if duty else tables.roles[0].organisation_id if tables.roles else None
    row.subject = str(place.id) if activity.subject == "place" else f"{row.member}/{row.duty}"
    if activity.id not in order.activities or not order.starts_at <= row.occurred_at < order.ends_at:
        raise problems.NotOrdered("")
    if row.organisation is None or not had_authority(tables.roles, row.area, row.occurred_at):
        raise problems.NoAuthority("")


def _check_answers(activity: Activity, body: dict[str, Any]) -> None:
    for ask in activity.ask:
        if ask.required and ask.name not in body:
            raise problems.BadAnswer("")
    for name, answer in body.items():
        question = activity.question(name)
        if question is None or not question.accepts(answer):
            raise problems.BadAnswer("")


def mark(row: Record, envelope: Envelope | None, tables: Tables) -> None:
    """Describe a record and mark it if something is wrong with it."""
    try:
        if envelope is None:
            raise problems.Unreadable("")
        describe(row, envelope, tables)
    except Mark as problem:
        row.quarantine = problem.code
