"""A schematic map of a county: every town an equal tile on a grid, so that neighbours stay roughly neighbours.

Pure: the same towns come to the same tiles, in whatever order they are given.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from tongxin.places.geography import KNOWN, Plane, Seat, seats

SPARE = 1.5
"""Cells a town has on a map: without empty cells nothing of a county's outline would be left."""
WIDE = 4 / 3
"""How many times as many columns as rows a grid has, about: what a wide screen leaves for it."""
_STEPS = 1000  # of a cell: distances are counted in whole steps, so that every machine comes to the same tiles


class Cell(NamedTuple):
    """A place on the grid, counted from 0 at the upper left."""

    column: int
    row: int


def tiles(county: str, towns: Collection[str]) -> dict[str, Cell]:
    """Return the cell of every town by code: as on a map where all the seats are known, else in rows by code."""
    known = KNOWN.get(county)
    if known is None:
        return in_rows(towns)
    at = {seat.code: seat for seat in seats(known)}
    return dict(on_map(tuple(at[code] for code in sorted(towns)))) if at.keys() >= set(towns) else in_rows(towns)


def in_rows(towns: Collection[str]) -> dict[str, Cell]:
    """Return the towns in rows, by code."""
    columns, _ = shape(len(towns))
    return {code: Cell(number % columns, number // columns) for number, code in enumerate(sorted(set(towns)))}


def shape(count: int) -> tuple[int, int]:
    """Return how many columns and rows the map of so many towns has."""
    columns = max(1, math.ceil(math.sqrt(count * SPARE * WIDE)))
    return columns, math.ceil(count * SPARE / columns)


@lru_cache(maxsize=32)
def on_map(towns: Sequence[Seat]) -> Mapping[str, Cell]:
    """Return the cell of every town such that all together are moved least (the sum of squares) from where they lie."""
    towns = sorted(towns, key=lambda seat: seat.code)
    columns, rows = shape(len(towns))
    cells = [Cell(column, row) for row in range(rows) for column in range(columns)]
    wanted = _spread(towns, columns, rows)
    costs = [[(x - _STEPS * cell.column) ** 2 + (y - _STEPS * cell.row) ** 2 for cell in cells] for x, y in wanted]
    return {town.code: cells[at] for town, at in zip(towns, cheapest(costs), strict=True)}


def _spread(towns: Sequence[Seat], columns: int, rows: int) -> list[tuple[int, int]]:
    """Return where the seats lie on the grid, in steps from the middle of its first cell: the outermost reach its edges."""
    plane = Plane.around(towns)
    east, south = zip(*((x, -y) for x, y in (plane.metres(town.lat, town.lon) for town in towns)), strict=True)
    return list(zip(_fitted(east, columns), _fitted(south, rows), strict=True))


def _fitted(along: Sequence[float], cells: int) -> list[int]:
    """Return places along one side of the grid: halfway between true to scale and evenly spread, so that a dense middle opens."""
    values = sorted(set(along))
    if len(values) == 1:
        return [_STEPS * (cells - 1) // 2] * len(along)
    least, length, last = values[0], values[-1] - values[0], len(values) - 1
    at = {value: ((value - least) / length + rank / last) / 2 for rank, value in enumerate(values)}
    return [round(_STEPS * (cells - 1) * at[value]) for value in along]


def cheapest(costs: Sequence[Sequence[int]]) -> list[int]:
    """Return a column for every row, none twice, such that the costs add up to the least; columns are as many as rows or more.

    The Hungarian method by shortest paths. SciPy has it, too, but takes longer to load than a county's map takes here.
    """
    holder: dict[int, int] = {}
    row_price, column_price = [0] * len(costs), [0] * len(costs[0])
    for row in range(len(costs)):
        _take_in(row, costs, holder, row_price, column_price)
    column_of = {row: column for column, row in holder.items()}
    return [column_of[row] for row in range(len(costs))]


def _take_in(
    row: int, costs: Sequence[Sequence[int]], holder: dict[int, int], row_price: list[int], column_price: list[int]
) -> None:
    """Give one more row a column, and others new ones where that is cheaper; prices keep every reduced cost at 0 or above."""
    nearest: dict[int, tuple[float, int | None]] = dict.fromkeys(range(len(column_price)), (math.inf, None))
    reached: dict[int, int | None] = {}
    here: int | None = None
    while True:
        at = row if here is None else holder[here]
        for column, (cost, _) in nearest.items():
            reduced = costs[at][column] - row_price[at] - column_price[column]
            if reduced < cost:
                nearest[column] = (reduced, here)
        following = min(nearest, key=lambda column: (nearest[column][0], column))
        step, before = nearest.pop(following)
        _reprice(row, int(step), reached, holder, row_price, column_price)
        nearest = {column: (cost - step, via) for column, (cost, via) in nearest.items()}
        reached[following], here = before, following
        if following not in holder:
            break
    _pass_on(row, here, reached, holder)


def _reprice(
    row: int, step: int, reached: Iterable[int], holder: Mapping[int, int], row_price: list[int], column_price: list[int]
) -> None:
    row_price[row] += step
    for column in reached:
        row_price[holder[column]] += step
        column_price[column] -= step


def _pass_on(row: int, column: int, reached: Mapping[int, int | None], holder: dict[int, int]) -> None:
    """Give the free column at the end of a path to the row before it, and so on back to the row that came in."""
    while (before := reached[column]) is not None:
        holder[column], column = holder[before], before
    holder[column] = row
