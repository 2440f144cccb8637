"""Makes the vectors from hand-written inputs: what the Python implementation answers today, to be held by every other.

`make vectors` writes them; a test compares them with what is stored, so a change of the protocol
shows as a change of these files.
"""

import base64
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from tongxin.base import crypto
from tongxin.base.clock import SHANGHAI
from tongxin.ledger import fold, resolving
from tongxin.playbook.answers import faults
from tongxin.playbook.loader import parse
from tongxin.playbook.registry import activity
from tongxin.protocol import server, signature
from tongxin.protocol.client import Ask, Client, Entry, Pace
from tongxin.protocol.messages import Batch, HeadOf, Stamp
from tongxin.protocol.record import GENESIS, PLAIN, Envelope, chain_hash, encode
from tongxin.protocol.time import Settled, settle, stated

FOLDER = Path(__file__).resolve().parent
DEVICE, CHAIN = "0190e5a2-0000-7000-8000-00000000d001", "0190e5a2-0000-7000-8000-00000000c001"
BOOT, OTHER_BOOT = "0190e5a2-0000-7000-8000-00000000b001", "0190e5a2-0000-7000-8000-00000000b002"
NOON = 1_647_921_600_000
"""2022-03-22 12:00 in Shanghai."""


def record(seq: int = 1, prev: str = GENESIS, **changes: Any) -> dict[str, Any]:
    """Return a plain record."""
    return {
        **PLAIN,
        "v": 1,
        "id": f"0190e5a2-0000-7000-8000-{seq:012d}",
        "device": DEVICE,
        "chain": CHAIN,
        "seq": seq,
        "prev": prev,
        "follows": None,
        "activity": "venue_closure",
        "activity_hash": "0" * 64,
        "order": "0190e5a2-0000-7000-8000-00000000a001",
        "place": "0190e5a2-0000-7000-8000-00000000f001",
        "wall": NOON + 1000 * seq,
        "boot": BOOT,
        "mono": 60_000 + 1000 * seq,
        "seen": None,
        "body": {"open": True, "gathering": False},
        **changes,
    }


def records() -> dict[str, Any]:
    """Return records with their bytes and hashes, and bytes that are not records."""
    bodies: list[dict[str, Any]] = [
        {"open": True, "gathering": False},
        {"b": 1, "a": 2, "B": 3},
        {"whole": 3.0, "half": 0.5, "thousandth": -12.125},
        {"text": '引号" 反斜线\\ 换行\n 制表\t 控制\u001f 删除\u007f 行分隔\u2028 表情😀'},
        {"rows": [{"n": 1}, {"n": 2}], "none": []},
    ]
    good: list[dict[str, Any]] = []
    for seq, body in enumerate(bodies, start=1):
        prev = good[-1]["hash"] if good else GENESIS
        data = encode(record(seq, prev, body=body))
        good.append({"record": record(seq, prev, body=body), "bytes": data.decode(), "hash": chain_hash(prev, data)})
    text: str = good[0]["bytes"]
    bad = {
        "not JSON": text[:-1],
        "a space": text.replace(":", ": ", 1),
        "a whole number with a point": text.replace('"seq":1', '"seq":1.0'),
        "keys in another order": '{"v":1,' + text[1:].replace(',"v":1', ""),
        "an escaped letter": text.replace("venue", "\\u0076enue"),
        "a missing key": text.replace('"duty":null,', ""),
        "an unknown key": text.replace('"v":1', '"v":1,"w":2'),
        "a key twice": text.replace('"open":true', '"open":true,"open":true'),
        "an unknown act": text.replace('"report"', '"forget"'),
        "four decimals": text.replace('"open":true', '"open":0.1234'),
        "an exponent": text.replace('"open":true', '"open":1e3'),
        "beyond 2^53": text.replace('"seq":1', '"seq":9007199254740992'),
        "too long": text.replace("true", '"' + "x" * 65_536 + '"'),
    }
    for reason, broken in bad.items():
        if server.read(broken.encode()) is not None:
            raise AssertionError(f"these bytes are a record: {reason}")
    return {"records": good, "unreadable": [{"why": why, "bytes": broken} for why, broken in bad.items()]}


