"""What the database says while rows are copied in is said in Django's words, which the writer knows."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import OperationalError, connection
from tests.elsewhere import Elsewhere, There

from tongxin.base import clock
from tongxin.ledger import storing


def test_a_server_that_goes_while_rows_are_copied_in_is_away(elsewhere: Elsewhere, db: None) -> None:
    def copy() -> None:
        connection.ensure_connection()
        elsewhere.shut()
        with pytest.raises(OperationalError):
            storing.copy_versions_in("430181", 1, [_version()])
        connection.close()

    try:
        with There(elsewhere.database.app_url) as there:
            there.do(copy)
    finally:
        elsewhere.open()


def _version() -> storing.Version:
    now, id_ = clock.wall(), UUID(int=1)
    return storing.Version(
        id=id_, activity="a", name="m", subject="s", incident=id_, order=id_, duty=None, place=None, member=id_, organisation=id_,
        area="430181", category="", opened=1, opened_at=now, due_at=now + timedelta(hours=1), last=1, last_at=now, waiting=None,
        closed=None, closed_at=None, merged=False,
    )  # fmt: skip
