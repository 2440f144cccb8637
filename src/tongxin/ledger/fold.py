"""What counting records come to. Pure: definitions and one subject's facts in; matters and conflicts out.

Facts are folded in (occurred_at, device, chain, seq) order, whatever order they came in. Each is judged by the version of its
activity that it was made under.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from tongxin.base.clock import tonight
from tongxin.ledger.resolving import MAY_DECIDE, RANKS, Fact, Key
from tongxin.playbook.condition import Closed, Condition, Named, Trigger, trigger
from tongxin.playbook.rules import RULES
from tongxin.playbook.schema import Activity, FigureRule, MatterRule, Text
from tongxin.protocol.record import ACTS_ON_MATTERS

Versions = Mapping[str, Activity]


@dataclass(frozen=True, slots=True)
class State:
    """A matter as folded: the fact that opened it, the latest that touched it, and the one that closed it, if any.

    ``answerable`` is the organisation that must see to it: that of the fact that opened it, until another is named. ``waiting``
    is the fact that would close it but for an approval. A ``merged`` matter lives on in another and counts no more.
    """

    id: UUID
    rule: MatterRule
    opened: Fact
    due_at: datetime
    last: Fact
    answerable: UUID
    closed: Fact | None = None
    waiting: Fact | None = None
    merged: bool = False


def matters(
    versions: Versions,
    facts: Iterable[Fact],
    conflicts: Iterable[tuple[str, Fact]] = (),
    standing: Sequence[State] = (),
) -> list[State]:
    """Fold one subject's counting facts into its matters and conflicts, in the order in which they opened.

    The facts may be the later part of its story, from some moment on: ``standing`` are then the matters that stood open at that
    moment, and what is returned is how these went on and what opened after them. That is what the whole story would come to
    from there on as long as no decision is among the facts and none of them ``looks_back``.
    """
    ordered = sorted(facts, key=lambda fact: fact.key)
    decisions = [fact for fact in ordered if fact.act in ACTS_ON_MATTERS]
    walk = _Walk(versions, ordered, standing)
    states = [state for name in walk.names() for state in walk.states(name)]
    before = {state.id for state in standing}
    between = {
        (name, fact.id): fact
        for name, fact in (*conflicts, *_two_posts(versions, states, before), *_below_zero(versions, ordered))
    }
    states += [_settled(_conflict(name, fact), decisions) for (name, _), fact in between.items()]
    known = {state.id for state in states}
    for fact in decisions:
        if fact.target not in known:
            states.append(_settled(_conflict("conflict_decision", fact), decisions))
            known.add(states[-1].id)
    return sorted(states, key=lambda state: (state.opened.key, state.rule.name, state.id))


@cache
def looks_back(activity: Activity) -> bool:
    """Say whether what a fact comes to hangs on more of the facts before it than on the matters that they left open."""
    by_rule = any(isinstance(when, Named) for _, opens, closes in _followed(activity).values() for when in (opens, closes))
    return by_rule or any(rule.verb in ("latest", "balance") for rule in activity.figure)


Whose = tuple[UUID, UUID | None]
"""An incident, and a duty where a matter is kept for each: matters of two incidents never mix."""


class _Walk:
    """Follows one subject's facts through every matter of its activity."""

    def __init__(self, versions: Versions, facts: Sequence[Fact], standing: Sequence[State]) -> None:
        self._versions, self._facts, self._standing = versions, facts, standing
        self._closings: dict[str, set[Key]] = {}
        self._found: dict[str, list[State]] = {}

    def names(self) -> Iterable[str]:
        """Return the names of all matters that stand open or that any of the facts' versions declares."""
        hashes = {fact.activity_hash for fact in self._facts}
        declared = [name for hash_ in hashes for name in _followed(self._versions[hash_])]
        return dict.fromkeys([state.rule.name for state in self._standing] + declared)

    def states(self, name: str) -> list[State]:
        """Return the matters of one name."""
        if name not in self._found:
            self._found[name] = []  # a circle between versions ends here
            self._found[name] = list(self._follow(name))
            self._closings[name] = {state.closed.key for state in self._found[name] if state.closed and not state.merged}
        return self._found[name]

    def _follow(self, name: str) -> Iterator[State]:
        current = {_whose(state.rule, state.opened): state for state in self._standing if state.rule.name == name}
        earlier: list[Fact] = []
        for fact in self._facts:
            followed = _followed(self._versions[fact.activity_hash]).get(name)
            if fact.act in ACTS_ON_MATTERS:
                yield from _decide(current, fact)
                if followed is not None and isinstance(followed.opens, Closed):
                    self._open(current, followed, fact)
                continue
            if followed is not None:
                yield from self._step(current, followed, fact, earlier)
            earlier.append(fact)
        yield from current.values()

    def _open(self, current: dict[Whose, State], followed: "_Followed", fact: Fact) -> None:
        """Open what opens as another matter closes, if this decision closed that."""
        whose = _whose(followed.rule, fact)
        if whose not in current and self._holds(followed.opens, fact, ()):
            current[whose] = _opened(followed.rule, fact)

    def _step(self, current: dict[Whose, State], followed: "_Followed", fact: Fact, earlier: Sequence[Fact]) -> Iterator[State]:
        whose = _whose(followed.rule, fact)
        state = current.get(whose)
        if state is None:
            if self._holds(followed.opens, fact, earlier):
                current[whose] = _opened(followed.rule, fact)
        elif self._holds(followed.closes, fact, earlier):
            if state.rule.approval:
                current[whose] = replace(state, last=fact, waiting=fact)
            else:
                del current[whose]
                yield replace(state, last=fact, closed=fact)
        elif isinstance(followed.opens, Condition) and followed.opens.question in fact.body:
            current[whose] = replace(state, last=fact, waiting=None)

    def _holds(self, condition: Trigger, fact: Fact, earlier: Sequence[Fact]) -> bool:
        if isinstance(condition, Named):
            return RULES[condition.rule](fact, earlier)
        if isinstance(condition, Closed):
            self.states(condition.matter)
            return fact.key in self._closings.get(condition.matter, ())
        return condition.holds(fact.body)