def times() -> list[dict[str, Any]]:
    """Return records, when they were sent and received, and when they happened."""
    received = NOON + 3_600_000
    now = Stamp(received - 200, BOOT, 3_660_000)
    five_years = 5 * 365 * 86_400_000
    cases: dict[str, tuple[dict[str, Any], Stamp, Settled | None]] = {
        "a right clock": ({}, now, None),
        "a wall clock five years ahead": ({"wall": NOON + five_years}, now, None),
        "a wall clock five years behind, the server heard before": (
            {"wall": NOON - five_years, "seen": [NOON, 60_000]},
            now,
            None,
        ),
        "a wall clock five years behind, nothing heard": ({"wall": NOON - five_years}, now, None),
        "rebooted since": ({"boot": OTHER_BOOT, "wall": NOON + five_years}, now, None),
        "rebooted since, the server heard before": ({"boot": OTHER_BOOT, "mono": 90_000, "seen": [NOON, 60_000]}, now, None),
        "behind the record ahead": ({"wall": NOON - 50_000}, now, Settled(NOON, NOON - 1000, NOON + 5000)),
        "ahead of receipt by the record before": ({}, now, Settled(received, None, received)),
        "a monotonic clock that ran backwards": ({"mono": 9_000_000, "seen": [NOON, 9_500_000]}, now, None),
        "clocks that contradict each other": ({"seen": [received + 60_000, 0]}, now, None),
        "no time since the server was heard": ({"mono": 60_000, "seen": [NOON, 60_000], "wall": NOON - 1}, now, None),
        "sent as it was made": ({}, Stamp(NOON, BOOT, 61_000), None),
        "the record before bounds it better": ({"seen": [NOON - 9000, 60_000]}, now, Settled(NOON - 5000, NOON - 6000, NOON)),
        "what was heard bounds it better": ({"seen": [NOON - 3000, 60_000]}, now, Settled(NOON - 5000, NOON - 6000, NOON)),
        "bounded to the millisecond": ({"seen": [received - 3_596_401, 61_000]}, now, None),
        "before 1970": ({"wall": -5}, now, None),
        "stated on paper": ({"channel": "paper", "at": NOON - 7_200_000}, now, None),
        "stated for the future": ({"channel": "paper", "at": received + 1}, now, None),
    }
    out = []
    for why, (changes, sent, before) in cases.items():
        envelope = msgspec.convert(record(**changes), Envelope)
        settled = settle(envelope, sent, received, before)
        out.append(
            {
                "why": why,
                "record": {key: msgspec.to_builtins(getattr(envelope, key)) for key in ("wall", "boot", "mono", "seen", "at")},
                "sent": msgspec.to_builtins(sent),
                "received": received,
                "before": _settled(before),
                "settled": _settled(settled),
                "uncertainty": settled.uncertainty,
                "stated": _settled(stated(envelope, received, settled)),
            }
        )
    return out


def _settled(found: Settled | None) -> dict[str, int | None] | None:
    return None if found is None else {"occurred": found.occurred, "earliest": found.earliest, "latest": found.latest}


def batches() -> list[dict[str, Any]]:
    """Return what batches do to a chain that holds two records."""
    texts, hashes = _chain(4)
    other = encode(record(2, hashes[0], body={"open": False, "gathering": False})).decode()
    cases: dict[str, tuple[int, list[str]]] = {
        "the next two": (3, texts[2:]),
        "all again and the rest": (1, texts),
        "the second again and the rest": (2, texts[1:]),
        "what is held": (1, texts[:2]),
        "a gap": (4, texts[3:]),
        "another second record": (2, [other]),
        "the fourth as the third": (3, texts[3:]),
        "bytes that are no record": (3, ["{}"]),
        "no records": (3, []),
        "before the first": (0, texts[:1]),
    }
    head = server.Head(CHAIN, 2, hashes[1], Settled(NOON + 2000, NOON + 1500, NOON + 2000))
    out = []
    for why, (first, sent) in cases.items():
        batch = Batch(1, CHAIN, first, Stamp(NOON + 9000, BOOT, 69_000), sent)
        out.append(
            {
                "why": why,
                "head": _head(head),
                "held": hashes[:2],
                "batch": msgspec.to_builtins(batch),
                **_accepted(head, batch, hashes),
            }
        )
    return out


