"""An installation's processes: which is which, and how much memory they take."""

import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil


def installation(supervisor: int) -> list[tuple[str, psutil.Process]]:
    """Return the supervisor and all that descends from it, each with what it is; nothing if it is gone."""
    found: list[tuple[str, psutil.Process]] = []
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(supervisor)
        for process in (parent, *parent.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                found.append((_kind(process, supervisor), process))
    return found


def _kind(process: psutil.Process, supervisor: int) -> str:
    """Tell what a process is; “child” is what a server made itself."""
    if process.pid == supervisor:
        return "supervisor"
    child = "" if process.ppid() == supervisor else " child"
    if process.name() == "postgres":
        return f"postgres{child}"
    words = " ".join(process.cmdline())
    for word, kind in (("tongxin.host.asgi", "intake"), ("granian", "web"), ("tongxin.host.worker", "worker")):
        if word in words:
            return f"{kind}{child}"
    return "other"


def proportional(supervisor: int) -> Counter[str]:
    """Return the proportional set size of an installation in bytes, by what the processes are."""
    sizes: Counter[str] = Counter()
    for kind, process in installation(supervisor):
        # A process may end while we look.
        with suppress(OSError, psutil.NoSuchProcess):
            sizes[kind.removesuffix(" child")] += _pss(process.pid)
    return sizes


def _pss(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


class Sampler:
    """Looks at an installation's memory while its context lasts, and keeps the largest it saw."""

    def __init__(self, supervisor: int, every: float = 0.5) -> None:
        self.peak: Counter[str] = Counter()
        self.largest: Counter[str] = Counter()
        self.samples = 0
        self._supervisor = supervisor
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def as_json(self) -> dict[str, object]:
        """Return the largest sum, what it was made of, and the largest of each part at any time, in bytes."""
        return {
            "peak": self.peak.total(),
            "at_peak": dict(self.peak),
            "largest": dict(self.largest),
            "samples": self.samples,
        }

    def _look(self) -> None:
        while not self._over.wait(self._every):
            sizes = proportional(self._supervisor)
            self.samples += 1
            self.largest |= sizes
            if sizes.total() > self.peak.total():
                self.peak = sizes


class Others:
    """Tells how many cores other programs kept busy while its context lasted: what they take is missing from what is measured."""

    def __init__(self, supervisor: int) -> None:
        self.cores = 0.0
        self._supervisor = supervisor
        self._before = (0.0, 0.0)

    def __enter__(self) -> Self:
        self._before = (time.monotonic(), self._taken())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        began, taken = self._before
        self.cores = round(max(0.0, (self._taken() - taken) / (time.monotonic() - began)), 2)

    def _taken(self) -> float:
        """Return the seconds of CPU that the machine has spent, less those of the installation and ours."""
        times = psutil.cpu_times()
        spent = sum(times) - times.idle - times.iowait - times.guest - times.guest_nice  # guests are counted as users too
        for process in (psutil.Process(), *(process for _, process in installation(self._supervisor))):
            with suppress(psutil.NoSuchProcess):
                own = process.cpu_times()
                spent -= own.user + own.system
        return float(spent)
