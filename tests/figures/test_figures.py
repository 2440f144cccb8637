"""Figures add up by themselves, exactly, and open to exactly the records behind them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cast import COUNTY, Cast, Phone, id_of

from tongxin.base import clock
from tongxin.base.problems import NotFound
from tongxin.figures import actions
from tongxin.figures.actions import catch_up, pull
from tongxin.figures.models import Cell, Day, Total
from tongxin.figures.queries import Narrow, behind, by_day, cells, cursor, figure, figures_of, values, values_by
from tongxin.figures.tracing import trace
from tongxin.figures.verify import verify
from tongxin.ledger.models import Matter
from tongxin.orders.models import Clock, Order
from tongxin.orders.queries import forget_clock
from tongxin.places.actions import PlaceForm, add_places

LEDGER = COUNTY[:6]
OPEN, SHUT, CROWD = (
    {"open": True, "gathering": False},
    {"open": False, "gathering": False},
    {"open": False, "gathering": True},
)


def now(cast: Cast, role: str = "commander", narrow: Narrow | None = None) -> dict[str, float]:
    scope = cast.scope(role)
    return values(cells(scope, id_of("incident"), narrow), figures_of(scope, id_of("incident")))


def test_an_evening_adds_up(cast: Cast) -> None:
    phone, far = cast.phone(), cast.phone("outsider")
    phone.says(cast.night - timedelta(minutes=60), OPEN)
    phone.says(cast.night - timedelta(minutes=20), SHUT)
    far.says(cast.night - timedelta(minutes=30), CROWD, place=str(id_of("cinema")))
    shift = {"activity": "attendance", "activity_hash": figure("attendance.hours").activity.hash, "duty": str(id_of("post"))}
    phone.says(cast.night - timedelta(minutes=10), {"act": "in"}, **shift)
    phone.says(cast.night - timedelta(minutes=1), {"act": "out"}, **shift)
    assert behind(LEDGER) == 5
    assert catch_up(LEDGER) == 5
    assert now(cast) == {
        "attendance.members": 1,
        "attendance.person_times": 1,
        "attendance.hours": 0.1,
        "venue_closure.venues_inspected": 2,
        "venue_closure.inspections": 3,
        "venue_closure.found_open": 1,
        "venue_closure.fixed": 1,
        "venue_closure.gatherings": 1,
        "venue_closure.dispersed": 0,
    }


def test_a_member_sees_the_figures_of_the_own_area_only(cast: Cast) -> None:
    cast.phone().says(cast.night, OPEN)
    cast.phone("outsider").says(cast.night, OPEN, place=str(id_of("cinema")))
    catch_up(LEDGER)
    assert [now(cast, role)["venue_closure.found_open"] for role in ("commander", "leader", "outsider")] == [2, 1, 1]


def test_behind_a_latest_number_lies_the_last_record_of_each_subject(cast: Cast) -> None:
    Order.objects.update(activities=["liaison_log"])
    staff, phone = figure("liaison_log.staff"), cast.phone()
    log = {"activity": "liaison_log", "activity_hash": staff.activity.hash}

    def says(minutes: int, count: int, teller: Phone = phone, **more: Any) -> dict[str, Any]:
        body = {"staff": count, "returned": 0, "tested": 0, "disinfected": True, "all_reported": True}
        return teller.says(cast.night - timedelta(minutes=minutes), body, **log, **more)

    def behind_it(narrow: Narrow | None = None) -> list[int]:
        catch_up(LEDGER)
        traced = trace(cast.scope("commander"), id_of("incident"), staff, cursor(LEDGER), narrow)
        listed = [row.position for row in traced.newest()]
        assert traced.number == len(listed)
        return listed

    first, second = says(60, 200), says(50, 210)
    says(40, 30, cast.phone("outsider"), place=str(id_of("cinema")))
    assert behind_it() == [3, 2]
    says(30, 190, act="correct", target=first["id"])
    assert (behind_it(), now(cast)["liaison_log.staff"]) == ([3, 2], 240)
    says(20, 205, act="correct", target=second["id"])
    assert (behind_it(), now(cast)["liaison_log.staff"]) == ([5, 3], 235)
    today = clock.day_of(cast.night)
    assert (behind_it(Narrow(day=today)), behind_it(Narrow(day=today - timedelta(days=1)))) == ([5, 3], [])


def test_whoever_is_counted_in_several_villages_counts_once_a_day(cast: Cast) -> None:
    estates = {"430181105201": str(id_of("estate")), "430181105205": str(id_of("far estate"))}
    add_places(
        cast.scope("commander"),
        [PlaceForm(UUID(id_), f"小区{area}", "Estate", "estate", area) for area, id_ in estates.items()],
    )
    Order.objects.update(activities=["sector_inspection"], categories=["estate"])
    staff, phone = figure("sector_inspection.members"), cast.phone()
    made = {"activity": "sector_inspection", "activity_hash": staff.activity.hash}
    body = {"closed_management": True, "workers": 1, "tested": True}
    near, far = estates.values()
    for hours, place in ((0, near), (0, far), (5, near)):
        at = cast.night + timedelta(hours=hours)
        Clock.objects.update(start=at)
        forget_clock()
        phone.says(at, body, place=place, **made)
    catch_up(LEDGER)
    scope = cast.scope("commander")
    wanted = [found for found in figures_of(scope, id_of("incident")) if found.rule.verb == "distinct"]
    days = {on: {"members": 1, "places": n, "communities": n} for on, n in ((22, 2), (23, 1))}
    told = by_day(scope, id_of("incident"), wanted)
    assert {on.day: {key.partition(".")[2]: n for key, n in numbers.items()} for on, numbers in told.items()} == days
    assert told == values_by(cells(scope, id_of("incident"), by_day=True).exclude(key=""), "day")


def test_marked_records_count_nowhere(cast: Cast) -> None:
    cast.phone().says(cast.night, OPEN | {"colour": "red"})
    catch_up(LEDGER)
    assert set(now(cast).values()) == {0}


def test_a_late_record_changes_the_day_it_happened_on(cast: Cast) -> None:
    phone = cast.phone()
    yesterday = cast.night.replace(hour=23, minute=50)
    later = cast.phone()
    Clock.objects.update(start=cast.night + timedelta(hours=6))
    forget_clock()
    later.says(cast.night + timedelta(hours=5), SHUT)
    catch_up(LEDGER)
    phone.says(yesterday, OPEN)
    catch_up(LEDGER)
    assert now(cast, narrow=Narrow(day=yesterday.date()))["venue_closure.found_open"] == 1
    assert now(cast, narrow=Narrow(day=(cast.night + timedelta(hours=5)).date()))["venue_closure.fixed"] == 1


acts = st.lists(
    st.tuples(st.sampled_from(["inspector", "outsider"]), st.integers(0, 40), st.booleans(), st.booleans()),
    min_size=1,
    max_size=14,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts, st.integers(1, 6))
def test_any_slices_of_any_records_come_to_what_the_second_path_recomputes(
    cast: Cast, rows: list[tuple[str, int, bool, bool]], size: int
) -> None:
    with transaction.atomic(), pytest.MonkeyPatch().context() as patch:
        _send(cast, rows)
        patch.setattr(actions, "SLICE", size)
        catch_up(LEDGER)
        assert verify(LEDGER) == (len(rows), Cell.objects.count(), [])
        scope = cast.scope("commander")
        told = by_day(scope, id_of("incident"), figures_of(scope, id_of("incident")))
        assert told == values_by(cells(scope, id_of("incident"), by_day=True), "day")
        for found in figures_of(scope, id_of("incident")):
            traced = trace(scope, id_of("incident"), found, cursor(LEDGER))
            listed = [row.position for row in traced.newest()]
            assert (len(listed), listed) == (traced.number, sorted(set(listed), reverse=True))
            if found.rule.verb in ("records", "opened", "closed"):
                assert len(listed) == now(cast)[found.key], found.key
        transaction.set_rollback(True)


def _send(cast: Cast, rows: list[tuple[str, int, bool, bool]]) -> None:
    phones = {role: cast.phone(role) for role in ("inspector", "outsider")}
    where = {"inspector": str(id_of("temple")), "outsider": str(id_of("cinema"))}
    for role, minute, is_open, gathering in rows:
        at = cast.night - timedelta(minutes=minute)
        phones[role].says(at, {"open": is_open, "gathering": gathering}, place=where[role])


ALTERED: dict[str, Callable[[], Any]] = {
    "a cell that counts one more": lambda: Cell.objects.filter(figure="venue_closure.inspections").update(amount=2),
    "a cell that is gone": lambda: Cell.objects.filter(figure="venue_closure.found_open").delete(),
    "a place that was never visited": lambda: Cell.objects.filter(figure="venue_closure.venues_inspected").update(key="x"),
    "a total that counts one more": lambda: Total.objects.filter(figure="venue_closure.inspections").update(amount=2),
    "a day that counts one more": lambda: Day.objects.filter(figure="venue_closure.inspections").update(amount=2),
    "a day that has a cell more": lambda: Day.objects.filter(figure="venue_closure.venues_inspected").update(cells=2),
    "a matter that nobody looked at again": lambda: Matter.objects.filter(until=None).update(again=True),
    "another day": lambda: Cell.objects.filter(figure="venue_closure.inspections").update(day="2022-03-21"),
}


@pytest.mark.parametrize("alter", ALTERED.values(), ids=ALTERED.keys())
def test_verification_catches(cast: Cast, alter: Callable[[], Any]) -> None:
    cast.phone().says(cast.night, OPEN)
    catch_up(LEDGER)
    assert verify(LEDGER)[2] == []
    alter()
    assert verify(LEDGER)[2] != []


def test_a_figure_as_it_stood_keeps_its_records_when_a_late_one_changes_the_story(cast: Cast, night: datetime) -> None:
    """A venue found open at nine; afterwards a phone that was offline says it was open at eight already."""
    phone, offline = cast.phone(), cast.phone()
    phone.says(night - timedelta(minutes=5), OPEN)
    then = catch_up(LEDGER)
    offline.says(night - timedelta(minutes=60), OPEN)
    catch_up(LEDGER)
    found, scope = figure("venue_closure.found_open"), cast.scope("commander")
    assert [row.position for row in trace(scope, id_of("incident"), found, then).newest()] == [1]
    assert [row.position for row in trace(scope, id_of("incident"), found, cursor(LEDGER)).newest()] == [2]


def test_a_figure_with_a_condition_opens_to_the_records_that_meet_it(cast: Cast) -> None:
    phone, found = cast.phone(), figure("attendance.person_times")
    shift = {"activity": "attendance", "activity_hash": found.activity.hash, "duty": str(id_of("post"))}
    for minute, act in ((30, "in"), (20, "out")):
        phone.says(cast.night - timedelta(minutes=minute), {"act": act}, **shift)
    catch_up(LEDGER)
    traced = trace(cast.scope("commander"), id_of("incident"), found, cursor(LEDGER))
    assert [row.body for row in traced.newest()] == [{"act": "in"}]


def test_a_narrowed_figure_lists_the_records_of_that_part_only(cast: Cast) -> None:
    far, near = cast.phone("outsider"), cast.phone()
    far.says(cast.night - timedelta(minutes=50), OPEN, place=str(id_of("cinema")))
    near.says(cast.night - timedelta(minutes=40), OPEN)
    near.says(cast.night - timedelta(minutes=5), SHUT)
    catch_up(LEDGER)
    scope = cast.scope("commander")
    parts = [
        Narrow(category="worship"),
        Narrow(category="entertainment"),
        Narrow(day=cast.night.date()),
        Narrow(area="430181105"),
    ]
    for found in figures_of(cast.scope("commander"), id_of("incident")):
        for part in parts:
            traced = trace(scope, id_of("incident"), found, cursor(LEDGER), part)
            if found.rule.verb in ("records", "opened", "closed"):
                assert len(traced.newest()) == traced.number == now(cast, narrow=part)[found.key], (found.key, part)


def test_matters_are_kept_as_versions_that_never_overlap(cast: Cast) -> None:
    phone = cast.phone()
    for minute, body in ((50, OPEN), (40, OPEN), (30, SHUT)):
        phone.says(cast.night - timedelta(minutes=minute), body)
        pull(LEDGER)
    versions = Matter.objects.filter(name="venue_open").order_by("since").values_list("since", "until", "closed")
    assert list(versions) == [(1, 2, None), (2, 3, None), (3, None, 3)]


def test_an_unknown_figure_names_the_nearest(cast: Cast) -> None:
    with pytest.raises(NotFound, match=r"venue_closure\.inspections"):
        figure("venue_closure.inspection")


def test_narrowed_parts_add_up_to_the_whole(cast: Cast) -> None:
    for role, place in (("inspector", "temple"), ("outsider", "cinema")):
        cast.phone(role).says(cast.night, OPEN, place=str(id_of(place)))
    catch_up(LEDGER)
    parts = [now(cast, narrow=Narrow(category=name))["venue_closure.inspections"] for name in ("worship", "entertainment")]
    assert (parts, now(cast)["venue_closure.inspections"]) == ([1, 1], 2)
