"""Homes that last as long as a measurement, and the commands that run in them as a user runs them."""

import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM
from typing import Any

import psutil

from tongxin.host.home import Home
from tongxin.host.processes import Child, spawn

TONGXIN = str(Path(sys.executable).with_name("tongxin"))
ROOT = Path(__file__).resolve().parent.parent
STOPPING = 60.0
"""Seconds that a command gets to end everything it started."""


class BenchError(Exception):
    """Something could not be measured; the message says what and why."""


@dataclass
class Running:
    """A command that was started, and the file in which it writes what it says."""

    process: subprocess.Popen[bytes]
    file: Path

    @property
    def said(self) -> str:
        """Return all that it has said until now."""
        return self.file.read_text("utf-8", "replace")

    def wait(self, timeout: float) -> int:
        """Return its exit code."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise BenchError(f"not finished after {timeout:.0f} s:\n{self.said[-2000:]}") from None

    def wait_for(self, pattern: str, timeout: float) -> str:
        """Return what it has said as soon as a pattern is in it."""
        deadline = time.monotonic() + timeout
        while not re.search(pattern, said := self.said, re.MULTILINE):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"never said “{pattern}”:\n{said[-2000:]}")
            time.sleep(0.1)
        return said


@contextmanager
def temporary_home(where: Path | None = None) -> Iterator[Home]:
    """Yield the home of an installation that does not exist yet, and remove what became of it."""
    with tempfile.TemporaryDirectory(prefix="tongxin-bench-", dir=where) as name:
        Path(name).chmod(0o755)  # if root runs this, PostgreSQL's own user can reach its data here
        home = Home(Path(name) / "home")
        try:
            yield home
        finally:
            code, said = run(home, "clean")
            if code:
                print(f"tongxin clean ended with {code}: {said.strip()}", file=sys.stderr)


@contextmanager
def command(home: Home, *arguments: str, program: Sequence[str] = (TONGXIN,)) -> Iterator[Running]:
    """Run ``tongxin`` (or what stands for it) in a home while the context lasts; it ends with this process, however this ends."""
    file = home.path.parent / f"{arguments[0]}.txt"
    with file.open("wb") as output:
        process = spawn(Child(arguments[0], [*program, *arguments], environment(home)), output.fileno())
    try:
        yield Running(process, file)
    finally:
        _end(process)


def run(home: Home, *arguments: str) -> tuple[int, str]:
    """Run ``tongxin`` to its end; return its exit code and everything it said."""
    done = subprocess.run(
        [TONGXIN, *arguments],
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def environment(home: Home) -> dict[str, str]:
    """Return our environment for a home with its own database, speaking English, because what is said is read here."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_") and name != "PORT"}
    return ours | {"TONGXIN_HOME": str(home.path), "TONGXIN_LANGUAGE": "en"}


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.send_signal(SIGTERM)
    try:
        process.wait(STOPPING)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def git(*arguments: str) -> str:
    """Return what git says about this checkout."""
    done = subprocess.run(["/usr/bin/env", "git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def tree() -> str:
    """Return the hash of the committed tree."""
    return git("rev-parse", "HEAD^{tree}")


def is_clean() -> bool:
    """Tell whether what lies here is that tree; the proofs themselves do not count."""
    return git("status", "--porcelain", "--", ".", ":!docs/proofs") == ""


def machine() -> dict[str, Any]:
    """Return what a measurement ran on."""
    return {
        "cores": os.cpu_count(),
        "memory": psutil.virtual_memory().total,
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0],
    }
