"""What the tests of this room share besides fixtures."""

import multiprocessing
import os
import pwd
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

import psutil
import psycopg

from tongxin.host.home import Home
from tongxin.host.postgres import Embedded
from tongxin.host.processes import Child
from tongxin.host.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[2]
AS_ROOT = os.geteuid() == 0
NOBODY = pwd.getpwnam("nobody")


P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Server:
    """A supervised embedded server."""

    home: Home
    embedded: Embedded
    supervisor: Supervisor


def eventually(is_true: Callable[[], object], what: str, timeout: float = 30.0) -> None:
    """Return as soon as the condition holds; fail, saying what was awaited, when it does not in time."""
    deadline = time.monotonic() + timeout
    while not is_true():
        assert time.monotonic() < deadline, f"waited {timeout} s in vain: {what}"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; a dead one that nobody has reaped does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def become(name: str) -> None:
    """Give up being root, for good."""
    user = pwd.getpwnam(name)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def run_as(name: str, function: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
    """Run a function as another user, in a process forked off, and return what it returned.

    Forked, because a new Python may lie where that user cannot reach it.
    """
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(1, fork, initializer=become, initargs=(name,)) as pool:
        result: T = pool.submit(function, *args, **more).result()
    return result


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}


def python(name: str, code: str, **more: object) -> Child:
    """Return a child that runs a piece of Python."""
    return Child(name, [sys.executable, "-u", "-c", code], environment(), **more)  # type: ignore[arg-type]


def fetch(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query)
        return list(cursor.fetchall()) if cursor.description else []
