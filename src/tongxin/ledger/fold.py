"""What a subject's records come to: its matters. Pure: definitions and records in, matters out.

State is a function of the *set* of records: they are folded in (occurred_at, device, chain, seq) order, whatever order they
came in.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from tongxin.base.clock import tonight
from tongxin.playbook.condition import Condition, parse
from tongxin.playbook.schema import Activity, MatterRule


@dataclass(frozen=True, slots=True)
class Fact:
    """What a fold needs of a record. ``area``, ``category`` and the rest are as they were when it was appended."""

    position: int
    id: UUID
    device: UUID
    chain: UUID
    seq: int
    subject: str
    member: UUID
    incident: UUID
    order: UUID
    duty: UUID | None
    place: UUID | None
    organisation: UUID
    area: str
    category: str
    duty_due_at: datetime | None
    body: Mapping[str, Any]
    occurred_at: datetime
    day: Any

    @property
    def key(self) -> tuple[datetime, UUID, UUID, int]:
        """The fold order."""
        return (self.occurred_at, self.device, self.chain, self.seq)


@dataclass(frozen=True, slots=True)
class State:
    """A matter as folded: the fact that opened it, the latest that touched it, and the one that closed it, if any."""

    id: UUID
    rule: MatterRule
    opened: Fact
    due_at: datetime
    last: Fact
    closed: Fact | None = None


def matters(activity: Activity, facts: Iterable[Fact]) -> list[State]:
    """Fold one subject's facts under an activity into its matters, in the order in which they opened."""
    ordered = sorted(facts, key=lambda fact: fact.key)
    return [state for rule in activity.matter for state in _follow(activity, rule, ordered)]


def _follow(activity: Activity, rule: MatterRule, facts: Sequence[Fact]) -> Iterable[State]:
    opens, closes = parse(rule.opens, activity), parse(rule.closes, activity)
    current: State | None = None
    for fact in facts:
        if current is None:
            if opens.holds(fact.body):
                current = State(_id(rule, fact), rule, fact, due(rule, fact), fact)
        elif closes.holds(fact.body):
            yield replace(current, last=fact, closed=fact)
            current = None
        elif _speaks(fact, opens):
            current = replace(current, last=fact)
    if current is not None:
        yield current


def _id(rule: MatterRule, fact: Fact) -> UUID:
    return uuid5(fact.id, rule.name)


def _speaks(fact: Fact, condition: Condition) -> bool:
    return condition.question in fact.body


def due(rule: MatterRule, fact: Fact) -> datetime:
    """Return when a matter that a fact opens is due."""
    if rule.due == "duty" and fact.duty_due_at is not None:
        return fact.duty_due_at
    if rule.due.endswith("h"):
        return fact.occurred_at + timedelta(hours=int(rule.due[:-1]))
    return tonight(fact.occurred_at)
