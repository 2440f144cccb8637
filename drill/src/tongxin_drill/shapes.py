"""What a scenario is made of. What goes through the desk door has the door's fields and is sent as it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from tongxin.base import clock

NAMESPACE = UUID("7c1f6a9e-52d0-5b0e-9c51-0d4f2a6e8b13")


def identity(seed: int, scale: float, kind: str, index: int) -> str:
    """Return the id of the ``index``-th thing of a kind; the same plan gives the same ids."""
    return str(uuid5(NAMESPACE, f"{seed}/{scale!r}/{kind}/{index}"))


def dated_identity(seed: int, scale: float, kind: str, index: int, at: datetime) -> str:
    """Return such an id in the form of a UUIDv7, as a phone makes them: the milliseconds of ``at`` come first."""
    value = clock.to_ms(at) << 80 | UUID(identity(seed, scale, kind, index)).int & (1 << 80) - 1
    return str(UUID(int=value & ~(0xF << 76) | 7 << 76))  # a UUIDv5 has the right variant bits already


@dataclass(frozen=True)
class Organisation:
    """A row of ``POST organisations``."""

    id: str
    name: str
    name_en: str
    kind: str
    parent: str | None
    areas: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """A row of ``POST places``."""

    id: str
    name: str
    name_en: str
    category: str
    area: str


@dataclass(frozen=True)
class Role:
    """What a member is, for which organisation and where."""

    kind: str
    organisation: str
    areas: tuple[str, ...]
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class Member:
    """A row of ``POST members``."""

    id: str
    name: str
    name_en: str
    roles: tuple[Role, ...]


@dataclass(frozen=True)
class Incident:
    """The body of ``POST incidents``."""

    id: str
    name: str
    name_en: str
    kind: str
    drill: bool


@dataclass(frozen=True)
class Scope:
    """Where, to what and to whom an order applies."""

    areas: tuple[str, ...]
    categories: tuple[str, ...]
    organisations: tuple[str, ...]


@dataclass(frozen=True)
class Order:
    """The body of ``POST orders``."""

    id: str
    incident: str
    number: str
    kind: str
    title: str
    title_en: str
    text: str
    text_en: str
    basis: tuple[str, ...]
    issuer: str
    parent: str | None
    starts_at: datetime
    ends_at: datetime
    appeal: str
    activities: tuple[str, ...]
    scope: Scope


@dataclass(frozen=True)
class Duty:
    """A row of ``POST duties``: a post, held by an organisation through a window, or a log that it keeps."""

    id: str
    order: str
    activity: str
    kind: str
    place: str
    organisation: str
    starts_at: datetime
    due_at: datetime
    headcount: int


@dataclass(frozen=True)
class Assignment:
    """A row of ``POST assignments``."""

    id: str
    duty: str
    member: str


@dataclass(frozen=True)
class Act:
    """What a member writes down at a moment (whole seconds), or does to what was written before.

    ``kind`` is an act of the protocol. ``id`` is the record's; empty: the phone makes one. ``duty`` names a post or log; empty:
    the phone takes the visit to this place that is due then. ``target`` is the act that is corrected or withdrawn, that opened
    the ``matter`` that is approved, or, in a report about a record, that began it. ``stated`` is the time that the record states
    in place of the phone's clock, ``speaker`` whose word it is if not the member's own, ``channel`` how it came to the phone.
    """

    member: str
    at: datetime
    activity: str
    place: str
    body: Mapping[str, Any]
    kind: str = "report"
    id: str = ""
    duty: str = ""
    target: "Act | None" = None
    matter: str = ""
    stated: datetime | None = None
    speaker: str | None = None
    channel: str = "phone"

    @property
    def due_at(self) -> datetime:
        """The moment by which the phone finds the visit that this is about."""
        return (self.stated or self.at) if self.target is None else self.target.due_at

    def subject(self, about: str) -> str:
        """Return what a report is about; ``about`` is its activity's ``subject`` (docs/activities.md)."""
        kind, _, question = about.partition(" ")
        if kind == "code":
            return str(self.body[question])
        return {"place": self.place, "member": self.speaker or self.member, "record": (self.target or self).id}[kind]


class Stretch(NamedTuple):
    """A time without reception, in drill time."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True)
class Scenario:
    """A rehearsal as it will happen.

    Its clock runs ``factor`` times as fast from ``start`` to ``until``. ``visitors`` gives each activity and place the members
    who visit it (also places left unvisited); the visit duties themselves are made by the server. ``acts`` are in the order of
    time. ``unreachable`` says which members' phones have no reception when, by time. ``title`` is the bulletin's.
    """

    seed: int
    scale: float
    start: datetime
    until: datetime
    factor: float
    title: str
    title_en: str
    incident: Incident
    orders: tuple[Order, ...]
    organisations: tuple[Organisation, ...]
    places: tuple[Place, ...]
    members: tuple[Member, ...]
    duties: tuple[Duty, ...]
    assignments: tuple[Assignment, ...]
    visitors: Mapping[tuple[str, str], Sequence[str]]
    acts: tuple[Act, ...]
    unreachable: Mapping[str, Sequence[Stretch]] = field(default_factory=dict)

    @property
    def reviewers(self) -> "list[Member]":
        """Who agree to a bulletin: the first duty officer and the first secretary."""
        return [next(member for member in self.members if member.roles[0].kind == kind) for kind in ("duty_officer", "secretary")]

    @property
    def commander(self) -> Member:
        """Who gives the orders: the first who holds that role."""
        return next(member for member in self.members if member.roles[0].kind == "commander")

    @property
    def actors(self) -> tuple[Member, ...]:
        """Who has a phone: everybody who does anything."""
        active = {act.member for act in self.acts}
        return tuple(member for member in self.members if member.id in active)

    def visit_assignments(self, visits: Iterable[Mapping[str, str]]) -> list[Assignment]:
        """Return who makes which visit, given the server's visits (``id``, ``activity``, ``place``)."""
        pairs = [
            (visit["id"], member) for visit in visits for member in self.visitors.get((visit["activity"], visit["place"]), ())
        ]
        return [
            Assignment(identity(self.seed, self.scale, "visit", index), duty, member)
            for index, (duty, member) in enumerate(pairs)
        ]
