"""A phone and its person: the protocol's client on a disk that outlives it, and real sendings over a bad network."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx
from bench.torment.plan import Owner, Step
from bench.torment.poison import Careless, Content, marks
from bench.torment.traffic import Traffic

from tongxin.base import clock, ids
from tongxin.protocol.client import Ask, BrokenServerError, Client, Entry, Pace
from tongxin.protocol.messages import Stamp
from tongxin_drill.handset import Handset, retry_after

PACE = Pace(first=40, most=400, beat=3_600_000)
"""Real milliseconds: a schedule is over before a real phone would try again."""
DEATH = 0.01
"""How often a phone dies just before, and just after, its disk has written."""
MOST_LOST = 8
"""So many writes an old copy of a disk lacks at most."""
FIRST = asyncio.FIRST_COMPLETED


class Died(Exception):  # noqa: N818 - it is no error, the phone just stops
    """A phone stops in the middle of what it does."""


class Disk:
    """A phone's disk: what was written together stands or falls together. The phone may die as it writes."""

    def __init__(self, traffic: Traffic, rng: Random) -> None:
        self._traffic, self._rng = traffic, rng
        self._written: list[Sequence[Entry]] = []

    def write(self, entries: Sequence[Entry]) -> None:
        """Keep entries; raise Died before or after."""
        self._perhaps_die()
        self._written.append(tuple(entries))
        for entry in entries:
            if entry.moved is not None or entry.lost is not None:
                self._traffic.faults["receipts dropped" if entry.moved is None else "chain moved"] += 1
        self._perhaps_die()

    def read(self) -> Sequence[Entry]:
        """Return all entries."""
        return [entry for entries in self._written for entry in entries]

    def roll_back(self) -> None:
        """Lose the last writes, as when an old copy of the disk is put in place."""
        del self._written[-self._rng.randint(1, MOST_LOST) :]

    def _perhaps_die(self) -> None:
        if not self._traffic.calm.is_set() and self._rng.random() < DEATH:
            self._traffic.faults["phone died as it wrote"] += 1
            raise Died


@dataclass(frozen=True)
class Form:
    """What there is to report: the order and the form, and the places."""

    content: Content
    places: Sequence[str]


