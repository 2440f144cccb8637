import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from tests.host.helpers import AS_ROOT, environment, eventually, is_alive, python, run_as

from tongxin.base.problems import Problem
from tongxin.host import supervisor as module
from tongxin.host.home import Home
from tongxin.host.ports import PortBusy, PortDenied, free_port, require_port
from tongxin.host.postgres import Embedded
from tongxin.host.processes import Child
from tongxin.host.supervisor import ChildFailed, Supervisor
from tongxin.host.up import answers

FIRST_FREE_FOR_ALL = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
SLEEPER = "import time; time.sleep(600)"
HEALTHY = """
def application(environ, start_response):
    start_response("200 OK" if environ["PATH_INFO"] == "/health" else "404 Not Found", [])
    return [b""]
"""


def says(log: Path, word: str) -> Callable[[], bool]:
    return lambda: word in log.read_text()


def restarted(supervisor: Supervisor, name: str, before: int) -> int:
    eventually(lambda: supervisor.pids().get(name, before) != before, f"{name} running again")
    return supervisor.pids()[name]


def test_a_child_is_started_and_what_it_says_is_logged(home: Home, supervisor: Supervisor) -> None:
    log = home.log("talker")
    supervisor.start(python("talker", f"print('hello'); {SLEEPER}", ready=says(log, "hello")))
    assert is_alive(supervisor.pids()["talker"])
    assert "talker start" in log.read_text()


def test_a_killed_child_comes_back_again_and_again(home: Home, supervisor: Supervisor) -> None:
    supervisor.start(python("sleeper", SLEEPER))
    pid = supervisor.pids()["sleeper"]
    for _ in range(3):
        os.kill(pid, signal.SIGKILL)
        pid = restarted(supervisor, "sleeper", pid)
    assert home.log("sleeper").read_text().count("sleeper start") == 4


def test_a_child_that_ends_before_it_is_ready_shows_its_exit_code_and_its_last_lines(
    supervisor: Supervisor,
) -> None:
    code = "import sys; print(*(f'line {n}.' for n in range(30)), sep='\\n'); sys.exit(3)"
    with pytest.raises(ChildFailed) as refusal:
        supervisor.start(python("broken", code, ready=lambda: False))
    assert "broken" in refusal.value.message
    assert refusal.value.details["exit_code"] == 3
    assert "line 29." in refusal.value.message
    assert "line 5." not in refusal.value.message


def test_a_child_that_cannot_be_run_at_all_fails_the_same_way(supervisor: Supervisor) -> None:
    with pytest.raises(ChildFailed, match="/no/such/program"):
        supervisor.start(Child("absent", ["/no/such/program"], {}))


def test_a_child_that_never_gets_ready_is_given_up(supervisor: Supervisor) -> None:
    with pytest.raises(ChildFailed, match="slow"):
        supervisor.start(python("slow", SLEEPER, ready=lambda: False), timeout=0.5)


def test_a_child_waits_until_it_may_start(supervisor: Supervisor, tmp_path: Path) -> None:
    permit = tmp_path / "permit"
    asked: list[bool] = []

    def may_start() -> bool:
        asked.append(permit.exists())
        if len(asked) == 3:
            permit.touch()
        return asked[-1]

    supervisor.start(python("patient", SLEEPER, may_start=may_start))
    assert asked == [False, False, False, True]


