"""One profile of a browser from its first record on: saving, killed, started again, at times cleared or put back, compared."""

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Literal

from bench.bare.browser import LEAVES_IT_RUNNING, PREY, Browser, Prey
from bench.bare.hearing import Ear, hearing
from bench.bare.truth import Truth
from bench.homes import BenchError

ENGINES = {"leveldb": "", "sqlite": "IdbSqliteBackingStore"}
"""What Chromium keeps IndexedDB in: LevelDB until now, SQLite as it is rolled out. Phones will have either."""
LONGEST = 30.0
"""Seconds within which a page must have started."""
TRIES = 3
"""How often a tab whose process is dead is opened again, as a person would."""
ROOMS = (0, 30_000)
"""Bytes that are left when a page starts that will find the storage full."""
WEIGHTS = (45, 20, 20, 15)
STARTING, FULL, WIPED, PUT_BACK, COPIED = 0.15, 0.07, 0.1, 0.2, 0.5
"""How often a kill falls into the start, comes after the storage is full, is followed by a fault, or leaves a copy behind."""

Fault = Literal["", "wiped", "put back"]


@dataclass(frozen=True)
class Plan:
    """What is killed, when (seconds after the start, or if ``starting`` the launch), with what room, and what is done then."""

    prey: Prey
    starting: bool
    moment: float
    room: int | None
    fault: Fault
    copied: bool


@dataclass
class Life:
    """A life and how it ended; ``complaints`` is empty if nothing that was shown is gone without a word."""

    seed: int
    engine: str
    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    starts: int = 0
    truth: Truth = field(default_factory=Truth)
    shown: int = 0
    saves: list[float] = field(default_factory=list)
    durability: Counter[str] = field(default_factory=Counter)
    witnesses: Counter[str] = field(default_factory=Counter)
    lasting: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)


def drawn(rng: Random) -> Plan:
    """Draw one kill."""
    prey = rng.choices(PREY, WEIGHTS)[0]
    starting = rng.random() < STARTING
    moment = rng.uniform(0.02, 1.0) if starting else rng.uniform(0.0, 1.2)
    chance, full, room, copied = rng.random(), rng.random() < FULL, rng.choice(ROOMS), rng.random() < COPIED
    fault: Fault = "wiped" if chance < WIPED else "put back" if chance < WIPED + PUT_BACK else ""
    return Plan(
        prey, starting, moment, room if full and not starting else None, "" if prey in LEAVES_IT_RUNNING else fault, copied
    )


def live(seed: int, kills: int, query: str = "") -> Life:
    """Let one profile live through so many kills; the same seed draws the same. ``query`` is for pages that are known to lose."""
    rng = Random(f"{seed}/phone")  # noqa: S311 - a seed, no secret
    life = Life(seed, list(ENGINES)[seed % len(ENGINES)])
    with _here() as (folder, ear):
        running = _Running(life, folder, ear, query)
        try:
            for plan in [drawn(rng) for _ in range(kills)]:
                running.suffer(plan)
            running.settle()
        except BenchError as error:
            life.complaints.append(str(error))
        finally:
            running.browser.end()
        _sum(life, ear)
    return life


