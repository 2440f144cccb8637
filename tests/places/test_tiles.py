"""A county's map of tiles: every town a cell of its own, always the same, as near as can be to where it lies."""

from collections.abc import Callable
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongxin.places.geography import KNOWN, Seat, seats
from tongxin.places.spelling import short
from tongxin.places.tiles import Cell, cheapest, in_rows, on_map, shape, tiles

LIUYANG = "430181000000"
SEATS = seats(KNOWN[LIUYANG])
codes = st.lists(st.integers(0, 999).map(lambda n: f"999999{n:03}000"), min_size=1, max_size=40, unique=True)
degrees = st.floats(0, 1, allow_nan=False, width=32)
towns = codes.flatmap(
    lambda found: st.tuples(
        *(st.builds(Seat, st.just(code), degrees.map(lambda d: 25 + d), degrees, st.none()) for code in found)
    )
)


def holds_all(cells: dict[str, Cell], wanted: set[str]) -> None:
    columns, rows = shape(len(wanted))
    assert cells.keys() == wanted
    assert len(set(cells.values())) == len(wanted), "no two share a cell"
    assert all(0 <= cell.column < columns and 0 <= cell.row < rows for cell in cells.values())


@given(towns)
def test_every_town_has_a_cell_of_its_own_within_the_grid(found: tuple[Seat, ...]) -> None:
    holds_all(dict(on_map(found)), {town.code for town in found})


@given(towns, st.randoms(use_true_random=False))
def test_the_order_of_the_towns_makes_no_difference(found: tuple[Seat, ...], rng: object) -> None:
    shuffled = list(found)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    on_map.cache_clear()
    first = dict(on_map(found))
    on_map.cache_clear()
    assert dict(on_map(tuple(shuffled))) == first


@given(codes)
def test_a_county_whose_seats_are_not_known_has_its_towns_in_rows_by_code(found: list[str]) -> None:
    cells = tiles("999999000000", found)
    holds_all(cells, set(found))
    columns, _ = shape(len(found))
    assert [cells[code].row * columns + cells[code].column for code in sorted(found)] == list(range(len(found)))


@given(st.integers(1, 5).flatmap(lambda n: st.lists(st.lists(st.integers(0, 9), min_size=6, max_size=6), min_size=n, max_size=n)))
def test_the_cheapest_is_no_dearer_than_any_other_way(costs: list[list[int]]) -> None:
    found = cheapest(costs)
    assert len(set(found)) == len(costs)
    assert sum(row[column] for row, column in zip(costs, found, strict=True)) == least(costs, frozenset())


def least(costs: list[list[int]], taken: frozenset[int]) -> int:
    if len(taken) == len(costs):
        return 0
    row = costs[len(taken)]
    return min(row[column] + least(costs, taken | {column}) for column in range(len(row)) if column not in taken)


def test_what_lies_north_in_liuyang_is_above_and_what_lies_east_to_the_right() -> None:
    cells = tiles(LIUYANG, [town.code for town in SEATS])
    holds_all(cells, {town.code for town in SEATS})
    assert (ordered(cells, lambda town: -town.lat, 0.1, 1), ordered(cells, lambda town: town.lon, 0.1, 0)) == ([], [])


def ordered(cells: dict[str, Cell], at: Callable[[Seat], float], apart: float, axis: int) -> list[tuple[str, str]]:
    """Return the pairs that lie so far apart and are on the wrong sides of each other."""
    return [
        (a.code, b.code)
        for a, b in combinations(sorted(SEATS, key=at), 2)
        if at(b) - at(a) > apart and cells[a.code][axis] > cells[b.code][axis]
    ]


def test_a_town_that_the_seats_do_not_know_puts_all_in_rows() -> None:
    found = [*(town.code for town in SEATS), "430181999000"]
    assert tiles(LIUYANG, found) == in_rows(found)


@pytest.mark.parametrize(
    ("name", "said"),
    [("淮川街道", "淮川"), ("大围山镇", "大围山"), ("小河乡", "小河"), ("镇", "镇"), ("开发区", "开发区")],
)
def test_a_wall_drops_what_a_town_is(name: str, said: str) -> None:
    assert short(name) == said