def _chain(length: int) -> tuple[list[str], list[str]]:
    texts: list[str] = []
    hashes: list[str] = []
    for seq in range(1, length + 1):
        data = encode(record(seq, hashes[-1] if hashes else GENESIS))
        hashes.append(chain_hash(hashes[-1] if hashes else GENESIS, data))
        texts.append(data.decode())
    return texts, hashes


def _head(head: server.Head) -> dict[str, Any]:
    return {**msgspec.to_builtins(head.shown()), "last": _settled(head.last)}


def _accepted(head: server.Head, batch: Batch, hashes: Sequence[str]) -> dict[str, Any]:
    held = {seq: hashes[seq - 1] for seq in range(1, head.last_seq + 1)}
    try:
        after, taken = server.accept(head, batch, held, NOON + 10_000)
    except server.BadBatchError:
        return {"refused": "ledger.bad_batch"}
    except server.GapError:
        return {"refused": "ledger.gap"}
    except server.ForkError as error:
        return {"refused": "ledger.fork", "seq": error.seq}
    rows = [
        {"seq": new.seq, "hash": new.hash, "readable": new.envelope is not None, **(_settled(new.settled) or {})} for new in taken
    ]
    return {"after": _head(after), "taken": rows}


class Script:
    """A conversation of one phone, written down step by step. Its random part of waiting is always the whole."""

    def __init__(self) -> None:
        self.steps: list[dict[str, Any]] = []
        self._entries: list[Entry] = []
        self._ids = 0
        self._client = self._start()
        self._ask: Ask | None = None
        self._mono = 0

    def write(self, entries: Sequence[Entry]) -> None:
        """Keep journal entries (the script is the phone's disk)."""
        self._entries += entries

    def read(self) -> Sequence[Entry]:
        """Return them."""
        return self._entries

    def uniform(self, _: float, most: float) -> float:
        """Be the random number generator."""
        return most

    def _start(self) -> Client:
        pace = Pace(first=500, most=4_000, beat=600_000)
        return Client(DEVICE, self, rng=self, new_id=self._id, pace=pace, batch=2)  # type: ignore[arg-type]

    def _id(self) -> str:
        self._ids += 1
        return f"0190e5a2-0000-7000-9000-{self._ids:012d}"

    def _stamp(self) -> Stamp:
        return Stamp(NOON + self._mono, BOOT, self._mono)

    def does(self, what: str, change: Callable[[], object], **given: Any) -> None:
        """Do a step and note what it was given and what it came to."""
        before = len(self._entries)
        result = change()
        self.steps.append(
            {
                "do": what,
                "now": self._mono,
                "stamp": msgspec.to_builtins(self._stamp()),
                **given,
                "journal": msgspec.to_builtins(self._entries[before:]),
                "wakes": self._client.wakes(),
                "holding": vars(self._client.holding()) if what != "next" else None,
                "result": result,
            }
        )

    def after(self, ms: int) -> "Script":
        """Let time pass."""
        self._mono += ms
        return self

    def says(self, **body: Any) -> None:
        """Make a record."""
        content = {"activity": "venue_closure", "activity_hash": "0" * 64, "order": "o", "place": "p", "body": body}
        self.does("write", lambda: self._client.write(content, self._stamp()).text, content=content)

    def asks(self) -> Ask | None:
        """Ask what to send."""
        self._ask = self._client.next(self._mono, self._stamp())
        ask = self._ask
        self.does("next", lambda: None if ask is None else {"kind": ask.kind, "body": json.loads(ask.body)})
        return ask

    def hears(self, status: int, answer: Any, retry_after: int | None = None) -> None:
        """Bring an answer to the last request."""
        ask = self._ask
        if ask is None:
            raise AssertionError("nothing was asked")
        body = json.dumps(answer, ensure_ascii=False).encode() if not isinstance(answer, str) else answer.encode()

        def hear() -> str:
            self._client.heard(ask, status, body, self._mono, self._stamp(), retry_after)
            return self._client.blocked

        self.does("heard", hear, status=status, answer=answer, retry_after=retry_after)

    def misses(self) -> None:
        """Let an answer be lost."""
        self.does("missed", lambda: self._client.missed(self._mono))

    def restarts(self) -> None:
        """Lose all but the journal."""

        def restart() -> None:
            self._client = self._start()

        self.does("restart", restart)

    def receipts(self, head: HeadOf | None = None) -> dict[str, Any]:
        """Return the answer of a server that takes the last batch, and perhaps holds other records beyond it."""
        ask = self._ask
        if ask is None:
            raise AssertionError("nothing was asked")
        given = [
            {
                "seq": k.seq,
                "id": k.id,
                "hash": k.hash,
                "position": 100 + k.seq,
                "received": NOON,
                "occurred": NOON,
                "quarantine": None,
            }
            for k in ask.batch
        ]
        head = head or HeadOf(ask.chain, ask.batch[-1].seq, ask.batch[-1].hash)
        return {"head": msgspec.to_builtins(head), "receipts": given, "now": NOON + self._mono + 5}

    def head(self, seq: int, hash_: str | None = None) -> HeadOf:
        """Return the head of the last batch's chain at ``seq``, or one that it cannot have."""
        chain = self._client.chains[self._ask.chain if self._ask else ""]
        return HeadOf(chain.id, seq, hash_ or chain.hash_at(seq))

    def refusal(self, code: str, head: HeadOf) -> dict[str, Any]:
        """Return a refusal with a head."""
        return {"problem": {"code": code, "message": "", "next": "", "details": {"head": msgspec.to_builtins(head)}}}


