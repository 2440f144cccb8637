"""Arrays are written as PostgreSQL reads them."""

from datetime import date
from uuid import UUID

from django.db import connection

from tongxin.base.arrays import array

TEXTS = ["", "a,b", 'say "no"', "\\", "{}", "NULL", "两 个"]


def test_what_is_written_is_what_is_read(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text[], %s::text[]", [array(TEXTS), array([])])
        assert cursor.fetchone() == (TEXTS, [])


def test_values_are_written_as_their_texts() -> None:
    assert array([UUID(int=1), 2, date(2022, 3, 22)]) == '{"00000000-0000-0000-0000-000000000001","2","2022-03-22"}'
