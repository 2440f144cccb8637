"""Intakes that commit: two of them at once, and one whose database goes away and comes back."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from threading import Event

import msgspec
from django.db.models import Count, Max
from tests.cast import COUNTY, Phone
from tests.elsewhere import Elsewhere, There
from tests.host.helpers import eventually

from tongxin.field.intake import Intake
from tongxin.field.writer import Writer
from tongxin.figures.actions import catch_up
from tongxin.figures.verify import verify
from tongxin.ledger.actions import Sending
from tongxin.ledger.models import Record
from tongxin.ledger.queries import head, position
from tongxin.protocol.messages import Answer, Batch

LEDGER = COUNTY[:6]
OPEN = {"open": True, "gathering": False}
BATCHES, LARGE, SMALL = 12, 40, 1
"""Whoever writes little would overtake whoever writes much, if nobody made them take turns."""


@dataclass
class Taken:
    """When a batch was sent and answered, and the positions that it got."""

    sent: float
    answered: float
    positions: list[int]


def test_two_intakes_that_write_at_once_leave_no_hole_and_every_chain_whole(elsewhere: Elsewhere, night: datetime) -> None:
    url = elsewhere.database.app_url
    with There(url) as one, There(url) as other, There(url) as watcher, ThreadPoolExecutor(2) as loops:
        phones = [one.do(elsewhere.cast.phone) for _ in range(6)]
        before, done = watcher.do(position, LEDGER), Event()
        seen = watcher.submit(_watch, done)
        halves = ((one, phones[:3], LARGE), (other, phones[3:], SMALL))
        writing = [loops.submit(asyncio.run, _send(Writer(there), half, size, night)) for there, half, size in halves]
        wait(writing)
        done.set()
        taken = [batch for half in writing for batch in half.result()]
        assert seen.result() == [], "nobody ever saw a position whose forerunner was not there yet"
        held = watcher.do(lambda: list(Record.objects.order_by("position").values_list("position", flat=True)))
        assert held == list(range(1, before + 3 * BATCHES * (LARGE + SMALL) + 1))
        assert sorted(at for batch in taken for at in batch.positions) == held[before:]
        for batch in taken:
            assert all(max(batch.positions) < min(later.positions) for later in taken if batch.answered < later.sent)
        heads = [watcher.do(head, LEDGER, phone.device, phone.chain) for phone in phones]
        assert [(at["last_seq"], at["last_hash"]) for at in heads] == [(phone.seq, phone.prev) for phone in phones]
        watcher.do(catch_up, LEDGER)
        assert watcher.do(verify, LEDGER)[2] == []


def _watch(done: Event) -> list[tuple[int, int]]:
    """Look again and again, until all is done; return what had a hole."""
    holes = []
    while not done.is_set():
        seen = Record.objects.aggregate(held=Count("position"), last=Max("position"))
        if seen["held"] != (seen["last"] or 0):
            holes.append((seen["held"], seen["last"]))
    return holes


async def _send(writer: Writer, phones: list[Phone], size: int, night: datetime) -> list[Taken]:
    taken = await asyncio.gather(*(_batches(writer, phone, size, night) for phone in phones))
    return [batch for chain in taken for batch in chain]


async def _batches(writer: Writer, phone: Phone, size: int, night: datetime) -> list[Taken]:
    taken = []
    for _ in range(BATCHES):
        first = phone.seq + 1
        content = phone.batch(first, *(phone.record(night, OPEN) for _ in range(size)))
        sent = time.monotonic()
        outcome = await writer.append(LEDGER, Sending(str(phone.device), msgspec.json.decode(content, type=Batch)))
        assert isinstance(outcome, Answer), outcome
        taken.append(Taken(sent, time.monotonic(), [receipt.position for receipt in outcome.receipts]))
    return taken


def test_a_database_that_goes_away_is_said_to_be_and_nothing_is_lost_or_doubled(elsewhere: Elsewhere, night: datetime) -> None:
    url = elsewhere.database.app_url
    with There(url) as writes, There(url) as reads:
        phone, stranger = reads.do(elsewhere.cast.phone), reads.do(elsewhere.cast.phone)
        stranger.at = phone.at = (Intake(writes=writes, reads=reads), phone.at[1])
        texts = [phone.record(night, OPEN) for _ in range(2)]
        first = phone.post(1, texts[0]).json()["receipts"]
        elsewhere.shut()
        try:
            for refusal in (phone.post(2, texts[1]), phone.post(2, texts[1]), stranger.get(f"head?chain={stranger.chain}")):
                assert (refusal.status_code, refusal.json()["problem"]["code"]) == (503, "field.away")
                assert refusal.headers["Retry-After"] == "1"
        finally:
            elsewhere.open()
        eventually(lambda: phone.post(2, texts[1]).status_code == 200, "records are taken in again")
        eventually(lambda: stranger.get(f"head?chain={stranger.chain}").status_code == 200, "heads are told again")
        receipts = phone.post(1, *texts).json()["receipts"]
        assert receipts[:1] == first
        assert [receipt["position"] for receipt in receipts] == [first[0]["position"], first[0]["position"] + 1]
