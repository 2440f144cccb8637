"""Enrolling, duties, the clock."""

import json
from datetime import datetime
from uuid import uuid4

from django.test import Client
from tests.cast import Cast, id_of

from tongxin.playbook.registry import activity


def enrol(code: str, device: str) -> dict[str, object]:
    answer: dict[str, object] = (
        Client().post("/field/enrol", json.dumps({"code": code, "device": device}), "application/json").json()
    )
    return answer


def test_a_code_enrols_a_phone_for_its_member(cast: Cast) -> None:
    device = str(uuid4())
    answer = enrol(cast.code("inspector"), device)
    assert (answer["device"], answer["ledger"]) == (device, "430181")
    assert answer["member"] == {"id": str(id_of("inspector")), "name": "某inspector"}


def test_a_made_up_code_enrols_nobody(cast: Cast) -> None:
    assert enrol("AAAA-BBBB-CCCC", str(uuid4()))["problem"]["code"] == "people.not_signed_in"  # type: ignore[index]


def test_a_phone_of_somebody_else_is_not_taken_over(cast: Cast) -> None:
    device = str(uuid4())
    enrol(cast.code("inspector"), device)
    assert enrol(cast.code("outsider"), device)["problem"]["code"] == "door.conflict"  # type: ignore[index]


def test_a_phone_sees_its_members_duties_and_the_forms_they_need(cast: Cast) -> None:
    answer = cast.phone().get("duties").json()
    assert {(duty["kind"], duty["place"]["name"]) for duty in answer["duties"]} == {
        ("visit", "白云观音阁"),
        ("post", "东片集结点"),
    }
    assert set(answer["activities"]) == {activity("venue_closure").hash, activity("attendance").hash}


def test_it_sees_nothing_without_its_token(cast: Cast) -> None:
    assert Client().get("/field/duties").json()["problem"]["code"] == "people.unknown_device"


def test_anyone_may_ask_what_time_it_is(night: datetime) -> None:
    answer = Client().get("/field/clock").json()
    assert datetime.fromisoformat(answer["now"]) == night
    assert answer["drill"]["began"] is None


def test_a_chain_that_is_no_uuid_is_refused(cast: Cast) -> None:
    assert cast.phone().get("head?chain=mine").json()["problem"]["code"] == "door.bad_request"
