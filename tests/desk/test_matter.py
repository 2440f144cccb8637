"""One matter at the desk: what can be done about it, with a reason, by whom; and marked records, looked at and rejected."""

from datetime import timedelta
from uuid import UUID

import pytest
from tests.cast import Cast, figures_now, id_of

from tongxin.figures.actions import catch_up
from tongxin.figures.verify import verify
from tongxin.ledger.models import Matter, Record
from tongxin.places.actions import PlaceForm, add_places

OPEN, SHUT = {"open": True, "gathering": False}, {"open": False, "gathering": False}
LEDGER = "430181"


@pytest.fixture
def pair(cast: Cast) -> tuple[Matter, Matter]:
    """Two venues found open, the one that lives on first: the same door, entered twice as a place."""
    add_places(cast.scope("commander"), [PlaceForm(id_of("annex"), "文庙偏殿", "Temple annex", "worship", "430181105201")])
    phone = cast.phone()
    for minutes, place in ((40, "temple"), (30, "annex")):
        receipt = phone.says(cast.night - timedelta(minutes=minutes), OPEN, place=str(id_of(place)))
        assert receipt["quarantine"] is None
    catch_up(LEDGER)
    first, second = Matter.objects.filter(name="venue_open", until=None).order_by("id")  # a test's ids are of chance, not of time
    return first, second


def stands(id_: UUID) -> Matter | None:
    return Matter.objects.filter(id=id_, until=None, merged=False).first()


def test_a_matter_shows_what_was_said_whose_it_is_and_what_can_be_done(cast: Cast, pair: tuple[Matter, Matter]) -> None:
    page = cast.at_desk("duty_officer").get(f"/matters/{pair[0].id}").text
    shown = [f'href="/records/{row.opened}"' in page for row in pair]
    assert shown == [True, False], "the other is another place"
    for act in ("settle", "merge", "reassign"):
        assert f'formaction="/matters/{pair[0].id}/{act}"' in page
    assert f'<option value="{pair[1].id}">' in page
    assert f"/matters/{pair[0].id}" in cast.at_desk("duty_officer").get("/matters").text


@pytest.mark.parametrize("role", ["leader", "inspector"])
def test_whoever_may_not_decide_is_told_who_may(cast: Cast, pair: tuple[Matter, Matter], role: str) -> None:
    page = cast.at_desk(role).get(f"/matters/{pair[0].id}").text
    assert "formaction" not in page
    assert "值班长" in page
    for act, named in (("settle", {}), ("reassign", {"organisation": id_of("west")}), ("merge", {"into": pair[1].id})):
        assert cast.at_desk(role).post(f"/matters/{pair[0].id}/{act}", named).status_code == 403
    assert Record.objects.count() == 2


def test_a_matter_is_settled_with_a_reason_that_everybody_can_read(cast: Cast, pair: tuple[Matter, Matter]) -> None:
    desk = cast.at_desk("duty_officer")
    where = f"/matters/{pair[0].id}"
    answer = desk.post(f"{where}/settle", {"reason": "白天已关门", "next": where})
    assert answer["Location"] == f"{where}?done=3"
    assert Record.objects.get(position=3).body == {"reason": "白天已关门"}
    page = desk.get(f"{where}?done=3").text
    assert "白天已关门" in page
    assert "/records/3/withdraw" in page
    assert "白天已关门" in desk.get("/records/3").text
    assert verify(LEDGER)[2] == []


def test_two_matters_become_one_and_the_older_lives_on_whichever_was_pressed(cast: Cast, pair: tuple[Matter, Matter]) -> None:
    older, younger = pair
    desk = cast.at_desk("duty_officer")
    answer = desk.post(f"/matters/{older.id}/merge", {"into": younger.id, "reason": "同一处"})
    assert answer["Location"] == f"/matters/{older.id}?done=3"
    assert (stands(older.id) is not None, stands(younger.id)) == (True, None)
    assert desk.post("/records/3/withdraw", {}).status_code == 302
    assert stands(younger.id) is not None
    assert verify(LEDGER)[2] == []


def test_another_organisation_becomes_answerable_and_figures_count_where_it_was_found(
    cast: Cast, pair: tuple[Matter, Matter]
) -> None:
    desk = cast.at_desk("duty_officer")
    before = figures_now(cast)
    answer = desk.post(f"/matters/{pair[0].id}/reassign", {"organisation": id_of("west"), "reason": "就近"})
    assert (answer.status_code, Record.objects.get(position=3).act) == (302, "reassign")
    row = stands(pair[0].id)
    assert row is not None
    assert (row.organisation, row.closed) == (id_of("west"), None)
    assert f"/matters/{row.id}" in desk.get(f"/matters?organisation={id_of('west')}").text
    assert figures_now(cast) == before
    assert verify(LEDGER)[2] == []


@pytest.mark.parametrize("act", ["merge", "reassign"])
def test_without_a_choice_nothing_is_done(cast: Cast, pair: tuple[Matter, Matter], act: str) -> None:
    answer = cast.at_desk("duty_officer").post(f"/matters/{pair[0].id}/{act}", {"reason": "x"})
    assert (answer.status_code, Record.objects.count()) == (400, 2)
    assert "选好再按" in answer.text


@pytest.mark.parametrize("marked", [OPEN | {"colour": "red"}, OPEN])
def test_a_marked_record_is_looked_at_and_rejected_with_a_reason(cast: Cast, marked: dict[str, object]) -> None:
    cast.phone().says(cast.night - timedelta(minutes=5), marked, place=str(id_of("cinema" if marked == OPEN else "temple")))
    catch_up(LEDGER)
    desk = cast.at_desk("duty_officer")
    assert 'formaction="/records/1/reject"' in desk.get("/records/1").text
    refused = desk.post("/records/1/reject", {"reason": " "})
    assert (refused.status_code, Record.objects.count()) == (400, 1)
    assert desk.post("/records/1/reject", {"reason": "报错了地方", "next": "/quarantine"}).status_code == 302
    assert 'href="/records/1"' not in desk.get("/quarantine").text
    assert 'href="/records/1"' in desk.get("/quarantine?state=rejected").text
    assert 'href="/records/2"' in desk.get("/records/1").text
    assert desk.post("/records/1/release", {}).status_code == 409
    assert desk.post("/records/2/withdraw", {}).status_code == 302
    assert 'href="/records/1"' in desk.get("/quarantine").text
    assert verify(LEDGER)[2] == []


def test_a_released_record_waits_no_longer(cast: Cast) -> None:
    cast.phone().says(cast.night - timedelta(minutes=5), OPEN, place=str(id_of("cinema")))
    catch_up(LEDGER)
    desk = cast.at_desk("commander")
    desk.post("/records/1/release", {"reason": "临时支援"})
    assert Record.objects.get(position=2).body == {"reason": "临时支援"}
    assert 'href="/records/1"' not in desk.get("/quarantine").text


@pytest.mark.parametrize("role", ["leader", "inspector", "outsider"])
def test_only_who_decides_rejects(cast: Cast, role: str) -> None:
    cast.phone().says(cast.night - timedelta(minutes=5), OPEN | {"colour": "red"})
    assert "formaction" not in cast.at_desk(role).get("/records/1").text
    assert cast.at_desk(role).post("/records/1/reject", {"reason": "x"}).status_code in (403, 404)