def conversations() -> list[dict[str, Any]]:
    """Return what a client says, step by step."""
    return [{"why": story.__name__.replace("_", " "), "steps": _told(story)} for story in STORIES]


def _told(story: Callable[[Script], None]) -> list[dict[str, Any]]:
    script = Script()
    story(script)
    return script.steps


def _usual_evening(s: Script) -> None:
    for number in (1, 2, 3):
        s.after(1000).says(n=number)
    s.after(10).asks()
    s.after(50).hears(200, s.receipts())
    s.after(1000).says(n=4)
    s.after(10).asks()
    s.after(50).hears(200, s.receipts())
    s.after(10).asks()
    s.after(600_000).asks()
    s.hears(200, {"heads": [], "now": NOON + 700_000})


def _lost_answers(s: Script) -> None:
    s.says(n=1)
    for pause in (1, 500, 1000):
        s.after(pause).asks()
        s.misses()
    s.after(10).asks()
    s.after(4000).asks()
    s.hears(200, {"heads": [], "now": NOON + 9000})
    s.asks()
    s.hears(503, {}, retry_after=30_000)
    s.after(29_999).asks()
    s.after(1).asks()
    s.hears(200, "<html>sign in to this hotel</html>")
    s.after(4000).asks()
    s.hears(200, s.receipts())


def _restored_server(s: Script) -> None:
    for number in (1, 2):
        s.after(10).says(n=number)
    s.asks()
    s.hears(200, s.receipts())
    s.says(n=3)
    s.asks()
    s.hears(409, s.refusal("ledger.gap", s.head(1)))
    s.asks()
    s.hears(200, s.receipts())


def _fork(s: Script) -> None:
    for number in (1, 2, 3, 4):
        s.after(10).says(n=number)
    s.asks()
    s.hears(200, s.receipts())
    s.asks()
    other = s.head(4, "f" * 64)
    s.hears(409, s.refusal("ledger.fork", other))
    s.asks()
    s.hears(200, s.receipts(other))
    s.asks()
    s.hears(409, s.refusal("ledger.fork", other))
    s.restarts()
    s.asks()
    s.hears(200, {"heads": [msgspec.to_builtins(other)], "now": NOON})
    s.asks()
    s.hears(200, s.receipts())
    s.asks()


def _too_large_then_refused(s: Script) -> None:
    for number in (1, 2):
        s.says(n=number)
    s.asks()
    s.hears(413, {"problem": {"code": "door.too_large"}})
    s.after(500).asks()
    s.hears(401, {"problem": {"code": "people.unknown_device"}})
    s.after(1000).asks()
    s.hears(200, s.receipts())