@contextmanager
def _here() -> Iterator[tuple[Path, Ear]]:
    with tempfile.TemporaryDirectory(prefix="tongxin-phone-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with hearing(folder / "shown.log") as ear:
            yield folder, ear


class _Running:
    """A life while it lasts."""

    def __init__(self, life: Life, folder: Path, ear: Ear, query: str) -> None:
        self._life, self._ear = life, ear
        self._profile, self._copy = folder / "profile", folder / "copy"
        self._store = self._profile / "Default" / "IndexedDB"
        self._url = f"{ear.url}/?{query}"
        self._tampered = self._compared = False
        self.browser = self._launched()

    def suffer(self, plan: Plan) -> None:
        """Let the page save until the plan's moment, kill, do the fault, start again."""
        if plan.room is not None:
            self._fill(plan.room)
        if not plan.starting:
            self._compare()
        time.sleep(plan.moment)
        if self.browser.kill(plan.prey):
            self._life.kills[plan.prey] += 1
        else:
            self._life.faults["nothing there to kill"] += 1
        if plan.starting:
            self._life.faults["killed while starting"] += 1
        self._late()
        if plan.prey in LEAVES_IT_RUNNING:
            if plan.room is not None:
                self.browser.limit(self._ear.url, None)
            self.browser.open_again(self._url)
        else:
            self._meddle(plan)
            self.browser = self._launched()

    def settle(self) -> None:
        """Compare for the last time."""
        self._compare()

    def _launched(self) -> Browser:
        return Browser(self._profile, self._url, ENGINES[self._life.engine])

    def _compare(self) -> None:
        """Hold what the page found against the truth, once for each start."""
        for _ in range(TRIES):
            if self._compared or self._started() or self.browser.answers():
                break
            self._life.faults["a dead tab opened again"] += 1
            self.browser.open_again(self._url)
        if not self._compared:
            self._judge(*self._ear.start(LONGEST))

    def _started(self) -> bool:
        """Wait for a start, but not for ever."""
        deadline = time.monotonic() + LONGEST / 3
        while self._ear.starts.empty() and time.monotonic() < deadline:
            time.sleep(0.02)
        return not self._ear.starts.empty()

    def _judge(self, before: int, start: dict[str, Any]) -> None:
        """Compare what a start found with what had been shown before it, and no later."""
        self._life.starts += 1
        self._life.complaints += self._life.truth.hear(self._ear.shown[:before])
        self._life.complaints += self._life.truth.compare(start, tampered=self._tampered)
        self._life.lasting[str(start["opening"]["lasting"]["granted"])] += 1
        self._tampered, self._compared = False, True

    def _late(self) -> None:
        """Judge a start that was reported before the kill though nobody waited for it; then wait for the next."""
        time.sleep(0.05)
        for start in self._ear.waiting():
            self._judge(*start)
        self._compared = False

    def _fill(self, room: int) -> None:
        """Kill everything and start the page with little room, since Chromium asks how much only now and then. It must say so."""
        self._compare()
        self._life.kills["everything"] += bool(self.browser.kill("everything"))
        self._late()
        self.browser = Browser(self._profile, "about:blank", ENGINES[self._life.engine])
        before, origin = len(self._ear.problems), self._ear.url
        usage = self.browser.call("Storage.getUsageAndQuota", self.browser.session(), origin=origin)["usage"]
        self.browser.limit(origin, int(usage) + room)
        self.browser.call("Target.createTarget", url=self._url)
        self._compare()
        if not self._ear.problem("store.full", before, LONGEST):
            self._life.complaints.append("the storage was full and the page did not say so")
        self._life.faults["full storage"] += 1

    def _meddle(self, plan: Plan) -> None:
        """Clear the store, put an older one back, or keep a copy for later."""
        if plan.fault == "wiped" and self._store.exists():
            shutil.rmtree(self._store)
        elif plan.fault == "put back" and self._copy.exists():
            shutil.rmtree(self._store, ignore_errors=True)  # a start that was killed may not have made it yet
            shutil.copytree(self._copy, self._store)
        else:
            if plan.copied and self._store.exists():
                shutil.rmtree(self._copy, ignore_errors=True)
                shutil.copytree(self._store, self._copy)
            return
        self._life.faults[plan.fault] += 1
        self._tampered = True


def _sum(life: Life, ear: Ear) -> None:
    life.shown = len(ear.shown)
    life.saves = [said["ms"] for said in ear.shown]
    life.problems = Counter(said.split(" ")[0] for said in ear.problems)
    life.durability = Counter(said.get("durability", "?") for said in ear.shown)
    life.witnesses = Counter(name for said in ear.shown for name in said.get("witnesses", ()))


def all_of(lives: Sequence[Life], name: str) -> Counter[str]:
    """Add up a count of several lives."""
    return sum((getattr(life, name) for life in lives), Counter[str]())
