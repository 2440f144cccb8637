"""What goes wrong between a phone and the intake: bodies without end, calls that go nowhere, phones that hang up."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import suppress
from datetime import datetime
from typing import Any

import httpx
import msgspec
import pytest
from tests.cast import COUNTY, Cast, Here, Phone, call, intake_here

from tongxin.field import intake as intakes
from tongxin.field.intake import MOST_BYTES, Intake, make_app
from tongxin.field.limits import Limiter
from tongxin.field.writer import Writer
from tongxin.ledger.actions import Outcome, Sending
from tongxin.ledger.models import Record
from tongxin.protocol.messages import Answer, Batch

OPEN = {"open": True, "gathering": False}
RECORDS = "/field/records"


@pytest.fixture
def phone(cast: Cast) -> Phone:
    return cast.phone()


def test_a_body_of_unknown_length_is_read_no_further_than_will_do(phone: Phone) -> None:
    given = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal given
        while given < 5 * MOST_BYTES:
            given += 1_000_000
            yield bytes(1_000_000)

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(make_app(phone.at[0]))
        async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
            return await client.post(RECORDS, content=body())

    refusal = phone.at[1].run(send())
    assert "Content-Length" not in refusal.request.headers
    assert (refusal.status_code, refusal.json()["problem"]["code"]) == (413, "door.too_large")
    assert given <= MOST_BYTES + 2_000_000


def test_batches_of_one_chain_that_come_at_once_are_taken_one_after_the_other(phone: Phone, night: datetime) -> None:
    phone.says(night, OPEN)  # from now on the intake knows the phone, and asks nobody about it
    batches = [phone.batch(seq, phone.record(night, OPEN)) for seq in range(2, 7)]

    async def all_at_once() -> list[httpx.Response]:
        return await asyncio.gather(*(_post(phone, batch) for batch in batches))

    answers = phone.at[1].run(all_at_once())
    assert [answer.status_code for answer in answers] == [200] * 5
    assert [answer.json()["receipts"][0]["position"] for answer in answers] == [2, 3, 4, 5, 6]
    assert answers[-1].json()["head"]["last_hash"] == phone.prev


async def _post(phone: Phone, batch: bytes) -> httpx.Response:
    return await call(phone.at[0], "POST", RECORDS, batch, phone.signature("POST", RECORDS, batch))


class Watched(Executor):
    """Hands work on, and lets whoever waits know that it came."""

    def __init__(self, there: Here) -> None:
        self.there, self.came = there, asyncio.Event()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        self.came.set()
        return self.there.submit(fn, *args, **kwargs)


def test_what_a_phone_sent_before_it_hung_up_is_kept_and_gets_the_same_receipts(phone: Phone, night: datetime) -> None:
    here = Here()
    writes = Watched(here)
    phone.at = Intake(writes=writes, reads=here), here
    batch = phone.batch(1, phone.record(night, OPEN), phone.record(night, OPEN))

    async def hang_up_and_come_back() -> tuple[int, httpx.Response]:
        first = asyncio.create_task(_post(phone, batch))
        await writes.came.wait()
        first.cancel()
        with suppress(asyncio.CancelledError):
            await first
        held = await asyncio.wrap_future(here.submit(Record.objects.count))
        return held, await _post(phone, batch)

    held, again = here.run(hang_up_and_come_back())
    assert (held, again.status_code) == (2, 200)
    assert [receipt["position"] for receipt in again.json()["receipts"]] == [1, 2]
    assert phone.send("records", batch).json() == again.json()
    assert Record.objects.count() == 2


def test_whoever_waits_beside_a_phone_that_hung_up_is_answered(cast: Cast, night: datetime) -> None:
    here = Here()
    writes = Watched(here)
    writer = Writer(writes)
    batches = [(phone, phone.batch(1, phone.record(night, OPEN))) for phone in (cast.phone(), cast.phone())]
    sendings = [Sending(str(phone.device), msgspec.json.decode(batch, type=Batch)) for phone, batch in batches]

    async def one_hangs_up() -> Outcome:
        gone, stays = (asyncio.create_task(writer.append(COUNTY[:6], sending)) for sending in sendings)
        await writes.came.wait()
        gone.cancel()
        return await asyncio.wait_for(stays, 20)

    outcome = here.run(one_hangs_up())
    assert isinstance(outcome, Answer)
    assert [receipt.position for receipt in outcome.receipts] == [2]


def test_a_phone_that_hangs_up_while_it_speaks_is_no_failure_and_stores_nothing(
    phone: Phone, night: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    batch = phone.batch(1, phone.record(night, OPEN))
    headers = [(name.lower().encode(), text.encode()) for name, text in phone.signature("POST", RECORDS, batch).items()]
    heard: Iterator[dict[str, Any]] = iter(
        [{"type": "http.request", "body": batch[:20], "more_body": True}, {"type": "http.disconnect"}]
    )
    said: list[Any] = []

    async def receive() -> dict[str, Any]:
        return next(heard)

    async def send(message: Any) -> None:
        said.append(message)

    scope = {"type": "http", "method": "POST", "path": RECORDS, "query_string": b"", "headers": headers}
    phone.at[1].run(make_app(phone.at[0])(scope, receive, send))
    assert (said[0]["status"], caplog.records) == (499, [])
    assert not Record.objects.exists()


@pytest.mark.parametrize("language", ["sw", "*", "", "zh-Hant", "q=0.1;;,", "x" * 5000])
def test_whoever_speaks_another_language_is_answered_in_chinese(phone: Phone, language: str) -> None:
    refusal = phone.at[1].run(call(phone.at[0], "POST", RECORDS, headers={"Accept-Language": language}))
    assert "签名" in refusal.json()["problem"]["message"]


@pytest.mark.parametrize(("method", "path"), [("PUT", "records"), ("DELETE", "records"), ("GET", "heartbeat"), ("POST", "head")])
def test_a_call_in_another_way_is_refused_in_the_one_shape(phone: Phone, method: str, path: str) -> None:
    refusal = phone.ask(method, path, b"")
    assert (refusal.status_code, refusal.headers["Content-Type"]) == (404, "application/json")
    assert refusal.json()["problem"]["code"] == "door.not_found"


def test_what_only_takes_posts_answers_head_without_a_body(phone: Phone) -> None:
    refusal = phone.ask("HEAD", "records", b"")
    assert (refusal.status_code, refusal.headers["Content-Type"], refusal.content) == (404, "application/json", b"")


def test_where_too_much_waits_already_nothing_more_is_read(
    phone: Phone, night: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = phone.batch(1, phone.record(night, OPEN))
    monkeypatch.setattr(intakes, "MOST_WAITING", -1)
    refusal = phone.send("records", batch)
    assert (refusal.status_code, refusal.json()["problem"]["code"]) == (503, "field.busy")
    assert (refusal.headers["Retry-After"], refusal.json()["problem"]["details"]) == ("1", {"retry_after": 1.0})
    monkeypatch.undo()
    assert phone.send("records", batch).status_code == 200


def test_a_wait_that_is_named_is_never_none(cast: Cast, night: datetime) -> None:
    """A part of a second is rounded up: a phone that comes back after 0 s would be told to wait again."""
    shared, here = intake_here()
    phone = cast.phone()
    phone.at = shared, here
    shared._per_phone = Limiter(rate=2, burst=1)
    texts = [phone.record(night, OPEN) for _ in range(3)]
    assert phone.post(1, *texts[:2]).status_code == 200
    refusal = phone.post(3, texts[2])
    assert (refusal.status_code, refusal.headers["Retry-After"]) == (429, "1")
