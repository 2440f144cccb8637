"""An activity's form at the desk: what a record answers as fields of a page, and what was typed there as answers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tongxin.base.words import say
from tongxin.desk import wording
from tongxin.playbook.schema import Activity, Ask

KEPT = frozenset({"position", "repeat"})
"""Types of questions whose answers no single field can hold: they stay as they are."""
_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,3})?")
"""Numbers as the protocol has them; full-width digits, too."""
_YES_NO = {"yes": True, "no": False}


@dataclass(frozen=True)
class Field:
    """A question as a page shows it; ``options`` are (value, text, chosen), ``shown`` an answer that is kept as it is."""

    name: str
    label: str
    type: str
    unit: str
    required: bool
    value: str
    options: list[tuple[str, str, bool]]
    shown: str
    fault: str


def fields(form: Activity, body: Mapping[str, Any], faults: Mapping[str, str]) -> list[Field]:
    """Return the questions of a form with the answers so far and what is wrong with them."""
    return [
        Field(
            name=ask.name,
            label=wording.text(ask.label),
            type=ask.type,
            unit=wording.text(ask.unit) if ask.unit else "",
            required=ask.required,
            value=str(body.get(ask.name, "")),
            options=_options(ask, body.get(ask.name)),
            shown=wording.answer(ask, body[ask.name]) if ask.type in KEPT and ask.name in body else "",
            fault=faults.get(ask.name, ""),
        )
        for ask in form.ask
    ]


def _options(ask: Ask, chosen: object) -> list[tuple[str, str, bool]]:
    if ask.type == "yes_no":
        offered = [("yes", say("是"), chosen is True), ("no", say("否"), chosen is False)]
    elif ask.type == "choice":
        offered = [(option.name, wording.text(option.label), option.name == chosen) for option in ask.options]
    else:
        return []
    return [("", say("没有回答"), chosen is None), *offered]


def read(form: Activity, typed: Mapping[str, str], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers that were typed; what cannot be read stays text, so that it is found not to fit its question."""
    body: dict[str, Any] = {}
    for ask in form.ask:
        value = before.get(ask.name) if ask.type in KEPT else _answer(ask, typed.get(ask.name, "").strip())
        if value is not None:
            body[ask.name] = value
    return body


def _answer(ask: Ask, text: str) -> Any:  # noqa: ANN401 - any answer
    if not text:
        return None
    if ask.type == "yes_no":
        return _YES_NO.get(text, text)
    return _number(text) if ask.type == "number" else text


def _number(text: str) -> int | float | str:
    if not _NUMBER.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)
