"""The way between phones and intake: what goes wrong on it, what left and what was answered when."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random

import httpx
import msgspec
from bench.torment.plan import SENDINGS

from tongxin.base import clock
from tongxin.protocol.client import Ask
from tongxin.protocol.messages import Answer, Receipt
from tongxin_drill.handset import ForgedReceiptError, Handset

EXPECTED = frozenset({200, 409, 413, 429, 503})
"""What an intake may answer to phones that follow the protocol."""


@dataclass(frozen=True)
class Given:
    """A receipt that the server signed, and when it arrived (ms); ``text`` is the record that it is for."""

    device: str
    chain: str
    text: str
    receipt: Receipt
    at: int


@dataclass(frozen=True)
class Unanswered:
    """A sending of records that got no answer, or only a sign that the server was away."""

    hashes: tuple[str, ...]
    began: int
    ended: int


@dataclass
class Traffic:
    """What all phones of a schedule share."""

    rng: Random
    again: asyncio.Event = field(default_factory=asyncio.Event)
    """The doors answer again, after all that was killed."""
    calm: asyncio.Event = field(default_factory=asyncio.Event)
    """All faults have stopped."""
    faults: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
    given: list[Given] = field(default_factory=list)
    unanswered: list[Unanswered] = field(default_factory=list)
    _leaves: "asyncio.Future[None] | None" = None
    _underway: set[asyncio.Task[None]] = field(default_factory=set)

    async def next_sending(self) -> None:
        """Return when the next sending leaves, or all is calm."""
        self._leaves = asyncio.get_running_loop().create_future() if self._leaves is None else self._leaves
        await asyncio.shield(self._leaves)

    def _let_go(self) -> None:
        """Wake those who wait for a sending."""
        if self._leaves is not None:
            self._leaves.set_result(None)
            self._leaves = None

    def draw(self) -> str:
        """Draw what happens to a sending, and count it; in the calm nothing does."""
        fault = "" if self.calm.is_set() else self.rng.choices(list(SENDINGS), list(SENDINGS.values()))[0]
        if fault:
            self.faults[fault] += 1
        return fault

    async def carry(self, handset: Handset, ask: Ask) -> httpx.Response | None:
        """Bring an ask to the intake once; note what was signed, and what was left without an answer."""
        self._let_go()
        began = clock.to_ms(clock.wall())
        response: httpx.Response | None = None
        try:
            response = await handset.carry(ask)
        except ForgedReceiptError as error:
            self.complaints.append(f"receipts that the server did not sign: {error}")
        if ask.kind == "records":
            self._note(handset.device, ask, began, response)
        if response is not None and response.status_code not in EXPECTED:
            self.complaints.append(f"{ask.kind} of {handset.device}: {response.status_code} {response.text[:300]}")
        return response

    def _note(self, device: str, ask: Ask, began: int, response: httpx.Response | None) -> None:
        now = clock.to_ms(clock.wall())
        if response is not None and response.status_code == HTTPStatus.OK:
            texts = {kept.seq: kept.text for kept in ask.batch}
            receipts = msgspec.json.decode(response.content, type=Answer).receipts
            self.given += [Given(device, ask.chain, texts.get(r.seq, ""), r, now) for r in receipts]
        elif response is None or response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self.unanswered.append(Unanswered(tuple(kept.hash for kept in ask.batch), began, now))
        elif response.status_code == HTTPStatus.CONFLICT:
            self.faults["gap" if "ledger.gap" in response.text else "fork"] += 1

    def later(self, when: Awaitable[object], carry: Callable[[], Awaitable[object]]) -> None:
        """Carry something once ``when`` has come to pass, at latest when all is calm; nobody hears the answer."""

        async def carried() -> None:
            waits = [asyncio.ensure_future(when), asyncio.ensure_future(self.calm.wait())]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
            await carry()

        task = asyncio.create_task(carried())
        self._underway.add(task)
        task.add_done_callback(self._underway.discard)

    async def be_calm(self) -> None:
        """Let all faults stop; return when what was late has come in."""
        self.calm.set()
        self._let_go()
        await asyncio.gather(*self._underway)
