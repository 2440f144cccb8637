"""Whoever is answerable for something open is chased: by one press, which shows where it was pressed and can be undone."""

import json
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.cast import COUNTY, Cast, id_of
from tests.elsewhere import Elsewhere, There, somebody_waits

from tongxin.audit.models import Entry
from tongxin.base.scope import Scope
from tongxin.figures.actions import catch_up
from tongxin.ledger.chasing import chase
from tongxin.ledger.models import Chase, Matter, Record
from tongxin.orders.models import Clock
from tongxin.orders.queries import forget_clock

OPEN = {"open": True, "gathering": False}
LEDGER = "430181"


@pytest.fixture
def late(cast: Cast) -> Matter:
    """A venue found open, which is overdue: it was due at midnight, and an hour has passed since."""
    cast.phone().says(cast.night - timedelta(minutes=30), OPEN)
    catch_up(LEDGER)
    pass_by(timedelta(hours=4))
    return Matter.objects.get(name="venue_open", until=None)


def pass_by(time: timedelta) -> None:
    """Let time pass."""
    clock = Clock.objects.get()
    Clock.objects.update(start=clock.start + time, until=clock.until + time)
    forget_clock()


def press(desk: Client, path: str, back: str = "/matters?state=late") -> tuple[int, dict[str, list[str]]]:
    """Press a button; return the status and what the address says to which it leads."""
    answer = desk.post(path, {"next": back})
    return answer.status_code, parse_qs(urlsplit(answer.get("Location", "")).query)


def chased(desk: Client, matter: Matter) -> str:
    """Chase a matter; return the chase's id."""
    status, query = press(desk, f"/matters/{matter.id}/chase")
    assert (status, query["state"]) == (302, ["late"])
    return query["chased"][0]


PAGES = ("/", "/matters", "/matters?state=late")


@pytest.mark.parametrize("page", [*PAGES, "MATTER"])
def test_what_is_late_is_chased_where_it_stands(cast: Cast, late: Matter, page: str) -> None:
    desk, page = cast.at_desk("duty_officer"), page.replace("MATTER", f"/matters/{late.id}")
    before = desk.get(page).text
    assert f'action="/matters/{late.id}/chase"' in before
    assert "已催" not in before
    answer = desk.post(f"/matters/{late.id}/chase", {"next": page})
    row = Chase.objects.get()
    assert (row.matter, row.by, row.organisation) == (late.id, id_of("duty_officer"), id_of("east"))
    assert urlsplit(answer["Location"]).path == urlsplit(page).path
    after = desk.get(answer["Location"]).text
    assert "已催01:00" in after
    assert f'action="/chases/{row.id}/undo"' in after
    later = desk.get(page).text
    assert "已催01:00" in later
    assert "/undo" not in later
    assert "Chased 01:00" in cast.at_desk("duty_officer", "en").get(page).text


def test_a_row_leads_to_its_matter(cast: Cast, late: Matter) -> None:
    for page in PAGES:
        assert f'<a class="quiet" href="/matters/{late.id}">' in cast.at_desk("inspector").get(page).text


def test_a_matter_says_who_chased_whom_and_stays_as_it_was(cast: Cast, late: Matter) -> None:
    desk = cast.at_desk("commander")
    chased(desk, late)
    page = desk.get(f"/matters/{late.id}").text
    table = page.split("催哪个单位")[1].split("</table>")[0]
    assert [word in table for word in ("01:00", "某commander", "东片组")] == [True] * 3
    assert Record.objects.count() == 1
    assert Matter.objects.filter(pk=late.pk).values().get() == Matter.objects.filter(id=late.id, until=None).values().get()


def test_a_chase_and_its_undoing_are_in_the_audit_trail_and_open_pages_hear_of_them(cast: Cast, late: Matter) -> None:
    desk = cast.at_desk("duty_officer")
    stamp = desk.get("/").context["stamp"]
    assert desk.get("/", headers={"X-Seen": stamp}).status_code == 204
    id_ = chased(desk, late)
    assert desk.get("/", headers={"X-Seen": stamp}).status_code == 200
    press(desk, f"/chases/{id_}/undo")
    lines = Entry.objects.filter(subject=str(late.id)).order_by("id").values_list("act", "member", "details")
    who = id_of("duty_officer")
    assert list(lines) == [
        ("matter.chase", who, {"chase": id_, "organisation": str(id_of("east"))}),
        ("matter.unchase", who, {"chase": id_}),
    ]


def test_a_second_press_is_the_same_chase_and_a_later_one_counts(cast: Cast, late: Matter) -> None:
    desk = cast.at_desk("duty_officer")
    assert chased(desk, late) == chased(desk, late)
    assert Chase.objects.count() == 1
    chased(cast.at_desk("commander"), late)
    pass_by(timedelta(minutes=2))
    chased(desk, late)
    assert Chase.objects.count() == 3
    assert "已催3次・01:02" in desk.get("/").text
    assert "Chased 3×, 01:02" in cast.at_desk("leader", "en").get("/").text


def test_a_chase_is_undone_at_once_and_can_be_made_again(cast: Cast, late: Matter) -> None:
    desk = cast.at_desk("duty_officer")
    id_ = chased(desk, late)
    for _ in range(2):  # a double press does no harm
        assert press(desk, f"/chases/{id_}/undo", f"/matters?state=late&chased={id_}") == (302, {"state": ["late"]})
    assert "已催" not in desk.get("/matters").text
    assert Entry.objects.filter(act="matter.unchase").count() == 1
    assert chased(desk, late) != id_
    assert "已催01:00" in desk.get("/matters").text


