"""One search over what people name, and the page of one place."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from tests.cast import Cast, id_of

from tongxin.figures.actions import catch_up
from tongxin.places.actions import PlaceForm, add_places
from tongxin.playbook.registry import activity

OPEN, SHUT = {"open": True, "gathering": False}, {"open": False, "gathering": False}
TEMPLE, CINEMA, ORDER = f"/places/{id_of('temple')}", f"/places/{id_of('cinema')}", f"/orders/{id_of('order')}"
TAG = re.compile(r"<[^>]+>")


@pytest.fixture
def evening(cast: Cast) -> Cast:
    """A venue in each district found open; one put right."""
    phone, far = cast.phone(), cast.phone("outsider")
    phone.says(cast.night - timedelta(minutes=50), OPEN)
    far.says(cast.night - timedelta(minutes=40), OPEN, place=str(id_of("cinema")))
    far.says(cast.night - timedelta(minutes=20), SHUT, place=str(id_of("cinema")))
    catch_up("430181")
    return cast


def search(desk: Client, text: str) -> str:
    answer = desk.get("/search", {"q": text})
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize(
    ("typed", "link"),
    [
        ("观音", TEMPLE), ("TEMPLE", TEMPLE), ("影院", CINEMA), ("东片组", f"organisation={id_of('east')}"),
        ("关停令", ORDER), ("演1号", ORDER), ("仍开放", "/figures/venue_closure.found_open"),
        ("2", "/records/2"), (" ２ ", "/records/2"),
    ],
)  # fmt: skip
def test_what_people_name_is_found_and_leads_there(evening: Cast, typed: str, link: str) -> None:
    assert link in search(evening.at_desk("commander"), typed)


def test_with_a_place_what_is_open_there_is_found(evening: Cast) -> None:
    desk = evening.at_desk("commander")
    assert "白云观音阁・仍开放，未整改" in search(desk, "观音")
    assert "仍开放，未整改" not in search(desk, "影院")


@pytest.mark.parametrize("typed", ["没有的地方", "999", "%", "_", "'", "9" * 70, "x" * 500])
def test_what_is_not_there_is_said(evening: Cast, typed: str) -> None:
    assert "没有叫“" in search(evening.at_desk("commander"), typed)


def test_of_many_places_the_first_are_shown_and_all_are_counted(cast: Cast) -> None:
    rows = [PlaceForm(id_of(f"stall {n}"), f"龙门摊{n:03}", f"Stall {n}", "worship", "430181105201") for n in range(230)]
    add_places(cast.scope("commander"), rows)
    shown = TAG.sub("", search(cast.at_desk("commander"), "龙门摊"))
    assert "龙门摊011" in shown
    assert "龙门摊012" not in shown
    assert "还有218处" in shown


def test_nobody_finds_what_lies_outside_the_own_area(evening: Cast) -> None:
    desk = evening.at_desk("inspector")
    assert CINEMA not in search(desk, "影院")
    assert "/records/2" not in search(desk, "2")
    assert desk.get(CINEMA).status_code == 404
    assert desk.get(TEMPLE).status_code == 200


def test_a_place_shows_what_is_open_what_was_seen_and_who_has_still_to_come(evening: Cast) -> None:
    desk = evening.at_desk("commander")
    temple, cinema = desk.get(TEMPLE).text, desk.get(CINEMA).text
    assert "记录1条，未结事项1件。" in TAG.sub("", temple)
    assert "记录2条，未结事项0件。" in TAG.sub("", cinema)
    seen = cinema.split("<h2>经过</h2>")[1]
    assert seen.index("/records/3") < seen.index("/records/2"), "the newest first"
    assert "已查" in temple
    assert ORDER in temple
    assert TEMPLE in desk.get("/records/1").text
    assert TEMPLE in desk.get("/duties").text


def test_a_post_says_who_came_and_who_is_there(cast: Cast) -> None:
    desk, post = cast.at_desk("commander"), f"/places/{id_of('muster')}"
    assert "到岗 0/1，在岗 0" in desk.get(post).text
    terms = {"activity": "attendance", "activity_hash": activity("attendance").hash, "duty": str(id_of("post"))}
    cast.phone().says(cast.night - timedelta(minutes=30), {"act": "in"}, place=str(id_of("muster")), **terms)
    catch_up("430181")
    shown = desk.get(post).text
    assert "到岗 1/1，在岗 1" in shown
    assert "未查" not in shown


def test_a_place_where_nobody_was_says_so(cast: Cast) -> None:
    shown = cast.at_desk("commander").get(TEMPLE).text
    assert "关于这个场所还没有记录。" in shown
    assert "未查" in shown
