"""What must hold once all faults have stopped and every phone is quiet. Each check yields what is wrong."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import httpx
from bench.homes import BenchError
from bench.torment.arena import BACK, LEDGER, Arena
from bench.torment.count import DICTIONARIES, ROWS, Row, counted, rows_are_whole, unpacked
from bench.torment.phone import Phone
from bench.torment.traffic import Given, Traffic

from tongxin.base import clock

SETTLING = 30.0
"""Seconds that the figures get to come to the ledger's end."""


@dataclass(frozen=True)
class Stored:
    """What is in the ledger of a schedule: its rows, and the position before the first."""

    after: int
    rows: Sequence[Row]
    by_place: dict[tuple[str, str, int], Row]


def position(arena: Arena) -> int:
    """Return the ledger's last position, by the rows themselves."""
    return int(arena.fetch("SELECT coalesce(max(position), 0) FROM ledger_record WHERE ledger = %s", LEDGER)[0][0])


def stored(arena: Arena, after: int) -> Stored:
    """Read everything that a schedule has left."""
    dictionaries = dict(arena.fetch(DICTIONARIES))
    rows = [Row(*row) for row in arena.fetch(ROWS, LEDGER, after)]
    rows = [replace(row, bytes=unpacked(row.bytes, dictionaries)) for row in rows]
    return Stored(after, rows, {(str(row.device), str(row.chain), row.seq): row for row in rows})


def complaints(arena: Arena, incident: str, phones: Sequence[Phone], traffic: Traffic, held: Stored) -> Iterator[str]:
    """Yield everything that is wrong with how a schedule ended."""
    yield from traffic.complaints
    for given in traffic.given:
        yield from _acknowledged(given, held)
    yield from rows_are_whole(held.rows, held.after)
    for phone in phones:
        yield from _phone(phone, held)
    yield from _marks(phones, held)
    yield from _heads(arena, held)
    yield from _figures(arena, incident, held)


def _acknowledged(given: Given, held: Stored) -> Iterator[str]:
    """A record with a receipt is in the ledger, byte for byte, where the receipt says."""
    receipt = given.receipt
    row = held.by_place.get((given.device, given.chain, receipt.seq))
    if row is None:
        yield f"lost: {given.device} has a receipt for number {receipt.seq} of chain {given.chain}, which is not there"
        return
    there = (row.position, row.hash.hex(), row.bytes, row.mark or None, clock.to_ms(row.received), clock.to_ms(row.occurred))
    said = (receipt.position, receipt.hash, given.text.encode(), receipt.quarantine, receipt.received, receipt.occurred)
    if there != said:
        yield f"the receipt of record {row.position} says {said}, the ledger {there}"


def _phone(phone: Phone, held: Stored) -> Iterator[str]:
    """What a phone has on its disk is in the ledger, and the phone knows it."""
    client = phone.client
    waiting = list(client.waiting())
    if waiting:
        yield f"stuck: {client.device} still holds {len(waiting)} records without a receipt"
    ids = {str(row.id) for row in held.rows if str(row.device) == client.device}
    for chain in client.chains.values():
        for kept in chain.records[: chain.length]:
            row = held.by_place.get((client.device, chain.id, kept.seq))
            if row is None or row.bytes != kept.text.encode():
                yield f"lost: number {kept.seq} of chain {chain.id} is on the disk of {client.device} and not in the ledger"
        for kept in chain.records[chain.length :]:
            if kept.id not in ids:
                yield f"lost: {kept.id} left chain {chain.id} of {client.device} and did not come in on another"


def _marks(phones: Sequence[Phone], held: Stored) -> Iterator[str]:
    """What was spoiled is marked as it should be, and nothing beside it is."""
    allowed = {hash_: marks for phone in phones for hash_, marks in phone.spoiled.items()}
    for row in held.rows:
        if row.mark not in allowed.get(row.hash.hex(), {""}):
            yield f"record {row.position} has the mark “{row.mark}”: {row.bytes[:200]!r}"


def _heads(arena: Arena, held: Stored) -> Iterator[str]:
    """The chains' heads and the ledger's counter are those of the records."""
    ends = {(row.device, row.chain): (row.seq, row.hash) for row in held.rows}
    query = "SELECT device, chain, last_seq, last_hash FROM ledger_head WHERE ledger = %s AND device = ANY(%s)"
    heads = arena.fetch(query, LEDGER, list({row.device for row in held.rows}))
    if {(device, chain): (seq, hash_) for device, chain, seq, hash_ in heads} != ends:
        yield f"heads {heads} are not the ends of the chains {ends}"
    counter = arena.fetch("SELECT position FROM ledger_counter WHERE ledger = %s", LEDGER)
    if held.rows and counter != [(held.rows[-1].position,)]:
        yield f"the counter stands at {counter}, the last record at {held.rows[-1].position}"


def _figures(arena: Arena, incident: str, held: Stored) -> Iterator[str]:
    """The desk's figures are those that the raw bytes come to."""
    deadline = time.monotonic() + SETTLING
    while (found := arena.figures(incident))["behind"]:
        if time.monotonic() > deadline:
            yield f"the figures are still {found['behind']} records behind after {SETTLING:.0f} s"
            return
        time.sleep(0.05)
    expected = counted(held.rows)
    if found["figures"] != expected:
        yield f"the figures are {found['figures']}, the bytes come to {expected}"


def until_it_answers(url: str) -> float:
    """Return how many seconds a door takes to say that it is well; raise BenchError if it does not in time."""
    began = time.monotonic()
    while not _is_well(url):
        if time.monotonic() - began > BACK:
            raise BenchError(f"stuck: {url} does not answer {BACK:.0f} s after the last kill")
        time.sleep(0.02)
    return time.monotonic() - began


def _is_well(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", trust_env=False, timeout=10).is_success
    except httpx.TransportError:
        return False


def unacknowledged(traffic: Traffic, held: Stored) -> int:
    """Count sendings that were committed although their answer never came."""
    received = {row.hash.hex(): clock.to_ms(row.received) for row in held.rows}
    known: dict[str, int] = {}
    for given in traffic.given:
        known[given.receipt.hash] = min(given.at, known.get(given.receipt.hash, given.at))
    return sum(
        any(
            sending.began <= received.get(hash_, 0) <= sending.ended < known.get(hash_, sending.ended + 1)
            for hash_ in sending.hashes
        )
        for sending in traffic.unanswered
    )
