"""What a row comes to."""

from dataclasses import dataclass
from itertools import takewhile
from typing import Literal, get_args

from tongxin.base.words import say
from tongxin.sheets.text import sound

What = Literal["taken", "unchanged", "refused", "asked"]
_IN_COMMON = 2
"""Characters at the beginning and the end that two names must share if one is to be the other with a character wrong."""
_TELLING = frozenset("一二三四五六七八九十百千零〇两甲乙丙丁戊东南西北中上下左右前后大小新老")
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


def mistyped(word: str, name: str) -> bool:
    """Say whether a word may be a name mistyped: read alike, a character too many or too few, or two exchanged.

    Not if what differs is what tells names apart: 第十组 is not 第十一组 mistyped, nor 西区督查组 东区督查组.
    """
    begin = _shared(word, name)
    end = _shared(word[begin:][::-1], name[begin:][::-1])
    one, other = word[begin : len(word) - end], name[begin : len(name) - end]
    if begin + end >= _IN_COMMON and (one == other[::-1] or _is_slip(one + other, inside=bool(begin and end))):
        return True
    return len(one) == len(other) and sound(one) == sound(other)


def _shared(one: str, other: str) -> int:
    """Return how many characters two texts share at the beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _is_slip(differing: str, *, inside: bool) -> bool:
    """Say whether the one character that one of two words has and the other has not may be a slip; or a letter for a letter."""
    if differing.isascii():  # at either end a letter counts: Team A
        return inside and differing.isalpha() and len(differing) <= len("ab")
    return len(differing) == 1 and differing not in _TELLING


def spoken(what: What) -> str:
    """Return a verdict in the language being spoken."""
    return {"taken": say("可收"), "unchanged": say("已有"), "refused": say("退回"), "asked": say("待确认")}[what]
