"""A small world in virtual time that tries to break the protocol: phones, a bad network, and a server that dies and is restored.

``run(seed)`` lets one world pass and says what was wrong with how it ended. Everything that happens comes from the seed: no
clock, no other randomness, so a seed that fails can be replayed for ever. After a chaotic phase all faults stop, every phone
stays online and writes one more record, and the world runs on until it is quiet; then what is stored is compared with what
happened.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from heapq import heappop, heappush
from itertools import pairwise
from random import Random
from uuid import UUID

import msgspec

from tongxin.base.clock import day_of, from_ms
from tongxin.ledger.fold import State, matters
from tongxin.ledger.resolving import Fact, Resolved, resolve
from tongxin.playbook.registry import activity
from tongxin.playbook.schema import Activity
from tongxin.protocol.client import Ask, BrokenServerError, Client, Entry, Pace
from tongxin.protocol.messages import Answer, Batch, Heard, Heartbeat, Receipt, Stamp
from tongxin.protocol.record import GENESIS, Envelope, chain_hash
from tongxin.protocol.server import BadBatchError, ForkError, GapError, Head, Taken, accept

START = 1_648_000_000_000
SECOND, MINUTE, HOUR, YEAR = 1_000, 60_000, 3_600_000, 31_557_600_000
SPANS = (10 * MINUTE, 3 * HOUR, 30 * HOUR)
"""How long a chaotic phase may last."""
CALM = HOUR
"""The calm phase must be quiet after so long."""
MOST_STEPS = 50_000
PACE = Pace(first=100, most=5_000, beat=60_000)
TIMEOUT = 2_000
"""So long a phone waits for an answer."""
DRIFT = 0.0005
"""How far a phone's monotonic clock may run fast or slow; the protocol allows for twice that."""
RECORDS = 60
PORTAL = "<html><body>欢迎入住，请登录</body></html>".encode()

PHONE_FAULTS = ("crash", "reboot", "disk rolled back", "clock jump", "heartbeat forced")
"""What befalls a phone between two of its steps; each phone meets at least one."""
FAULTS = (
    *PHONE_FAULTS, "crash before write", "crash after write", "offline", "asleep",
    "request lost", "request late", "request twice", "answer lost", "answer slow", "portal", "too large", "refused",
    "server away", "server crash after commit", "server restored",
)  # fmt: skip
CONSEQUENCES = ("gap", "fork", "receipts dropped", "chain moved")
"""What the server said and phones did because of faults; counted with them."""
WEIGHTS = (2, 2, 4, 1, 1)
"""How often each of PHONE_FAULTS happens; of disks that go back the protocol has most to fear."""


@dataclass
class Outcome:
    """How a world ended: ``complaints`` is empty if all is well; ``digest`` stands for everything that is stored."""

    seed: int
    complaints: list[str]
    faults: Counter[str]
    records: int
    steps: int
    digest: str


class Crash(Exception):  # noqa: N818 - it is no error, the phone just stops
    """A phone stops in the middle of what it does."""


# --- the server


@dataclass(frozen=True, slots=True)
class Stored:
    """A row of the ledger."""

    position: int
    device: str
    chain: str
    received: int
    taken: Taken

    @property
    def envelope(self) -> Envelope:
        """What the record says; phones here write no record that cannot be read."""
        assert self.taken.envelope is not None
        return self.taken.envelope

    def receipt(self) -> Receipt:
        """Return what the phone gets for it."""
        taken = self.taken
        return Receipt(
            taken.seq, self.envelope.id, taken.hash, self.position, self.received, taken.settled.occurred, None
        )  # fmt: skip


Reply = tuple[int, bytes]


