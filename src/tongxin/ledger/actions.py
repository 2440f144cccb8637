"""Writes of records, what phones hold, matters and effects."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from tongxin.base import clock
from tongxin.base.words import say
from tongxin.ledger import checks, definitions, fold
from tongxin.ledger.models import Counter, Effect, Head, Heartbeat, Matter, Record
from tongxin.ledger.problems import BadBatch, Fork, Gap
from tongxin.ledger.queries import current_effects, current_matters
from tongxin.people.models import Device
from tongxin.playbook.registry import version
from tongxin.protocol import messages as protocol_messages
from tongxin.protocol import server as protocol
from tongxin.protocol.messages import MOST_RECORDS, Answer, Batch, Receipt, Stamp
from tongxin.protocol.record import Envelope
from tongxin.protocol.time import Settled

MOST_CHAINS = 100
Effects = Mapping[int, fold.Effect | None]
"""By position of the record; None where a record is simply itself."""


@transaction.atomic
def append(device: Device, batch: Batch) -> Answer:
    """Append a batch to its chain, exactly once; raise BadBatch, Gap or Fork and store nothing.

    1. take the ledger's turn (the counter's row lock); 2. let the protocol say what is held and what is new; 3. store the exact
    bytes of what is new with what they say, marked where they are wrong; 4. move head and counter.
    """
    chain = checks.uuid(batch.chain)
    if chain is None:
        raise BadBatch(say("chain：要一个 UUID"))
    Counter.objects.get_or_create(ledger=device.ledger)
    counter = Counter.objects.select_for_update().get(ledger=device.ledger)
    head, held = _head(device, chain), _held(device, chain, batch)
    received = clock.to_ms(clock.now())
    after, taken = _accept(head, batch, {row.seq: row.hash for row in held}, received)
    rows = _rows(device, chain, taken, batch.sent, counter.position, clock.from_ms(received))
    if rows:
        _copy_in(rows)
        counter.position = rows[-1].position
        counter.save(update_fields=["position"])
        _move(device, chain, after)
    receipts = [_receipt(row) for row in (*held, *rows) if row.seq >= batch.first_seq]
    return Answer(after.shown(), receipts, clock.to_ms(clock.now()))


def _head(device: Device, chain: UUID) -> protocol.Head:
    row = Head.objects.filter(ledger=device.ledger, device=device.id, chain=chain).first()
    if row is None:
        return protocol.Head(str(chain))
    earliest = clock.to_ms(row.last_earliest_at) if row.last_earliest_at else None
    last = Settled(clock.to_ms(row.last_occurred_at), earliest, clock.to_ms(row.last_latest_at))
    return protocol.Head(str(chain), row.last_seq, row.last_hash, last)


def _move(device: Device, chain: UUID, after: protocol.Head) -> None:
    """Store where a chain stands now."""
    last = after.last
    if last is None:
        raise AssertionError("a chain with records has a last one")
    row = Head(
        ledger=device.ledger, device=device.id, chain=chain, last_seq=after.last_seq, last_hash=after.last_hash,
        last_occurred_at=clock.from_ms(last.occurred), last_latest_at=clock.from_ms(last.latest),
        last_earliest_at=None if last.earliest is None else clock.from_ms(last.earliest),
    )  # fmt: skip
    Head.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["ledger", "device", "chain"],
        update_fields=["last_seq", "last_hash", "last_occurred_at", "last_earliest_at", "last_latest_at"],
    )


def _held(device: Device, chain: UUID, batch: Batch) -> list[Record]:
    """Return the rows that the ledger already holds under a batch's numbers, and the one before them."""
    first, end = batch.first_seq, batch.first_seq + len(batch.records)
    rows = Record.objects.filter(ledger=device.ledger, device=device.id, chain=chain, seq__gte=first - 1, seq__lt=end)
    return list(rows.defer("bytes", "body").order_by("seq"))


def _accept(
    head: protocol.Head, batch: Batch, held: Mapping[int, str], received: int
) -> tuple[protocol.Head, list[protocol.Taken]]:
    """Let the protocol judge, and say its refusals in this house's words."""
    try:
        return protocol.accept(head, batch, held, received)
    except protocol.BadBatchError:
        raise BadBatch(say("一批要有 1 至 {most} 条记录，first_seq 从 1 起，v 为 1", most=MOST_RECORDS)) from None
    except protocol.GapError:
        message = say("这条链记到第 {last} 条，这一批却从第 {first} 条开始", last=head.last_seq, first=batch.first_seq)
        raise Gap(message, head=head.shown()) from None
    except protocol.ForkError as error:
        message = say("第 {seq} 条与已收到的不同，或者不是接着它的前一条", seq=error.seq)
        raise Fork(message, head=head.shown()) from None


