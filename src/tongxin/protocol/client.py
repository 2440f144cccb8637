"""The phone's side: what it keeps, what it sends next, and what an answer changes. No clock, network or disk of its own.

Whoever drives it says what time it is, carries an ``Ask`` to the server, and brings back the answer or the news that none came.
Everything that must survive a crash is written to the ``Journal`` before it counts; a phone that starts again reads it back.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import msgspec

from tongxin.protocol.messages import MOST_RECORDS, Answer, Batch, HeadOf, Heard, Heartbeat, Receipt, Stamp
from tongxin.protocol.record import GENESIS, PLAIN, VERSION, Seen, chain_hash, decode, encode

UNSURE_AFTER = 3
"""After so many lost answers in a row the phone asks where its chains stand before it sends on."""
OK, CONFLICT, TOO_LARGE = 200, 409, 413
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that mean: later."""


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a phone's journal: a chain begun, a record kept, a receipt, or what a number means no more.

    ``lost``: receipts above this number no longer stand. ``moved``: records above it live on in the newest chain. ``heard``: the
    server's head under which the receipts that now stand were given; written where there ever was a contradicting one.
    """

    chain: str
    begins: bool = False
    follows: str | None = None
    record: str | None = None
    receipt: Receipt | None = None
    lost: int | None = None
    moved: int | None = None
    heard: HeadOf | None = None


class Journal(Protocol):
    """A phone's disk: entries written together survive together, or none does."""

    def write(self, entries: Sequence[Entry]) -> None:
        """Return once all entries would survive a crash."""

    def read(self) -> Sequence[Entry]:
        """Return everything that was written, in order."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A record as the phone keeps it: ``text`` is exactly what is sent, ``hash`` its place in the chain."""

    seq: int
    id: str
    hash: str
    text: str
    wall: int


@dataclass
class Chain:
    """One chain: its records, their receipts by number, and up to which number the phone stands by it (None: to the end)."""

    id: str
    follows: str | None
    records: list[Kept] = field(default_factory=list)
    receipts: dict[int, Receipt] = field(default_factory=dict)
    until: int | None = None
    heard: HeadOf | None = None

    @property
    def confirmed(self) -> int:
        """How many records from the first on have a receipt without a hole."""
        return len(self.receipts)

    @property
    def length(self) -> int:
        """How many records the phone stands by in this chain."""
        return len(self.records) if self.until is None else self.until

    def hash_at(self, seq: int) -> str:
        """Return the hash of a record; of none, that before the first."""
        return self.records[seq - 1].hash if seq else GENESIS

    def denies(self, head: HeadOf) -> bool:
        """Say whether this chain cannot have a head: the server holds other records under its numbers."""
        return head.last_seq > len(self.records) or self.hash_at(head.last_seq) != head.last_hash


@dataclass(frozen=True)
class Ask:
    """A request to make: ``records`` or ``heartbeat``, with its JSON body."""

    kind: Literal["records", "heartbeat"]
    body: bytes
    chain: str = ""
    batch: Sequence[Kept] = ()


@dataclass(frozen=True)
class Holding:
    """The three states of records: saved on this phone, sent without an answer yet, confirmed by a receipt."""

    saved: int
    sent: int
    confirmed: int


@dataclass(frozen=True)
class Pace:
    """How a phone waits, in ms: from ``first`` it doubles up to ``most`` with every failure; ``beat`` lies between heartbeats."""

    first: int = 500
    most: int = 60_000
    beat: int = 600_000


class BrokenServerError(Exception):
    """An answer that no server of this protocol gives; the message says what is wrong with it."""


