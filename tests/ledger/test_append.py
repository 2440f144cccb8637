"""Appending against a model: whatever is sent in whatever order, the ledger holds each chain once, whole, and says so.

The model is a dictionary of chains and what a few lines of plain Python make of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from types import SimpleNamespace
from typing import cast
from uuid import UUID

from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from tests.cast import COUNTY, Cast, Phone, figures_now, id_of

from tongxin.figures.actions import catch_up, pull
from tongxin.figures.verify import verify
from tongxin.ledger.actions import Outcome, Sending, append_all
from tongxin.ledger.fold import matter_id
from tongxin.ledger.models import Counter, Head, Record
from tongxin.ledger.resolving import Fact
from tongxin.orders.models import Clock
from tongxin.orders.queries import forget_clock
from tongxin.protocol.messages import Answer, Batch, HeadOf, Receipt, Stamp
from tongxin.protocol.server import BadBatchError, ForkError, GapError

LEDGER = COUNTY[:6]
Body = Mapping[str, object]
OPEN: Body = {"open": True, "gathering": False}
SHUT: Body = {"open": False, "gathering": False}
BAD: Body = {"open": 1}
NUL: Body = {**OPEN, "note": "\x00"}
WHO = ("inspector", "inspector", "commander", "outsider")
"""Whose the phones are."""
Key = tuple[int, UUID]
"""Which phone, and which of its chains."""
Sent = tuple[Key, int, list[str]]
"""A batch: its chain, its first number, its texts."""


@dataclass(frozen=True)
class Said:
    """What the model knows of a text that is a record; ``counts`` if nothing is wrong with it."""

    phone: int
    id: str | None
    act: str = "report"
    target: str | None = None
    counts: bool = True
    body: Body = field(default_factory=dict)


REASONS: list[tuple[Body, bool]] = [
    ({}, True), ({"reason": "错"}, True), ({"reason": "长" * 200}, True), ({"reason": "长" * 201}, False),
    ({"reason": ""}, False), ({"reason": None}, False), ({"reason": 1}, False), ({"reason": "\x00"}, False),
]  # fmt: skip
EAST: Body = {"organisation": str(id_of("east"))}
TO_NOBODY: list[Body] = [{}, *({"organisation": whom} for whom in (str(id_of("nobody")), str(id_of("east")).upper(), ["east"]))]
NAMING: list[tuple[Body, bool]] = [({**EAST, **body}, good) for body, good in REASONS]
DEEDS = {"withdraw": REASONS, "settle": REASONS, "reassign": NAMING + [(body, False) for body in TO_NOBODY]}
"""What acts say, and whether that is one."""
bodies = st.sampled_from([(OPEN, True), (SHUT, True), (BAD, False), (NUL, False)])
poison = st.text(max_size=20) | st.sampled_from(["{}", '{"v":1}', "[" * 2000, '"\\ud800"', "\x00", "长" * 22_000])
chains = st.tuples(st.integers(0, 3), st.integers(1, 2).map(lambda n: id_of(f"chain {n}")))
few = st.integers(1, 3)


def hashes(texts: list[str]) -> list[str]:
    made = [""]
    for text in texts:
        made.append(sha256((made[-1] + text).encode()).hexdigest())
    return made


class Appending(RuleBasedStateMachine):
    """Sends what phones send, and what they should not."""

    def __init__(self, cast: Cast, phones: list[Phone]) -> None:
        super().__init__()
        self.cast, self.phones, self.now = cast, phones, cast.night
        self.chains: dict[Key, list[str]] = {}
        self.said: dict[str, Said] = {}
        self.ids, self.failed = 0, False
        self.receipts: dict[tuple[Key, int], Receipt] = {}
        self.around = transaction.atomic()
        self.around.__enter__()

    def teardown(self) -> None:
        try:
            if not self.failed:
                catch_up(LEDGER)
                assert verify(LEDGER)[2] == []
                assert figures_now(self.cast)["venue_closure.inspections"] == self.inspections()
        finally:
            transaction.set_rollback(True)
            self.around.__exit__(None, None, None)
            forget_clock()

    # What is sent

    @rule(key=chains, n=few, data=st.data())
    def the_next(self, key: Key, n: int, data: st.DataObject) -> None:
        self.send((key, len(self.held(key)) + 1, self.fresh(key, n, data)))

    @rule(key=chains, first=st.integers(1, 9), n=st.integers(0, 9), data=st.data())
    def what_is_held_again_and_perhaps_more(self, key: Key, first: int, n: int, data: st.DataObject) -> None:
        self.send(self.again(key, first, n, data))

    @rule(key=chains, beyond=st.integers(2, 5), data=st.data())
    def a_gap(self, key: Key, beyond: int, data: st.DataObject) -> None:
        self.send((key, len(self.held(key)) + beyond, self.fresh(key, 1, data)))

    @rule(key=chains, at=st.integers(0, 9), data=st.data())
    def a_fork(self, key: Key, at: int, data: st.DataObject) -> None:
        self.send(self.fork(key, at, data))

    @rule(key=chains, data=st.data())
    def what_does_not_follow(self, key: Key, data: st.DataObject) -> None:
        before = self.held(key)
        follows_nothing = self.text(key, len(before) + 1, "0" * 64, data)
        self.send((key, len(before) + 1, [follows_nothing]))

    @rule(key=chains, first=st.integers(-1, 0))
    def no_batch(self, key: Key, first: int) -> None:
        self.send((key, first, ["{}"]), ((key[0], id_of("chain 3")), 1, []))

    @rule(phone=st.integers(0, 3), data=st.data())
    def old_records_in_a_new_chain(self, phone: int, data: st.DataObject) -> None:
        """A fork's or a restored phone's way: the same ids, perhaps only some of them."""
        olds = [said for said in self.held_records() if said.phone == phone and said.id]
        new = (phone, id_of("chain 4"))
        before, prev = self.held(new), hashes(self.held(new))[-1]
        texts: list[str] = []
        for said in data.draw(st.lists(st.sampled_from(olds), max_size=4)) if olds else ():
            texts.append(self.copy(new, len(before) + len(texts) + 1, prev, said))
            prev = hashes([*before, *texts])[-1]
        if texts:
            pull(LEDGER)  # what was sent first is added up already when it comes again
            self.send((new, len(before) + 1, texts))

    @rule(key=chains, act=st.sampled_from(["correct", "withdraw"]), whom=st.integers(1, 12), data=st.data())
    def about_another_record(self, key: Key, act: str, whom: int, data: st.DataObject) -> None:
        """Also about one that the ledger does not hold yet."""
        before = self.held(key)
        made = self.text(key, len(before) + 1, hashes(before)[-1], data, act=act, target=str(id_of(f"record {whom}")))
        self.send((key, len(before) + 1, [made]))

    @rule(key=chains, act=st.sampled_from(["settle", "reassign"]), whom=st.integers(1, 12), data=st.data())
    def about_a_matter(self, key: Key, act: str, whom: int, data: st.DataObject) -> None:
        """Also about one that never was."""
        before, opened = self.held(key), cast("Fact", SimpleNamespace(id=id_of(f"record {whom}")))
        target = str(matter_id(opened, "venue_open"))
        self.send((key, len(before) + 1, [self.text(key, len(before) + 1, hashes(before)[-1], data, act=act, target=target)]))

    @rule(keys=st.lists(chains, min_size=2, max_size=4, unique=True), data=st.data())
    def several_together(self, keys: list[Key], data: st.DataObject) -> None:
        ways: list[Callable[[Key], Sent]] = [
            lambda key: (key, len(self.held(key)) + 1, self.fresh(key, data.draw(few), data)),
            lambda key: self.again(key, data.draw(few), data.draw(few), data),
            lambda key: self.fork(key, data.draw(st.integers(0, 9)), data),
            lambda key: (key, len(self.held(key)) + 2, self.fresh(key, 1, data)),
        ]
        self.send(*(data.draw(st.sampled_from(ways))(key) for key in keys))

    @rule()
    def add_up(self) -> None:
        pull(LEDGER)

    # What must hold

    @invariant()
    def positions_are_gapless_and_in_the_order_of_commits(self) -> None:
        rows = Record.objects.order_by("position").values_list("position", "device", "chain", "seq", "hash", "bytes")
        stored = [(row.position, row.hash) for row in self.receipts.values()]
        assert [(position, hash_) for position, _, _, _, hash_, _ in rows] == stored
        assert [position for position, _ in stored] == list(range(1, len(stored) + 1))
        assert Counter.objects.filter(position__gt=0).count() == (1 if stored else 0)
        found: dict[tuple[UUID, UUID], list[tuple[int, str]]] = {}
        for _, device, chain, seq, _, data in rows:
            found.setdefault((device, chain), []).append((seq, bytes(data).decode()))
        assert found == {self.name(key): list(enumerate(texts, start=1)) for key, texts in self.chains.items()}

    @invariant()
    def heads_are_the_models(self) -> None:
        heads = {(row.device, row.chain): (row.last_seq, row.last_hash) for row in Head.objects.all()}
        assert heads == {self.name(key): (len(texts), hashes(texts)[-1]) for key, texts in self.chains.items()}

    # The model

    def send(self, *batches: Sent) -> None:
        """Append batches, a minute after the last; compare what comes of each with what the model says."""
        self.now += timedelta(minutes=1)
        Clock.objects.update(start=self.now)
        forget_clock()
        stamp = Stamp(0, str(id_of("boot now")), 0)
        sendings = [
            Sending(str(self.phones[key[0]].device), Batch(1, str(key[1]), first, stamp, texts)) for key, first, texts in batches
        ]
        self.failed = True
        for batch, outcome in zip(batches, append_all(LEDGER, sendings), strict=True):
            self.compare(batch, outcome)
        self.failed = False

    def compare(self, batch: Sent, outcome: Outcome) -> None:
        key, first, texts = batch
        refused, new = self.judge(batch)
        if refused is not None:
            assert type(outcome) is refused
            assert getattr(outcome, "head", None) is None or outcome.head.shown() == self.head(key)  # type: ignore[union-attr]
            return
        assert isinstance(outcome, Answer)
        if new:
            self.chains[key] = [*self.held(key), *new]
        assert outcome.head == self.head(key)
        chain = hashes(self.held(key))
        for seq, text in enumerate(texts, start=first):
            receipt = outcome.receipts[seq - first]
            assert receipt == self.receipts.setdefault((key, seq), receipt), "the same receipt as ever"
            said = self.said.get(text, Said(0, None, counts=False))
            assert (receipt.seq, receipt.id, receipt.quarantine is None) == (seq, said.id, said.counts)
            assert receipt.hash == chain[seq]
        assert len(outcome.receipts) == len(texts)

    def judge(self, batch: Sent) -> tuple[type[Exception] | None, list[str]]:
        """Say what a batch is refused with, or what is new of it."""
        key, first, texts = batch
        held = self.held(key)
        if first < 1 or not texts:
            return BadBatchError, []
        if first > len(held) + 1:
            return GapError, []
        known, new = held[first - 1 :], texts[len(held) - first + 1 :]
        if texts[: len(known)] != known[: len(texts)]:
            return ForkError, []
        before = hashes([*held, *new])[len(held) :]
        follows = all(f'"prev":"{prev}"' in text for prev, text in zip(before, new, strict=False) if text in self.said)
        return None if follows else ForkError, new

    def held(self, key: Key) -> list[str]:
        return self.chains.get(key, [])

    def head(self, key: Key) -> HeadOf:
        return HeadOf(str(key[1]), len(self.held(key)), hashes(self.held(key))[-1])

    def name(self, key: Key) -> tuple[UUID, UUID]:
        return self.phones[key[0]].device, key[1]

    def fresh(self, key: Key, n: int, data: st.DataObject) -> list[str]:
        """Make the next texts of a chain: records good and bad, and what is none."""
        held = list(self.held(key))
        for _ in range(n):
            strange = data.draw(st.none() | poison)
            held.append(self.text(key, len(held) + 1, hashes(held)[-1], data) if strange is None else strange)
        return held[len(self.held(key)) :]

    def again(self, key: Key, first: int, n: int, data: st.DataObject) -> Sent:
        """Make a batch from a held number on (the next, if there is none), which may go on beyond the head."""
        at = min(first, len(self.held(key)) + 1)
        texts = [*self.held(key), *self.fresh(key, 2, data)]
        return key, at, texts[at - 1 : at + n]

    def fork(self, key: Key, at: int, data: st.DataObject) -> Sent:
        """Make a batch in which one held number has another text; the next one, if none is held."""
        held = list(self.held(key))
        at = at % len(held) if held else 0
        held[at : at + 1] = [self.text(key, at + 1, hashes(held)[at], data)]
        return key, 1, held

    def text(self, key: Key, seq: int, prev: str, data: st.DataObject, **changes: str) -> str:
        """Make a record and note what it says."""
        deeds = DEEDS.get(changes.get("act", ""))
        body, counts = data.draw(st.sampled_from(deeds) if deeds else bodies)
        self.ids += 1
        new = str(id_of(f"record {self.ids}"))
        seen = None if "\x00" in body.values() else new  # PostgreSQL stores no NUL: such a record is bytes alone
        place = str(id_of("cinema" if WHO[key[0]] == "outsider" else "temple"))
        return self.noted(
            key, seq, prev, Said(key[0], seen, counts=counts, body=body, **changes), {"id": new, "place": place, **changes}, body
        )

    def copy(self, key: Key, seq: int, prev: str, said: Said) -> str:
        """Make a record anew in another chain; the commander's about another place, which binds the two."""
        place = str(id_of("temple" if WHO[key[0]] == "inspector" else "cinema"))
        body = said.body if said.act in DEEDS else OPEN if said.counts else BAD
        changes = {} if said.target is None else {"act": said.act, "target": said.target}
        return self.noted(key, seq, prev, said, {"id": str(said.id), "place": place, **changes}, body)

    def noted(self, key: Key, seq: int, prev: str, said: Said, changes: dict[str, str], body: Body) -> str:
        phone = replace(self.phones[key[0]], chain=key[1], seq=seq - 1, prev=prev)
        made = phone.record(self.cast.night - timedelta(hours=1), dict(body), **changes)
        self.said[made] = said
        return made

    def inspections(self) -> int:
        """Count the ids of reports with nothing wrong that no withdrawal took away which itself stands."""
        held = {said.id: said for said in self.held_records() if said.counts}

        def stands(said: Said) -> bool:
            return not any(w.act == "withdraw" and w.target == said.id and may(w, said) and stands(w) for w in held.values())

        return sum(said.act == "report" and stands(said) for said in held.values())

    def held_records(self) -> list[Said]:
        return [self.said[text] for texts in self.chains.values() for text in texts if text in self.said]


def may(one: Said, other: Said) -> bool:
    """Say whether one may correct or withdraw the other: the commander, and whoever made it."""
    return WHO[one.phone] == "commander" or WHO[one.phone] == WHO[other.phone]


def test_what_is_appended_is_what_the_model_holds(cast: Cast) -> None:
    phones = [cast.phone(role) for role in WHO]

    class Tonight(Appending):
        def __init__(self) -> None:
            super().__init__(cast, phones)

    run_state_machine_as_test(
        Tonight,
        settings=settings(max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)),
    )
