"""Duties: visits made and to be made, and a day's posts with who is missing."""

from datetime import timedelta

import pytest
from tests.cast import Cast, id_of, order_form, post_form
from tests.desk.looking import asked, links, rows, sentence

from tongxin.figures.actions import catch_up
from tongxin.orders.actions import add_duties, assign, issue, plan_visits
from tongxin.orders.forms import AssignmentForm, DutyForm
from tongxin.orders.models import Clock
from tongxin.orders.queries import forget_clock
from tongxin.playbook.registry import activity

SHUT = {"open": False, "gathering": False}
POSTS = "/duties?kind=post"


def checks_in(cast: Cast, duty: str, act: str = "in", who: str = "inspector") -> None:
    terms = {"activity": "attendance", "activity_hash": activity("attendance").hash, "duty": str(id_of(duty))}
    said = cast.phone(who).says(cast.night - timedelta(minutes=30), {"act": act}, place=str(id_of("muster")), **terms)
    assert said["quarantine"] is None
    catch_up("430181")


def later_post(cast: Cast, name: str, days: int = 0, headcount: int = 3, **changes: object) -> DutyForm:
    """Add a post of the east team that begins at ten in the evening."""
    start = cast.night.replace(hour=22) + timedelta(days=days)
    terms = {"starts_at": start, "due_at": start + timedelta(hours=1), "headcount": headcount}
    post = post_form(cast.night, id=id_of(name), **terms | changes)
    add_duties(cast.scope("commander"), [post])
    return post


def test_a_post_says_who_is_assigned_came_is_there_and_missing(cast: Cast) -> None:
    desk = cast.at_desk("commander")
    row = ["东片组", "到岗签到", "东片集结点", "18:00–23:00", "1", "1"]
    assert rows(desk.get(POSTS).text) == [[*row, "0", "0", "1"]]
    assert sentence(desk.get(POSTS).text) == "3月22日有1个岗位，其中1个缺人，共缺1人。"
    checks_in(cast, "post")
    page = desk.get(POSTS).text
    assert rows(page) == [[*row, "1", "1", "0"]]
    assert sentence(page) == "3月22日有1个岗位，都不缺人。"


def test_of_a_post_that_has_not_begun_those_are_missing_who_are_not_assigned(cast: Cast) -> None:
    later_post(cast, "late post", starts_at=cast.night.replace(hour=23), due_at=cast.night.replace(hour=23, minute=30))
    assign(cast.scope("commander"), [AssignmentForm(id_of("late job"), id_of("late post"), id_of("inspector"))])
    desk = cast.at_desk("commander")
    assert rows(desk.get(POSTS).text)[1][4:] == ["3", "1", "0", "0", "2"]
    Clock.objects.update(start=cast.night.replace(hour=23, minute=10))
    forget_clock()
    assert rows(desk.get(POSTS).text)[1][4:] == ["3", "1", "0", "0", "3"], "now it has begun and nobody came"


def test_gaps_are_counted_over_all_posts_and_add_up_to_the_total(cast: Cast) -> None:
    for number in range(4):
        later_post(cast, f"post {number}", headcount=number + 1, starts_at=cast.night.replace(hour=21, minute=number + 1))
    checks_in(cast, "post")
    desk = cast.at_desk("commander")
    page = desk.get(POSTS).text
    assert sentence(page) == "3月22日有5个岗位，其中4个缺人，共缺10人。"
    listed, total = rows(page), rows(page, "tfoot")[0]
    assert [sum(int(row[at]) for row in listed) for at in range(4, 9)] == [int(number) for number in total[1:]]
    only = desk.get(f"{POSTS}&state=gap").text
    assert rows(only) == [row for row in listed if row[-1] != "0"]
    assert rows(only, "tfoot")[0][-1] == "10"
    assert 'class="hole"' in only
    assert "late" not in only.split("<main")[1]


def test_posts_are_those_of_the_day_that_the_address_names(cast: Cast) -> None:
    later_post(cast, "tomorrow", days=1)
    over_midnight = cast.night.replace(hour=23, minute=30)
    later_post(cast, "night", starts_at=over_midnight, due_at=over_midnight + timedelta(hours=2))
    desk = cast.at_desk("commander")
    windows = {day: [row[3] for row in rows(desk.get(f"{POSTS}&day=2022-03-{day}").text)] for day in (21, 22, 23, 24)}
    assert windows == {
        21: [], 22: ["18:00–23:00", "23:30–3月23日 01:30"], 23: ["3月22日 23:30–01:30", "22:00–23:00"], 24: [],
    }  # fmt: skip
    assert "这一天没有岗位。" in desk.get(f"{POSTS}&day=2022-03-24").text
    assert "day=2022-03-23" in desk.get(POSTS).text


