"""State is a function of the set of records, never of the order in which they came."""

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import RFC_4122, UUID, uuid5

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongxin.ledger import fold
from tongxin.ledger.fold import State, matters
from tongxin.ledger.resolving import Effect, Fact, resolve, stand_in, withdrawals
from tongxin.playbook.loader import PACKS, parse
from tongxin.playbook.registry import activities, activity
from tongxin.playbook.schema import MatterRule
from tongxin.protocol.record import ACTS_ON_MATTERS, ACTS_ON_RECORDS

NIGHT = datetime(2022, 3, 22, 12, tzinfo=UTC)
ROOT, EAST, WEST = UUID(int=7), UUID(int=8), UUID(int=9)
KNOWN = {found.hash: found for found in activities().values()}
TEXT = (PACKS / "epidemic" / "venue_closure.toml").read_text("utf-8")


def id_of(name: object) -> UUID:
    return uuid5(ROOT, str(name))


def fact(n: int, minute: int, *, is_open: bool = False, **changes: Any) -> Fact:
    at = NIGHT + timedelta(minutes=minute)
    who = id_of(changes.pop("who", "chen"))
    plain = Fact(
        position=n, id=id_of(n), device=UUID(int=n % 3), chain=ROOT, seq=n, act="report", target=None, activity="venue_closure",
        activity_hash=activity("venue_closure").hash, subject="temple", member=who, typist=who, role="inspector", incident=ROOT,
        order=ROOT, duty=None, place=ROOT, organisation=ROOT, area="430181105201", category="worship", duty_due_at=None,
        body={"open": is_open, "gathering": False}, occurred_at=at, stated=False, day=at.date(), quarantine="",
    )  # fmt: skip
    return replace(plain, **changes)


def folded(records: Iterable[Fact]) -> dict[str, list[State]]:
    found = resolve(records)
    return {about[1]: matters(KNOWN, facts, conflicts) for about, (facts, conflicts) in found.by_subject().items()}


def temple(*records: Fact) -> list[tuple[str, int, int | None]]:
    return [(s.rule.name, s.opened.position, s.closed.position if s.closed else None) for s in folded(records).get("temple", [])]


@st.composite
def stories(draw: st.DrawFn) -> list[Fact]:
    """Draw reports, corrections of corrections, withdrawals, releases, merges, reassignments, copies: whatever phones may say."""
    records: list[Fact] = []
    for n in range(1, draw(st.integers(1, 12)) + 1):
        act = draw(st.sampled_from(["report", "report", "report", *sorted(ACTS_ON_RECORDS | ACTS_ON_MATTERS)]))
        record = fact(
            n,
            draw(st.integers(0, 30)),
            is_open=draw(st.booleans()),
            who=draw(st.sampled_from(["chen", "li"])),
            role=draw(st.sampled_from(["inspector", "leader", "commander"])),
            subject=draw(st.sampled_from(["temple", "cinema"])),
            quarantine=draw(st.sampled_from(["", "", "", "ledger.not_ordered", "ledger.bad_answer"])),
            stated=act == "correct" and draw(st.booleans()),
        )
        if act != "report":
            whom = draw(st.integers(1, 12))
            target = id_of(whom) if act in ACTS_ON_RECORDS else fold.matter_id(fact(whom, 0), "venue_open")
            into = {"into": str(fold.matter_id(fact(draw(st.integers(1, 12)), 0), "venue_open"))}
            to = {"organisation": draw(st.sampled_from([str(EAST), str(WEST), "nobody"]))}
            record = replace(record, act=act, target=target, body={"merge": into, "reassign": to}.get(act, record.body))
        if records and draw(st.integers(0, 5)) == 0:
            record = replace(record, id=draw(st.sampled_from(records)).id)
        records.append(record)
    return records


