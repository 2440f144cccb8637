"""No order, no collection of data; and what an order brings."""

import json
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from django.db import transaction
from tests.cast import COUNTY, ZHANGFANG, Cast, id_of, order_form, post_form
from tests.elsewhere import Elsewhere, There, somebody_waits

from tongxin.audit.models import Entry
from tongxin.base.problems import AlreadyExists, BadRequest, Conflict, Forbidden
from tongxin.orders.actions import (
    Overlap,
    RealDatabase,
    add_duties,
    assign,
    begin_clock,
    issue,
    open_incident,
    plan_visits,
    set_clock,
)
from tongxin.orders.forms import AssignmentForm, ClockForm, IncidentForm, ScopeForm
from tongxin.orders.models import Assignment, Clock, Duty, Incident, Order
from tongxin.orders.queries import forget_clock
from tongxin.people.models import Role
from tongxin.places.actions import PlaceForm, add_places
from tongxin.playbook.registry import UnknownActivity


def test_each_place_in_scope_gets_one_visit_by_the_team_that_holds_its_area(cast: Cast) -> None:
    visits = Duty.objects.filter(kind="visit")
    assert {(visit.place_id, visit.organisation_id) for visit in visits} == {
        (id_of("temple"), id_of("east")),
        (id_of("cinema"), id_of("west")),
    }


def test_planning_again_makes_no_visit_twice(cast: Cast) -> None:
    before = set(Duty.objects.values_list("id", flat=True))
    again, unheld = plan_visits(cast.scope("secretary"), id_of("order"))
    assert {visit.id for visit in again} == before - {id_of("post")}
    assert unheld == []
    assert set(Duty.objects.values_list("id", flat=True)) == before


def test_a_place_that_no_team_holds_is_named(cast: Cast) -> None:
    far = PlaceForm(uuid4(), "大围山漂流", "Rafting", "worship", "430181125000")
    add_places(cast.scope("commander"), [far])
    _, unheld = plan_visits(cast.scope("commander"), id_of("order"))
    assert [place.id for place in unheld] == [far.id]


WRONG_ORDERS = {
    "an end before its start": {"ends_at": "start"},
    "a kind that does not exist": {"kind": "open"},
    "an area that does not exist": {"scope": ScopeForm(["430181999000"], ["worship"], [])},
    "a category that does not exist": {"scope": ScopeForm([COUNTY], ["worshop"], [])},
    "an organisation that does not exist": {"scope": ScopeForm([COUNTY], ["worship"], [UUID(int=1)])},
}


@pytest.mark.parametrize("changes", WRONG_ORDERS.values(), ids=WRONG_ORDERS.keys())
def test_an_order_is_refused_with(cast: Cast, changes: dict[str, object]) -> None:
    if changes.get("ends_at") == "start":
        changes = {"ends_at": cast.night.replace(hour=18)}
    with pytest.raises(BadRequest):
        issue(cast.scope("commander"), order_form(cast.night, id=uuid4(), **changes))
    assert Order.objects.count() == 1


def test_an_order_for_an_unknown_activity_names_the_nearest(cast: Cast) -> None:
    with pytest.raises(UnknownActivity, match="venue_closure"):
        issue(cast.scope("commander"), order_form(cast.night, id=uuid4(), activities=["venue_closur"]))


