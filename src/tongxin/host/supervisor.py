"""Keeps child processes alive, and ends them all.

One thread, the keeper, starts every child, watches it, starts it again when it dies, and ends it. It has to
be one thread that lives as long as the supervisor: the system signals a child when the *thread* that started
it is gone, and that is how no child outlives a supervisor that was killed.
"""

import os
import subprocess
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tongxin.base.clock import wall
from tongxin.base.problems import Problem
from tongxin.base.words import say
from tongxin.host.home import Home
from tongxin.host.processes import Child, ended, kill_group, spawn, tail

TICK = 0.2
"""Seconds between two looks at the children."""

FIRST_DELAY, LONGEST_DELAY, SETTLED = 0.2, 5.0, 30.0
"""Seconds until a dead child starts again: doubling from first to longest, anew once it was up so long."""

STOP_PATIENCE = 15.0
"""Seconds that a child has to end by itself."""


class ChildFailed(Problem):
    """A process of this installation ended instead of getting ready, or takes too long."""

    code = "host.child_failed"
    status = 500
    next_step = "按日志里的原因改正后再启动。"


def child_failed(name: str, log: Path, exit_code: int | None) -> ChildFailed:
    """Return the problem of a child with the end of its log; ``exit_code`` is None while it runs."""
    end = tail(log)
    if exit_code is None:
        message = say("进程 {name} 迟迟没有就绪。日志 {log} 的末尾：\n{tail}", name=name, log=log, tail=end)
    else:
        message = say(
            "进程 {name} 已退出，退出码 {code}。日志 {log} 的末尾：\n{tail}",
            name=name,
            code=exit_code,
            log=log,
            tail=end,
        )
    return ChildFailed(message, name=name, log=str(log), exit_code=exit_code)


@dataclass
class _Kept:
    """A child with what the keeper knows of it; only the keeper changes it."""

    child: Child
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0
    delay: float = FIRST_DELAY
    exit_code: int | None = None


class Supervisor:
    """Runs the children of one home until ``stop()``, or until the process ends, however it ends."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._kept: list[_Kept] = []
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)

    def start(self, child: Child, timeout: float = 60.0) -> None:
        """Start a child and wait until it is ready; raise ChildFailed if it ends before, or takes too long.

        After ChildFailed only ``stop()`` makes sense: until then the child is tried again and again.
        """
        kept = _Kept(child)
        self._kept.append(kept)
        if not self._keeper.ident:
            self._keeper.start()
        deadline = time.monotonic() + timeout
        while not (kept.process and (child.ready is None or child.ready())):
            if kept.exit_code is not None or time.monotonic() > deadline:
                raise child_failed(child.name, self._home.log(child.name), kept.exit_code)
            time.sleep(TICK / 4)

    def pids(self) -> dict[str, int]:
        """Return the process ids of the children that run now, by name."""
        running = ((kept.child.name, kept.process) for kept in list(self._kept))
        return {name: process.pid for name, process in running if process}

    def stop(self) -> None:
        """End all children, the last started first; return when they are gone."""
        self._stopping.set()
        if self._keeper.ident:
            self._keeper.join()

    def _keep(self) -> None:
        while not self._stopping.wait(TICK):
            for kept in list(self._kept):
                self._look(kept)
        for kept in reversed(self._kept):
            self._end(kept)

    def _look(self, kept: _Kept) -> None:
        """Start a child that is due, or notice that it ended."""
        try:
            if kept.process is None:
                self._start_if_due(kept)
            elif ended(kept.process.pid):
                self._put_off(kept, self._bury(kept, kept.process))
        except Exception:  # noqa: BLE001 - the end of the keeper would end every child
            self._note(kept, traceback.format_exc())
            self._put_off(kept, exit_code=127)

    def _start_if_due(self, kept: _Kept) -> None:
        may_start = kept.child.may_start
        if time.monotonic() >= kept.due and (may_start is None or may_start()):
            self._note(kept, f"start: {kept.child.argv[0]}")
            kept.started = time.monotonic()
            with self._home.log(kept.child.name).open("ab") as log:
                kept.process = spawn(kept.child, log.fileno())

    def _bury(self, kept: _Kept, process: subprocess.Popen[bytes]) -> int:
        """Kill what an ended child left in its group, then reap it; return its exit code."""
        kill_group(process.pid)  # before reaping: the number of the group cannot be anybody else's yet
        exit_code = process.wait()
        kept.process = None
        self._note(kept, f"ended: {exit_code}")
        return exit_code

    def _put_off(self, kept: _Kept, exit_code: int) -> None:
        now = time.monotonic()
        kept.delay = FIRST_DELAY if now - kept.started > SETTLED else kept.delay
        kept.due = now + kept.delay
        kept.delay = min(2 * kept.delay, LONGEST_DELAY)
        kept.exit_code = exit_code

    def _end(self, kept: _Kept) -> None:
        if kept.process is None:
            return
        os.kill(kept.process.pid, kept.child.stop)  # not reaped yet, so the number is its own
        deadline = time.monotonic() + STOP_PATIENCE
        while not ended(kept.process.pid) and time.monotonic() < deadline:
            time.sleep(TICK / 4)
        self._bury(kept, kept.process)

    def _note(self, kept: _Kept, text: str) -> None:
        """Write a dated line into the child's log; a full disk must not end the keeper."""
        with suppress(OSError), self._home.log(kept.child.name).open("a", encoding="utf-8") as log:
            log.write(f"--- {wall().isoformat(timespec='seconds')} {kept.child.name} {text}\n")
