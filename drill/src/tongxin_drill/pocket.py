"""A phone without its network: the protocol's client, a memory instead of a disk, and clocks that show drill time."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random
from typing import Any

from tongxin.base import clock, ids
from tongxin.protocol.client import Client, Entry, Kept, Pace
from tongxin.protocol.messages import Stamp
from tongxin_drill.shapes import Act

PACE = Pace(first=100, most=2_000, beat=3_600_000)
"""Real milliseconds: a drill is over before a real phone would try again."""


class Memory:
    """A disk that never fails: simulated phones do not crash."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def write(self, entries: Sequence[Entry]) -> None:
        """Keep entries."""
        self._entries += entries

    def read(self) -> Sequence[Entry]:
        """Return them."""
        return self._entries


class Pocket:
    """One phone's records and clocks; ``client`` is the machine that decides what is sent."""

    def __init__(self, device: str, booted: datetime, rng: Random, batch: int) -> None:
        """``booted`` is the drill time at which the phone was switched on: its monotonic clock counts from there."""
        self.device = device
        self.records: list[Kept] = []
        self.client = Client(device, Memory(), rng=rng, new_id=lambda: str(ids.uuid7()), pace=PACE, batch=batch)
        self._boot, self._booted = str(uuid.uuid4()), clock.to_ms(booted)

    def stamp(self, now: datetime) -> Stamp:
        """Return a moment by the phone's clocks, which are right."""
        wall = clock.to_ms(now)
        return Stamp(wall, self._boot, wall - self._booted)

    def add(self, act: Act, duty: Mapping[str, Any], about: str) -> Kept:
        """Make the record of an act for one of the phone's duties (an item of ``GET duties``) and keep it.

        ``about`` is what its activity's matters are about: the ``subject`` that came with the duties.
        """
        content = {
            "activity": duty["activity"]["id"],
            "activity_hash": duty["activity"]["hash"],
            "order": duty["order"]["id"],
            "place": duty["place"]["id"],
            "duty": duty["id"],
            "act": act.kind,
            "target": _target(act),
            "subject": _subject(act, about),
            "speaker": act.speaker,
            "channel": act.channel,
            "at": None if act.stated is None else clock.to_ms(act.stated),
            "body": dict(act.body),
        }
        own = {"id": act.id} if act.id else {}
        self.records.append(self.client.write(content | own, self.stamp(act.at)))
        return self.records[-1]

    @property
    def confirmed(self) -> int:
        """How many records have a receipt."""
        return self.client.holding().confirmed

    @property
    def waiting(self) -> bool:
        """Whether any has none."""
        return self.confirmed < len(self.records)


def _target(act: Act) -> str | None:
    """Return the record or matter that something is done to; a report does nothing to any."""
    if act.kind == "report" or act.target is None:
        return None
    return matter_id(act.target.id, act.matter) if act.matter else act.target.id


def _subject(act: Act, about: str) -> str | None:
    """Return what must be said about the subject, which otherwise follows from the answers, the place or the member."""
    if act.target is None:
        return None
    return act.target.id if act.kind == "report" else act.target.subject(about)


def matter_id(record: str, name: str) -> str:
    """Return the id of the matter that a record opened (docs/protocol.md, “What records come to”)."""
    opened = uuid.UUID(record).bytes
    value = int.from_bytes(opened[:6] + hashlib.sha256(opened + name.encode()).digest()[:10])
    value = value & ~(0xF << 76) | 8 << 76  # version and variant of RFC 9562
    return str(uuid.UUID(int=value & ~(0x3 << 62) | 2 << 62))
