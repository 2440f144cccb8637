"""The phone's machine, step by step; the simulated worlds and the vectors tell the long stories."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vectors.build import BOOT, NOON

from tongxin.protocol.client import Ask, BrokenServerError, Client, Entry, Holding, Pace
from tongxin.protocol.messages import HeadOf, Stamp
from tongxin.protocol.record import decode

STAMP = Stamp(NOON, BOOT, 1000)


class Disk:
    """A phone's journal in memory."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def write(self, entries: Sequence[Entry]) -> None:
        self.entries += entries

    def read(self) -> Sequence[Entry]:
        return self.entries


class Ids:
    def __init__(self) -> None:
        self.last = 0

    def __call__(self) -> str:
        self.last += 1
        return f"id {self.last}"


def phone(disk: Disk, ids: Ids, batch: int = 200) -> Client:
    return Client("device", disk, rng=Random(1), new_id=ids, pace=Pace(first=100, most=1000, beat=10_000), batch=batch)


def says(client: Client, count: int = 1) -> None:
    for number in range(count):
        content = {"activity": "a", "activity_hash": "h", "order": "o", "body": {"n": number}}
        client.write(content, STAMP)


def asks(client: Client, now: int = 0) -> Ask:
    ask = client.next(now, STAMP)
    assert ask is not None
    return ask


def receipts(ask: Ask, head: HeadOf | None = None, **changes: Any) -> bytes:
    """Answer a batch: the server holds it, and no more unless ``head`` says so."""
    given = [
        {"seq": k.seq, "id": k.id, "hash": k.hash, "position": k.seq, "received": 1, "occurred": 1, "quarantine": None, **changes}
        for k in ask.batch
    ]
    head = head or HeadOf(ask.chain, ask.batch[-1].seq, ask.batch[-1].hash)
    return json.dumps({"head": msgspec.to_builtins(head), "receipts": given, "now": NOON}).encode()


def heads(*said: HeadOf) -> bytes:
    return json.dumps({"heads": msgspec.to_builtins(said), "now": 1}).encode()


def hears(client: Client, ask: Ask, status: int, body: bytes, now: int = 0) -> None:
    client.heard(ask, status, body, now, STAMP)


def refusal(code: str, head: HeadOf) -> bytes:
    return json.dumps({"problem": {"code": code, "details": {"head": msgspec.to_builtins(head)}}}).encode()


