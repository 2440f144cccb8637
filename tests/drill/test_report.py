"""What the report published, and when a number is what it says."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongxin_drill.report import Check, Reproduced, Row, as_markdown, meets, reproduced, rows

SAYS = {
    "20余": (21, 29), "50余": (51, 59), "150余": (151, 159), "200余": (201, 299), "300余": (301, 399), "500余": (501, 599),
    "1,000余": (1001, 1099), "116": (116, 116),
}  # fmt: skip
"""By the report's own table, the least and the most."""


@pytest.mark.parametrize(("says", "bounds"), SAYS.items(), ids=SAYS.keys())
@given(st.integers(0, 2000))
def test_a_number_is_what_was_published_within_its_bounds_alone(says: str, bounds: tuple[int, int], number: int) -> None:
    least, most = bounds
    assert meets(says, number) is (least <= number <= most)
    assert meets(says, float(number)) is meets(says, number)


def test_hours_are_more_than_a_thousand_from_a_tenth_on() -> None:
    assert [meets("1,000余", hours) for hours in (1000.0, 1000.1, 1099.9, 1100.0)] == [False, True, True, False]
    assert [meets("over 10,000", area) for area in (10_000, 10_000.5)] == [False, True]


def test_there_are_26_rows_in_order_and_each_says_where() -> None:
    assert [row.id for row in rows()] == [f"S{number}" for number in range(1, 27)]
    assert all(row.what and row.published and row.where for row in rows())
    assert all(row.page for row in rows() if row.check)


CHECKS = [Check("a.n", "20余"), Check("a.n", "2", by="day", take="parts"), Check("a.n", "11", by="day", take="each")]
TWO_DAYS = {"1": {"a.n": 11}, "2": {"a.n": 11}, "3": {"b.n": 5}}


@pytest.mark.parametrize(
    ("total", "days", "state"),
    [
        (22, TWO_DAYS, "green"),
        (30, TWO_DAYS, "red"),
        (22, TWO_DAYS | {"3": {"a.n": 11}}, "red"),
        (22, TWO_DAYS | {"1": {"a.n": 12}}, "red"),
        (22, {}, "red"),
    ],
)
def test_a_row_is_green_if_all_its_numbers_are_what_was_published(total: int, days: dict[str, Any], state: str) -> None:
    rows = [Row("S1", "w", "p", "a", check=CHECKS), Row("S2", "w", "p", "b")]
    found = reproduced(rows, lambda _: {"figures": {"a.n": total}, "parts": days})
    assert [one.state for one in found] == [state, "not yet"]


def test_every_part_is_asked_for_once() -> None:
    asked: list[Mapping[str, str]] = []

    def ask(part: Mapping[str, str]) -> dict[str, Any]:
        asked.append(part)
        return {"figures": {}, "parts": {}}

    reproduced(rows(), ask)
    assert {"category": "building_site"} in asked
    assert len(asked) == len({tuple(part.items()) for part in asked})


def test_the_page_has_a_line_for_each_row() -> None:
    row = Row("S2", "Venues", "200余", "venue_closure", "/figures/x", "tests/x.py", [Check("a.n", "200余")])
    assert "| S2 | Venues | 200余 | 1,214 | venue_closure | `/figures/x` | `tests/x.py` | red |" in as_markdown(
        [Reproduced(row, [[1_214]])]
    )
