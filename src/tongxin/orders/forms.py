"""What comes through the desk's door about incidents, orders, duties and assignments. Times carry an offset."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from tongxin.base.door import Moment, Text, Upto20, Upto60, Upto80, Upto120, Upto160


class ClockForm(msgspec.Struct, forbid_unknown_fields=True):
    """A drill clock: stands at ``start``, then ``factor`` times as fast until ``until``."""

    start: Moment
    factor: Annotated[float, Meta(gt=0, le=100_000)]
    until: Moment


class IncidentForm(msgspec.Struct, forbid_unknown_fields=True):
    """An emergency or a drill."""

    id: UUID
    name: Upto80
    name_en: Upto120
    kind: Upto20
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
    number: Upto60
    kind: str
    title: Upto120
    title_en: Upto160
    text: Text
    text_en: Text
    basis: Annotated[list[Upto120], Meta(min_length=1)]
    issuer: UUID
    starts_at: Moment
    ends_at: Moment
    appeal: Upto120
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
    starts_at: Moment
    due_at: Moment
    headcount: Annotated[int, Meta(ge=1, le=10_000)] = 1


class AssignmentForm(msgspec.Struct, forbid_unknown_fields=True):
    """A member on a duty."""

    id: UUID
    duty: UUID
    member: UUID
