"""A second path: what the records come to, straight from the stored bytes, sharing no code with the first.

It is written from docs/protocol.md. Chains are hashed again, bytes read with the standard library, times settled; what was read
is folded by ``second_fold``, counted by ``second_cells`` and compared with what is stored. What it takes from a record's row is
only what bytes cannot say:
the mark, the snapshots of place, area, category, organisation, incident and role, and the evidence for the time.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from tongxin.figures import second_cells, second_fold
from tongxin.figures.models import Cell, Day, Total
from tongxin.figures.queries import cursor
from tongxin.figures.second_cells import Name
from tongxin.figures.second_fold import ROLES, Content, Held
from tongxin.ledger.models import Matter
from tongxin.ledger.queries import stored_bytes
from tongxin.playbook.registry import versions
from tongxin.playbook.schema import Activity

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RELEASABLE = ("ledger.not_ordered", "ledger.no_authority")
STATES_NOTHING = ("ledger.unreadable", "ledger.wrong_envelope", "ledger.bad_act")
"""Marks of records that were not understood as far as their stated time."""
MOST_BYTES, MOST_SUBJECT = 65_536, 80
MOST_WHOLE, MOST_DECIMAL, MOST_PLACES = 2**53 - 1, 10**12, 3


@dataclass
class Difference:
    """A record, a cell or a matter on which the two paths disagree."""

    where: str
    stored: str
    recomputed: str


def verify(ledger: str) -> tuple[int, int, list[Difference]]:
    """Recompute a ledger up to its cursor; return (records that count, cells compared, differences)."""
    faults: list[Difference] = []
    database = second_fold.empty()
    upto = cursor(ledger)
    read = _read_all(database, stored_bytes(ledger, upto), faults)
    if read != upto:
        faults.append(Difference("records", str(upto), str(read)))
    matters = second_fold.fold(database)
    second_cells.count(database, matters)
    held = {_name(cell): (cell.records, cell.amount) for cell in _stored_cells(ledger)}
    faults += _differences(held, dict(second_cells.cells(database)), " / ".join)
    faults += _differences(_stored_totals(ledger), dict(second_cells.totals(database)), " / ".join)
    faults += _differences(_stored_days(ledger), dict(second_cells.days(database)), " / ".join)
    faults += _differences(_stored_matters(ledger), {m.id: m.held for m in matters}, lambda id_: f"matter {id_}")
    return second_fold.counting(database), len(held), faults


def _stored_cells(ledger: str) -> Iterable[Cell]:
    return Cell.objects.filter(ledger=ledger).iterator()


def _name(cell: Cell) -> Name:
    parts = (cell.incident, cell.figure, cell.day, cell.area, cell.organisation, cell.category, cell.key)
    return tuple(str(part) for part in parts)


def _stored_totals(ledger: str) -> dict[Name, tuple[int, int]]:
    names = ("incident", "figure", "area", "organisation", "category", "key")
    rows = Total.objects.filter(ledger=ledger).values_list(*names, "records", "amount")
    return {tuple(map(str, name)): (records, amount) for *name, records, amount in rows.iterator()}


def _stored_days(ledger: str) -> dict[Name, tuple[int, int]]:
    rows = Day.objects.filter(ledger=ledger).exclude(cells=0).values_list("incident", "figure", "day", "cells", "amount")
    return {tuple(map(str, name)): (cells, amount) for *name, cells, amount in rows.iterator()}


def _stored_matters(ledger: str) -> dict[str, Held]:
    fields = ("id", "name", "opened", "closed", "merged", "again", "organisation")
    rows = Matter.objects.filter(ledger=ledger, until__isnull=True).values_list(*fields)
    return {str(id_): (*held, str(answerable)) for id_, *held, answerable in rows.iterator()}


def _differences(held: Mapping[Any, object], wanted: Mapping[Any, object], where: Callable[[Any], str]) -> Iterator[Difference]:
    for name in sorted(held.keys() | wanted.keys()):
        if held.get(name) != wanted.get(name):
            yield Difference(where(name), _show(held.get(name)), _show(wanted.get(name)))


def _show(value: object) -> str:
    """Return “—” for what is not there, “amount (records)” for a cell, and a matter's words."""
    match value:
        case (records, amount):
            return f"{amount} ({records})"
        case (name, opened, closed, merged, again, answerable):
            return f"{name}: opened {opened}, closed {closed}, merged {merged}, looked at again {again}, answerable {answerable}"
    return "—"


# Bytes, chains and times


@dataclass
class _Chain:
    """How far a chain was read: its name, last hash, last settled time and the least that bounds it."""

    name: tuple[Any, Any] | None = None
    prev: str = ""
    occurred: int = 0
    earliest: int | None = None

    def settle(self, content: Content | None, received: int, sent_mono: int | None) -> int:
        """Settle the next record's time."""
        self.occurred, self.earliest = _settled(self, content, received, sent_mono) if content else (received, None)
        return self.occurred


def _least(duration: int) -> int:
    """Return what surely passed on a clock that is off by at most a thousandth."""
    return duration * 999 // 1000


def _settled(before: _Chain, content: Content, received: int, sent_mono: int | None) -> tuple[int, int | None]:
    mono, latest, earliest = content["mono"], received, before.earliest
    if sent_mono is not None and sent_mono >= mono:
        latest = received - _least(sent_mono - mono)
    if content["seen"] and mono >= content["seen"][1]:
        heard = content["seen"][0] + _least(mono - content["seen"][1])
        earliest = heard if earliest is None else max(earliest, heard)
    if earliest is not None and earliest > latest:
        earliest = None
    believed = max(0, min(latest, content["wall"] if earliest is None else max(content["wall"], earliest)))
    return min(received, max(believed, before.occurred)), earliest


