"""What a phone does by itself: its records, their chain, where it goes on. The rest is tested end to end."""

import json
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongxin.base import clock
from tongxin.protocol import record
from tongxin_drill.chain import Chain, ForkError, Kept
from tongxin_drill.night import compare, factor
from tongxin_drill.phone import ODDS, Fault
from tongxin_drill.scenario import plan
from tongxin_drill.shapes import Act
from tongxin_drill.timetable import NIGHT, VISITING

DEVICE = "6f1de3c4-6d0c-4f4e-9a50-000000000001"
DUTY = {
    "id": "duty",
    "order": {"id": "order"},
    "activity": {"id": "venue_closure", "hash": "f" * 64},
    "place": {"id": "temple"},
}


def filled(count: int) -> Chain:
    chain = Chain(DEVICE, NIGHT)
    for number in range(count):
        at = NIGHT + timedelta(hours=19, minutes=number)
        chain.add(Act("chen", at, "visit", "temple", open=number % 2 == 0), DUTY)
    return chain


def receipts(batch: list[Kept]) -> list[dict[str, object]]:
    return [{"seq": kept.seq, "id": kept.id, "hash": kept.hash, "position": 100 + kept.seq, "quarantine": None} for kept in batch]


def hash_at(chain: Chain, seq: int) -> str:
    return chain.records[seq - 1].hash if seq else ""


def test_a_record_is_canonical_and_says_what_was_planned() -> None:
    chain = filled(1)
    text = chain.records[0].text
    content = json.loads(text)
    envelope = record.decode(text.encode())
    assert text == json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert envelope.wall == clock.to_ms(NIGHT + timedelta(hours=19))
    assert envelope.mono == 19 * 3_600_000
    assert UUID(envelope.id).version == 7
    assert (envelope.seq, envelope.prev, envelope.chain, envelope.device) == (1, "", chain.id, DEVICE)
    assert (envelope.order, envelope.duty, envelope.place) == ("order", "duty", "temple")
    assert envelope.body == {"open": True, "gathering": False}


@given(st.integers(1, 40))
def test_a_chain_is_numbered_without_a_hole_and_each_record_binds_the_one_before(count: int) -> None:
    chain = filled(count)
    prev = record.GENESIS
    for seq, kept in enumerate(chain.records, start=1):
        envelope = record.decode(kept.text.encode())
        assert (kept.seq, envelope.seq, envelope.prev) == (seq, seq, prev)
        prev = record.chain_hash(prev, kept.text.encode())
        assert kept.hash == prev


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 25))
def test_the_next_batch_begins_with_the_first_record_without_a_receipt(count: int, kept: int, most: int) -> None:
    chain = filled(count)
    done = chain.records[: min(kept, count)]
    assert chain.keep(done, receipts(done)) == len(done)
    assert chain.waiting(most) == chain.records[len(done) :][:most]


def test_receipts_that_come_twice_count_once() -> None:
    chain = filled(3)
    batch = chain.waiting(20)
    assert chain.keep(batch, receipts(batch)) == 3
    assert chain.keep(batch, receipts(batch)) == 0
    assert chain.receipted == 3


@pytest.mark.parametrize(("key", "value"), [("id", "another"), ("hash", "another"), ("seq", 9)])
def test_a_receipt_for_another_record_stops_the_phone(key: str, value: object) -> None:
    chain = filled(1)
    (receipt,) = receipts(chain.records)
    with pytest.raises(ForkError):
        chain.keep(chain.waiting(20), [receipt | {key: value}])


def test_a_record_that_moves_in_the_ledger_stops_the_phone() -> None:
    chain = filled(1)
    (receipt,) = receipts(chain.records)
    batch = chain.waiting(20)
    chain.keep(batch, [receipt])
    with pytest.raises(ForkError, match="positions"):
        chain.keep(batch, [receipt | {"position": 7}])


@given(st.data())
def test_the_phone_goes_on_from_the_ledgers_head_but_resends_what_has_no_receipt(data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 20))
    receipted = data.draw(st.integers(0, count))
    head = data.draw(st.integers(0, count))
    chain = filled(count)
    chain.keep(chain.records[:receipted], receipts(chain.records[:receipted]))
    broken = chain.resume(head, hash_at(chain, head))
    assert broken == max(0, receipted - head)
    assert chain.waiting(99) == chain.records[min(receipted, head) :]


def test_a_ledger_with_another_record_under_a_number_stops_the_phone() -> None:
    with pytest.raises(ForkError, match="another record 2"):
        filled(3).resume(2, "e" * 64)


def test_a_ledger_whose_chain_is_longer_than_the_phones_stops_the_phone() -> None:
    with pytest.raises(ForkError, match="ends at 4"):
        filled(3).resume(4, "e" * 64)


def test_every_fault_has_its_odds_in_a_hundred() -> None:
    assert set(ODDS) == set(Fault)
    assert sum(ODDS.values()) == 100


def test_the_figures_compared_are_named_where_they_differ() -> None:
    lines = compare({"a": 1, "b": 2.0, "d": 4}, {"a": 1, "b": 2.1, "c": 3}, "live")
    assert lines == ["live b: 2.0, truth 2.1", "live c: missing, truth 3", "live d: 4, truth unknown"]
    assert compare({"a": 1}, {"a": 1.0}, "live") == []


def test_a_usual_night_takes_28_seconds_and_a_full_one_as_long_as_it_needs() -> None:
    usual, full = plan(1, 1), plan(1, 200)
    assert (usual.until - usual.start).total_seconds() / factor(usual) == pytest.approx(28)
    full_seconds = VISITING / factor(full)
    assert len(full.acts) / full_seconds == pytest.approx(1500)
