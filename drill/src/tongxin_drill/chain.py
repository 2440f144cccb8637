"""What a phone keeps: its chain of records, all of them, and the receipts for them. No network here."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tongxin.base import clock, ids
from tongxin.protocol import record
from tongxin_drill.shapes import Act


class ForkError(Exception):
    """The ledger holds another record under one of this chain's numbers; sending on would be wrong."""


@dataclass(frozen=True)
class Kept:
    """A record as the phone keeps it: ``text`` is exactly what is sent, ``hash`` its place in the chain."""

    seq: int
    id: str
    hash: str
    text: str


class Chain:
    """The records of one phone, numbered from 1, each bound to the one before it."""

    def __init__(self, device: str, booted: datetime) -> None:
        """``booted`` is the drill time at which the phone was switched on: ``mono`` counts from there."""
        self.id = str(uuid.uuid4())
        self.device = device
        self.records: list[Kept] = []
        self.receipts: dict[int, dict[str, Any]] = {}
        self._boot = str(uuid.uuid4())
        self._booted = clock.to_ms(booted)

    @property
    def receipted(self) -> int:
        """How many records from the first on have a receipt without a hole."""
        return len(self.receipts)

    def add(self, act: Act, duty: Mapping[str, Any]) -> Kept:
        """Make the record of an act for one of the phone's duties (an item of ``GET duties``) and keep it."""
        last = self.records[-1].hash if self.records else record.GENESIS
        wall = clock.to_ms(act.at)
        content = {
            "v": record.VERSION,
            "id": str(ids.uuid7()),
            "device": self.device,
            "chain": self.id,
            "seq": len(self.records) + 1,
            "prev": last,
            "activity": duty["activity"]["id"],
            "activity_hash": duty["activity"]["hash"],
            "order": duty["order"]["id"],
            "place": duty["place"]["id"],
            "duty": duty["id"],
            "wall": wall,
            "boot": self._boot,
            "mono": wall - self._booted,
            "body": act.body,
        }
        data = record.encode(content)
        kept = Kept(len(self.records) + 1, str(content["id"]), record.chain_hash(last, data), data.decode())
        self.records.append(kept)
        return kept

    def waiting(self, most: int) -> list[Kept]:
        """Return the next batch: up to ``most`` records from the first without a receipt on."""
        return self.records[self.receipted : self.receipted + most]

    def keep(self, batch: list[Kept], receipts: list[dict[str, Any]]) -> int:
        """Keep a batch's receipts; return how many are new. Raise ForkError if they are not for its own."""
        given = {receipt["seq"]: receipt for receipt in receipts}
        before = self.receipted
        for kept in batch:
            receipt = given.get(kept.seq)
            if receipt is None:
                raise ForkError(f"no receipt for record {kept.seq} of the batch")
            if (receipt["id"], receipt["hash"]) != (kept.id, kept.hash):
                raise ForkError(f"the receipt for record {kept.seq} is another record's")
            earlier = self.receipts.setdefault(kept.seq, receipt)
            if earlier["position"] != receipt["position"]:
                raise ForkError(f"record {kept.seq} has positions {earlier['position']} and {receipt['position']}")
        return self.receipted - before

    def resume(self, last_seq: int, last_hash: str) -> int:
        """Go on from the ledger's head; return how many receipts it has turned out not to stand by.

        What has no receipt is sent again even if the head lies beyond it: sending twice is safe, and only a
        receipt says that a record was taken in. A head behind the receipts means that the ledger has lost
        records; the phone still has them, so it forgets those receipts and sends again from there.
        """
        if last_seq > len(self.records):
            raise ForkError(f"the ledger's chain ends at {last_seq}, this phone's at {len(self.records)}")
        if last_seq and self.records[last_seq - 1].hash != last_hash:
            raise ForkError(f"the ledger holds another record {last_seq}")
        broken = [seq for seq in self.receipts if seq > last_seq]
        for seq in broken:
            del self.receipts[seq]
        return len(broken)
