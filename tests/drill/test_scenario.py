"""The plan of the first night and its truth."""

import re
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tongxin_drill.county import areas, districts
from tongxin_drill.scenario import UNTIL, plan, truth
from tongxin_drill.shapes import Act, Place, Scenario
from tongxin_drill.timetable import CLEAN, NIGHT, Finding, arrival, departure, gap, visit

scenarios = st.builds(plan, st.integers(0, 2**32), st.floats(0.1, 3))
many = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def clock_time(hour: int, minute: int, second: int = 0) -> datetime:
    return NIGHT.replace(hour=hour, minute=minute, second=second)


def venues(scenario: Scenario) -> list[Place]:
    return [place for place in scenario.places if place.category != "muster"]


def visitor(scenario: Scenario, venue: str) -> str:
    (member,) = scenario.visitors["venue_closure", venue]
    return member


def what(act: Act) -> str:
    return "visit" if act.activity == "venue_closure" else str(act.body["act"])


def is_bad(act: Act) -> bool:
    return bool(act.body["open"] or act.body["gathering"])


def every_id(scenario: Scenario) -> list[str]:
    visits = scenario.visit_assignments(
        [{"id": "", "activity": "venue_closure", "place": venue.id} for venue in venues(scenario)]
    )
    return [
        scenario.incident.id,
        *(order.id for order in scenario.orders),
        *(organisation.id for organisation in scenario.organisations),
        *(place.id for place in scenario.places),
        *(member.id for member in scenario.members),
        *(post.id for post in scenario.duties),
        *(assignment.id for assignment in (*scenario.assignments, *visits)),
    ]


def by_member(scenario: Scenario) -> dict[str, list[Act]]:
    acts = defaultdict(list)
    for act in scenario.acts:
        acts[act.member].append(act)
    return acts


def by_venue(scenario: Scenario) -> dict[str, list[Act]]:
    acts = defaultdict(list)
    for act in scenario.acts:
        if what(act) == "visit":
            acts[act.place].append(act)
    return acts


@many
@given(scenarios)
def test_no_id_is_used_twice(scenario: Scenario) -> None:
    assert max(Counter(every_id(scenario)).values()) == 1


@many
@given(st.integers(0, 2**32), st.floats(0.1, 2))
def test_the_same_seed_and_scale_plan_the_same_night(seed: int, scale: float) -> None:
    assert plan(seed, scale) == plan(seed, scale)


def test_another_seed_or_scale_shares_no_id() -> None:
    assert not set(every_id(plan(1, 1))) & set(every_id(plan(2, 1)))
    assert not set(every_id(plan(1, 1))) & set(every_id(plan(1, 1.5)))


def test_the_first_night_has_214_venues_and_60_phones_in_three_groups() -> None:
    scenario = plan(1, 1)
    assert len(venues(scenario)) == 214
    assert [post.headcount for post in scenario.duties] == [20, 20, 20]
    assert len(scenario.actors) == 60
    assert truth(scenario)["attendance.members"] == 60


@pytest.mark.parametrize(("scale", "phones"), [(0.1, 60), (1, 60), (1.01, 61), (3, 180), (10, 600), (12, 600)])
def test_phones_grow_with_the_scale_from_60_to_600(scale: float, phones: int) -> None:
    scenario = plan(1, scale)
    assert len(scenario.actors) == phones
    assert sum(post.headcount for post in scenario.duties) == phones


@pytest.mark.parametrize("scale", [0, -1, 251])
def test_a_scale_out_of_bounds_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="scale"):
        plan(1, scale)


def test_the_districts_share_out_all_32_towns_in_contiguous_balanced_ranges() -> None:
    parts = [[town.code for town in part] for part in districts(3)]
    together = list(chain.from_iterable(parts))
    assert together == [town.code for town in areas("town")]
    assert len(together) == 32
    sizes = [sum(village.parent in part for village in areas("village")) for part in parts]
    assert sum(sizes) == 326
    assert max(sizes) - min(sizes) < 16  # the largest town has 16 villages


@many
@given(scenarios)
def test_acts_are_in_order_and_every_member_has_a_minute_between_two(scenario: Scenario) -> None:
    assert all(one.at <= two.at for one, two in pairwise(scenario.acts))
    for acts in by_member(scenario).values():
        assert all(two.at - one.at >= timedelta(minutes=1) for one, two in pairwise(acts))


def test_in_a_dense_night_no_member_acts_twice_in_a_second() -> None:
    for acts in by_member(plan(1, 40)).values():
        assert all(two.at - one.at >= timedelta(seconds=gap(40)) for one, two in pairwise(acts))


@many
@given(scenarios)
def test_every_act_lies_within_its_hours_and_on_a_whole_second(scenario: Scenario) -> None:
    hours = {"in": ((18, 0), (18, 25)), "visit": ((18, 30), (22, 40)), "out": ((22, 50), (23, 20))}
    for act in scenario.acts:
        first, last = hours[what(act)]
        assert clock_time(*first) <= act.at <= clock_time(*last) < UNTIL
        assert act.at.microsecond == 0


