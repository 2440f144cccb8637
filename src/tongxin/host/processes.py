"""Starting a process so that nothing of it outlives its supervisor, and sparing it work."""

import ctypes
import gc
import os
import pwd
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

MANY_OBJECTS = 100_000
_PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None).prctl  # looked up here: a forked process should do as little as it can


@dataclass(frozen=True)
class Child:
    """A process to keep: ``env`` is its whole environment, ``stop`` the signal that asks it to end.

    ``user``: run as this operating-system user. ``ready`` tells whether it does its work now.
    ``may_start`` is asked before each start, and again every tick until it says yes.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    stop: signal.Signals = signal.SIGTERM
    user: str | None = None
    ready: Callable[[], bool] | None = None
    may_start: Callable[[], bool] | None = None


class Account(TypedDict, total=False):
    """How subprocess is told to run something as another user."""

    user: int
    group: int
    extra_groups: list[int]
    cwd: str


def account(user: str | None) -> Account:
    """Return what makes subprocess run a program as ``user`` with none of our groups; nothing for None."""
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    # Our own working directory may be closed to that user.
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": [], "cwd": "/"}


def spawn(child: Child, output: int) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, tied to the calling thread: that thread must live on."""
    return subprocess.Popen(
        child.argv,
        env=child.env,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # so that Ctrl-C reaches the supervisor alone
        preexec_fn=tie(child.stop),  # noqa: PLW1509 - it takes no lock and imports nothing
        **account(child.user),
    )


def tie(stop: signal.Signals) -> Callable[[], None]:
    """Return what a new process does first: ask the system for ``stop`` when the thread that made it is gone.

    It is called after the change of user, which would make the system forget the wish.
    """
    parent = os.getpid()

    def ask() -> None:
        _prctl(_PR_SET_PDEATHSIG, int(stop))
        if os.getppid() != parent:  # it went before we asked
            os._exit(1)

    return ask


def ended(pid: int) -> bool:
    """Tell whether a child of ours has ended, without reaping it: until it is reaped its id stays its own."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def kill_group(group: int) -> None:
    """Kill what is left of a process group."""
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 16_384))
        return "\n".join(file.read().decode("utf-8", "replace").splitlines()[-lines:])


def collect_seldom() -> None:
    """Let Python look for circles among a hundred thousand new objects, not seven hundred: our work makes many, and none."""
    gc.freeze()
    gc.set_threshold(MANY_OBJECTS)
