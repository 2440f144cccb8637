"""Arrays and rows are written as PostgreSQL reads them."""

from datetime import date
from uuid import UUID

from django.db import connection

from tongxin.base.arrays import array, line

TEXTS = ["", "a,b", 'say "no"', "\\", "{}", "NULL", "两 个"]


def test_what_is_written_is_what_is_read(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text[], %s::text[]", [array(TEXTS), array([])])
        assert cursor.fetchone() == (TEXTS, [])


def test_values_are_written_as_their_texts() -> None:
    assert array([UUID(int=1), 2, date(2022, 3, 22)]) == '{"00000000-0000-0000-0000-000000000001","2","2022-03-22"}'


ROWS = [("\\N", None), ("tab\there", True), ("line\nand\rreturn", False), ("\\x41 \\. t n", None), ("两 个", None), ("", True)]


def test_rows_written_for_copy_are_read_as_they_were(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE written (number int, text text, flag boolean, data bytea)")
        with cursor.copy("COPY written FROM STDIN") as copy:
            for number, values in enumerate(ROWS):
                copy.write(line((number, *values), f"{number:02x}ff"))
        cursor.execute("SELECT text, flag, data FROM written ORDER BY number")
        assert cursor.fetchall() == [(*values, bytes([number, 255])) for number, values in enumerate(ROWS)]
