"""A database that another version made is refused in words, before anything is touched."""

import subprocess
import sys

import psycopg
from tests.host.helpers import Server, environment

from tongxin.host.database import ensure


def test_a_database_of_another_version_is_left_alone(server: Server) -> None:
    made = ensure(server.embedded.owner_url("older"), None, server.home.secrets().app_password)
    with psycopg.connect(made.owner_url) as connection:
        connection.execute("CREATE TABLE django_migrations (id serial, app text, name text, applied timestamptz)")
        connection.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('ledger', '0001_older', now())")
    owners = {"TONGXIN_DATABASE": made.owner_url, "TONGXIN_APP_ROLE": made.app_role}
    ended = subprocess.run(
        [sys.executable, "-m", "tongxin.host.prepare"], env=environment() | owners, check=False, capture_output=True, text=True
    )
    assert (ended.returncode, "ledger.0001_older" in ended.stderr, "Traceback" in ended.stderr) == (1, True, False)
    with psycopg.connect(made.owner_url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert tables == [("django_migrations",)]
