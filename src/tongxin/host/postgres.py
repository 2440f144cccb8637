"""The embedded PostgreSQL of a home: made once, reached over loopback with a password."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from tongxin.base.problems import Problem
from tongxin.base.words import say
from tongxin.host.database import DatabaseAway
from tongxin.host.home import Home
from tongxin.host.ports import LOOPBACK, free_port
from tongxin.host.processes import Child, account, tie
from tongxin.host.quarters import Quarters, data_places, quarters

OWNER = "tongxin_owner"
ENCODING = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "jit": "off",
    # The supervisor starts it again. Left to itself, a server that recovers from a crash and fails at that (a full disk will do)
    # may wait for ever for the process that failed: until it has recovered it takes no further crash for news.
    "restart_after_crash": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
ORPHAN_PATIENCE = 5.0
"""Seconds that the remains of a killed server get to go by themselves."""
SHUTDOWN_PATIENCE = 30.0
"""Seconds that a server of an earlier supervisor gets to shut down."""


class InitdbFailed(Problem):
    """The embedded PostgreSQL's data directory could not be made; nothing of it was kept."""

    code = "host.initdb_failed"
    status = 500
    next_step = "按所说的原因改正（常见的是磁盘已满或目录没有权限），再启动一次。"


class Embedded:
    """The embedded server of a home; its port is chosen here and stays the same over restarts."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._busy_since: float | None = None
        self.port = free_port()

    @cached_property
    def quarters(self) -> Quarters:
        """Where the server lives; raise NoPostgresUser."""
        return quarters(self._home)

    def initialise(self) -> None:
        """Make the data directory unless it is there; raise InitdbFailed or NoPostgresUser."""
        data = self.quarters.data
        if data.exists():
            return
        data.parent.mkdir(parents=True, exist_ok=True)
        for left in data.parent.glob("new-*"):  # by an interrupted attempt
            shutil.rmtree(left, ignore_errors=True)  # its initdb may be cleaning up itself just now
        with tempfile.TemporaryDirectory(dir=data.parent, prefix="new-", ignore_cleanup_errors=True) as temporary:
            self._initdb(Path(temporary))
            (Path(temporary) / "data").rename(data)

    def command(self) -> list[str]:
        """Return the command that runs the server."""
        settings = {**SETTINGS, "port": str(self.port)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self.quarters.programs / "postgres"), "-D", str(self.quarters.data), *options]

    def child(self) -> Child:
        """Return the server as a child for the supervisor."""
        return Child(
            "postgres",
            self.command(),
            _environment(),
            stop=signal.SIGINT,  # a fast shutdown: do not wait for clients to leave
            user=self.quarters.user,
            ready=self.is_ready,
            may_start=self.may_start,
        )

    def owner_url(self, database: str) -> str:
        """Return the owner's address of a database on this server."""
        password = quote(self._home.secrets().owner_password, safe="")
        return f"postgresql://{OWNER}:{password}@{LOOPBACK}:{self.port}/{quote(database, safe='')}"

    def is_ready(self) -> bool:
        """Tell whether the server answers a query now."""
        try:
            self._probe()
        except psycopg.OperationalError:
            return False
        return True

    def wait_ready(self, timeout: float = 30.0) -> None:
        """Return once the server answers a query; raise DatabaseAway when the time is over."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                return self._probe()
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise DatabaseAway.at(self.owner_url("postgres"), error) from error
                time.sleep(0.1)

    def may_start(self) -> bool:
        """Tell whether nothing uses the data directory any more.

        A killed server's processes leave within a second, but now and then one stays, and the memory it
        shares keeps a new server from starting; so after a while those are killed, and only those. An earlier
        server that is still shutting down gets longer and is never killed: its lock file speaks for it.
        """
        users = self._users()
        self._busy_since = (self._busy_since or time.monotonic()) if users else None
        if self._busy_since is None:
            return True
        busy = time.monotonic() - self._busy_since
        if self._has_postmaster(users):
            return busy > SHUTDOWN_PATIENCE
        if busy > ORPHAN_PATIENCE:
            _kill(users)
        return False

    def remove(self) -> None:
        """Delete the data, wherever it is; raise AlreadyRunning while a supervisor runs."""
        with self._home.lock():
            for parent in {data.parent for data in data_places(self._home)}:
                if parent.exists():
                    shutil.rmtree(parent)

    def _initdb(self, work: Path) -> None:
        """Make a data directory ``data`` in the directory ``work``."""
        self.quarters.own(work)
        password = work / "password"
        password.write_text(self._home.secrets().owner_password)
        password.chmod(0o600)
        self.quarters.own(password)
        options = [f"--username={OWNER}", f"--pwfile={password}", "--auth=scram-sha-256", "--data-checksums"]
        done = subprocess.run(
            [
                self.quarters.programs / "initdb",
                "-D",
                work / "data",
                "--no-instructions",
                *options,
                *ENCODING,
            ],
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=tie(signal.SIGTERM),
            **account(self.quarters.user),
        )
        if done.returncode:
            raise InitdbFailed(say("不能建立数据库目录：{reason}", reason=done.stderr.strip()))

    def _probe(self) -> None:
        with psycopg.connect(self.owner_url("postgres"), connect_timeout=2) as connection:
            connection.execute("SELECT 1")

    def _users(self) -> list[psutil.Process]:
        """Return the PostgreSQL processes whose working directory is the data directory, as is all theirs."""
        found = psutil.process_iter(["name", "cwd"])
        data = str(self.quarters.data.resolve())
        return [p for p in found if p.info["name"] == "postgres" and p.info["cwd"] == data]

    def _has_postmaster(self, users: list[psutil.Process]) -> bool:
        """Tell whether one of them is the server itself, not one of the processes it made."""
        try:
            postmaster = int((self.quarters.data / "postmaster.pid").read_text().split()[0])
        except (FileNotFoundError, ValueError, IndexError):
            return False
        return any(process.pid == postmaster for process in users)


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _environment() -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
