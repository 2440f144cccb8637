"""DATABASE_URL: the same program on another PostgreSQL."""

from pathlib import Path

import psycopg
from tests.e2e.conftest import run
from tests.host.helpers import Server, fetch


def test_database_url_makes_database_tables_and_application_role(server: Server, tmp_path: Path) -> None:
    url = server.embedded.owner_url("elsewhere")
    code, said = run(tmp_path / "home", "figures", "verify", DATABASE_URL=url)
    assert code == 0, said
    assert fetch(url, "SELECT count(*) FROM places_area") == [(359,)]
    assert not (tmp_path / "home" / "postgres").exists()


def test_database_app_url_names_the_role_that_works(server: Server, tmp_path: Path) -> None:
    url = server.embedded.owner_url("given")
    with psycopg.connect(server.embedded.owner_url("postgres"), autocommit=True) as owner:
        owner.execute("CREATE ROLE worker_bee LOGIN PASSWORD 'honey'")
    host = url.rpartition("@")[2]
    bee = f"postgresql://worker_bee:honey@{host}"
    code, said = run(tmp_path / "home", "figures", "verify", DATABASE_URL=url, DATABASE_APP_URL=bee)
    assert code == 0, said
    assert fetch(bee, "SELECT count(*) FROM places_area") == [(359,)]


def test_an_owner_as_application_role_is_refused(server: Server, tmp_path: Path) -> None:
    url = server.embedded.owner_url("unsafe")
    code, said = run(tmp_path / "home", "figures", "verify", DATABASE_URL=url, DATABASE_APP_URL=url)
    assert (code, "host.unsafe_role" in said, "Traceback" in said) == (2, True, False)


def test_a_database_that_does_not_answer_is_one_clear_error_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://someone:hush@127.0.0.1:9/nothing"
    code, said = run(tmp_path / "home", "figures", "verify", DATABASE_URL=url)
    assert (code, "127.0.0.1:9" in said, "hush" in said, "Traceback" in said) == (2, True, False, False)
