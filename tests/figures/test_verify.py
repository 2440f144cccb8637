"""The second path comes to the same as the first, by its own way, and notices what was altered."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cast import COUNTY, Cast, Phone, id_of, post_form

from tongxin.base.clock import to_ms
from tongxin.figures import actions
from tongxin.figures import verify as second_path
from tongxin.figures.actions import catch_up
from tongxin.figures.models import Cell
from tongxin.figures.verify import Difference, verify
from tongxin.ledger.models import Matter, Record
from tongxin.ledger.queries import stored_bytes
from tongxin.orders import actions as orders
from tongxin.playbook.registry import activity

LEDGER = COUNTY[:6]
OPEN, SHUT = {"open": True, "gathering": False}, {"open": False, "gathering": False}
CINEMA = {"place": str(id_of("cinema"))}


def differences() -> list[Difference]:
    catch_up(LEDGER)
    return verify(LEDGER)[2]


def amounts(figure: str) -> list[tuple[str, int]]:
    rows = Cell.objects.filter(figure=figure, amount__gt=0).order_by("area")
    return [(area, amount) for area, amount in rows.values_list("area", "amount")]


def conflicts() -> list[tuple[str, bool]]:
    rows = Matter.objects.filter(until__isnull=True, name__startswith="conflict_").order_by("name", "opened")
    return [(row.name, row.closed is not None) for row in rows]


def matter(name: str = "venue_open") -> Matter:
    return Matter.objects.get(name=name, until__isnull=True, merged=False)


def attendance(duty: str = "post") -> dict[str, Any]:
    return {"activity": "attendance", "activity_hash": activity("attendance").hash, "duty": str(id_of(duty))}


def ago(cast: Cast, minutes: int) -> datetime:
    return cast.night - timedelta(minutes=minutes)


def test_a_plain_night(cast: Cast) -> None:
    phone, far = cast.phone(), cast.phone("outsider")
    phone.says(ago(cast, 60), OPEN)
    far.says(ago(cast, 40), OPEN, **CINEMA)
    phone.says(ago(cast, 20), SHUT)
    phone.says(ago(cast, 10), {"act": "in"}, **attendance())
    phone.says(ago(cast, 5), {"act": "out"}, **attendance())
    phone.says(ago(cast, 4), OPEN | {"colour": "red"})
    assert differences() == []
    assert verify(LEDGER)[:2] == (5, Cell.objects.count())


def test_a_correction_changes_an_answer_then_the_place_then_the_time(cast: Cast) -> None:
    phone, leader = cast.phone(), cast.phone("commander")
    first = phone.says(ago(cast, 60), OPEN)
    assert differences() == []
    second = phone.says(ago(cast, 50), SHUT, act="correct", target=first["id"])
    assert differences() == []
    assert amounts("venue_closure.found_open") == []
    leader.says(ago(cast, 40), OPEN, act="correct", target=second["id"], **CINEMA)
    assert differences() == []
    assert amounts("venue_closure.found_open") == [("430181001010", 1)]
    yesterday = to_ms(cast.night - timedelta(minutes=90))
    phone.says(ago(cast, 30), OPEN, act="correct", target=first["id"], at=yesterday)
    assert differences() == []


def test_two_people_correct_one_record(cast: Cast) -> None:
    phone, commander = cast.phone(), cast.phone("commander")
    first = phone.says(ago(cast, 60), OPEN)
    phone.says(ago(cast, 50), SHUT, act="correct", target=first["id"])
    commander.says(ago(cast, 40), OPEN, act="correct", target=first["id"])
    assert differences() == []
    assert conflicts() == [("conflict_corrections", False)]


def test_two_people_correct_one_correction(cast: Cast) -> None:
    phone, commander = cast.phone(), cast.phone("commander")
    first = phone.says(ago(cast, 60), OPEN)
    second = phone.says(ago(cast, 50), SHUT, act="correct", target=first["id"])
    phone.says(ago(cast, 40), OPEN, act="correct", target=second["id"])
    commander.says(ago(cast, 30), OPEN, act="correct", target=second["id"])
    assert differences() == []


@pytest.mark.parametrize("act", ["withdraw", "copy"])
def test_a_record_of_another_activity_withdraws_or_copies(cast: Cast, act: str) -> None:
    phone = cast.phone()
    first = phone.says(ago(cast, 60), OPEN)
    if act == "copy":
        phone.says(ago(cast, 50), {"act": "in"}, id=first["id"], **attendance())
    else:
        phone.says(ago(cast, 50), {}, act="withdraw", target=first["id"], **attendance())
    assert differences() == []


def test_a_withdrawal_and_its_withdrawal(cast: Cast) -> None:
    phone = cast.phone()
    first = phone.says(ago(cast, 60), OPEN)
    second = phone.says(ago(cast, 50), {}, act="withdraw", target=first["id"])
    assert differences() == []
    assert amounts("venue_closure.inspections") == []
    phone.says(ago(cast, 40), {}, act="withdraw", target=second["id"])
    assert differences() == []
    assert amounts("venue_closure.inspections") == [("430181105201", 1)]


def test_a_stranger_withdraws_nothing(cast: Cast) -> None:
    first = cast.phone().says(ago(cast, 60), OPEN)
    cast.phone("outsider").says(ago(cast, 50), {}, act="withdraw", target=first["id"], **CINEMA)
    assert differences() == []
    assert amounts("venue_closure.inspections") == [("430181105201", 1)]


@pytest.mark.parametrize(("body", "expected"), [(OPEN, []), (SHUT, [("conflict_copies", False)])])
def test_a_copy_on_another_chain(cast: Cast, body: dict[str, Any], expected: list[tuple[str, bool]]) -> None:
    phone = cast.phone()
    first = phone.says(ago(cast, 60), OPEN)
    phone.chain, phone.seq, phone.prev = uuid4(), 0, ""
    phone.says(ago(cast, 50), body, id=first["id"])
    assert differences() == []
    assert (amounts("venue_closure.inspections"), conflicts()) == ([("430181105201", 1)], expected)


def test_a_duty_officer_releases_what_no_order_covered(cast: Cast) -> None:
    first = cast.phone().says(cast.night - timedelta(hours=4), OPEN)
    assert first["quarantine"] == "ledger.not_ordered"
    assert differences() == []
    cast.phone("leader").says(ago(cast, 20), {}, act="release", target=first["id"])
    assert differences() == []
    assert amounts("venue_closure.inspections") == []
    cast.phone("duty_officer").says(ago(cast, 10), {}, act="release", target=first["id"])
    assert differences() == []
    assert amounts("venue_closure.inspections") == [("430181105201", 1)]


def test_decisions_settle_merge_or_miss(cast: Cast) -> None:
    phone, secretary = cast.phone(), cast.phone("secretary")
    phone.says(ago(cast, 60), OPEN)
    catch_up(LEDGER)
    secretary.says(ago(cast, 50), {}, act="settle", target=str(matter().id), subject=str(id_of("temple")))
    assert differences() == []
    assert amounts("venue_closure.fixed") == [("430181105201", 1)]
    phone.says(ago(cast, 40), OPEN)
    catch_up(LEDGER)
    again = Matter.objects.get(name="venue_open", until__isnull=True, closed=None)
    into = {"into": "00000000-0000-8000-8000-000000000000"}
    secretary.says(ago(cast, 30), into, act="merge", target=str(again.id), subject=str(id_of("temple")))
    assert differences() == []
    assert amounts("venue_closure.found_open") == [("430181105201", 1)]
    secretary.says(ago(cast, 20), {}, act="settle", target=str(uuid4()), subject=str(id_of("temple")))
    assert differences() == []
    assert conflicts() == [("conflict_decision", False)]


def test_a_matter_is_reassigned_and_counts_where_it_was_opened(cast: Cast) -> None:
    phone, secretary, about = cast.phone(), cast.phone("secretary"), {"subject": str(id_of("temple"))}
    phone.says(ago(cast, 60), OPEN)
    assert differences() == []
    to = {"organisation": str(id_of("west")), "reason": "归西片组管"}
    first = secretary.says(ago(cast, 50), to, act="reassign", target=str(matter().id), **about)
    assert (differences(), matter().organisation, matter().closed, matter().last) == ([], id_of("west"), None, 2)
    phone.says(ago(cast, 40), OPEN)
    assert (differences(), matter().organisation, matter().last) == ([], id_of("west"), 3)
    phone.says(ago(cast, 30), SHUT)
    assert (differences(), matter().organisation, matter().closed) == ([], id_of("west"), 4)
    assert set(Cell.objects.values_list("organisation", flat=True)) == {id_of("east")}
    secretary.says(ago(cast, 20), {"reason": "错了"}, act="withdraw", target=first["id"], **about)
    assert (differences(), matter().organisation) == ([], id_of("east"))


def test_a_decision_about_nothing_can_be_settled(cast: Cast) -> None:
    secretary, subject = cast.phone("secretary"), str(id_of("temple"))
    secretary.says(ago(cast, 20), {}, act="settle", target=str(uuid4()), subject=subject)
    assert differences() == []
    secretary.says(ago(cast, 10), {}, act="settle", target=str(matter("conflict_decision").id), subject=subject)
    assert differences() == []
    assert conflicts() == [("conflict_decision", True)]


def test_a_copy_about_another_place_in_a_later_slice(cast: Cast) -> None:
    first = cast.phone().says(ago(cast, 60), OPEN)
    assert differences() == []
    cast.phone("commander").says(ago(cast, 50), OPEN, id=first["id"], **CINEMA)
    assert differences() == []


def test_one_member_at_two_posts(cast: Cast) -> None:
    other = post_form(cast.night, id=id_of("other post"), starts_at=cast.night.replace(hour=19))
    orders.add_duties(cast.scope("commander"), [other])
    phone = cast.phone()
    phone.says(ago(cast, 60), {"act": "in"}, **attendance())
    phone.says(ago(cast, 50), {"act": "in"}, **attendance("other post"))
    assert differences() == []
    phone.says(ago(cast, 40), {"act": "out"}, **attendance())
    phone.says(ago(cast, 30), {"act": "out"}, **attendance("other post"))
    assert differences() == []
    assert conflicts() == [("conflict_posts", False)]


def _altered(change: Callable[[list[Any]], list[Any]]) -> Callable[[pytest.MonkeyPatch], None]:
    """Alter what is read of records: the tests' role, like the product's, cannot alter the records themselves."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        rows = [change(list(row)) for row in stored_bytes(LEDGER, 1)]
        monkeypatch.setattr(second_path, "stored_bytes", lambda _ledger, _upto: rows)

    return patch


