"""A Tongxin that stays up while it is tormented: its home, its desk, its prey, and a disk that can be filled."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, LiteralString
from uuid import uuid4

import psutil
import psycopg
from bench.homes import BenchError, command, temporary_home
from bench.processes import installation

from tongxin.base.clock import wall
from tongxin.host.database import APP_ROLE
from tongxin.host.home import Home
from tongxin.host.ports import free_port, next_to
from tongxin_drill.client import Desk

HASTY = (sys.executable, str(Path(__file__).with_name("hasty.py")))
LEDGER, TOWN, VILLAGE = "430181", "430181105000", "430181105201"
INSPECTORS, PLACES = 5, 3
BACK = 30.0
"""Seconds after which what was killed must be back, and the intake answer."""
ROOM = 3_000_000_000
"""Bytes that a database may need in a long run."""
DISK = 400_000_000
"""Bytes of a small disk: a database, its log, and what some hundred schedules write."""
PAGE = 4096
COMMIT: LiteralString = "SELECT position FROM ledger_counter"
"""It changes as records are committed: then their answer is due."""
WORK: dict[str, LiteralString] = {
    "worker": """
        SELECT count(*) > 0 FROM pg_stat_activity
        WHERE usename = 'tongxin_app' AND state <> 'idle' AND query ~ 'ledger_effect|ledger_matter|figures_cell'
    """,
}
"""It changes as a slice of records is being added up."""
UP, COMMANDER = r"^The desk: (\S+)", r"^  (\S+)  Commander$"


@dataclass(frozen=True)
class Stage:
    """What a schedule plays on: an incident with an order, places of its own, and a sign-in code for each phone."""

    incident: str
    order: str
    places: Sequence[str]
    codes: Sequence[str]


@dataclass
class Arena:
    """A running Tongxin."""

    home: Home
    supervisor: int
    url: str
    intake_url: str
    owner_url: str
    desk: Desk
    members: Sequence[str]
    team: str

    def stage(self, phones: int) -> Stage:
        """Open an incident, give the order, enter places, hand out codes."""
        members = self.members[:phones]
        stage = Stage(str(uuid4()), str(uuid4()), [str(uuid4()) for _ in range(PLACES)], [])
        self.desk.post("places", {"places": [_place(place) for place in stage.places]})
        names = {"name": "试炼", "name_en": "Torment", "kind": "epidemic", "drill": False}
        self.desk.post("incidents", {"id": stage.incident, **names})
        self.desk.post("orders", _order(stage, self.team))
        codes = {item["member"]: item["code"] for item in self.desk.post("sign-in-codes", {"members": members})["codes"]}
        return replace(stage, codes=[codes[member] for member in members])

    def figures(self, incident: str) -> dict[str, Any]:
        """Return an incident's figures as the desk sees them."""
        return self.desk.get(f"incidents/{incident}/figures")

    def fetch(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database as its owner, past everything that Tongxin could get wrong; wait while it starts."""
        deadline = time.monotonic() + BACK
        while True:
            try:
                with psycopg.connect(self.owner_url, connect_timeout=5) as connection:
                    return connection.execute(query, values).fetchall()
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise BenchError(f"the database was not back within {BACK:.0f} s: {error}") from error
                time.sleep(0.05)

    def watch(self, kind: str, patience: float) -> None:
        """Return as soon as what is to be killed does what a kill could tear, or after a while, or if nobody answers."""
        query, deadline = WORK.get(kind, COMMIT), time.monotonic() + patience
        with suppress(psycopg.OperationalError), psycopg.connect(self.owner_url, autocommit=True, connect_timeout=2) as eye:
            before = eye.execute(query).fetchone()
            while eye.execute(query).fetchone() == before and time.monotonic() < deadline:
                pass  # no rest: an answer is on its way within a millisecond

    def prey(self, kind: str, which: float) -> list[psutil.Process]:
        """Return the processes to kill; none if they are not there just now."""
        found = installation(self.supervisor)
        if kind.endswith(" group"):
            return [process for name, process in found if name.startswith(kind.removesuffix(" group"))]
        if kind == "postgres backend":
            chosen = [process for name, process in found if name == "postgres child" and _serves(process)]
        else:
            chosen = [process for name, process in found if name == kind]
        return [chosen[int(which * len(chosen))]] if chosen else []

    @property
    def log(self) -> str:
        """Return what PostgreSQL has said."""
        return self.home.log("postgres").read_text("utf-8", "replace")

    @contextmanager
    def full(self, spare: int) -> Iterator[None]:
        """Fill the disk but for some bytes while the context lasts; raise BenchError rather than fill one that others use."""
        disk = shutil.disk_usage(self.home.postgres)
        if not self.home.postgres.is_mount() or disk.total > 2 * DISK:
            raise BenchError(f"{self.home.postgres} is no small disk of its own")
        ballast = self.home.postgres / "ballast"
        with ballast.open("wb") as file:
            os.ftruncate(file.fileno(), max(0, _fill(file.fileno()) - spare))
            try:
                yield
            finally:
                ballast.unlink()


@contextmanager
def arena(*, small: bool) -> Iterator[Arena]:
    """Run a Tongxin while the context lasts; ``small``: its database on a small disk of its own."""
    with temporary_home(_memory()) as home, _disk(home, small=small):
        port = free_port()
        with command(home, "up", "--port", str(port), program=HASTY) as running:
            said = running.wait_for(UP, timeout=120)
            code = _found(said, COMMANDER)
            announced = home.running()
            if announced is None:
                raise BenchError("what is up does not say so")
            with Desk(announced.url) as desk:
                desk.sign_in(code)
                team, members = _people(desk)
                intake = f"http://127.0.0.1:{next_to(port)}"
                yield Arena(home, running.process.pid, announced.url, intake, announced.owner_url, desk, members, team)


def _memory() -> Path | None:
    """Return a directory in memory with room for a database; None for the usual place.

    What kill -9 leaves is in the system's hands, in memory or on a disk: waiting for a disk would only take time.
    """
    memory = Path("/dev/shm")  # noqa: S108 - only a place for a directory with a name of its own
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > ROOM else None


@contextmanager
def _disk(home: Home, *, small: bool) -> Iterator[None]:
    """Put a file system in memory where the database will be, which only root can; or leave the disk that is there."""
    if not small:
        yield
        return
    home.postgres.mkdir(parents=True)
    _system("mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0755", "tmpfs", str(home.postgres))
    try:
        yield
    finally:
        _system("umount", str(home.postgres))


def _fill(file: int) -> int:
    """Let a file grow until nothing more fits, whatever others write meanwhile; return its size."""
    size, step = 0, DISK
    while step >= PAGE:
        try:
            os.posix_fallocate(file, size, step)
            size += step
        except OSError:  # it does not fit, and nothing of it was taken
            step //= 2
    return size


def _system(*words: str) -> None:
    done = subprocess.run(["/usr/bin/env", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{words[0]}: {done.stderr.strip()}")


def _found(said: str, pattern: str) -> str:
    match = re.search(pattern, said, re.MULTILINE)
    if match is None:
        raise BenchError(f"never said “{pattern}”:\n{said}")
    return match[1]


def _serves(process: psutil.Process) -> bool:
    """Tell whether a process of PostgreSQL works for the application."""
    with suppress(psutil.NoSuchProcess):
        return APP_ROLE in " ".join(process.cmdline())
    return False


def _people(desk: Desk) -> tuple[str, list[str]]:
    """Enter a team and its inspectors; return their ids."""
    team, members, since = str(uuid4()), [str(uuid4()) for _ in range(INSPECTORS)], wall() - timedelta(days=20)
    names = {"name": "试炼组", "name_en": "Tormented team", "kind": "team", "parent": None, "areas": [TOWN]}
    desk.post("organisations", {"organisations": [{"id": team, **names}]})
    role = {"kind": "inspector", "organisation": team, "areas": [TOWN], "since": since, "until": None}
    rows = [{"id": id_, "name": f"某{n}", "name_en": f"Some {n}", "roles": [role]} for n, id_ in enumerate(members)]
    desk.post("members", {"members": rows})
    return team, members


def _place(id_: str) -> dict[str, Any]:
    return {"id": id_, "name": f"场所{id_[:8]}", "name_en": f"Place {id_[:8]}", "category": "worship", "area": VILLAGE}


def _order(stage: Stage, team: str) -> dict[str, Any]:
    now = wall()
    return {
        "id": stage.order, "incident": stage.incident, "number": f"试{stage.order[:8]}", "kind": "close", "title": "关停令",
        "title_en": "Closure order", "text": "暂停开放。", "text_en": "Closed.", "basis": ["第四十二条"], "issuer": team,
        "parent": None, "starts_at": now - timedelta(days=10), "ends_at": now + timedelta(days=10), "appeal": "综合组",
        "activities": ["venue_closure"], "scope": {"areas": [TOWN], "categories": ["worship"], "organisations": [team]},
    }  # fmt: skip
