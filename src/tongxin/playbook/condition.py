"""One comparison: ``question = value``, with ``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=``. It never grows into a language."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tongxin.base.words import say
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
        """Say whether the answers satisfy it; an unanswered question satisfies nothing."""
        answer = body.get(self.question)
        if not isinstance(answer, bool | int | float | str):
            return False
        return OPERATORS[self.op](answer, self.value)


def parse(text: str, activity: Activity) -> Condition:
    """Read a condition over an activity's questions; raise ValueError with the reason, unknown words listed with what exists."""
    match = _SHAPE.match(text)
    if match is None:
        raise ValueError(say("“{text}”不是“open = yes”这样的一次比较", text=text))
    name, op, word = match.groups()
    question = activity.question(name)
    if question is None:
        raise UnknownWordError(name, [ask.name for ask in activity.ask])
    if op not in ("=", "!=") and question.type != "number":
        raise ValueError(say("“{op}”比较数，而问题“{name}”的类型是 {type}", op=op, name=name, type=question.type))
    return Condition(name, op, _value(word, question))


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
    raise ValueError(say("问题“{name}”是自由填写的文字，不能用作条件", name=question.name))
