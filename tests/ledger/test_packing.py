"""Records are packed by a dictionary trained on earlier ones, and come out byte for byte as they came in."""

import json
from datetime import datetime

import pytest
import zstandard
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cast import COUNTY, Cast, Phone

from tongxin.figures.actions import catch_up
from tongxin.figures.verify import verify
from tongxin.ledger import packing
from tongxin.ledger.actions import FIRST_TRAINING, renew_dictionary
from tongxin.ledger.models import Counter, Dictionary, Record

LEDGER = COUNTY[:6]
OPEN = {"open": True, "gathering": False}
SHUT = {"open": False, "gathering": False}


def fill(phone: Phone, night: datetime, count: int) -> list[str]:
    """Send so many records; return their texts."""
    texts = [phone.record(night, OPEN if n % 3 else SHUT) for n in range(count)]
    first = phone.seq - count + 1
    for at in range(0, count, 200):
        assert phone.post(first + at, *texts[at : at + 200]).status_code == 200
    return texts


def stored(position: int) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT bytes FROM ledger_record WHERE position = %s", [position])
        return bytes(cursor.fetchone()[0])


@pytest.fixture
def trained(cast: Cast, night: datetime) -> Phone:
    """A phone whose ledger has its first dictionary."""
    phone = cast.phone()
    fill(phone, night, FIRST_TRAINING)
    renew_dictionary(LEDGER)
    return phone


def test_no_dictionary_is_trained_on_a_handful(cast: Cast, night: datetime) -> None:
    fill(cast.phone(), night, FIRST_TRAINING - 1)
    renew_dictionary(LEDGER)
    assert not Dictionary.objects.exists()


def test_records_come_out_as_they_came_in_and_take_a_third(cast: Cast, trained: Phone, night: datetime) -> None:
    (text,) = fill(trained, night, 1)
    last = Record.objects.get(position=FIRST_TRAINING + 1)
    assert last.bytes == text.encode()
    assert last.body == SHUT
    assert stored(FIRST_TRAINING) == Record.objects.get(position=FIRST_TRAINING).bytes, "what came before stays as it is"
    assert len(stored(last.position)) < len(text.encode()) / 3
    response = cast.at_desk("commander").get(f"/records/{last.position}")
    assert text in response.content.decode().replace("&quot;", '"')


def test_an_empty_record_is_kept_like_any_other_that_cannot_be_read(trained: Phone) -> None:
    answer = trained.post(trained.seq + 1, "")
    assert (answer.status_code, answer.json()["receipts"][0]["quarantine"]) == (200, "ledger.unreadable")
    assert Record.objects.get(position=FIRST_TRAINING + 1).bytes == b""


def test_zstandard_alone_reads_them_with_the_dictionary_beside_them(trained: Phone, night: datetime) -> None:
    (text,) = fill(trained, night, 1)
    frame, dictionary = stored(FIRST_TRAINING + 1), Dictionary.objects.get()
    assert zstandard.get_frame_parameters(frame).dict_id == dictionary.number
    unpacker = zstandard.ZstdDecompressor(dict_data=zstandard.ZstdCompressionDict(bytes(dictionary.bytes)))
    assert unpacker.decompress(frame) == text.encode()


def test_figures_are_the_same_and_a_second_path_agrees(cast: Cast, trained: Phone, night: datetime) -> None:
    fill(trained, night, 20)
    catch_up(LEDGER)
    assert Counter.objects.get().dictionary == Dictionary.objects.get().number
    assert verify(LEDGER)[2] == []


def test_another_is_trained_when_there_are_twice_as_many_and_each_reads_its_own(trained: Phone, night: datetime) -> None:
    texts = fill(trained, night, FIRST_TRAINING - 1)
    renew_dictionary(LEDGER)
    assert Dictionary.objects.count() == 1
    texts += fill(trained, night, 2 * FIRST_TRAINING)
    renew_dictionary(LEDGER)
    renew_dictionary(LEDGER)
    texts += fill(trained, night, 2)
    first, second = Dictionary.objects.order_by("position")
    assert second.position == 4 * FIRST_TRAINING - 1
    packed_by = [zstandard.get_frame_parameters(stored(at)).dict_id for at in (second.position, second.position + 1)]
    assert packed_by == [first.number, second.number]
    rows = Record.objects.filter(position__gt=FIRST_TRAINING).order_by("position")
    assert [row.bytes for row in rows] == [text.encode() for text in texts]


def test_of_records_that_are_all_marked_none_is_trained_and_the_worker_goes_on(cast: Cast, night: datetime) -> None:
    phone = cast.phone()
    texts = [phone.record(night, OPEN | {"colour": "red"}) for _ in range(FIRST_TRAINING)]
    assert phone.post(1, *texts).status_code == 200
    renew_dictionary(LEDGER)
    assert not Dictionary.objects.exists()


@pytest.mark.parametrize("records", [[], [b'{"subject":null,"body":{}}'] * 3])
def test_too_few_records_make_no_dictionary(records: list[bytes]) -> None:
    assert packing.trained(records, set()) is None


def test_records_whose_dictionary_is_gone_say_so(trained: Phone, night: datetime) -> None:
    other = packing.trained([json.dumps({"subject": None, "body": {"n": n}, "k": "x" * n}).encode() for n in range(500)], set())
    assert other is not None
    frame = zstandard.ZstdCompressor(dict_data=other).compress(b"{}")
    with pytest.raises(LookupError, match=rf"{other.dict_id()}.*ledger_dictionary"):
        packing.unpack(frame)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(st.text(max_size=300))
def test_whatever_a_phone_sends_comes_out_as_it_came_in(trained: Phone, text: str) -> None:
    data, number = text.encode(), Dictionary.objects.get().number
    for records in ([data], [data, b"{}", b"", data], [b"", b""]):
        assert [packing.unpack(one) for one in packing.pack(records, number)] == records
    assert packing.unpack(packing.pack([data], None)[0]) == data, "no record begins as a frame does"


def test_a_dictionary_holds_nothing_that_somebody_said() -> None:
    said = [f"张三家住{n}号，电话1387{n:07}，发热" for n in range(700)]
    records = [
        {
            "act": "report",
            "subject": f"湘A{n:05}",
            "body": {"note": note, "measure": "sealed", "by": [f"李四{n:04}", f"lisi_{n}"]},
        }
        for n, note in enumerate(said)
    ]
    data = [json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() for record in records]
    trained = packing.trained(data, {"sealed"})
    assert trained is not None
    dictionary = trained.as_bytes()
    assert b'"measure":"sealed"' in dictionary, "it knows what records look like"
    for part in ("张三家住", "号，电话", "李四0009", "湘A0000", "lisi_"):
        assert part.encode() not in dictionary
