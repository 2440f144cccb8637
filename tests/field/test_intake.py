"""The intake as a process of its own: who speaks, how much it takes, what it says when it cannot, and who is harmed by whom."""

import asyncio
import gzip
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cast import Cast, Phone, call, id_of, intake_here

from tongxin.base import clock, crypto
from tongxin.field import writer as writers
from tongxin.field.intake import Intake
from tongxin.field.limits import Limiter
from tongxin.ledger import checks
from tongxin.ledger.actions import Sending
from tongxin.ledger.models import Record
from tongxin.ledger.storing import Row
from tongxin.people import actions as people
from tongxin.protocol.server import Taken
from tongxin.protocol.signature import BadSignatureError, sign_request, verify_answer

OPEN = {"open": True, "gathering": False}


@pytest.fixture
def phone(cast: Cast) -> Phone:
    return cast.phone()


def test_receipts_are_signed_with_the_key_that_enrolling_gave(phone: Phone, night: datetime) -> None:
    answer = phone.post(1, phone.record(night, OPEN))
    key = crypto.from_text(phone.at_web("duties").json()["receipt_key"])
    verify_answer(key, answer.headers, 200, answer.content)
    with pytest.raises(BadSignatureError):
        verify_answer(key, answer.headers, 200, answer.content.replace(b'"position":1', b'"position":2'))
    with pytest.raises(BadSignatureError):
        verify_answer(crypto.public(crypto.new_key()), answer.headers, 200, answer.content)


def test_a_batch_is_taken_only_with_its_own_phones_signature(cast: Cast, phone: Phone, night: datetime) -> None:
    batch, other = phone.batch(1, phone.record(night, OPEN)), cast.phone()
    forged = sign_request(other.key, str(phone.device), "POST", "/field/records", "", batch)
    stranger = sign_request(other.key, str(uuid4()), "POST", "/field/records", "", batch)
    another_way = sign_request(phone.key, str(phone.device), "POST", "/field/heartbeat", "", batch)
    another_body = phone.signature("POST", "/field/records", batch + b" ")
    for headers in (forged, stranger, another_way, another_body, {"signature": ""}, {"signature-input": ""}, {"signature": "x"}):
        refusal = phone.send("records", batch, **headers)
        assert (refusal.status_code, refusal.json()["problem"]["code"]) == (401, "people.unknown_device"), headers
    assert Record.objects.count() == 0
    assert phone.send("records", batch).status_code == 200


def test_a_packed_batch_is_taken(phone: Phone, night: datetime) -> None:
    packed = gzip.compress(phone.batch(1, phone.record(night, OPEN)))
    assert phone.send("records", packed, **{"Content-Encoding": "gzip"}).status_code == 200


