"""The plan of the 18 days: that it has the sizes of the report, breaks no rule of rest, and what its truth counts."""

import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tongxin.playbook.answers import faults
from tongxin.playbook.registry import activities
from tongxin_drill import liuyang
from tongxin_drill.county import areas
from tongxin_drill.liuyang.days import DAYS, ENDS, FIRST, UNTIL, moment
from tongxin_drill.liuyang.districts import ZHANGFANG, villages
from tongxin_drill.liuyang.shifts import Shift, gaps, shifts, too_little_rest, too_long
from tongxin_drill.liuyang.stage import Stage
from tongxin_drill.liuyang.truth import counting, truth
from tongxin_drill.shapes import Act, Duty, Place, Scenario

SEEDS = (1, 7, 2022)
some = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
planned: Callable[[int], Scenario] = cache(lambda seed: liuyang.plan(seed, 1))

PUBLISHED = {
    "venue_closure.venues_inspected": (201, 299),
    "deployment.person_times?area=430181105000": (301, 399),
    "village_measures.villages?area=430181105000": (9, 9),
    "key_place_patrol.places?area=430181105000": (21, 29),
    "premises_check.visits?area=430181105000": (501, 599),
    "isolation_round.members": (2, 2),
    "liaison_log.staff": (201, 299),
    "disinfection.sites": (1, 1),
    "disinfection.site_area": (10_001, 14_999),
    "sector_inspection.members": (151, 159),
    "sector_inspection.places": (263, 263),
    "sector_inspection.places?category=building_site": (116, 116),
    "sector_inspection.places?category=estate": (103, 103),
    "sector_inspection.places?category=sales_office": (14, 14),
    "sector_inspection.places?category=plant": (30, 30),
    "sector_inspection.communities?category=estate": (20, 20),
    "sortie.sorties": (51, 59),
    "sortie.hours": (1_001, 1_099),
    "checkpoint_post.days": (18, 18),
    **{f"checkpoint_post.hours?day={(FIRST + timedelta(days=n)).date()}": (24, 24) for n in range(DAYS)},
    "expert_service.experts": (1, 1),
}
RECORDED = (
    "freezer_inspection.inspections", "cold_chain_declaration.lots", "warehouse_release.released", "grassroots_voice.answered",
    "suggestion.suggestions", "expert_advice.advised", "attendance.person_times", "expert_service.services",
    "household_visit.households", "safety_check.hazards",
)  # fmt: skip


@some
@given(st.integers(0, 2**32))
def test_whatever_the_seed_every_number_of_the_report_is_reached(seed: int) -> None:
    figures = truth(liuyang.plan(seed, 1))
    wrong = {key: figures[key] for key, (least, most) in PUBLISHED.items() if not least <= figures[key] <= most}
    assert wrong == {}
    assert [key for key in RECORDED if figures[key] < 1] == []


def test_the_same_seed_plans_the_same_18_days_and_another_other_numbers_and_no_id_in_common() -> None:
    assert liuyang.plan(3, 0.2) == liuyang.plan(3, 0.2)
    one, two = (truth(planned(seed)) for seed in SEEDS[:2])
    assert sum(one[key] != two[key] for key in PUBLISHED) > 5
    ids = [{act.id for act in planned(seed).acts} | {m.id for m in planned(seed).members} for seed in SEEDS[:2]]
    assert not ids[0] & ids[1]


def test_what_the_report_writes_as_more_than_n_is_drawn_within_the_ten_or_the_hundred() -> None:
    stage = Stage(1, 1.0)
    for number, last in ((20, 29), (50, 59), (150, 159), (200, 299), (300, 399), (500, 599), (1_000, 1_099)):
        drawn = {stage.more_than(number) for _ in range(3_000)}
        assert (min(drawn), max(drawn)) == (number + 1, last)


@pytest.mark.parametrize("scale", [0.02, 0.3, 3])
def test_a_plan_of_any_scale_holds_and_grows_with_it(scale: float) -> None:
    scenario = liuyang.plan(5, scale)
    figures = truth(scenario)
    assert liuyang.check([(act, act.stated or act.at) for act in scenario.acts]) == []
    assert min(figures[key] for key in ("sortie.sorties", "sector_inspection.places", "deployment.person_times")) >= 1
    if scale > 1:
        assert figures["sector_inspection.places"] == sum(round(number * scale) for number in (116, 103, 14, 30))


@pytest.mark.parametrize("scale", [0, -1, 11])
def test_a_scale_out_of_bounds_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="scale"):
        liuyang.plan(1, scale)


# --- people and places


