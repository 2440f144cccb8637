"""The phones' door: exactly once, and nothing refused into nothing."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import ProgrammingError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cast import COUNTY, Cast, Phone, figures_now, id_of

from tongxin.figures.actions import catch_up
from tongxin.ledger.models import Record
from tongxin.people.models import Role

OPEN, SHUT = {"open": True, "gathering": False}, {"open": False, "gathering": False}


@pytest.fixture
def phone(cast: Cast) -> Phone:
    return cast.phone()


def test_a_record_gets_a_receipt_with_its_hash_and_position(phone: Phone, night: datetime) -> None:
    text = phone.record(night, OPEN)
    answer = phone.post(1, text).json()
    assert answer["head"] == {"chain": str(phone.chain), "last_seq": 1, "last_hash": phone.prev}
    (receipt,) = answer["receipts"]
    assert (receipt["seq"], receipt["hash"], receipt["position"], receipt["quarantine"]) == (1, phone.prev, 1, None)
    assert Record.objects.get(position=1).bytes == text.encode()


def test_sending_again_gives_the_same_receipts_and_stores_nothing(phone: Phone, night: datetime) -> None:
    batch = [phone.record(night, OPEN), phone.record(night, SHUT)]
    first = phone.post(1, *batch).json()
    assert phone.post(1, *batch).json() == first
    assert phone.post(2, batch[1]).json()["receipts"] == first["receipts"][1:]
    assert Record.objects.count() == 2


def test_a_batch_that_overlaps_the_head_stores_only_what_is_new(phone: Phone, night: datetime) -> None:
    batch = [phone.record(night, OPEN), phone.record(night, SHUT), phone.record(night, SHUT)]
    phone.post(1, *batch[:2])
    answer = phone.post(2, *batch[1:]).json()
    assert [receipt["position"] for receipt in answer["receipts"]] == [2, 3]
    assert phone.get(f"head?chain={phone.chain}").json() == answer["head"]


def test_a_gap_is_refused_with_the_head_to_go_on_from(phone: Phone, night: datetime) -> None:
    batch = [phone.record(night, OPEN), phone.record(night, SHUT), phone.record(night, SHUT)]
    head = phone.post(1, batch[0]).json()["head"]
    refusal = phone.post(3, batch[2])
    assert (refusal.status_code, refusal.json()["problem"]["code"]) == (409, "ledger.gap")
    assert refusal.json()["problem"]["details"]["head"] == head
    assert Record.objects.count() == 1


def test_another_record_under_a_held_number_is_a_fork(phone: Phone, night: datetime) -> None:
    phone.post(1, phone.record(night, OPEN))
    phone.seq, phone.prev = 0, ""
    refusal = phone.post(1, phone.record(night, SHUT))
    assert (refusal.status_code, refusal.json()["problem"]["code"]) == (409, "ledger.fork")


def test_a_record_that_does_not_follow_the_head_is_a_fork(phone: Phone, night: datetime) -> None:
    phone.post(1, phone.record(night, OPEN))
    phone.prev = "00" * 32
    assert phone.post(2, phone.record(night, SHUT)).json()["problem"]["code"] == "ledger.fork"
    assert Record.objects.count() == 1


def test_a_chain_never_seen_stands_at_nothing(phone: Phone) -> None:
    assert phone.get(f"head?chain={phone.chain}").json() == {"chain": str(phone.chain), "last_seq": 0, "last_hash": ""}


MARKED = {
    "an unknown activity": ({"activity": "dragon_hunt"}, OPEN, "ledger.unknown_activity"),
    "another version of the form": ({"activity_hash": "00" * 32}, OPEN, "ledger.unknown_activity"),
    "an answer of the wrong type": ({}, {"open": "perhaps", "gathering": False}, "ledger.bad_answer"),
    "a missing answer": ({}, {"open": True}, "ledger.bad_answer"),
    "an unknown question": ({}, OPEN | {"colour": "red"}, "ledger.bad_answer"),
    "an order that does not exist": ({"order": str(uuid4())}, OPEN, "ledger.unknown_reference"),
    "a place that does not exist": ({"place": str(uuid4())}, OPEN, "ledger.unknown_reference"),
    "a duty that does not exist": ({"duty": str(uuid4())}, OPEN, "ledger.unknown_reference"),
    "another device's name": ({"device": str(uuid4())}, OPEN, "ledger.wrong_envelope"),
    "an id that is none": ({"id": "first"}, OPEN, "ledger.unreadable"),
    "a NUL in an answer": ({}, {"open": "\u0000", "gathering": False}, "ledger.unreadable"),
    "a version of the future": ({"v": 99}, OPEN, "ledger.wrong_envelope"),
    "a place where the member holds no role": ({"place": str(id_of("cinema"))}, OPEN, "ledger.no_authority"),
}


@pytest.mark.parametrize(("changes", "body", "code"), MARKED.values(), ids=MARKED.keys())
def test_a_record_that_is_wrong_is_kept_and_marked_and_its_neighbours_are_unharmed(
    phone: Phone, night: datetime, changes: dict[str, object], body: dict[str, object], code: str
) -> None:
    texts = [phone.record(night, OPEN), phone.record(night, body, **changes), phone.record(night, SHUT)]
    receipts = phone.post(1, *texts).json()["receipts"]
    assert [receipt["quarantine"] for receipt in receipts] == [None, code, None]
    assert Record.objects.get(position=2).bytes == texts[1].encode()


def test_text_that_is_no_record_at_all_is_kept_and_marked(phone: Phone) -> None:
    receipts = phone.post(1, "not JSON", "[]", '{"v": 0}').json()["receipts"]
    assert [receipt["quarantine"] for receipt in receipts] == ["ledger.unreadable"] * 3


answers: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
poison = st.text() | st.sampled_from(["1e999", "[" * 2000, '{"v": 0, "v": 1}', '"\\ud800"', "\x00"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers, poison)
def test_no_poison_fails_its_neighbours(cast: Cast, night: datetime, answer: object, text: str) -> None:
    """Whatever JSON allows as an answer, and whatever text as a record: the batch is taken, the good ones count."""
    phone = cast.phone()
    good = phone.record(night, OPEN)
    strange = phone.record(night, {"open": answer, "gathering": False})
    response = phone.post(1, good, strange, text)
    assert response.status_code == 200, response.content
    receipts = response.json()["receipts"]
    assert (receipts[0]["quarantine"], receipts[2]["quarantine"]) == (None, "ledger.unreadable")
    stored = Record.objects.filter(chain=phone.chain).order_by("seq").values_list("bytes", flat=True)
    assert [bytes(data) for data in stored] == [sent.encode() for sent in (good, strange, text)]


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1" * 400])
def test_a_number_beyond_all_numbers_is_kept_and_marked(phone: Phone, night: datetime, number: str) -> None:
    text = phone.record(night, {"open": True, "gathering": 7}).replace(":7", f":{number}")
    assert phone.post(1, text).json()["receipts"][0]["quarantine"] in ("ledger.unreadable", "ledger.bad_answer")
    assert Record.objects.get(position=1).bytes == text.encode()


@pytest.mark.parametrize("wall", [-(10**15), 10**15, -(2**53) + 1, 2**53 - 1])
def test_a_clock_beyond_the_calendar_is_brought_back_to_the_receipt(phone: Phone, night: datetime, wall: int) -> None:
    assert phone.says(night, OPEN, wall=wall)["quarantine"] in (None, "ledger.not_ordered")
    assert Record.objects.get(position=1).occurred_at <= night


def test_an_id_that_is_held_already_counts_once(phone: Phone, night: datetime) -> None:
    one = str(uuid4())
    texts = [phone.record(night, OPEN, id=one), phone.record(night, OPEN, id=one)]
    receipts = phone.post(1, *texts).json()["receipts"]
    assert [receipt["quarantine"] for receipt in receipts] == [None, None]
    catch_up(COUNTY[:6])
    assert figures_now(Cast(night))["venue_closure.inspections"] == 1


def test_what_happened_before_the_order_is_marked(phone: Phone, night: datetime) -> None:
    assert phone.says(night.replace(hour=17), OPEN)["quarantine"] == "ledger.not_ordered"


def test_authority_is_judged_at_the_time_of_the_act(phone: Phone, night: datetime) -> None:
    Role.objects.filter(member=id_of("inspector")).update(until=night - timedelta(hours=1))
    assert phone.says(night - timedelta(hours=2), OPEN)["quarantine"] is None
    assert phone.says(night, SHUT)["quarantine"] == "ledger.no_authority"


def test_a_clock_that_is_ahead_is_brought_back_to_the_receipt(phone: Phone, night: datetime) -> None:
    phone.says(night + timedelta(days=365 * 5), OPEN)
    assert Record.objects.get(position=1).occurred_at == night


@pytest.mark.parametrize("first_seq", [0, -1])
def test_numbers_below_one_are_refused(phone: Phone, night: datetime, first_seq: int) -> None:
    refusal = phone.post(first_seq, phone.record(night, OPEN))
    assert (refusal.status_code, refusal.json()["problem"]["code"]) == (400, "ledger.bad_batch")


def test_an_empty_or_oversized_batch_is_refused_and_stores_nothing(phone: Phone, night: datetime) -> None:
    for batch in ([], [phone.record(night, OPEN)] * 201):
        assert phone.post(1, *batch).json()["problem"]["code"] == "ledger.bad_batch"
    assert not Record.objects.exists()


def test_a_body_that_is_no_batch_is_refused_with_the_place(phone: Phone) -> None:
    refusal = phone.send("records", '{"chain": 5}')
    assert refusal.json()["problem"]["code"] == "ledger.bad_batch"
    assert "chain" in refusal.json()["problem"]["message"]


def test_the_program_itself_can_neither_change_nor_remove_a_record(phone: Phone, night: datetime) -> None:
    phone.says(night, OPEN)
    for forbidden in (lambda: Record.objects.update(feeds=0), lambda: Record.objects.all().delete()):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            forbidden()
