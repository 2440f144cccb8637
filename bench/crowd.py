"""More records after a drill: a second round over the same venues, one phone a group, through the field door."""

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle
from random import Random
from typing import Any

import msgspec
from bench.homes import BenchError

from tongxin.base import clock
from tongxin_drill.client import Desk
from tongxin_drill.handset import Handset, Wires, answer
from tongxin_drill.pocket import Pocket
from tongxin_drill.shapes import Act, Member, Scenario
from tongxin_drill.timetable import Finding, visit

BATCH = 200
"""As many records as the field door takes at once."""
FOUND_OPEN = 0.02
"""How often the second round finds a venue open."""
CATCHING_UP = 300.0
"""Seconds that the figures get for it."""
ACTIVITY = "venue_closure"


@dataclass(frozen=True)
class Made:
    """How the records came about; ``seconds`` is how long the phones took, ``behind`` how long the figures after them."""

    by_drill: int
    by_phones: int
    seconds: float
    behind: float

    @property
    def total(self) -> int:
        """How many there are."""
        return self.by_drill + self.by_phones

    def __str__(self) -> str:
        rate = self.by_phones / self.seconds if self.by_phones else 0.0
        return (
            f"{self.total:,} records: {self.by_drill:,} from the drill's phones, {self.by_phones:,} from one more phone a group, "
            f"which visits the group's venues at random and finds {FOUND_OPEN:.0%} open; batches of {BATCH}, one at a time, "
            f"{rate:,.0f} records a second; the figures had them all {self.behind:.1f} s later"
        )


class Phone:
    """A group's phone in the second round. It has good reception: whatever it sends is answered."""

    def __init__(self, wires: Wires, rng: Random) -> None:
        self._rng = rng
        self._handset = Handset(wires, str(uuid.uuid4()))

    async def enrol(self, code: str, venues: Sequence[Mapping[str, Any]]) -> None:
        """Enrol with an inspector's code; ``venues`` are the group's visits as the desk lists them."""
        answer(await self._handset.enrol(code))
        self._duties = _as_duties(venues, answer(await self._handset.get("duties"))["duties"])
        now = datetime.fromisoformat(answer(await self._handset.get("clock"))["now"])
        self._ahead = now - clock.wall()  # after its night a drill clock runs at real speed
        self._pocket = Pocket(self._handset.device, now, self._rng, BATCH)

    async def visit(self, count: int) -> None:
        """Visit so many venues and hand the records in."""
        for _ in range(count):
            self._pocket.add(self._act(duty := self._rng.choice(self._duties)), duty, "place")
        before, stamp = self._pocket.confirmed, self._pocket.stamp(clock.wall() + self._ahead)
        ask = self._pocket.client.next(0, stamp)
        if ask is None or ask.kind != "records":
            raise BenchError("the second round's phone has nothing to send")
        given = answer(await self._handset.carry(ask))
        marks = {receipt["quarantine"] for receipt in given["receipts"]} - {None}
        self._pocket.client.heard(ask, 200, msgspec.json.encode(given), 0, stamp)
        if marks or self._pocket.confirmed - before != count:
            raise BenchError(f"records of the second round were not taken in as meant: {marks or 'held before'}")

    def _act(self, duty: Mapping[str, Any]) -> Act:
        now = clock.wall() + self._ahead
        return visit("", now, duty["place"]["id"], Finding(open=self._rng.random() < FOUND_OPEN, gathering=False))


def fill(url: str, desk: Desk, scenario: Scenario, wanted: int) -> Made:
    """Add records until there are ``wanted``, and wait for the figures; ``desk`` is the commander's."""
    held = _held(desk, scenario)[0]
    missing = max(0, wanted - held)
    seconds = asyncio.run(_round(url, desk, scenario, missing)) if missing else 0.0
    made = time.monotonic()
    _catch_up(desk, scenario)
    return Made(held, missing, seconds, time.monotonic() - made)


async def _round(url: str, desk: Desk, scenario: Scenario, missing: int) -> float:
    """Make so many records, a batch at a time; return how many seconds that took."""
    wires = Wires.to(url, connections=1, timeout=60)
    async with wires.client:
        phones = await _phones(wires, desk, scenario)
        began = time.monotonic()
        for phone, first in zip(cycle(phones), range(0, missing, BATCH), strict=False):
            await phone.visit(min(BATCH, missing - first))
        return time.monotonic() - began


async def _phones(wires: Wires, desk: Desk, scenario: Scenario) -> list[Phone]:
    """Enrol the first inspector of each group anew."""
    venues: dict[str, list[dict[str, Any]]] = {}
    for made in desk.post(f"orders/{scenario.orders[0].id}/visits")["duties"]:  # they are made already; this lists them
        venues.setdefault(made["organisation"], []).append(made)
    firsts: dict[str, Member] = {}
    for member in scenario.actors:
        firsts.setdefault(member.roles[0].organisation, member)
    given = desk.post("sign-in-codes", {"members": [member.id for member in firsts.values()]})
    codes = {item["member"]: item["code"] for item in given["codes"]}
    phones = []
    for group, member in firsts.items():
        phone = Phone(wires, Random(member.id))  # noqa: S311 - a workload, not a secret
        await phone.enrol(codes[member.id], venues[group])
        phones.append(phone)
    return phones


def _as_duties(venues: Sequence[Mapping[str, Any]], mine: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the group's visits in the shape of the phone's own duties, from which their order and form are taken."""
    like = next(duty for duty in mine if duty["activity"]["id"] == ACTIVITY)
    return [{**like, "id": venue["id"], "place": {"id": venue["place"]}} for venue in venues if venue["activity"] == ACTIVITY]


def _held(desk: Desk, scenario: Scenario) -> tuple[int, int]:
    """Return how many records there are, and how many of them are not added up yet."""
    figures = desk.get(f"incidents/{scenario.incident.id}/figures")
    return figures["position"] + figures["behind"], figures["behind"]


def _catch_up(desk: Desk, scenario: Scenario) -> None:
    deadline = time.monotonic() + CATCHING_UP
    while _held(desk, scenario)[1]:
        if time.monotonic() > deadline:
            raise BenchError(f"the figures are still behind after {CATCHING_UP:.0f} s")
        time.sleep(0.1)