def test_a_child_that_keeps_failing_is_tried_ever_more_seldom(
    home: Home, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_DELAY", 0.8)
    supervisor.start(python("failing", "raise SystemExit(1)"))
    kept = supervisor._kept[0]
    eventually(lambda: kept.delay == 0.8, "the longest delay")
    assert home.log("failing").read_text().count("failing ended: 1") >= 2


def test_stopping_ends_all_children_in_reverse_and_leaves_others_alone(home: Home, tmp_path: Path) -> None:
    order = tmp_path / "order"
    code = """
import signal, sys, time
def end(*_):
    open(sys.argv[1], "a").write(sys.argv[2])
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("listening")
time.sleep(600)
"""
    supervisor = Supervisor(home)
    bystander = subprocess.Popen([sys.executable, "-c", SLEEPER], env=environment())
    for name in "abc":
        log = home.log(name)
        argv = [sys.executable, "-u", "-c", code, str(order), name]
        supervisor.start(Child(name, argv, environment(), ready=says(log, "listening")))
    pids = supervisor.pids()
    try:
        supervisor.stop()
        assert order.read_text() == "cba"
        assert not any(map(is_alive, pids.values()))
        assert is_alive(bystander.pid)
        assert supervisor.pids() == {}
    finally:
        bystander.kill()
        bystander.wait()


def test_a_child_that_will_not_stop_is_killed_with_its_group(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOP_PATIENCE", 0.3)
    code = f"""
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(subprocess.Popen([sys.executable, "-c", {SLEEPER!r}]).pid, "grandchild")
time.sleep(600)
"""
    supervisor, log = Supervisor(home), home.log("stubborn")
    supervisor.start(python("stubborn", code, ready=says(log, "grandchild")))
    grandchild = int(log.read_text().split()[-2])
    pid = supervisor.pids()["stubborn"]
    supervisor.stop()
    assert not is_alive(pid)
    eventually(lambda: not is_alive(grandchild), "the end of the grandchild")


def test_stopping_a_supervisor_that_never_started_anything_is_fine(home: Home) -> None:
    Supervisor(home).stop()


def test_a_killed_web_server_comes_back_on_its_port_without_its_old_workers(supervisor: Supervisor, tmp_path: Path) -> None:
    (tmp_path / "healthy.py").write_text(HEALTHY)
    port = free_port()
    options = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
    argv = [sys.executable, "-m", "granian", *options, "--workers-kill-timeout", "5", "healthy:application"]
    env = {**environment(), "PYTHONPATH": str(tmp_path)}
    supervisor.start(Child("web", argv, env, ready=lambda: answers(port)))
    for kill in ("server", "worker"):
        pid = supervisor.pids()["web"]
        old = [process.pid for process in psutil.Process(pid).children(recursive=True)]
        os.kill(pid if kill == "server" else old[-1], signal.SIGKILL)
        restarted(supervisor, "web", pid)
        eventually(lambda: answers(port), "an answer")
        assert not any(map(is_alive, old))


KILLED = """
import sys, time
from pathlib import Path
from tests.host.helpers import python
from tongxin.host.home import Home
from tongxin.host.postgres import Embedded
from tongxin.host.supervisor import Supervisor

home = Home(Path(sys.argv[1]))
embedded, supervisor = Embedded(home), Supervisor(home)
with home.lock():
    embedded.initialise()
    supervisor.start(embedded.child())
    supervisor.start(python("sleeper", "import time; time.sleep(600)"))
    print(*supervisor.pids().values(), flush=True)
    time.sleep(600)
"""


def test_nothing_outlives_a_killed_supervisor_and_a_new_one_starts_at_once(home: Home) -> None:
    argv = [sys.executable, "-c", KILLED, str(home.path)]
    try:
        for _ in range(2):
            with subprocess.Popen(argv, env=environment(), stdout=subprocess.PIPE, text=True) as killed:
                assert killed.stdout is not None
                pids = [int(pid) for pid in killed.stdout.readline().split()]
                below = [p.pid for pid in pids for p in psutil.Process(pid).children(recursive=True)]
                killed.kill()
        assert len(pids) == 2
        eventually(lambda: not any(map(is_alive, pids + below)), "the end of all children")
    finally:
        Embedded(home).remove()


def test_a_busy_port_is_refused_naming_the_port_and_who_holds_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(PortBusy) as refusal:
            require_port(port)
    assert str(port) in refusal.value.message
    assert str(os.getpid()) in refusal.value.message
    assert "PORT=" in refusal.value.next
    require_port(port)


def test_a_port_that_others_hold_on_all_addresses_is_busy_too() -> None:
    with socket.create_server(("0.0.0.0", 0)) as holder, pytest.raises(PortBusy):  # noqa: S104
        require_port(holder.getsockname()[1])


@pytest.mark.skipif(FIRST_FREE_FOR_ALL < 2, reason="every user may use every port")
def test_a_port_that_an_ordinary_user_may_not_use_is_refused() -> None:
    code = run_as("nobody", code_of_refusal, 1) if AS_ROOT else code_of_refusal(1)
    assert code == PortDenied.code


def code_of_refusal(port: int) -> str:
    try:
        require_port(port)
    except Problem as refusal:
        return refusal.code
    return ""