class Client:
    """A phone's chains and its conversation with the server."""

    def __init__(
        self,
        device: str,
        journal: Journal,
        *,
        rng: random.Random,
        new_id: Callable[[], str],
        pace: Pace | None = None,
        batch: int = MOST_RECORDS,
    ) -> None:
        """Begin, or go on with what the journal holds."""
        self.device = device
        self.chains: dict[str, Chain] = {}
        self.blocked = ""
        """The status and code of a refusal that trying again does not mend; empty if there is none."""
        self._journal, self._rng, self._new_id, self._pace = journal, rng, new_id, pace or Pace()
        self._most = batch
        self._seen: tuple[str, Seen] | None = None
        self._highest_sent: dict[str, int] = {}
        self._failures, self._wait_until, self._beat_at = 0, 0, 0
        self._unsure = False
        for entry in journal.read():
            self._apply(entry)
        if not self.chains:
            self._write([Entry(new_id(), begins=True)])
        self._unsure = any(chain.records for chain in self.chains.values())

    # --- what is kept

    @property
    def chain(self) -> Chain:
        """The chain that new records join."""
        return next(reversed(self.chains.values()))

    def waiting(self) -> Iterator[Kept]:
        """Yield every record without a receipt, oldest chain first."""
        for chain in self.chains.values():
            yield from chain.records[chain.confirmed : chain.length]

    def holding(self) -> Holding:
        """Say how many records are in which state."""
        confirmed = sum(chain.confirmed for chain in self.chains.values())
        waiting = sum(chain.length - chain.confirmed for chain in self.chains.values())
        sent = sum(
            max(0, min(self._highest_sent.get(chain.id, 0), chain.length) - chain.confirmed) for chain in self.chains.values()
        )
        return Holding(waiting - sent, sent, confirmed)

    def write(self, content: Mapping[str, Any], stamp: Stamp) -> Kept:
        """Make a record of ``content`` (activity, order, body and the rest; an ``id`` if it has one) and keep it; return it."""
        seen = self._seen[1] if self._seen is not None and self._seen[0] == stamp.boot else None
        clocks = {"wall": stamp.wall, "boot": stamp.boot, "mono": stamp.mono, "seen": seen}
        text = self._text(self.chain, {**PLAIN, "id": self._new_id(), **content, **clocks})
        self._write([Entry(self.chain.id, record=text)])
        return self.chain.records[-1]

    def _text(self, chain: Chain, content: Mapping[str, Any], ahead: Kept | None = None) -> str:
        last = ahead or (chain.records[-1] if chain.records else None)
        place = {
            "v": VERSION,
            "device": self.device,
            "chain": chain.id,
            "seq": last.seq + 1 if last else 1,
            "prev": last.hash if last else GENESIS,
            "follows": None if last else chain.follows,
        }
        return encode({**content, **place}).decode()

    def _write(self, entries: Sequence[Entry]) -> None:
        self._journal.write(entries)
        for entry in entries:
            self._apply(entry)

    def _apply(self, entry: Entry) -> None:
        if entry.begins:
            self.chains[entry.chain] = Chain(entry.chain, entry.follows)
        chain = self.chains[entry.chain]
        if entry.record is not None:
            chain.records.append(_kept(entry.record, chain.records[-1].hash if chain.records else GENESIS))
        if entry.receipt is not None:
            chain.receipts[entry.receipt.seq] = entry.receipt
        if entry.lost is not None:
            chain.receipts = {seq: receipt for seq, receipt in chain.receipts.items() if seq <= entry.lost}
        if entry.moved is not None:
            chain.until = entry.moved
        chain.heard = entry.heard or chain.heard

    # --- what is sent

    def next(self, now: int, stamp: Stamp) -> Ask | None:
        """Return the next request, or None: nothing to say, or not yet. ``now`` is any steady count of ms, for waiting only."""
        if now < self._wait_until:
            return None
        chain = next((chain for chain in self.chains.values() if chain.confirmed < chain.length), None)
        if self._unsure or (chain is None and now >= self._beat_at):
            return self._heartbeat()
        return None if chain is None else self._batch(chain, stamp)

    def wakes(self) -> int:
        """Return the ``now`` before which ``next`` has nothing to say."""
        waiting = any(chain.confirmed < chain.length for chain in self.chains.values())
        return self._wait_until if waiting or self._unsure else max(self._wait_until, self._beat_at)

    def _batch(self, chain: Chain, stamp: Stamp) -> Ask:
        batch = chain.records[chain.confirmed : min(chain.length, chain.confirmed + self._most)]
        self._highest_sent[chain.id] = max(self._highest_sent.get(chain.id, 0), batch[-1].seq)
        message = Batch(VERSION, chain.id, batch[0].seq, stamp, [kept.text for kept in batch])
        return Ask("records", msgspec.json.encode(message), chain.id, batch)

    def _heartbeat(self) -> Ask:
        waiting = list(self.waiting())
        heads = [HeadOf(chain.id, chain.confirmed, chain.hash_at(chain.confirmed)) for chain in self.chains.values()]
        message = Heartbeat(VERSION, len(waiting), min((kept.wall for kept in waiting), default=None), heads)
        return Ask("heartbeat", msgspec.json.encode(message))

    # --- what comes back

    def missed(self, now: int) -> None:
        """No answer came, or none that can be read: wait, and after some tries ask where the chains stand."""
        self._failures += 1
        self._unsure = self._unsure or self._failures % UNSURE_AFTER == 0
        longest = min(self._pace.first * 2 ** min(self._failures - 1, 16), self._pace.most)
        self._wait_until = now + int(longest * self._rng.uniform(0.5, 1.0))

    def heard(self, ask: Ask, status: int, body: bytes, now: int, stamp: Stamp, retry_after: int | None = None) -> None:
        """Take an answer in. ``retry_after`` (ms) is what a busy server asked for; what time cannot mend sets ``blocked``."""
        if status in BUSY:
            self.missed(now)
            self._wait_until = max(self._wait_until, now + (retry_after or 0))
        elif status == OK:
            try:
                self._answered(ask, body, now, stamp)
            except (msgspec.MsgspecError, UnicodeDecodeError):  # a hotel's sign-in page says 200 too
                self.missed(now)
        else:
            self._refused(ask, status, body, now)

    def _answered(self, ask: Ask, body: bytes, now: int, stamp: Stamp) -> None:
        if ask.kind == "heartbeat":
            heard = msgspec.json.decode(body, type=Heard)
            server = heard.now
            self._unsure, self._beat_at = False, now + self._pace.beat
            for head in heard.heads:
                self._resume(head)
        else:
            answer = msgspec.json.decode(body, type=Answer)
            server = answer.now
            self._confirm(ask, answer)
        self._failures, self._wait_until, self.blocked = 0, now, ""
        self._seen = (stamp.boot, Seen(server, stamp.mono))

    def _confirm(self, ask: Ask, answer: Answer) -> None:
        """Keep a batch's receipts; raise BrokenServerError if they are not for its own records.

        A receipt's hash stands for every record ahead of it too: under the answer's head all of them are held.
        """
        chain, given = self.chains[ask.chain], {receipt.seq: receipt for receipt in answer.receipts}
        fresh: list[Entry] = []
        for kept in ask.batch:
            receipt = given.get(kept.seq)
            if receipt is None or receipt.hash != kept.hash:
                raise BrokenServerError(f"no receipt for record {kept.seq} of chain {chain.id}, or another record's")
            if kept.seq not in chain.receipts and kept.seq <= chain.length:
                fresh.append(Entry(chain.id, receipt=receipt))
        contradicted = chain.heard is not None and chain.denies(chain.heard)
        if answer.head != chain.heard and (contradicted or chain.denies(answer.head)):
            fresh.append(Entry(chain.id, heard=answer.head))
        if fresh:
            self._write(fresh)

    def _refused(self, ask: Ask, status: int, body: bytes, now: int) -> None:
        problem = _problem(body)
        self.missed(now)
        if status == TOO_LARGE:
            self._most = max(1, self._most // 2)
        elif status == CONFLICT and problem.code == "ledger.gap" and problem.details.head is not None:
            self._wait_until = now
            self._resume(problem.details.head)
        elif status == CONFLICT and problem.code == "ledger.fork":
            self._wait_until = now
            if problem.details.head is None or not self._doubt(self.chains[ask.chain], problem.details.head):
                self._move(self.chains[ask.chain])
        else:
            self.blocked = f"{status} {problem.code}".strip()

    def _resume(self, head: HeadOf) -> None:
        """Go on from where the server says that a chain stands.

        What has no receipt is sent again even if the head lies beyond it: sending twice is safe, and only a receipt says that a
        record was taken in. A head behind the receipts means that the server has lost records (it was restored): the phone still
        has them, forgets those receipts and sends again from there.
        """
        chain = self.chains.get(head.chain)
        if chain is not None and not self._doubt(chain, head) and not chain.denies(head) and head.last_seq < chain.confirmed:
            self._write([Entry(chain.id, lost=head.last_seq)])

    def _doubt(self, chain: Chain, head: HeadOf) -> bool:
        """Forget all receipts of a chain if the server's head contradicts them; say whether that was so.

        Of a head that this chain cannot have nobody can tell which receipts still stand, unless they were given under that very
        head: the phone sends from the first record on, the server skips what it holds and names the fork at the first difference.
        """
        if not chain.denies(head) or head == chain.heard:
            return False
        self._write([Entry(chain.id, lost=0, heard=head)])
        return True

    def _move(self, chain: Chain) -> None:
        """After a fork: carry what has no receipt over to a new chain, under the same ids."""
        carried = chain.records[chain.confirmed : chain.length]
        fresh = Chain(self._new_id(), chain.hash_at(chain.confirmed) or None)
        entries = [Entry(fresh.id, begins=True, follows=fresh.follows)]
        last: Kept | None = None
        for kept in carried:
            content = msgspec.to_builtins(decode(kept.text.encode()))
            text = self._text(fresh, content, last)
            last = _kept(text, last.hash if last else GENESIS)
            entries.append(Entry(fresh.id, record=text))
        self._write([*entries, Entry(chain.id, moved=chain.confirmed)])


class _Details(msgspec.Struct):
    head: HeadOf | None = None


class _Problem(msgspec.Struct):
    code: str = ""
    details: _Details = msgspec.field(default_factory=_Details)


class _Refusal(msgspec.Struct):
    problem: _Problem = msgspec.field(default_factory=_Problem)


def _problem(body: bytes) -> _Problem:
    try:
        return msgspec.json.decode(body, type=_Refusal).problem
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _Problem()


class _Brief(msgspec.Struct):
    id: str
    seq: int
    wall: int


def _kept(text: str, prev: str) -> Kept:
    data = text.encode()
    brief = msgspec.json.decode(data, type=_Brief)
    return Kept(brief.seq, brief.id, chain_hash(prev, data), text, brief.wall)