class Server:
    """A ledger in memory, which answers as docs/protocol.md says."""

    def __init__(self, said: Counter[str]) -> None:
        self.log: list[Stored] = []
        self.chains: defaultdict[tuple[str, str], list[Stored]] = defaultdict(list)
        self._said = said

    def take(self, device: str, body: bytes, now: int) -> Reply:
        """Answer a batch."""
        batch = msgspec.json.decode(body, type=Batch)
        rows = self.chains[device, batch.chain]
        head = self._head(device, batch.chain)
        around = rows[max(0, batch.first_seq - 2) : batch.first_seq - 1 + len(batch.records)]
        try:
            after, taken = self.accept(head, batch, {row.taken.seq: row.taken.hash for row in around}, now)
        except GapError:
            return self._refuse("gap", head)
        except ForkError:
            return self._refuse("fork", head)
        except BadBatchError:
            return 400, b'{"problem":{"code":"ledger.bad_batch"}}'
        for new in taken:
            row = Stored(len(self.log) + 1, device, batch.chain, now, new)
            self.log.append(row)
            rows.append(row)
        first = batch.first_seq - 1
        receipts = [row.receipt() for row in rows[first : first + len(batch.records)]]
        return 200, msgspec.json.encode(Answer(after.shown(), receipts, now))

    def accept(self, head: Head, batch: Batch, held: Mapping[int, str], now: int) -> tuple[Head, list[Taken]]:
        """Let the protocol judge; servers that are meant to be wrong do something else here."""
        return accept(head, batch, held, now)

    def hear(self, device: str, body: bytes, now: int) -> Reply:
        """Answer a heartbeat."""
        beat = msgspec.json.decode(body, type=Heartbeat)
        return 200, msgspec.json.encode(Heard([self._head(device, head.chain).shown() for head in beat.chains], now))

    def restore(self, kept: int) -> None:
        """Go back to the backup made when the ledger had ``kept`` rows."""
        del self.log[kept:]
        self.chains.clear()
        for row in self.log:
            self.chains[row.device, row.chain].append(row)

    def _head(self, device: str, chain: str) -> Head:
        rows = self.chains.get((device, chain))
        if not rows:
            return Head(chain)
        last = rows[-1].taken
        return Head(chain, last.seq, last.hash, last.settled)

    def _refuse(self, name: str, head: Head) -> Reply:
        self._said[name] += 1
        return 409, msgspec.json.encode({"problem": {"code": f"ledger.{name}", "details": {"head": head.shown()}}})


# --- a phone


class _Named(msgspec.Struct):
    id: str


class Disk:
    """A phone's disk: what was written together stands or falls together."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.written: list[Sequence[Entry]] = []

    def write(self, entries: Sequence[Entry]) -> None:
        """Keep entries, unless the phone crashes first."""
        if self._world.strikes("crash before write", 0.008):
            raise Crash
        self.written.append(tuple(entries))
        for entry in entries:
            if entry.lost is not None or entry.moved is not None:
                self._world.faults["receipts dropped" if entry.moved is None else "chain moved"] += 1
        if self._world.strikes("crash after write", 0.008):
            raise Crash

    def read(self) -> Sequence[Entry]:
        """Return all entries."""
        return [entry for entries in self.written for entry in entries]

    def roll_back(self, count: int) -> None:
        """Lose the last writes, as when an old copy of the disk is put in place."""
        del self.written[-count:]

    def ids(self) -> set[str]:
        """Return the ids of all records on it."""
        texts = (entry.record for entry in self.read() if entry.record is not None)
        return {msgspec.json.decode(text, type=_Named).id for text in texts}


class Clocks:
    """A phone's clocks. The monotonic one drifts, and counts less than passes while the phone sleeps."""

    def __init__(self, world: "World", drift: float) -> None:
        self._world, self._drift = world, drift
        self._offset = 0
        self.boot()

    def boot(self) -> None:
        """Begin a boot session."""
        rng = self._world.rng
        self._boot, self._counted, self._since = self._world.new_id(), 0.0, self._world.now
        self._awake = self._pace = 1 + rng.uniform(-self._drift, self._drift)

    def jump(self) -> None:
        """Set the wall clock wrong: by seconds or years, or to 1970."""
        rng = self._world.rng
        years = rng.randint(-3 * YEAR, 3 * YEAR)
        self._offset = rng.choice((0, rng.randint(-9 * SECOND, 9 * SECOND), rng.randint(-HOUR, HOUR), years, years, -START))

    def sleep(self, share: float) -> None:
        """From now on count only a share of what passes."""
        self.stamp()
        self._pace = self._awake * share

    def stamp(self) -> Stamp:
        """Read them."""
        now = self._world.now
        self._counted += (now - self._since) * self._pace
        self._since = now
        return Stamp(now + self._offset, self._boot, int(self._counted))


