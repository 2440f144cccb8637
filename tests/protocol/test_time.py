"""When it happened: bounds that hold for every honest phone, however wrong its wall clock."""

from dataclasses import dataclass
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from tests.vectors.build import BOOT, NOON, OTHER_BOOT, record

from tongxin.protocol.messages import Stamp
from tongxin.protocol.record import Envelope
from tongxin.protocol.time import DRIFT, Settled, settle

YEARS = 5 * 365 * 86_400_000


@dataclass(frozen=True)
class Moment:
    """So many ms after the one before; ``awake`` is how much of that the monotonic clock counted (in a thousand)."""

    pause: int
    awake: int
    wall_is_off: int
    reboots: bool
    hears: bool


moments = st.lists(
    st.builds(
        Moment,
        pause=st.integers(0, 10_000_000),
        awake=st.integers(0, 1000),
        wall_is_off=st.sampled_from([0, -YEARS, YEARS, -3000, 60_000]),
        reboots=st.booleans(),
        hears=st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


def lived(story: list[Moment], fast: float, delay: int) -> list[tuple[int, Settled]]:
    """Return (true time, settled time) of a record at every moment; all are sent at the last one and arrive after ``delay``."""
    true, mono, boot, seen, records = NOON, 0.0, 0, None, []
    for moment in story:
        true += moment.pause
        mono += moment.pause * moment.awake / 1000 * (1 + fast)
        if moment.reboots:
            boot, mono, seen = boot + 1, 0.0, None
        if moment.hears:
            seen = [true - 5, int(mono)]  # the answer took a while to come
        envelope = record(wall=true + moment.wall_is_off, boot=f"boot {boot}", mono=int(mono), seen=seen)
        records.append((true, msgspec.convert(envelope, Envelope)))
    sent = Stamp(true + story[-1].wall_is_off, f"boot {boot}", int(mono))
    out: list[tuple[int, Settled]] = []
    for happened, made in records:
        out.append((happened, settle(made, sent, true + delay, out[-1][1] if out else None)))
    return out


@given(moments, st.floats(-DRIFT / 2, DRIFT / 2), st.integers(0, 100_000))
def test_the_truth_lies_within_the_bounds(story: list[Moment], fast: float, delay: int) -> None:
    for true, settled in lived(story, fast, delay):
        assert true <= settled.latest + 1
        assert settled.earliest is None or settled.earliest <= true + 1


@given(moments, st.floats(-DRIFT / 2, DRIFT / 2), st.integers(0, 100_000))
def test_a_chain_never_goes_back_and_nothing_happens_after_its_receipt(story: list[Moment], fast: float, delay: int) -> None:
    settled = [found for _, found in lived(story, fast, delay)]
    received = NOON + sum(moment.pause for moment in story) + delay
    assert all(before.occurred <= after.occurred for before, after in pairwise(settled))
    assert settled[-1].occurred <= received


@given(moments, st.floats(-DRIFT / 2, DRIFT / 2), st.integers(0, 100_000))
def test_the_settled_time_is_off_by_no_more_than_it_says(story: list[Moment], fast: float, delay: int) -> None:
    for true, settled in lived(story, fast, delay):
        if settled.uncertainty is not None:
            assert abs(settled.occurred - true) <= settled.uncertainty + 1


@given(st.integers(0, 10_000_000), st.integers(0, 10_000))
def test_a_right_clock_is_believed(age: int, delay: int) -> None:
    envelope = msgspec.convert(record(wall=NOON, mono=0), Envelope)
    assert settle(envelope, Stamp(NOON + age, BOOT, age), NOON + age + delay, None).occurred == NOON


def test_a_phone_online_is_known_to_the_second_whatever_its_wall_clock_says() -> None:
    envelope = msgspec.convert(record(wall=NOON - YEARS, mono=10_000, seen=[NOON - 500, 9_500]), Envelope)
    settled = settle(envelope, Stamp(NOON - YEARS, BOOT, 10_200), NOON + 300, None)
    assert abs(settled.occurred - NOON) <= (settled.uncertainty or YEARS) <= 1000


def test_after_a_reboot_only_the_server_bounds_it() -> None:
    envelope = msgspec.convert(record(wall=NOON + YEARS, boot=OTHER_BOOT), Envelope)
    settled = settle(envelope, Stamp(NOON, BOOT, 5), NOON, None)
    assert (settled.occurred, settled.earliest, settled.latest, settled.uncertainty) == (NOON, None, NOON, None)
