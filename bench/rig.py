"""A running Tongxin with its county, and the phones that send to it, for the intake's benchmark."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
from bench import load
from bench.county import County, county
from bench.homes import BenchError, temporary_home
from bench.load import Phone, Sending, pour
from bench.processes import installation

from tongxin.host.ports import free_port
from tongxin.host.up import Desk, up
from tongxin_drill.handset import Handset, Wires

PHONES, CONNECTIONS, TRAINED_ON = 256, 16, 10_240
PACKS = Path(__file__).resolve().parent / "packs"


class Bench:
    """A running Tongxin with its county, and the phones that send."""

    def __init__(self, desk: Desk, found: County, phones: int = PHONES) -> None:
        self.desk, self.county = desk, found
        self.port = int(desk.intake_url.rsplit(":", 1)[1])
        self._phones = self.enrol(phones) if phones else []

    def enrol(self, count: int) -> list[Phone]:
        """Enrol so many phones."""
        enrolled = asyncio.run(self._enrol(self.county.codes(count)))
        return [Phone(handset, duties, seed) for seed, (handset, duties) in enumerate(enrolled)]

    async def _enrol(self, codes: Sequence[str]) -> list[tuple[Handset, list[dict[str, Any]]]]:
        wires = Wires.to(self.desk.url, CONNECTIONS, timeout=60)
        async with wires.client:
            return [await load.enrol(wires, code) for code in codes]

    def lanes(self, records: int, size: int, connections: int = CONNECTIONS) -> list[list[Sending]]:
        """Prepare so many records in batches, spread over connections; several phones share one.

        What is sent later is made later, as by phones that are online: records come in about in the order of their times.
        """
        lanes: list[list[Sending]] = [[] for _ in range(connections)]
        for _ in range(max(1, records // size // len(self._phones))):
            for number, phone in enumerate(self._phones):
                lanes[number % connections].append(phone.prepare(size))
        return lanes

    def processes(self, *kinds: str) -> list[psutil.Process]:
        """Return this installation's processes of some kinds."""
        return [process for kind, process in installation(os.getpid()) if kind.removesuffix(" child") in kinds]

    @contextmanager
    def held(self, kind: str) -> Iterator[None]:
        """Hold a process while the context lasts."""
        held = self.processes(kind)
        for process in held:
            process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for process in held:
                process.send_signal(signal.SIGCONT)

    def cpu(self, *kinds: str) -> float:
        """Return the CPU seconds that processes of some kinds have used so far, and those of theirs that have ended."""
        return sum(sum(process.cpu_times()[:4]) for process in self.processes(*kinds))

    def sql(self, question: str) -> Any:  # noqa: ANN401 - whatever it asks for
        """Ask the database as its owner."""
        with psycopg.connect(self.desk.database.owner_url, autocommit=True) as connection:
            row = connection.execute(question.encode()).fetchone()
        return row[0] if row else None

    def train(self) -> None:
        """Send some records and wait for the dictionary by which those that follow are packed."""
        asyncio.run(pour(self.port, self.lanes(TRAINED_ON, 20)))
        self.catch_up()
        self._wait(lambda: self.sql("SELECT dictionary FROM ledger_counter") is not None, 60, "there is no dictionary")

    def behind(self) -> int:
        """Return how many records are not in the figures yet."""
        return int(
            self.sql(
                "SELECT coalesce((SELECT position FROM ledger_counter), 0) - coalesce((SELECT position FROM figures_cursor), 0)"
            )
        )

    def catch_up(self, within: float = 600) -> None:
        """Wait for the figures."""
        self._wait(lambda: not self.behind(), within, "the figures are still behind")

    @staticmethod
    def _wait(until: Callable[[], bool], within: float, otherwise: str) -> None:
        deadline = time.monotonic() + within
        while not until():
            if time.monotonic() > deadline:
                raise BenchError(f"{otherwise} after {within:.0f} s")
            time.sleep(0.2)


@contextmanager
def running(intake_rate: int | None = None) -> Iterator[Bench]:
    """Run a Tongxin with a county of places to visit."""
    os.environ["TONGXIN_PACKS"] = str(PACKS)
    os.environ["TONGXIN_INTAKE_RATE"] = str(intake_rate or "")
    with temporary_home() as home, up(home, free_port()) as desk:
        yield Bench(desk, county(desk))
