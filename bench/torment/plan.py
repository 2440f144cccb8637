"""What befalls a schedule, all of it drawn from its seed: who writes what, which sendings go wrong, what is killed when."""

from dataclasses import dataclass, replace
from random import Random

from bench.torment.poison import POISONS

PREY = {
    "intake": 2, "intake child": 4, "intake group": 3, "worker": 4, "postgres": 3, "postgres group": 3, "postgres backend": 3,
}  # fmt: skip
"""What is killed, and how often. The bare name is a server's first process, which starts the others; ``group`` all at once."""
AIMS = {"moment": 25, "sending": 25, "work": 50}
SENDINGS = {"": 60, "answer lost": 8, "never sent": 6, "sent twice": 9, "late": 8, "reordered": 9}
"""How often what happens to a sending, in a hundred. A late one comes in after a while, a reordered one behind a younger one."""
FATES = {"": 70, "phone killed": 17, "disk rolled back": 11, "rebooted": 2}
"""What befalls a phone as its person writes, in a hundred times."""
GARBAGE = ("no JSON", "no text", "no batch", "no records", "number 0", "chain of no id", "unsigned")
FULL_DISK = 0.05
"""How many schedules run out of disk."""
LONGEST, AFTERMATH = 1.1, 0.6
"""Seconds within which people write and things are killed; and in which people write on, once the doors answer again."""


@dataclass(frozen=True)
class Strike:
    """A kill at a moment. By its aim then at once, or ``delay`` after the next sending leaves, or as it works (arena.WORK).

    ``which`` chooses among several processes.
    """

    kind: str
    second: float
    aim: str
    delay: float
    which: float


@dataclass(frozen=True)
class Step:
    """A person writes ``records`` at a moment, and ``fate`` befalls the phone; ``poison`` spoils the last of the records."""

    second: float
    records: int
    fate: str
    poison: str


@dataclass(frozen=True)
class Owner:
    """A phone and its person: what is written while things are killed, and in the aftermath; how many records go into a batch at
    most; how wrong the wall clock is (ms)."""

    steps: tuple[Step, ...]
    more: tuple[Step, ...]
    batch: int
    wrong: int


@dataclass(frozen=True)
class Full:
    """The disk is full from a moment on, but for some bytes, and for how many seconds after PostgreSQL noticed."""

    second: float
    lasts: float
    spare: int


@dataclass(frozen=True)
class Plan:
    """A schedule. ``garbage`` are requests that no phone sends: when, and what is wrong with them."""

    seed: int
    owners: tuple[Owner, ...]
    strikes: tuple[Strike, ...]
    garbage: tuple[tuple[float, str], ...]
    full: Full | None


def drawn(seed: int) -> Plan:
    """Draw the schedule of a seed."""
    rng = Random(f"torture/{seed}")  # noqa: S311 - a plan must be reproducible, not secret
    full = Full(rng.uniform(0, 0.5), rng.uniform(0.1, 1.2), rng.choice((0, 8_000, 60_000))) if rng.random() < FULL_DISK else None
    honest = [_owner(rng, careless=False) for _ in range(rng.randint(2, 4))]
    strikes = tuple(_strike(rng) for _ in range(rng.choice((1, 2, 2, 3))))
    garbage = tuple((rng.uniform(0, LONGEST), rng.choice(GARBAGE)) for _ in range(rng.randint(0, 2)))
    careless = _owner(rng, careless=True)
    if full:
        careless = replace(careless, steps=_heavy(careless.steps, full.second + 0.05))
    return Plan(seed, (*honest, careless), strikes, garbage, full)


def _heavy(steps: tuple[Step, ...], second: float) -> tuple[Step, ...]:
    """Add a record for which a full disk has no room, whatever is left in pages that are there already."""
    return tuple(sorted((*steps, Step(second, 1, "", "1 MB")), key=lambda step: step.second))


def _strike(rng: Random) -> Strike:
    """Most kills are aimed, so that many fall while something is written, and between a commit and its answer."""
    kind, aim = rng.choices(list(PREY), list(PREY.values()))[0], rng.choices(list(AIMS), list(AIMS.values()))[0]
    return Strike(kind, rng.uniform(0.05, LONGEST), aim, rng.uniform(0, 0.025), rng.random())


def _owner(rng: Random, *, careless: bool) -> Owner:
    """Draw a phone. A careless one spoils records, but its disk never goes back: it could not write them anew."""
    steps = _steps(rng, rng.randint(6, 10), LONGEST, careless=careless)
    more = _steps(rng, rng.randint(4, 6), AFTERMATH, careless=careless)
    wrong = rng.choice((0, 0, rng.randint(-3_000, 3_000), rng.randint(-600_000, 600_000)))
    return Owner(steps, more, rng.randint(2, 8), wrong)


def _steps(rng: Random, count: int, within: float, *, careless: bool) -> tuple[Step, ...]:
    moments = sorted(rng.uniform(0, within) for _ in range(count))
    return tuple(_step(rng, moment, careless=careless) for moment in moments)


def _step(rng: Random, moment: float, *, careless: bool) -> Step:
    fate = rng.choices(list(FATES), list(FATES.values()))[0]
    poison = rng.choice(POISONS) if careless and rng.random() < 0.35 else ""  # noqa: PLR2004 - a third
    return Step(moment, rng.randint(1, 3), "phone killed" if careless and fate == "disk rolled back" else fate, poison)