class Phone:
    """A phone and whoever carries it about: drives a ``Client`` with virtual clocks, a disk and the network."""

    def __init__(self, world: "World") -> None:
        self.world, self.device, self.disk = world, world.new_id(), Disk(world)
        self.clocks = Clocks(world, world.drift)
        self.online_until = 0
        self.beaten = False
        """Whether a heartbeat was asked and answered in the calm phase."""
        self._calm_ask: Ask | None = None
        self.made: list[tuple[str, str]] = []
        self._batch = world.rng.randint(3, 7)
        self._asked: Ask | None = None
        self._alarm = 0
        self.start()

    def start(self) -> None:
        """Begin anew from what the disk holds, and go on asking."""
        self._asked = None
        while True:
            try:
                self.client = self.world.make_client(
                    self.device, self.disk, rng=self.world.rng, new_id=self.world.new_id, pace=PACE, batch=self._batch
                )
            except Crash:
                continue
            break
        self.world.after(self.world.rng.randint(1, SECOND), self.poke)

    def suffer(self, kind: str) -> None:
        """Let one of PHONE_FAULTS happen."""
        self.world.faults[kind] += 1
        if kind == "clock jump":
            self.clocks.jump()
        elif kind == "heartbeat forced":
            self.client._unsure = True
        else:
            if kind == "reboot":
                self.clocks.boot()
            elif kind == "disk rolled back":
                self.disk.roll_back(self.world.rng.randint(1, 10))
            self.start()

    def perhaps_suffer(self, chance: float) -> None:
        """Now and then let something happen between two steps."""
        if self.world.chaos and self.world.rng.random() < chance:
            self.suffer(self.world.rng.choices(PHONE_FAULTS, WEIGHTS)[0])

    def go_online(self, until: int) -> None:
        """Reach the network until then."""
        self.clocks.sleep(1.0)
        self.online_until = max(until, self.online_until)
        self.poke()

    def go_offline(self) -> None:
        """Lose the network, unless it is ours for longer; perhaps fall asleep."""
        if self.world.now < self.online_until:
            return
        self.world.faults["offline"] += 1
        if self.world.strikes("asleep", 0.5):
            self.clocks.sleep(self.world.rng.random())

    def write(self, fault: str = "") -> None:
        """Make a record; just before, let a fault happen."""
        if fault:
            self.suffer(fault)
        self.perhaps_suffer(0.03)
        id_, content = self._content()
        self.world.truth[id_] = self.world.now
        try:
            self.client.write(content, self.clocks.stamp())
            self.made.append((id_, str(content["place"])))
        except Crash:
            self.start()
        self.poke()

    def _content(self) -> tuple[str, dict[str, object]]:
        rng, id_ = self.world.rng, self.world.new_id()
        act = rng.choices(("report", "correct", "withdraw"), (78, 14, 8))[0] if self.made else "report"
        target, place = rng.choice(self.made) if act != "report" else (None, rng.choice(self.world.places))
        body = {} if act == "withdraw" else {"open": rng.random() < 0.5, "gathering": rng.random() < 0.5}
        return id_, {
            "id": id_, "act": act, "target": target, "activity": "venue_closure", "activity_hash": venue_closure().hash,
            "order": self.world.order, "place": place, "body": body,
        }  # fmt: skip

    # --- asking

    def poke(self) -> None:
        """Ask the server if there is something to ask, else come back when there is."""
        now = self.world.now
        if self._asked is not None or now >= self.online_until:
            return
        self.perhaps_suffer(0.01)
        ask = self.client.next(now, self.clocks.stamp())
        if ask is not None:
            self._asked = ask
            self._calm_ask = None if self.world.chaos else ask
            self.world.after(TIMEOUT, partial(self._give_up, ask))
            self.world.carry(self, ask)
            self.perhaps_suffer(0.03)
        elif self._alarm <= now or self.client.wakes() < self._alarm:
            self._alarm = max(self.client.wakes(), now + 1)
            self.world.at(self._alarm, self.poke)

    def _give_up(self, ask: Ask) -> None:
        if self._asked is ask:
            self._asked = None
            self.client.missed(self.world.now)
            self.poke()

    def hear(self, ask: Ask, status: int, body: bytes, retry_after: int | None) -> None:
        """Take an answer in, unless nobody waits for it any more."""
        if self._asked is not ask or self.world.now >= self.online_until:
            return None
        self._asked = None
        try:
            self.client.heard(ask, status, body, self.world.now, self.clocks.stamp(), retry_after)
        except Crash:
            return self.start()
        except BrokenServerError as error:
            self.world.complaints.append(f"a phone says that the server is broken: {error}")
            self.client.missed(self.world.now)
        self.beaten = self.beaten or (self._calm_ask is ask and ask.kind == "heartbeat" and status == 200)
        self.perhaps_suffer(0.01)
        return self.poke()

    @property
    def quiet(self) -> bool:
        """Whether nothing waits, and the phone has asked in calm where its chains stand."""
        return self.beaten and self._asked is None and next(self.client.waiting(), None) is None


