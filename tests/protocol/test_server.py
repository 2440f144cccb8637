"""The server's step, where the vectors say too little."""

import pytest
from tests.vectors.build import BOOT, CHAIN, NOON, record

from tongxin.protocol.messages import MOST_RECORDS, Batch, Stamp
from tongxin.protocol.record import GENESIS, chain_hash, encode
from tongxin.protocol.server import BadBatchError, Head, accept

SENT = Stamp(NOON, BOOT, 10_000_000)


def texts(count: int) -> list[str]:
    made: list[str] = []
    prev = GENESIS
    for seq in range(1, count + 1):
        data = encode(record(seq, prev))
        prev = chain_hash(prev, data)
        made.append(data.decode())
    return made


def test_a_batch_may_be_full_and_no_fuller() -> None:
    full = texts(MOST_RECORDS + 1)
    head, taken = accept(Head(CHAIN), Batch(1, CHAIN, 1, SENT, full[:MOST_RECORDS]), {}, NOON)
    assert (head.last_seq, len(taken)) == (MOST_RECORDS, MOST_RECORDS)
    with pytest.raises(BadBatchError):
        accept(Head(CHAIN), Batch(1, CHAIN, 1, SENT, full), {}, NOON)


@pytest.mark.parametrize(("version", "first"), [(0, 1), (2, 1), (1, 0), (1, -3)])
def test_a_batch_of_another_version_or_before_the_first_is_none(version: int, first: int) -> None:
    with pytest.raises(BadBatchError):
        accept(Head(CHAIN), Batch(version, CHAIN, first, SENT, texts(1)), {}, NOON)


def test_bytes_that_cannot_be_read_take_their_place_in_the_chain_and_in_time() -> None:
    (first,) = texts(1)
    head, taken = accept(Head(CHAIN), Batch(1, CHAIN, 1, SENT, [first, "{"]), {}, NOON)
    assert [(new.seq, new.envelope is not None) for new in taken] == [(1, True), (2, False)]
    assert head.last_hash == chain_hash(chain_hash(GENESIS, first.encode()), b"{")
    assert taken[1].settled.occurred == NOON
    again, nothing = accept(head, Batch(1, CHAIN, 1, SENT, [first, "{"]), {1: taken[0].hash, 2: taken[1].hash}, NOON + 9)
    assert (again, nothing) == (head, [])
