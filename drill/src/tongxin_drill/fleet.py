"""All phones of a rehearsal, in one event loop and over one pool of connections."""

import asyncio
from collections.abc import Callable, Mapping
from random import Random

from tongxin_drill.handset import Wires
from tongxin_drill.phone import Habits, Phone, PhoneError
from tongxin_drill.shapes import Act, Scenario

ENROLLING = 8
"""So many phones enrol at a time."""
CONNECTIONS = 64
SENDINGS = 300
"""Together the phones send at most so often a second, by resting; busy ones then fill their batches."""
MANY = 40
"""A phone with more acts than this sends as large batches as the door takes, or it could never hand all of them in."""


async def live_through(
    url: str,
    scenario: Scenario,
    codes: Mapping[str, str],
    *,
    begin: Callable[[], object],
    receipted: Callable[[int], None],
) -> tuple[list[Phone], list[str]]:
    """Enrol everybody's phone with its code, ``begin`` the rehearsal, and run the phones to its end.

    Returns the phones and, a line each, why some of them had to stop early.
    """
    wires = Wires.to(url, CONNECTIONS)
    async with wires.client:
        phones = _phones(wires, scenario, receipted)
        await _enrol(phones, codes)
        await asyncio.to_thread(begin)
        stopped = await asyncio.gather(*(_run(phone) for phone in phones))
    return phones, [reason for reason in stopped if reason]


def _phones(wires: Wires, scenario: Scenario, receipted: Callable[[int], None]) -> list[Phone]:
    acts: dict[str, list[Act]] = {}
    for act in scenario.acts:
        acts.setdefault(act.member, []).append(act)
    rest = len(acts) / SENDINGS
    return [
        Phone(
            wires,
            member,
            acts[member.id],
            rng=Random(f"{scenario.seed}/{member.id}"),  # noqa: S311 - faults are seeded, not secret
            habits=Habits(batch=20 if len(acts[member.id]) <= MANY else 200, rest=rest),
            unreachable=scenario.unreachable.get(member.id, ()),
            receipted=receipted,
        )
        for member in scenario.actors
    ]


async def _enrol(phones: list[Phone], codes: Mapping[str, str]) -> None:
    free = asyncio.Semaphore(ENROLLING)

    async def enrol(phone: Phone) -> None:
        async with free:
            await phone.enrol(codes[phone.member.id])

    await asyncio.gather(*(enrol(phone) for phone in phones))


async def _run(phone: Phone) -> str:
    """Run a phone; if it has to stop return why, and let the others go on: the rehearsal is not theirs to end."""
    try:
        await phone.run()
    except PhoneError as error:
        return str(error)
    return ""
