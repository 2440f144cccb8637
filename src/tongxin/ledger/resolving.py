"""Which records count, and with what content. Pure: records in; facts, effects and contradictions out.

Copies of one id are one record, a correction takes its target's place, a withdrawal removes it, a release lets a marked one
count. What comes out is a function of the *set* of records with their settled times, whatever order they came in.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tongxin.people.access import COMMANDER, DUTY_OFFICER, LEADER, ROLE_KINDS, SECRETARY
from tongxin.protocol.record import ACTS_ON_RECORDS

Key = tuple[datetime, UUID, UUID, int]

RANKS = ROLE_KINDS[::-1]
MAY_DECIDE = frozenset({COMMANDER, DUTY_OFFICER, SECRETARY})
MAY_CORRECT = MAY_DECIDE | {LEADER}
"""Whoever made a record may correct or withdraw it; these may do it for others."""
RELEASABLE = frozenset({"ledger.not_ordered", "ledger.no_authority"})
"""Marks of records that say everything they must, so that a person's decision alone lets them count."""
DEEPEST = 40
"""Corrections of corrections are followed so far; what lies deeper has no effect."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What a fold needs of a record. ``area``, ``category`` and the rest are as they were when it was appended.

    ``member`` is who it speaks of or for, ``typist`` who made it, ``role`` the highest that the typist held there and then.
    """

    position: int
    id: UUID
    device: UUID
    chain: UUID
    seq: int
    act: str
    target: UUID | None
    activity: str
    activity_hash: str
    subject: str
    member: UUID
    typist: UUID
    role: str
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
    stated: bool
    day: date
    quarantine: str

    @property
    def key(self) -> Key:
        """The fold order."""
        return (self.occurred_at, self.device, self.chain, self.seq)

    def same_content(self, other: "Fact") -> bool:
        """Say whether two copies of a record say the same."""
        return _content(self) == _content(other)


def _content(fact: Fact) -> tuple[object, ...]:
    return (fact.act, fact.target, fact.activity, fact.subject, fact.member, fact.order, fact.duty, fact.place, fact.body)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a record comes to where that is not simply itself: the record at ``by`` stands in its place (None: nothing does).

    What stands there counts at ``occurred_at``, about ``activity`` and ``subject``.
    """

    by: int | None
    occurred_at: datetime
    day: date
    activity: str
    subject: str


@dataclass
class Resolved:
    """Facts that count, in fold order; effects by position; and (name, fact) of conflicts between records."""

    facts: list[Fact] = field(default_factory=list)
    effects: dict[int, Effect] = field(default_factory=dict)
    conflicts: list[tuple[str, Fact]] = field(default_factory=list)

    def by_subject(self) -> dict[tuple[str, str], tuple[list[Fact], list[tuple[str, Fact]]]]:
        """Return facts and conflicts by activity and subject."""
        found: dict[tuple[str, str], tuple[list[Fact], list[tuple[str, Fact]]]] = defaultdict(lambda: ([], []))
        for fact in self.facts:
            found[fact.activity, fact.subject][0].append(fact)
        for name, fact in self.conflicts:
            found[fact.activity, fact.subject][1].append((name, fact))
        return found


def resolve(records: Iterable[Fact]) -> Resolved:
    """Say which records count. What links records must be among them: every copy of an id, every target and what targets it."""
    out = Resolved()
    nodes = _one_of_each_id(records, out)
    judge = _Judge(nodes)
    for node in nodes.values():
        if node.act in ACTS_ON_RECORDS:
            continue
        content = judge.content(node)
        if content is None:
            if node.quarantine == "" and node.act == "report":
                out.effects[node.position] = _effect(None, node)
            continue
        fact = _in_place_of(node, content)
        out.facts.append(fact)
        if (content is not node or node.quarantine) and node.act == "report":
            out.effects[node.position] = _effect(content.position, fact)
        out.conflicts += [("conflict_corrections", replace(fact, id=rival.id)) for rival in judge.rivals(node)]
    out.facts.sort(key=lambda fact: fact.key)
    out.conflicts.sort(key=lambda pair: (pair[1].key, pair[0]))
    return out


def _one_of_each_id(records: Iterable[Fact], out: Resolved) -> dict[UUID, Fact]:
    """Return the copy of each id that counts: the least in fold order."""
    copies: dict[UUID, list[Fact]] = defaultdict(list)
    for record in records:
        copies[record.id].append(record)
    nodes = {}
    for id_, found in copies.items():
        if len(found) == 1:
            nodes[id_] = found[0]
            continue
        clean = [fact for fact in found if not fact.quarantine] or found
        first = min(clean, key=lambda fact: fact.key)
        nodes[id_] = first
        others = [fact for fact in clean if fact is not first]
        for other in others:
            if not other.quarantine and other.act == "report":
                out.effects[other.position] = _effect(None, other)
        different = [other for other in others if not other.same_content(first)]
        if different:
            out.conflicts.append(("conflict_copies", min(different, key=lambda fact: fact.key)))
    return nodes


def withdrawals(acts: Iterable[Fact]) -> dict[UUID, list[Fact]]:
    """Return the withdrawals that count, by what they target, in fold order. All that is done to the acts must be among them."""
    nodes = _one_of_each_id(acts, Resolved())
    judge = _Judge(nodes)
    found: dict[UUID, list[Fact]] = defaultdict(list)
    for node in sorted(nodes.values(), key=lambda fact: fact.key):
        if node.act == "withdraw" and node.target is not None and judge.content(node, 1) is not None:
            found[node.target].append(node)
    return found


def stand_in(hash_: str) -> UUID:
    """Return what a rejection targets where a record's id will not do: a UUID made of its hash (RFC 9562, version 8)."""
    made = bytearray.fromhex(hash_[:32])
    made[6], made[8] = 0x80 | made[6] & 0x0F, 0x80 | made[8] & 0x3F
    return UUID(bytes=bytes(made))