@given(st.integers(1, 12), st.integers(1, 5))
def test_all_is_sent_in_batches_and_confirmed(count: int, batch: int) -> None:
    client = phone(Disk(), Ids(), batch)
    says(client, count)
    assert client.holding() == Holding(count, 0, 0)
    sendings = 0
    while client.holding().confirmed < count:
        ask = asks(client)
        assert client.holding().sent == len(ask.batch) <= batch
        hears(client, ask, 200, receipts(ask))
        sendings += 1
    assert sendings == -(-count // batch)
    assert client.holding() == Holding(0, 0, count)


@given(st.integers(0, 6), st.integers(0, 6))
def test_a_phone_that_starts_again_has_lost_nothing_and_goes_on_in_its_chain(confirmed: int, waiting: int) -> None:
    disk, ids = Disk(), Ids()
    client = phone(disk, ids)
    if confirmed:
        says(client, confirmed)
        ask = asks(client)
        hears(client, ask, 200, receipts(ask))
    says(client, waiting)
    again = phone(disk, ids)
    assert again.holding() == client.holding() == Holding(waiting, 0, confirmed)
    says(client)
    assert client.chain.records[-1].hash == client.chain.hash_at(confirmed + waiting + 1)


@pytest.mark.parametrize("changes", [{"hash": "another"}, {"seq": 9}])
def test_a_receipt_for_another_record_is_no_receipt(changes: dict[str, Any]) -> None:
    client = phone(Disk(), Ids())
    says(client)
    ask = asks(client)
    with pytest.raises(BrokenServerError):
        hears(client, ask, 200, receipts(ask, **changes))
    assert client.holding().confirmed == 0


def test_waiting_doubles_up_to_the_most_and_an_answer_ends_it() -> None:
    client = phone(Disk(), Ids())
    says(client)
    now, pauses = 0, []
    for _ in range(6):
        asks(client, now)
        client.missed(now)
        pauses.append(client.wakes() - now)
        assert client.next(client.wakes() - 1, STAMP) is None
        now = client.wakes()
    for pause, longest in zip(pauses, [100, 200, 400, 800, 1000, 1000], strict=True):
        assert longest / 2 <= pause <= longest
    ask = asks(client, now)
    hears(client, ask, 200, json.dumps({"heads": [], "now": 1}).encode(), now)
    assert client.next(now, STAMP) is not None


def test_after_three_lost_answers_it_asks_where_its_chains_stand() -> None:
    client = phone(Disk(), Ids())
    says(client)
    for _ in range(3):
        assert asks(client, client.wakes()).kind == "records"
        client.missed(client.wakes())
    beat = asks(client, client.wakes())
    assert beat.kind == "heartbeat"
    assert json.loads(beat.body)["holds"] == 1


def test_a_head_behind_the_receipts_is_a_restored_server_and_all_from_there_is_sent_again() -> None:
    client = phone(Disk(), Ids())
    says(client, 4)
    ask = asks(client)
    hears(client, ask, 200, receipts(ask))
    head = HeadOf(client.chain.id, 1, client.chain.hash_at(1))
    beat = asks(client, 10_000)
    hears(client, beat, 200, json.dumps({"heads": [msgspec.to_builtins(head)], "now": 1}).encode(), 10_000)
    assert [kept.seq for kept in asks(client, 10_000).batch] == [2, 3, 4]


def test_a_fork_carries_over_what_has_no_receipt_under_the_same_ids() -> None:
    disk, ids = Disk(), Ids()
    client = phone(disk, ids, batch=2)
    says(client, 5)
    first = asks(client)
    hears(client, first, 200, receipts(first))
    old = client.chain
    other = HeadOf(old.id, 3, "other")
    hears(client, asks(client), 409, refusal("ledger.fork", other))
    assert client.holding() == Holding(1, 4, 0), "the receipts may be of records that the server has lost"
    first = asks(client)
    hears(client, first, 200, receipts(first, other))
    hears(client, asks(client), 409, refusal("ledger.fork", other))
    assert client.chain is not old
    assert [kept.id for kept in client.chain.records] == [kept.id for kept in old.records[2:]]
    begun = decode(client.chain.records[0].text.encode())
    assert (begun.seq, begun.prev, begun.follows) == (1, "", old.hash_at(2))
    assert decode(client.chain.records[1].text.encode()).follows is None
    assert phone(disk, ids).holding() == client.holding() == Holding(3, 0, 2)
    says(client)
    assert client.chain.records[-1].seq == 4


def test_receipts_that_a_head_contradicts_stand_no_more_and_what_differs_is_carried_over() -> None:
    disk, ids = Disk(), Ids()
    client = phone(disk, ids, batch=2)
    says(client, 4)
    for _ in range(2):
        ask = asks(client)
        hears(client, ask, 200, receipts(ask))
    old = client.chain
    other = HeadOf(old.id, 4, "other")
    hears(client, asks(client, 10_000), 200, heads(other), 10_000)
    assert (client.holding(), phone(disk, ids).holding()) == (Holding(0, 4, 0), Holding(4, 0, 0))
    first = asks(client, 10_000)
    hears(client, first, 200, receipts(first, other), 10_000)
    hears(client, asks(client, 10_000), 409, refusal("ledger.fork", other), 10_000)
    assert [kept.id for kept in client.chain.records] == [kept.id for kept in old.records[2:]]
    last = asks(client, 10_000)
    hears(client, last, 200, receipts(last), 10_000)
    for moment, again in ((20_000, client), (0, phone(disk, ids))):
        hears(again, asks(again, moment), 200, heads(other), moment)
        assert (len(again.chains), again.holding()) == (2, Holding(0, 0, 4)), "the receipts were given under this head"


def test_a_head_that_contradicted_before_is_doubted_again_once_receipts_came_under_another() -> None:
    disk, ids = Disk(), Ids()
    client = phone(disk, ids)
    says(client, 2)
    other = HeadOf(client.chain.id, 2, "other")
    for now in (0, 20_000):
        ask = asks(client, now)
        hears(client, ask, 200, receipts(ask), now)
        assert client.holding() == Holding(0, 0, 2)
        beat = asks(phone(disk, ids), now)
        for again in (phone(disk, ids), client):
            hears(again, beat, 200, heads(other), now)
            assert again.holding().confirmed == 0


@pytest.mark.parametrize("body", [b"<html>", b"\xff", b"{}", b"[]"])
def test_an_answer_that_is_none_is_a_missing_one(body: bytes) -> None:
    client = phone(Disk(), Ids())
    says(client)
    ask = asks(client)
    hears(client, ask, 200, body)
    assert (client.holding(), client.wakes() > 0) == (Holding(0, 1, 0), True)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_busy_server_is_left_alone_as_long_as_it_asks(status: int) -> None:
    client = phone(Disk(), Ids())
    says(client)
    client.heard(asks(client), status, b"", 0, STAMP, retry_after=30_000)
    assert client.next(29_999, STAMP) is None
    assert (client.next(30_000, STAMP) is not None, client.blocked) == (True, "")


def test_a_body_that_is_too_large_is_halved_until_it_goes_through() -> None:
    client = phone(Disk(), Ids(), batch=8)
    says(client, 8)
    sizes = []
    for _ in range(5):
        ask = asks(client, client.wakes())
        if ask.kind == "records":
            sizes.append(len(ask.batch))
            hears(client, ask, 413, b"", client.wakes())
        else:
            hears(client, ask, 200, b'{"heads":[],"now":1}', client.wakes())
    assert sizes == [8, 4, 2, 1]


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [(401, b'{"problem":{"code":"people.unknown_device"}}', "401 people.unknown_device"), (404, b"no", "404")],
)
def test_what_time_cannot_mend_is_shown_and_nothing_is_dropped(status: int, body: bytes, said: str) -> None:
    client = phone(Disk(), Ids())
    says(client)
    hears(client, asks(client), status, body)
    assert (client.blocked, client.holding()) == (said, Holding(0, 1, 0))
    ask = asks(client, client.wakes())
    hears(client, ask, 200, receipts(ask), client.wakes())
    assert (client.blocked, client.holding()) == ("", Holding(0, 0, 1))


def test_a_record_carries_the_servers_time_as_last_heard_in_this_boot() -> None:
    client = phone(Disk(), Ids())
    says(client)
    ask = asks(client)
    hears(client, ask, 200, receipts(ask))
    says(client)
    client.write({"activity": "a", "activity_hash": "h", "order": "o", "body": {}}, Stamp(NOON, "another boot", 5))
    seen = [decode(kept.text.encode()).seen for kept in client.chain.records]
    assert seen[0] is None
    assert seen[1] is not None
    assert ((seen[1].server, seen[1].mono), seen[2]) == ((NOON, 1000), None)
