"""What must be so for a record with a receipt to survive, and for everything to run: looked at, one line each.

The promise is about processes: whoever is killed, nothing acknowledged is lost. It rests on PostgreSQL making each commit durable
before it answers; losing the power of the machine is not claimed, since disks may lie.
"""

import http.client
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import psycopg

from tongxin.base.words import say
from tongxin.host.database import OLDEST, connect
from tongxin.host.home import Home, Run
from tongxin.residents.printing import CannotPrint, library

NEEDED = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
"""PostgreSQL's settings without which a commit can be lost when it is killed or the machine crashes."""
LEAST_FREE = 2_000_000_000
"""Bytes: about a million records with their indexes and the database's own log."""


@dataclass(frozen=True)
class Finding:
    """What was looked at, whether it is well, what was found, and what to do if it is not."""

    what: str
    well: bool
    found: str
    next: str = ""


def examine(home: Home, owner_url: str, app_url: str, run: Run | None) -> Iterator[Finding]:
    """Yield findings; raise DatabaseAway if the database cannot be looked at."""
    with connect(app_url) as app:
        yield from _settings(app)
        yield _version(app)
    with connect(owner_url) as owner:
        yield _checksums(owner)
    yield _disk(home)
    yield _print()
    for name, url in ((say("指挥台"), run.url), (say("收件进程"), run.intake_url)) if run else ():
        yield _answers(name, url)


def _settings(app: psycopg.Connection) -> Iterator[Finding]:
    """Look at them as the application's role sees them: a role or database may have its own."""
    for name, wanted in NEEDED.items():
        found = str(_one(app, f"SHOW {name}"))
        step = say("在 PostgreSQL 里把 {name} 设为 {wanted}，不要给角色或数据库单独改掉。", name=name, wanted=wanted)
        yield Finding(name, found == wanted, found, step)


def _version(app: psycopg.Connection) -> Finding:
    found = str(_one(app, "SHOW server_version"))
    return Finding("PostgreSQL", app.info.server_version >= OLDEST, found, say("把 PostgreSQL 升级到 16 或更新的版本。"))


def _checksums(owner: psycopg.Connection) -> Finding:
    found = str(_one(owner, "SHOW data_checksums"))
    return Finding("data_checksums", found == "on", found, say("停下数据库，用 pg_checksums --enable 打开，坏掉的页才会被发现。"))


def _disk(home: Home) -> Finding:
    free = shutil.disk_usage(home.path if home.path.exists() else home.path.parent).free
    found = say("空余 {gb} GB", gb=round(free / 1e9, 1))
    return Finding(say("磁盘"), free >= LEAST_FREE, found, say("腾出空间：磁盘满了，新的记录就收不下，手机会留着自己的。"))


def _print() -> Finding:
    try:
        library()
    except CannotPrint as error:
        return Finding("PDF", well=False, found=error.message, next=error.next)
    return Finding("PDF", well=True, found=say("能做"))


def _answers(name: str, url: str) -> Finding:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        connection.request("GET", "/health")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return Finding(name, well=False, found=str(error), next=say("看 var/logs 里它的日志。"))
    finally:
        connection.close()
    return Finding(name, status == HTTPStatus.OK, f"{url}/health {status}", say("看 var/logs 里它的日志。"))


def _one(connection: psycopg.Connection, question: str) -> object:
    row = connection.execute(question.encode()).fetchone()
    return row[0] if row else None
