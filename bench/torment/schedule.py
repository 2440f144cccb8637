"""One schedule: phones live, things are killed, the disk fills up; then all faults stop, and what is left is looked at."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random
from uuid import uuid4

import httpx
import psutil
from bench.homes import BenchError
from bench.torment import checks
from bench.torment.arena import BACK, Arena, Stage
from bench.torment.phone import Form, Phone
from bench.torment.plan import LONGEST, Full, Plan, Strike
from bench.torment.traffic import Traffic

from tongxin.playbook.registry import activity
from tongxin.protocol.client import Ask
from tongxin_drill import DrillError
from tongxin_drill.handset import DOWN, Handset, Wires, answer

PATIENCE = 60.0
"""Seconds after which phones that are not quiet in the calm are stuck."""
UNNOTICED = 10.0
"""Seconds after which a full disk is given back although nothing was written that would have needed it."""
AIMING = 0.5
"""Seconds that a kill waits for what it aims at."""
CONNECTIONS, TIMEOUT = 32, 7.0
"""A phone waits a little longer than the intake waits for its database."""
GARBLED = {
    "no JSON": b"{{ \xe8\xbf\x99", "no text": b"\xff\xfe\x00\x80", "no batch": b'{"v":1}',
    "no records": b'{"v":1,"chain":"CHAIN","first_seq":1,"sent":{"wall":0,"boot":"","mono":0},"records":[]}',
    "number 0": b'{"v":1,"chain":"CHAIN","first_seq":0,"sent":{"wall":0,"boot":"","mono":0},"records":["x"]}',
    "chain of no id": b'{"v":1,"chain":"\\u0000","first_seq":1,"sent":{"wall":0,"boot":"","mono":0},"records":["x"]}',
    "unsigned": b'{"v":1,"chain":"CHAIN","first_seq":1,"sent":{"wall":0,"boot":"","mono":0},"records":["x"]}',
}  # fmt: skip
REFUSED = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.SERVICE_UNAVAILABLE})


@dataclass
class Outcome:
    """How a schedule ended; ``complaints`` is empty if all is well. ``back``: the seconds until the intake answered again."""

    seed: int
    complaints: list[str] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    records: int = 0
    unacknowledged: int = 0
    back: float = 0.0
    seconds: float = 0.0


def run_one(arena: Arena, plan: Plan) -> Outcome:
    """Let a schedule pass; whatever goes wrong becomes a complaint."""
    outcome, began = Outcome(plan.seed), time.monotonic()
    try:
        asyncio.run(_pass(arena, plan, outcome))
    except (BenchError, DrillError, TimeoutError) as error:
        outcome.complaints.append(f"{type(error).__name__}: {error}")
    outcome.seconds = time.monotonic() - began
    return outcome


async def _pass(arena: Arena, plan: Plan, outcome: Outcome) -> None:
    after = checks.position(arena)
    traffic = Traffic(Random(f"{plan.seed}/traffic"), faults=outcome.faults)  # noqa: S311 - reproducible, not secret
    stage = await asyncio.to_thread(arena.stage, len(plan.owners))
    wires = Wires.to(arena.url, CONNECTIONS, TIMEOUT)
    async with wires.client:
        phones = await asyncio.gather(*(_phone(wires, plan, stage, number, traffic) for number in range(len(plan.owners))))
        await _live(arena, wires, plan, outcome, phones, traffic)
    held = checks.stored(arena, after)
    outcome.records, outcome.unacknowledged = len(held.rows), checks.unacknowledged(traffic, held)
    outcome.complaints += checks.complaints(arena, stage.incident, phones, traffic, held)


async def _phone(wires: Wires, plan: Plan, stage: Stage, number: int, traffic: Traffic) -> Phone:
    """Enrol a phone; the last of a schedule is careless."""
    handset = Handset(wires, str(uuid4()))
    deadline = time.monotonic() + BACK
    while (given := await handset.enrol(stage.codes[number])) is None or given.status_code in DOWN:
        if time.monotonic() > deadline:
            raise BenchError(f"no phone could enrol within {BACK:.0f} s")
        await asyncio.sleep(0.05)
    answer(given)
    form = Form(
        {"activity": "venue_closure", "activity_hash": activity("venue_closure").hash, "order": stage.order}, stage.places
    )
    rng = Random(f"{plan.seed}/phone {number}")  # noqa: S311 - reproducible, not secret
    return Phone(handset, plan.owners[number], form, traffic, rng, careless=number == len(plan.owners) - 1)


async def _live(arena: Arena, wires: Wires, plan: Plan, outcome: Outcome, phones: Sequence[Phone], traffic: Traffic) -> None:
    """Let everything happen, then let it be calm until every phone is quiet."""
    async with AsyncExitStack() as stack:
        lives = [asyncio.create_task(phone.run()) for phone in phones]
        for life in lives:
            stack.callback(life.cancel)
        deeds: list[Awaitable[None]] = [asyncio.sleep(LONGEST)]
        deeds += [_kill(arena, strike, outcome, traffic) for strike in plan.strikes]
        deeds += [_send_garbage(arena, wires, when, phones[-1].handset, traffic) for when in plan.garbage]
        deeds += [_fill(arena, plan.full, traffic)] if plan.full else []
        await asyncio.gather(*deeds)
        doors = (arena.intake_url, arena.url)
        waits = await asyncio.gather(*(asyncio.to_thread(checks.until_it_answers, door) for door in doors))
        outcome.back = max(waits)
        traffic.again.set()
        await asyncio.wait_for(asyncio.gather(*(phone.acted.wait() for phone in phones)), PATIENCE)
        await traffic.be_calm()
        _, pending = await asyncio.wait(lives, timeout=PATIENCE)
        for life in set(lives) - pending:
            life.result()


async def _kill(arena: Arena, strike: Strike, outcome: Outcome, traffic: Traffic) -> None:
    """Kill something at its moment, found beforehand so that the moment is met; if it is not there, as soon as it is."""
    prey = await asyncio.to_thread(arena.prey, strike.kind, strike.which)
    await asyncio.sleep(strike.second)
    if strike.aim == "sending":
        with suppress(TimeoutError):
            await asyncio.wait_for(traffic.next_sending(), AIMING)
        await asyncio.sleep(strike.delay)
    struck = strike.aim == "work" and await asyncio.to_thread(_kill_at_work, arena, strike.kind, prey)
    deadline = time.monotonic() + BACK
    while not struck and not _killed(prey):
        if time.monotonic() > deadline:
            raise BenchError(f"{strike.kind} was not back within {BACK:.0f} s")
        await asyncio.sleep(0.02)
        prey = await asyncio.to_thread(arena.prey, strike.kind, strike.which)
    outcome.kills[strike.kind] += 1


def _kill_at_work(arena: Arena, kind: str, prey: Sequence[psutil.Process]) -> bool:
    """Kill in the middle of a pull, or as soon as a commit is seen, before its answer has come far; at latest after a while."""
    arena.watch(kind, AIMING)
    return _killed(prey)


def _killed(prey: Sequence[psutil.Process]) -> bool:
    """Kill all of them; tell whether any was there to be killed."""
    struck = False
    for process in prey:
        with suppress(psutil.NoSuchProcess):
            process.kill()  # it never hits another process that got the same number
            struck = True
    return struck


async def _fill(arena: Arena, full: Full, traffic: Traffic) -> None:
    """Fill the disk for a while; it counts if PostgreSQL noticed."""
    await asyncio.sleep(full.second)
    before, noticed, limit = len(arena.log), False, time.monotonic() + UNNOTICED
    with arena.full(full.spare):
        while not noticed and time.monotonic() < limit:
            await asyncio.sleep(0.05)
            noticed = "No space left on device" in arena.log[before:]
        await asyncio.sleep(full.lasts)
    traffic.faults["full disk" if noticed else "full disk that nobody noticed"] += 1


async def _post(wires: Wires, arena: Arena, ask: Ask) -> httpx.Response | None:
    """Post without a signature."""
    try:
        return await wires.client.post(f"{arena.intake_url}/field/{ask.kind}", content=ask.body)
    except httpx.TransportError:
        return None


async def _send_garbage(arena: Arena, wires: Wires, when: tuple[float, str], handset: Handset, traffic: Traffic) -> None:
    """Send what is no batch; it must be refused, whatever else goes on."""
    second, wrong = when
    await asyncio.sleep(second)
    ask = Ask("records", GARBLED[wrong].replace(b"CHAIN", str(uuid4()).encode()))
    response = await (_post(wires, arena, ask) if wrong == "unsigned" else handset.carry(ask))
    traffic.faults[f"garbage: {wrong}"] += 1
    if response is not None and response.status_code not in REFUSED:
        traffic.complaints.append(f"garbage ({wrong}) was answered with {response.status_code} {response.text[:200]}")