@pytest.mark.parametrize(
    ("content", "coding", "status", "code"),
    [
        (b"not gzip", "gzip", 400, "ledger.bad_batch"),
        (gzip.compress(b"{}")[:-4], "gzip", 400, "ledger.bad_batch"),
        (b"{}", "br", 400, "ledger.bad_batch"),
        (gzip.compress(bytes(9_000_000)), "gzip", 413, "door.too_large"),
        (bytes(8_000_001), "identity", 413, "door.too_large"),
        (b"", "identity", 400, "ledger.bad_batch"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_its_reason(
    phone: Phone, content: bytes, coding: str, status: int, code: str
) -> None:
    refusal = phone.send("records", content, **{"Content-Encoding": coding})
    assert (refusal.status_code, refusal.json()["problem"]["code"]) == (status, code)


def test_a_record_of_a_megabyte_is_kept_and_marked_and_its_neighbours_are_unharmed(phone: Phone, night: datetime) -> None:
    texts = [phone.record(night, OPEN), phone.record(night, OPEN | {"note": "长" * 350_000}), phone.record(night, OPEN)]
    receipts = phone.post(1, *texts).json()["receipts"]
    assert [receipt["quarantine"] for receipt in receipts] == [None, "ledger.too_long", None]
    assert Record.objects.get(position=2).bytes == texts[1].encode()


@pytest.mark.parametrize("years", [-5, 5])
def test_a_clock_five_years_off_harms_nobody(cast: Cast, night: datetime, years: int) -> None:
    wrong, right = cast.phone(), cast.phone()
    receipt = wrong.says(night + timedelta(days=365 * years), OPEN)
    assert receipt["quarantine"] == ("ledger.not_ordered" if years < 0 else None)
    assert receipt["occurred"] <= receipt["received"]
    assert right.says(night, OPEN)["quarantine"] is None


MOST = 2**53 - 1


@pytest.mark.parametrize("clocks", [{"mono": -MOST}, {"mono": MOST}, {"seen": [-MOST, 0]}, {"seen": [MOST, 0]}, {"wall": -MOST}])
def test_clocks_beyond_every_calendar_are_taken_and_harm_nobody(clocks: dict[str, object], cast: Cast, night: datetime) -> None:
    wrong, right = cast.phone(), cast.phone()
    receipts = [wrong.says(night, OPEN, boot=str(id_of("boot now")), **changes) for changes in ({}, clocks, {})]
    assert {receipt["quarantine"] for receipt in receipts} <= {None, "ledger.not_ordered"}
    assert all(0 <= receipt["occurred"] <= receipt["received"] for receipt in receipts)
    assert right.says(night, OPEN)["quarantine"] is None


def test_what_a_revoked_phone_still_sends_is_kept_and_marked(cast: Cast, phone: Phone, night: datetime) -> None:
    phone.says(night, OPEN)
    people.revoke(cast.scope("commander"), phone.device)
    assert phone.says(night, OPEN)["quarantine"] == "ledger.revoked_device"
    assert [row.quarantine for row in Record.objects.order_by("position")] == ["", "ledger.revoked_device"]


def test_a_phone_that_sends_too_fast_is_told_when_to_come_back(phone: Phone, night: datetime) -> None:
    phone.at[0]._per_phone = Limiter(rate=1, burst=1)
    texts = [phone.record(night, OPEN) for _ in range(4)]
    assert phone.post(1, *texts[:3]).status_code == 200
    refusal = phone.post(4, texts[3])
    assert (refusal.status_code, refusal.json()["problem"]["code"]) == (429, "field.too_fast")
    assert 1 <= int(refusal.headers["Retry-After"]) <= 2
    assert Record.objects.count() == 3


def test_a_phone_that_only_asks_has_the_same_limit(phone: Phone) -> None:
    phone.at[0]._per_phone = Limiter(rate=1, burst=1)
    beat: dict[str, Any] = {"v": 1, "holds": 0, "oldest": None, "chains": []}
    asked = [phone.send("heartbeat", beat), phone.get(f"head?chain={phone.chain}"), phone.send("heartbeat", beat)]
    assert [answer.status_code for answer in asked] == [200, 200, 429]


def test_what_all_send_together_has_its_limit_too(cast: Cast, night: datetime) -> None:
    one, other = cast.phone(), cast.phone()
    other.at = one.at
    one.at[0]._together = Limiter(rate=1, burst=1)
    texts = [one.record(night, OPEN) for _ in range(60)]
    assert one.post(1, *texts).status_code == 200
    refusal = other.post(1, other.record(night, OPEN))
    assert (refusal.status_code, refusal.json()["problem"]["code"]) == (503, "field.busy")
    assert int(refusal.headers["Retry-After"]) >= 50


def test_a_batch_of_a_million_takes_nothing_of_the_others_share(cast: Cast, phone: Phone, night: datetime) -> None:
    other = cast.phone()
    other.at = phone.at
    refusal = phone.post(1, *[""] * 1_000_000)
    assert (refusal.status_code, refusal.json()["problem"]["code"]) == (400, "ledger.bad_batch")
    assert other.says(night, OPEN)["quarantine"] is None


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(1, 200)), max_size=60), st.integers(1, 50), st.integers(1, 200))
def test_no_more_comes_in_than_the_rate_allows(sendings: list[tuple[float, int]], rate: int, burst: int) -> None:
    now, taken, largest = 0.0, 0, 0
    limiter = Limiter(rate, burst, lambda: now)
    for pause, records in sendings:
        now += pause
        wait = limiter.wait("key")
        if wait == 0:
            limiter.take("key", records)
            taken, largest = taken + records, max(largest, records)
        else:
            before, now = now, now + wait + 1e-6
            assert limiter.wait("key") == 0, "after the wait that it named it takes the next one"
            now = before
        assert taken <= rate * now + burst + largest + 1e-6


