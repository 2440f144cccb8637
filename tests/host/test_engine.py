"""Connections that outlive a request, and what becomes of them when the database was restarted."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db.utils import ConnectionHandler
from pytest_django import DjangoDbBlocker
from tests.host.helpers import fetch

from tongxin.host.database import Database
from tongxin.host.settings import database as described


@pytest.fixture(autouse=True)
def unblocked(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """These tests bring their own database."""
    with django_db_blocker.unblock():
        yield


def backend(url: str, ask: str = "SELECT pg_backend_pid()", then: str = "SELECT") -> object:
    """Do what a request does, in a thread of its own: ask, perhaps something more, then close. Return the answer."""

    def requested() -> object:
        one = ConnectionHandler({"default": described(url)})["default"]
        try:
            with one.cursor() as cursor:
                cursor.execute(ask)
                answer = cursor.fetchone()[0]
                cursor.execute(then)
                return answer
        finally:
            one.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(requested).result()


def test_what_a_request_leaves_open_serves_the_next_in_another_thread(database: Database) -> None:
    assert backend(database.app_url) == backend(database.app_url)


def test_another_role_gets_a_connection_of_its_own(database: Database) -> None:
    asked = [backend(url, "SELECT current_user") for url in (database.app_url, database.owner_url, database.app_url)]
    assert asked == ["tongxin_app", "tongxin_owner", "tongxin_app"]


def test_a_connection_that_broke_is_replaced_without_a_word(database: Database) -> None:
    before = backend(database.app_url)
    assert fetch(database.owner_url, f"SELECT pg_terminate_backend({before}, 5000)") == [(True,)]
    after = backend(database.app_url)
    assert after not in (before, None)


def test_a_connection_in_the_middle_of_something_is_not_handed_on(database: Database) -> None:
    before = backend(database.app_url, then="BEGIN")
    assert backend(database.app_url) != before