FORM = """
id = "form"
title = { zh = "表", en = "Form" }
order = "any"
kind = "log"
subject = "place"
bulletin = { zh = "无", en = "None" }
ask = [
    { name = "yes", type = "yes_no", required = true, label = { zh = "是", en = "Yes" } },
    { name = "why", type = "choice", required = true, show_when = "yes = no", label = { zh = "何", en = "Why" }, options = [
        { name = "rain", label = { zh = "雨", en = "Rain" } },
        { name = "night", label = { zh = "夜", en = "Night" } },
    ] },
    { name = "kg", type = "number", min = 0, max = 100, decimals = 1, label = { zh = "重", en = "Weight" } },
    { name = "note", type = "text", public = true, label = { zh = "注", en = "Note" } },
    { name = "on", type = "date", label = { zh = "日", en = "Day" } },
    { name = "where", type = "position", label = { zh = "位", en = "Where" } },
    { name = "lot", type = "code", label = { zh = "码", en = "Lot" } },
    { name = "rows", type = "repeat", label = { zh = "行", en = "Rows" }, ask = [
        { name = "n", type = "number", required = true, label = { zh = "数", en = "Number" } },
    ] },
]
"""
BODIES: Sequence[dict[str, Any]] = (
    {},
    {"yes": True},
    {"yes": False},
    {"yes": False, "why": "rain"},
    {"yes": True, "why": "rain"},
    {"yes": 1},
    {"yes": None},
    {"yes": True, "other": 1},
    {"yes": False, "why": "snow"},
    {"yes": True, "kg": 99.9},
    {"yes": True, "kg": 100.1},
    {"yes": True, "kg": -1},
    {"yes": True, "kg": 1.25},
    {"yes": True, "kg": True},
    {"yes": True, "kg": "3"},
    {"yes": True, "note": ""},
    {"yes": True, "note": "夜里有雨"},
    {"yes": True, "on": "2022-04-06"},
    {"yes": True, "on": "2022-4-6"},
    {"yes": True, "on": "2022-02-30"},
    {"yes": True, "where": {"lat": 28_141_000, "lon": 113_633_000, "within": 12}},
    {"yes": True, "where": {"lat": 28.1, "lon": 113.6, "within": 1}},
    {"yes": True, "where": {"lat": 91_000_000, "lon": 0, "within": 0}},
    {"yes": True, "lot": "CN-2022/04 7"},
    {"yes": True, "lot": "冷"},
    {"yes": True, "rows": [{"n": 1}, {"n": 2}]},
    {"yes": True, "rows": [{"n": "1"}]},
    {"yes": True, "rows": [{}]},
    {"yes": True, "rows": [{"n": 1, "m": 2}]},
    {"yes": True, "rows": 3},
)


def answers() -> dict[str, Any]:
    """Return a form, and which questions of which answers are at fault."""
    form = parse(FORM.encode(), Path("form.toml"))
    cases = [{"body": body, "faults": [question for question, _ in faults(form, body)]} for body in BODIES]
    return {"form": FORM, "cases": cases}


def folds() -> list[dict[str, Any]]:
    """Return records about one venue, and what they come to; ``answerable`` where that is no longer who it was at first."""
    return [{"why": why, "records": rows, **_folded(rows)} for why, rows in FOLDS.items()]


def _row(n: int, minute: int, *, act: str = "report", target: str = "", **changes: Any) -> dict[str, Any]:
    found = {"n": n, "minute": minute, "act": act, "target": target, "who": "chen", "role": "inspector", "place": "temple"}
    return {**found, "id": n, "quarantine": "", "body": {"open": False, "gathering": False}, **changes}


def _to(n: int) -> dict[str, Any]:
    """Return the body of a reassignment; what opens matters is of the third organisation."""
    return {"organisation": str(UUID(int=n))}


