"""A simulated phone: a record of every act at its planned moment, sent until each has its receipt."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from http import HTTPStatus
from itertools import count
from random import Random
from typing import Any
from uuid import uuid4

import httpx
import msgspec

from tongxin.base import clock
from tongxin.base.clock import DrillClock
from tongxin_drill import DrillError
from tongxin_drill.chain import Chain, ForkError, Kept
from tongxin_drill.shapes import Act, Member

PATIENCE = timedelta(seconds=60)
"""How long (real time) a phone asks for anything but the acceptance of records."""
GRACE = timedelta(seconds=30)
"""How long (real time) after the night a phone still tries to hand in its records."""
UNSURE_AFTER = 3
"""After so many lost answers in a row the phone asks where the ledger's chain ends."""
DOWN = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})
"""Statuses that mean no more than a lost answer: the server may be restarting."""


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
        client: httpx.AsyncClient,
        lines: asyncio.Semaphore,
        member: Member,
        acts: Sequence[Act],
        *,
        rng: Random,
        habits: Habits,
        receipted: Callable[[int], None],
    ) -> None:
        """``client`` is for the field door; all phones share ``lines``; ``acts`` are by time; ``receipted`` hears of receipts."""
        self.member = member
        self.drill: DrillClock | None = None
        self._complaints: list[str] = []
        self.resent = 0
        self._client = client
        self._lines = lines
        self._acts = acts
        self._rng = rng
        self._habits = habits
        self._receipted = receipted
        self._highest_sent = 0
        self._token = ""
        self._duties: dict[tuple[str, str], dict[str, Any]] = {}
        self._offline = _offline(rng, acts)
        booted = acts[0].at - timedelta(seconds=rng.randrange(600, 3 * 86_400))
        self.chain = Chain(str(uuid4()), booted)

    async def enrol(self, code: str) -> None:
        """Enrol with a sign-in code and fetch the duties; each must come with its activity's definition."""
        limit = clock.wall() + PATIENCE
        answer = await self._ask(limit, "POST", "enrol", {"code": code, "device": self.chain.device})
        self._token = answer["token"]
        answer = await self._ask(limit, "GET", "duties")
        for duty in answer["duties"]:
            if duty["activity"]["hash"] not in answer["activities"]:
                raise self._error(f"duty {duty['id']} comes without the definition of its activity")
            self._duties[duty["activity"]["id"], duty["place"]["id"]] = duty

    async def run(self) -> None:
        """Live through the night; return when every act is a record with a receipt, or raise PhoneError."""
        self.drill = drill = await self._begun()
        limit = drill.real(drill.until) + GRACE
        while self.chain.receipted < len(self._acts):
            now = drill.at(clock.wall())
            self._record(now)
            if self.chain.waiting(1) and not self._is_offline(now):
                await self._hand_in(limit)
                await asyncio.sleep(self._habits.rest)
            else:
                pause = (drill.real(self._wakes(now)) - clock.wall()).total_seconds()
                await asyncio.sleep(max(pause, 0.005))

    async def _begun(self) -> DrillClock:
        """Return the drill clock once it has begun; from then on the phone reckons the time itself."""
        limit = clock.wall() + PATIENCE
        while clock.wall() < limit:
            drill = (await self._ask(limit, "GET", "clock"))["drill"]
            if drill is not None and drill["began"] is not None:
                moments = {name: datetime.fromisoformat(drill[name]) for name in ("start", "began", "until")}
                return DrillClock(**moments, factor=drill["factor"])
            await asyncio.sleep(self._rng.uniform(0.2, 0.5))
        raise self._error("the drill clock has not begun")

    def _record(self, now: datetime) -> None:
        """Make the records of all acts now due; a late phone still writes down the planned moment."""
        while len(self.chain.records) < len(self._acts):
            act = self._acts[len(self.chain.records)]
            if act.at > now:
                return
            duty = self._duties.get((act.activity, act.place))
            if duty is None:
                raise self._error(f"no duty for {act.activity} at place {act.place}")
            self.chain.add(act, duty)

    def _is_offline(self, now: datetime) -> bool:
        return self._offline is not None and self._offline[0] <= now < self._offline[1]

    def _wakes(self, now: datetime) -> datetime:
        """Return the drill time of what comes next: an act, or the end of an offline stretch."""
        done = len(self.chain.records)
        moments = [self._acts[done].at] if done < len(self._acts) else []
        if self._offline is not None and self._is_offline(now):
            moments.append(self._offline[1])
        return min(moments, default=now)

    async def _hand_in(self, limit: datetime) -> None:
        """Send the next batch again and again until the ledger has answered for it."""
        for tries in count(1):
            batch = self.chain.waiting(self._habits.batch)
            fault = self._draw()
            response = await self._send(batch, fault)
            if response is not None and response.is_success:
                self._keep(batch, response)
                if fault is Fault.SENT_TWICE and (again := await self._send(batch, Fault.NONE)) is not None:
                    self._keep(batch, again)
                return
            gap = response is not None and self._is_gap(response)
            await self._back_off(tries, limit)
            if gap or tries % UNSURE_AFTER == 0:
                await self._resume(limit)

    def _draw(self) -> Fault:
        (fault,) = self._rng.choices(list(ODDS), list(ODDS.values()))
        return fault

    async def _send(self, batch: Sequence[Kept], fault: Fault) -> httpx.Response | None:
        """Send a batch once; return None if no answer has come, for whatever reason."""
        if fault is Fault.NEVER_SENT:
            return None
        self.resent += sum(kept.seq <= self._highest_sent for kept in batch)
        self._highest_sent = max(self._highest_sent, batch[-1].seq)
        records = [kept.text for kept in batch]
        body = {"chain": self.chain.id, "first_seq": batch[0].seq, "records": records}
        response = await self._call("POST", "records", body)
        return None if fault is Fault.ANSWER_LOST else response

    def _keep(self, batch: list[Kept], response: httpx.Response) -> None:
        try:
            new = self.chain.keep(batch, self._read(response)["receipts"])
        except ForkError as error:
            raise self._error(str(error)) from error
        if new:
            self._receipted(new)

    def _is_gap(self, response: httpx.Response) -> bool:
        """Tell a gap, which asking for the head mends, from any other refusal, which stops the phone."""
        try:
            self._read(response)
        except PhoneError:
            if _problem(response).get("code") == "ledger.gap":
                return True
            raise
        return False

    async def _resume(self, limit: datetime) -> None:
        head = await self._ask(limit, "GET", f"head?chain={self.chain.id}")
        try:
            broken = self.chain.resume(head["last_seq"], head["last_hash"])
        except ForkError as error:
            raise self._error(str(error)) from error
        if broken:
            self._receipted(-broken)
            self._complaints.append(f"{self._name}: the ledger had lost {broken} records it had given receipts for")

    async def _ask(self, limit: datetime, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Call until there is an answer; raise PhoneError if it is a refusal or none comes in time."""
        tries = 0
        while (response := await self._call(method, path, body)) is None:
            tries += 1
            await self._back_off(tries, limit)
        return self._read(response)

    async def _call(self, method: str, path: str, body: object = None) -> httpx.Response | None:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        content = None
        if body is not None:
            content = msgspec.json.encode(body)
            headers["Content-Type"] = "application/json"
        try:
            async with self._lines:  # here they queue cheaply; the client's own pool looks at all who wait, each time
                response = await self._client.request(method, path, content=content, headers=headers)
        except httpx.TransportError:
            return None
        return None if response.status_code in DOWN else response

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
            f"{self._name}: record {seq} is quarantined: {receipt['quarantine']}"
            for seq, receipt in sorted(self.chain.receipts.items())
            if receipt["quarantine"] is not None
        ]
        return self._complaints + marked

    @property
    def _name(self) -> str:
        return f"phone of {self.member.name} {self.member.name_en}"

    def _error(self, reason: str) -> PhoneError:
        return PhoneError(f"{self._name}: {reason}")


def _problem(response: httpx.Response) -> dict[str, Any]:
    """Return what a refusal says; empty if it is not in the doors' shape."""
    try:
        problem = response.json()["problem"]
    except (ValueError, KeyError, TypeError):
        return {}
    return problem if isinstance(problem, dict) else {}


def _offline(rng: Random, acts: Sequence[Act]) -> tuple[datetime, datetime] | None:
    """Give a fifth of the phones 20–60 minutes without reception, well before the night ends."""
    begins = acts[0].at + timedelta(minutes=rng.randrange(20, 180))
    stretch = (begins, begins + timedelta(minutes=rng.randrange(20, 61)))
    return stretch if rng.random() < 0.2 else None  # noqa: PLR2004 - the fifth
