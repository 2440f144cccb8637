"""What a page shows is of one moment, whatever is written meanwhile."""

import psycopg
from pytest_django import DjangoDbBlocker

from tongxin.desk.session import one_moment
from tongxin.host.database import Database
from tongxin.ledger.queries import position

LEDGER = "999999"


def test_reads_within_a_page_see_the_same_moment(
    prepared: Database, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """Without a test's transaction around it: that would be a moment of its own."""
    with psycopg.connect(prepared.owner_url, autocommit=True) as owner, django_db_blocker.unblock():
        owner.execute("INSERT INTO ledger_counter (ledger, position) VALUES (%s, 1)", [LEDGER])
        try:
            with one_moment():
                before = position(LEDGER)
                owner.execute("UPDATE ledger_counter SET position = 2 WHERE ledger = %s", [LEDGER])
                assert (before, position(LEDGER)) == (1, 1)
            assert position(LEDGER) == 2
        finally:
            owner.execute("DELETE FROM ledger_counter WHERE ledger = %s", [LEDGER])