@pytest.mark.parametrize("seed", SEEDS)
def test_no_shift_is_too_long_no_rest_too_short_and_the_checkpoint_never_alone(seed: int) -> None:
    found = shifts(counting(planned(seed).acts))
    assert {shift.activity for shift in found} == {"deployment", "attendance", "sortie", "checkpoint_post"}
    for one, two in pairwise(found):
        if one.member == two.member:
            assert two.begins - one.ends >= timedelta(hours=10)
    assert max(shift.ends - shift.begins for shift in found) <= timedelta(hours=12)
    held = sorted((shift.begins, shift.ends) for shift in found if shift.activity == "checkpoint_post")
    assert (held[0][0], held[-1][1]) == (FIRST, ENDS)
    assert all(one[1] == two[0] for one, two in pairwise(held))


def test_shifts_that_break_a_rule_are_named() -> None:
    long = Shift("chen", "sortie", "point", moment(0, 7), moment(0, 19.5))
    tired = Shift("chen", "sortie", "point", moment(1, 5), moment(1, 9))
    early, late = (Shift("li", "checkpoint_post", "exit", moment(0, n), moment(0, n + 8)) for n in (0, 8.5))
    assert [line.split(" ")[0] for line in too_long([long, tired])] == ["chen"]
    assert list(too_little_rest([long, tired])) == [f"chen rested 9:30:00 before {tired.begins}"]
    assert len(list(gaps([early, late]))) == 1
    assert not [*too_long([early]), *too_little_rest([early]), *gaps([early])]


@pytest.mark.parametrize("seed", SEEDS)
def test_three_groups_without_a_common_member_or_town_inspect_every_closed_venue(seed: int) -> None:
    scenario = planned(seed)
    (order,) = (order for order in scenario.orders if "venue_closure" in order.activities)
    groups = [found for found in scenario.organisations if found.id in order.scope.organisations]
    assert len(groups) == 3
    assert sorted(code for group in groups for code in group.areas) == sorted(town.code for town in areas("town"))
    places = {place.id: place for place in scenario.places}
    homes = {member.id: {role.organisation for role in member.roles} for member in scenario.members}
    for act in scenario.acts:
        if act.activity == "venue_closure":
            (group,) = (group for group in groups if places[act.place].area[:9] + "000" in group.areas)
            assert homes[act.member] == {group.id}
    closed = {place.id for place in scenario.places if place.category in order.scope.categories}
    assert closed == {act.place for act in scenario.acts if act.activity == "venue_closure"}