def _other_byte(row: list[Any]) -> list[Any]:
    return [row[0], bytes(row[1]).replace(b'"open":true', b'"open":fals'), *row[2:]]


def _other_hash(row: list[Any]) -> list[Any]:
    """Alter a byte and the hash with it: the figures no longer fit."""
    data = bytes(row[1]).replace(b'"open":true', b'"open":false')
    return [row[0], data, hashlib.sha256(data).hexdigest(), *row[3:]]


def _later(row: list[Any]) -> list[Any]:
    return [*row[:9], row[9] + timedelta(microseconds=1), *row[10:]]


def _another(version: Matter, **changes: Any) -> None:
    """Put another version in a matter's place."""
    Matter.objects.update(until=1)
    for field, changed in {"since": 1 + version.since, **changes}.items():
        setattr(version, field, changed)
    version.save(force_insert=True)


ALTERED: dict[str, tuple[Callable[[pytest.MonkeyPatch], Any], str]] = {
    "a cell": (lambda _: Cell.objects.filter(figure="venue_closure.inspections").update(amount=2), "inspections"),
    "a matter": (lambda _: _another(Matter.objects.get(), closed=1), "matter "),
    "who is answerable": (lambda _: _another(Matter.objects.get(), organisation=id_of("west")), "matter "),
    "a matter that is gone": (lambda _: Matter.objects.update(until=1), "matter "),
    "a byte": (_altered(_other_byte), "record 1: hash"),
    "a byte and its hash": (_altered(_other_hash), "found_open"),
    "a time": (_altered(_later), "record 1: occurred_at"),
    "a record that is gone": (lambda patch: patch.setattr(second_path, "stored_bytes", lambda *_: []), "records"),
}


