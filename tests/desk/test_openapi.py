"""The contract that the desk's door for programs publishes: whole, well formed, and true of what it reads and answers."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import Any, get_type_hints
from uuid import UUID, uuid4

import msgspec
import pytest
from django.test import Client, RequestFactory
from django.urls import get_resolver
from openapi_schema_validator import OAS31Validator, oas31_format_checker
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.cast import COUNTY, TEMPLE_VILLAGE, ZHANGFANG, Cast, id_of
from tests.test_docs import addresses, doc

from tongxin.base.problems import BadRequest
from tongxin.bulletin.actions import freeze
from tongxin.bulletin.actions import publish as publish_bulletin
from tongxin.bulletin.actions import review as review_bulletin
from tongxin.bulletin.forms import BulletinForm
from tongxin.desk.api_contract import ANYONE, Call, Rows, address
from tongxin.desk.api_urls import CALLS, PUBLIC, contract
from tongxin.desk.narrowing import PARTS
from tongxin.figures.actions import catch_up
from tongxin.ledger.queries import matters

ROLES = ("commander", "duty_officer", "secretary", "leader", "inspector")
NOON, EVENING = "2022-03-22T12:00:00+08:00", "2022-03-22T18:00:00+08:00"
OTHERS: tuple[object, ...] = ({}, [], None, "", "a\x00b", -1, 1e9, True)
NAMES = {"name": "某", "name_en": "Some"}
FORMS = [call for call in CALLS if call.takes]
(FIGURES,) = [call for call in CALLS if call.path.endswith("/figures")]


@cache
def published() -> dict[str, Any]:
    """Return the contract as a program reads it."""
    found: dict[str, Any] = json.loads(msgspec.json.encode(contract()))
    return found


def named(call: Call) -> str:
    return f"{call.method} {call.path}"


def fits(schema: dict[str, Any], value: object) -> bool:
    """Say whether a value is as a schema of the contract says, formats included."""
    whole = {"components": published()["components"], **schema}
    return bool(OAS31Validator(whole, format_checker=oas31_format_checker).is_valid(value))


def operation(call: Call) -> dict[str, Any]:
    before = "/public/" if call in PUBLIC else "/api/"
    found: dict[str, Any] = published()["paths"][before + address(call.path)][call.method.lower()]
    return found


def schema_of(part: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = part["content"]["application/json"]["schema"]
    return found


def row(which: str, **more: object) -> dict[str, Any]:
    return {"id": str(id_of(f"openapi {which}")), **more}


def bodies() -> dict[str, Any]:
    """Return for each call that takes a body one that is accepted."""
    role = {"kind": "leader", "organisation": str(id_of("east")), "areas": [ZHANGFANG], "since": NOON, "until": None}
    duty = {"order": str(id_of("order")), "activity": "attendance", "kind": "post", "place": str(id_of("muster"))}
    times = {"starts_at": "2022-03-23T18:00:00+08:00", "due_at": "2022-03-23T23:00:00+08:00", "headcount": 2}
    order = {
        "incident": str(id_of("incident")), "number": "演2号", "kind": "close", "title": "令", "title_en": "Order",
        "text": "关。", "text_en": "Shut.", "basis": ["第四十二条"], "issuer": str(id_of("command")), "parent": None,
        "starts_at": NOON, "ends_at": EVENING, "appeal": "综合组", "activities": ["venue_closure"],
        "scope": {"areas": [COUNTY], "categories": ["worship"], "organisations": [str(id_of("east"))]},
    }  # fmt: skip
    own = {"activity": "", "title": "一", "title_en": "One", "zh": "好。", "en": "Well."}
    return {
        "clock": {"start": NOON, "factor": 60.0, "until": EVENING},
        "organisations": {"organisations": [row("team", kind="team", parent=str(id_of("command")), areas=[COUNTY], **NAMES)]},
        "places": {"places": [row("place", category="worship", area=TEMPLE_VILLAGE, **NAMES)]},
        "members": {"members": [row("member", roles=[role], **NAMES)]},
        "sign-in-codes": {"members": [str(id_of("leader"))]},
        "incidents": row("incident", kind="flood", drill=True, **NAMES),
        "orders": row("order", **order),
        "duties": {"duties": [row("duty", organisation=str(id_of("east")), **duty, **times)]},
        "assignments": {"assignments": [row("job", duty=str(id_of("post")), member=str(id_of("leader")))]},
        "bulletins": {
            "incident": str(id_of("incident")), "title": "首夜", "title_en": "First night", "sections": [own], "pictures": []
        },
        "bulletins/<uuid:id_>/review": {"agrees": True, "reason": ""},
    }  # fmt: skip


def issue(cast: Cast, by: str) -> UUID:
    return freeze(cast.scope(by), BulletinForm(id_of("incident"), "首夜", "First night")).id


def agreed(cast: Cast) -> UUID:
    """Return an issue that two others have read."""
    found = issue(cast, "commander")
    for role in ("duty_officer", "secretary"):
        review_bulletin(cast.scope(role), found, agrees=True)
    return found


@pytest.fixture
def cast(cast: Cast) -> Cast:
    """Everyone, when somebody has found a venue open: before a call sets the clock to another time."""
    cast.phone().says(cast.night, {"open": True, "gathering": False})
    catch_up("430181")
    return cast


def found_open(cast: Cast) -> UUID:
    """Return a matter that is open in everybody's areas."""
    (found,) = matters(cast.scope("commander"), id_of("incident")).filter(name="venue_open", closed__isnull=True)
    return found.id


