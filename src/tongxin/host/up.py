"""One command's worth of Tongxin: its database, its desk, its intake and its worker, from start to stop."""

import http.client
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from types import FrameType
from typing import NoReturn

from tongxin.base.words import say
from tongxin.host.database import Database, ensure
from tongxin.host.home import Home, NotInstalled, Run
from tongxin.host.ports import LOOPBACK, next_to, require_port
from tongxin.host.postgres import Embedded
from tongxin.host.processes import Child, kill_group, spawn
from tongxin.host.quarters import data_places
from tongxin.host.supervisor import Supervisor, child_failed
from tongxin.places.table import find

DATABASE_NAME = "tongxin"


@dataclass(frozen=True)
class Desk:
    """What is up: the addresses of desk and intake, the home and the database."""

    url: str
    intake_url: str
    home: Home
    database: Database


@contextmanager
def up(home: Home, port: int, before: Callable[[Database], None] | None = None, county: str = "") -> Iterator[Desk]:
    """Run everything while the context lasts; raise AlreadyRunning, PortBusy, ChildFailed, DatabaseAway, UnknownCounty, ….

    The desk listens on ``port``, the intake on the one beside it. ``county`` (name or code; by default what TONGXIN_COUNTY says)
    is there from then on, beside those that were; if none is asked for and none there, Liuyang is.

    ``before`` may look at the database (and start it over) before anything else uses it.

    SIGTERM and SIGHUP end it as Ctrl-C does: by KeyboardInterrupt, after which all that was started is ended.
    """
    wanted = _county(county)
    with _interruptible(), home.lock():
        home.withdraw()  # what a killed supervisor left
        intake = next_to(port)
        require_port(port)
        require_port(intake)
        with _supervised(home) as supervisor:
            database = _database(home, supervisor)
            if before is not None:
                before(database)
            _prepare(home, database, wanted)
            supervisor.start(_intake(home, database, intake))
            supervisor.start(_web(home, database, port, intake))
            supervisor.start(_worker(home, database))
            desk = Desk(f"http://{LOOPBACK}:{port}", f"http://{LOOPBACK}:{intake}", home, database)
            with _announced(desk):
                yield desk


@contextmanager
def database(home: Home, county: str = "") -> Iterator[Database]:
    """Run the database alone while the context lasts, made ready: for commands that need nothing else. ``county``: as of up()."""
    wanted = _county(county)
    with _interruptible(), home.lock(), _supervised(home) as supervisor:
        found = _database(home, supervisor)
        _prepare(home, found, wanted)
        yield found


def require_installed(home: Home) -> None:
    """Return if this home has a database, or another is named, or Tongxin runs here; raise NotInstalled."""
    named = os.environ.get("DATABASE_URL") or home.running()
    if not named and not any(place.exists() for place in data_places(home)):
        raise NotInstalled(say("目录 {home} 里没有同心的数据库。", home=home.path), home=str(home.path))


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise KeyboardInterrupt, once; only a main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    wanted = [s for s in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(s) != signal.SIG_IGN]
    before = {what: signal.signal(what, _interrupt) for what in wanted}
    try:
        yield
    finally:
        for what, handler in before.items():
            signal.signal(what, handler)


def _interrupt(what: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(what, signal.SIG_IGN)  # a second one must not cut the stopping short
    raise KeyboardInterrupt


@contextmanager
def _supervised(home: Home) -> Iterator[Supervisor]:
    supervisor = Supervisor(home)
    try:
        yield supervisor
    finally:
        supervisor.stop()


@contextmanager
def _announced(desk: Desk) -> Iterator[None]:
    desk.home.announce(Run(os.getpid(), desk.url, desk.intake_url, desk.database.owner_url, desk.database.app_url))
    try:
        yield
    finally:
        desk.home.withdraw()


def _database(home: Home, supervisor: Supervisor) -> Database:
    """Return the database that DATABASE_URL names, or else that of the embedded server, now started."""
    password = home.secrets().app_password
    given = os.environ.get("DATABASE_URL")
    if given:
        return ensure(given, os.environ.get("DATABASE_APP_URL") or None, password)
    embedded = Embedded(home)
    embedded.initialise()
    supervisor.start(embedded.child())
    return ensure(embedded.owner_url(DATABASE_NAME), None, password)


def _county(given: str) -> str:
    """Return the code of the county that is asked for, or ""; raise UnknownCounty or AmbiguousCounty before anything starts."""
    wanted = given or os.environ.get("TONGXIN_COUNTY")
    return find(wanted).code if wanted else ""


def _prepare(home: Home, database: Database, county: str) -> None:
    """Bring the tables up to date and see that a county is there, as the owner; raise ChildFailed."""
    argv = [sys.executable, "-m", "tongxin.host.prepare"]
    environment = _environment(home, database.owner_url) | {"TONGXIN_APP_ROLE": database.app_role, "TONGXIN_COUNTY": county}
    log = home.log("prepare")
    with log.open("wb") as output:
        process = spawn(Child("prepare", argv, environment), output.fileno())
    try:
        exit_code = process.wait()
    except KeyboardInterrupt:
        kill_group(process.pid)
        raise
    if exit_code:
        raise child_failed("prepare", log, exit_code)


def _web(home: Home, database: Database, port: int, intake: int) -> Child:
    serving = ["--interface", "wsgi", "--blocking-threads", "2", "tongxin.host.wsgi:application"]
    environment = _environment(home, database.app_url)
    environment.setdefault("TONGXIN_INTAKE_URL", f"http://{LOOPBACK}:{intake}/field/")
    return Child("web", _granian(port, serving), environment, ready=lambda: answers(port))


def _intake(home: Home, database: Database, port: int) -> Child:
    serving = ["--interface", "asgi", "--loop", "uvloop", "tongxin.host.asgi:application"]
    return Child("intake", _granian(port, serving), _environment(home, database.app_url), ready=lambda: answers(port))


def _granian(port: int, serving: Sequence[str]) -> list[str]:
    # One worker: if it fails, the server ends, and the supervisor starts both again.
    options = ["--host", LOOPBACK, "--port", str(port), "--no-ws", "--workers", "1", "--workers-kill-timeout", "5"]
    return [sys.executable, "-m", "granian", *options, "--log-level", "warning", *serving]


def _worker(home: Home, database: Database) -> Child:
    argv = [sys.executable, "-m", "tongxin.host.worker"]
    return Child("worker", argv, _environment(home, database.app_url))


def _environment(home: Home, database_url: str) -> dict[str, str]:
    """Return a child's environment: ours, without the owner's address, which not every child may know."""
    found = home.secrets()
    ours = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")}
    return ours | {"TONGXIN_DATABASE": database_url, "TONGXIN_SECRET": found.django, "TONGXIN_RECEIPT_SECRET": found.receipts}


def answers(port: int) -> bool:
    """Tell whether a process of ours says on its port that it is well."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
