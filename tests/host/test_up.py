import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
from tests.host.helpers import environment, eventually, fetch, is_alive

from tongxin.host.home import AlreadyRunning, Home, Run
from tongxin.host.ports import PortBusy, free_port
from tongxin.host.postgres import Embedded
from tongxin.host.up import answers, up

SCRIPT = """
import sys, time
from pathlib import Path
from tongxin.base.problems import Problem
from tongxin.host.home import Home
from tongxin.host.up import up

try:
    with up(Home(Path(sys.argv[1])), int(sys.argv[2])):
        print("up", flush=True)
        time.sleep(600)
except Problem as problem:
    sys.exit(problem.code + ": " + problem.message)
except KeyboardInterrupt:
    sys.exit(130)
"""


@contextmanager
def running(home: Home, port: int, **more: str) -> Iterator[subprocess.Popen[str]]:
    """Run everything in a process of its own."""
    argv = [sys.executable, "-c", SCRIPT, str(home.path), str(port)]
    with subprocess.Popen(argv, env=environment() | more, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n"
            yield process
        finally:
            process.send_signal(signal.SIGINT)


def below(process: subprocess.Popen[str]) -> list[int]:
    return [child.pid for child in psutil.Process(process.pid).children(recursive=True)]


def servers(process: subprocess.Popen[str]) -> list[int]:
    return [child.pid for child in psutil.Process(process.pid).children() if _name(child) == "postgres"]


def _name(child: psutil.Process) -> str:
    try:
        return child.name()
    except psutil.NoSuchProcess:  # it ended while we looked
        return ""


def told(home: Home) -> Run:
    run = home.running()
    assert run is not None
    return run


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_one_command_starts_everything_and_however_it_ends_everything_ends(home: Home, how: signal.Signals) -> None:
    port = free_port()
    try:
        with running(home, port) as process:
            assert answers(port)
            assert told(home).pid == process.pid
            assert fetch(told(home).app_url, "SELECT current_user") == [("tongxin_app",)]
            children = below(process)
            process.send_signal(how)
            assert process.wait(30) == (-how if how == signal.SIGKILL else 130)
        eventually(lambda: not any(map(is_alive, children)), "the end of all children")
        assert home.running() is None
        assert (home.path / "run.json").exists() == (how == signal.SIGKILL)
    finally:
        Embedded(home).remove()


def test_a_second_start_is_refused_naming_the_first_and_a_busy_port_is_refused(
    home: Home, tmp_path: Path, owner_url: str
) -> None:
    port = free_port()
    with running(home, port, DATABASE_URL=owner_url):
        with pytest.raises(AlreadyRunning, match=told(home).url), up(home, free_port()):
            pass
        with pytest.raises(PortBusy, match=str(port)), up(Home(tmp_path / "other"), port):
            pass


def test_a_database_that_was_given_is_used_and_its_owner_is_hidden_from_the_desk(home: Home, owner_url: str) -> None:
    with running(home, free_port(), DATABASE_URL=owner_url) as process:
        assert told(home).owner_url == owner_url
        assert not home.postgres.exists()
        for pid in below(process):
            assert owner_url not in psutil.Process(pid).environ().values()


def test_the_desk_answers_again_after_the_database_was_killed(home: Home) -> None:
    port = free_port()
    try:
        with running(home, port) as process:
            (before,) = servers(process)
            os.kill(before, signal.SIGKILL)
            eventually(lambda: servers(process) not in ([], [before]), "a new server process")
            eventually(lambda: answers(port), "an answer")
    finally:
        Embedded(home).remove()


def test_both_doors_answer_at_once_when_a_killed_database_is_back(home: Home) -> None:
    """However many connections they had."""
    port = free_port()
    doors = [port, port + 1] * 100
    try:
        with running(home, port) as process, ThreadPoolExecutor(16) as together:
            assert all(together.map(answers, doors))
            (before,) = servers(process)
            os.kill(before, signal.SIGKILL)
            eventually(lambda: servers(process) not in ([], [before]), "a new server process")
            eventually(lambda: _is_up(home), "a database that answers")
            for door in (port, port + 1):
                eventually(lambda door=door: answers(door), f"an answer on {door}", timeout=3)  # type: ignore[misc]
    finally:
        Embedded(home).remove()


def _is_up(home: Home) -> bool:
    try:
        return fetch(told(home).owner_url, "SELECT 1") == [(1,)]
    except psycopg.OperationalError:
        return False


def test_what_run_json_says_is_for_this_user_only(home: Home, owner_url: str) -> None:
    with running(home, free_port(), DATABASE_URL=owner_url):
        path = home.path / "run.json"
        assert set(json.loads(path.read_text())) == {"pid", "url", "intake_url", "owner_url", "app_url"}
        assert path.stat().st_mode & 0o077 == 0
