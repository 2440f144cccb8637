"""What one subject's records contribute to the figures of its activity. Pure: a fold's facts and matters in, cells out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from tongxin.ledger.fold import Fact, State
from tongxin.playbook.condition import parse
from tongxin.playbook.schema import Activity, FigureRule

MS_PER_HOUR = 3_600_000


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


def contribute(activity: Activity, facts: Sequence[Fact], states: Iterable[State], cells: Cells, sign: int = 1) -> None:
    """Add (or with ``sign`` -1 take away) what one subject's facts and matters count for, in place."""
    matters = list(states)
    for rule in activity.figure:
        name = f"{activity.id}.{rule.name}"
        for fact, key, amount in _contributions(activity, rule, facts, matters):
            at = CellKey(fact.incident, name, fact.day, fact.area, fact.organisation, fact.category, key)
            cells.setdefault(at, Sum()).add(sign, sign * amount)


def _contributions(
    activity: Activity, rule: FigureRule, facts: Sequence[Fact], states: Sequence[State]
) -> Iterable[tuple[Fact, str, int]]:
    """Yield (fact whose day and place it counts for, key, amount)."""
    if rule.verb in ("records", "distinct"):
        condition = parse(rule.when, activity) if rule.when else None
        return [(fact, _key(rule, fact), 1) for fact in facts if condition is None or condition.holds(fact.body)]
    mine = [state for state in states if state.rule.name == rule.nouns[0]]
    if rule.verb == "opened":
        return [(state.opened, "", 1) for state in mine]
    if rule.verb == "closed":
        return [(state.closed, "", 1) for state in mine if state.closed]
    return [(state.opened, "", _lasted(state)) for state in mine if state.closed]


def _lasted(state: State) -> int:
    """Return how many milliseconds a closed matter lasted."""
    end = state.closed.occurred_at if state.closed else state.opened.occurred_at
    return (end - state.opened.occurred_at) // timedelta(milliseconds=1)


def _key(rule: FigureRule, fact: Fact) -> str:
    return "/".join(str(getattr(fact, noun)) for noun in rule.nouns) if rule.verb == "distinct" else ""


def value(rule: FigureRule, amount: int) -> int | float:
    """Return a figure's value: a count, or for a duration its hours to one decimal."""
    return round(amount / MS_PER_HOUR, 1) if rule.verb == "duration" else amount
