"""What goes over the wire, as JSON. Times are ms since 1970 (UTC) unless they say otherwise."""

from typing import Annotated

import msgspec
from msgspec import Meta

from tongxin.protocol.record import Int

MOST_RECORDS = 200
"""Records in a batch."""
MOST_HELD = 2**31 - 1
"""So many records a phone may say that it holds."""


class Stamp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A moment by the phone's clocks: its wall clock, its boot session, and ms since that boot."""

    wall: Int
    boot: str
    mono: Int


class Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Consecutive records of one chain, each the exact text; the first has number ``first_seq``; ``sent``: when it left."""

    v: int
    chain: str
    first_seq: Int
    sent: Stamp
    records: list[str]


class HeadOf(msgspec.Struct, frozen=True):
    """Where a chain stands at the server: 0 and "" for one it has never seen."""

    chain: str
    last_seq: int
    last_hash: str


class Receipt(msgspec.Struct, frozen=True):
    """What a phone gets for a record; ``quarantine`` is null, or the code of what is wrong with it."""

    seq: int
    id: str | None
    hash: str
    position: int
    received: int
    occurred: int
    quarantine: str | None


class Answer(msgspec.Struct, frozen=True):
    """The answer to a batch; ``now`` is the server's time as it answered."""

    head: HeadOf
    receipts: list[Receipt]
    now: int


class Heartbeat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """“I still hold N”: how many records have no receipt, the oldest one's wall time, where the phone thinks its chains stand."""

    v: int
    holds: Annotated[int, Meta(ge=0, le=MOST_HELD)]
    oldest: Int | None
    chains: list[HeadOf]


class Heard(msgspec.Struct, frozen=True):
    """The answer to a heartbeat: where the chains really stand."""

    heads: list[HeadOf]
    now: int