@given(stories(), st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_state(records: list[Fact], rng: random.Random) -> None:
    shuffled = records.copy()
    rng.shuffle(shuffled)
    assert resolve(shuffled) == resolve(records)
    assert folded(shuffled) == folded(records)


@given(stories())
def test_every_id_counts_once_at_most_and_only_if_it_is_a_report_or_a_decision(records: list[Fact]) -> None:
    facts = resolve(records).facts
    assert len({found.id for found in facts}) == len(facts)
    assert {found.act for found in facts} <= {"report"} | ACTS_ON_MATTERS


@given(stories())
def test_matters_of_a_kind_never_overlap_and_only_the_last_is_open(records: list[Fact]) -> None:
    for states in folded(records).values():
        mine = [state for state in states if state.rule.name == "venue_open"]
        for earlier, later in pairwise(mine):
            assert earlier.closed is not None
            assert earlier.closed.key < later.opened.key


@given(stories())
def test_ids_of_matters_are_never_the_same(records: list[Fact]) -> None:
    ids = [state.id for states in folded(records).values() for state in states]
    assert len(set(ids)) == len(ids)


@given(stories())
def test_a_mark_that_nothing_can_release_counts_nowhere(records: list[Fact]) -> None:
    assert "ledger.bad_answer" not in {found.quarantine for found in resolve(records).facts}


@st.composite
def plain_stories(draw: st.DrawFn) -> list[Fact]:
    """Draw reports about one subject: visits to a place, or a member's comings and goings at two posts."""
    name = draw(st.sampled_from(["venue_closure", "attendance"]))
    told = draw(st.lists(st.tuples(st.integers(0, 20), st.booleans(), st.booleans()), max_size=12))
    return [
        fact(
            n, minute, activity=name, activity_hash=activity(name).hash, body={"open": one, "act": "in" if one else "out"},
            duty=id_of(other) if name == "attendance" else None,
        )
        for n, (minute, one, other) in enumerate(told, start=1)
    ]  # fmt: skip


@given(plain_stories(), st.integers(0, 21))
def test_a_plain_story_goes_on_from_the_matters_that_stood_open(facts: list[Fact], minute: int) -> None:
    cut = NIGHT + timedelta(minutes=minute)
    before = matters(KNOWN, [found for found in facts if found.occurred_at < cut])
    standing = [state for state in before if state.closed is None and state.rule.name not in fold.CONFLICTS]
    after = matters(KNOWN, [found for found in facts if found.occurred_at >= cut], (), standing)
    whole = [state for state in before if state not in standing] + after
    assert sorted(whole, key=lambda state: (state.opened.key, state.rule.name)) == matters(KNOWN, facts)


def test_only_latest_numbers_balances_and_rules_look_back() -> None:
    assert {found.id for found in activities().values() if fold.looks_back(found)} == {
        "cold_chain_declaration", "disinfection", "isolation_round", "liaison_log", "sector_inspection", "shelter_occupancy",
        "sortie",
    }  # fmt: skip


def test_open_then_shut_is_one_matter_due_in_two_hours() -> None:
    (state,) = folded([fact(1, 0, is_open=True), fact(2, 10, is_open=True), fact(3, 30)])["temple"]
    assert (state.opened.seq, state.due_at) == (1, NIGHT + timedelta(hours=2))
    assert state.closed is not None
    assert (state.closed.seq, state.last.seq) == (3, 3)


def test_a_late_record_that_happened_first_opens_the_matter_in_the_others_place() -> None:
    assert temple(fact(1, 20, is_open=True), fact(2, 5, is_open=True)) == [("venue_open", 2, None)]


def test_a_correction_takes_its_targets_place_in_time() -> None:
    shut = fact(3, 60, act="correct", target=id_of(1))
    assert temple(fact(1, 0, is_open=True), fact(2, 30, is_open=True), shut) == [("venue_open", 2, None)]


def test_a_correction_that_states_a_time_moves_the_record_there() -> None:
    stated = fact(2, 45, is_open=True, act="correct", target=id_of(1), stated=True)
    assert temple(fact(1, 0), stated, fact(3, 30)) == [("venue_open", 2, None)]


def test_corrections_deeper_than_anyone_means_have_no_effect() -> None:
    chain = [fact(1, 0)] + [fact(n, n, is_open=n % 2 == 0, act="correct", target=id_of(n - 1)) for n in range(2, 200)]
    assert [found.position for found in resolve(chain).facts] == [41]


def test_two_records_that_correct_each_other_come_to_nothing() -> None:
    one, two = fact(1, 0, act="correct", target=id_of(2)), fact(2, 1, act="correct", target=id_of(1))
    assert resolve([one, two]).facts == []


def test_matters_of_two_incidents_never_mix() -> None:
    flood = fact(2, 10, incident=id_of("flood"))
    assert temple(fact(1, 0, is_open=True), flood) == [("venue_open", 1, None)]


def test_a_copy_that_says_something_else_opens_a_conflict_that_only_a_decision_settles() -> None:
    one, other = fact(1, 0), fact(2, 9, is_open=True, id=id_of(1))
    assert temple(one, other) == [("conflict_copies", 2, None)]
    conflict = folded([one, other])["temple"][0].id
    settle = fact(3, 20, act="settle", target=conflict, role="secretary", body={})
    assert temple(one, other, settle) == [("conflict_copies", 2, 3)]
    assert temple(one, other, replace(settle, role="inspector")) == [("conflict_copies", 2, None)]


def test_one_member_at_two_posts_at_once_is_noticed() -> None:
    shift: dict[str, Any] = {"activity": "attendance", "activity_hash": activity("attendance").hash, "subject": "chen"}
    records = [
        fact(1, 0, **shift, duty=id_of("gate"), body={"act": "in"}),
        fact(2, 30, **shift, duty=id_of("bridge"), body={"act": "in"}),
        fact(3, 60, **shift, duty=id_of("gate"), body={"act": "out"}),
        fact(4, 90, **shift, duty=id_of("bridge"), body={"act": "out"}),
    ]
    found = [(s.rule.name, s.opened.position, s.closed and s.closed.position) for s in folded(records)["chen"]]
    assert found == [("on_duty", 1, 3), ("conflict_posts", 2, None), ("on_duty", 2, 4)]


CHANGED = {
    "a chain of matters": (
        "\n[[figure]]",
        """
[[matter]]
name = "recheck"
title = { zh = "复查", en = "Check again" }
opens = "closed venue_open"
closes = "open = no"
due = "3d"

[[figure]]""",
    ),
    "an approval": ('closes = "open = no"\n', 'closes = "open = no"\napproval = "duty_officer"\n'),
}


def changed(name: str) -> tuple[str, fold.Versions]:
    before, after = CHANGED[name]
    version = parse(TEXT.replace(before, after, 1).encode(), PACKS)
    return version.hash, {version.hash: version}


def test_a_matter_may_open_as_another_closes() -> None:
    hash_, known = changed("a chain of matters")
    records = [replace(found, activity_hash=hash_) for found in (fact(1, 0, is_open=True), fact(2, 30), fact(3, 60))]
    found = [(s.rule.name, s.opened.position, s.closed and s.closed.position) for s in matters(known, records)]
    assert found == [("venue_open", 1, 2), ("recheck", 2, 3)]


def test_what_needs_approval_stays_open_until_somebody_else_of_rank_approves() -> None:
    hash_, known = changed("an approval")
    said = [replace(found, activity_hash=hash_) for found in (fact(1, 0, is_open=True), fact(2, 30))]
    (waiting,) = matters(known, said)
    assert (waiting.closed, waiting.waiting and waiting.waiting.position) == (None, 2)
    for who, role, closed in (
        ("wu", "duty_officer", 3),
        ("wu", "commander", 3),
        ("wu", "leader", None),
        ("chen", "duty_officer", None),
    ):
        approval = fact(3, 40, act="approve", target=waiting.id, role=role, who=who, body={}, activity_hash=hash_)
        (state,) = [state for state in matters(known, [*said, approval]) if state.rule.name == "venue_open"]
        assert (state.closed and state.closed.position) == closed, (who, role)
    found_open_again = replace(fact(4, 35, is_open=True), activity_hash=hash_)
    too_late = fact(3, 40, act="approve", target=waiting.id, role="commander", who="wu", body={}, activity_hash=hash_)
    assert matters(known, [*said, found_open_again, too_late])[0].closed is None


def reassign(n: int, minute: int, to: object, **changes: Any) -> Fact:
    target = fold.matter_id(fact(1, 0), "venue_open")
    return fact(
        n, minute, act="reassign", **{"target": target, "role": "secretary", "body": {"organisation": str(to)}, **changes}
    )


def answerable(*records: Fact) -> list[tuple[str, UUID, int | None]]:
    """Return who must see to what, and by which record a matter was touched last."""
    return [(s.rule.name, s.answerable, s.last.position) for s in folded(records)["temple"]]


def test_who_opened_a_matter_is_answerable_until_somebody_names_another() -> None:
    found, again, shut = fact(1, 0, is_open=True), fact(5, 40, is_open=True), fact(6, 50)
    assert answerable(found) == [("venue_open", ROOT, 1)]
    assert answerable(found, reassign(2, 10, EAST)) == [("venue_open", EAST, 2)]
    assert answerable(found, reassign(2, 10, EAST), reassign(3, 20, WEST), again) == [("venue_open", WEST, 5)]
    assert answerable(found, reassign(2, 20, EAST), reassign(3, 10, WEST)) == [("venue_open", EAST, 2)], "the later in fold order"
    assert answerable(found, reassign(2, 10, EAST), shut) == [("venue_open", EAST, 6)]
    assert temple(found, reassign(2, 10, EAST)) == [("venue_open", 1, None)]
    assert temple(found, reassign(2, 10, EAST), shut) == [("venue_open", 1, 6)]


@pytest.mark.parametrize("to", ["", "nobody", str(EAST).upper().replace("-", ""), f"{{{EAST}}}", f"urn:uuid:{EAST}"])
def test_a_matter_is_reassigned_to_an_id_in_its_one_form_only(to: str) -> None:
    assert answerable(fact(1, 0, is_open=True), reassign(2, 10, to)) == [("venue_open", ROOT, 1)]


@pytest.mark.parametrize("role", ["", "inspector", "leader"])
def test_only_who_may_decide_reassigns(role: str) -> None:
    assert answerable(fact(1, 0, is_open=True), reassign(2, 10, EAST, role=role)) == [("venue_open", ROOT, 1)]


def test_a_reassignment_that_was_withdrawn_was_none() -> None:
    undone = fact(3, 20, act="withdraw", target=id_of(2), role="leader", body={})
    assert answerable(fact(1, 0, is_open=True), reassign(2, 10, EAST), undone) == [("venue_open", ROOT, 1)]


def test_a_reassignment_after_the_closing_says_nothing_and_one_of_nothing_is_a_conflict() -> None:
    found, shut = fact(1, 0, is_open=True), fact(2, 30)
    assert answerable(found, shut, reassign(3, 40, EAST)) == [("venue_open", ROOT, 2)]
    assert answerable(found, shut, reassign(3, 20, EAST)) == [("venue_open", EAST, 2)]
    assert answerable(fact(1, 0), reassign(2, 10, EAST)) == [("conflict_decision", ROOT, 2)]


def test_a_conflict_is_reassigned_until_it_is_settled() -> None:
    copies = [fact(1, 0), fact(2, 9, is_open=True, id=id_of(1))]
    conflict = folded(copies)["temple"][0].id
    settle = fact(4, 30, act="settle", target=conflict, role="secretary", body={})
    before, after = reassign(3, 5, EAST, target=conflict), reassign(5, 40, WEST, target=conflict)
    assert answerable(*copies, before) == [("conflict_copies", EAST, 3)]
    assert answerable(*copies, before, settle, after) == [("conflict_copies", EAST, 4)]


def test_what_waits_for_approval_still_waits_when_it_is_reassigned() -> None:
    hash_, known = changed("an approval")
    said = [replace(found, activity_hash=hash_) for found in (fact(1, 0, is_open=True), fact(2, 30), reassign(3, 35, EAST))]
    (state,) = matters(known, said)
    assert (state.waiting and state.waiting.position, state.answerable, state.last.position) == (2, EAST, 3)
    approval = fact(4, 40, act="approve", target=state.id, role="duty_officer", who="wu", body={}, activity_hash=hash_)
    assert matters(known, [*said, approval])[0].closed is not None


def test_what_opens_as_a_reassigned_matter_closes_is_its_own_organisations() -> None:
    hash_, known = changed("a chain of matters")
    told = [fact(1, 0, is_open=True), reassign(2, 10, EAST), fact(3, 30)]
    found = [(s.rule.name, s.answerable) for s in matters(known, [replace(one, activity_hash=hash_) for one in told])]
    assert found == [("venue_open", EAST), ("recheck", ROOT)]


def test_a_withdrawal_wins_over_a_release_whichever_came_first() -> None:
    marked = fact(1, 0, is_open=True, quarantine="ledger.not_ordered")
    for withdrawn, released in ((10, 20), (20, 10)):
        rejection = fact(2, withdrawn, act="withdraw", target=id_of(1), role="secretary", body={"reason": "?"})
        release = fact(3, released, act="release", target=id_of(1), role="secretary", body={})
        assert resolve([marked, rejection, release]).facts == []
        undone = fact(4, 30, act="withdraw", target=id_of(2), role="secretary", body={})
        assert [f.position for f in resolve([marked, rejection, release, undone]).facts] == [1]


@given(stories(), st.randoms(use_true_random=False))
def test_withdrawals_count_in_whatever_order_they_came(records: list[Fact], rng: random.Random) -> None:
    acts = [found for found in records if found.act in ACTS_ON_RECORDS]
    shuffled = acts.copy()
    rng.shuffle(shuffled)
    assert withdrawals(shuffled) == withdrawals(acts)
    undone = fact(99, 40, act="withdraw", role="commander", body={})
    for target, counting in withdrawals(acts).items():
        gone = [replace(undone, id=id_of(("undone", act.id)), target=act.id) for act in counting]
        assert target not in withdrawals([*acts, *gone])


def test_what_stands_in_for_an_id_is_of_version_8_and_of_the_hash() -> None:
    found = stand_in("ff" * 32)
    assert (str(found), found.version, found.variant) == ("ffffffff-ffff-8fff-bfff-ffffffffffff", 8, RFC_4122)


def test_a_merge_names_the_other_in_its_one_form() -> None:
    body = {"into": "{00000000-0000-0000-0000-000000000001}"}
    merge = fact(2, 10, act="merge", target=fold.matter_id(fact(1, 0), "venue_open"), role="secretary", body=body)
    assert temple(fact(1, 0, is_open=True), merge) == [("venue_open", 1, None)]


def test_a_record_is_judged_by_the_version_it_was_made_under() -> None:
    later = parse(TEXT.replace('opens = "open = yes"', 'opens = "gathering = yes"', 1).encode(), PACKS)
    known = {**KNOWN, later.hash: later}
    now = fact(1, 0, is_open=True)
    assert [s.rule.name for s in matters(known, [now])] == ["venue_open"]
    assert matters(known, [replace(now, activity_hash=later.hash)]) == []


@pytest.mark.parametrize(
    ("quarantine", "counts"), [("ledger.not_ordered", True), ("ledger.no_authority", True), ("ledger.bad_answer", False)]
)
def test_a_release_lets_a_record_count_that_says_all_it_must(quarantine: str, counts: bool) -> None:
    marked = fact(1, 0, is_open=True, quarantine=quarantine)
    release = fact(2, 60, act="release", target=id_of(1), role="secretary", body={})
    found = resolve([marked, release])
    assert [f.position for f in found.facts] == ([1] if counts else [])
    assert found.effects == ({1: Effect(1, marked.occurred_at, marked.day, marked.activity, marked.subject)} if counts else {})


def test_what_opens_as_another_closes_opens_by_a_decision_too() -> None:
    hash_, known = changed("a chain of matters")
    found = replace(fact(1, 0, is_open=True), activity_hash=hash_)
    settled = fact(
        2, 30, act="settle", target=fold.matter_id(found, "venue_open"), role="secretary", body={}, activity_hash=hash_
    )
    states = [(s.rule.name, s.opened.position, s.closed and s.closed.position) for s in matters(known, [found, settled])]
    assert states == [("venue_open", 1, 2), ("recheck", 2, None)]


def test_a_merged_matter_opens_nothing() -> None:
    hash_, known = changed("a chain of matters")
    found = replace(fact(1, 0, is_open=True), activity_hash=hash_)
    into = {"into": str(UUID(int=1))}
    merge = fact(2, 30, act="merge", target=fold.matter_id(found, "venue_open"), role="secretary", body=into, activity_hash=hash_)
    (state,) = matters(known, [found, merge])
    assert (state.rule.name, state.merged) == ("venue_open", True)


def test_what_stands_in_a_records_place_has_its_id_place_and_day_and_the_corrections_content() -> None:
    late: dict[str, Any] = {"day": NIGHT.date() + timedelta(days=1), "occurred_at": NIGHT + timedelta(days=1)}
    root = fact(1, 0, is_open=True)
    correction = fact(2, 0, act="correct", target=id_of(1), subject="cinema", area="430181001010", category="scenic", **late)
    (found,) = resolve([root, correction]).facts
    assert found == replace(
        correction, id=root.id, device=root.device, chain=root.chain, seq=root.seq, act="report", target=None,
        occurred_at=root.occurred_at, day=root.day,
    )  # fmt: skip
    assert resolve([root, replace(correction, stated=True)]).facts[0].key == (late["occurred_at"], root.device, ROOT, 1)
    effect = Effect(2, late["occurred_at"], late["day"], "venue_closure", "cinema")
    assert resolve([root, replace(correction, stated=True)]).effects == {1: effect}


@pytest.mark.parametrize(
    ("due", "duty_due_at", "hours"),
    [
        ("duty", NIGHT + timedelta(hours=3), 3),
        ("duty", None, 4),
        ("2h", NIGHT, 2),
        ("12h", None, 12),
        ("tonight", NIGHT, 4),
        ("3d", NIGHT, 76),
    ],
)
def test_a_matter_is_due_as_its_rule_says(due: str, duty_due_at: datetime | None, hours: int) -> None:
    rule = replace_rule(due=due)
    assert fold.due(rule, fact(1, 0, duty_due_at=duty_due_at)) == NIGHT + timedelta(hours=hours)  # 20:00 in Shanghai


def replace_rule(**changes: Any) -> MatterRule:
    rule = activity("venue_closure").matter[0]
    return msgspec.structs.replace(rule, **changes)


def stock(n: int, minute: int, arrived: int, left: int, **changes: Any) -> Fact:
    body = {"arrived": arrived, "left": left, "enough": True}
    hash_ = activity("shelter_occupancy").hash
    return fact(n, minute, activity="shelter_occupancy", activity_hash=hash_, body=body, **changes)


def test_a_balance_below_zero_is_noticed_each_time_it_falls_below() -> None:
    records = [stock(1, 0, 10, 0), stock(2, 1, 0, 11), stock(3, 2, 0, 1), stock(4, 3, 5, 0), stock(5, 4, 0, 4)]
    found = [(s.rule.name, s.opened.position) for s in folded(records)["temple"]]
    assert found == [("conflict_balance", 2), ("conflict_balance", 5)]


def test_a_balance_of_nothing_is_no_conflict_and_incidents_have_their_own() -> None:
    assert folded([stock(1, 0, 10, 0), stock(2, 1, 0, 10)])["temple"] == []
    other = stock(2, 1, 0, 1, incident=id_of("flood"))
    assert [s.opened.position for s in folded([stock(1, 0, 10, 0), other])["temple"]] == [2]
    missing = replace(stock(1, 0, 0, 0), body={"enough": True})
    assert folded([missing])["temple"] == []


def test_shifts_one_after_the_other_are_no_conflict_and_one_left_open_is() -> None:
    shift: dict[str, Any] = {"activity": "attendance", "activity_hash": activity("attendance").hash, "subject": "chen"}
    gate, bridge = {**shift, "duty": id_of("gate")}, {**shift, "duty": id_of("bridge")}
    first = [fact(1, 0, **gate, body={"act": "in"}), fact(2, 30, **gate, body={"act": "out"})]
    then = fact(3, 40, **bridge, body={"act": "in"})
    assert "conflict_posts" not in {s.rule.name for s in folded([*first, then])["chen"]}
    assert "conflict_posts" in {s.rule.name for s in folded([first[0], then])["chen"]}


def test_a_correction_of_a_correction_by_another_is_a_conflict_too() -> None:
    records = [
        fact(1, 0),
        fact(2, 10, act="correct", target=id_of(1)),
        fact(3, 20, act="correct", target=id_of(2)),
        fact(4, 30, act="correct", target=id_of(2), who="wu", role="commander"),
    ]
    (conflict,) = folded(records)["temple"]
    assert (conflict.rule.name, conflict.opened.position) == ("conflict_corrections", 4)


def test_the_same_person_may_correct_twice() -> None:
    twice = [fact(1, 0), fact(2, 10, act="correct", target=id_of(1)), fact(3, 20, act="correct", target=id_of(1))]
    assert folded(twice)["temple"] == []


@pytest.mark.parametrize("act", ["withdraw", "release"])
def test_acts_on_records_reach_over_activities_and_corrections_do_not(act: str) -> None:
    marked = fact(1, 0, is_open=True, quarantine="ledger.not_ordered" if act == "release" else "")
    deed = fact(2, 5, act=act, target=id_of(1), role="commander", activity="attendance", body={})
    assert len(resolve([marked, deed]).facts) == (1 if act == "release" else 0)
    correction = fact(2, 5, act="correct", target=id_of(1), activity="attendance")
    assert resolve([fact(1, 0), correction]).facts[0].position == 1


def test_ids_of_matters_begin_like_the_record_that_opened_them_and_are_of_version_8() -> None:
    found = fold.matter_id(fact(1, 0), "venue_open")
    assert (found.bytes[:6], found.version, found.variant) == (id_of(1).bytes[:6], 8, RFC_4122)
    assert len({fold.matter_id(fact(n, 0), name) for n in (1, 2) for name in ("a", "b")}) == 4
