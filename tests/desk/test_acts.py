"""What a person does at the desk about matters and records: it becomes a record, shows at once, and can be undone."""

from datetime import datetime, timedelta
from typing import Any
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


def typed(desk: Client, position: int, **answers: str) -> Any:
    """Type answers into a record's form at the desk."""
    return desk.post(f"/records/{position}/correct", answers)


def test_a_wrong_record_is_corrected_and_every_number_follows(cast: Cast, found_open: Matter) -> None:
    desk = cast.at_desk("duty_officer")
    assert "/records/1/correct" in desk.get("/records/1").text
    assert '<option value="yes" selected>' in desk.get("/records/1/correct").text
    answer = typed(desk, 1, open="no", gathering="no")
    assert (answer.status_code, answer["Location"]) == (302, "/records/1?done=2")
    row = Record.objects.get(position=2)
    assert (row.act, row.channel, row.quarantine, row.body) == ("correct", "desk", "", SHUT)
    assert (row.typist, row.member) == (id_of("duty_officer"), id_of("inspector"))
    assert figures_now(cast)["venue_closure.found_open"] == 0
    shown = desk.get("/records/1?done=2").text
    assert "已由第2条更正" in shown
    assert "/records/2/withdraw" in shown
    assert '<option value="no" selected>' in desk.get("/records/1/correct").text
    assert act(desk, "/records/2/withdraw")[0] == 302
    assert figures_now(cast)["venue_closure.found_open"] == 1
    assert verify(LEDGER)[2] == []


def test_answers_that_do_not_fit_are_shown_again_and_nothing_is_taken_down(cast: Cast, found_open: Matter) -> None:
    desk = cast.at_desk("duty_officer")
    answer = typed(desk, 1, open="", gathering="perhaps")
    assert answer.status_code == 400
    assert "下面有 2 处要改" in answer.text
    assert 'id="fault-open"' in answer.text
    assert 'id="fault-gathering"' in answer.text
    assert Record.objects.count() == 1


@pytest.mark.parametrize("weight", ["1e400", "inf", "nan", "9999999999999", "1_000", "0.12345", "十二", "-"])
def test_a_number_that_is_none_is_shown_again(cast: Cast, waiting: Matter, weight: str) -> None:
    answer = typed(cast.at_desk("duty_officer"), 1, lot="A-1", step="received", weight=weight)
    assert (answer.status_code, 'id="fault-weight"' in answer.text, weight in answer.text) == (400, True, True)
    assert not Record.objects.filter(act="correct").exists()


def test_what_was_not_changed_is_not_written(cast: Cast, found_open: Matter) -> None:
    answer = typed(cast.at_desk("duty_officer"), 1, open="yes", gathering="no")
    assert (answer.status_code, answer["Location"], Record.objects.count()) == (302, "/records/1", 1)


@pytest.mark.parametrize(("role", "status"), [("inspector", 302), ("leader", 302), ("outsider", 404)])
def test_whoever_made_a_record_or_leads_there_corrects_it(cast: Cast, found_open: Matter, role: str, status: int) -> None:
    desk = cast.at_desk(role)
    assert ("/records/1/correct" in desk.get("/records/1").text) is (status == 302)
    assert typed(desk, 1, open="no", gathering="no").status_code == status
    assert verify(LEDGER)[2] == []


def test_a_colleague_may_not_correct_another_ones_record(cast: Cast) -> None:
    cast.phone("leader").says(cast.night - timedelta(minutes=30), OPEN)
    desk = cast.at_desk("inspector")
    assert "/records/1/correct" not in desk.get("/records/1").text
    assert (typed(desk, 1, open="no", gathering="no").status_code, Record.objects.count()) == (403, 1)


def test_a_marked_record_is_not_corrected(cast: Cast) -> None:
    cast.phone().says(cast.night - timedelta(minutes=5), OPEN | {"colour": "red"})
    desk = cast.at_desk("commander")
    assert "/records/1/correct" not in desk.get("/records/1").text
    assert desk.get("/records/1/correct").status_code == 409


def test_a_corrected_code_leads_to_what_it_names_and_numbers_are_read_as_numbers(cast: Cast, waiting: Matter) -> None:
    desk = cast.at_desk("duty_officer")
    assert typed(desk, 1, lot="A-2", step="received", weight="１２.5").status_code == 302
    row = Record.objects.get(act="correct")
    assert (row.subject, row.body) == ("A-2", {"lot": "A-2", "step": "received", "weight": 12.5})
    assert Matter.objects.filter(subject="A-2", name="held", until=None).exists()
    assert verify(LEDGER)[2] == []
