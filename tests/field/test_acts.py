"""What a record may do besides report, at the phones' door; and what a phone says that it still holds."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.cast import COUNTY, Cast, Phone, figures_now, id_of

from tongxin.base import clock
from tongxin.figures.actions import catch_up
from tongxin.ledger.models import Definition, Heartbeat, Matter, Record
from tongxin.people.models import Role
from tongxin.playbook.registry import activity

OPEN, SHUT = {"open": True, "gathering": False}, {"open": False, "gathering": False}


@pytest.fixture
def phone(cast: Cast) -> Phone:
    return cast.phone()


def found_open(cast: Cast) -> float:
    catch_up(COUNTY[:6])
    return figures_now(cast)["venue_closure.found_open"]


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a report with a target": ({"target": str(uuid4())}, "ledger.bad_act"),
    "a correction of nothing": ({"act": "correct"}, "ledger.bad_act"),
    "a correction of what is no id": ({"act": "correct", "target": "the last one"}, "ledger.bad_act"),
    "an act that nobody knows": ({"act": "forget", "target": str(uuid4())}, "ledger.unreadable"),
    "a stated time on a phone's report": ({"at": 1_647_950_000_000}, "ledger.bad_act"),
    "a speaker whom nobody knows": ({"speaker": str(uuid4())}, "ledger.unknown_reference"),
    "an inspector who speaks for another": ({"speaker": str(id_of("leader"))}, "ledger.no_authority"),
    "a channel that nobody knows": ({"channel": "pigeon"}, "ledger.unreadable"),
    "a missing key": ({"at": ...}, "ledger.unreadable"),
    "a correction with a wrong answer": ({"act": "correct", "target": str(uuid4()), "body": {"open": 1}}, "ledger.bad_answer"),
}


@pytest.mark.parametrize(("changes", "mark"), BAD.values(), ids=BAD.keys())
def test_what_is_wrong_is_kept_and_marked(phone: Phone, night: datetime, changes: dict[str, Any], mark: str) -> None:
    text = phone.record(night, OPEN, **{key: value for key, value in changes.items() if value is not ...})
    if ... in changes.values():
        text = text.replace('"at":null,', "")
    assert phone.post(1, text).json()["receipts"][0]["quarantine"] == mark
    assert Record.objects.get(position=1).bytes == text.encode()


def test_what_is_not_in_the_one_form_is_kept_and_marked(phone: Phone, night: datetime) -> None:
    text = phone.record(night, OPEN).replace('"open":true', '"open": true')
    assert phone.post(1, text).json()["receipts"][0]["quarantine"] == "ledger.unreadable"


def test_a_leader_may_speak_for_a_walk_up_and_both_are_named(cast: Cast, night: datetime) -> None:
    assert cast.phone("leader").says(night, OPEN, speaker=str(id_of("inspector")))["quarantine"] is None
    row = Record.objects.get(position=1)
    assert (row.member, row.typist, row.role) == (id_of("inspector"), id_of("leader"), "leader")


def test_paper_states_when_it_happened(cast: Cast, night: datetime) -> None:
    happened = night - timedelta(hours=2)
    said = cast.phone("secretary").says(night, OPEN, channel="paper", at=clock.to_ms(happened))
    row = Record.objects.get(position=1)
    assert (said["quarantine"], row.occurred_at, row.stated, row.uncertainty) == (None, happened, True, None)


@pytest.mark.parametrize(("role", "holds"), [("inspector", True), ("leader", True), ("outsider", False)])
def test_a_correction_holds_if_it_is_the_own_or_comes_from_above(
    cast: Cast, phone: Phone, night: datetime, role: str, holds: bool
) -> None:
    said = phone.says(night, OPEN)
    place = {"place": str(id_of("cinema"))} if role == "outsider" else {}
    cast.phone(role).says(night, SHUT, act="correct", target=said["id"], **place)
    assert found_open(cast) == (0 if holds else 1)


def test_a_correction_that_comes_before_what_it_corrects_waits_for_it(cast: Cast, phone: Phone, night: datetime) -> None:
    late = str(uuid4())
    cast.phone().says(night, SHUT, act="correct", target=late)
    assert found_open(cast) == 0
    phone.says(night - timedelta(minutes=5), OPEN, id=late)
    assert found_open(cast) == 0
    assert figures_now(cast)["venue_closure.inspections"] == 1


def test_a_withdrawal_takes_a_record_out_and_its_own_withdrawal_brings_it_back(cast: Cast, phone: Phone, night: datetime) -> None:
    said = phone.says(night, OPEN)
    gone = phone.says(night, {}, act="withdraw", target=said["id"])
    assert found_open(cast) == 0
    phone.says(night, {}, act="withdraw", target=gone["id"])
    assert found_open(cast) == 1


def test_a_duty_officer_releases_what_was_out_of_order(cast: Cast, phone: Phone, night: datetime) -> None:
    said = phone.says(night.replace(hour=17), OPEN)
    assert (said["quarantine"], found_open(cast)) == ("ledger.not_ordered", 0)
    cast.phone().says(night, {}, act="release", target=said["id"])
    assert found_open(cast) == 0
    cast.phone("duty_officer").says(night, {}, act="release", target=said["id"])
    assert found_open(cast) == 1


def test_a_duty_officer_settles_a_matter(cast: Cast, phone: Phone, night: datetime) -> None:
    phone.says(night - timedelta(minutes=5), OPEN)
    catch_up(COUNTY[:6])
    matter = Matter.objects.get(name="venue_open")
    cast.phone("duty_officer").says(night, {}, act="settle", target=str(matter.id))
    catch_up(COUNTY[:6])
    closed = Matter.objects.get(name="venue_open", until=None)
    assert (closed.id, closed.closed) == (matter.id, 2)


def test_the_same_records_in_a_new_chain_count_once(cast: Cast, phone: Phone, night: datetime) -> None:
    ids = [str(uuid4()) for _ in range(3)]
    for id_ in ids:
        phone.says(night, OPEN, id=id_)
    phone.chain, phone.seq, phone.prev = uuid4(), 0, ""
    for id_ in ids:
        assert phone.says(night, OPEN, id=id_)["quarantine"] is None
    assert found_open(cast) == 1
    assert figures_now(cast)["venue_closure.inspections"] == 3


def test_a_heartbeat_says_what_a_phone_holds_and_hears_where_its_chains_stand(phone: Phone, night: datetime) -> None:
    phone.says(night, OPEN)
    unknown = str(uuid4())
    chains = [{"chain": str(phone.chain), "last_seq": 9, "last_hash": "x"}, {"chain": unknown, "last_seq": 0, "last_hash": ""}]
    beat = {"v": 1, "holds": 7, "oldest": clock.to_ms(night - timedelta(hours=3)), "chains": chains}
    answer = phone.send("heartbeat", beat).json()
    assert answer["heads"] == [
        {"chain": str(phone.chain), "last_seq": 1, "last_hash": phone.prev},
        {"chain": unknown, "last_seq": 0, "last_hash": ""},
    ]
    held = Heartbeat.objects.get(device=phone.device)
    assert (held.holds, held.oldest_at, held.at) == (7, night - timedelta(hours=3), night)


@pytest.mark.parametrize(
    "changes", [{"v": ...}, {"holds": "many"}, {"holds": -1}, {"holds": 2**40}, {"oldest": 10**30}, {"chains": 3}]
)
def test_a_heartbeat_that_cannot_be_meant_is_refused(phone: Phone, changes: dict[str, Any]) -> None:
    beat = {"v": 1, "holds": 0, "oldest": None, "chains": []} | changes
    said = {key: value for key, value in beat.items() if value is not ...}
    refusal = phone.send("heartbeat", said)
    assert (refusal.status_code, refusal.json()["problem"]["code"]) == (400, "door.bad_request")


@pytest.mark.parametrize(
    "changes",
    [
        {"first_seq": 10**30},
        {"first_seq": -(10**30)},
        {"sent": {"wall": 0, "boot": "b", "mono": 10**30}},
        {"v": 0},
        {"chain": "x"},
    ],
)
def test_a_batch_whose_numbers_nobody_can_store_is_refused_whole(phone: Phone, night: datetime, changes: dict[str, Any]) -> None:
    sent = {"wall": 0, "boot": "b", "mono": 0}
    batch = {"v": 1, "chain": str(phone.chain), "first_seq": 1, "sent": sent, "records": [phone.record(night, OPEN)]} | changes
    refusal = phone.send("records", batch)
    assert (refusal.status_code, refusal.json()["problem"]["code"]) == (400, "ledger.bad_batch")
    assert Record.objects.count() == 0


def test_a_heartbeat_without_a_signature_is_refused(phone: Phone) -> None:
    assert phone.send("heartbeat", "{}", signature="").status_code == 401


def test_whatever_form_a_phone_was_given_is_kept_for_ever(phone: Phone) -> None:
    phone.at_web("duties")
    kept = {row.hash: bytes(row.text) for row in Definition.objects.all()}
    assert kept == {found.hash: found.source for found in (activity("venue_closure"), activity("attendance"))}


def test_what_somebody_without_any_role_reported_can_be_released(cast: Cast, phone: Phone, night: datetime) -> None:
    Role.objects.filter(member=id_of("inspector")).delete()
    said = phone.says(night, OPEN)
    assert said["quarantine"] == "ledger.no_authority"
    cast.phone("duty_officer").says(night, {}, act="release", target=said["id"])
    assert found_open(cast) == 1