@pytest.mark.parametrize("seed", SEEDS)
def test_all_nine_villages_of_the_town_are_checked_in_every_round_of_three_days(seed: int) -> None:
    town = {village.code for village in villages(ZHANGFANG)}
    assert len(town) == 9
    places = {place.id: place.area for place in planned(seed).places}
    rounds = defaultdict(set)
    for report in counting(planned(seed).acts):
        if report.activity == "village_measures":
            rounds[(report.day - FIRST.date()).days // 3].add(places[report.place])
    assert rounds == dict.fromkeys(range(6), town)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_kind_of_organisation_turns_out_teams_lie_inside_teams_and_people_hold_several_roles(seed: int) -> None:
    scenario = planned(seed)
    kinds = {found.kind for found in scenario.organisations}
    assert kinds == {"command", "office", "hospital", "chamber", "company", "charity", "team"}
    parents = {found.id: found.parent for found in scenario.organisations}
    depth = {found.id: len(_above(parents, found.id)) for found in scenario.organisations if found.kind == "team"}
    assert max(depth.values()) == 2
    assert sum(len(member.roles) > 1 for member in scenario.members) >= 6
    mobilisation, *others = scenario.orders
    assert mobilisation.parent is None
    assert set(mobilisation.scope.organisations) == {found.id for found in scenario.organisations}
    assert {order.parent for order in others} == {mobilisation.id}


def _above(parents: dict[str, str | None], organisation: str) -> list[str]:
    parent = parents[organisation]
    return [] if parent is None else [parent, *_above(parents, parent)]


# --- acts


@pytest.mark.parametrize("seed", SEEDS)
def test_every_answer_is_one_that_its_form_takes(seed: int) -> None:
    known = activities()
    for act in planned(seed).acts:
        if act.kind in ("report", "correct"):
            assert list(faults(known[act.activity], act.body)) == [], act


@pytest.mark.parametrize("seed", SEEDS)
def test_whoever_acts_holds_a_role_of_the_duty_and_acts_while_its_order_holds(seed: int) -> None:
    scenario = planned(seed)
    duties = {duty.id: duty for duty in scenario.duties}
    orders = {order.id: order for order in scenario.orders}
    homes = {member.id: {role.organisation for role in member.roles} for member in scenario.members}
    for act in scenario.acts:
        named = [order for order in scenario.orders if act.activity in order.activities]
        if act.duty:
            assert duties[act.duty].organisation in homes[act.member]
            assert duties[act.duty].activity == act.activity
            named = [orders[duties[act.duty].order]]
        assert any(order.starts_at <= (act.stated or act.at) < order.ends_at for order in named), act
        assert FIRST <= act.at < UNTIL
        assert act.at.microsecond == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_no_two_people_write_about_one_subject_in_the_same_second(seed: int) -> None:
    abouts = {name: found.subject for name, found in activities().items()}
    moments: dict[object, set[str]] = defaultdict(set)
    for act in planned(seed).acts:
        if act.kind == "report":
            moments[act.activity, act.subject(abouts[act.activity]), act.stated or act.at].add(act.member)
    assert [key for key, members in moments.items() if len(members) > 1] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_records_come_late_are_corrected_withdrawn_approved_and_typed_in_from_paper(seed: int) -> None:
    scenario = planned(seed)
    kinds = Counter(act.kind for act in scenario.acts)
    assert kinds["correct"] > 40
    assert min(kinds["withdraw"], kinds["approve"]) >= 5
    assert sum(act.channel == "paper" for act in scenario.acts) >= 10
    assert sum(act.kind == "correct" and act.target is not None and act.target.member != act.member for act in scenario.acts) >= 5
    silences = [stretch.ends - stretch.begins for found in scenario.unreachable.values() for stretch in found]
    assert sum(silence > timedelta(days=1) for silence in silences) >= 10
    assert all(stretch.ends < UNTIL for found in scenario.unreachable.values() for stretch in found)


# --- the truth


def test_what_was_corrected_or_withdrawn_counts_as_it_was_in_the_end() -> None:
    scenario = _of(
        _check(a := "a", 9, codes_checked=False),
        _check("b", 10, codes_checked=True),
        _check("c", 11, codes_checked=True),
        _amend("correct", _check(a, 9), 12, {"codes_checked": True, "masks_worn": True}),
        _amend("withdraw", _check("c", 11), 13, {}),
    )
    figures = truth(scenario)
    assert {name: figures[f"premises_check.{name}"] for name in ("visits", "places", "found", "solved")} == {
        "visits": 2, "places": 2, "found": 0, "solved": 0,
    }  # fmt: skip


def test_a_shift_lasts_until_the_time_that_a_correction_states() -> None:
    came, went = (_shift(at, act) for at, act in ((7, "in"), (20, "out")))
    corrected = replace(_amend("correct", went, 30, {"act": "out"}), stated=moment(0, 12))
    figures = truth(_of(came, went, corrected))
    assert (figures["sortie.hours"], figures["sortie.sorties"], figures["sortie.members"]) == (5.0, 1, 1)
    assert figures["sortie.hours?day=2022-03-22"] == 5.0
    assert figures["sortie.hours?day=2022-03-23"] == 0
    assert truth(_of(came, went))["sortie.hours"] == 13.0


@pytest.mark.parametrize(("approver", "released"), [("keeper", 0), ("officer", 1)])
def test_a_lot_is_released_only_by_the_approval_of_somebody_else(approver: str, released: int) -> None:
    received = _step(9, "received", weight=12.5)
    approval = replace(_amend("approve", received, 15, {}, approver), matter="held")
    figures = truth(_of(received, _step(12, "negative"), approval))
    assert figures["warehouse_release.received"] == 1
    assert figures["warehouse_release.released"] == released
    assert figures["warehouse_release.weight"] == 12.5


def test_the_plan_and_its_truth_import_nothing_of_what_they_check() -> None:
    script = (
        "import sys, tongxin_drill.liuyang as liuyang\n"
        "liuyang.truth(liuyang.plan(1, 0.1))\n"
        "words = ('tongxin.figures', 'tongxin.playbook', 'tongxin.ledger', 'django')\n"
        "print([name for name in sys.modules if name.startswith(words)])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]"]


def _of(*acts: Act) -> Scenario:
    """Return a scenario of these acts at places in one village."""
    scenario = planned(SEEDS[0])
    places = tuple(Place(name, name, name, "shop", villages(ZHANGFANG)[0].code) for name in {act.place for act in acts})
    duty = Duty("duty", "", "", "post", "a", "team", FIRST, ENDS, 1)
    return replace(scenario, acts=acts, places=places, duties=(duty,))


def _check(place: str, hour: float, *, codes_checked: bool = True) -> Act:
    body = {"codes_checked": codes_checked, "masks_worn": True}
    return Act("chen", moment(0, hour), "premises_check", place, body, id=f"{place}{hour}")


def _shift(hour: float, act: str) -> Act:
    return Act("chen", moment(0, hour), "sortie", "a", {"act": act}, id=act, duty="duty")


def _step(hour: float, step: str, **more: float) -> Act:
    body = {"lot": "L1", "step": step, **more}
    return Act("keeper", moment(0, hour), "warehouse_release", "a", body, id=step, duty="duty")


def _amend(kind: str, target: Act, hour: float, body: dict[str, object], member: str = "chen") -> Act:
    return Act(
        member,
        moment(0, hour),
        target.activity,
        target.place,
        body,
        kind=kind,
        id=f"{kind}{hour}",
        duty=target.duty,
        target=target,
    )
