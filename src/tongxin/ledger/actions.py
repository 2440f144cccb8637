"""Writes of records, what phones hold, matters and effects."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from tongxin.base import clock
from tongxin.base.arrays import hexed, unhexed
from tongxin.base.problems import BadRequest, Conflict, Forbidden, NotFound
from tongxin.base.scope import CODE_DIGITS, Scope
from tongxin.base.words import say
from tongxin.ledger import checks, definitions, fold, packing, storing
from tongxin.ledger.access import approvers, may_correct
from tongxin.ledger.hand import Written, hand
from tongxin.ledger.models import Counter, Dictionary, Heartbeat, Matter, Record
from tongxin.ledger.problems import BadBatch, Fork, Gap, NotTaken, Settled, meaning
from tongxin.ledger.queries import rejections
from tongxin.ledger.resolving import MAY_CORRECT, MAY_DECIDE, RELEASABLE, stand_in
from tongxin.ledger.storing import Row
from tongxin.people.actions import desk_device
from tongxin.people.queries import organisations
from tongxin.places.queries import within
from tongxin.playbook.registry import version, versions
from tongxin.protocol import messages as protocol_messages
from tongxin.protocol import server as protocol
from tongxin.protocol.messages import MOST_RECORDS, Answer, Batch, Receipt, Stamp
from tongxin.protocol.record import MOST_REASON, Envelope
from tongxin.protocol.server import BadBatchError, GapError, RefusedError

MOST_CHAINS = 100
FIRST_TRAINING, MOST_TRAINED_ON = 200, 2000
"""Records after which the first dictionary is trained, and the most that one is trained on: the newest."""


@dataclass(frozen=True)
class Sending:
    """A batch and the enrolled phone that it comes from."""

    device: str
    batch: Batch

    @property
    def key(self) -> storing.ChainKey:
        """Device and chain; raise BadBatch if the chain is no UUID."""
        if not checks.is_id(self.batch.chain):
            raise BadBatch(say("chain：要一个 UUID"))
        return self.device, self.batch.chain

    def require(self) -> None:
        """Return if this may wait with others; raise BadBatch for what could spoil their turn or take up their share."""
        if len(self.batch.records) > MOST_RECORDS:
            raise _bad_batch()
        self.key  # noqa: B018 - it raises


Outcome = Answer | RefusedError | BadBatchError


def answer(outcome: Outcome) -> Answer:
    """Return a batch's answer, or raise its refusal in the words of whoever asks: BadBatch, Gap or Fork."""
    if isinstance(outcome, Answer):
        return outcome
    if isinstance(outcome, BadBatchError):
        raise _bad_batch()
    head = outcome.head
    if isinstance(outcome, GapError):
        message = say("这条链记到第 {last} 条，这一批却从第 {first} 条开始", last=head.last_seq, first=outcome.seq)
        raise Gap(message, head=head.shown())
    raise Fork(say("第 {seq} 条与已收到的不同，或者不是接着它的前一条", seq=outcome.seq), head=head.shown())


def _bad_batch() -> BadBatch:
    return BadBatch(say("一批要有 1 至 {most} 条记录，first_seq 从 1 起，v 为 1", most=MOST_RECORDS))


@transaction.atomic
def append_all(ledger: str, sendings: Sequence[Sending]) -> list[Outcome]:
    """Append batches of different chains, exactly once, in one transaction; return what comes of each. None spoils another.

    1. take the ledger's turn (the counter's row lock); 2. let the protocol say of each batch what is held and what is new;
    3. store the exact bytes of what is new with what they say, marked where they are wrong; 4. move heads and counter.
    """
    position, dictionary = storing.turn(ledger)
    received = clock.to_ms(clock.now())
    before = storing.heads(ledger, [sending.key for sending in sendings])
    judged = [_judge(ledger, before[sending.key], sending, received) for sending in sendings]
    rows = _rows(ledger, judged, position, clock.from_ms(received))
    if rows:
        storing.copy_in(rows, [new.data for one in judged for new in one.taken], dictionary)
        storing.move(ledger, rows[-1].position, {one.sending.key: one.after for one in judged if one.taken})
    fresh = _by_chain(rows)
    return [one.refused or _answered(one, fresh.get(one.sending.key, []), received) for one in judged]


@dataclass(frozen=True)
class _Judged:
    """A batch, what the ledger holds of it, what is new, and where its chain then stands; or why it is refused."""

    sending: Sending
    after: protocol.Head
    held: Sequence[Record] = ()
    taken: Sequence[protocol.Taken] = ()
    refused: RefusedError | BadBatchError | None = None


