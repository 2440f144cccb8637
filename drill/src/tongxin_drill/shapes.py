"""What a scenario is made of. What goes through the desk door has the door's fields and is sent as it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

NAMESPACE = UUID("7c1f6a9e-52d0-5b0e-9c51-0d4f2a6e8b13")


def identity(seed: int, scale: float, kind: str, index: int) -> str:
    """Return the id of the ``index``-th thing of a kind; the same plan gives the same ids."""
    return str(uuid5(NAMESPACE, f"{seed}/{scale!r}/{kind}/{index}"))


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
    """A row of ``POST members``; in the drill everybody holds exactly one role."""

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
    """A row of ``POST duties``: here a post, held by a group at its muster point."""

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
    """What a member does at a moment (whole seconds); ``open`` and ``gathering`` say what a visit finds."""

    member: str
    at: datetime
    kind: Literal["in", "out", "visit"]
    place: str
    open: bool = False
    gathering: bool = False

    @property
    def activity(self) -> str:
        """The activity whose form is filled in."""
        return "venue_closure" if self.kind == "visit" else "attendance"

    @property
    def body(self) -> dict[str, bool | str]:
        """The answers on the form."""
        return {"open": self.open, "gathering": self.gathering} if self.kind == "visit" else {"act": self.kind}


@dataclass(frozen=True)
class Scenario:
    """A whole night as it will happen.

    ``visitors`` gives each venue's id the id of the inspector in whose round it lies (also of venues left
    unvisited); the visit duties themselves are made by the server. ``acts`` are in the order of time.
    """

    seed: int
    scale: float
    start: datetime
    until: datetime
    incident: Incident
    order: Order
    organisations: tuple[Organisation, ...]
    venues: tuple[Place, ...]
    musters: tuple[Place, ...]
    members: tuple[Member, ...]
    posts: tuple[Duty, ...]
    stations: tuple[Assignment, ...]
    visitors: Mapping[str, str]
    acts: tuple[Act, ...]

    def holding(self, role: str) -> tuple[Member, ...]:
        """Return the members who hold a role of this kind."""
        return tuple(member for member in self.members if member.roles[0].kind == role)

    def visit_assignments(self, duties: Mapping[str, str]) -> list[Assignment]:
        """Return who visits what, given the server's duty id for each venue's id."""
        return [
            Assignment(identity(self.seed, self.scale, "visit", index), duties[venue.id], self.visitors[venue.id])
            for index, venue in enumerate(self.venues)
        ]
