"""State is a function of the set of records, never of the order in which they came."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from tongxin.ledger.fold import Fact, State, matters
from tongxin.playbook.registry import activity

NIGHT = datetime(2022, 3, 22, 12, tzinfo=UTC)
ROOT = UUID(int=7)


def fact(seq: int, minute: int, is_open: bool, gathering: bool = False) -> Fact:
    at = NIGHT + timedelta(minutes=minute)
    return Fact(
        position=seq, id=uuid5(ROOT, str(seq)), device=UUID(int=seq % 3), chain=ROOT, seq=seq, subject="temple", member=ROOT,
        incident=ROOT, order=ROOT, duty=None, place=ROOT, organisation=ROOT, area="430181105201", category="worship",
        duty_due_at=None, body={"open": is_open, "gathering": gathering}, occurred_at=at, day=at.date(),
    )  # fmt: skip


facts = st.lists(st.tuples(st.integers(0, 30), st.booleans(), st.booleans()), max_size=12).map(
    lambda rows: [fact(seq, *row) for seq, row in enumerate(rows, start=1)]
)


def fold(rows: list[Fact]) -> list[State]:
    return matters(activity("venue_closure"), rows)


@given(facts, st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_matters(rows: list[Fact], random: object) -> None:
    shuffled = rows.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fold(shuffled) == fold(rows)


@given(facts)
def test_matters_of_a_kind_never_overlap_and_only_the_last_is_open(rows: list[Fact]) -> None:
    for name in ("venue_open", "gathering"):
        mine = [state for state in fold(rows) if state.rule.name == name]
        for earlier, later in pairwise(mine):
            assert earlier.closed is not None
            assert earlier.closed.key < later.opened.key


@given(facts)
def test_ids_of_matters_are_never_the_same(rows: list[Fact]) -> None:
    ids = [state.id for state in fold(rows)]
    assert len(set(ids)) == len(ids)


def test_open_then_shut_is_one_matter_due_in_two_hours() -> None:
    (state,) = fold([fact(1, 0, is_open=True), fact(2, 10, is_open=True), fact(3, 30, is_open=False)])
    assert state.opened.seq == 1
    assert state.due_at == NIGHT + timedelta(hours=2)
    assert state.closed is not None
    assert (state.closed.seq, state.last.seq) == (3, 3)


def test_a_late_record_that_happened_first_opens_the_matter_in_the_others_place() -> None:
    before, late = [fact(1, 20, is_open=True)], fact(2, 5, is_open=True)
    assert fold([*before, late])[0].opened.seq == 2


def test_shut_from_the_start_opens_nothing() -> None:
    assert fold([fact(1, 0, is_open=False)]) == []
