"""Enrolling, duties, the clock."""

import json
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from tests.cast import Cast, id_of

from tongxin.base import crypto
from tongxin.people import actions as people
from tongxin.playbook.registry import activity

KEY = crypto.new_key()


def enrol(code: str, device: str, key: str = crypto.to_text(crypto.public(KEY))) -> dict[str, Any]:
    form = json.dumps({"code": code, "device": device, "key": key})
    answer: dict[str, Any] = Client().post("/field/enrol", form, "application/json").json()
    return answer


def test_a_code_enrols_a_phone_for_its_member(cast: Cast) -> None:
    device = str(uuid4())
    answer = enrol(cast.code("inspector"), device)
    assert (answer["device"], answer["ledger"]) == (device, "430181")
    assert answer["member"] == {"id": str(id_of("inspector")), "name": "某inspector"}
    assert (answer["intake_url"], len(crypto.from_text(answer["receipt_key"]))) == ("http://testserver/field/", 65)


def test_to_enrol_again_changes_nothing_and_another_key_needs_another_id(cast: Cast) -> None:
    code, device = cast.code("inspector"), str(uuid4())
    assert enrol(code, device) == enrol(code, device)
    other = crypto.to_text(crypto.public(crypto.new_key()))
    assert enrol(code, device, other)["problem"]["code"] == "door.conflict"


@pytest.mark.parametrize("key", ["", "AAAA", "???", crypto.to_text(b"\x04" + 64 * b"\x01"), crypto.to_text(65 * b"\x00")])
def test_a_key_that_is_none_is_refused_and_named(cast: Cast, key: str) -> None:
    problem = enrol(cast.code("inspector"), str(uuid4()), key)["problem"]
    assert (problem["code"], problem["message"].startswith("key")) == ("door.bad_request", True)


def test_a_made_up_code_enrols_nobody(cast: Cast) -> None:
    assert enrol("AAAA-BBBB-CCCC", str(uuid4()))["problem"]["code"] == "people.not_signed_in"


def test_a_phone_of_somebody_else_is_not_taken_over(cast: Cast) -> None:
    device = str(uuid4())
    enrol(cast.code("inspector"), device)
    assert enrol(cast.code("outsider"), device)["problem"]["code"] == "door.conflict"


def test_a_phone_sees_its_members_duties_and_the_forms_they_need(cast: Cast) -> None:
    answer = cast.phone().at_web("duties").json()
    assert {(duty["kind"], duty["place"]["name"]) for duty in answer["duties"]} == {
        ("visit", "白云观音阁"),
        ("post", "东片集结点"),
    }
    assert set(answer["activities"]) == {activity("venue_closure").hash, activity("attendance").hash}


def test_it_sees_nothing_without_its_signature(cast: Cast) -> None:
    phone = cast.phone()
    signed = phone.signature("GET", "/field/duties")
    for headers in ({}, signed | {"signature": "tongxin=:AAAA:"}, phone.signature("GET", "/field/clock")):
        assert Client().get("/field/duties", headers=headers).json()["problem"]["code"] == "people.unknown_device"
    assert "duties" in Client().get("/field/duties", headers=signed).json()


def test_a_revoked_phone_sees_nothing_and_cannot_enrol_again(cast: Cast) -> None:
    phone = cast.phone()
    people.revoke(cast.scope("commander"), phone.device)
    assert phone.at_web("duties").json()["problem"]["code"] == "people.unknown_device"
    again = enrol(cast.code("inspector"), str(phone.device), crypto.to_text(crypto.public(phone.key)))
    assert again["problem"]["code"] == "door.conflict"


def test_anyone_may_ask_what_time_it_is(night: datetime) -> None:
    answer = Client().get("/field/clock").json()
    assert datetime.fromisoformat(answer["now"]) == night
    assert answer["drill"]["began"] is None


def test_a_chain_that_is_no_uuid_is_refused(cast: Cast) -> None:
    assert cast.phone().get("head?chain=mine").json()["problem"]["code"] == "door.bad_request"
