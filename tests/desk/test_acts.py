"""What a person does at the desk about matters and records: it becomes a record, shows at once, and can be undone."""

from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from tests.cast import COUNTY, Cast, figures_now, id_of, order_form

from tongxin.figures.actions import catch_up
from tongxin.figures.verify import verify
from tongxin.ledger.models import Head, Matter, Record
from tongxin.ledger.problems import Mark, meaning
from tongxin.orders.actions import issue
from tongxin.orders.forms import ScopeForm
from tongxin.orders.models import Order
from tongxin.places.actions import PlaceForm, add_places
from tongxin.playbook.registry import activity

OPEN, SHUT = {"open": True, "gathering": False}, {"open": False, "gathering": False}
LEDGER = "430181"


@pytest.fixture
def found_open(cast: Cast) -> Matter:
    """A venue found open."""
    cast.phone().says(cast.night - timedelta(minutes=30), OPEN)
    catch_up(LEDGER)
    return Matter.objects.get(name="venue_open", until=None)


def act(desk: Client, path: str) -> tuple[int, dict[str, list[str]]]:
    """Press a button on the list of matters; return the status and what the answer's address says."""
    answer = desk.post(path, {"next": "/matters?state=all"})
    return answer.status_code, parse_qs(urlsplit(answer.get("Location", "")).query)


def test_a_matter_settled_at_the_desk_is_a_record_and_closes_at_once(cast: Cast, found_open: Matter) -> None:
    desk = cast.at_desk("duty_officer")
    assert f"/matters/{found_open.id}/settle" in desk.get("/matters").text
    assert act(desk, f"/matters/{found_open.id}/settle") == (302, {"state": ["all"], "done": ["2"]})
    row = Record.objects.get(position=2)
    assert (row.act, row.channel, row.target, row.quarantine) == ("settle", "desk", found_open.id, "")
    assert (row.typist, row.role) == (id_of("duty_officer"), "duty_officer")
    assert figures_now(cast)["venue_closure.fixed"] == 1
    assert f"/matters/{found_open.id}/settle" not in desk.get("/matters?state=all").text
    assert verify(LEDGER)[2] == []


def test_what_was_settled_is_undone_within_the_page(cast: Cast, found_open: Matter) -> None:
    desk = cast.at_desk("duty_officer")
    act(desk, f"/matters/{found_open.id}/settle")
    shown = desk.get("/matters?state=all&done=2").text
    assert "/records/2/withdraw" in shown
    assert act(desk, "/records/2/withdraw") == (302, {"state": ["all"]})
    assert figures_now(cast)["venue_closure.fixed"] == 0
    assert Matter.objects.get(name="venue_open", until=None).closed is None
    assert verify(LEDGER)[2] == []


def test_the_acts_of_a_person_are_one_chain(cast: Cast, found_open: Matter) -> None:
    desk = cast.at_desk("duty_officer")
    for path in (f"/matters/{found_open.id}/settle", "/records/2/withdraw", f"/matters/{found_open.id}/settle"):
        assert act(desk, path)[0] == 302
    rows = Record.objects.filter(channel="desk").order_by("position").values_list("seq", "chain")
    assert [seq for seq, _ in rows] == list(range(rows[0][0], rows[0][0] + 3))
    assert len({chain for _, chain in rows}) == 1


def test_a_chain_that_the_ledger_lost_is_left_and_nothing_else(cast: Cast, found_open: Matter) -> None:
    desk = cast.at_desk("duty_officer")
    act(desk, f"/matters/{found_open.id}/settle")
    chain = Record.objects.get(position=2).chain
    Head.objects.filter(chain=chain).delete()  # as after a restore
    assert act(desk, "/records/2/withdraw")[0] == 302
    last = Record.objects.latest("position")
    assert (last.act, last.seq, last.chain == chain) == ("withdraw", 1, False)


WAITING = "warehouse_release"
STORED, LEAVES = {"lot": "A-1", "step": "received", "weight": 12}, {"lot": "A-1", "step": "negative"}


@pytest.fixture
def waiting(cast: Cast) -> Matter:
    """A lot in the warehouse that an inspector wants to release; a duty officer must approve."""
    commander, store, order = cast.scope("commander"), id_of("warehouse"), str(id_of("cold chain"))
    add_places(commander, [PlaceForm(store, "集中监管仓", "Warehouse", "warehouse", "430181105201")])
    kind = activity(WAITING)
    scope = ScopeForm([COUNTY], ["warehouse"], [id_of("east")])
    changes = {"number": "演3号", "kind": kind.order, "activities": [WAITING], "scope": scope}
    issue(commander, order_form(cast.night, id=id_of("cold chain"), **changes))
    phone, named = cast.phone(), {"activity": WAITING, "activity_hash": kind.hash, "order": order, "place": str(store)}
    for minutes, said in ((40, STORED), (20, LEAVES)):
        receipt = phone.says(cast.night - timedelta(minutes=minutes), said, **named)
        assert receipt["quarantine"] is None
    catch_up(LEDGER)
    return Matter.objects.get(activity=WAITING, name="held", until=None)


