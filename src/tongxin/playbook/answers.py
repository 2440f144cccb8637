"""Whether answers fit their questions: type, range, what is required, what was not to be asked."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from tongxin.base.words import say
from tongxin.playbook.condition import comparison
from tongxin.playbook.schema import Activity, Ask

MOST_TEXT = 2000
MOST_ROWS = 200
_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z ./:-]{0,63}")


def faults(activity: Activity, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (question, reason) for every answer that does not fit, and every one that is missing."""
    for name in body.keys() - _names(activity):
        yield name, say("没有这个问题")
    for ask in activity.ask:
        shown = not ask.show_when or comparison(ask.show_when, activity).holds(body)
        if not (shown and ask.name in body and ask.type != "repeat" and fits(ask, body[ask.name])):
            yield from _answer_faults(ask, body, shown=shown)


@lru_cache(maxsize=1024)
def _names(activity: Activity) -> frozenset[str]:
    return frozenset(ask.name for ask in activity.ask)


def _answer_faults(ask: Ask, body: Mapping[str, Any], *, shown: bool) -> Iterator[tuple[str, str]]:
    if ask.name not in body:
        if ask.required and shown:
            yield ask.name, say("没有回答")
    elif not shown:
        yield ask.name, say("这时不问这个问题")
    elif not fits(ask, body[ask.name]):
        yield ask.name, say("答案的类型或范围不对")
    elif ask.type == "repeat":
        yield from _row_faults(ask, body[ask.name])


def _row_faults(ask: Ask, rows: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    names = {inner.name for inner in ask.ask}
    for index, row in enumerate(rows):
        at = f"{ask.name}[{index}]"
        for name in row.keys() - names:
            yield f"{at}.{name}", say("没有这个问题")
        for inner in ask.ask:
            for name, reason in _answer_faults(inner, row, shown=True):
                yield f"{at}.{name}", reason


def fits(ask: Ask, answer: object) -> bool:
    """Say whether an answer has its question's type and range; of a repeat, whether it is rows at all."""
    check = _TYPES.get(ask.type)
    return check is not None and check(ask, answer)


def _number(ask: Ask, answer: object) -> bool:
    if not isinstance(answer, int | float) or isinstance(answer, bool):
        return False
    above, below = ask.min is None or answer >= ask.min, ask.max is None or answer <= ask.max
    return above and below and round(answer, ask.decimals) == answer


def _text(_: Ask, answer: object) -> bool:
    return isinstance(answer, str) and 0 < len(answer) <= MOST_TEXT


def _date(_: Ask, answer: object) -> bool:
    try:
        return isinstance(answer, str) and date.fromisoformat(answer).isoformat() == answer
    except ValueError:
        return False


def _position(_: Ask, answer: object) -> bool:
    """Accept millionths of a degree and the accuracy in metres, all whole."""
    if not isinstance(answer, dict) or answer.keys() != {"lat", "lon", "within"}:
        return False
    lat, lon, within = answer["lat"], answer["lon"], answer["within"]
    if not all(isinstance(part, int) and not isinstance(part, bool) for part in (lat, lon, within)):
        return False
    return bool(abs(lat) <= 90_000_000 and abs(lon) <= 180_000_000 and 0 <= within <= 100_000)  # noqa: PLR2004 - degrees of a globe


def _rows(_: Ask, answer: object) -> bool:
    return isinstance(answer, list) and len(answer) <= MOST_ROWS and all(isinstance(row, dict) for row in answer)


_TYPES: dict[str, Callable[[Ask, object], bool]] = {
    "yes_no": lambda _, answer: isinstance(answer, bool),
    "choice": lambda ask, answer: answer in [option.name for option in ask.options],
    "number": _number,
    "text": _text,
    "date": _date,
    "position": _position,
    "code": lambda _, answer: isinstance(answer, str) and _CODE.fullmatch(answer) is not None,
    "repeat": _rows,
}
"""Phone numbers, photos and signatures are personal: they come with sealing, and until then the loader refuses them."""
