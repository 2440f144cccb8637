import hashlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vectors.build import record

from tongxin.protocol.record import MOST_BYTES, NotCanonicalError, chain_hash, decode, encode

numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.integers(-(10**9), 10**9).map(lambda thousandths: thousandths / 1000)
answers = st.dictionaries(st.text("abcxyz_", min_size=1, max_size=8), st.booleans() | numbers | st.text(max_size=20), max_size=6)


@given(answers)
def test_what_is_encoded_is_read_back_and_is_the_one_way_to_write_it(body: dict[str, object]) -> None:
    data = encode(record(body=dict(reversed(body.items()))))
    assert data == encode(record(body=body))
    assert decode(data).body == body
    assert encode(decode(data)) == data


@given(answers)
def test_any_json_reader_understands_them(body: dict[str, object]) -> None:
    assert json.loads(encode(record(body=body))) == record(body=body)


def test_keys_are_sorted_by_code_point() -> None:
    body = {"\U0001f600": 1, "\ufffd": 2, "é": 3, "z": 4, "Z": 5, "zz": 6}
    assert '"body":{"Z":5,"z":4,"zz":6,"é":3,"\ufffd":2,"\U0001f600":1}' in encode(record(body=body)).decode()


@pytest.mark.parametrize("value", [0.0001, 1e12, float("nan"), float("inf"), 2**53, -(2**53)])
def test_a_number_that_languages_write_differently_has_no_bytes(value: float) -> None:
    with pytest.raises(NotCanonicalError, match="answer"):
        encode(record(body={"answer": value}))


def test_a_record_that_is_too_long_cannot_be_read() -> None:
    with pytest.raises(msgspec.ValidationError, match=str(MOST_BYTES)):
        decode(encode(record(body={"text": "x" * MOST_BYTES})))


def test_the_longest_record_can_be_read() -> None:
    room = MOST_BYTES - len(encode(record(body={"text": ""})))
    assert len(decode(encode(record(body={"text": "x" * room}))).body["text"]) == room


def test_bytes_in_another_form_say_so() -> None:
    with pytest.raises(NotCanonicalError, match="canonical form"):
        decode(encode(record()).replace(b":", b": ", 1))


def test_the_hash_is_that_of_the_hash_before_and_the_exact_bytes() -> None:
    assert chain_hash("", b"{}") == hashlib.sha256(b"{}").hexdigest()
    assert chain_hash("ab", b"{}") == hashlib.sha256(b"ab{}").hexdigest()
