"""What a page shows is of one moment, whatever is written meanwhile."""

import psycopg
from pytest_django import DjangoDbBlocker
from tests.elsewhere import Elsewhere, There
from tests.host.helpers import Server

from tongxin.desk.session import one_moment
from tongxin.host.database import ensure
from tongxin.ledger.queries import position

LEDGER = "999999"


def test_reads_within_a_page_see_the_same_moment(
    server: Server, elsewhere: Elsewhere, django_db_blocker: DjangoDbBlocker
) -> None:
    """Without a test's transaction around it: that would be a moment of its own."""
    url, password = elsewhere.database.owner_url, server.home.secrets().app_password
    ensure(url, None, password)  # another test may have given the role another password
    with psycopg.connect(url, autocommit=True) as owner, django_db_blocker.unblock(), There(elsewhere.database.app_url) as there:
        owner.execute("INSERT INTO ledger_counter (ledger, position) VALUES (%s, 1)", [LEDGER])
        try:
            assert there.do(_twice, owner) == (1, 1)
            assert there.do(position, LEDGER) == 2
        finally:
            owner.execute("DELETE FROM ledger_counter WHERE ledger = %s", [LEDGER])


def _twice(owner: psycopg.Connection) -> tuple[int, int]:
    """Read a position, let it move on, and read it again."""
    with one_moment():
        before = position(LEDGER)
        owner.execute("UPDATE ledger_counter SET position = 2 WHERE ledger = %s", [LEDGER])
        return before, position(LEDGER)