class _Followed(NamedTuple):
    """A rule with what opens and closes its matters, read once for the thousands of facts that it is held against."""

    rule: MatterRule
    opens: Trigger
    closes: Trigger


@cache
def _followed(activity: Activity) -> Mapping[str, _Followed]:
    """Return the rules of an activity by the names of their matters."""
    return {rule.name: _Followed(rule, trigger(rule.opens, activity), trigger(rule.closes, activity)) for rule in activity.matter}


def _opened(rule: MatterRule, fact: Fact) -> State:
    return State(matter_id(fact, rule.name), rule, fact, due(rule, fact), fact, fact.organisation)


def _whose(rule: MatterRule, fact: Fact) -> Whose:
    return (fact.incident, fact.duty if rule.per == "duty" else None)


def _decide(current: dict[Whose, State], decision: Fact) -> Iterator[State]:
    """Apply a decision about a matter that stands open."""
    for whose, state in list(current.items()):
        if state.id == decision.target and (after := _decided(state, decision)) is not None:
            current[whose] = after
            if after.closed is not None:
                yield current.pop(whose)


def _decided(state: State, decision: Fact) -> State | None:
    """Return an open matter as a decision leaves it, or None if the decision does not hold."""
    closed = replace(state, last=decision, closed=decision)
    if decision.act == "approve":
        holds = state.waiting is not None and state.rule.approval is not None and state.waiting.typist != decision.typist
        return closed if holds and _ranks(decision.role, state.rule.approval) else None
    if decision.role not in MAY_DECIDE:
        return None
    if decision.act == "settle":
        return closed
    if decision.act == "reassign":
        organisation = _uuid(decision.body.get("organisation"))
        return replace(state, last=decision, answerable=organisation) if organisation is not None else None
    into = _uuid(decision.body.get("into"))
    # Of two matters the one with the lesser id, which is the older, lives on: so merges never go round in a circle.
    return replace(closed, merged=True) if into is not None and into < state.id else None


def _ranks(role: str, least: str | None) -> bool:
    return role in RANKS and least in RANKS and RANKS.index(role) >= RANKS.index(least)


