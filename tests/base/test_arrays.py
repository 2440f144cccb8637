"""Arrays and rows are written as PostgreSQL reads them."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tongxin.base.arrays import CSV, array, hexed, lines
from tongxin.base.clock import SHANGHAI

TEXTS = ["", "a,b", 'say "no"', "\\", "{}", "NULL", "两 个"]


def test_what_is_written_is_what_is_read(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text[], %s::text[]", [array(TEXTS), array([])])
        assert cursor.fetchone() == (TEXTS, [])


def test_values_are_written_as_their_texts() -> None:
    assert array([UUID(int=1), 2, date(2022, 3, 22)]) == '{"00000000-0000-0000-0000-000000000001","2","2022-03-22"}'


ROWS = [
    ("\\N", None), ("tab\there", True), ("line\nand\rreturn\r\n", False), ("\\x41 \\. t n", None), ("两 个", None), ("", True),
    ("null", None), ('a "word"]\n[1', True), ("\x01\x1f\x7f\b\f\\n\\\\n", None), ("\\u0041 é \u2028", False),
]  # fmt: skip


def test_rows_written_for_copy_are_read_as_they_were(db: None) -> None:
    assert _through_the_database(ROWS) == ROWS
    assert _through_the_database([]) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.lists(st.tuples(st.text(st.characters(exclude_characters="\0", codec="utf-8")), st.none() | st.booleans()), max_size=4))
def test_any_rows_are_read_as_they_were(db: None, rows: list[tuple[str, bool | None]]) -> None:
    assert _through_the_database(rows) == rows


def test_values_are_read_as_what_they_are(db: None) -> None:
    values = (
        UUID(int=1),
        date(2022, 3, 22),
        datetime(2022, 3, 22, 21, 0, 0, 1, SHANGHAI),
        0.5,
        -3,
        Decimal("1.50"),
        hexed("00ff"),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE kinds (id uuid, day date, at timestamptz, size float8, n bigint, sum numeric, data bytea)"
        )
        with cursor.copy(f"COPY kinds FROM STDIN ({CSV})") as copy:
            copy.write(lines([values]))
        cursor.execute("SELECT * FROM kinds")
        assert cursor.fetchone() == (*values[:-1], b"\0\xff")


def _through_the_database(rows: list[tuple[str, bool | None]]) -> list[tuple[str, bool | None]]:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS written")
        cursor.execute("CREATE TEMPORARY TABLE written (number int, text text, flag boolean)")
        with cursor.copy(f"COPY written FROM STDIN ({CSV})") as copy:
            copy.write(lines([(number, *values) for number, values in enumerate(rows)]))
        cursor.execute("SELECT text, flag FROM written ORDER BY number")
        return [tuple(row) for row in cursor.fetchall()]
