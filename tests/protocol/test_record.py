import hashlib
import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tongxin.protocol.record import chain_hash, encode
from tongxin.protocol.time import settle

answers = st.dictionaries(st.text(min_size=1, max_size=8), st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20))
times = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


@given(answers)
def test_bytes_are_canonical_whatever_order_the_keys_came_in(body: dict[str, object]) -> None:
    backwards = dict(reversed(body.items()))
    assert encode({"body": body, "v": 0}) == encode({"v": 0, "body": backwards})


@given(answers)
def test_any_json_reader_understands_them(body: dict[str, object]) -> None:
    assert json.loads(encode({"body": body})) == {"body": body}


def test_the_hash_is_that_of_the_hash_before_and_the_exact_bytes() -> None:
    assert chain_hash("", b"{}") == hashlib.sha256(b"{}").hexdigest()
    assert chain_hash("ab", b"{}") == hashlib.sha256(b"ab{}").hexdigest()


@given(times, times, times)
def test_a_record_never_happens_after_its_receipt_nor_before_the_one_ahead(
    wall: datetime, received: datetime, gap: datetime
) -> None:
    previous = min(gap, received)
    settled = settle(wall, received, previous)
    assert previous <= settled <= received
    assert settled in (wall, received, previous)


def test_a_right_clock_is_believed() -> None:
    wall = datetime(2022, 3, 22, 12, tzinfo=UTC)
    assert settle(wall, wall + timedelta(hours=3), wall - timedelta(hours=1)) == wall