# --- the world


MakeClient = Callable[..., Client]
MakeServer = Callable[[Counter[str]], Server]


class World:
    """Virtual time, the network between phones and server, and all that goes wrong."""

    def __init__(self, seed: int, make_server: MakeServer, make_client: MakeClient, drift: float) -> None:
        self.rng = Random(seed)
        self.now, self.drift, self.make_client = START, drift, make_client
        self.chaos = True
        self.faults: Counter[str] = Counter()
        self.complaints: list[str] = []
        self.truth: dict[str, int] = {}
        self.steps = 0
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._planned = 0
        self._away_until = 0
        self.ends = START + self.rng.choice(SPANS)
        self.server = make_server(self.faults)
        self.order, self.places = self.new_id(), [self.new_id() for _ in range(3)]
        self.phones = [Phone(self) for _ in range(self.rng.randint(3, 4))]
        for phone in self.phones:
            self._plan(phone)

    def new_id(self) -> str:
        """Return a UUID of version 7 by this world's time."""
        random = f"{self.rng.getrandbits(76):019x}"
        return f"{self.now >> 16:08x}-{self.now & 0xFFFF:04x}-7{random[:3]}-a{random[3:6]}-{random[6:18]}"

    def strikes(self, kind: str, chance: float) -> bool:
        """Say whether a fault happens now, and count it."""
        if not self.chaos or self.rng.random() >= chance:
            return False
        self.faults[kind] += 1
        return True

    def at(self, when: int, do: Callable[[], None]) -> None:
        """Do something at a moment."""
        self._planned += 1
        heappush(self._queue, (when, self._planned, do))

    def after(self, ms: int, do: Callable[[], None]) -> None:
        """Do something after a while."""
        self.at(self.now + ms, do)

    def _plan(self, phone: Phone) -> None:
        """Say when a phone is online and when it writes: some records in the field, some with the server in reach."""
        rng, count = self.rng, -(-RECORDS // len(self.phones)) + self.rng.randint(0, 3)
        near: list[int] = []
        for _ in range(rng.randint(3, 5)):
            begins, lasts = rng.randint(START, self.ends), rng.randint(2 * SECOND, 40 * SECOND)
            near.append(begins)
            self.at(begins, partial(phone.go_online, begins + lasts))
            self.at(begins + lasts, phone.go_offline)
        suffers = rng.randrange(count)
        for number in range(count):
            here = rng.choice(near) + rng.randint(0, 10 * SECOND)
            when = here if rng.random() < 0.5 else rng.randint(START, self.ends)
            self.at(min(when, self.ends), partial(phone.write, rng.choice(PHONE_FAULTS) if number == suffers else ""))

    def live(self) -> None:
        """Let the chaotic phase pass, then the calm one until everything is quiet."""
        self._pass(lambda: bool(self._queue) and self._queue[0][0] <= self.ends)
        self.now, self.chaos, self._away_until = self.ends, False, 0
        for phone in self.phones:
            self.after(self.rng.randint(0, 5 * SECOND), phone.write)
            phone.go_online(self.now + 10 * CALM)
        last_write = self.now + 6 * SECOND
        self._pass(
            lambda: self.now < last_write or (self.now < self.ends + CALM and not all(phone.quiet for phone in self.phones))
        )

    def _pass(self, goes_on: Callable[[], bool]) -> None:
        while goes_on() and self._queue and self.steps < MOST_STEPS:
            when, _, do = heappop(self._queue)
            self.now = max(self.now, when)
            self.steps += 1
            do()

    # --- the network

    def carry(self, phone: Phone, ask: Ask) -> None:
        """Bring a request to the server: in time, late, twice, or not at all."""
        if self.strikes("request lost", 0.06):
            return
        reach = partial(self._reach, phone, ask)
        if self.strikes("request late", 0.05):
            self._carry_late(reach)
            return
        self.after(self.rng.randint(10, 250), reach)
        if self.strikes("request twice", 0.08):
            self._carry_late(reach)

    def _carry_late(self, reach: Callable[[], None]) -> None:
        """Let a request come in seconds or hours later, but before the chaos ends: all faults stop then."""
        most = self.rng.choice((5 * SECOND, 5 * SECOND, self.ends - START))
        self.at(max(self.now + 1, min(self.now + self.rng.randint(1, most), self.ends)), reach)

    def _reach(self, phone: Phone, ask: Ask) -> None:
        status, body, retry_after = self._meet(phone, ask)
        if status == 0 or self.strikes("answer lost", 0.06):
            return
        delay = self.rng.randint(10, 250)
        if self.strikes("answer slow", 0.03):
            delay += TIMEOUT
        self.after(delay, partial(phone.hear, ask, status, body, retry_after))

    def _meet(self, phone: Phone, ask: Ask) -> tuple[int, bytes, int | None]:
        """Return what answers a request: the server, something between, or nothing (status 0)."""
        if self.chaos:
            stopped = self._stopped(ask)
            if stopped is not None:
                return stopped
            if self.strikes("server restored", 0.02):
                self._restore()
        answer = self.server.take if ask.kind == "records" else self.server.hear
        status, body = answer(phone.device, ask.body, self.now)
        if self.strikes("server crash after commit", 0.02):
            self._away_until = self.now + self.rng.randint(100, 5 * SECOND)
            return 0, b"", None
        return status, body, None

    def _restore(self) -> None:
        """Put a backup in the server's place: an old one, or one of a moment ago."""
        held = len(self.server.log)
        self.server.restore(self.rng.randint(self.rng.choice((0, max(0, held - 10))), held))

    def _stopped(self, ask: Ask) -> tuple[int, bytes, int | None] | None:
        """Return what answers in the server's place, or None."""
        if self.strikes("portal", 0.02):
            return 200, PORTAL, None
        if self.strikes("refused", 0.01):
            return 403, PORTAL, None
        if ask.kind == "records" and self.strikes("too large", 0.015):
            return 413, b"", None
        if self.now >= self._away_until and self.strikes("server away", 0.02):
            self._away_until = self.now + self.rng.randint(SECOND, 15 * SECOND)
        if self.now < self._away_until:
            return self.rng.choice((500, 502, 503, 429)), b"", self.rng.choice((None, SECOND, 3 * SECOND))
        return None


# --- what must hold in the end


def complaints(world: World) -> Iterator[str]:
    """Yield everything that is wrong with how a world ended."""
    yield from world.complaints
    for number, phone in enumerate(world.phones):
        yield from _phone(world, number, phone)
    yield from _copies(world.server.log)
    yield from _positions(world.server.log)
    for rows in world.server.chains.values():
        yield from _chain(rows)
        yield from _times(rows, world.truth)
    yield from _one_state(world)


def _phone(world: World, number: int, phone: Phone) -> Iterator[str]:
    """What a phone has on its disk is at the server, and the phone knows it."""
    if not phone.quiet:
        yield f"stalled: phone {number} still holds {len(list(phone.client.waiting()))}, blocked {phone.client.blocked!r}"
    ours = {row.envelope.id for row in world.server.log if row.device == phone.device}
    missing = phone.disk.ids() - ours
    if missing:
        yield f"lost: phone {number} wrote {sorted(missing)}, which the server has not"
    holding, stands_by = phone.client.holding(), sum(chain.length for chain in phone.client.chains.values())
    if (holding.saved, holding.sent, holding.confirmed) != (0, 0, stands_by):
        yield f"phone {number} stands by {stands_by} records and says {holding}"
    for chain in phone.client.chains.values():
        held = [row.taken.hash for row in world.server.chains.get((phone.device, chain.id), ())]
        if [kept.hash for kept in chain.records[: chain.confirmed]] != held[: chain.confirmed]:
            yield f"phone {number} has receipts in chain {chain.id} for what the server has not"


def _content(envelope: Envelope) -> tuple[object, ...]:
    """Return what copies of a record share: all but its place in a chain."""
    e = envelope
    return (
        e.v, e.id, e.device, e.act, e.target, e.activity, e.activity_hash, e.order, e.place, e.duty, e.subject, e.speaker,
        e.channel, e.wall, e.boot, e.mono, e.seen, e.at, e.body,
    )  # fmt: skip


def _copies(log: Sequence[Stored]) -> Iterator[str]:
    """An id is one logical record, and once in a chain."""
    by_id: defaultdict[str, list[Stored]] = defaultdict(list)
    for row in log:
        by_id[row.envelope.id].append(row)
    for id_, rows in by_id.items():
        if len({row.chain for row in rows}) != len(rows):
            yield f"twice: {id_} stands more than once in one chain"
        if len(rows) > 1 and any(_content(row.envelope) != _content(rows[0].envelope) for row in rows):
            yield f"two contents: copies of {id_} differ"


def _positions(log: Sequence[Stored]) -> Iterator[str]:
    if [row.position for row in log] != list(range(1, len(log) + 1)):
        yield "positions have gaps or repeat"


def _chain(rows: Sequence[Stored]) -> Iterator[str]:
    """A chain has no hole, and its hashes are right."""
    prev = GENESIS
    for seq, row in enumerate(rows, start=1):
        said, taken = row.envelope, row.taken
        prev_said, prev = prev, chain_hash(prev, taken.data)
        if (taken.seq, said.seq, said.chain, said.device) != (seq, seq, row.chain, row.device):
            yield f"chain {row.chain} has {taken.seq} at {seq}"
        if (taken.hash, said.prev) != (prev, prev_said) or (seq > 1 and said.follows is not None):
            yield f"chain {row.chain} breaks at {seq}"


def _times(rows: Sequence[Stored], truth: Mapping[str, int]) -> Iterator[str]:
    """What is said about when a record happened is true, to the millisecond to which clocks are read."""
    for row in rows:
        settled, true = row.taken.settled, truth[row.envelope.id]
        if true > settled.latest + 1 or (settled.earliest is not None and true < settled.earliest - 1):
            yield f"time: {row.envelope.id} was made at {true}, not in {settled}"
        if settled.uncertainty is not None and abs(settled.occurred - true) > settled.uncertainty + 1:
            yield f"time: {row.envelope.id} was made at {true}, farther off than {settled} says"
        if settled.occurred > row.received:
            yield f"time: {row.envelope.id} happened after it was received"
    if any(later.taken.settled.occurred < earlier.taken.settled.occurred for earlier, later in pairwise(rows)):
        yield f"time: chain {rows[0].chain} goes back"


# --- state is a function of the set


@cache
def venue_closure() -> Activity:
    """Return the activity that all records here belong to."""
    return activity("venue_closure")


@cache
def _versions() -> Mapping[str, Activity]:
    return {activity("venue_closure").hash: activity("venue_closure")}


def _one_state(world: World) -> Iterator[str]:
    """In whatever order records come in, they come to the same."""
    log, shuffled = world.server.log, world.server.log.copy()
    world.rng.shuffle(shuffled)
    if _least(log) != _least(shuffled):
        yield "the digest depends on the order of arrival"
    uuids = _Uuids()
    facts = {row.position: _fact(row, uuids) for row in log}
    one, other = (_folded([facts[row.position] for row in order]) for order in (log, shuffled))
    if one != other:
        yield "the fold depends on the order of arrival"


def _least(rows: Iterable[Stored]) -> dict[str, tuple[Hashable, ...]]:
    """Return what each id says and when, by the copy that is least in fold order; as they come in, one by one."""
    least: dict[str, tuple[tuple[int, str, str, int], tuple[Hashable, ...]]] = {}
    for row in rows:
        said, occurred = row.envelope, row.taken.settled.occurred
        key = (occurred, row.device, row.chain, row.taken.seq)
        if said.id not in least or key < least[said.id][0]:
            least[said.id] = (key, (occurred, said.act, said.target, *sorted(said.body.items())))
    return {id_: content for id_, (_, content) in least.items()}


class _Uuids(dict[str, UUID]):
    def __missing__(self, text: str) -> UUID:
        self[text] = found = UUID(text)
        return found


def _fact(row: Stored, uuids: _Uuids) -> Fact:
    said, occurred_at = row.envelope, from_ms(row.taken.settled.occurred)
    device = uuids[row.device]
    assert said.place is not None
    return Fact(
        position=row.position, id=uuids[said.id], device=device, chain=uuids[row.chain], seq=row.taken.seq, act=said.act,
        target=uuids[said.target] if said.target else None, activity=said.activity, activity_hash=said.activity_hash,
        subject=said.place, member=device, typist=device, role="inspector", incident=uuids[said.order],
        order=uuids[said.order], duty=None, place=uuids[said.place], organisation=device, area="430181105201",
        category="worship", duty_due_at=None, body=said.body, occurred_at=occurred_at, stated=said.at is not None,
        day=day_of(occurred_at), quarantine="",
    )  # fmt: skip


def _folded(facts: Sequence[Fact]) -> tuple[Resolved, dict[tuple[str, str], list[State]]]:
    resolved = resolve(facts)
    found = resolved.by_subject()
    return resolved, {about: matters(_versions(), mine, conflicts) for about, (mine, conflicts) in found.items()}


# --- all of it


def run(seed: int, *, server: MakeServer = Server, client: MakeClient = Client, drift: float = DRIFT) -> Outcome:
    """Let the world of a seed pass; the other arguments are for worlds that are meant to fail."""
    world = World(seed, server, client, drift)
    world.live()
    found = list(complaints(world))
    return Outcome(seed, found, world.faults, len(world.truth), world.steps, _digest(world, found))


def _digest(world: World, found: Sequence[str]) -> str:
    digest = hashlib.sha256(repr((found, sorted(world.faults.items()), world.now, world.steps)).encode())
    for row in world.server.log:
        digest.update(f"{row.position} {row.received} {row.taken.hash} {row.taken.settled}".encode())
    return digest.hexdigest()