def _judge(ledger: str, head: protocol.Head, sending: Sending, received: int) -> _Judged:
    batch = sending.batch
    held: Sequence[Record] = ()
    known = {head.last_seq: head.last_hash}
    if batch.first_seq <= head.last_seq:
        held = storing.held(ledger, sending.key, batch.first_seq - 1, batch.first_seq + len(batch.records))
        known = {row.seq: row.hash for row in held}
    try:
        after, taken = protocol.accept(head, batch, known, received)
    except (RefusedError, BadBatchError) as error:
        return _Judged(sending, head, refused=error)
    return _Judged(sending, after, [row for row in held if row.seq >= batch.first_seq], taken)


def _rows(ledger: str, judged: Sequence[_Judged], position: int, received: datetime) -> list[Row]:
    """Make the rows of new records, in the order of their batches."""
    envelopes = [new.envelope for one in judged for new in one.taken if new.envelope]
    tables = checks.look_up(ledger, {one.sending.device for one in judged if one.taken}, envelopes)
    rows: list[Row] = []
    for one in judged:
        key, sent = one.sending.key, one.sending.batch.sent
        for new in one.taken:
            row = _row(ledger, position + len(rows) + 1, key, sent, new, tables.typists[key[0]].member, received)
            checks.mark(row, new, tables)
            rows.append(row)
    known = {row.activity_hash: version(unhexed(row.activity_hash)) for row in rows if not row.quarantine}
    definitions.keep(ledger, filter(None, known.values()))
    return rows


def _row(
    ledger: str, position: int, key: storing.ChainKey, sent: Stamp, new: protocol.Taken, member: str, received: datetime
) -> Row:
    occurred = clock.from_ms(new.settled.occurred)
    return Row(
        ledger=ledger, position=position, device=key[0], chain=key[1], seq=new.seq, hash=hexed(new.hash), member=member,
        typist=member, occurred_at=occurred, uncertainty=new.settled.uncertainty, sent_mono=_sent_mono(new.envelope, sent),
        received_at=received, day=clock.day_of(occurred),
    )  # fmt: skip


def _by_chain(rows: Iterable[Row]) -> dict[storing.ChainKey, list[Row]]:
    found: dict[storing.ChainKey, list[Row]] = {}
    for row in rows:
        found.setdefault((row.device, row.chain), []).append(row)
    return found


def _sent_mono(envelope: Envelope | None, sent: Stamp) -> int | None:
    return sent.mono if envelope is not None and envelope.boot == sent.boot else None


def _answered(one: _Judged, fresh: Sequence[Row], received: int) -> Answer:
    rows: list[Record | Row] = [*one.held, *fresh]
    return Answer(one.after.shown(), [_receipt(row) for row in rows], received)


def _receipt(row: Record | Row) -> Receipt:
    hash_ = unhexed(row.hash) if isinstance(row, Row) else row.hash
    return Receipt(
        row.seq, str(row.id) if row.id else None, hash_, row.position, clock.to_ms(row.received_at),
        clock.to_ms(row.occurred_at), row.quarantine or None,
    )  # fmt: skip


def settle_matter(scope: Scope, matter: Matter, reason: str = "") -> Record:
    """Close an open matter by decision; return the record that says so. Raise Forbidden or Settled."""
    _require_open(scope, matter, MAY_DECIDE)
    return _write(scope, "settle", matter.id, _opening(matter), body=_because(reason))


def merge_matter(scope: Scope, matter: Matter, into: Matter, reason: str = "") -> tuple[Record, Matter]:
    """End one of two open matters in favour of the other; return the record that says so, and the matter that lives on.

    That is the one with the lesser id, which is the older, whichever is named first. Raise Forbidden, Settled or Conflict.
    """
    lives_on, ends = sorted((matter, into), key=lambda one: one.id)
    for one in (ends, lives_on):
        _require_open(scope, one, MAY_DECIDE)
    if ends.id == lives_on.id:
        raise Conflict(say("一件事项不能并入它自己"))
    if _kind(ends) != _kind(lives_on) or ends.name in fold.CONFLICTS:
        raise Conflict(say("只有同一事件、同一专项、同一种事项才能并案；矛盾只能了结"))
    body = {"into": str(lives_on.id), **_because(reason)}
    return _write(scope, "merge", ends.id, _opening(ends), body=body), lives_on


