"""A simulated phone: a record of every act at its planned moment, sent until each has its receipt."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from http import HTTPStatus
from random import Random
from typing import Any
from uuid import uuid4

import httpx

from tongxin.base import clock
from tongxin.base.clock import DrillClock
from tongxin.protocol.client import Ask, BrokenServerError
from tongxin_drill import DrillError
from tongxin_drill.handset import DOWN, ForgedReceiptError, Handset, Wires, retry_after
from tongxin_drill.pocket import Pocket
from tongxin_drill.shapes import Act, Member, Stretch

PATIENCE = timedelta(seconds=60)
"""How long (real time) a phone asks for anything but the acceptance of records."""
GRACE = timedelta(seconds=30)
"""How long (real time) after the end a phone still tries to hand in its records."""


class PhoneError(DrillError):
    """A phone had to stop; the message names it and says why."""


class Fault(Enum):
    """What happens to a sending."""

    NONE = auto()
    ANSWER_LOST = auto()
    NEVER_SENT = auto()
    SENT_TWICE = auto()


ODDS = {Fault.NONE: 86, Fault.ANSWER_LOST: 6, Fault.NEVER_SENT: 4, Fault.SENT_TWICE: 4}
"""How often each happens, in a hundred sendings."""


@dataclass(frozen=True)
class Habits:
    """How phones send: ``batch`` records at most at once, ``rest`` real seconds between two sendings."""

    batch: int = 20
    rest: float = 0.1


class Phone:
    """One member's phone, with a good clock and bad reception. All of its calls go to the field door."""

    def __init__(
        self,
        wires: Wires,
        member: Member,
        acts: Sequence[Act],
        *,
        rng: Random,
        habits: Habits,
        unreachable: Sequence[Stretch],
        receipted: Callable[[int], None],
    ) -> None:
        """``acts`` and the stretches without reception are by time; ``receipted`` hears of receipts."""
        self.member = member
        self.drill: DrillClock | None = None
        self._complaints: list[str] = []
        self.resent = 0
        self._acts = acts
        self._rng = rng
        self._habits = habits
        self._receipted = receipted
        self._sent: set[str] = set()
        self._duties: list[dict[str, Any]] = []
        self._abouts: dict[str, str] = {}
        self._unreachable = unreachable
        booted = acts[0].at - timedelta(seconds=rng.randrange(600, 3 * 86_400))
        self._handset = Handset(wires, str(uuid4()))
        self.pocket = Pocket(self._handset.device, booted, rng, habits.batch)

    async def enrol(self, code: str) -> None:
        """Enrol with a sign-in code and fetch the duties; each must come with its activity's definition."""
        limit = clock.wall() + PATIENCE
        await self._ask(limit, lambda: self._handset.enrol(code))
        answer = await self._ask(limit, lambda: self._handset.get("duties"))
        for duty in answer["duties"]:
            if duty["activity"]["hash"] not in answer["activities"]:
                raise self._error(f"duty {duty['id']} comes without the definition of its activity")
            duty["starts_at"] = datetime.fromisoformat(duty["starts_at"])
        self._duties = sorted(answer["duties"], key=lambda duty: duty["starts_at"])
        self._abouts = {form["id"]: form["subject"] for form in answer["activities"].values()}

    async def run(self) -> None:
        """Live through the rehearsal; return when every act is a record with a receipt, or raise PhoneError."""
        self.drill = drill = await self._begun()
        limit = drill.real(drill.until) + GRACE
        while self.pocket.confirmed < len(self._acts):
            now = drill.at(clock.wall())
            self._record(now)
            if self.pocket.waiting and self._back(now) is None:
                await self._hand_in(drill, limit)
                await asyncio.sleep(self._habits.rest)
            else:
                pause = (drill.real(self._wakes(now)) - clock.wall()).total_seconds()
                await asyncio.sleep(max(pause, 0.005))

    async def _begun(self) -> DrillClock:
        """Return the drill clock once it has begun; from then on the phone reckons the time itself."""
        limit = clock.wall() + PATIENCE
        while clock.wall() < limit:
            drill = (await self._ask(limit, lambda: self._handset.get("clock")))["drill"]
            if drill is not None and drill["began"] is not None:
                moments = {name: datetime.fromisoformat(drill[name]) for name in ("start", "began", "until")}
                return DrillClock(**moments, factor=drill["factor"])
            await asyncio.sleep(self._rng.uniform(0.2, 0.5))
        raise self._error("the drill clock has not begun")

    def _record(self, now: datetime) -> None:
        """Make the records of all acts now due; a late phone still writes down the planned moment."""
        while len(self.pocket.records) < len(self._acts):
            act = self._acts[len(self.pocket.records)]
            if act.at > now:
                return
            self.pocket.add(act, self._duty(act), self._abouts[act.activity])

    def _duty(self, act: Act) -> dict[str, Any]:
        """Return the duty that an act belongs to: the one it names, or the visit to its place that began last."""
        if act.duty:
            found = [duty for duty in self._duties if duty["id"] == act.duty]
        else:
            mine = [d for d in self._duties if (d["activity"]["id"], d["place"]["id"]) == (act.activity, act.place)]
            found = [duty for duty in mine if duty["starts_at"] <= act.due_at]
        if not found:
            raise self._error(f"no duty for {act.activity} at place {act.place}")
        return found[-1]

    def _back(self, now: datetime) -> datetime | None:
        """Return until when the phone has no reception; None if it has."""
        return next((stretch.ends for stretch in self._unreachable if stretch.begins <= now < stretch.ends), None)

    def _wakes(self, now: datetime) -> datetime:
        """Return the drill time of what comes next: an act, or the end of an offline stretch."""
        done = len(self.pocket.records)
        moments = [self._acts[done].at] if done < len(self._acts) else []
        if self.pocket.waiting and (back := self._back(now)) is not None:
            moments.append(back)
        return min(moments, default=now)

    async def _hand_in(self, drill: DrillClock, limit: datetime) -> None:
        """Let the protocol's client say what to ask, and ask it, until one answer has moved things on."""
        client = self.pocket.client
        while True:
            ask = client.next(_ms(), self.pocket.stamp(drill.at(clock.wall())))
            if ask is None:
                await asyncio.sleep(max(0.001, (client.wakes() - _ms()) / 1000))
                continue
            fault = self._draw() if ask.kind == "records" else Fault.NONE
            response = await self._send(ask, fault)
            if fault is Fault.SENT_TWICE and response is not None:
                response = await self._send(ask, Fault.NONE) or response
            moved = self._hear(ask, response, drill)
            if moved:
                return
            if clock.wall() >= limit:
                raise self._error("no answer that helps, and the time is up")

    def _hear(self, ask: Ask, response: httpx.Response | None, drill: DrillClock) -> bool:
        """Give an answer, or the news that none came, to the client; return whether receipts came."""
        client, before = self.pocket.client, self.pocket.confirmed
        if response is None:
            client.missed(_ms())
            return False
        try:
            stamp = self.pocket.stamp(drill.at(clock.wall()))
            client.heard(ask, response.status_code, response.content, _ms(), stamp, retry_after(response))
        except BrokenServerError as error:
            raise self._error(str(error)) from error
        if client.blocked:
            self._read(response)
        if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
            self._complaints.append(f"{self._name}: the server failed: {response.text[:200]}")
        if len(client.chains) > 1:
            raise self._error("the ledger holds other records under this phone's numbers")
        new = self.pocket.confirmed - before
        if new:
            self._receipted(new)
        if new < 0:
            self._complaints.append(f"{self._name}: the ledger had lost {-new} records it had given receipts for")
        return new > 0

    def _draw(self) -> Fault:
        (fault,) = self._rng.choices(list(ODDS), list(ODDS.values()))
        return fault

    async def _send(self, ask: Ask, fault: Fault) -> httpx.Response | None:
        """Send a request once; return None if no answer has come, for whatever reason."""
        if fault is Fault.NEVER_SENT:
            return None
        names = {kept.id for kept in ask.batch}
        self.resent += len(names & self._sent)
        self._sent |= names
        try:
            response = await self._handset.carry(ask)
        except ForgedReceiptError as error:
            raise self._error(f"the server did not sign its receipts: {error}") from error
        return None if fault is Fault.ANSWER_LOST else response

    async def _ask(self, limit: datetime, call: Callable[[], Awaitable[httpx.Response | None]]) -> dict[str, Any]:
        """Call until there is an answer; raise PhoneError if it is a refusal or none comes in time."""
        tries = 0
        while (response := await call()) is None or response.status_code in DOWN:
            tries += 1
            await self._back_off(tries, limit)
        return self._read(response)

    def _read(self, response: httpx.Response) -> dict[str, Any]:
        if response.is_success:
            answer: dict[str, Any] = response.json()
            return answer
        problem = _problem(response)
        said = f"{problem['code']}: {problem.get('message', '')}" if "code" in problem else response.text[:200]
        raise self._error(f"{response.request.url.path}: {response.status_code} {said}")

    async def _back_off(self, tries: int, limit: datetime) -> None:
        """Wait 0.1 s, then twice as long each time up to 2 s, less a random part to spread the phones."""
        if clock.wall() >= limit:
            raise self._error(f"no answer in {tries} tries and the time is up")
        await asyncio.sleep(min(0.1 * 2 ** min(tries - 1, 5), 2.0) * self._rng.uniform(0.5, 1.0))

    @property
    def errors(self) -> list[str]:
        """Return, a line each, what the ledger did with this phone's records that it should not have done."""
        marked = [
            f"{self._name}: record {seq} is quarantined: {receipt.quarantine}"
            for chain in self.pocket.client.chains.values()
            for seq, receipt in sorted(chain.receipts.items())
            if receipt.quarantine is not None
        ]
        return self._complaints + marked

    @property
    def settled(self) -> list[tuple[Act, datetime]]:
        """Return each act with the time that the ledger settled for its record."""
        given = {receipt.id: receipt for chain in self.pocket.client.chains.values() for receipt in chain.receipts.values()}
        pairs = zip(self._acts, self.pocket.records, strict=False)  # a phone that had to stop has fewer records
        return [(act, clock.from_ms(given[kept.id].occurred)) for act, kept in pairs if kept.id in given]

    @property
    def _name(self) -> str:
        return f"phone of {self.member.name} {self.member.name_en}"

    def _error(self, reason: str) -> PhoneError:
        return PhoneError(f"{self._name}: {reason}")


def _ms() -> int:
    """Return a steady count of real milliseconds."""
    return time.monotonic_ns() // 1_000_000


def _problem(response: httpx.Response) -> dict[str, Any]:
    """Return what a refusal says; empty if it is not in the doors' shape."""
    try:
        problem = response.json()["problem"]
    except (ValueError, KeyError, TypeError):
        return {}
    return problem if isinstance(problem, dict) else {}
