"""What a row comes to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from tongxin.base.words import say
from tongxin.playbook.faults import closest

What = Literal["taken", "unchanged", "refused", "asked"]
WHATS: tuple[What, ...] = get_args(What)


class RefusedError(Exception):
    """A row cannot be used; the message says why, and what would be right."""


class AskedError(Exception):
    """A row could mean two things; the message says which."""


class AlikeError(AskedError):
    """A row may be one that stands elsewhere; a person can say that it is another."""


@dataclass(frozen=True)
class Verdict:
    """A row's number, what becomes of it and why, and its values as they were read; ``alike`` if it only looks like another."""

    number: int
    what: What
    reason: str
    values: tuple[str, ...]
    alike: bool = False


def like(word: str, known: Mapping[str, str]) -> str:
    """Return a hint that ends a reason: what the nearest known word stands for; nothing if none is near."""
    close = closest(word, known)
    return say("；是不是“{word}”？", word=known[close[0]]) if close else ""


def spoken(what: What) -> str:
    """Return a verdict in the language being spoken."""
    return {"taken": say("可收"), "unchanged": say("已有"), "refused": say("退回"), "asked": say("待确认")}[what]
