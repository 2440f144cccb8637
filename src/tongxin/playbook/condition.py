"""One comparison: ``question = value``, with ``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=``. It never grows into a language.

What opens or closes a matter may instead be ``closed MATTER`` (another one was settled) or ``rule NAME`` (see ``rules``).
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tongxin.base.words import say
from tongxin.playbook.rules import RULES
from tongxin.playbook.schema import Activity, Answer, Ask

OPERATORS: dict[str, Callable[[Answer, Answer], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SHAPE = re.compile(r"^(\w+) (=|!=|<=?|>=?) (\S+)$")


@dataclass(frozen=True)
class Condition:
    """A comparison with its value already read as the question's type."""

    question: str
    op: str
    value: Answer

    def holds(self, body: Mapping[str, object]) -> bool:
        """Say whether the answers satisfy it; an unanswered question satisfies nothing, nor does a text any order of numbers."""
        answer = body.get(self.question)
        if not isinstance(answer, bool | int | float | str):
            return False
        if isinstance(answer, str) and self.op not in ("=", "!="):
            return False
        return OPERATORS[self.op](answer, self.value)


@dataclass(frozen=True)
class Closed:
    """Another matter of the same subject was settled."""

    matter: str


@dataclass(frozen=True)
class Named:
    """A rule of ``rules`` says so."""

    rule: str


Trigger = Condition | Closed | Named


@lru_cache(maxsize=4096)
def comparison(text: str, activity: Activity) -> Condition:
    """Read a condition over an activity's questions; raise ValueError with the reason, unknown words listed with what exists."""
    match = _SHAPE.match(text)
    if match is None:
        raise ValueError(say("“{text}”不是“open = yes”这样的一次比较", text=text))
    name, op, word = match.groups()
    question = activity.question(name) if "." not in name else None
    if question is None:
        raise UnknownWordError(name, [ask.name for ask in activity.ask])
    if question.personal:
        raise ValueError(say("问题“{name}”的答案是个人信息，不能用作条件", name=name))
    if op not in ("=", "!=") and question.type != "number":
        raise ValueError(say("“{op}”比较数，而问题“{name}”的类型是 {type}", op=op, name=name, type=question.type))
    return Condition(name, op, _value(word, question))


def trigger(text: str, activity: Activity) -> Trigger:
    """Read what opens or closes a matter; raise ValueError."""
    verb, _, noun = text.partition(" ")
    if verb == "closed":
        names = [matter.name for matter in activity.matter]
        if noun not in names:
            raise UnknownWordError(noun, names)
        return Closed(noun)
    if verb == "rule":
        if noun not in RULES:
            raise UnknownWordError(noun, list(RULES))
        return Named(noun)
    return comparison(text, activity)


class UnknownWordError(ValueError):
    """A word that names nothing; ``known`` are those that would."""

    def __init__(self, word: str, known: list[str]) -> None:
        super().__init__(word)
        self.word, self.known = word, known


def _value(word: str, question: Ask) -> Answer:
    if question.type == "yes_no":
        if word not in ("yes", "no"):
            raise UnknownWordError(word, ["yes", "no"])
        return word == "yes"
    if question.type == "number":
        try:
            return float(word)
        except ValueError:
            raise ValueError(say("“{word}”不是数，而问题“{name}”要一个数", word=word, name=question.name)) from None
    if question.type == "choice":
        names = [option.name for option in question.options]
        if word not in names:
            raise UnknownWordError(word, names)
        return word
    raise ValueError(say("问题“{name}”的类型是 {type}，不能用作条件", name=question.name, type=question.type))


MOST_FIGURES = 63
"""So many figures an activity may declare: a bit for each."""


def feeds(activity: Activity, body: Mapping[str, Any]) -> int:
    """Return which of an activity's figures over records some answers feed: bit n stands for the n-th in its file."""
    fed = 0
    for bit, condition, nouns in _feeders(activity):
        if (condition is None or condition.holds(body)) and (not nouns or any(noun in body for noun in nouns)):
            fed |= bit
    return fed


@lru_cache(maxsize=1024)
def _feeders(activity: Activity) -> list[tuple[int, Condition | None, tuple[str, ...]]]:
    """Return each figure's bit, its condition, and the questions of which one must be answered."""
    return [
        (1 << n, comparison(rule.when, activity) if rule.when else None, rule.nouns if rule.verb in ("balance", "latest") else ())
        for n, rule in enumerate(activity.figure)
    ]