_OPEN: dict[str, Any] = {"body": {"open": True, "gathering": False}}
FOLDS: dict[str, list[dict[str, Any]]] = {
    "found open, then shut": [_row(1, 0, **_OPEN), _row(2, 30)],
    "the shut one came first": [_row(1, 30), _row(2, 0, **_OPEN)],
    "a correction: it was never open": [_row(1, 0, **_OPEN), _row(2, 30, act="correct", target="record 1")],
    "a correction of a correction": [
        _row(1, 0),
        _row(2, 30, act="correct", target="record 1"),
        _row(3, 20, act="correct", target="record 2", **_OPEN),
    ],
    "two corrections by two people": [
        _row(1, 0),
        _row(2, 10, act="correct", target="record 1", **_OPEN),
        _row(3, 20, act="correct", target="record 1", who="li", role="leader"),
    ],
    "a correction by somebody who may not": [_row(1, 0, **_OPEN), _row(2, 5, act="correct", target="record 1", who="li")],
    "to another place": [_row(1, 0, **_OPEN), _row(2, 5, act="correct", target="record 1", place="cinema", **_OPEN)],
    "withdrawn": [_row(1, 0, **_OPEN), _row(2, 5, act="withdraw", target="record 1")],
    "a withdrawal withdrawn": [
        _row(1, 0, **_OPEN),
        _row(2, 5, act="withdraw", target="record 1"),
        _row(3, 6, act="withdraw", target="record 2"),
    ],
    "two copies alike": [_row(1, 0, **_OPEN), _row(2, 3, id=1, **_OPEN)],
    "two copies that differ": [_row(1, 0, **_OPEN), _row(2, 3, id=1)],
    "out of order, released": [
        _row(1, 0, quarantine="ledger.not_ordered", **_OPEN),
        _row(2, 9, act="release", target="record 1", who="wu", role="duty_officer"),
    ],
    "out of order, released by an inspector": [
        _row(1, 0, quarantine="ledger.not_ordered", **_OPEN),
        _row(2, 9, act="release", target="record 1"),
    ],
    "unreadable marks are never released": [
        _row(1, 0, quarantine="ledger.bad_answer", **_OPEN),
        _row(2, 9, act="release", target="record 1", who="wu", role="commander"),
    ],
    "settled by a decision": [
        _row(1, 0, **_OPEN),
        _row(2, 9, act="settle", target="venue_open 1", who="wu", role="duty_officer", body={}),
    ],
    "settled by nobody of rank": [_row(1, 0, **_OPEN), _row(2, 9, act="settle", target="venue_open 1", body={})],
    "a decision about what is not there": [
        _row(1, 0),
        _row(2, 9, act="settle", target="venue_open 1", who="wu", role="commander", body={}),
    ],
    "merged into an older one": [
        _row(2, 0, **_OPEN),
        _row(3, 9, act="merge", target="venue_open 2", who="wu", role="secretary", body={"into": "venue_open 1"}),
    ],
    "not merged into a younger one": [
        _row(1, 0, **_OPEN),
        _row(3, 9, act="merge", target="venue_open 1", who="wu", role="secretary", body={"into": "venue_open 2"}),
    ],
    "reassigned, and then closed": [
        _row(1, 0, **_OPEN),
        _row(2, 9, act="reassign", target="venue_open 1", who="wu", role="secretary", body=_to(4) | {"reason": "归西片组管"}),
        _row(3, 30),
    ],
    "of two reassignments the later": [
        _row(1, 0, **_OPEN),
        _row(2, 20, act="reassign", target="venue_open 1", who="wu", role="secretary", body=_to(4)),
        _row(3, 10, act="reassign", target="venue_open 1", who="wu", role="commander", body=_to(5)),
    ],
    "a reassignment withdrawn": [
        _row(1, 0, **_OPEN),
        _row(2, 9, act="reassign", target="venue_open 1", who="wu", role="secretary", body=_to(4)),
        _row(3, 12, act="withdraw", target="record 2", who="wu", role="secretary", body={}),
    ],
    "reassigned by nobody of rank": [
        _row(1, 0, **_OPEN),
        _row(2, 9, act="reassign", target="venue_open 1", who="li", role="leader", body=_to(4)),
    ],
    "reassigned once it was closed": [
        _row(1, 0, **_OPEN),
        _row(2, 30),
        _row(3, 40, act="reassign", target="venue_open 1", who="wu", role="secretary", body=_to(4)),
    ],
    "a reassignment of what is not there": [
        _row(1, 0),
        _row(2, 9, act="reassign", target="venue_open 1", who="wu", role="secretary", body=_to(4)),
    ],
    "out of order, released and rejected": [
        _row(1, 0, quarantine="ledger.not_ordered", **_OPEN),
        _row(2, 5, act="withdraw", target="record 1", who="wu", role="duty_officer", body={"reason": "重复上报"}),
        _row(3, 9, act="release", target="record 1", who="wu", role="duty_officer", body={}),
    ],
}