def _kind(matter: Matter) -> tuple[object, ...]:
    return matter.incident, matter.activity, matter.name


def reassign_matter(scope: Scope, matter: Matter, organisation: UUID, reason: str = "") -> Record:
    """Make another organisation of the county answerable for an open matter; return the record that says so.

    Raise Forbidden, Settled, NotFound or Conflict.
    """
    _require_open(scope, matter, MAY_DECIDE)
    if not any(row.ledger == scope.ledger for row in organisations([organisation])):
        raise NotFound(say("本县没有这个单位"))
    if organisation == matter.organisation:
        raise Conflict(say("这件事项本来就由这个单位负责"))
    body = {"organisation": str(organisation), **_because(reason)}
    return _write(scope, "reassign", matter.id, _opening(matter), body=body)


def approve_matter(scope: Scope, matter: Matter, reason: str = "") -> Record:
    """Close a matter that waits for approval; return the record that says so. Raise Forbidden or Settled."""
    opened = _opening(matter)
    roles = approvers(matter, opened)
    if matter.waiting is None or not roles:
        raise Settled(say("这件事项不在等批准"))
    _require_open(scope, matter, roles)
    if Record.objects.get(ledger=scope.ledger, position=matter.waiting).typist == scope.member:
        raise Forbidden(say("自己报的，要由别人批准"))
    return _write(scope, "approve", matter.id, opened, body=_because(reason))


def _because(reason: str) -> dict[str, str]:
    """Return the part of an act's body that gives a reason, if there is one; raise BadRequest."""
    said = reason.strip()
    if len(said) > MOST_REASON or "\0" in said:
        raise BadRequest(say("原因最多写 {most} 个字", most=MOST_REASON))
    return {"reason": said} if said else {}


def _require_open(scope: Scope, matter: Matter, roles: Collection[str]) -> None:
    scope.require(say("处理事项"), roles, matter.area)
    if matter.closed is not None or matter.until is not None:
        raise Settled(say("这件事项已经结了"))


def _opening(matter: Matter) -> Record:
    return Record.objects.get(ledger=matter.ledger, position=matter.opened)


def release(scope: Scope, row: Record, reason: str = "") -> Record:
    """Let a marked record count after all; return the record that says so. Raise Forbidden or Conflict."""
    scope.require(say("放行记录"), MAY_DECIDE, row.area)
    if row.quarantine not in RELEASABLE or row.id is None:
        raise Conflict(say("这条记录的内容本身有问题，不能放行"))
    if rejections([row]):
        raise Conflict(say("这条记录已经驳回；要放行，先撤回驳回"))
    return _write(scope, "release", row.id, row, body=_because(reason))


def reject(scope: Scope, row: Record, reason: str) -> Record:
    """Say that a marked record was looked at and stays out; return the record that says so, a withdrawal.

    It holds against every release, of whatever time, until it is itself withdrawn. Raise Forbidden, BadRequest or Conflict.
    """
    scope.require(say("驳回记录"), MAY_DECIDE, row.area or scope.ledger.ljust(CODE_DIGITS, "0"))
    body = _because(reason)
    if not body:
        raise BadRequest(say("驳回要写明原因"))
    if not row.quarantine:
        raise Conflict(say("这条记录没有标记，不用驳回"))
    if rejections([row]):
        raise Conflict(say("这条记录已经驳回"))
    target = _to_reject(row)
    named = {"subject": row.subject or str(target), "body": body}
    try:
        return _write(scope, "withdraw", target, row, **named)
    except NotTaken:  # the marked one refers to what does not exist, or is over: the rejection lies beside one that counts
        same = Record.objects.filter(within(scope), ledger=scope.ledger, quarantine="")
        newest = (same.filter(incident=row.incident) if row.incident else same).order_by("-position").first()
        if newest is None:
            raise
        return _write(scope, "withdraw", target, newest, **named)


def _to_reject(row: Record) -> UUID:
    """Return what a rejection targets: a record's id, or what stands in for it if none was read or another bears it unmarked."""
    unmarked = Record.objects.filter(ledger=row.ledger, id=row.id, quarantine="")
    return stand_in(row.hash) if row.id is None or unmarked.exists() else row.id


