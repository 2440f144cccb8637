"""A database of its own for tests that commit, and threads whose connections go there."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import ParamSpec, TypeVar

import psycopg
from django.db import connections
from django.db.utils import load_backend
from tests.cast import Cast

from tongxin.host.database import Database
from tongxin.host.settings import database as described

P = ParamSpec("P")
T = TypeVar("T")
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Elsewhere:
    """The database, the cast in it, and how to come in beside it."""

    database: Database
    beside: str
    cast: Cast

    def shut(self) -> None:
        """Let nobody in, and throw out whoever is."""
        self._as_owner("ALTER DATABASE elsewhere ALLOW_CONNECTIONS false")
        self._as_owner("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'elsewhere'")

    def open(self) -> None:
        """Let everybody in again."""
        self._as_owner("ALTER DATABASE elsewhere ALLOW_CONNECTIONS true")

    def _as_owner(self, statement: str) -> None:
        with psycopg.connect(self.beside, autocommit=True) as owner:
            owner.execute(statement)


class There(ThreadPoolExecutor):
    """One thread, whose connection is its own and goes to another database than the test's transaction."""

    def __init__(self, url: str) -> None:
        super().__init__(1, "there", initializer=_go, initargs=(url,))

    def do(self, what: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what a function returns there."""
        return self.submit(what, *args, **kwargs).result()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.submit(_leave).result()
        self.shutdown()


def _go(url: str) -> None:
    there = {**connections.settings["default"], **described(url)}
    connections["default"] = load_backend(there["ENGINE"]).DatabaseWrapper(there, f"there {next(_numbers)}")


def _leave() -> None:
    connections["default"].close()


def somebody_waits() -> bool:
    """Say whether a transaction in the server waits for another."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])