@pytest.mark.parametrize(("role", "minutes", "status"), [("commander", 0, 403), ("duty_officer", 2, 409)])
def test_only_who_chased_undoes_it_and_only_at_once(cast: Cast, late: Matter, role: str, minutes: int, status: int) -> None:
    id_ = chased(cast.at_desk("duty_officer"), late)
    pass_by(timedelta(minutes=minutes))
    desk = cast.at_desk(role)
    assert "/undo" not in desk.get(f"/matters?chased={id_}").text
    assert press(desk, f"/chases/{id_}/undo")[0] == status
    assert Chase.objects.get().undone_at is None


def test_what_was_never_chased_is_not_undone(cast: Cast, late: Matter) -> None:
    assert press(cast.at_desk("duty_officer"), f"/chases/{late.id}/undo")[0] == 404


def test_what_is_closed_is_not_chased(cast: Cast, late: Matter) -> None:
    desk = cast.at_desk("duty_officer")
    assert desk.post(f"/matters/{late.id}/settle", {}).status_code == 302
    for page in ("/matters?state=all", f"/matters/{late.id}"):
        assert "/chase" not in desk.get(page).text
    answer = desk.post(f"/matters/{late.id}/chase", {})
    assert (answer.status_code, "ledger.settled" in answer.text) == (409, True)
    assert not Chase.objects.exists()


@pytest.mark.parametrize(
    ("role", "status"), [("secretary", 302), ("leader", 302), ("inspector", 403), ("outsider", 404)]
)  # the outsider's areas are others
def test_who_decides_or_leads_there_chases_and_nobody_else(cast: Cast, late: Matter, role: str, status: int) -> None:
    desk = cast.at_desk(role)
    for page in ("/", "/matters", *([f"/matters/{late.id}"] if status != 404 else [])):
        assert (f'action="/matters/{late.id}/chase"' in desk.get(page).text) is (status == 302), page
    assert press(desk, f"/matters/{late.id}/chase")[0] == status
    assert Chase.objects.exists() is (status == 302)


def test_who_may_not_chase_sees_that_somebody_did(cast: Cast, late: Matter) -> None:
    chased(cast.at_desk("duty_officer"), late)
    assert "已催01:00" in cast.at_desk("inspector").get("/").text


def test_nobody_is_led_to_another_site(cast: Cast, late: Matter) -> None:
    answer = cast.at_desk("duty_officer").post(f"/matters/{late.id}/chase", {"next": "https://example.com/"})
    assert answer["Location"] == f"/?chased={Chase.objects.get().id}"


def test_a_page_that_asks_for_itself_again_forgets_what_was_just_done(cast: Cast, late: Matter) -> None:
    desk = cast.at_desk("duty_officer")
    id_ = chased(desk, late)
    assert desk.get(f"/matters?state=late&chased={id_}").context["live"] == "/matters?state=late"


def test_programs_chase(cast: Cast, late: Matter) -> None:
    desk = cast.at_desk("duty_officer")
    answers = [desk.post(f"/api/matters/{late.id}/chase") for _ in range(2)]
    row = Chase.objects.get()
    east, officer = str(id_of("east")), str(id_of("duty_officer"))
    said = {"id": str(row.id), "matter": str(late.id), "by": officer, "organisation": east, "at": "2022-03-22T17:00:00Z"}
    assert [json.loads(answer.content) for answer in answers] == [said, said]


@pytest.mark.parametrize("page", PAGES)
def test_all_rows_take_one_statement(cast: Cast, late: Matter, page: str) -> None:
    desk = cast.at_desk("duty_officer")
    chased(desk, late)
    with CaptureQueriesContext(connection) as asked:
        desk.get(page)
    assert sum("ledger_chase" in query["sql"] for query in asked) == 1


@pytest.mark.parametrize("statement", ["DELETE FROM ledger_chase", "UPDATE ledger_chase SET at = now()"])
def test_a_chase_stays_what_it_was(cast: Cast, late: Matter, statement: str) -> None:
    chased(cast.at_desk("duty_officer"), late)
    with connection.cursor() as cursor, pytest.raises(psycopg.errors.InsufficientPrivilege):
        cursor.connection.execute(statement)


def test_of_two_presses_at_once_one_waits_and_both_are_one_chase(elsewhere: Elsewhere, db: None) -> None:
    def made() -> tuple[Scope, UUID]:
        scope, now = replace(elsewhere.cast.scope("commander"), ledger="999998"), elsewhere.cast.night
        row = Matter.objects.create(
            ledger=scope.ledger, id=uuid4(), since=1, incident=uuid4(), order=uuid4(), member=uuid4(), area=COUNTY, opened=1,
            opened_at=now, due_at=now, last=1, last_at=now,
        )  # fmt: skip
        return scope, row.id

    def first(scope: Scope, id_: UUID) -> Chase:
        with transaction.atomic():
            done = chase(scope, id_)
            second.append(other.submit(chase, scope, id_))
            while not second[0].done() and not somebody_waits():
                pass
        return done

    second: list[Future[Chase]] = []
    with There(elsewhere.database.app_url) as one, There(elsewhere.database.app_url) as other:
        assert one.do(first, *one.do(made)).id == second[0].result().id
