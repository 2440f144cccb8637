"""The shape of an activity file. Each class is a table of the file; docs/activities.md explains it to its writers."""

from typing import Literal

import msgspec

Answer = bool | int | float | str
Kind = Literal["visit", "post"]
Subject = Literal["place", "member duty"]


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sentence or label in both languages."""

    zh: str
    en: str


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer of a choice."""

    name: str
    label: Text


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question of the form."""

    name: str
    type: Literal["yes_no", "choice", "number", "text"]
    label: Text
    required: bool = False
    options: tuple[Option, ...] = ()
    unit: Text | None = None
    public: bool = False

    def accepts(self, answer: object) -> bool:
        """Say whether an answer has this question's type."""
        if self.type == "yes_no":
            return isinstance(answer, bool)
        if self.type == "number":
            return isinstance(answer, int | float) and not isinstance(answer, bool)
        if self.type == "choice":
            return answer in [option.name for option in self.options]
        return isinstance(answer, str)


class MatterRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What opens and closes a matter, and when it is due: ``tonight``, ``duty`` (its duty's deadline) or hours such as ``2h``."""

    name: str
    title: Text
    opens: str
    closes: str
    due: str = "tonight"


class FigureRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a figure counts.

    ``count`` is ``records``, ``distinct`` with one or more of place, member, duty, day, or ``opened``, ``closed`` or ``duration``
    with a matter. ``when`` narrows records by one comparison.
    """

    name: str
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


class Activity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of work: its form, matters, figures and sentence."""

    id: str
    title: Text
    order: str
    kind: Kind
    subject: Subject
    ask: tuple[Ask, ...]
    bulletin: Text
    places: tuple[str, ...] = ()
    matter: tuple[MatterRule, ...] = ()
    figure: tuple[FigureRule, ...] = ()
    hash: str = ""
    """SHA-256 of the file's bytes; set by the loader, not written in the file."""

    def question(self, name: str) -> Ask | None:
        """Return the question of that name."""
        return next((ask for ask in self.ask if ask.name == name), None)

    def matter_rule(self, name: str) -> MatterRule | None:
        """Return the matter of that name."""
        return next((matter for matter in self.matter if matter.name == name), None)
