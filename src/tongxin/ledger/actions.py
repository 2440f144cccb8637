"""Writes of records and matters."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from django.db import transaction

from tongxin.base import clock
from tongxin.base.words import say
from tongxin.ledger import checks, fold
from tongxin.ledger.models import Counter, Head, Matter, Record
from tongxin.ledger.problems import BadBatch, Fork, Gap
from tongxin.ledger.queries import current_matters
from tongxin.people.models import Device
from tongxin.protocol.record import GENESIS, Envelope, chain_hash
from tongxin.protocol.time import settle as settle_time

MOST_RECORDS = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Batch(msgspec.Struct, forbid_unknown_fields=True):
    """Consecutive records of one chain, each the exact text; the first has number ``first_seq``."""

    chain: UUID
    first_seq: int
    records: list[str]


class Receipt(msgspec.Struct):
    """What a phone gets for a record; ``quarantine`` is null or the code of what is wrong with it."""

    seq: int
    id: UUID | None
    hash: str
    position: int
    received_at: datetime
    quarantine: str | None


@dataclass
class Appended:
    """Where the chain stands now, and a receipt for every record of the batch."""

    head: dict[str, object]
    receipts: list[Receipt]


@transaction.atomic
def append(device: Device, batch: Batch) -> Appended:
    """Append a batch to its chain, exactly once; raise BadBatch, Gap or Fork and store nothing.

    1. take the ledger's turn (the counter's row lock); 2. compare what is already held; 3. check that the rest follows the head;
    4. store the exact bytes with what they say, marked where they are wrong; 5. move head and counter.
    """
    texts = _encoded(batch)
    Counter.objects.get_or_create(ledger=device.ledger)
    counter = Counter.objects.select_for_update().get(ledger=device.ledger)
    head = Head.objects.filter(ledger=device.ledger, device=device.id, chain=batch.chain).first() or Head(
        ledger=device.ledger,
        device=device.id,
        chain=batch.chain,
        last_seq=0,
        last_hash=GENESIS,
        last_occurred_at=_EPOCH,
    )
    held = _compare(batch, texts, head)
    rows = _rows(device, texts[len(held) :], head, counter.position)
    if rows:
        Record.objects.bulk_create(rows)
        counter.position = rows[-1].position
        counter.save(update_fields=["position"])
        Head.objects.bulk_create(
            [head],
            update_conflicts=True,
            unique_fields=["ledger", "device", "chain"],
            update_fields=["last_seq", "last_hash", "last_occurred_at"],
        )
    return Appended(head_json(head), [_receipt(row) for row in (*held, *rows)])


def _encoded(batch: Batch) -> list[bytes]:
    if not 1 <= len(batch.records) <= MOST_RECORDS or batch.first_seq < 1:
        raise BadBatch(say("一批要有 1 至 {most} 条记录，first_seq 从 1 起", most=MOST_RECORDS))
    return [text.encode() for text in batch.records]


def _compare(batch: Batch, texts: Sequence[bytes], head: Head) -> list[Record]:
    """Return the stored rows of those records of the batch that the ledger already holds, having compared their hashes."""
    if batch.first_seq > head.last_seq + 1:
        message = say("这条链记到第 {last} 条，这一批却从第 {first} 条开始", last=head.last_seq, first=batch.first_seq)
        raise Gap(message, head=head_json(head))
    if batch.first_seq == head.last_seq + 1:
        return []
    chain = Record.objects.filter(ledger=head.ledger, device=head.device, chain=head.chain)
    rows = list(chain.filter(seq__gte=batch.first_seq - 1, seq__lt=batch.first_seq + len(texts)).order_by("seq"))
    prev = rows.pop(0).hash if batch.first_seq > 1 else GENESIS
    for row, data in zip(rows, texts, strict=False):
        prev = chain_hash(prev, data)
        if prev != row.hash:
            raise Fork(say("第 {seq} 条与已收到的不同", seq=row.seq), head=head_json(head))
    return rows


def _rows(device: Device, texts: Sequence[bytes], head: Head, position: int) -> list[Record]:
    """Make the rows of new records and move ``head`` along; raise Fork where a readable one does not follow the one before."""
    received = clock.now()
    envelopes = [checks.read(data) for data in texts]
    tables = checks.look_up(device, [envelope for envelope in envelopes if envelope])
    rows = []
    for index, (data, envelope) in enumerate(zip(texts, envelopes, strict=True), start=1):
        _require_follows(envelope, head)
        occurred = settle_time(_wall(envelope, received), received, head.last_occurred_at)
        head.last_seq, head.last_hash = head.last_seq + 1, chain_hash(head.last_hash, data)
        head.last_occurred_at = occurred
        row = Record(
            ledger=head.ledger, position=position + index, device=head.device, chain=head.chain, seq=head.last_seq,
            hash=head.last_hash, bytes=data, member=device.member_id, occurred_at=occurred, received_at=received,
            day=clock.day_of(occurred),
        )  # fmt: skip
        checks.mark(row, envelope, tables)
        rows.append(row)
    return rows


def _require_follows(envelope: Envelope | None, head: Head) -> None:
    if envelope is not None and envelope.prev != head.last_hash:
        message = say("第 {seq} 条不是接着已收到的第 {last} 条", seq=head.last_seq + 1, last=head.last_seq)
        raise Fork(message, head=head_json(head))


def _wall(envelope: Envelope | None, received: datetime) -> datetime:
    try:
        return received if envelope is None else clock.from_ms(envelope.wall)
    except OverflowError:
        return received


def _receipt(row: Record) -> Receipt:
    return Receipt(row.seq, row.id, row.hash, row.position, row.received_at, row.quarantine or None)


def head_json(head: Head) -> dict[str, object]:
    """Return a head as the field door shows it."""
    return {"chain": head.chain, "last_seq": head.last_seq, "last_hash": head.last_hash}


def settle(ledger: str, position: int, states: Mapping[tuple[str, str], Iterable[fold.State]]) -> int:
    """Store the matters of the given (activity, subject)s as folded at ``position``; return how many versions are new.

    A version that no longer holds ends at ``position``; what changed begins there. Call it inside the puller's transaction.
    """
    held = {(m.id): m for m in current_matters(ledger, states)}
    fresh = {state.id: _version(ledger, position, activity, state) for (activity, _), all_ in states.items() for state in all_}
    ended = [m for id_, m in held.items() if id_ not in fresh or _content(m) != _content(fresh[id_])]
    for matter in ended:
        matter.until = position
    Matter.objects.bulk_update(ended, ["until"])
    gone = {matter.id for matter in ended}
    return len(Matter.objects.bulk_create(m for id_, m in fresh.items() if id_ not in held or id_ in gone))


def _content(matter: Matter) -> tuple[object, ...]:
    ignored = {"since", "until"}
    return tuple(getattr(matter, f.attname) for f in Matter._meta.concrete_fields if f.attname not in ignored)


def _version(ledger: str, position: int, activity: str, state: fold.State) -> Matter:
    fact = state.opened
    return Matter(
        ledger=ledger, id=state.id, since=position, until=None, activity=activity, name=state.rule.name,
        subject=fact.subject, incident=fact.incident, order=fact.order, duty=fact.duty, place=fact.place,
        member=fact.member, organisation=fact.organisation, area=fact.area, category=fact.category,
        opened=fact.position, opened_at=fact.occurred_at, due_at=state.due_at,
        last=state.last.position, last_at=state.last.occurred_at,
        closed=state.closed.position if state.closed else None,
        closed_at=state.closed.occurred_at if state.closed else None,
    )  # fmt: skip