def withdraw(scope: Scope, row: Record, reason: str = "") -> Record:
    """Take a record out, as if it had never been said; return the record that says so. Raise Forbidden or Conflict."""
    if row.typist != scope.member:
        scope.require(say("撤回别人的记录"), MAY_CORRECT, row.area)
    if row.quarantine or row.id is None:
        raise Conflict(say("这条记录没有算数，不用撤回"))
    return _write(scope, "withdraw", row.id, row, body=_because(reason))


def correct(scope: Scope, row: Record, body: Mapping[str, Any]) -> Record:
    """Say what a record should have answered; return the record that says so. Raise Forbidden or Conflict."""
    require_correctable(scope, row)
    activity = version(row.activity_hash)
    changes: dict[str, Any] = {"body": dict(body), "speaker": None if row.member == scope.member else str(row.member)}
    if activity is not None and activity.subject.startswith("code "):  # what it is about is among its answers
        changes["subject"] = None
    return _write(scope, "correct", cast("UUID", row.id), row, **changes)


def require_correctable(scope: Scope, row: Record) -> None:
    """Return if a person may correct a record; raise Forbidden or Conflict."""
    if row.quarantine or row.act != "report":
        raise Conflict(say("这条记录没有算数，不能更正"))
    if not may_correct(scope, row):
        scope.require(say("更正别人的记录"), MAY_CORRECT, row.area)


def _write(scope: Scope, act: str, target: UUID, about: Record, **changes: Any) -> Record:  # noqa: ANN401 - any part of a record
    """Write an act about what ``about`` is about, as the desk's hand; raise what it is marked with, and then it is not there."""
    content: dict[str, Any] = {
        "act": act, "target": str(target), "activity": about.activity, "activity_hash": about.activity_hash,
        "order": str(about.order), "place": str(about.place), "duty": str(about.duty) if about.duty else None,
        "subject": about.subject, "body": {}, **changes,
    }  # fmt: skip
    device = desk_device(scope)
    with hand.lock:
        with transaction.atomic():
            written, outcome = _appended(scope.ledger, device, content)
            if not isinstance(outcome, Answer):  # the ledger was restored, say, and lacks the chain's end
                hand.leave(device)
                written, outcome = _appended(scope.ledger, device, content)
            (receipt,) = answer(outcome).receipts
            if receipt.quarantine:
                raise NotTaken(say("没有记下：{reason}", reason=meaning(receipt.quarantine)))
        hand.keep(device, written)
    return Record.objects.get(ledger=scope.ledger, position=receipt.position)


def _appended(ledger: str, device: UUID, content: Mapping[str, Any]) -> tuple[Written, Outcome]:
    written = hand.write(device, content)
    return written, append_all(ledger, [Sending(str(device), written.batch)])[0]


@transaction.atomic
def hear(ledger: str, device: UUID, beat: protocol_messages.Heartbeat) -> protocol_messages.Heard:
    """Note what a phone still holds; tell it where its chains stand."""
    oldest = None if beat.oldest is None else clock.from_ms(max(0, min(beat.oldest, clock.to_ms(clock.now()))))
    Heartbeat.objects.update_or_create(
        ledger=ledger, device=device, defaults={"at": clock.now(), "holds": beat.holds, "oldest_at": oldest}
    )
    keys = [(str(device), head.chain) for head in beat.chains[:MOST_CHAINS] if checks.is_id(head.chain)]
    found = storing.heads(ledger, keys)
    return protocol_messages.Heard([found[key].shown() for key in keys], clock.to_ms(clock.now()))


def renew_dictionary(ledger: str) -> None:
    """Train another dictionary whenever the ledger has come to twice as many records, on the newest: orders and words change."""
    counter = Counter.objects.get(ledger=ledger)
    last = Dictionary.objects.filter(ledger=ledger).aggregate(at=Max("position"))["at"]
    if counter.position < (2 * last if last else FIRST_TRAINING):
        return
    newest = Record.objects.filter(ledger=ledger, position__gt=counter.position - MOST_TRAINED_ON, quarantine="")
    trained = packing.trained(newest.values_list("bytes", flat=True), _offered())
    if trained is None:
        return
    with transaction.atomic():
        Dictionary.objects.create(
            ledger=ledger, number=trained.dict_id(), bytes=trained.as_bytes(), position=counter.position, at=clock.now()
        )
        Counter.objects.filter(ledger=ledger).update(dictionary=trained.dict_id())


def _offered() -> set[str]:
    """Return the answers that forms offer."""
    asked = [ask for found in versions().values() for ask in found.ask]
    return {option.name for ask in asked for one in (ask, *ask.ask) for option in one.options}