def test_only_a_commander_issues_orders(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        issue(cast.scope("secretary"), order_form(cast.night, id=uuid4()))


def test_an_order_sent_again_is_the_same_and_changed_is_refused(cast: Cast) -> None:
    issue(cast.scope("commander"), order_form(cast.night))
    assert Order.objects.count() == 1
    with pytest.raises(AlreadyExists, match="number"):
        issue(cast.scope("commander"), order_form(cast.night, number="演2号"))


def test_a_second_duty_of_the_same_kind_place_and_time_is_refused(cast: Cast) -> None:
    with pytest.raises(Conflict, match="duties"):
        add_duties(cast.scope("commander"), [post_form(cast.night, id=uuid4())])
    assert Duty.objects.filter(kind="post").count() == 1


WRONG_DUTIES = {
    "an activity that the order does not name": {"activity": "sampling"},
    "a kind that does not exist": {"kind": "party"},
    "a place that does not exist": {"place": UUID(int=1)},
    "an organisation outside the order": {"organisation": id_of("command")},
}


@pytest.mark.parametrize("changes", WRONG_DUTIES.values(), ids=WRONG_DUTIES.keys())
def test_a_duty_is_refused_with(cast: Cast, changes: dict[str, object]) -> None:
    with pytest.raises(BadRequest):
        add_duties(cast.scope("commander"), [post_form(cast.night, id=uuid4(), **changes)])


def test_a_duty_lies_within_its_order(cast: Cast) -> None:
    with pytest.raises(BadRequest):
        add_duties(cast.scope("commander"), [post_form(cast.night, id=uuid4(), due_at=cast.night + timedelta(days=60))])


def test_a_leader_assigns_the_own_people_in_the_own_area_only(cast: Cast) -> None:
    again = AssignmentForm(id_of(f"job {id_of('post')}"), id_of("post"), id_of("inspector"))
    assert assign(cast.scope("leader"), [again]) == {"created": 0, "unchanged": 1}
    with pytest.raises(BadRequest):
        assign(cast.scope("leader"), [AssignmentForm(uuid4(), id_of("post"), id_of("outsider"))])
    cinema = Duty.objects.get(place=id_of("cinema"))
    with pytest.raises(Forbidden):
        assign(cast.scope("leader"), [AssignmentForm(uuid4(), cinema.id, id_of("outsider"))])


def test_a_drill_database_takes_no_real_incident(cast: Cast) -> None:
    with pytest.raises(RealDatabase):
        open_incident(cast.scope("commander"), IncidentForm(uuid4(), "真的", "Real", "epidemic", drill=False))
    assert not Incident.objects.filter(drill=False).exists()


def test_what_a_drill_left_behind_keeps_real_incidents_out_without_its_clock_too(cast: Cast) -> None:
    Clock.objects.all().delete()
    forget_clock()
    with pytest.raises(RealDatabase, match="演练"):
        open_incident(cast.scope("commander"), IncidentForm(uuid4(), "真的", "Real", "epidemic", drill=False))


def test_a_real_database_takes_no_drill(cast: Cast) -> None:
    Incident.objects.update(drill=False)
    with pytest.raises(RealDatabase, match="真实"):
        open_incident(cast.scope("commander"), IncidentForm(uuid4(), "再演", "Another", "flood", drill=True))
    assert Incident.objects.count() == 1


def test_a_real_database_takes_no_drill_clock(cast: Cast) -> None:
    Incident.objects.update(drill=False)
    Clock.objects.all().delete()
    with pytest.raises(RealDatabase):
        set_clock(cast.scope("commander"), ClockForm(cast.night, 10, cast.night + timedelta(hours=1)))
    assert not Clock.objects.exists()


def test_a_clock_that_runs_is_not_set_back(cast: Cast) -> None:
    commander, form = cast.scope("commander"), ClockForm(cast.night, 10, cast.night + timedelta(hours=1))
    set_clock(commander, form)
    began = begin_clock(commander).began
    assert begin_clock(commander).began == began
    with pytest.raises(Conflict):
        set_clock(commander, form)


def test_a_clock_that_ends_as_it_starts_is_refused(cast: Cast) -> None:
    with pytest.raises(BadRequest):
        set_clock(cast.scope("commander"), ClockForm(cast.night, 10, cast.night))


@pytest.mark.parametrize("changes", [{"basis": []}, {"appeal": ""}, {"parent": str(UUID(int=1))}, {"title": "长" * 121}])
def test_an_order_at_the_door_needs_basis_appeal_and_a_parent_that_exists(cast: Cast, changes: dict[str, object]) -> None:
    form = json.loads(msgspec.json.encode(order_form(cast.night, id=uuid4()))) | changes
    refused = cast.at_desk("commander").post("/api/orders", json.dumps(form), "application/json")
    assert refused.status_code in (400, 404)
    assert next(iter(changes)) in refused.json()["problem"]["message"] or "parent" in changes
    assert Order.objects.count() == 1


def test_every_act_leaves_a_line_that_names_who_did_it(cast: Cast) -> None:
    lines = Entry.objects.filter(member=id_of("commander")).values_list("act", flat=True)
    assert {"incident.open", "order.issue", "visits.plan", "duties.add", "assignments.add"} <= set(lines)


def test_a_town_secretary_may_not_add_places_elsewhere(cast: Cast) -> None:
    town = replace(cast.scope("secretary"), areas=frozenset({ZHANGFANG}))
    with pytest.raises(Forbidden):
        add_places(town, [PlaceForm(uuid4(), "某处", "Somewhere", "worship", "430181001010")])


@pytest.fixture
def flood(cast: Cast) -> UUID:
    """A second incident, with an order of its own to the same teams."""
    commander, id_ = cast.scope("commander"), id_of("flood")
    open_incident(commander, IncidentForm(id_, "防汛", "Flood", "flood", drill=True))
    issue(commander, order_form(cast.night, id=id_of("flood order"), incident=id_, number="演2号"))
    return id_


def shift(cast: Cast, name: str, begin: int, end: int) -> UUID:
    """Add a post of the east team under the flood's order, from so many hours after the order began to so many; return it."""
    began = cast.night.replace(hour=18)
    at = {"starts_at": began + timedelta(hours=begin), "due_at": began + timedelta(hours=end)}
    form = post_form(cast.night, id=id_of(name), order=id_of("flood order"), place=id_of("temple"), **at)
    add_duties(cast.scope("commander"), [form])
    return form.id


def test_incidents_share_people_but_nobody_is_at_two_posts_at_once(cast: Cast, flood: UUID) -> None:
    """The inspector is at the drill's post from 18:00 to 23:00."""
    leader, job = cast.scope("leader"), AssignmentForm(id_of("job of both"), shift(cast, "both", 4, 6), id_of("inspector"))
    with pytest.raises(Overlap, match=r"东片集结点.*18:00.*23:00.*演练") as refusal:
        assign(leader, [job])
    assert refusal.value.details == {"duty": str(id_of("post"))}
    assert not Assignment.objects.filter(id=job.id).exists()
    after = AssignmentForm(id_of("job after"), shift(cast, "after", 5, 9), id_of("inspector"))
    assert assign(leader, [after]) == {"created": 1, "unchanged": 0}
    assert assign(leader, [after]) == {"created": 0, "unchanged": 1}


def test_posts_of_one_call_overlap_too(cast: Cast, flood: UUID) -> None:
    jobs = [AssignmentForm(uuid4(), shift(cast, name, begin, 30), id_of("inspector")) for name, begin in (("a", 20), ("b", 26))]
    with pytest.raises(Overlap, match=r"assignments\[1\]"):
        assign(cast.scope("leader"), jobs)
    assert not Assignment.objects.filter(id__in=[job.id for job in jobs]).exists()


def test_of_two_desks_that_assign_one_person_at_once_one_is_refused(elsewhere: Elsewhere, db: None) -> None:
    def post(begin: int) -> AssignmentForm:
        begins = elsewhere.cast.night.replace(hour=18) + timedelta(days=1, hours=begin)
        at = {"starts_at": begins, "due_at": begins + timedelta(hours=4)}
        form = post_form(elsewhere.cast.night, id=uuid4(), **at)
        add_duties(elsewhere.cast.scope("commander"), [form])
        return AssignmentForm(uuid4(), form.id, id_of("outsider"))

    def first(job: AssignmentForm) -> None:
        with transaction.atomic():
            assign(elsewhere.cast.scope("commander"), [job])
            second.append(other.submit(assign, elsewhere.cast.scope("commander"), [jobs[1]]))
            while not second[0].done() and not somebody_waits():
                pass

    second: list[Future[dict[str, int]]] = []
    with There(elsewhere.database.app_url) as one, There(elsewhere.database.app_url) as other:
        one.do(lambda: Role.objects.filter(member=id_of("outsider")).update(organisation=id_of("east")))
        jobs = [one.do(post, begin) for begin in (0, 1)]
        one.do(first, jobs[0])
        with pytest.raises(Overlap):
            second[0].result()