def _folded(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    found = resolving.resolve(_fact(row) for row in rows)
    known = {activity("venue_closure").hash: activity("venue_closure")}
    states = [state for facts, conflicts in found.by_subject().values() for state in fold.matters(known, facts, conflicts)]
    return {
        "counting": [{"n": fact.position, "minute": fact.key[0].minute, "place": fact.subject} for fact in found.facts],
        "effects": {str(at): effect.by for at, effect in sorted(found.effects.items())},
        "matters": [
            {
                "id": str(s.id),
                "name": s.rule.name,
                "opened": s.opened.position,
                "closed": s.closed and s.closed.position,
                "merged": s.merged,
                **({"answerable": str(s.answerable)} if s.answerable != s.opened.organisation else {}),
            }
            for s in states
        ],
    }


def _fact(row: dict[str, Any]) -> resolving.Fact:
    moment = datetime(2022, 3, 22, 20, row["minute"], tzinfo=SHANGHAI)
    who, place = uuid5(NAMESPACE_URL, row["who"]), uuid5(NAMESPACE_URL, row["place"])
    body = {key: str(_named(value)) if key == "into" else value for key, value in row["body"].items()}
    return resolving.Fact(
        position=row["n"],
        id=_record_id(row["id"]),
        device=who,
        chain=who,
        seq=row["n"],
        act=row["act"],
        target=_named(row["target"]) if row["target"] else None,
        activity="venue_closure",
        activity_hash=activity("venue_closure").hash,
        subject=row["place"],
        member=who,
        typist=who,
        role=row["role"],
        incident=UUID(int=1),
        order=UUID(int=2),
        duty=None,
        place=place,
        organisation=UUID(int=3),
        area="430181105201",
        category="worship",
        duty_due_at=None,
        body=body,
        occurred_at=moment,
        stated=False,
        day=moment.date(),
        quarantine=row["quarantine"],
    )


def _record_id(n: int) -> UUID:
    return UUID(f"0190e5a2-{n:04d}-7000-8000-000000000000")


def _named(target: str) -> UUID:
    """Return the id of ``record 1``, or of the matter ``venue_open 1``: the one that record 1 opened."""
    name, n = target.split(" ")
    return _record_id(int(n)) if name == "record" else fold.matter_id(_fact(_row(int(n), 0)), name)


SECRETS = {"phone": "a phone's secret, for vectors alone", "server": "the server's secret, for vectors alone"}
_SENT = {"method": "POST", "path": "/field/records", "query": "", "content": '{"note":"表","v":1}'}
_ASKED = {"method": "GET", "path": "/field/head", "query": f"chain={CHAIN}", "content": ""}
_ANSWERED = {"status": 200, "content": '{"now":1647921600000}'}


def signatures() -> dict[str, Any]:
    """Return keys, requests and an answer with what is signed of them and how, and requests that must be refused."""
    keys = {name: crypto.key_of(secret) for name, secret in SECRETS.items()}
    signers = (("phone", DEVICE, _SENT), ("phone", DEVICE, _ASKED), ("server", _public(keys["server"]), _ANSWERED))
    return {
        "keys": {
            name: {"secret": secret, "private": _private(keys[name]), "public": _public(keys[name])}
            for name, secret in SECRETS.items()
        },
        "signed": [
            {
                "key": name,
                "keyid": key_id,
                "message": message,
                "base": signature._base(*_covered(message), key_id).decode(),
                "headers": _signed(keys[name], key_id, message),
            }
            for name, key_id, message in signers
        ],
        "refused": [{"why": why, "key": "phone", **case} for why, case in _forged(keys).items()],
    }


def _signed(key: crypto.PrivateKey, key_id: str, message: dict[str, Any]) -> dict[str, str]:
    content = message["content"].encode()
    if "status" in message:
        return signature.sign_answer(key, key_id, message["status"], content)
    return signature.sign_request(key, key_id, message["method"], message["path"], message["query"], content)


def _covered(message: dict[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    digest = signature.digest(message["content"].encode())
    if "status" in message:
        return signature._ANSWER, (str(message["status"]), digest)
    return signature._REQUEST, (message["method"], message["path"], f"?{message['query']}", digest)


def _forged(keys: dict[str, crypto.PrivateKey]) -> dict[str, dict[str, Any]]:
    good = _signed(keys["phone"], DEVICE, _SENT)
    named, text = good[signature.INPUT], good[signature.SIGNATURE]
    covered, _, parameters = named.partition(";")
    messages = {
        "another content": {"content": '{"note":"衣","v":1}'},
        "another method": {"method": "PUT"},
        "another path": {"path": "/field/heartbeat"},
        "another query": {"query": "again"},
    }
    changed = {
        "for another device": {signature.INPUT: named.replace(DEVICE, CHAIN)},
        "a digest of other content": {signature.DIGEST: signature.digest(b"")},
        "a digest by another algorithm": {signature.DIGEST: good[signature.DIGEST].replace("sha-256", "sha-512")},
        "another label": {
            signature.INPUT: named.replace("tongxin", "sig1"),
            signature.SIGNATURE: text.replace("tongxin", "sig1"),
        },
        "bits after the last byte": {signature.SIGNATURE: text[:-4] + chr(ord(text[-4]) + 1) + text[-3:]},
        "a space": {signature.INPUT: named.replace(";", "; ")},
        "no signature": {signature.SIGNATURE: ""},
    }
    otherwise = {
        "parameters in another order": f'{covered};alg="{signature.ALGORITHM}";keyid="{DEVICE}"',
        "no algorithm": f'{covered};keyid="{DEVICE}"',
        "a time": f"{covered};created=1647921600;{parameters}",
        "fewer parts": named.replace(' "@query"', ""),
    }
    cases = {why: {"message": _SENT | parts, "headers": good} for why, parts in messages.items()}
    cases |= {why: {"message": _SENT, "headers": good | headers} for why, headers in changed.items()}
    cases |= {why: {"message": _SENT, "headers": good | _otherwise(keys["phone"], wanted)} for why, wanted in otherwise.items()}
    cases["another key"] = {"message": _SENT, "headers": _signed(keys["server"], DEVICE, _SENT)}
    for why, case in cases.items():
        if _verifies(crypto.public(keys["phone"]), case["message"], case["headers"]):
            raise AssertionError(f"this is signed: {why}")
    return cases


def _otherwise(key: crypto.PrivateKey, named: str) -> dict[str, str]:
    """Sign a request rightly, over what another ``Signature-Input`` says."""
    *lines, _ = signature._base(*_covered(_SENT), DEVICE).decode().split("\n")
    covered = [line for line in lines if line.partition(":")[0] in named]
    base = "\n".join([*covered, f'"@signature-params": {named.removeprefix("tongxin=")}'])
    made = base64.b64encode(crypto.sign(key, base.encode())).decode()
    return {signature.INPUT: named, signature.SIGNATURE: f"tongxin=:{made}:"}


def _verifies(key: bytes, message: dict[str, Any], headers: dict[str, str]) -> bool:
    try:
        signature.verify_request(key, headers, message["method"], message["path"], message["query"], message["content"].encode())
    except signature.BadSignatureError:
        return False
    return True


def _private(key: crypto.PrivateKey) -> str:
    return f"{key.private_numbers().private_value:064x}"


def _public(key: crypto.PrivateKey) -> str:
    return crypto.to_text(crypto.public(key))


STORIES = (_usual_evening, _lost_answers, _restored_server, _fork, _too_large_then_refused)


def everything() -> dict[str, Any]:
    """Return the content of every file."""
    made = {"record": records(), "time": times(), "batch": batches(), "client": conversations()}
    return {**made, "answers": answers(), "fold": folds(), "signature": signatures()}


def text(content: Any) -> str:
    """Return a file's text."""
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    for name, content in everything().items():
        (FOLDER / f"{name}.json").write_text(text(content), "utf-8")
