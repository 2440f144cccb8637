"""The server's side: what a batch does to a chain. One pure step; whoever stores calls it under the chain's lock."""

from collections.abc import Mapping

import msgspec

from tongxin.protocol.messages import MOST_RECORDS, Batch, HeadOf
from tongxin.protocol.record import GENESIS, VERSION, Envelope, NotCanonicalError, chain_hash, decode
from tongxin.protocol.time import Settled, settle, settle_unread


class Head(msgspec.Struct, frozen=True):
    """The end of a chain, and the time of its last record."""

    chain: str
    last_seq: int = 0
    last_hash: str = GENESIS
    last: Settled | None = None

    def shown(self) -> HeadOf:
        """Return it as phones see it."""
        return HeadOf(self.chain, self.last_seq, self.last_hash)


class Taken(msgspec.Struct, frozen=True):
    """A new record: its exact bytes, and what was read from them (None: they cannot be read)."""

    seq: int
    hash: str
    data: bytes
    envelope: Envelope | None
    settled: Settled


class BadBatchError(ValueError):
    """The batch itself is wrong; nothing of it is taken."""


class RefusedError(Exception):
    """A batch does not fit its chain: nothing of it was taken. ``head`` is where the chain stands, ``seq`` what does not fit."""

    def __init__(self, head: Head, seq: int) -> None:
        super().__init__(seq)
        self.head, self.seq = head, seq


class GapError(RefusedError):
    """The batch begins beyond the head, at ``seq``."""


class ForkError(RefusedError):
    """Record ``seq`` differs from the one held under its number, or does not follow the one before."""


def accept(head: Head, batch: Batch, held: Mapping[int, str], received: int) -> tuple[Head, list[Taken]]:
    """Return where the chain stands after a batch, and the records of it that are new; or raise, and nothing has happened.

    ``held`` are the hashes stored under the numbers ``batch.first_seq - 1`` (0 has none) up to the head's: what is held
    already is compared and skipped, so that sending twice is safe.
    """
    if batch.v != VERSION or not 1 <= len(batch.records) <= MOST_RECORDS or batch.first_seq < 1:
        raise BadBatchError
    if batch.first_seq > head.last_seq + 1:
        raise GapError(head, batch.first_seq)
    prev = held[batch.first_seq - 1] if batch.first_seq > 1 else GENESIS
    before, taken = head, []
    for seq, text in enumerate(batch.records, start=batch.first_seq):
        data = text.encode()
        if seq <= head.last_seq:
            prev = chain_hash(prev, data)
            if prev != held[seq]:
                raise ForkError(head, seq)
            continue
        envelope = read(data)
        if envelope is not None and envelope.prev != head.last_hash:
            raise ForkError(before, seq)
        head, new = _take(head, data, envelope, batch, received)
        taken.append(new)
    return head, taken


def _take(head: Head, data: bytes, envelope: Envelope | None, batch: Batch, received: int) -> tuple[Head, Taken]:
    settled = settle_unread(received, head.last) if envelope is None else settle(envelope, batch.sent, received, head.last)
    new = Taken(head.last_seq + 1, chain_hash(head.last_hash, data), data, envelope, settled)
    return Head(head.chain, new.seq, new.hash, settled), new


def read(data: bytes) -> Envelope | None:
    """Return what bytes say, or None if they are not a record in the canonical form."""
    try:
        return decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, NotCanonicalError, RecursionError):
        return None