def _rows(
    device: Device, chain: UUID, taken: Sequence[protocol.Taken], sent: Stamp, position: int, received: datetime
) -> list[Record]:
    """Make the rows of new records."""
    tables = checks.look_up(device, [new.envelope for new in taken if new.envelope]) if taken else None
    rows = []
    for index, new in enumerate(taken, start=1):
        occurred = clock.from_ms(new.settled.occurred)
        row = Record(
            ledger=device.ledger, position=position + index, device=device.id, chain=chain, seq=new.seq, hash=new.hash,
            bytes=new.data, member=device.member_id, typist=device.member_id, occurred_at=occurred,
            uncertainty=new.settled.uncertainty, sent_mono=_sent_mono(new.envelope, sent), received_at=received,
            day=clock.day_of(occurred),
        )  # fmt: skip
        if tables is not None:
            checks.mark(row, new, tables)
        rows.append(row)
    hashes = {row.activity_hash for row in rows if not row.quarantine}
    definitions.keep(device.ledger, [found for hash_ in hashes if (found := version(hash_))])
    return rows


_COLUMNS = [field.column for field in Record._meta.concrete_fields]
_COPY = "COPY ledger_record ({}) FROM STDIN".format(", ".join(f'"{column}"' for column in _COLUMNS))


def _copy_in(rows: Sequence[Record]) -> None:
    """Store records by COPY: an INSERT of so many values takes longer to write down than to carry out."""
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for row in rows:
            values = {column: getattr(row, column) for column in _COLUMNS}
            copy.write_row([*(values | {"body": None if row.body is None else Jsonb(row.body)}).values()])


def _sent_mono(envelope: Envelope | None, sent: Stamp) -> int | None:
    return sent.mono if envelope is not None and envelope.boot == sent.boot else None


def _receipt(row: Record) -> Receipt:
    return Receipt(
        row.seq, str(row.id) if row.id else None, row.hash, row.position, clock.to_ms(row.received_at),
        clock.to_ms(row.occurred_at), row.quarantine or None,
    )  # fmt: skip


@transaction.atomic
def hear(device: Device, beat: protocol_messages.Heartbeat) -> protocol_messages.Heard:
    """Note what a phone still holds; tell it where its chains stand."""
    oldest = None if beat.oldest is None else clock.from_ms(max(0, min(beat.oldest, clock.to_ms(clock.now()))))
    Heartbeat.objects.update_or_create(
        ledger=device.ledger, device=device.id,
        defaults={"at": clock.now(), "holds": beat.holds, "oldest_at": oldest},
    )  # fmt: skip
    chains = [chain for head in beat.chains[:MOST_CHAINS] if (chain := checks.uuid(head.chain))]
    return protocol_messages.Heard([_head(device, chain).shown() for chain in chains], clock.to_ms(clock.now()))


def settle(ledger: str, position: int, folded: Mapping[tuple[str, str], Iterable[fold.State]], effects: Effects) -> int:
    """Store matters and effects as folded at ``position``; return how many versions of matters are new.

    ``folded`` are the matters of the given (activity, subject)s, ``effects`` those of all the records read, by position. A
    version that no longer holds ends at ``position``; what changed begins there. Call it inside the puller's transaction.
    """
    _settle_effects(ledger, position, effects)
    held = {m.id: m for m in current_matters(ledger, folded)}
    fresh = {state.id: _version(ledger, position, activity, state) for (activity, _), all_ in folded.items() for state in all_}
    ended = [m for id_, m in held.items() if id_ not in fresh or _content(m) != _content(fresh[id_])]
    for matter in ended:
        matter.until = position
    Matter.objects.bulk_update(ended, ["until"])
    gone = {matter.id for matter in ended}
    return len(Matter.objects.bulk_create(m for id_, m in fresh.items() if id_ not in held or id_ in gone))


def _settle_effects(ledger: str, position: int, effects: Effects) -> None:
    held = {row.position: row for row in current_effects(ledger, effects)}
    fresh = {
        at: Effect(ledger=ledger, position=at, since=position, by=e.by, occurred_at=e.occurred_at, day=e.day)
        for at, e in effects.items()
        if e is not None
    }
    ended = [row for at, row in held.items() if at not in fresh or _content(row) != _content(fresh[at])]
    for row in ended:
        row.until = position
    Effect.objects.bulk_update(ended, ["until"])
    gone = {row.position for row in ended}
    Effect.objects.bulk_create(row for at, row in fresh.items() if at not in held or at in gone)


def _content(version: Matter | Effect) -> tuple[object, ...]:
    ignored = {"since", "until"}
    return tuple(getattr(version, f.attname) for f in version._meta.concrete_fields if f.attname not in ignored)


def _version(ledger: str, position: int, activity: str, state: fold.State) -> Matter:
    fact = state.opened
    return Matter(
        ledger=ledger, id=state.id, since=position, until=None, activity=activity, name=state.rule.name,
        subject=fact.subject, incident=fact.incident, order=fact.order, duty=fact.duty, place=fact.place,
        member=fact.member, organisation=fact.organisation, area=fact.area, category=fact.category,
        opened=fact.position, opened_at=fact.occurred_at, due_at=state.due_at,
        last=state.last.position, last_at=state.last.occurred_at,
        waiting=state.waiting.position if state.waiting and not state.closed else None, merged=state.merged,
        closed=state.closed.position if state.closed else None,
        closed_at=state.closed.occurred_at if state.closed else None,
    )  # fmt: skip
