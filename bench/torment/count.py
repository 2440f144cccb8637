"""Counting again what the ledger's raw bytes come to, by rules that fit on a page. It shares no code with the product.

1. Of the copies of an id that have no mark, the one that happened first counts (ties by device, chain and number).
2. A report that its own phone withdrew does not count.
3. Of the corrections that its own phone made, the one that happened last says what the report says, in its place and time.
4. Every report is an inspection. Of a place's reports, in the order in which they happened, one that says *open* while the place
   was not known to be is one more found open; one that says it is closed while it was known to be open is one more put right.
   The same for gatherings.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import zstandard

from tongxin_drill.scenario import found_and_righted

ROWS = """
SELECT position, id, device, chain, seq, hash, bytes, quarantine, occurred_at, received_at
FROM ledger_record WHERE ledger = %s AND position > %s ORDER BY position
"""
DICTIONARIES = "SELECT number, bytes FROM ledger_dictionary"


@dataclass(frozen=True)
class Row:
    """A row of the ledger, as much of it as is looked at here."""

    position: int
    id: UUID | None
    device: UUID
    chain: UUID
    seq: int
    hash: bytes
    bytes: bytes
    mark: str
    occurred: datetime
    received: datetime

    @property
    def order(self) -> tuple[datetime, int, int, int]:
        """When it happened among the others."""
        return self.occurred, self.device.int, self.chain.int, self.seq


def unpacked(stored: bytes, dictionaries: Mapping[int, bytes]) -> bytes:
    """Return a record's bytes as they came: those of a Zstandard frame, if they are one."""
    if stored[:4] != zstandard.FRAME_HEADER:
        return stored
    dictionary = dictionaries[zstandard.get_frame_parameters(stored).dict_id]
    return zstandard.ZstdDecompressor(dict_data=zstandard.ZstdCompressionDict(dictionary)).decompress(stored)


def rows_are_whole(rows: Sequence[Row], after: int) -> Iterator[str]:
    """Yield what is wrong with positions, numbers in chains, and hashes."""
    if [row.position for row in rows] != list(range(after + 1, after + len(rows) + 1)):
        yield f"positions after {after} have gaps or repeat: {[row.position for row in rows]}"
    ends: dict[tuple[UUID, UUID], tuple[int, str]] = {}
    ids: set[tuple[UUID, UUID, UUID]] = set()
    for row in rows:
        seq, prev = ends.get((row.device, row.chain), (0, ""))
        hashed = hashlib.sha256(prev.encode() + row.bytes).digest()
        if row.seq != seq + 1:
            yield f"chain {row.chain} goes from {seq} to {row.seq} at position {row.position}"
        if row.hash != hashed:
            yield f"record {row.position}: its hash is not that of its bytes"
        if row.occurred > row.received:
            yield f"record {row.position} happened after it was received"
        ends[row.device, row.chain] = row.seq, hashed.hex()
        if row.id is not None and not row.mark and (row.device, row.chain, row.id) in ids:
            yield f"record {row.position}: {row.id} stands more than once in its chain"
        if row.id is not None and not row.mark:
            ids.add((row.device, row.chain, row.id))


def counted(rows: Sequence[Row]) -> dict[str, int]:
    """Return the figures of closed venues."""
    said = _one_of_each_id(rows)
    reports = {id_: body for id_, (row, body) in said.items() if body["act"] == "report"}
    withdrawn = {body["target"] for row, body in said.values() if body["act"] == "withdraw" and _own(said, row, body)}
    answers = {id_: body["body"] for id_, body in reports.items()}
    for row, body in sorted(said.values(), key=lambda pair: pair[0].order):
        if body["act"] == "correct" and _own(said, row, body) and body["target"] in reports:
            answers[body["target"]] = body["body"]
    standing = sorted((said[id_][0].order, id_) for id_ in reports if id_ not in withdrawn)
    visits = [(reports[id_]["place"], answers[id_]) for _, id_ in standing]
    found, fixed = found_and_righted((place, said["open"]) for place, said in visits)
    gatherings, dispersed = found_and_righted((place, said["gathering"]) for place, said in visits)
    return {
        "venue_closure.inspections": len(visits), "venue_closure.venues_inspected": len({place for place, _ in visits}),
        "venue_closure.found_open": found, "venue_closure.fixed": fixed,
        "venue_closure.gatherings": gatherings, "venue_closure.dispersed": dispersed,
    }  # fmt: skip


def _one_of_each_id(rows: Iterable[Row]) -> dict[str, tuple[Row, Mapping[str, Any]]]:
    copies: defaultdict[str, list[tuple[Row, Mapping[str, Any]]]] = defaultdict(list)
    for row in rows:
        if not row.mark:
            body = json.loads(row.bytes)
            copies[body["id"]].append((row, body))
    return {id_: min(found, key=lambda pair: pair[0].order) for id_, found in copies.items()}


def _own(said: Mapping[str, tuple[Row, Mapping[str, Any]]], row: Row, body: Mapping[str, Any]) -> bool:
    """Tell whether a record is about one of the same phone that is there."""
    target = said.get(body["target"])
    return target is not None and target[0].device == row.device