def _effect(by: int | None, fact: Fact) -> Effect:
    return Effect(by, fact.occurred_at, fact.day, fact.activity, fact.subject)


def _in_place_of(root: Fact, content: Fact) -> Fact:
    """Return what counts: the content of a correction at the place of what it corrects, or at the time that it states."""
    if content is root:
        return root
    moment = content if content.stated else root
    return replace(
        content, id=root.id, device=root.device, chain=root.chain, seq=root.seq, act=root.act, target=root.target,
        occurred_at=moment.occurred_at, day=moment.day,
    )  # fmt: skip


class _Judge:
    """Follows corrections, withdrawals and releases from record to record."""

    def __init__(self, nodes: Mapping[UUID, Fact]) -> None:
        self._children: dict[UUID, list[Fact]] = defaultdict(list)
        for node in nodes.values():
            if node.act in ACTS_ON_RECORDS and node.target is not None:
                self._children[node.target].append(node)
        for children in self._children.values():
            children.sort(key=lambda fact: fact.key, reverse=True)

    def content(self, node: Fact, depth: int = 0) -> Fact | None:
        """Return the record that stands in a record's place: of two corrections the later; None if it does not count."""
        if node.id not in self._children:
            return None if node.quarantine or depth > DEEPEST else node
        if depth > DEEPEST or not self._valid(node, depth) or self._withdrawn(node, depth):
            return None
        return next((content for _, content in self._corrections(node, depth)), node)

    def rivals(self, node: Fact, depth: int = 0) -> Iterator[Fact]:
        """Yield the corrections that lost to somebody else's: of a record, and of the one that stands in its place."""
        found = [child for child, _ in self._corrections(node, depth)] if node.id in self._children else []
        if found:
            yield from (child for child in found[1:] if child.typist != found[0].typist)
            yield from self.rivals(found[0], depth + 1)

    def _corrections(self, node: Fact, depth: int) -> Iterator[tuple[Fact, Fact]]:
        for child in self._children.get(node.id, ()):
            if child.act == "correct" and child.activity == node.activity and _may_correct(child, node):
                content = self.content(child, depth + 1)
                if content is not None:
                    yield child, content

    def _withdrawn(self, node: Fact, depth: int) -> bool:
        return any(
            child.act == "withdraw" and _may_correct(child, node) and self.content(child, depth + 1) is not None
            for child in self._children.get(node.id, ())
        )

    def _valid(self, node: Fact, depth: int) -> bool:
        return not node.quarantine or (
            node.quarantine in RELEASABLE
            and any(
                child.act == "release" and child.role in MAY_DECIDE and self.content(child, depth + 1) is not None
                for child in self._children.get(node.id, ())
            )
        )


def _may_correct(child: Fact, node: Fact) -> bool:
    return child.typist == node.typist or child.role in MAY_CORRECT
