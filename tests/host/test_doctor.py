"""What the doctor sees: settings as the application's role has them, the disk, and who answers."""

import sys

import psycopg
import pytest
from tests.host.helpers import Server

from tongxin.host.database import connect, ensure
from tongxin.host.doctor import Finding, examine
from tongxin.host.home import Home, Run
from tongxin.host.ports import free_port
from tongxin.residents.printing import library


@pytest.fixture(scope="module")
def urls(server: Server) -> tuple[str, str]:
    made = ensure(server.embedded.owner_url("doctored"), None, server.home.secrets().app_password)
    return made.owner_url, made.app_url


def look(home: Home, urls: tuple[str, str], run: Run | None = None) -> dict[str, Finding]:
    return {finding.what: finding for finding in examine(home, *urls, run)}


def test_the_embedded_database_is_well(home: Home, urls: tuple[str, str]) -> None:
    found = look(home, urls)
    assert [name for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums") if not found[name].well] == []
    assert found["PostgreSQL"].well


def test_a_setting_of_the_role_alone_that_would_lose_commits_is_named_with_what_to_do(home: Home, urls: tuple[str, str]) -> None:
    with connect(urls[0]) as owner:
        role = psycopg.sql.Identifier("tongxin_app")
        owner.execute(psycopg.sql.SQL("ALTER ROLE {} SET synchronous_commit = off").format(role))
        try:
            found = look(home, urls)["synchronous_commit"]
        finally:
            owner.execute(psycopg.sql.SQL("ALTER ROLE {} RESET synchronous_commit").format(role))
    assert (found.well, found.found) == (False, "off")
    assert "synchronous_commit" in found.next


def test_a_machine_that_cannot_print_says_what_to_install(
    home: Home, urls: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert look(home, urls)["PDF"].well
    library.cache_clear()
    monkeypatch.setattr(sys, "meta_path", [WithoutPango(), *sys.meta_path])
    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    found = look(home, urls)["PDF"]
    library.cache_clear()
    assert not found.well
    assert "libpango-1.0-0" in found.next


class WithoutPango:
    """Finds the printing library as it is where Pango is missing."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")


def test_a_process_that_does_not_answer_is_named(home: Home, urls: tuple[str, str]) -> None:
    gone = f"http://127.0.0.1:{free_port()}"
    found = look(home, urls, Run(1, gone, gone, *urls))
    assert [finding.well for finding in found.values()].count(False) == 2