def test_whoever_waits_while_a_transaction_runs_goes_into_the_next_one_together(
    cast: Cast, night: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve phones send at once; all are appended in two or three transactions, each chain in order."""
    phones = [cast.phone() for _ in range(12)]
    groups: list[int] = []
    write = writers.write

    def counted(ledger: str, sendings: list[Sending]) -> object:
        groups.append(len(sendings))
        return write(ledger, sendings)

    monkeypatch.setattr(writers, "write", counted)
    shared, here = intake_here()
    batches = [phone.batch(1, phone.record(night, OPEN), phone.record(night, OPEN)) for phone in phones]
    answers = here.run(_together(shared, phones, batches))
    assert [answer.status_code for answer in answers] == [200] * 12
    assert sum(groups) == 12
    assert len(groups) < 12
    assert [row.position for row in Record.objects.order_by("position")] == list(range(1, 25))


async def _together(intake: Intake, phones: list[Phone], batches: list[bytes]) -> list[httpx.Response]:
    calls = [
        call(intake, "POST", "/field/records", batch, phone.signature("POST", "/field/records", batch))
        for phone, batch in zip(phones, batches, strict=True)
    ]
    return await asyncio.gather(*calls)


@pytest.mark.parametrize("by", ["database", "program"])
def test_a_batch_that_is_refused_fails_alone(by: str, cast: Cast, night: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text longer than its column, and a number beyond the calendar, stand for anything that nobody thought of."""
    phones = [cast.phone() for _ in range(3)]
    bad = phones[1].record(night, OPEN)
    mark = checks.mark

    def forgetful(row: Row, taken: Taken, tables: checks.Tables) -> None:
        mark(row, taken, tables)
        if taken.data == bad.encode():
            row.category = "x" * 500 if by == "database" else str(clock.from_ms(10**18))

    monkeypatch.setattr(checks, "mark", forgetful)
    shared, here = intake_here()
    texts = [phones[0].record(night, OPEN), bad, phones[2].record(night, OPEN)]
    batches = [phone.batch(1, text) for phone, text in zip(phones, texts, strict=True)]
    answers = here.run(_together(shared, phones, batches))
    assert [answer.status_code for answer in answers] == [200, 500, 200]
    assert answers[1].json()["problem"]["code"] == "field.failed"
    assert {row.device for row in Record.objects.all()} == {phones[0].device, phones[2].device}


def test_health_and_metrics_answer_anyone(phone: Phone, night: datetime) -> None:
    phone.says(night, OPEN)
    phone.says(night, {"open": "perhaps"})
    assert _open(phone, "/health").text == "ok"
    said = _open(phone, "/metrics").text
    assert 'tongxin_intake_requests_total{call="/field/records",status="200"}' in said
    assert 'tongxin_intake_records_total{marked="yes"}' in said
    assert _open(phone, "/nowhere").json()["problem"]["code"] == "door.not_found"


def test_any_page_may_call_it_and_see_what_it_needs(phone: Phone) -> None:
    asked = {"Origin": "https://desk.example", "Access-Control-Request-Method": "POST"}
    wanted = {"Access-Control-Request-Headers": "content-digest,content-encoding,content-type,signature,signature-input"}
    allowed = _open(phone, "/field/records", "OPTIONS", asked | wanted)
    assert (allowed.status_code, allowed.headers["Access-Control-Allow-Origin"]) == (204, "*")
    assert set(wanted["Access-Control-Request-Headers"].split(",")) <= set(
        allowed.headers["Access-Control-Allow-Headers"].split(", ")
    )
    shown = phone.send("records", "{}", Origin="https://desk.example").headers["Access-Control-Expose-Headers"]
    assert {"retry-after", "signature", "signature-input", "content-digest"} <= set(shown.split(", "))


def test_a_refusal_speaks_the_callers_language(phone: Phone, night: datetime) -> None:
    texts = [phone.record(night, OPEN) for _ in range(3)]
    english = phone.post(3, texts[2], **{"Accept-Language": "en"}).json()["problem"]["message"]
    chinese = phone.post(3, texts[2]).json()["problem"]["message"]
    assert ("chain" in english, "这条链" in chinese) == (True, True)
    assert "signature" in _refused(phone, "en").lower()
    assert "签名" in _refused(phone, "zh-CN")


def _refused(phone: Phone, language: str) -> str:
    message: str = phone.send("records", "{}", signature="", **{"Accept-Language": language}).json()["problem"]["message"]
    return message


def _open(phone: Phone, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> httpx.Response:
    intake, here = phone.at
    return here.run(call(intake, method, path, headers=headers))
