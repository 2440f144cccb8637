from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tongxin.base import clock
from tongxin.base.clock import SHANGHAI, DrillClock

START = datetime(2022, 3, 22, 17, 50, tzinfo=SHANGHAI)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.datetimes(datetime(2025, 12, 31), datetime(2026, 1, 3), timezones=st.just(UTC))


def drill(factor: float = 720.0) -> DrillClock:
    return DrillClock(START, BEGAN, factor, START + timedelta(hours=5))


def test_a_drill_clock_stands_at_its_start_until_it_is_begun() -> None:
    waiting = DrillClock(START, None, 720.0, START + timedelta(hours=5))
    assert waiting.at(BEGAN + timedelta(days=1)) == START


def test_it_runs_fast_until_its_end_and_then_at_real_speed() -> None:
    assert drill().at(BEGAN + timedelta(seconds=10)) == START + timedelta(hours=2)
    assert drill().at(BEGAN + timedelta(seconds=25 + 60)) == START + timedelta(hours=5, minutes=1)


@given(moments, moments, st.floats(0.5, 5000))
def test_it_never_goes_back(one: datetime, other: datetime, factor: float) -> None:
    first, second = sorted((one, other))
    assert drill(factor).at(first) <= drill(factor).at(second)


@given(moments.filter(lambda moment: moment > BEGAN), st.floats(0.5, 5000))
def test_real_time_and_drill_time_translate_both_ways(moment: datetime, factor: float) -> None:
    there_and_back = drill(factor).real(drill(factor).at(moment))
    assert abs(there_and_back - moment) < timedelta(milliseconds=1)


def test_a_day_is_a_shanghai_day() -> None:
    assert clock.day_of(datetime(2022, 3, 22, 16, 30, tzinfo=UTC)).isoformat() == "2022-03-23"


def test_tonight_ends_at_the_next_shanghai_midnight() -> None:
    assert clock.tonight(datetime(2022, 3, 22, 15, 59, tzinfo=UTC)) == datetime(2022, 3, 23, tzinfo=SHANGHAI)
    assert clock.tonight(datetime(2022, 3, 22, 16, 0, tzinfo=UTC)) == datetime(2022, 3, 24, tzinfo=SHANGHAI)


@given(st.integers(-(10**12), 10**14))
def test_milliseconds_translate_both_ways(ms: int) -> None:
    assert clock.to_ms(clock.from_ms(ms)) == ms
