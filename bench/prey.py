"""Killing processes of a night at planned moments."""

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

import httpx
import psutil
from bench.homes import BenchError
from bench.processes import installation

KINDS = ("postgres", "postgres child", "intake", "intake child", "web", "web child", "worker")
FEWEST, MOST = 3, 6
BEGINNING = 120.0
"""Seconds within which the phones of a night must be out."""
GONE = 20.0
"""Seconds that a process that was killed has to come back; it is started again after 5 at most, and then needs its time."""


@dataclass(frozen=True)
class Plan:
    """What to kill when: ``moment`` is a part of the night, ``which`` chooses among several processes of the kind."""

    moment: float
    kind: str
    which: float


@dataclass(frozen=True)
class Kill:
    """What was killed, in real seconds after the night began."""

    second: float
    kind: str


def planned(rng: Random) -> list[Plan]:
    """Draw a night's kills."""
    drawn = [Plan(rng.random(), rng.choice(KINDS), rng.random()) for _ in range(rng.randint(FEWEST, MOST))]
    return sorted(drawn, key=lambda plan: plan.moment)


def hunt(drill: subprocess.Popen[bytes], url: str, plans: Sequence[Plan], kills: list[Kill]) -> None:
    """Carry the plans out while the phones are out, and note every kill.

    Only then: before the night there is nothing to lose, and after it the drill freezes a bulletin, which by its nature cannot be
    asked for twice.
    """
    began, length = _night(drill, url)
    for plan in plans:
        due = began + plan.moment * length
        while time.time() < due and drill.poll() is None:
            time.sleep(0.01)
        prey = _find(drill, plan)
        if prey is not None:
            prey.kill()
            kills.append(Kill(time.time() - began, plan.kind))


def _night(drill: subprocess.Popen[bytes], url: str) -> tuple[float, float]:
    """Wait until the night has begun; return when (seconds since 1970) and how many real seconds it lasts."""
    deadline = time.monotonic() + BEGINNING
    while time.monotonic() < deadline and drill.poll() is None:
        found = _clock(url)
        if found is not None and found["began"] is not None:
            start, until, began = (datetime.fromisoformat(found[name]) for name in ("start", "until", "began"))
            return began.timestamp(), (until - start).total_seconds() / found["factor"]
        time.sleep(0.1)
    raise BenchError("the night never began")


def _clock(url: str) -> dict[str, Any] | None:
    try:
        answer = httpx.get(f"{url}/field/clock", trust_env=False, timeout=5)
        drill: dict[str, Any] | None = answer.json()["drill"] if answer.is_success else None
    except (httpx.TransportError, ValueError):
        return None
    return drill


def _find(drill: subprocess.Popen[bytes], plan: Plan) -> psutil.Process | None:
    """Return the process to kill, waiting if it was killed just before and is not back yet; None once the drill is over."""
    deadline = time.monotonic() + GONE
    while time.monotonic() < deadline and drill.poll() is None:
        found = [process for kind, process in installation(drill.pid) if kind == plan.kind]
        if found:
            return found[int(plan.which * len(found))]
        time.sleep(0.02)
    if drill.poll() is None:
        raise BenchError(f"{plan.kind} was not back within {GONE:.0f} s")
    return None
