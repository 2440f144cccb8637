"""The desk's hand: what a person does there about records and matters becomes a record as well, on a device of the server's own.

Each process writes a chain of its own for each person, so that no two processes ever continue the same one. A chain that does not
go on, as after a restore, is left, and a new one begins.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

from tongxin.base import clock, ids
from tongxin.protocol.messages import Batch, Stamp
from tongxin.protocol.record import GENESIS, PLAIN, VERSION, Seen, chain_hash, encode


@dataclass(frozen=True)
class Written:
    """A record that is written but not in the ledger yet: its batch, and where the chain stands once it is."""

    batch: Batch
    after: "End"


@dataclass(frozen=True)
class End:
    """The end of a chain of this process."""

    chain: str = field(default_factory=lambda: str(uuid4()))
    seq: int = 0
    hash: str = GENESIS


class Hand:
    """Writes records one after the other; ``lock`` is held from writing one until it is in the ledger."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._boot, self._began = str(uuid4()), time.monotonic()
        self._ends: dict[UUID, End] = {}

    def write(self, device: UUID, content: Mapping[str, Any]) -> Written:
        """Write the next record of a device; ``content`` is what differs from a plain report."""
        end, now = self._ends.get(device, End()), clock.to_ms(clock.now())
        mono = int(1000 * (time.monotonic() - self._began))
        record = {
            **PLAIN, "v": VERSION, "id": str(ids.uuid7()), "device": str(device), "chain": end.chain, "seq": end.seq + 1,
            "prev": end.hash, "follows": None, "channel": "desk", "wall": now, "boot": self._boot, "mono": mono,
            "seen": Seen(now, mono), **content,
        }  # fmt: skip
        data = encode(record)
        batch = Batch(VERSION, end.chain, end.seq + 1, Stamp(now, self._boot, mono), [data.decode()])
        return Written(batch, replace(end, seq=end.seq + 1, hash=chain_hash(end.hash, data)))

    def keep(self, device: UUID, written: Written) -> None:
        """Go on from a record that is in the ledger."""
        self._ends[device] = written.after

    def leave(self, device: UUID) -> None:
        """Begin a new chain with the next record."""
        self._ends.pop(device, None)


hand = Hand()
"""The one of this process."""