def _read_all(database: sqlite3.Connection, rows: Iterable[tuple[Any, ...]], faults: list[Difference]) -> int:
    """Read every record, compare its hash and time, and keep it if it can take part; return how many there are."""
    names = (
        "position", "bytes", "hash", "device", "chain", "seq", "typist", "role", "mark", "occurred_at", "received_at",
        "sent_mono", "area", "category", "organisation", "place", "incident",
    )  # fmt: skip
    chain, read = _Chain(), 0
    for read, values in enumerate(rows, start=1):  # noqa: B007 - how many there were
        row = dict(zip(names, values, strict=True))
        if chain.name != (row["device"], row["chain"]):
            chain = _Chain((row["device"], row["chain"]))
        data = row["bytes"]
        computed = hashlib.sha256(chain.prev.encode() + data).hexdigest()
        faults += _compare(row, "hash", computed)
        chain.prev = row["hash"]
        content = _content(data)
        received = (row["received_at"] - EPOCH) // timedelta(milliseconds=1)
        settled = chain.settle(content, received, row["sent_mono"])
        stated = content["at"] if content and row["mark"] not in STATES_NOTHING else None
        at = settled if stated is None else max(0, min(stated, received))
        faults += _compare(row, "occurred_at", EPOCH + timedelta(milliseconds=at))
        faults += _keep(database, row, content, at)
    return read


def _compare(row: Mapping[str, Any], name: str, computed: object) -> list[Difference]:
    if row[name] == computed:
        return []
    return [Difference(f"record {row['position']}: {name}", str(row[name]), str(computed))]


def _keep(database: sqlite3.Connection, row: Mapping[str, Any], content: Content | None, at: int) -> list[Difference]:
    """Put a record into the database if its mark lets it take part."""
    if row["mark"] and row["mark"] not in RELEASABLE:
        return []
    activity = versions().get(content["activity_hash"]) if content else None
    if content is None or activity is None:
        return _compare(row, "mark", "ledger.unreadable" if content is None else "ledger.unknown_activity")
    member = content["speaker"] or str(row["typist"])
    names = ("place", "area", "category", "organisation", "incident")
    snapshots = [None if row[name] is None else str(row[name]) for name in names]
    database.execute(
        f"INSERT INTO record VALUES ({', '.join('?' * 24)})",  # noqa: S608 - question marks
        (
            row["position"], content["id"], str(row["device"]), str(row["chain"]), row["seq"], at, content["at"] is not None,
            row["mark"], content["act"], content["target"], content["activity"], content["activity_hash"],
            _subject(activity, content, str(row["place"]), member), member, str(row["typist"]), ROLES.index(row["role"]),
            content["order"], content["duty"], *snapshots, json.dumps(content["body"]),
        ),
    )  # fmt: skip
    return []


def _subject(activity: Activity, content: Content, place: str, member: str) -> str:
    if content["act"] != "report" and content["subject"]:
        return str(content["subject"])[:MOST_SUBJECT]
    kind, _, question = activity.subject.partition(" ")
    if kind == "record":
        return str(content["subject"] or content["id"])
    return str({"place": place, "member": member}.get(kind, content["body"].get(question)))[:MOST_SUBJECT]


_TEXT, _WHOLE, _NULL = (str,), (int,), (type(None),)
_FORM: dict[str, tuple[type, ...]] = {
    "v": _WHOLE, "id": _TEXT, "device": _TEXT, "chain": _TEXT, "seq": _WHOLE, "prev": _TEXT, "follows": _TEXT + _NULL,
    "act": _TEXT, "target": _TEXT + _NULL, "activity": _TEXT, "activity_hash": _TEXT, "order": _TEXT, "place": _TEXT + _NULL,
    "duty": _TEXT + _NULL, "subject": _TEXT + _NULL, "speaker": _TEXT + _NULL, "channel": _TEXT, "wall": _WHOLE, "boot": _TEXT,
    "mono": _WHOLE, "seen": (list, *_NULL), "at": _WHOLE + _NULL, "body": (dict,),
}  # fmt: skip
_ACTS = ("report", "correct", "withdraw", "release", "merge", "approve", "settle", "reassign")
_CHANNELS = ("phone", "desk", "call", "paper", "import")


def _content(data: bytes) -> Content | None:
    """Return what a record says; None if its bytes are not a record in the one way to write it."""
    try:
        found = json.loads(data.decode(), parse_int=_whole, parse_float=_decimal, parse_constant=_refuse)
        written = json.dumps(found, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return None
    return found if written == data and len(data) <= MOST_BYTES and isinstance(found, dict) and _is_record(found) else None


def _is_record(found: Content) -> bool:
    if found.keys() != _FORM.keys() or any(type(found[key]) not in types for key, types in _FORM.items()):
        return False
    heard = found["seen"] is None or [type(part) for part in found["seen"]] == [int, int]
    return heard and found["act"] in _ACTS and found["channel"] in _CHANNELS


def _whole(text: str) -> int:
    number = int(text)
    return number if abs(number) <= MOST_WHOLE else _refuse(text)


def _decimal(text: str) -> float:
    number = float(text)
    plain = "e" not in text.lower() and len(text.partition(".")[2]) <= MOST_PLACES and not number.is_integer()
    return number if plain and abs(number) < MOST_DECIMAL else _refuse(text)


def _refuse(text: str) -> NoReturn:
    raise ValueError(text)