@pytest.mark.parametrize(("alter", "where"), ALTERED.values(), ids=ALTERED.keys())
def test_it_notices(cast: Cast, monkeypatch: pytest.MonkeyPatch, alter: Callable[[pytest.MonkeyPatch], Any], where: str) -> None:
    cast.phone().says(cast.night, OPEN)
    assert differences() == []
    alter(monkeypatch)
    assert any(where in found.where for found in verify(LEDGER)[2])


Step = tuple[str, str, int, int, bool, str, bool]
steps: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(
        st.sampled_from(["inspector", "commander"]),
        st.sampled_from(["report", "report", "correct", "withdraw", "copy"]),
        st.integers(0, 7),
        st.integers(0, 40),
        st.booleans(),
        st.sampled_from(["temple", "cinema"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=9,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps, st.integers(1, 4))
def test_any_records_in_any_slices(cast: Cast, story: list[Step], size: int) -> None:
    with transaction.atomic(), pytest.MonkeyPatch().context() as patch:
        patch.setattr(actions, "SLICE", size)
        _tell(cast, story)
        catch_up(LEDGER)
        assert verify(LEDGER)[2] == []
        transaction.set_rollback(True)


def _tell(cast: Cast, story: list[Step]) -> None:
    phones = {role: cast.phone(role) for role in ("inspector", "commander")}
    told: list[UUID] = []
    for role, act, which, minutes, is_open, place, stated in story:
        changes: dict[str, Any] = {"place": str(id_of(place))}
        if act in ("correct", "withdraw") and told:
            changes |= {"act": act, "target": str(told[which % len(told)])}
        elif act == "copy" and told:
            changes["id"] = str(told[which % len(told)])
        if act == "correct" and told and stated:
            changes["at"] = to_ms(ago(cast, which * 11))
        _say(
            phones[role], ago(cast, minutes), {} if changes.get("act") == "withdraw" else OPEN if is_open else SHUT, changes, told
        )
        if stated:
            catch_up(LEDGER)


def _say(phone: Phone, at: datetime, body: dict[str, Any], changes: dict[str, Any], told: list[UUID]) -> None:
    told.append(phone.says(at, body, **changes)["id"])


def test_what_was_never_read_is_no_record(cast: Cast) -> None:
    phone = cast.phone()
    for body in ({"open": "\0"}, {"open": 1e-7}, {"open": [1.5, -2]}):
        phone.says(ago(cast, 30), body)
    phone.says(ago(cast, 30), OPEN, id="x")
    phone.says(ago(cast, 30), OPEN, v=2)
    phone.says(ago(cast, 30), OPEN, wall="x")
    phone.says(ago(cast, 30), OPEN, at=to_ms(ago(cast, 50)))
    phone.says(ago(cast, 30), OPEN, v=2, channel="paper", at=to_ms(ago(cast, 50)))
    phone.says(ago(cast, 30), OPEN, seen=[to_ms(ago(cast, 10)), 500])
    phone.says(ago(cast, 29), OPEN, act="sing")
    phone.says(ago(cast, 29), OPEN, wall=-5)
    phone.says(ago(cast, 28), OPEN, channel="drum")
    assert differences() == []
    assert Record.objects.filter(quarantine="").count() == 2
