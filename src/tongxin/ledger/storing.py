"""Where chains stand and what they hold, read and written for many batches at once. Called under the ledger's turn only."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from django.db import connection

from tongxin.audit.actions import copy
from tongxin.audit.queries import fetch
from tongxin.base import clock
from tongxin.base.arrays import array, hexed
from tongxin.ledger.models import Record
from tongxin.ledger.packing import pack
from tongxin.protocol.server import Head as ChainHead
from tongxin.protocol.time import Settled

ChainKey = tuple[str, str]
"""Device and chain, as text."""


class Row(msgspec.Struct, array_like=True):
    """A record as it is written down for COPY: ids as text, hashes and bytes ``hexed``.

    What each field means stands at the model. To make models takes too long.
    """

    ledger: str
    position: int
    device: str
    chain: str
    seq: int
    hash: str
    member: str
    typist: str
    occurred_at: datetime
    uncertainty: int | None
    sent_mono: int | None
    received_at: datetime
    day: date
    bytes: str = ""
    id: str | None = None
    act: str = ""
    target: str | None = None
    linked: bool = False
    quarantine: str = ""
    activity: str = ""
    activity_hash: str = hexed("")
    subject: str = ""
    role: str = ""
    channel: str = ""
    incident: str | None = None
    order: str | None = None
    duty: str | None = None
    place: str | None = None
    organisation: str | None = None
    area: str = ""
    category: str = ""
    duty_due_at: str | None = None
    feeds: int = 0
    stated: bool = False


class Version(NamedTuple):
    """What one version of a matter says; what each field means stands at the model."""

    id: UUID
    activity: str
    name: str
    subject: str
    incident: UUID
    order: UUID
    duty: UUID | None
    place: UUID | None
    member: UUID
    organisation: UUID
    area: str
    category: str
    opened: int
    opened_at: datetime
    due_at: datetime
    last: int
    last_at: datetime
    waiting: int | None
    closed: int | None
    closed_at: datetime | None
    merged: bool


_END = "UPDATE ledger_matter SET until = %s WHERE ledger = %s AND until IS NULL AND id = ANY(%s::uuid[])"


def copy_in(rows: Sequence[Row], records: Sequence[bytes], dictionary: int | None) -> None:
    """Store records, each with its exact bytes, which are packed by the dictionary of a number."""
    for row, packed in zip(rows, pack(records, dictionary), strict=True):
        row.bytes = hexed(packed.hex())
    copy("ledger_record", Row.__struct_fields__, rows)


def end_versions(ledger: str, until: int, matters: Iterable[UUID]) -> None:
    """End the present versions of matters at a position."""
    with connection.cursor() as cursor:
        cursor.execute(_END, [until, ledger, array(matters)])


def copy_versions_in(ledger: str, since: int, versions: Iterable[Version]) -> None:
    """Store versions of matters that hold from a position on."""
    copy("ledger_matter", ("ledger", "since", *Version._fields), ((ledger, since, *one) for one in versions))


def turn(ledger: str) -> tuple[int, int | None]:
    """Wait for the ledger's turn and keep it until the transaction ends.

    Return the last position given out, and the dictionary by which records are packed now.
    """
    for position, dictionary in fetch("SELECT position, dictionary FROM ledger_counter WHERE ledger = %s FOR UPDATE", [ledger]):
        return position, dictionary
    fetch("INSERT INTO ledger_counter (ledger, position) VALUES (%s, 0) ON CONFLICT DO NOTHING", [ledger])
    return turn(ledger)


def known_ids(ledger: str, ids: Collection[str]) -> set[str]:
    """Return which ids the ledger holds. One look into the index for each: PostgreSQL cannot know that they are nearly unique."""
    sql = """SELECT wanted.id::text FROM unnest(%s::uuid[]) AS wanted(id) CROSS JOIN LATERAL
             (SELECT FROM ledger_record held WHERE held.ledger = %s AND held.id = wanted.id LIMIT 1) AS one"""
    return {row[0] for row in fetch(sql, [array(ids), ledger])}


_HEAD = "last_seq, last_hash, last_occurred_at, last_earliest_at, last_latest_at"


def heads(ledger: str, chains: Collection[ChainKey]) -> dict[ChainKey, ChainHead]:
    """Return where chains stand; at nothing those never seen."""
    found = {key: ChainHead(key[1]) for key in chains}
    sql = f"""SELECT device::text, chain::text, {_HEAD} FROM ledger_head
              WHERE ledger = %s AND device = ANY(%s::uuid[]) AND chain = ANY(%s::uuid[])"""  # noqa: S608 - our own words
    keys = map(array, ({device for device, _ in chains}, {chain for _, chain in chains}))
    for device, chain, seq, hash_, occurred, earliest, latest in fetch(sql, [ledger, *keys]):
        if (device, chain) in found:
            last = Settled(clock.to_ms(occurred), None if earliest is None else clock.to_ms(earliest), clock.to_ms(latest))
            found[device, chain] = ChainHead(chain, seq, hash_.hex(), last)
    return found


def move(ledger: str, position: int, heads: Mapping[ChainKey, ChainHead]) -> None:
    """Store the last position given out, and where chains stand now."""
    sql = f"""WITH given_out AS (UPDATE ledger_counter SET position = %s WHERE ledger = %s)
              INSERT INTO ledger_head (ledger, device, chain, {_HEAD})
              SELECT %s, * FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[], %s::bytea[],
                                       %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
              ON CONFLICT (ledger, device, chain) DO UPDATE SET last_seq = excluded.last_seq, last_hash = excluded.last_hash,
              last_occurred_at = excluded.last_occurred_at, last_earliest_at = excluded.last_earliest_at,
              last_latest_at = excluded.last_latest_at"""  # noqa: S608 - as above
    rows = [(*key, *_head(head, head.last)) for key, head in heads.items() if head.last is not None]
    fetch(sql, [position, ledger, ledger, *map(list, zip(*rows, strict=True))])


def _head(head: ChainHead, last: Settled) -> tuple[object, ...]:
    earliest = None if last.earliest is None else _bound(last.earliest)
    hash_ = bytes.fromhex(head.last_hash)
    return head.last_seq, hash_, clock.from_ms(last.occurred), earliest, _bound(last.latest)


def _bound(ms: int) -> datetime:
    """Return a bound as it can be stored: before 1970, where nothing happened, one is as good as another."""
    return clock.from_ms(max(0, ms))


def held(ledger: str, key: ChainKey, first: int, end: int) -> list[Record]:
    """Return the rows that the ledger holds under a chain's numbers from ``first`` up to before ``end``."""
    rows = Record.objects.filter(ledger=ledger, device=key[0], chain=key[1], seq__gte=first, seq__lt=end)
    return list(rows.defer("bytes").order_by("seq"))
