"""Who must see to a matter now, and what became of a record: what activities declare and people decide shows on the desk."""

from datetime import timedelta
from typing import Any

import pytest
from tests.cast import COUNTY, Cast, id_of, order_form, post_form

from tongxin.figures.actions import catch_up
from tongxin.ledger.tallying import shifts_by_duty
from tongxin.orders.actions import add_duties, issue
from tongxin.orders.models import Clock
from tongxin.orders.queries import forget_clock
from tongxin.playbook.registry import activity


def says(cast: Cast, name: str, body: dict[str, Any], hours: float, **changes: Any) -> dict[str, Any]:
    """Let the inspector say something under the second order, so many hours before nine."""
    phone = cast.phone()
    named = {"activity": name, "activity_hash": activity(name).hash, "order": str(id_of("second"))}
    said = phone.says(cast.night - timedelta(hours=hours), body, **named, **changes)
    assert said["quarantine"] is None
    catch_up(COUNTY[:6])
    return said


def ordered(cast: Cast, kind: str, name: str) -> None:
    issue(cast.scope("commander"), order_form(cast.night, id=id_of("second"), number="演2号", kind=kind, activities=[name]))


def test_a_matter_goes_from_its_owner_to_whom_it_escalates_to_once_it_is_overdue(cast: Cast) -> None:
    ordered(cast, "voice", "grassroots_voice")
    says(cast, "grassroots_voice", {"topic": "medical", "answered": False}, 1)
    page = cast.at_desk("commander").get("/matters").content.decode()
    assert '<td class="dim">张坊镇</td><td class="dim">张坊镇</td>' in page
    Clock.objects.update(start=cast.night + timedelta(hours=4))
    forget_clock()
    page = cast.at_desk("commander").get("/matters").content.decode()
    assert '<td class="dim">张坊镇</td><td class="dim">东片组・值班长</td>' in page


def test_what_awaits_approval_says_so_until_it_is_approved(cast: Cast) -> None:
    ordered(cast, "cold_chain", "warehouse_release")
    says(cast, "warehouse_release", {"lot": "L1", "step": "received", "weight": 500}, 2)
    assert "待批准" not in cast.at_desk("commander").get("/matters").content.decode()
    says(cast, "warehouse_release", {"lot": "L1", "step": "negative"}, 1)
    assert "待批准" in cast.at_desk("commander").get("/matters").content.decode()


@pytest.mark.parametrize(("act", "said"), [("correct", "已由第2条更正"), ("withdraw", "不计：已撤回，或者是副本")])
def test_a_record_says_what_became_of_it_and_leads_there(cast: Cast, act: str, said: str) -> None:
    phone = cast.phone()
    first = phone.says(cast.night - timedelta(minutes=9), {"open": True, "gathering": False})
    body = {"open": False, "gathering": False} if act == "correct" else {}
    phone.says(cast.night, body, act=act, target=first["id"])
    catch_up(COUNTY[:6])
    desk = cast.at_desk("commander")
    assert said in desk.get("/records/1").content.decode()
    assert 'href="/records/1"' in desk.get("/records/2").content.decode()


def test_posts_of_every_kind_have_people_on_them(cast: Cast) -> None:
    ordered(cast, "deploy", "checkpoint_post")
    gate = post_form(cast.night, id=id_of("gate"), order=id_of("second"), activity="checkpoint_post")
    add_duties(cast.scope("commander"), [gate])
    says(cast, "checkpoint_post", {"act": "in"}, 2, duty=str(id_of("gate")))
    assert shifts_by_duty(cast.scope("commander"), id_of("incident")) == {id_of("gate"): (1, 1)}
    off = {"act": "out", "vehicles": 3, "turned_back": 0}
    says(cast, "checkpoint_post", off, 1, duty=str(id_of("gate")))
    assert shifts_by_duty(cast.scope("commander"), id_of("incident")) == {id_of("gate"): (1, 0)}


@pytest.mark.parametrize("where", [{"lat": 1}, "here", 7, None, [], {"lat": "x", "lon": [], "within": 0}])
def test_a_record_with_answers_of_the_wrong_shape_can_be_looked_at(cast: Cast, where: object) -> None:
    ordered(cast, "flood", "dyke_patrol")
    named = {"activity": "dyke_patrol", "activity_hash": activity("dyke_patrol").hash, "order": str(id_of("second"))}
    said = cast.phone().says(cast.night, {"found": "slide", "level": 30, "where": where}, **named)
    assert said["quarantine"] == "ledger.bad_answer"
    assert cast.at_desk("commander").get("/records/1").status_code == 200


def test_rows_are_read_out_and_rows_of_the_wrong_shape_as_they_came(cast: Cast) -> None:
    ordered(cast, "liaison", "disinfection")
    says(
        cast,
        "disinfection",
        {"site": 8900, "parts": [{"what": "floor", "area": 8000}, {"what": "canteen", "area": 900}], "complete": True},
        1,
    )
    assert "车间地面 8000平方米、食堂 900平方米" in cast.at_desk("commander").get("/records/1").content.decode()
    named = {"activity": "disinfection", "activity_hash": activity("disinfection").hash, "order": str(id_of("second"))}
    for at, parts in enumerate(([3], [{"what": ["floor"]}], "all", [{"area": {}}]), start=2):
        cast.phone().says(cast.night, {"site": 8900, "parts": parts, "complete": True}, **named)
        assert cast.at_desk("commander").get(f"/records/{at}").status_code == 200
