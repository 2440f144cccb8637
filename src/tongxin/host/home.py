"""Where an installation keeps its things.

``secrets.json`` (made once), ``run.json`` (while a supervisor runs), ``lock``, ``logs/NAME.log`` and
``postgres/``. All of it is for one operating-system user only.
"""

import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from tongxin.base.problems import Problem
from tongxin.base.words import say

_T = TypeVar("_T")
_PATIENCE = 0.5  # seconds: running() holds the lock for an instant while it looks


class AlreadyRunning(Problem):
    """Another supervisor already runs in this home."""

    code = "host.already_running"
    status = 409
    next_step = "就用已在运行的那一套；要另起一套，先停掉它，或者用 TONGXIN_HOME 另指一个目录。"


class HomeDenied(Problem):
    """The home cannot be read or written by this operating-system user."""

    code = "host.home_denied"
    status = 500
    next_step = "用建立它的那个系统用户来运行，或者用 TONGXIN_HOME 另指一个目录。"


class BadSecrets(Problem):
    """The secrets file cannot be understood; making new ones would lock the database out."""

    code = "host.bad_secrets"
    status = 500
    next_step = "从备份恢复这个文件；数据可以不要的话，删掉整个目录重来。"


class NotInstalled(Problem):
    """A command that must not make an installation finds none in this home; nothing was made."""

    code = "host.not_installed"
    status = 409
    next_step = "到装了同心的目录里去运行，或者用 TONGXIN_HOME 指明它的数据目录；还没有装，先运行 tongxin up。"


class Secrets(msgspec.Struct, frozen=True):
    """What only this installation knows; from ``receipts`` comes the key that signs them."""

    owner_password: str
    app_password: str
    django: str
    receipts: str = ""


class Run(msgspec.Struct, frozen=True):
    """A running supervisor: its process id, the addresses of desk and intake, and the two of the database."""

    pid: int
    url: str
    intake_url: str
    owner_url: str
    app_url: str


class Home:
    """One installation's directory; by default TONGXIN_HOME, else ``var`` below the working directory."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = (path or Path(os.environ.get("TONGXIN_HOME") or "var")).resolve()

    @property
    def postgres(self) -> Path:
        """The directory that holds the embedded server's data directory."""
        return self.path / "postgres"

    def log(self, name: str) -> Path:
        """Return where the process ``name`` logs; the directory exists afterwards."""
        directory = self.path / "logs"
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return directory / f"{name}.log"

    def secrets(self) -> Secrets:
        """Return the secrets, made at the first call; raise HomeDenied or BadSecrets."""
        path = self.path / "secrets.json"
        try:
            found = _read(path, Secrets)
        except msgspec.MsgspecError as error:
            raise BadSecrets(say("文件 {path} 已损坏。", path=path), path=str(path)) from error
        if found is not None and found.receipts:
            return found
        return self._make_secrets(found)

    def announce(self, run: Run) -> None:
        """Write down that a supervisor runs here."""
        self._write("run.json", run)

    def withdraw(self) -> None:
        """Forget the announced run."""
        (self.path / "run.json").unlink(missing_ok=True)

    def running(self) -> Run | None:
        """Return the supervisor that runs here now, or None; raise HomeDenied."""
        run = self._announced()
        if run is None:
            return None
        with self._open_lock() as handle:
            return None if _take(handle, fcntl.LOCK_SH) else run

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold this home alone, at most until this process dies; raise AlreadyRunning or HomeDenied."""
        with self._open_lock() as handle:
            deadline = time.monotonic() + _PATIENCE
            while not _take(handle, fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    raise self._already_running()
                time.sleep(_PATIENCE / 10)
            yield

    def _make_secrets(self, known: Secrets | None) -> Secrets:
        """Make what is missing, and keep what is known."""
        fresh = {name: secrets.token_urlsafe(32) for name in Secrets.__struct_fields__}
        kept = {name: text for name, text in msgspec.structs.asdict(known).items() if text} if known else {}
        made = Secrets(**(fresh | kept))
        self._write("secrets.json", made)
        return made

    def _announced(self) -> Run | None:
        try:
            return _read(self.path / "run.json", Run)
        except msgspec.MsgspecError:
            return None

    def _already_running(self) -> AlreadyRunning:
        run = self._announced()
        if run is None:
            return AlreadyRunning(say("目录 {home} 里已有一套同心正在启动或停止。", home=self.path))
        message = say("目录 {home} 里的同心已在运行：{url}（进程 {pid}）。", home=self.path, url=run.url, pid=run.pid)
        return AlreadyRunning(message, url=run.url, pid=run.pid)

    @contextmanager
    def _open_lock(self) -> Iterator[int]:
        with _denied(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            yield handle
        finally:
            os.close(handle)

    def _write(self, name: str, value: msgspec.Struct) -> None:
        """Replace a file in one step: a reader sees the old content or the new, never a part."""
        with _denied(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            temporary = self.path / f".{name}.{os.getpid()}"
            temporary.unlink(missing_ok=True)
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(value)))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path / name)


def _read(path: Path, kind: type[_T]) -> _T | None:
    """Return what a file holds, or None if there is none; raise HomeDenied or msgspec.MsgspecError."""
    with _denied(path):
        return msgspec.json.decode(path.read_bytes(), type=kind) if path.exists() else None


def _take(handle: int, kind: int) -> bool:
    """Try to lock without waiting."""
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _denied(path: Path) -> Iterator[None]:
    """Turn the system's refusal into a problem that names the path."""
    try:
        yield
    except (PermissionError, NotADirectoryError) as error:
        message = say("不能读写 {path}：{reason}。", path=path, reason=error.strerror)
        raise HomeDenied(message, path=str(path)) from error