@many
@given(scenarios)
def test_every_inspector_checks_in_first_and_out_last_at_the_own_groups_muster_point(
    scenario: Scenario,
) -> None:
    muster = {post.organisation: post.place for post in scenario.duties}
    acts = by_member(scenario)
    for member in scenario.actors:
        first, *visits, last = acts[member.id]
        assert (what(first), what(last)) == ("in", "out")
        assert first.place == last.place == muster[member.roles[0].organisation]
        assert {what(visit) for visit in visits} <= {"visit"}


@many
@given(scenarios)
def test_a_venue_is_visited_only_by_the_inspector_whose_round_and_district_it_lies_in(
    scenario: Scenario,
) -> None:
    towns = {member.id: member.roles[0].areas for member in scenario.actors}
    for venue in venues(scenario):
        assert venue.area[:9] + "000" in towns[visitor(scenario, venue.id)]
    for place, acts in by_venue(scenario).items():
        assert {act.member for act in acts} == {visitor(scenario, place)}


@many
@given(scenarios)
def test_what_is_found_wrong_is_seen_again_30_to_110_minutes_later_and_is_mostly_right(
    scenario: Scenario,
) -> None:
    stubborn = 0
    for acts in by_venue(scenario).values():
        if is_bad(acts[0]):
            first, second = acts
            assert timedelta(minutes=30) <= second.at - first.at <= timedelta(minutes=110)
            assert not second.body["gathering"]
            stubborn += second.body["open"]
        else:
            assert not any(map(is_bad, acts))
    assert stubborn == max(1, round(0.01 * len(venues(scenario))))


@many
@given(scenarios)
def test_names_are_unique_within_a_village_and_the_english_ones_hold_no_han(scenario: Scenario) -> None:
    assert max(Counter((venue.area, venue.name) for venue in venues(scenario)).values()) == 1
    assert max(Counter(member.name for member in scenario.members).values()) == 1
    names = [(member.name, member.name_en) for member in scenario.members]
    names += [(place.name, place.name_en) for place in scenario.places]
    names += [(organisation.name, organisation.name_en) for organisation in scenario.organisations]
    for name, name_en in names:
        assert re.fullmatch(r"[ -~]+", name_en)
        assert not re.search(r"[A-Za-z]", name)


@many
@given(scenarios)
def test_the_truth_is_consistent_in_itself(scenario: Scenario) -> None:
    figures = truth(scenario)
    visits = by_venue(scenario)
    unvisited = max(1, round(0.02 * len(venues(scenario))))
    assert figures["venue_closure.venues_inspected"] == len(venues(scenario)) - unvisited
    assert figures["venue_closure.inspections"] == sum(map(len, visits.values()))
    assert figures["venue_closure.fixed"] < figures["venue_closure.found_open"]  # some stay open
    assert figures["venue_closure.dispersed"] == figures["venue_closure.gatherings"]
    assert figures["attendance.members"] == figures["attendance.person_times"] == len(by_member(scenario))
    # From 18:25 to 22:50 at least, from 18:00 to 23:20 at most.
    hours = figures["attendance.hours"] / figures["attendance.members"]
    assert 4 + 25 / 60 <= hours <= 5 + 20 / 60


def test_the_truth_of_a_small_night_is_what_was_worked_out_by_hand() -> None:
    acts = (
        arrival("chen", clock_time(18, 0), "post 1"),
        arrival("li", clock_time(18, 10, 30), "post 2"),
        visit("chen", clock_time(18, 30), "temple", CLEAN),  # in order
        visit("li", clock_time(18, 31), "cinema", Finding(open=True, gathering=True)),  # opens both
        visit("chen", clock_time(18, 40), "pier", Finding(open=True, gathering=False)),  # opens
        visit("li", clock_time(19, 10), "cinema", Finding(open=True, gathering=False)),  # still open; dispersed
        arrival("wang", clock_time(19, 15), "post 2"),  # never checks out
        visit("chen", clock_time(19, 20), "pier", CLEAN),  # put right
        visit("li", clock_time(20, 0), "cinema", CLEAN),  # put right
        visit("chen", clock_time(20, 30), "pier", Finding(open=True, gathering=False)),  # opens a second time, stays so
        departure("chen", clock_time(22, 50), "post 1"),  # 4 h 50 min
        departure("li", clock_time(23, 0), "post 2"),  # 4 h 49 min 30 s
    )
    assert truth(replace(plan(1, 0.1), acts=acts)) == {
        "venue_closure.venues_inspected": 3,
        "venue_closure.inspections": 7,
        "venue_closure.found_open": 3,
        "venue_closure.fixed": 2,
        "venue_closure.gatherings": 1,
        "venue_closure.dispersed": 1,
        "attendance.members": 3,
        "attendance.person_times": 3,
        "attendance.hours": 9.7,  # 9 h 39 min 30 s = 9.658… h
    }


def test_the_scenario_imports_nothing_of_what_it_checks() -> None:
    script = (
        "import sys, tongxin_drill.scenario\n"
        "words = ('tongxin.figures', 'tongxin.playbook', 'tongxin.ledger', 'django')\n"
        "print([name for name in sys.modules if name.startswith(words)])\n"
        "tongxin_drill.scenario.truth(tongxin_drill.scenario.plan(1, 0.1))\n"
        "print([name for name in sys.modules if name.startswith(words)])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]", "[]"]
