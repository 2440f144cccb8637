"""The shape of an activity file. Each class is a table of the file; docs/activities.md explains it to its writers."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Answer = bool | int | float | str
Kind = Literal["visit", "post", "log"]
QuestionType = Literal[
    "yes_no", "choice", "number", "text", "phone", "date", "photo", "position", "code", "signature", "repeat"
]  # fmt: skip
Owner = Literal["organisation", "town", "leader", "duty_officer", "commander"]
Above = Literal["leader", "duty_officer", "commander"]
Name = Annotated[str, Meta(max_length=60, extra_json_schema={"pattern": "^[a-z][a-z0-9_]*$"})]
Due = Annotated[str, Meta(extra_json_schema={"pattern": "^(tonight|duty|[1-9][0-9]{0,2}[hd])$"})]
Words = Annotated[str, Meta(min_length=1)]


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sentence or label in both languages."""

    zh: Words
    en: Words


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer of a choice."""

    name: Name
    label: Text


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question of the form. ``min`` and ``max`` bound a number; ``ask`` are the questions of each row of a ``repeat``.

    ``personal`` answers are sealed and erased after ``keep_days``; they serve ``purpose`` and nothing else.
    """

    name: Name
    type: QuestionType
    label: Text
    required: bool = False
    show_when: str = ""
    options: tuple[Option, ...] = ()
    unit: Text | None = None
    min: float | None = None
    max: float | None = None
    decimals: Annotated[int, Meta(ge=0, le=3)] = 0
    public: bool = False
    personal: bool = False
    keep_days: Annotated[int, Meta(ge=1, le=3650)] | None = None
    purpose: Text | None = None
    ask: tuple["Ask", ...] = ()


class MatterRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What opens and closes a matter, and when it is due: ``tonight``, ``duty`` (its duty's deadline), ``2h`` or ``3d``.

    ``opens`` and ``closes`` are one comparison, ``rule NAME`` (see ``rules``), or for ``opens`` also ``closed MATTER``. ``per``
    keeps one matter for each duty of its subject. With ``approval`` it stays open until that role, or one above, has approved
    what closes it. Overdue, it goes from ``owner`` to ``escalates_to``.
    """

    name: Name
    title: Text
    opens: str
    closes: str
    due: Due = "tonight"
    owner: Owner = "organisation"
    escalates_to: Above | None = None
    approval: Above | None = None
    per: Literal["subject", "duty"] = "subject"


class FigureRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a figure counts.

    ``count`` is ``records``, ``distinct`` with what is counted once, ``sum``, ``latest`` or ``balance`` with number questions, or
    ``opened``, ``closed`` or ``duration`` with a matter. ``when`` narrows records by one comparison.
    """

    name: Name
    title: Text
    count: str
    unit: Text
    when: str = ""

    @property
    def verb(self) -> str:
        """First word of ``count``."""
        return self.count.split(" ")[0]

    @property
    def nouns(self) -> tuple[str, ...]:
        """Remaining words of ``count``."""
        return tuple(self.count.split(" ")[1:])


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A record of an example: answers, and who gave them where and when (``at`` on the ``day``-th day).

    ``about`` is the number of the record that began the subject, where that is a record. ``decides`` names an open matter of
    the subject that a commander approves or settles, in place of answers.
    """

    say: dict[str, Any] = {}
    about: int | None = None
    decides: str = ""
    act: Literal["report", "approve", "settle"] = "report"
    at: Annotated[str, Meta(pattern=r"^[0-2][0-9]:[0-5][0-9]$")] = "09:00"
    day: Annotated[int, Meta(ge=0, le=30)] = 0
    place: str = "A"
    member: str = "M"
    duty: str = "D"
    organisation: str = "O"
    area: str = "V"


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Records, and what they come to: which matters stay open, what figures say, or which question is refused."""

    records: tuple[Said, ...]
    open: tuple[str, ...] = ()
    figures: dict[str, float] = {}
    refused: str = ""


class Activity(msgspec.Struct, frozen=True, forbid_unknown_fields=True, eq=False):
    """A kind of work: its form, matters, figures and sentence. One object is one version of one file."""

    id: Name
    title: Text
    order: str
    kind: Kind
    subject: str
    bulletin: Text
    cadence: str = ""
    ask: tuple[Ask, ...] = ()
    places: tuple[str, ...] = ()
    matter: tuple[MatterRule, ...] = ()
    figure: tuple[FigureRule, ...] = ()
    example: tuple[Example, ...] = ()
    hash: str = ""
    """SHA-256 of the file's bytes; like ``source``, the bytes themselves, set by the loader and not written in the file."""
    source: bytes = b""

    def question(self, name: str) -> Ask | None:
        """Return the question of that name; ``rows.name`` is a question of the repeat ``rows``."""
        outer, _, inner = name.partition(".")
        found = next((ask for ask in self.ask if ask.name == outer), None)
        return next((ask for ask in found.ask if ask.name == inner), None) if found and inner else found

    def matter_rule(self, name: str) -> MatterRule | None:
        """Return the matter of that name."""
        return next((matter for matter in self.matter if matter.name == name), None)

    def figure_rule(self, name: str) -> FigureRule | None:
        """Return the figure of that name."""
        return next((figure for figure in self.figure if figure.name == name), None)
