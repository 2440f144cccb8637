"""What a person decides about matters and marked records: merged, reassigned, rejected, each with a reason, each undone again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.cast import COUNTY, Cast, figures_now, id_of, order_form

from tongxin.base.problems import BadRequest, Conflict, Forbidden, NotFound, Problem
from tongxin.figures.actions import catch_up
from tongxin.figures.queries import Narrow, cursor, figure
from tongxin.figures.tracing import trace
from tongxin.figures.verify import verify
from tongxin.ledger import actions, queries, reading, tallying
from tongxin.ledger.models import Matter, Record
from tongxin.ledger.problems import NotTaken, Settled
from tongxin.ledger.resolving import MAY_DECIDE
from tongxin.orders.actions import issue
from tongxin.orders.forms import ScopeForm
from tongxin.orders.models import Clock, Order
from tongxin.orders.queries import forget_clock
from tongxin.people import actions as people
from tongxin.people.models import Organisation
from tongxin.places.actions import PlaceForm, add_places
from tongxin.playbook.registry import activity

LEDGER = COUNTY[:6]
OPEN, SHUT, CROWD = ({"open": a, "gathering": b} for a, b in ((True, False), (False, False), (False, True)))
INCIDENT = id_of("incident")
CINEMA = {"place": str(id_of("cinema"))}


def added_up() -> None:
    catch_up(LEDGER)
    assert verify(LEDGER)[2] == []


@pytest.fixture
def two(cast: Cast) -> list[Matter]:
    """Two venues found open in two districts, the older first."""
    cast.phone().says(cast.night - timedelta(minutes=50), OPEN, id="0190e5a2-0000-7000-8000-000000000001")
    cast.phone("outsider").says(cast.night - timedelta(minutes=40), OPEN, id="0190e5a3-0000-7000-8000-000000000001", **CINEMA)
    added_up()
    return list(queries.matters(cast.scope("commander"), INCIDENT).order_by("opened"))


def now(matter: Matter) -> Matter:
    return Matter.objects.get(id=matter.id, until=None)


DECIDE: dict[str, Callable[[Cast, Matter, str], Record]] = {
    "settle": lambda cast, matter, why: actions.settle_matter(cast.scope("secretary"), matter, why),
    "reassign": lambda cast, matter, why: actions.reassign_matter(cast.scope("secretary"), matter, id_of("west"), why),
    "withdraw": lambda cast, _, why: actions.withdraw(cast.scope("secretary"), queries.record(cast.scope("secretary"), 1), why),
}


@pytest.mark.parametrize("decide", DECIDE.values(), ids=DECIDE.keys())
def test_an_act_says_why(cast: Cast, two: list[Matter], decide: Callable[[Cast, Matter, str], Record]) -> None:
    row = decide(cast, two[0], "  店主已来说明\n")
    assert (row.body or {}).get("reason") == "店主已来说明"
    assert (row.quarantine, row.channel) == ("", "desk")
    added_up()


@pytest.mark.parametrize("decide", DECIDE.values(), ids=DECIDE.keys())
def test_without_a_reason_none_is_written(cast: Cast, two: list[Matter], decide: Callable[[Cast, Matter, str], Record]) -> None:
    assert "reason" not in (decide(cast, two[0], " ").body or {})


@pytest.mark.parametrize("reason", ["长" * 201, "a\0b"])
@pytest.mark.parametrize("decide", DECIDE.values(), ids=DECIDE.keys())
def test_a_wrong_reason_is_refused(
    cast: Cast, two: list[Matter], decide: Callable[[Cast, Matter, str], Record], reason: str
) -> None:
    with pytest.raises(BadRequest):
        decide(cast, two[0], reason)
    assert Record.objects.count() == 2


# Merging


@pytest.mark.parametrize("pressed", [0, 1])
def test_two_matters_become_the_older_one_whichever_was_pressed(cast: Cast, two: list[Matter], pressed: int) -> None:
    older, younger = two
    row, lives_on = actions.merge_matter(cast.scope("secretary"), two[pressed], two[1 - pressed], "同一家")
    assert (row.act, row.target, row.body) == ("merge", younger.id, {"into": str(older.id), "reason": "同一家"})
    assert lives_on.id == older.id
    added_up()
    assert (now(older).closed, now(older).merged, now(younger).closed, now(younger).merged) == (None, False, 3, True)
    assert figures_now(cast)["venue_closure.found_open"] == 1
    actions.withdraw(cast.scope("secretary"), row)
    added_up()
    assert (now(younger).closed, figures_now(cast)["venue_closure.found_open"]) == (None, 2)


def test_only_open_matters_of_a_kind_are_merged(cast: Cast, two: list[Matter]) -> None:
    secretary, (one, other) = cast.scope("secretary"), two
    cast.phone("outsider").says(cast.night - timedelta(minutes=30), CROWD | {"open": True}, **CINEMA)
    added_up()
    gathering = Matter.objects.get(name="gathering", until=None)
    for wrong in (one, gathering):
        with pytest.raises(Conflict):
            actions.merge_matter(secretary, one, wrong)
    actions.settle_matter(secretary, other)
    added_up()
    for pair in ((one, now(other)), (now(other), one)):
        with pytest.raises(Settled):
            actions.merge_matter(secretary, *pair)
    assert Record.objects.filter(act="merge").count() == 0


def test_a_conflict_is_not_merged(cast: Cast) -> None:
    for place in ("temple", "cinema"):
        phone = cast.phone("commander")
        first = phone.says(cast.night - timedelta(minutes=30), OPEN, place=str(id_of(place)))
        phone.chain, phone.seq, phone.prev = uuid4(), 0, ""
        phone.says(cast.night - timedelta(minutes=20), SHUT, place=str(id_of(place)), id=first["id"])
    added_up()
    one, other = Matter.objects.filter(name="conflict_copies", until=None)
    with pytest.raises(Conflict):
        actions.merge_matter(cast.scope("commander"), one, other)


# Reassigning


def test_a_matter_is_reassigned_and_every_figure_stays(cast: Cast, two: list[Matter]) -> None:
    before, secretary = figures_now(cast), cast.scope("secretary")
    row = actions.reassign_matter(secretary, two[0], id_of("west"), "归西片组管")
    assert row.body == {"organisation": str(id_of("west")), "reason": "归西片组管"}
    added_up()
    assert (now(two[0]).organisation, now(two[0]).closed, now(two[0]).last) == (id_of("west"), None, row.position)
    assert figures_now(cast) == before
    found = figure("venue_closure.found_open")
    for team, position in (("east", 1), ("west", 2), ("command", None)):
        traced = trace(secretary, INCIDENT, found, cursor(LEDGER), Narrow(organisation=id_of(team)))
        assert [one.position for one in traced.newest()] == ([position] if position else []), team
    tallied = [tally.organisation for tally in tallying.tallies(secretary, INCIDENT, cast.night, cast.night, cast.night)]
    assert set(tallied) == {id_of("west")}, "what is to be done is counted by who is answerable"


def test_who_is_answerable_now_stands_with_the_matter_that_is_read_again(cast: Cast, two: list[Matter]) -> None:
    actions.reassign_matter(cast.scope("secretary"), two[0], id_of("west"))
    added_up()
    phone = cast.phone()
    Clock.objects.update(start=cast.night + timedelta(minutes=10))
    forget_clock()
    phone.says(cast.night + timedelta(minutes=5), OPEN)
    part = reading.read(LEDGER, 3, 4)
    (state,) = part.standing["venue_closure", str(id_of("temple"))]
    assert (state.answerable, state.opened.organisation) == (id_of("west"), id_of("east"))
    added_up()
    assert (now(two[0]).organisation, now(two[0]).last) == (id_of("west"), 4)


def test_a_matter_is_not_reassigned_to_nobody_or_whom_it_has_or_by_nobody(cast: Cast, two: list[Matter]) -> None:
    secretary = cast.scope("secretary")
    Organisation.objects.create(id=id_of("elsewhere"), ledger="430182", name="邻县", name_en="Next", kind="team", areas=[])
    refused: list[tuple[str, UUID, type[Problem]]] = [
        ("secretary", id_of("nobody"), NotFound),
        ("secretary", id_of("elsewhere"), NotFound),
        ("secretary", id_of("east"), Conflict),
        ("leader", id_of("west"), Forbidden),
        ("inspector", id_of("west"), Forbidden),
    ]
    for role, whom, problem in refused:
        with pytest.raises(problem):
            actions.reassign_matter(cast.scope(role), two[0], whom)
    actions.settle_matter(secretary, two[0])
    added_up()
    with pytest.raises(Settled):
        actions.reassign_matter(secretary, now(two[0]), id_of("west"))
    assert Record.objects.filter(act="reassign").count() == 0


@pytest.fixture
def held(cast: Cast) -> Matter:
    """A lot in the warehouse that an inspector wants to release; somebody of rank must approve."""
    store, kind = id_of("warehouse"), activity("warehouse_release")
    add_places(cast.scope("commander"), [PlaceForm(store, "集中监管仓", "Warehouse", "warehouse", "430181105201")])
    scope = ScopeForm([COUNTY], ["warehouse"], [id_of("east")])
    changes = {"number": "演3号", "kind": kind.order, "activities": [kind.id], "scope": scope}
    issue(cast.scope("commander"), order_form(cast.night, id=id_of("cold chain"), **changes))
    named = {"activity": kind.id, "activity_hash": kind.hash, "order": str(id_of("cold chain")), "place": str(store)}
    phone = cast.phone()
    phone.says(cast.night - timedelta(minutes=40), {"lot": "A-1", "step": "received", "weight": 12}, **named)
    phone.says(cast.night - timedelta(minutes=20), {"lot": "A-1", "step": "negative"}, **named)
    added_up()
    return Matter.objects.get(name="held", until=None)


def test_what_waits_for_approval_is_reassigned_waits_on_and_is_approved_with_a_reason(cast: Cast, held: Matter) -> None:
    actions.reassign_matter(cast.scope("duty_officer"), held, id_of("west"))
    added_up()
    assert (now(held).waiting, now(held).organisation) == (2, id_of("west"))
    row = actions.approve_matter(cast.scope("duty_officer"), now(held), "两次检测阴性")
    assert row.body == {"reason": "两次检测阴性"}
    added_up()
    assert (now(held).closed, now(held).organisation) == (row.position, id_of("west"))


def test_a_phone_that_names_no_organisation_of_the_county_is_told_so(cast: Cast, two: list[Matter]) -> None:
    Organisation.objects.create(id=id_of("elsewhere"), ledger="430182", name="邻县", name_en="Next", kind="team", areas=[])
    phone = cast.phone("secretary")
    marks = [
        phone.says(cast.night, {"organisation": str(id_of(name))}, act="reassign", target=str(two[0].id))["quarantine"]
        for name in ("west", "nobody", "elsewhere")
    ]
    assert marks == [None, "ledger.unknown_reference", "ledger.unknown_reference"]
    added_up()
    assert now(two[0]).organisation == id_of("west")


# Marked records


MARKED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a wrong answer": ({}, OPEN | {"colour": "red"}, "ledger.bad_answer"),
    "no authority": (CINEMA, OPEN, "ledger.no_authority"),
    "another activity than the order's": (
        {"activity": "disinfection", "activity_hash": activity("disinfection").hash}, {"done": True}, "ledger.bad_answer",
    ),
    "no such order": ({"order": str(uuid4())}, OPEN, "ledger.unknown_reference"),
    "no such form": ({"activity_hash": "00" * 32}, OPEN, "ledger.unknown_activity"),
    "no act": ({"target": str(uuid4())}, OPEN, "ledger.bad_act"),
    "another version": ({"v": 2}, OPEN, "ledger.wrong_envelope"),
    "no id": ({"id": "x"}, OPEN, "ledger.unreadable"),
    "too long": ({}, {"note": "长" * 22_000}, "ledger.too_long"),
}  # fmt: skip


def waiting(cast: Cast) -> list[int]:
    return queries.marked(cast.scope("secretary"), INCIDENT)


def rejected(cast: Cast) -> list[int]:
    return queries.rejected(cast.scope("secretary"), INCIDENT)


def reject(cast: Cast, position: int, role: str = "secretary", reason: str = "看过，作废") -> Record:
    return actions.reject(cast.scope(role), queries.record(cast.scope("commander"), position), reason)


@pytest.mark.parametrize(("changes", "body", "mark"), MARKED.values(), ids=MARKED.keys())
def test_whatever_is_wrong_with_a_record_it_can_be_rejected(
    cast: Cast, changes: dict[str, Any], body: dict[str, Any], mark: str
) -> None:
    phone = cast.phone()
    phone.says(cast.night - timedelta(minutes=30), OPEN)
    assert phone.says(cast.night - timedelta(minutes=20), body, **changes)["quarantine"] == mark
    assert (waiting(cast), rejected(cast)) == ([2], [])
    row = reject(cast, 2)
    assert (row.act, row.quarantine, row.body) == ("withdraw", "", {"reason": "看过，作废"})
    assert (waiting(cast), rejected(cast)) == ([], [2])
    by = queries.rejections([queries.record(cast.scope("secretary"), 2)])[2]
    assert (by.position, by.typist, by.body["reason"]) == (3, id_of("secretary"), "看过，作废")
    added_up()
    with pytest.raises(Conflict):
        reject(cast, 2)
    actions.withdraw(cast.scope("secretary"), row)
    assert (waiting(cast), rejected(cast)) == ([2], [])
    added_up()
    assert figures_now(cast)["venue_closure.inspections"] == 1
    reject(cast, 2)
    assert waiting(cast) == []


def test_what_a_revoked_phone_said_can_be_rejected(cast: Cast) -> None:
    phone = cast.phone()
    phone.says(cast.night, OPEN)
    people.revoke(cast.scope("commander"), phone.device)
    phone.says(cast.night, SHUT)
    reject(cast, 2)
    assert (waiting(cast), rejected(cast)) == ([], [2])


def test_a_record_that_is_released_waits_no_more_and_rejected_it_counts_no_more(cast: Cast) -> None:
    cast.phone().says(cast.night - timedelta(minutes=5), OPEN, **CINEMA)
    scope = cast.scope("secretary")
    release = actions.release(scope, queries.record(scope, 1), "已核实")
    assert release.body == {"reason": "已核实"}
    added_up()
    assert (waiting(cast), rejected(cast), figures_now(cast)["venue_closure.inspections"]) == ([], [], 1)
    rejection = reject(cast, 1)
    added_up()
    assert (waiting(cast), rejected(cast), figures_now(cast)["venue_closure.inspections"]) == ([], [1], 0)
    actions.withdraw(scope, rejection)
    added_up()
    assert (waiting(cast), rejected(cast), figures_now(cast)["venue_closure.inspections"]) == ([], [], 1)
    actions.withdraw(scope, release)
    added_up()
    assert (waiting(cast), figures_now(cast)["venue_closure.inspections"]) == ([1], 0)


def test_what_was_rejected_is_not_released_until_the_rejection_is_withdrawn(cast: Cast) -> None:
    cast.phone().says(cast.night - timedelta(minutes=5), OPEN, **CINEMA)
    scope, rejection = cast.scope("secretary"), reject(cast, 1)
    with pytest.raises(Conflict):
        actions.release(scope, queries.record(scope, 1))
    said = cast.phone("secretary").says(cast.night, {}, act="release", target=str(queries.record(scope, 1).id))
    assert said["quarantine"] is None
    added_up()
    assert (rejected(cast), figures_now(cast)["venue_closure.inspections"]) == ([1], 0)
    actions.withdraw(scope, rejection)
    added_up()
    assert (waiting(cast), rejected(cast), figures_now(cast)["venue_closure.inspections"]) == ([], [], 1)


def test_a_marked_copy_is_rejected_and_the_record_that_counts_stays(cast: Cast) -> None:
    phone = cast.phone()
    first = phone.says(cast.night - timedelta(minutes=30), OPEN)
    assert phone.says(cast.night - timedelta(minutes=20), OPEN | {"colour": "red"}, id=first["id"])["quarantine"]
    reject(cast, 2)
    added_up()
    assert (waiting(cast), rejected(cast), figures_now(cast)["venue_closure.inspections"]) == ([], [2], 1)


def test_two_copies_that_are_both_marked_are_rejected_at_once(cast: Cast) -> None:
    phone = cast.phone()
    first = phone.says(cast.night - timedelta(minutes=30), OPEN, **CINEMA)
    phone.says(cast.night - timedelta(minutes=20), OPEN, id=first["id"], **CINEMA)
    reject(cast, 1)
    assert (waiting(cast), rejected(cast)) == ([], [2, 1])


def test_whoever_made_a_marked_record_takes_it_back_from_the_phone_and_nobody_else(cast: Cast) -> None:
    phone = cast.phone()
    first = phone.says(cast.night - timedelta(minutes=5), OPEN, **CINEMA)
    cast.phone("outsider").says(cast.night - timedelta(minutes=4), {}, act="withdraw", target=first["id"], **CINEMA)
    assert (waiting(cast), rejected(cast)) == ([1], [])
    phone.says(cast.night - timedelta(minutes=3), {}, act="withdraw", target=first["id"])
    assert (waiting(cast), rejected(cast)) == ([], [1])
    added_up()


def test_only_who_may_decide_rejects_and_only_with_a_reason_what_is_marked(cast: Cast) -> None:
    phone = cast.phone("commander")
    phone.says(cast.night - timedelta(minutes=5), OPEN)
    phone.says(cast.night - timedelta(minutes=4), OPEN | {"colour": "red"})
    phone.says(cast.night - timedelta(minutes=3), OPEN, v=2)
    for role in ("leader", "inspector"):
        for position in (2, 3):
            with pytest.raises(Forbidden):
                reject(cast, position, role)
    with pytest.raises(BadRequest):
        reject(cast, 2, reason=" ")
    with pytest.raises(Conflict):
        reject(cast, 1)
    assert Record.objects.count() == 3


def test_what_no_area_was_read_of_is_rejected_by_who_decides_for_the_county(cast: Cast) -> None:
    cast.phone().says(cast.night - timedelta(minutes=4), OPEN)
    cast.phone().says(cast.night - timedelta(minutes=3), OPEN, v=2)
    scope = cast.scope("leader")
    with pytest.raises(Forbidden):
        actions.reject(
            type(scope)(scope.member, scope.ledger, frozenset(MAY_DECIDE), scope.areas), Record.objects.get(position=2), "?"
        )


def test_where_nothing_counts_yet_and_no_order_holds_a_rejection_is_not_taken(cast: Cast) -> None:
    cast.phone().says(cast.night - timedelta(minutes=4), OPEN, v=2)
    with pytest.raises(NotTaken):
        reject(cast, 1)
    cast.phone().says(cast.night - timedelta(minutes=4), OPEN)
    Order.objects.update(ends_at=cast.night - timedelta(minutes=1))
    with pytest.raises(NotTaken):
        reject(cast, 1)


def test_the_list_of_what_waits_needs_few_statements(cast: Cast) -> None:
    phone, scope = cast.phone(), cast.scope("secretary")
    for _ in range(6):
        phone.says(cast.night - timedelta(minutes=5), OPEN, **CINEMA)
    counted = []
    for position in (1, 2, 3):
        reject(cast, position)
        with CaptureQueriesContext(connection) as told:
            assert len(queries.marked(scope, INCIDENT)) == 6 - position
        counted.append(len(told))
    assert counted == [2, 2, 2], "beside the one that reads the acts"