def ask(cast: Cast, client: Client, call: Call, role: str = "commander") -> Any:
    """Make a call that is in order."""
    ids = {
        "devices/<uuid:id_>/revoke": lambda: cast.phone().device,
        "matters/<uuid:id_>/chase": lambda: found_open(cast),
        "orders/<uuid:id_>/visits": lambda: id_of("order"),
        "bulletins/<uuid:id_>/review": lambda: issue(cast, "duty_officer" if role != "duty_officer" else "secretary"),
        "bulletins/<uuid:id_>/publish": lambda: agreed(cast),
    }
    at = "/api/" + call.path.replace("<uuid:id_>", str(ids.get(call.path, lambda: id_of("incident"))()))
    if call.method == "GET":
        return client.get(at)
    body = {"code": cast.code(role)} if call.path == "sign-in" else bodies().get(call.path)
    return client.post(at, json.dumps(body), "application/json")


def holds(call: Call, content: bytes) -> None:
    """Hold an answer against its schema, and against its type: what the type does not know would get lost."""
    said = json.loads(content)
    assert fits(schema_of(operation(call)["responses"]["200"]), said)
    assert json.loads(msgspec.json.encode(msgspec.json.decode(content, type=call.answer))) == said


def test_every_address_of_the_door_is_in_the_contract_and_the_other_way_round() -> None:
    served = {f"/{address(found)}" for found in addresses(get_resolver()) if found.startswith("api/")}
    paths = set(published()["paths"])
    assert {found for found in paths if found.startswith("/api/")} == served
    assert {found for found in paths if not found.startswith("/api/")} == {"/public/bulletins/{id}.json"}


def test_each_address_takes_exactly_the_methods_of_the_contract(cast: Cast, desk: Client) -> None:
    for path, held in published()["paths"].items():
        at = path.replace("{id}", str(uuid4()))
        taken = {word for word in ("get", "post", "put", "patch", "delete") if desk.generic(word, at).status_code != 405}
        assert taken == set(held), path


def test_the_contract_is_openapi() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(published()).iter_errors()] == []


def test_its_patterns_mean_the_same_in_every_language() -> None:
    r"""Regular expressions of JSON Schema are JavaScript's, which does not know ``\A`` and ``\Z``."""
    patterns = set(re.findall(r'"pattern":"(.*?)"', msgspec.json.encode(published()).decode()))
    assert patterns
    assert [found for found in patterns if re.search(r"\\[AZz]|\(\?[P<]", found)] == []


def test_it_is_told_to_anyone_and_the_copy_among_the_docs_is_the_same() -> None:
    answer = Client().get("/api/openapi.json")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert msgspec.json.format(answer.content).decode() + "\n" == doc("openapi.json"), "type make openapi"


@pytest.mark.parametrize("call", [*CALLS, *PUBLIC], ids=named)
def test_a_row_of_the_table_says_what_its_view_does(call: Call) -> None:
    hints = get_type_hints(call.view, localns={"Bulletin": object})
    assert hints["return"] == call.answer
    taken = list[call.takes.row] if isinstance(call.takes, Rows) else call.takes  # type: ignore[name-defined]
    assert hints.get("rows" if isinstance(call.takes, Rows) else "form") == taken


