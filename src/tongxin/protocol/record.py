"""A record's bytes and its place in a chain."""

import hashlib
from typing import Any

import msgspec

VERSION = 0
GENESIS = ""
"""``prev`` of the first record of a chain."""


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What every record carries, whatever its activity. Times in ms; ``wall`` since 1970 UTC, ``mono`` since the phone's boot."""

    v: int
    id: str
    device: str
    chain: str
    seq: int
    prev: str
    activity: str
    activity_hash: str
    order: str
    place: str | None
    duty: str | None
    wall: int
    boot: str
    mono: int
    body: dict[str, Any]


def encode(record: dict[str, Any]) -> bytes:
    """Return the canonical bytes: JSON, keys sorted at every level, no spaces, UTF-8."""
    return msgspec.json.encode(record, order="sorted")


def decode(data: bytes) -> Envelope:
    """Read a record's bytes; raise msgspec.ValidationError or msgspec.DecodeError with the reason and the field."""
    return msgspec.json.decode(data, type=Envelope)


def chain_hash(prev: str, data: bytes) -> str:
    """Return SHA-256(prev as ASCII ‖ bytes) in hex: the hash of a record that follows the one with hash ``prev``."""
    return hashlib.sha256(prev.encode("ascii") + data).hexdigest()
