"""The 26 rows of the report that Tongxin is built from, each beside what the reference drill's records come to.

``report.toml`` says of each row what was published, and which figures reproduce it. A row is ``green`` if all of them do, ``red``
if one does not, and ``not yet`` while nothing reproduces it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

import msgspec

Number = int | float
SMALL_STEP, LARGE_STEP, LARGE = 10, 100, 200


class Check(msgspec.Struct, forbid_unknown_fields=True):
    """A figure, narrowed by a kind of place or an area, and what it must come to.

    ``by`` tells the figure apart (day, town, area, organisation, category); then ``take`` says whether the number of its parts is
    meant (``parts``) or every one of them (``each``).
    """

    figure: str
    says: str
    category: str = ""
    area: str = ""
    by: str = ""
    take: Literal["value", "parts", "each"] = "value"


class Row(msgspec.Struct, forbid_unknown_fields=True):
    """A row of the report: what it describes, what was published, what shows it here. No checks: not yet."""

    id: str
    what: str
    published: str
    where: str
    page: str = ""
    test: str = ""
    check: list[Check] = []


@dataclass(frozen=True)
class Reproduced:
    """A row with the numbers that its figures came to, as many as it has checks."""

    row: Row
    numbers: Sequence[Sequence[Number]]

    @property
    def state(self) -> str:
        """``green``, ``red`` or ``not yet``."""
        if not self.row.check:
            return "not yet"
        pairs = zip(self.row.check, self.numbers, strict=True)
        return "green" if all(found and all(meets(check.says, number) for number in found) for check, found in pairs) else "red"

    @property
    def shown(self) -> str:
        """The numbers as they are printed; of many equal ones, one."""
        return "; ".join(
            " to ".join(f"{n:,}" for n in dict.fromkeys((min(found), max(found)))) for found in self.numbers if found
        )

    def as_json(self) -> dict[str, object]:
        """Return all of it."""
        content: dict[str, object] = msgspec.to_builtins(self.row)
        return content | {"reproduced": [list(found) for found in self.numbers], "state": self.state}


class _Report(msgspec.Struct, forbid_unknown_fields=True):
    row: list[Row]


def rows() -> list[Row]:
    """Return the report's rows in its order."""
    data = (resources.files("tongxin_drill") / "report.toml").read_bytes()
    return msgspec.toml.decode(data, type=_Report).row


def meets(says: str, number: Number) -> bool:
    """Say whether a number is what was published.

    ``N余`` is more than N, but by less than a step: 10 below 200, 100 from there on. ``over N`` has no upper end, ``N`` is exact.
    """
    if says.endswith("余"):
        least = _number(says[:-1])
        return least < number < least + (SMALL_STEP if least < LARGE else LARGE_STEP)
    if says.startswith("over "):
        return number > _number(says[5:])
    return number == _number(says)


def _number(text: str) -> int:
    return int(text.replace(",", ""))


Ask = Callable[[Mapping[str, str]], dict[str, Any]]
"""Asks a door for an incident's figures, narrowed as the parameters say (docs/doors.md)."""


def reproduced(rows: Iterable[Row], ask: Ask) -> list[Reproduced]:
    """Ask for every row's figures, for each part of them once."""
    answers: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}

    def numbers(check: Check) -> list[Number]:
        part = {name: value for name in ("category", "area", "by") if (value := getattr(check, name))}
        key = tuple(part.items())
        if key not in answers:
            answers[key] = ask(part)
        return _taken(check, answers[key])

    return [Reproduced(row, [numbers(check) for check in row.check]) for row in rows]


def _taken(check: Check, answer: dict[str, Any]) -> list[Number]:
    if check.take == "value":
        return [answer["figures"].get(check.figure, 0)]
    parts = [part[check.figure] for part in answer["parts"].values() if part.get(check.figure)]
    return parts if check.take == "each" else [len(parts)]


def as_markdown(found: Iterable[Reproduced]) -> str:
    """Return the page for docs/."""
    lines = [
        "# The report, reproduced",
        "",
        "What the county's report published, and what the records of `tongxin drill liuyang-2022` come to (seed 7). This page is",
        "written by `tongxin report check --write docs/report.md` after that drill, and a test holds it. *not yet*: later work.",
        "",
        "| row | what it describes | published | reproduced | activity or room | page | test | state |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in found:
        row = one.row
        cells = (row.id, row.what, row.published, one.shown, row.where, row.page, row.test, one.state)
        lines.append("| " + " | ".join(f"`{cell}`" if cell and cell in (row.page, row.test) else cell for cell in cells) + " |")
    return "\n".join(lines) + "\n"
