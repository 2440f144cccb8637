"""Where chains stand and what they hold, read and written for many batches at once. Called under the ledger's turn only."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection

from tongxin.base import clock
from tongxin.ledger.models import Head, Record
from tongxin.protocol.server import Head as ChainHead
from tongxin.protocol.time import Settled

ChainKey = tuple[UUID, UUID]
"""Device and chain."""


@dataclass(slots=True)
class Row:
    """A record as it is stored; what each field means stands at the model. To make models of thousands takes too long."""

    ledger: str
    position: int
    device: UUID
    chain: UUID
    seq: int
    hash: str
    bytes: bytes
    member: UUID
    typist: UUID
    occurred_at: datetime
    uncertainty: int | None
    sent_mono: int | None
    received_at: datetime
    day: date
    id: UUID | None = None
    act: str = ""
    target: UUID | None = None
    linked: bool = False
    quarantine: str = ""
    activity: str = ""
    activity_hash: str = ""
    subject: str = ""
    role: str = ""
    channel: str = ""
    incident: UUID | None = None
    order: UUID | None = None
    duty: UUID | None = None
    place: UUID | None = None
    organisation: UUID | None = None
    area: str = ""
    category: str = ""
    duty_due_at: datetime | None = None
    feeds: int = 0
    stated: bool = False


_COLUMNS = tuple(Row.__dataclass_fields__)
_COPY = "COPY ledger_record ({}) FROM STDIN".format(", ".join(f'"{column}"' for column in _COLUMNS))


def copy_in(rows: Sequence[Row]) -> None:
    """Store records by COPY: an INSERT of so many values takes longer to write down than to carry out."""
    # Django turns the driver's errors into its own only where it calls the driver itself.
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(_COPY) as copy:
        for row in rows:
            digests = {"hash": bytes.fromhex(row.hash), "activity_hash": bytes.fromhex(row.activity_hash)}
            copy.write_row([digests.get(column, getattr(row, column)) for column in _COLUMNS])


def heads(ledger: str, chains: Collection[ChainKey]) -> dict[ChainKey, ChainHead]:
    """Return where chains stand; at nothing those never seen."""
    found = {key: ChainHead(str(key[1])) for key in chains}
    for row in Head.objects.filter(ledger=ledger, chain__in=[chain for _, chain in chains]):
        if (row.device, row.chain) in found:
            found[row.device, row.chain] = _head(row)
    return found


def _head(row: Head) -> ChainHead:
    earliest = clock.to_ms(row.last_earliest_at) if row.last_earliest_at else None
    last = Settled(clock.to_ms(row.last_occurred_at), earliest, clock.to_ms(row.last_latest_at))
    return ChainHead(str(row.chain), row.last_seq, row.last_hash, last)


def move(ledger: str, heads: Mapping[ChainKey, ChainHead]) -> None:
    """Store where chains stand now."""
    rows = [_row(ledger, key, head, head.last) for key, head in heads.items() if head.last is not None]
    Head.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["ledger", "device", "chain"],
        update_fields=["last_seq", "last_hash", "last_occurred_at", "last_earliest_at", "last_latest_at"],
    )


def _row(ledger: str, key: ChainKey, head: ChainHead, last: Settled) -> Head:
    return Head(
        ledger=ledger, device=key[0], chain=key[1], last_seq=head.last_seq, last_hash=head.last_hash,
        last_occurred_at=clock.from_ms(last.occurred), last_latest_at=clock.from_ms(last.latest),
        last_earliest_at=None if last.earliest is None else clock.from_ms(last.earliest),
    )  # fmt: skip


def held(ledger: str, key: ChainKey, first: int, end: int) -> list[Record]:
    """Return the rows that the ledger holds under a chain's numbers from ``first`` up to before ``end``."""
    rows = Record.objects.filter(ledger=ledger, device=key[0], chain=key[1], seq__gte=first, seq__lt=end)
    return list(rows.defer("bytes").order_by("seq"))