def test_what_waits_is_approved_by_rank_and_not_by_settling_alone(cast: Cast, waiting: Matter) -> None:
    desk = cast.at_desk("duty_officer")
    assert waiting.waiting is not None
    assert f"/matters/{waiting.id}/approve" in desk.get("/matters").text
    assert act(cast.at_desk("leader"), f"/matters/{waiting.id}/approve")[0] == 403
    assert act(desk, f"/matters/{waiting.id}/approve") == (302, {"state": ["all"], "done": ["3"]})
    assert Matter.objects.get(id=waiting.id, until=None).closed == 3
    assert verify(LEDGER)[2] == []


def test_what_does_not_wait_is_not_approved(cast: Cast, found_open: Matter) -> None:
    assert act(cast.at_desk("commander"), f"/matters/{found_open.id}/approve")[0] == 409
    assert Record.objects.count() == 1


def test_after_its_order_has_ended_nothing_is_written_and_the_reason_is_said(cast: Cast, found_open: Matter) -> None:
    Order.objects.update(ends_at=cast.night - timedelta(minutes=1))
    answer = cast.at_desk("commander").post(f"/matters/{found_open.id}/settle", {})
    assert (answer.status_code, Record.objects.count()) == (409, 1)
    assert "当时不在有效期" in answer.text


@pytest.mark.parametrize("role", ["leader", "inspector", "outsider"])
def test_whoever_may_not_decide_has_no_button_and_is_refused(cast: Cast, found_open: Matter, role: str) -> None:
    desk = cast.at_desk(role)
    assert "/settle" not in desk.get("/matters").text
    assert act(desk, f"/matters/{found_open.id}/settle")[0] in (403, 404)
    assert Record.objects.count() == 1


def test_a_matter_is_settled_once(cast: Cast, found_open: Matter) -> None:
    desk = cast.at_desk("commander")
    act(desk, f"/matters/{found_open.id}/settle")
    answer = desk.post(f"/matters/{found_open.id}/settle", {})
    assert (answer.status_code, Record.objects.count()) == (409, 2)
    assert "ledger.settled" in answer.text


def test_a_record_without_authority_is_listed_and_released(cast: Cast) -> None:
    cast.phone().says(cast.night - timedelta(minutes=5), OPEN, place=str(id_of("cinema")))  # in another district
    catch_up(LEDGER)
    assert figures_now(cast)["venue_closure.found_open"] == 0
    desk = cast.at_desk("commander")
    assert 'href="/quarantine"' in desk.get("/matters").text
    assert 'href="/records/1"' in desk.get("/quarantine").text
    assert "/records/1/release" in desk.get("/records/1").text
    assert desk.post("/records/1/release", {"next": "/records/1"}).status_code == 302
    assert figures_now(cast)["venue_closure.found_open"] == 1
    assert verify(LEDGER)[2] == []


def test_a_record_whose_content_is_wrong_is_never_released(cast: Cast) -> None:
    cast.phone().says(cast.night - timedelta(minutes=5), OPEN | {"colour": "red"})
    desk = cast.at_desk("commander")
    assert "/records/1/release" not in desk.get("/records/1").text
    assert desk.post("/records/1/release", {}).status_code == 409
    assert Record.objects.count() == 1


def test_every_mark_has_words() -> None:
    assert all(meaning(mark.code) for mark in Mark.__subclasses__())


def test_where_nothing_is_to_be_undone_no_bar_shows(cast: Cast, found_open: Matter) -> None:
    assert 'class="undo"' not in cast.at_desk("commander").get("/matters?done=x").text


def test_nobody_speaks_for_the_desk_from_outside(cast: Cast, found_open: Matter, night: datetime) -> None:
    act(cast.at_desk("duty_officer"), f"/matters/{found_open.id}/settle")
    stranger = cast.phone()
    stranger.device = Record.objects.get(position=2).device
    refusal = stranger.post(1, stranger.record(night, OPEN))
    assert (refusal.status_code, refusal.json()["problem"]["code"]) == (401, "people.unknown_device")
    assert Record.objects.count() == 2
