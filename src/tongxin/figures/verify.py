"""A second path: every cell again, straight from the stored bytes, sharing no code with the first.

It reads no extracted answer, no matter and no condition of the first path: chains are re-hashed, bytes parsed with the
standard library, times settled and matters followed anew. What it takes from the record's row is only what the bytes cannot
say: the snapshot of area, category, organisation and place at append, and the mark.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tongxin.figures.models import Cell
from tongxin.figures.queries import cursor
from tongxin.ledger.queries import stored_bytes
from tongxin.playbook.registry import activities

_SHANGHAI = timedelta(hours=8)
CellName = tuple[str, ...]


@dataclass
class Difference:
    """A cell, or a record, on which the two paths disagree."""

    where: str
    stored: str
    recomputed: str


def verify(ledger: str) -> tuple[int, int, list[Difference]]:
    """Recompute all cells of a ledger up to its cursor; return (records read, cells compared, differences)."""
    faults: list[Difference] = []
    facts = list(_facts(ledger, cursor(ledger), faults))
    wanted = _cells(facts)
    held = {_name(cell): (cell.records, cell.amount) for cell in Cell.objects.filter(ledger=ledger).iterator()}
    faults += [
        Difference(" / ".join(name), _show(held.get(name)), _show(wanted.get(name)))
        for name in sorted(wanted.keys() | held.keys())
        if wanted.get(name) != held.get(name)
    ]
    return len(facts), len(held), faults


def _name(cell: Cell) -> CellName:
    parts = (cell.incident, cell.figure, cell.day, cell.area, cell.organisation, cell.category, cell.key)
    return tuple(str(part) for part in parts)


def _show(pair: tuple[int, int] | None) -> str:
    return "—" if pair is None else f"{pair[1]} ({pair[0]})"


def _facts(ledger: str, upto: int, faults: list[Difference]) -> Iterable[dict[str, Any]]:
    """Yield every record that counts as one dict, having checked its chain, its hash and its settled time."""
    prev, last_chain, last_time = "", None, datetime(1970, 1, 1, tzinfo=UTC)
    for row in stored_bytes(ledger, upto):
        position, data, stored_hash, device, chain, seq, member, mark, occurred, received, *snapshot = row
        data = bytes(data)
        if (device, chain) != last_chain:
            prev, last_chain, last_time = "", (device, chain), datetime(1970, 1, 1, tzinfo=UTC)
        computed = hashlib.sha256(prev.encode() + data).hexdigest()
        if computed != stored_hash:
            faults.append(Difference(f"record {position}: hash", stored_hash, computed))
        prev, last_time = stored_hash, occurred if mark else max(_wall(data, received), last_time)
        if mark:
            continue
        if last_time != occurred:
            faults.append(Difference(f"record {position}: occurred_at", str(occurred), str(last_time)))
        area, category, organisation, place, incident = snapshot
        content = json.loads(data)
        yield {
            "order_key": (last_time, str(device), str(chain), seq), "at": last_time, "activity": content["activity"],
            "body": content["body"], "member": str(member), "duty": content["duty"], "place": str(place),
            "day": (last_time + _SHANGHAI).date().isoformat(),
            "where": (str(incident), (last_time + _SHANGHAI).date().isoformat(), area, str(organisation), category),
        }  # fmt: skip


def _wall(data: bytes, received: datetime) -> datetime:
    milliseconds = json.loads(data)["wall"]
    return min(
        datetime.fromtimestamp(milliseconds // 1000, UTC) + timedelta(milliseconds=milliseconds % 1000),
        received,
    )


def _cells(facts: Iterable[Mapping[str, Any]]) -> dict[CellName, tuple[int, int]]:
    """Count again: records and distinct things directly, matters by walking each subject's records in order."""
    sums: dict[CellName, list[int]] = defaultdict(lambda: [0, 0])
    subjects: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for fact in facts:
        rules = activities()[fact["activity"]]
        whom = fact["place"] if rules.subject == "place" else f"{fact['member']}/{fact['duty']}"
        subjects[fact["activity"], whom].append(fact)
        for rule in rules.figure:
            words = rule.count.split()
            if words[0] in ("records", "distinct") and _is(rule.when, fact["body"]):
                _add(
                    sums,
                    fact,
                    rule.name,
                    "/".join(fact[noun] for noun in words[1:]) if words[0] == "distinct" else "",
                    1,
                )
    for (name, _), rows in subjects.items():
        _count_matters(sums, name, sorted(rows, key=lambda row: row["order_key"]))
    return {name: (pair[0], pair[1]) for name, pair in sums.items()}


def _add(sums: dict[CellName, list[int]], fact: Mapping[str, Any], figure: str, key: str, amount: int) -> None:
    incident, day, area, organisation, category = fact["where"]
    pair = sums[incident, f"{fact['activity']}.{figure}", day, area, organisation, category, key]
    pair[0] += 1
    pair[1] += amount


def _is(condition: str, body: Mapping[str, Any]) -> bool:
    """Read “question op word” anew, by comparing the written form of the answer."""
    if not condition:
        return True
    question, op, word = condition.split()
    if question not in body:
        return False
    answer: Any = body[question]
    if isinstance(answer, bool):
        answer = "yes" if answer else "no"
    wanted: Any = word if isinstance(answer, str) else float(word)
    outcome: dict[str, bool] = {
        "=": answer == wanted,
        "!=": answer != wanted,
        "<": answer < wanted,
        "<=": answer <= wanted,
        ">": answer > wanted,
        ">=": answer >= wanted,
    }
    return outcome[op]


def _count_matters(sums: dict[CellName, list[int]], name: str, rows: list[Mapping[str, Any]]) -> None:
    rules = activities()[name]
    for matter in rules.matter:
        pairs: list[tuple[Mapping[str, Any], Mapping[str, Any] | None]] = []
        for row in rows:
            is_open = bool(pairs) and pairs[-1][1] is None
            if is_open and _is(matter.closes, row["body"]):
                pairs[-1] = (pairs[-1][0], row)
            elif not is_open and _is(matter.opens, row["body"]):
                pairs.append((row, None))
        for rule in rules.figure:
            verb, *nouns = rule.count.split()
            if nouns == [matter.name]:
                _count_pairs(sums, rule.name, verb, pairs)


def _count_pairs(
    sums: dict[CellName, list[int]],
    figure: str,
    verb: str,
    pairs: list[tuple[Mapping[str, Any], Mapping[str, Any] | None]],
) -> None:
    for start, end in pairs:
        if verb == "opened":
            _add(sums, start, figure, "", 1)
        elif end is not None and verb == "closed":
            _add(sums, end, figure, "", 1)
        elif end is not None and verb == "duration":
            _add(sums, start, figure, "", round((end["at"] - start["at"]) / timedelta(milliseconds=1)))
