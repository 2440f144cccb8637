"""The desk's door for programs: who may do what, what is refused, and in which words."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from tests.cast import COUNTY, HUAICHUAN, ZHANGFANG, Cast, id_of

from tongxin.figures.actions import catch_up

EVERYONE = ("commander", "duty_officer", "secretary", "leader", "inspector", "outsider")
INCIDENT, ORDER = id_of("incident"), id_of("order")
PLACE = {"id": str(uuid4()), "name": "某", "name_en": "Some", "category": "worship", "area": "430181105201"}
TEAM = {"id": str(uuid4()), "name": "某队", "name_en": "Some team", "kind": "team"}
NOON = "2022-03-22T12:00:00+08:00"
MEMBER = {"id": str(uuid4()), "name": "某某", "name_en": "So and so", "roles": []}
TITLE = {"incident": str(INCIDENT), "title": "首夜", "title_en": "First night"}
PERMISSIONS: list[tuple[str, str, object, tuple[str, ...]]] = [
    ("GET", "incidents", None, EVERYONE),
    ("GET", f"incidents/{INCIDENT}/figures", None, EVERYONE),
    ("GET", f"incidents/{INCIDENT}/records", None, EVERYONE),
    ("GET", f"bulletins?incident={INCIDENT}", None, EVERYONE),
    ("POST", "places", {"places": [PLACE]}, ("commander", "secretary")),
    ("POST", "members", {"members": [MEMBER]}, ("commander", "secretary")),
    ("POST", "organisations", {"organisations": []}, ("commander", "secretary")),
    ("POST", "sign-in-codes", {"members": [str(id_of("leader"))]}, ("commander", "secretary")),
    ("POST", f"orders/{ORDER}/visits", {}, ("commander", "secretary")),
    ("POST", "duties", {"duties": []}, ("commander", "secretary")),
    ("POST", "assignments", {"assignments": []}, ("commander", "secretary", "leader")),
    ("POST", "clock/begin", {}, ("commander",)),
    ("POST", "incidents", {"id": str(uuid4()), "name": "演", "name_en": "Drill", "kind": "flood", "drill": True}, ("commander",)),
    ("POST", "bulletins", TITLE, ("commander", "duty_officer", "secretary")),
]


def call(client: Client, method: str, path: str, body: object = None) -> Any:
    if method == "GET":
        return client.get(f"/api/{path}")
    return client.post(f"/api/{path}", json.dumps(body), "application/json")


@pytest.mark.parametrize(("method", "path", "body", "allowed"), PERMISSIONS, ids=[f"{m} {p}" for m, p, _, _ in PERMISSIONS])
@pytest.mark.parametrize("role", EVERYONE)
def test_who_may_do_it_may_and_nobody_else(
    cast: Cast, role: str, method: str, path: str, body: object, allowed: tuple[str, ...]
) -> None:
    answer = call(cast.at_desk(role), method, path, body)
    assert answer.status_code == (200 if role in allowed else 403), answer.content
    if role not in allowed:
        assert answer.json()["problem"]["code"] == "people.forbidden"


@pytest.mark.parametrize(("method", "path", "body", "_allowed"), PERMISSIONS, ids=[f"{m} {p}" for m, p, _, _ in PERMISSIONS])
def test_without_signing_in_nothing_is_done(cast: Cast, method: str, path: str, body: object, _allowed: object) -> None:
    answer = call(Client(), method, path, body)
    assert (answer.status_code, answer.json()["problem"]["code"]) == (401, "people.not_signed_in")


def test_a_write_without_the_csrf_token_is_refused(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.post("/api/sign-in", json.dumps({"code": cast.code("commander")}), "application/json")
    refused = call(client, "POST", "places", {"places": []})
    assert (refused.status_code, refused.json()["problem"]["code"]) == (403, "people.forbidden")
    token = client.cookies["csrftoken"].value
    allowed = client.post("/api/places", '{"places": []}', "application/json", headers={"X-CSRFToken": token})
    assert allowed.status_code == 200


BAD: dict[str, tuple[str, object, str]] = {
    "an unknown field": ("places", {"places": [PLACE | {"colour": "red"}]}, "places[0]"),
    "a missing field": ("places", {"places": [{"id": str(uuid4())}]}, "places[0]"),
    "a wrong type": ("places", {"places": "all"}, "places"),
    "an unknown category": ("places", {"places": [PLACE | {"category": "worshp"}]}, "worship"),
    "an unknown area": ("places", {"places": [PLACE | {"area": "430181999999"}]}, "430181999999"),
    "an unknown role": (
        "members",
        {
            "members": [
                MEMBER
                | {
                    "roles": [
                        {
                            "kind": "comander",
                            "organisation": str(id_of("command")),
                            "areas": [COUNTY],
                            "since": "2022-03-20T00:00:00+08:00",
                        }
                    ]
                }
            ]
        },
        "commander",
    ),
    "a name too long to store": ("places", {"places": [PLACE | {"name": "长" * 121}]}, "places[0].name"),
    "an empty name": ("places", {"places": [PLACE | {"name": ""}]}, "places[0].name"),
    "a NUL in a name": ("places", {"places": [PLACE | {"name": "a\x00b"}]}, "places[0].name"),
    "a parent that does not exist": (
        "organisations",
        {"organisations": [TEAM | {"parent": str(uuid4())}]},
        "organisations.parent",
    ),
    "a time without an offset": ("clock", {"start": "2022-03-22T18:00:00", "factor": 1, "until": "2022-03-23T00:00:00"}, "start"),
    "an impossible factor": ("clock", {"start": NOON, "factor": 1e300, "until": NOON}, "factor"),
    "too many rows": ("sign-in-codes", {"members": [str(uuid4())] * 5001}, "5000"),
    "a member who is not on the roll": ("sign-in-codes", {"members": [str(uuid4())]}, "members[0]"),
}


@pytest.mark.parametrize(("path", "body", "place"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_with_the_place_and_the_next_step(desk: Client, path: str, body: object, place: str) -> None:
    answer = call(desk, "POST", path, body)
    problem = answer.json()["problem"]
    assert (answer.status_code, problem["code"]) == (400, "door.bad_request")
    assert place in problem["message"]
    assert problem["next"]


def test_what_is_not_json_is_refused(desk: Client) -> None:
    answer = desk.post("/api/places", "{", "application/json")
    assert (answer.status_code, answer.json()["problem"]["code"]) == (400, "door.bad_request")


def test_a_wrong_row_leaves_nothing_of_its_call_behind(cast: Cast, desk: Client) -> None:
    good = PLACE | {"id": str(uuid4())}
    assert call(desk, "POST", "places", {"places": [good, PLACE | {"category": "none"}]}).status_code == 400
    assert call(desk, "POST", "places", {"places": [good]}).json() == {"created": 1, "unchanged": 0}


def test_the_same_row_again_is_unchanged_and_another_under_its_id_is_refused(desk: Client) -> None:
    call(desk, "POST", "places", {"places": [PLACE]})
    assert call(desk, "POST", "places", {"places": [PLACE]}).json() == {"created": 0, "unchanged": 1}
    answer = call(desk, "POST", "places", {"places": [PLACE | {"name": "别的"}]})
    assert (answer.status_code, answer.json()["problem"]["code"]) == (409, "door.already_exists")


def test_two_different_rows_under_one_id_in_one_call_are_refused(desk: Client) -> None:
    both = [PLACE, PLACE | {"name": "别的"}]
    assert call(desk, "POST", "places", {"places": both}).json()["problem"]["code"] == "door.already_exists"
    assert call(desk, "POST", "places", {"places": [PLACE, PLACE]}).json() == {"created": 1, "unchanged": 1}


def test_a_member_sent_again_with_other_roles_is_refused(desk: Client) -> None:
    role = {"kind": "leader", "organisation": str(id_of("east")), "areas": [COUNTY], "since": NOON}
    member = MEMBER | {"roles": [role]}
    assert call(desk, "POST", "members", {"members": [member]}).json() == {"created": 1, "unchanged": 0}
    assert call(desk, "POST", "members", {"members": [member]}).json() == {"created": 0, "unchanged": 1}
    refused = call(desk, "POST", "members", {"members": [MEMBER | {"roles": [role | {"kind": "commander"}]}]})
    assert (refused.status_code, refused.json()["problem"]["details"]["field"]) == (409, "roles")


def test_one_member_with_two_lists_of_roles_in_one_call_is_refused(desk: Client) -> None:
    role = {"kind": "leader", "organisation": str(id_of("east")), "areas": [COUNTY], "since": NOON}
    refused = call(desk, "POST", "members", {"members": [MEMBER, MEMBER | {"roles": [role]}]})
    assert (refused.status_code, refused.json()["problem"]["details"]["field"]) == (409, "roles")


def test_a_body_beyond_all_size_is_refused_before_it_is_read(desk: Client) -> None:
    answer = desk.post("/api/places", "x" * 8_000_001, "application/json")
    assert (answer.status_code, answer.json()["problem"]["code"]) == (413, "door.too_large")


def test_a_refusal_speaks_the_callers_language(cast: Cast) -> None:
    chinese, english = cast.at_desk("leader"), cast.at_desk("leader", "en")
    assert "需要以下职责之一" in call(chinese, "POST", "clock/begin", {}).json()["problem"]["message"]
    assert "needs one of the roles" in call(english, "POST", "clock/begin", {}).json()["problem"]["message"]


def test_records_are_listed_page_by_page_within_the_own_area(cast: Cast) -> None:
    phone, far = cast.phone(), cast.phone("outsider")
    for _ in range(3):
        phone.says(cast.night, {"open": False, "gathering": False})
    far.says(cast.night, {"open": False, "gathering": False}, place=str(id_of("cinema")))
    path = f"incidents/{INCIDENT}/records"
    first = call(cast.at_desk("commander"), "GET", f"{path}?limit=3").json()
    assert ([row["position"] for row in first["records"]], first["next"]) == ([1, 2, 3], 3)
    rest = call(cast.at_desk("commander"), "GET", f"{path}?limit=3&after=3").json()
    assert ([row["position"] for row in rest["records"]], rest["next"]) == ([4], None)
    assert len(call(cast.at_desk("leader"), "GET", path).json()["records"]) == 3
    assert len(call(cast.at_desk("outsider"), "GET", path).json()["records"]) == 1


@pytest.mark.parametrize("query", ["after=-1", "limit=many", f"limit={10**9}"])
def test_a_page_that_is_no_page_is_refused(desk: Client, query: str) -> None:
    assert call(desk, "GET", f"incidents/{INCIDENT}/records?{query}").status_code == 400


def test_an_incident_or_address_that_does_not_exist_is_not_found(desk: Client) -> None:
    for path in (f"incidents/{uuid4()}/figures", f"orders/{uuid4()}/visits", "nowhere"):
        answer = call(desk, "POST" if "visits" in path else "GET", path, {})
        assert (answer.status_code, answer.json()["problem"]["code"]) == (404, "door.not_found")


def test_figures_say_how_many_records_they_are_behind(cast: Cast, desk: Client) -> None:
    cast.phone().says(cast.night, {"open": False, "gathering": False})
    answer = call(desk, "GET", f"incidents/{INCIDENT}/figures").json()
    assert (answer["position"], answer["behind"]) == (0, 1)


def test_figures_can_be_narrowed_and_told_apart(cast: Cast, desk: Client) -> None:
    for role, place in (("inspector", "temple"), ("inspector", "temple"), ("outsider", "cinema")):
        cast.phone(role).says(cast.night, {"open": True, "gathering": False}, place=str(id_of(place)))
    catch_up("430181")

    def inspections(query: str) -> Any:
        answer = call(desk, "GET", f"incidents/{INCIDENT}/figures?{query}").json()
        parts = answer.get("parts", {})
        return answer["figures"]["venue_closure.inspections"], {k: v["venue_closure.inspections"] for k, v in parts.items()}

    assert inspections("") == (3, {})
    assert inspections("category=worship") == (2, {})
    assert inspections(f"organisation={id_of('west')}&by=category") == (1, {"entertainment": 1})
    assert inspections("by=town") == (3, {ZHANGFANG[:9]: 2, HUAICHUAN[:9]: 1})
    assert inspections(f"day={cast.night:%Y-%m-%d}&by=day") == (3, {f"{cast.night:%Y-%m-%d}": 3})
    refusal = call(desk, "GET", f"incidents/{INCIDENT}/figures?by=organization")
    assert refusal.status_code == 400
    assert "organisation" in refusal.json()["problem"]["message"]


def test_a_drill_says_so_in_what_leaves_the_desk(cast: Cast, desk: Client) -> None:
    frozen = call(desk, "POST", "bulletins", TITLE).json()
    assert (frozen["drill"], frozen["text"][:4], frozen["text_en"][:7]) == (True, "【演练】", "[DRILL]")
    assert "【演练】" in desk.get(f"/bulletins/{frozen['id']}").text
    assert {row["incident"]["drill"] for row in cast.phone().at_web("duties").json()["duties"]} == {True}


def test_a_bulletin_is_frozen_listed_and_published(cast: Cast, desk: Client) -> None:
    frozen = call(desk, "POST", "bulletins", TITLE).json()
    assert call(desk, "POST", f"bulletins/{frozen['id']}/publish").status_code == 409
    for role in ("duty_officer", "secretary"):
        said = call(cast.at_desk(role), "POST", f"bulletins/{frozen['id']}/review", {"agrees": True}).json()
        assert (said["agrees"], said["member"]) == (True, str(cast.scope(role).member))
    published = call(desk, "POST", f"bulletins/{frozen['id']}/publish").json()
    assert published == frozen | {"published_at": published["published_at"]}
    assert call(desk, "GET", f"bulletins?incident={INCIDENT}").json() == {"bulletins": [published]}


def test_a_lost_phone_is_revoked_at_the_desk_and_only_by_who_may(cast: Cast) -> None:
    phone = cast.phone()
    path = f"devices/{phone.device}/revoke"
    assert call(cast.at_desk("leader"), "POST", path, {}).status_code == 403
    answer = call(cast.at_desk("secretary"), "POST", path, {}).json()
    assert (answer["id"], answer["member"]) == (str(phone.device), str(id_of("inspector")))
    assert call(cast.at_desk("secretary"), "POST", path, {}).json() == answer
    assert call(cast.at_desk("secretary"), "POST", f"devices/{uuid4()}/revoke", {}).status_code == 404


def test_health_and_metrics_tell_how_far_the_figures_are(cast: Cast) -> None:
    phone = cast.phone()
    phone.says(cast.night, {"open": False, "gathering": False})
    phone.send("heartbeat", {"v": 1, "holds": 3, "oldest": None, "chains": []})
    said = Client().get("/health").json()
    (ledger,) = said["ledgers"]
    assert (said["ok"], ledger["position"], ledger["behind_records"], ledger["phones_hold"]) == (True, 1, 1, 3)
    assert 'tongxin_figures_behind_records{ledger="430181"} 1.0' in Client().get("/metrics").content.decode()
    catch_up(COUNTY[:6])
    assert 'tongxin_figures_behind_records{ledger="430181"} 0.0' in Client().get("/metrics").content.decode()