@dataclass
class Phone:
    """Drives a client; ``careless`` ones spoil records. ``spoiled`` has the marks that those may get, by hash."""

    handset: Handset
    owner: Owner
    form: Form
    traffic: Traffic
    rng: Random
    careless: bool = False
    spoiled: dict[str, frozenset[str]] = field(default_factory=dict)
    made: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Switch it on."""
        self.disk = Disk(self.traffic, self.rng)
        self._boot, self._booted = str(ids.uuid7()), _ms()
        self.acted, self._poked, self._released = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._written = False
        self._life: asyncio.Task[None] | None = None

    # --- living and dying

    async def run(self) -> None:
        """Live through the plan and then through the calm, until nothing waits for a receipt."""
        self._begin()
        person = asyncio.create_task(self._person())
        try:
            while not (self.quiet and person.done()):
                await asyncio.wait([task for task in (person, self._life) if task and not task.done()], return_when=FIRST)
                if person.done():
                    person.result()
                if self._life and self._life.done():
                    self._life.result()
        finally:
            person.cancel()
            if self._life is not None:
                self._life.cancel()

    def _begin(self) -> None:
        """Start (again) from what is on the disk; whatever the phone was doing is over at once."""
        if self._life is not None:
            self._life.cancel()
        make = Careless if self.careless else Client
        while True:
            try:
                self.client = make(
                    self.handset.device,
                    self.disk,
                    rng=self.rng,
                    new_id=lambda: str(ids.uuid7()),
                    pace=PACE,
                    batch=self.owner.batch,
                )
                break
            except Died:
                continue
        self._life = asyncio.create_task(self._live(self.client))

    def _suffer(self, fate: str) -> None:
        if self.traffic.calm.is_set():
            return
        self.traffic.faults[fate] += 1
        if fate == "rebooted":
            self._boot, self._booted = str(ids.uuid7()), _ms()
        if fate == "disk rolled back":
            self.disk.roll_back()
        self._begin()

    # --- the person

    async def _person(self) -> None:
        """Write what the plan says, and one more record in the calm."""
        await self._steps(self.owner.steps)
        await self.traffic.again.wait()
        await self._steps(self.owner.more)
        self.acted.set()
        await self.traffic.calm.wait()
        self._write(self._report())
        self._written = True
        self._poked.set()

    async def _steps(self, steps: Sequence[Step]) -> None:
        began = time.monotonic()
        for step in steps:
            await asyncio.sleep(began + step.second - time.monotonic())
            if step.fate == "disk rolled back":  # what is now written comes under numbers that were sent already
                self._suffer(step.fate)
            elif step.fate:
                asyncio.get_running_loop().call_later(self.rng.uniform(0, 0.03), self._suffer, step.fate)
            self._step(step)

    def _step(self, step: Step) -> None:
        for left in reversed(range(step.records)):
            if left == 0 and step.poison:
                self._spoil(step.poison)
            else:
                self._write(self._act())
        self._poked.set()

    def _write(self, content: Content) -> None:
        try:
            self.client.write(content, self._stamp())
        except Died:
            self._begin()

    def _spoil(self, poison: str) -> None:
        assert isinstance(self.client, Careless)
        before = len(self.client.chain.records)
        try:
            self.client.spoil(poison, self._report(), self._stamp())
        except Died:
            self._begin()
        records = self.client.chain.records
        if len(records) == before:  # it died before it wrote
            return self._spoil(poison)
        self.spoiled[records[-1].hash] = marks(poison)
        self.traffic.faults[f"poison: {poison}"] += 1
        return None

    def _act(self) -> Content:
        """Report, or correct or withdraw a report of one's own."""
        if not self.made or self.rng.random() < 0.75:  # noqa: PLR2004 - three in four
            return self._report()
        target, place = self.rng.choice(self.made)
        about = {**self.form.content, "target": target, "place": place}
        if self.rng.random() < 0.3:  # noqa: PLR2004 - and a third of the rest
            return {**about, "act": "withdraw", "body": {}}
        return {**about, "act": "correct", "body": self._answers()}

    def _report(self) -> Content:
        id_, place = str(ids.uuid7()), self.rng.choice(self.form.places)
        self.made.append((id_, place))
        return {**self.form.content, "id": id_, "place": place, "body": self._answers()}

    def _answers(self) -> Mapping[str, Any]:
        return {"open": self.rng.random() < 0.5, "gathering": self.rng.random() < 0.5}  # noqa: PLR2004 - heads or tails

    def _stamp(self) -> Stamp:
        return Stamp(clock.to_ms(clock.wall()) + self.owner.wrong, self._boot, _ms() - self._booted)

    # --- the sendings

    @property
    def quiet(self) -> bool:
        """Whether all is calm, everything is written, and nothing waits for a receipt."""
        return self._written and next(self.client.waiting(), None) is None

    async def _live(self, client: Client) -> None:
        try:
            while not self.quiet:
                self._poked.clear()
                ask = client.next(_ms(), self._stamp())
                await (self._rest(client) if ask is None else self._send(client, ask))
        except Died:
            self._life = None  # it is this very task
            self._begin()

    async def _rest(self, client: Client) -> None:
        """Wait for the client's next word, or for the person's."""
        waiting = asyncio.ensure_future(self._poked.wait())
        await asyncio.wait([waiting], timeout=max(1, client.wakes() - _ms()) / 1000)
        waiting.cancel()

    async def _send(self, client: Client, ask: Ask) -> None:
        response = await self._carried(ask, self.traffic.draw())
        if response is None:
            return client.missed(_ms())
        self._released.set()  # what was to come in behind this may go now
        try:
            client.heard(ask, response.status_code, response.content, _ms(), self._stamp(), retry_after(response))
        except BrokenServerError as error:
            self.traffic.complaints.append(f"the phone says that the server is broken: {error}")
            client.missed(_ms())
        if client.blocked:
            self.traffic.complaints.append(f"phone {self.handset.device} is blocked: {client.blocked}")
        return None

    async def _carried(self, ask: Ask, fault: str) -> httpx.Response | None:
        """Let a sending meet its fault; return the answer that the phone hears."""
        if fault == "sent twice":
            answers = await asyncio.gather(self._carry(ask), self._carry(ask))
            return next((answer for answer in answers if answer is not None), None)
        if fault in ("late", "reordered"):
            self._released = asyncio.Event()
            when = asyncio.sleep(self.rng.uniform(0.02, 0.8)) if fault == "late" else self._released.wait()
            self.traffic.later(when, lambda: self._carry(ask))
            return None
        if fault == "never sent":
            return None
        answer = await self._carry(ask)
        return None if fault == "answer lost" else answer

    async def _carry(self, ask: Ask) -> httpx.Response | None:
        return await self.traffic.carry(self.handset, ask)


def _ms() -> int:
    """Return a steady count of real milliseconds."""
    return time.monotonic_ns() // 1_000_000
