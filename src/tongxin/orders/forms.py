"""What comes through the desk's door about incidents, orders, duties and assignments. Times carry an offset."""

from datetime import datetime
from uuid import UUID

import msgspec


class ClockForm(msgspec.Struct, forbid_unknown_fields=True):
    """A drill clock: stands at ``start``, then ``factor`` times as fast until ``until``."""

    start: datetime
    factor: float
    until: datetime


class IncidentForm(msgspec.Struct, forbid_unknown_fields=True):
    """An emergency or a drill."""

    id: UUID
    name: str
    name_en: str
    kind: str
    drill: bool


class ScopeForm(msgspec.Struct, forbid_unknown_fields=True):
    """What an order covers: areas × categories × organisations."""

    areas: list[str]
    categories: list[str]
    organisations: list[UUID]


class OrderForm(msgspec.Struct, forbid_unknown_fields=True):
    """An order as it is issued."""

    id: UUID
    incident: UUID
    number: str
    kind: str
    title: str
    title_en: str
    text: str
    text_en: str
    basis: list[str]
    issuer: UUID
    starts_at: datetime
    ends_at: datetime
    appeal: str
    activities: list[str]
    scope: ScopeForm
    parent: UUID | None = None


class DutyForm(msgspec.Struct, forbid_unknown_fields=True):
    """A duty; its area is its place's."""

    id: UUID
    order: UUID
    activity: str
    kind: str
    place: UUID
    organisation: UUID
    starts_at: datetime
    due_at: datetime
    headcount: int = 1


class AssignmentForm(msgspec.Struct, forbid_unknown_fields=True):
    """A member on a duty."""

    id: UUID
    duty: UUID
    member: UUID
