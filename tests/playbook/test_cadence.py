from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tongxin.base.clock import SHANGHAI
from tongxin.playbook.cadence import windows
from tongxin.playbook.loader import PACKS, parse

EVENING = datetime(2022, 3, 22, 18, tzinfo=SHANGHAI)
TEXT = (PACKS / "epidemic" / "venue_closure.toml").read_text("utf-8")


def asked(cadence: str, days: int) -> list[tuple[datetime, datetime]]:
    text = TEXT.replace('kind = "visit"', f'kind = "visit"\ncadence = "{cadence}"', 1)
    return list(windows(parse(text.encode(), Path("mine.toml")), EVENING, EVENING + timedelta(days=days)))


def test_once_per_order_is_due_the_first_night() -> None:
    assert asked("once per order", 30) == [(EVENING, datetime(2022, 3, 23, tzinfo=SHANGHAI))]


@pytest.mark.parametrize(("cadence", "days", "rounds"), [("daily", 18, 19), ("every 3 days", 18, 7), ("every 90 days", 18, 1)])
def test_rounds_follow_each_other_without_a_gap_and_end_with_the_order(cadence: str, days: int, rounds: int) -> None:
    found = asked(cadence, days)
    assert len(found) == rounds
    assert (found[0][0], found[-1][1]) == (EVENING, EVENING + timedelta(days=days))
    assert all(before[1] == after[0] for before, after in pairwise(found))
    assert all(due.astimezone(SHANGHAI).hour == 0 for _, due in found[:-1])


def test_an_order_that_ends_before_midnight_ends_its_visits() -> None:
    start = datetime(2022, 3, 22, 18, tzinfo=SHANGHAI)
    text = parse(TEXT.encode(), Path("mine.toml"))
    assert list(windows(text, start, start + timedelta(hours=2))) == [(start, start + timedelta(hours=2))]
