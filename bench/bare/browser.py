"""Debian's Chromium on a profile that outlives it, spoken to over a pipe, killed in parts or as a whole."""

import json
import os
import select
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import psutil
from bench.homes import BenchError

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--remote-debugging-pipe",
)  # fmt: skip
TIED = 'exec "$0" "$@" 3<&{} 4>&{}'
"""The pipe's ends are 3 and 4 in the browser; it ends by itself when ours close, however we end."""
NOTICED = 0.3
"""Seconds in which the browser notices that a process was killed; before, it may give a new tab to it."""
ANSWER = 10.0
"""Seconds within which the browser answers over the pipe."""
GONE = 10.0
"""Seconds within which all processes of a killed browser must be gone."""

Prey = Literal["everything", "browser", "renderer", "storage service"]
PREY: tuple[Prey, ...] = ("everything", "browser", "renderer", "storage service")
LEAVES_IT_RUNNING = ("renderer", "storage service")


class Browser:
    """One run of the browser; ``page`` is the only tab."""

    def __init__(self, profile: Path, url: str, features: str = "") -> None:
        """Start it on a page."""
        ours, theirs = os.pipe(), os.pipe()
        command = [CHROMIUM, *QUIET, f"--user-data-dir={profile}", *([f"--enable-features={features}"] if features else []), url]
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", TIED.format(ours[0], theirs[1]), *command],
            pass_fds=(ours[0], theirs[1]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(ours[0])
        os.close(theirs[1])
        self._to, self._from = os.fdopen(ours[1], "wb", buffering=0), os.fdopen(theirs[0], "rb", buffering=0)
        self._calls, self._read, self._page = 0, b"", ""
        self._family: dict[int, psutil.Process] = {}

    def kill(self, prey: Prey) -> int:
        """Kill at once and without warning; return how many processes that were."""
        family = self._members()
        if prey in LEAVES_IT_RUNNING:
            killed = [process for process in family if _is(process, prey)]
        else:
            killed = [process for process in family if prey == "everything" or process.pid == self._process.pid]
        for process in killed:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        if prey not in LEAVES_IT_RUNNING:
            self._wait_until_gone()
        return len(killed)

    def end(self) -> None:
        """Let nothing of it run on."""
        for process in self._members():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._wait_until_gone()

    def open_again(self, url: str) -> None:
        """Open the page in a new tab and close the old one."""
        before = self._pages()
        time.sleep(NOTICED)
        self.call("Target.createTarget", url=url)
        for page in before:
            with suppress(BenchError):  # a tab that crashed may be gone
                self.call("Target.closeTarget", targetId=page)

    def limit(self, origin: str, quota: int | None) -> None:
        """Give an origin no more than so many bytes, as long as this browser runs; None: as before."""
        more = {} if quota is None else {"quotaSize": quota}
        self.call("Storage.overrideQuotaForOrigin", self.session(), origin=origin, **more)

    def session(self) -> str:
        """Attach to the page."""
        attached: str = self.call("Target.attachToTarget", targetId=self._pages()[0], flatten=True)["sessionId"]
        return attached

    def answers(self) -> bool:
        """Say whether the page's process answers at all: Chromium may give a new tab to a process that was just killed."""
        try:
            self.call("Runtime.evaluate", self.session(), within=3.0, expression="1")
        except BenchError:
            return False
        return True

    def call(self, method: str, session: str | None = None, within: float = ANSWER, **parameters: object) -> dict[str, Any]:
        """Ask the browser for something over its pipe; return its answer."""
        self._calls += 1
        asked = {"id": self._calls, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        try:
            self._to.write(json.dumps(asked).encode() + b"\0")
            while (heard := self._next(time.monotonic() + within)).get("id") != self._calls:
                pass
        except OSError as error:
            raise BenchError(f"the browser is gone: {error}") from error
        if "error" in heard:
            raise BenchError(f"{method}: {heard['error'].get('message')}")
        answer: dict[str, Any] = heard["result"]
        return answer

    def _next(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._read:
            if not select.select([self._from], [], [], max(0, deadline - time.monotonic()))[0]:
                raise BenchError("the browser does not answer")
            more = self._from.read(65536)
            if not more:
                raise BenchError("the browser is gone")
            self._read += more
        text, _, self._read = self._read.partition(b"\0")
        heard: dict[str, Any] = json.loads(text)
        return heard

    def _pages(self) -> list[str]:
        return [target["targetId"] for target in self.call("Target.getTargets")["targetInfos"] if target["type"] == "page"]

    def _members(self) -> Sequence[psutil.Process]:
        """Every process of it that was ever seen and lives: the children of a killed one no longer say whose they were."""
        with suppress(psutil.NoSuchProcess):
            main = psutil.Process(self._process.pid)
            self._family |= {process.pid: process for process in [main, *main.children(recursive=True)]}
        return [process for process in self._family.values() if process.is_running()]

    def _wait_until_gone(self) -> None:
        """Wait for the rest to notice, as it does when only its first process was killed; what does not is killed too."""
        deadline = time.monotonic() + GONE
        self._process.wait()
        left = [process for process in self._members() if _lives(process)]
        while left and time.monotonic() < deadline:
            if time.monotonic() > deadline - GONE / 2:
                for process in left:
                    with suppress(psutil.NoSuchProcess):
                        process.kill()
            time.sleep(0.02)
            left = [process for process in left if _lives(process)]
        if left:
            raise BenchError(f"{len(left)} processes of a killed browser live on")
        self._to.close()
        self._from.close()


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _is(process: psutil.Process, prey: Prey) -> bool:
    try:
        said = " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False
    return "--type=renderer" in said if prey == "renderer" else "storage.mojom.StorageService" in said
