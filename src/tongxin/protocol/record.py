"""A record's bytes, version 1, and its place in a chain."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

VERSION = 1
GENESIS = ""
"""``prev`` of the first record of a chain."""
MOST_BYTES = 65_536
"""The longest record."""
LARGEST = 10**12
"""Numbers lie between minus and plus this, with at most three decimals, so that every language writes them alike."""
DECIMALS = 3
MOST_REASON = 200
"""Characters of the reason that an act may give."""
LARGEST_INT = 2**53 - 1
"""The largest integer that every language counts exactly."""

Act = Literal["report", "correct", "withdraw", "release", "merge", "approve", "settle", "reassign"]
ACTS_ON_RECORDS = frozenset({"correct", "withdraw", "release"})
ACTS_ON_MATTERS = frozenset({"merge", "approve", "settle", "reassign"})
Channel = Literal["phone", "desk", "call", "paper", "import"]


Int = Annotated[int, Meta(ge=-LARGEST_INT, le=LARGEST_INT)]


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """The server's time (ms since 1970) that the phone last heard, and its own ``mono`` at that moment, in the same boot."""

    server: Int
    mono: Int


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What every record carries, whatever its activity. Times in ms; ``wall`` since 1970 UTC, ``mono`` since the phone's boot.

    ``act`` is ``report`` for a fact, or what is done to the record or matter that ``target`` names. ``follows`` is set on the
    first record of a chain that carries on another: the hash of the last record there that had a receipt. ``at`` is a stated
    time, for what was not written down as it happened.
    """

    v: Int
    id: str
    device: str
    chain: str
    seq: Int
    prev: str
    follows: str | None
    act: Act
    target: str | None
    activity: str
    activity_hash: str
    order: str
    place: str | None
    duty: str | None
    subject: str | None
    speaker: str | None
    channel: Channel
    wall: Int
    boot: str
    mono: Int
    seen: Seen | None
    at: Int | None
    body: dict[str, Any]


_READER, _WRITER = msgspec.json.Decoder(Envelope), msgspec.json.Encoder(order="sorted")

PLAIN: Mapping[str, Any] = {
    "act": "report", "target": None, "place": None, "duty": None, "subject": None,
    "speaker": None, "channel": "phone", "at": None,
}  # fmt: skip
"""What a record says unless it says otherwise."""


class NotCanonicalError(ValueError):
    """A value has no canonical form, or bytes are not in it; the message says where."""


def encode(record: Mapping[str, Any] | Envelope) -> bytes:
    """Return the canonical bytes: JSON, keys sorted at every level, no spaces, UTF-8.

    A number is an integer or has at most three decimals; a whole float is written as an integer. Raise NotCanonicalError where
    an answer has no such form, msgspec.ValidationError where a key is missing, unknown or of the wrong type.
    """
    envelope = record if isinstance(record, Envelope) else msgspec.convert(record, Envelope)
    if not _is_tidy(envelope.body):
        envelope = msgspec.structs.replace(envelope, body=_tidy(envelope.body, "body"))
    return _WRITER.encode(envelope)


_AS_THEY_ARE = frozenset({str, bool})


def _is_tidy(value: Any) -> bool:  # noqa: ANN401 - any JSON
    """Say whether every number within can be written as it is; quickly, since nearly all can."""
    if value is None or type(value) in _AS_THEY_ARE:
        return True
    if isinstance(value, int):
        return -LARGEST_INT <= value <= LARGEST_INT
    if isinstance(value, float):
        return abs(value) < LARGEST and value == round(value, DECIMALS) and not value.is_integer()
    return all(map(_is_tidy, value.values() if isinstance(value, dict) else value))


def _tidy(value: Any, at: str) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {key: _tidy(part, f"{at}.{key}") for key, part in value.items()}
    if isinstance(value, list):
        return [_tidy(part, f"{at}[{index}]") for index, part in enumerate(value)]
    if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST:
        return int(value)
    if not _is_tidy(value):
        raise NotCanonicalError(f"{at}: {value!r} is too large, or has more than {DECIMALS} decimals")
    return value


def decode(data: bytes) -> Envelope:
    """Read a record's bytes; raise msgspec.MsgspecError or UnicodeDecodeError with the reason and the field.

    NotCanonicalError says that they can be read but are not the one way to write what they say.
    """
    if len(data) > MOST_BYTES:
        raise msgspec.ValidationError(f"{len(data)} bytes are more than {MOST_BYTES}")
    envelope = _READER.decode(data)
    if not _is_tidy(envelope.body) or _WRITER.encode(envelope) != data:
        raise NotCanonicalError("keys, spaces, escapes or numbers are not in the canonical form")
    return envelope


class _Answers(msgspec.Struct):
    body: dict[str, Any]


def answers(data: bytes) -> dict[str, Any] | None:
    """Return what a record's bytes answer; None if they cannot be read."""
    try:
        return _ANSWERS.decode(data).body
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


_ANSWERS = msgspec.json.Decoder(_Answers)


def chain_hash(prev: str, data: bytes) -> str:
    """Return SHA-256(prev as ASCII ‖ bytes) in hex: the hash of a record that follows the one with hash ``prev``."""
    return hashlib.sha256(prev.encode("ascii") + data).hexdigest()