@pytest.mark.parametrize("call", CALLS, ids=named)
def test_an_answer_is_as_published(cast: Cast, desk: Client, call: Call) -> None:
    cast.phone().says(cast.night - timedelta(minutes=1), {"open": False, "gathering": False})
    catch_up("430181")
    agreed(cast)
    answer = ask(cast, desk, call)
    assert answer.status_code == 200, answer.content
    holds(call, answer.content)


def test_figures_can_be_told_apart_by_what_the_desk_tells_them_apart_by() -> None:
    (by,) = [one for one in operation(FIGURES)["parameters"] if one["name"] == "by"]
    assert set(by["schema"]["enum"]) == set(PARTS)


@pytest.mark.parametrize("by", sorted(PARTS))
def test_figures_told_apart_are_as_published(cast: Cast, desk: Client, by: str) -> None:
    cast.phone().says(cast.night, {"open": False, "gathering": False})
    catch_up("430181")
    answer = desk.get(f"/api/incidents/{id_of('incident')}/figures?by={by}")
    assert answer.json()["parts"]
    holds(FIGURES, answer.content)


def test_what_may_be_asked_is_what_is_read(cast: Cast, desk: Client) -> None:
    """Whatever is more than words is refused if it is of another kind; each word of a choice is taken."""
    for call in (call for call in CALLS if call.asks):
        at = "/api/" + call.path.replace("<uuid:id_>", str(id_of("incident")))
        for one in (one for one in operation(call)["parameters"] if one["in"] == "query"):
            words = one["schema"] == {"type": "string"}
            assert desk.get(f"{at}?{one['name']}=~").status_code == (200 if words else 400), one
            for word in one["schema"].get("enum", ()):
                assert desk.get(f"{at}?{one['name']}={word}").status_code == 200, word


@pytest.mark.parametrize("role", ROLES)
def test_who_may_is_as_published(cast: Cast, role: str) -> None:
    client = cast.at_desk(role)
    for call in (call for call in CALLS if call.who != ANYONE):
        allowed = role in operation(call)["x-roles"]
        assert (ask(cast, client, call, role).status_code != 403) == allowed, named(call)


def test_who_is_not_signed_in_may_what_the_contract_says(cast: Cast) -> None:
    for call in CALLS:
        needed = bool(operation(call)["security"])
        assert (ask(cast, Client(), call).status_code == 401) == needed, named(call)


def spoilt(body: Any) -> Iterator[Any]:
    """Give a body with each thing in it left out, replaced by another kind, and joined by one too many."""
    if isinstance(body, list):
        yield from ([spoiled, *body[1:]] for one in body[:1] for spoiled in spoilt(one))
    if isinstance(body, dict):
        yield body | {"one_too_many": 1}
        for key, held in body.items():
            yield {name: value for name, value in body.items() if name != key}
            yield from (body | {key: other} for other in OTHERS)
            yield from (body | {key: spoiled} for spoiled in spoilt(held))


@pytest.mark.parametrize("call", FORMS, ids=named)
def test_a_body_is_read_if_and_only_if_it_is_as_published(call: Call) -> None:
    body, schema = bodies().get(call.path, {"code": "1"}), schema_of(operation(call)["requestBody"])
    assert fits(schema, body)
    for tried in (body, *spoilt(body)):
        try:
            read = bool(call.read(RequestFactory().post("/", tried, "application/json")))
        except BadRequest:
            read = False
        assert fits(schema, tried) == read, tried


def test_refusals_are_as_published(cast: Cast, desk: Client) -> None:
    frozen = issue(cast, "commander")
    for client, path, id_, status in (
        (desk, "/api/incidents", "", 400),
        (Client(), "/api/incidents", "", 401),
        (cast.at_desk("leader"), "/api/clock/begin", "", 403),
        (desk, "/api/orders/{id}/visits", uuid4(), 404),
        (desk, "/api/bulletins/{id}/publish", frozen, 409),
    ):
        answer = client.post(path.replace("{id}", str(id_)), "{}", "application/json")
        listed = published()["paths"][path]["post"]["responses"]
        assert (answer.status_code, listed[str(status)]["$ref"]) == (status, "#/components/responses/Refusal")
        assert fits(schema_of(published()["components"]["responses"]["Refusal"]), answer.json())


def test_a_published_issue_is_as_published(cast: Cast) -> None:
    cast.phone().says(cast.night, {"open": False, "gathering": False})
    found = agreed(cast)
    publish_bulletin(cast.scope("commander"), found)
    answer = Client().get(f"/public/bulletins/{found}.json")
    assert answer.json()["details"][0]["by_day"]
    holds(PUBLIC[0], answer.content)
