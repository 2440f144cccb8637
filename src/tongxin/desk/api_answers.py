"""What the desk's door for programs answers. Every field is always there, unless it may be unset."""

from typing import Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from tongxin.base.door import Moment

T = TypeVar("T", bound=msgspec.Struct)
Number = int | float


def told(kind: type[T], row: object, **more: object) -> T:
    """Return an answer made of a row's values of the same names; ``more`` says the others."""
    return kind(**{name: getattr(row, name) for name in kind.__struct_fields__ if name not in more}, **more)


class Problem(msgspec.Struct):
    """Why something is refused. ``code`` is stable; ``message`` and ``next``, what to do now, are in the caller's language."""

    code: str
    message: str
    next: str
    details: dict[str, Any]


class Refusal(msgspec.Struct):
    """The one shape of a refusal."""

    problem: Problem


class Person(msgspec.Struct):
    """A member, by name."""

    id: UUID
    name: str


class SignedIn(msgspec.Struct):
    """Who has signed in, and the kinds of roles held now."""

    member: Person
    roles: list[str]


class Clock(msgspec.Struct):
    """The drill clock. ``began`` is the real time from which it runs, null while it stands."""

    start: Moment
    began: Moment | None
    factor: float
    until: Moment


class Kept(msgspec.Struct):
    """How many rows are new, and how many were held already with the same content."""

    created: int
    unchanged: int


class Code(msgspec.Struct):
    """A sign-in code, which serves 24 hours."""

    member: UUID
    code: str


class Codes(msgspec.Struct):
    """A sign-in code for each member asked for."""

    codes: list[Code]


class Revoked(msgspec.Struct):
    """A phone whose enrolment has ended."""

    id: UUID
    member: UUID
    revoked_at: Moment


class Incident(msgspec.Struct):
    """An emergency or a drill."""

    id: UUID
    name: str
    name_en: str
    kind: str
    drill: bool
    opened_at: Moment


class Incidents(msgspec.Struct):
    """Incidents, newest first."""

    incidents: list[Incident]


class Issued(msgspec.Struct):
    """An order that has been issued."""

    id: UUID


class Visit(msgspec.Struct):
    """A place to be visited, and by whom."""

    id: UUID
    activity: str
    place: UUID
    area: str
    organisation: UUID


class Visits(msgspec.Struct):
    """An order's visits; ``unheld`` are the places that no organisation's areas hold."""

    duties: list[Visit]
    unheld: list[UUID]


class Figures(msgspec.Struct):
    """Figures as they stand at a position; ``behind`` counts records not yet added up, ``parts`` is there if asked for."""

    position: int
    behind: int
    figures: dict[str, Number]
    parts: dict[str, dict[str, Number]] | UnsetType = UNSET


class Record(msgspec.Struct):
    """A record; ``quarantine`` says why it counts nowhere, null if it counts."""

    position: int
    id: UUID
    activity: str
    device: UUID
    seq: int
    quarantine: str | None


class Records(msgspec.Struct):
    """Records by position; ``next`` is what to ask ``after`` for the next ones, null if there are none."""

    records: list[Record]
    next: int | None


class Chase(msgspec.Struct):
    """That a matter was chased: by which member, when, and the organisation answerable for it then, which it was addressed to."""

    id: UUID
    matter: UUID
    by: UUID
    organisation: UUID | None
    at: Moment


class Bulletin(msgspec.Struct):
    """A bulletin as it was frozen; ``published_at`` is null until it is published."""

    id: UUID
    number: int
    title: str
    title_en: str
    position: int
    figures: dict[str, Number]
    text: str
    text_en: str
    fingerprint: str
    published_at: Moment | None
    drill: bool


class Bulletins(msgspec.Struct):
    """Bulletins, newest first."""

    bulletins: list[Bulletin]


class Reviewed(msgspec.Struct):
    """What a reviewer has said of a bulletin."""

    bulletin: UUID
    member: UUID
    agrees: bool
    reason: str
    at: Moment