def _uuid(text: object) -> UUID | None:
    """Return the UUID that a text is in its one form; None for any other."""
    try:
        found = UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if str(found) == text else None


def matter_id(fact: Fact, name: str) -> UUID:
    """Return a matter's id: the time-ordered head of the id of the record that opened it, then a hash (RFC 9562, version 8)."""
    digest = sha256(fact.id.bytes + name.encode()).digest()
    return UUID(bytes=fact.id.bytes[:6] + bytes([0x80 | digest[0] & 0x0F, digest[1], 0x80 | digest[2] & 0x3F]) + digest[3:10])


def due(rule: MatterRule, fact: Fact) -> datetime:
    """Return when a matter that a fact opens is due."""
    if rule.due == "duty" and fact.duty_due_at is not None:
        return fact.duty_due_at
    if rule.due.endswith("h"):
        return fact.occurred_at + timedelta(hours=int(rule.due[:-1]))
    if rule.due[:-1].isdigit():
        return tonight(fact.occurred_at + timedelta(days=int(rule.due[:-1])))
    return tonight(fact.occurred_at)


CONFLICTS = {
    name: MatterRule(name, Text(zh, en), "", "", owner="duty_officer")
    for name, zh, en in (
        ("conflict_copies", "同一编号的两条记录内容不同", "Two records under one id say different things"),
        ("conflict_corrections", "两个人对同一条记录作了不同更正", "Two people corrected one record"),
        ("conflict_posts", "同一人同时在两个岗位", "One member at two posts at once"),
        ("conflict_balance", "结存为负", "A balance below zero"),
        ("conflict_decision", "处理意见找不到它所说的事项", "A decision about a matter that is not there"),
    )
}
"""What no activity declares: contradictions between records. They cannot be prevented offline, only never go unnoticed."""


def _conflict(name: str, fact: Fact) -> State:
    rule = CONFLICTS[name]
    return State(matter_id(fact, name), rule, fact, due(rule, fact), fact, fact.organisation)


def _settled(state: State, decisions: Sequence[Fact]) -> State:
    """Return a conflict as decisions leave it: reassigned until the first that settles it."""
    for fact in decisions:
        if state.closed is None and fact.act in ("settle", "reassign") and fact.target == state.id:
            state = _decided(state, fact) or state
    return state


def _two_posts(versions: Versions, states: Iterable[State], before: Collection[UUID]) -> Iterator[tuple[str, Fact]]:
    """Yield every arrival at one post while the same member's shift at another still runs, but for those of ``before``."""
    shifts = [state for state in states if state.rule.per == "duty" and versions[state.opened.activity_hash].kind == "post"]
    for later in shifts:
        if later.id in before:
            continue
        for earlier in shifts:
            overlaps = earlier.opened.key < later.opened.key and (earlier.closed is None or later.opened.key < earlier.closed.key)
            if overlaps and earlier.opened.duty != later.opened.duty and earlier.rule.name == later.rule.name:
                yield "conflict_posts", later.opened
                break


def _below_zero(versions: Versions, facts: Iterable[Fact]) -> Iterator[tuple[str, Fact]]:
    """Yield every fact that takes a running balance from zero or more to below."""
    held: dict[tuple[UUID, str], float] = defaultdict(float)
    for fact in facts:
        if fact.act != "report":
            continue
        for rule in _balances(versions[fact.activity_hash]):
            before = held[fact.incident, rule.name]
            held[fact.incident, rule.name] = round(before + balance(rule.nouns, fact.body), 3)
            if before >= 0 > held[fact.incident, rule.name]:
                yield "conflict_balance", fact


@cache
def _balances(activity: Activity) -> list[FigureRule]:
    return [rule for rule in activity.figure if rule.verb == "balance"]


def balance(nouns: Sequence[str], body: Mapping[str, Any]) -> float:
    """Return what a fact adds to a running balance: what came less what went."""
    came, went = (body.get(noun) for noun in nouns)
    return (came if isinstance(came, int | float) else 0) - (went if isinstance(went, int | float) else 0)