def test_visits_of_a_day_are_those_whose_time_touches_it(cast: Cast) -> None:
    desk = cast.at_desk("commander")
    assert len(rows(desk.get("/duties").text)) == 2
    assert len(rows(desk.get("/duties?day=2022-03-22").text)) == 2
    assert rows(desk.get("/duties?day=2022-03-23").text) == []


def test_a_visit_is_made_by_a_record_of_its_own_order_only(cast: Cast) -> None:
    commander = cast.scope("commander")
    issue(commander, order_form(cast.night, id=id_of("second"), number="演2号"))
    plan_visits(commander, id_of("second"))
    cast.phone().says(cast.night - timedelta(minutes=9), SHUT, order=str(id_of("second")))
    catch_up("430181")
    desk = cast.at_desk("commander")

    def states(order: str) -> list[str]:
        return [row[-1] for row in rows(desk.get(f"/duties?order={id_of(order)}").text)]

    assert (states("order"), states("second")) == (["未查", "未查"], ["未查", "已查"])
    assert len(rows(desk.get("/duties?state=todo").text)) == 3


@pytest.mark.parametrize(
    ("narrowed", "kept"),
    [
        ("organisation=EAST", ["白云观音阁"]), ("organisation=WEST", ["城东影院"]), ("category=worship", ["白云观音阁"]),
        ("member=OUTSIDER", ["城东影院"]), ("member=LEADER", []), ("state=todo&organisation=WEST", ["城东影院"]),
        ("state=todo&organisation=EAST", []),
    ],
)  # fmt: skip
def test_the_address_narrows_visits(cast: Cast, narrowed: str, kept: list[str]) -> None:
    cast.phone().says(cast.night - timedelta(minutes=9), SHUT)
    catch_up("430181")
    for name in ("east", "west", "outsider", "leader"):
        narrowed = narrowed.replace(name.upper(), str(id_of(name)))
    page = cast.at_desk("commander").get(f"/duties?{narrowed}").text
    assert [row[0] for row in rows(page)] == kept
    assert sentence(page).startswith(f"还没有做的走访{len(kept)}项" if "todo" in narrowed else f"这里列出走访{len(kept)}项")


@pytest.mark.parametrize("said", ["kind=pots", "day=tomorrow", "member=x", "organisation=x", "order=x"])
def test_what_cannot_be_read_is_refused(cast: Cast, said: str) -> None:
    answer = cast.at_desk("commander").get(f"/duties?{said}")
    assert (answer.status_code, "door.bad_request" in answer.text) == (400, True)


def test_nobody_sees_duties_outside_the_own_area(cast: Cast) -> None:
    leader, outsider = cast.at_desk("leader"), cast.at_desk("outsider")
    assert [row[0] for row in rows(leader.get("/duties").text)] == ["白云观音阁"]
    assert [row[0] for row in rows(outsider.get("/duties").text)] == ["城东影院"]
    assert (len(rows(leader.get(POSTS).text)), len(rows(outsider.get(POSTS).text))) == (1, 0)


def test_more_posts_and_orders_take_no_more_statements(cast: Cast) -> None:
    desk = cast.at_desk("commander")
    addresses = ("/duties", "/duties?state=todo", POSTS, f"{POSTS}&state=gap")
    few = [asked(desk, address)[1] for address in addresses]
    for number in range(3):
        issue(cast.scope("commander"), order_form(cast.night, id=id_of(f"order {number}"), number=f"演{number + 5}号"))
        plan_visits(cast.scope("commander"), id_of(f"order {number}"))
    for number in range(60):
        later_post(cast, f"post {number}", starts_at=cast.night.replace(hour=21, minute=number))
    many = [asked(desk, address)[1] for address in addresses]
    assert many == few
    assert max(many) <= 12
    page = desk.get(POSTS).text
    assert (len(rows(page)), rows(page, "tfoot")[0][1]) == (50, str(1 + 3 * 60))


def test_duties_read_in_english(cast: Cast) -> None:
    english = cast.at_desk("commander", "en")
    assert sentence(english.get(POSTS).text) == "22 Mar has 1 post; 1 of them is short of members, 1 in all."
    assert sentence(english.get("/duties").text) == "2 visits are listed here."
    assert links(english.get(f"/organisations/{id_of('east')}").text, "Some inspector")
