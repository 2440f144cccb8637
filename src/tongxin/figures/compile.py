"""What one subject's records contribute to the figures of its activity. Pure: a fold's facts and matters in, cells out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple
from uuid import UUID

from tongxin.ledger.fold import State, Versions, balance
from tongxin.ledger.resolving import Fact
from tongxin.playbook.condition import Condition, comparison
from tongxin.playbook.faults import FIELDS
from tongxin.playbook.schema import Activity, FigureRule

MS_PER_HOUR = 3_600_000
PER_UNIT = 1000
"""Sums are kept in thousandths: answers have at most three decimals."""
MOST_KEY = 160
_MILLISECOND = timedelta(milliseconds=1)


class CellKey(NamedTuple):
    """Which cell a contribution falls into; ``key`` is empty, or what a distinct count counts once."""

    incident: UUID
    figure: str
    day: date
    area: str
    organisation: UUID
    category: str
    key: str


@dataclass
class Sum:
    """What has come together in a cell: how many contributions, and their amount."""

    records: int = 0
    amount: int = 0

    def add(self, records: int, amount: int) -> None:
        """Add to it; negative numbers take away."""
        self.records += records
        self.amount += amount


Cells = dict[CellKey, Sum]


def contribute(versions: Versions, facts: Sequence[Fact], states: Iterable[State], cells: Cells, sign: int = 1) -> None:
    """Add (or with ``sign`` -1 take away) what one subject's counting facts, in fold order, and matters count for, in place.

    Each fact counts by the version of its activity that it was made under, each matter by that of the fact that opened it.
    """
    for at, amount, records in (*_of_facts(versions, facts), *_of_matters(versions, states)):
        total = cells.get(at)
        if total is None:
            total = cells[at] = Sum()
        total.add(sign * records, sign * amount)


Contribution = tuple[CellKey, int, int]
"""Where it falls, its amount, and for how many records it stands."""


class _Counted(NamedTuple):
    """A figure, read once for the thousands of records that it counts: ``name`` is that of its cells."""

    rule: FigureRule
    name: str
    verb: str
    nouns: tuple[str, ...]
    when: Condition | None


@cache
def _counted(activity: Activity) -> tuple[_Counted, ...]:
    return tuple(
        _Counted(
            rule, f"{activity.id}.{rule.name}", rule.verb, rule.nouns, comparison(rule.when, activity) if rule.when else None
        )
        for rule in activity.figure
    )


def _of_facts(versions: Versions, facts: Iterable[Fact]) -> Iterator[Contribution]:
    latest: dict[tuple[UUID, str], tuple[Fact, int]] = {}
    for fact in facts:
        if fact.act != "report":
            continue
        for counted in _counted(versions[fact.activity_hash]):
            if counted.verb == "latest":
                yield from _latest(counted, fact, latest)
            elif counted.verb in AMOUNTS and (counted.when is None or counted.when.holds(fact.body)):
                yield _cell(fact, counted, _key(counted, fact)), AMOUNTS[counted.verb](counted.rule, fact), 1


def _latest(counted: _Counted, fact: Fact, latest: dict[tuple[UUID, str], tuple[Fact, int]]) -> Iterator[Contribution]:
    """Yield what a newer number changes: on its day it comes, and the one before goes from where it lay."""
    number = fact.body.get(counted.nouns[0])
    if not isinstance(number, int | float):
        return
    before = latest.get((fact.incident, counted.name))
    if before is not None:
        yield _cell(before[0], counted, "", fact.day), -before[1], -1
    latest[fact.incident, counted.name] = (fact, _thousandths(number))
    yield _cell(fact, counted, ""), _thousandths(number), 1


def _of_matters(versions: Versions, states: Iterable[State]) -> Iterator[Contribution]:
    for state in states:
        if state.merged:
            continue
        for counted in _counted(versions[state.opened.activity_hash]):
            if counted.verb not in ("opened", "closed", "duration") or counted.nouns[0] != state.rule.name:
                continue
            if counted.verb == "opened":
                yield _cell(state.opened, counted, ""), 1, 1
            elif state.closed is not None and counted.verb == "closed":
                yield _cell(state.closed, counted, ""), 1, 1
            elif state.closed is not None:
                lasted = state.closed.occurred_at - state.opened.occurred_at
                yield _cell(state.opened, counted, ""), lasted // _MILLISECOND, 1


def _cell(fact: Fact, counted: _Counted, key: str, day: date | None = None) -> CellKey:
    return CellKey(fact.incident, counted.name, day or fact.day, fact.area, fact.organisation, fact.category, key)


def _key(counted: _Counted, fact: Fact) -> str:
    """Return what a distinct count counts once: parts of the record, or answers."""
    if counted.verb != "distinct":
        return ""
    parts = (str(getattr(fact, noun)) if noun in FIELDS else str(fact.body.get(noun, "")) for noun in counted.nouns)
    return "/".join(parts)[:MOST_KEY]


def _added(rule: FigureRule, fact: Fact) -> int:
    """Return what a fact adds to a sum, in thousandths; over a repeat, what all its rows add."""
    outer, _, inner = rule.nouns[0].partition(".")
    answer = fact.body.get(outer)
    numbers = [row.get(inner) for row in answer] if isinstance(answer, list) else [answer]
    return sum(_thousandths(number) for number in numbers if isinstance(number, int | float))


def _thousandths(number: float) -> int:
    return round(number * PER_UNIT)


AMOUNTS: Mapping[str, Callable[[FigureRule, Fact], int]] = {
    "records": lambda _, __: 1,
    "distinct": lambda _, __: 1,
    "sum": _added,
    "balance": lambda rule, fact: _thousandths(balance(rule.nouns, fact.body)),
}


def is_stock(rule: FigureRule) -> bool:
    """Say whether a figure tells how much there is at the end of a day, so that days before it count too."""
    return rule.verb in ("balance", "latest")


def value(rule: FigureRule, amount: int) -> int | float:
    """Return a figure's value: a count, a sum as it was answered, or for a duration its hours to one decimal."""
    if rule.verb == "duration":
        return round(amount / MS_PER_HOUR, 1)
    if rule.verb in ("sum", "balance", "latest"):
        return amount // PER_UNIT if amount % PER_UNIT == 0 else amount / PER_UNIT
    return amount
