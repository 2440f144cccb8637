"""The wall: where the county stands, for a screen that a whole room reads from five metres."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tongxin.base.scope import CODE_DIGITS, TOWN_DIGITS, Scope, town_of
from tongxin.base.words import pick
from tongxin.desk import wording
from tongxin.desk.session import looked_at, reach, signed_in
from tongxin.desk.tonight import Line, Standing, late_matters, standing, summed
from tongxin.ledger.queries import received_at
from tongxin.places.queries import towns
from tongxin.places.spelling import short
from tongxin.places.tiles import Cell, shape, tiles

if TYPE_CHECKING:
    from tongxin.figures.queries import Reached
    from tongxin.ledger.models import Matter
    from tongxin.orders.models import Incident

MOST_LATE, MOST_TOWNS = 8, 5
"""Overdue matters, and towns; of the former a screen shows as many as have room."""


@require_GET
@signed_in
def show(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Show the wall."""
    incident = looked_at(request)
    if incident is None:
        return render(request, "desk/no_incident.html")
    return render(request, "desk/wall.html", content(scope, incident, reach(request)))


@dataclass
class Tile:
    """A town: its matters, how many of its places are listed and visited, and where it lies on the map."""

    code: str
    name: str
    cell: Cell
    matters: Line
    visited: int = 0
    listed: int = 0

    @property
    def open(self) -> int:
        """How many matters are open."""
        return self.matters.late + self.matters.due

    @property
    def digits(self) -> int:
        """How many digits its numbers have together (8: or more), by which their size is chosen."""
        return min(8, len(str(self.open)) + (len(str(self.matters.late)) if self.matters.late else 0))

    @property
    def silent(self) -> bool:
        """Whether nobody has been there yet who should, so that nothing is known of it."""
        return bool(self.listed) and not (self.visited or self.open or self.matters.closed)

    @property
    def share(self) -> float:
        """How far the visits have come, in percent of the list."""
        return min(100.0, 100 * self.visited / self.listed) if self.listed else 0.0


@dataclass(frozen=True)
class LateRow:
    """An overdue matter: how late, what, at what kind of place, in which town; ``opened`` is the record that opened it."""

    late: timedelta
    title: str
    category: str
    town: str
    opened: int


def content(scope: Scope, incident: "Incident", reached: "Reached") -> dict[str, Any]:
    """Return the wall's content for an incident."""
    found = standing(scope, incident, reached, ("organisation", "town"))
    shown, elsewhere, shape_ = _map(scope, found)
    total, names = found.total, {tile.code: tile.name for tile in shown}
    late = late_matters(scope, incident, found.now, MOST_LATE)
    in_need = sorted((tile for tile in shown if tile.open), key=lambda tile: (-tile.matters.late, -tile.open, tile.code))
    return found.content() | {
        "tiles": len(shown),
        "lines": _lines(shown, *shape_),
        "elsewhere": elsewhere.late + elsewhere.due + elsewhere.closed,
        "in_need": in_need[:MOST_TOWNS],
        "overdue": [_late_row(row, found.now, names) for row in late],
        "total": total,
        "agree": summed(total.title, [elsewhere, *(tile.matters for tile in shown)]) == total,
        "received": received_at(scope.ledger, reached.position),
    }


def _map(scope: Scope, found: Standing) -> tuple[list[Tile], Line, tuple[int, int]]:
    """Return the tiles of the towns that somebody may look at, what lies in none of them, and the grid's columns and rows."""
    county = towns(scope.ledger)
    cells = tiles(scope.ledger.ljust(CODE_DIGITS, "0"), [town.code for town in county])
    visits = found.chains.towns() if found.chains else {}
    shown = {
        code: Tile(code, pick(short(name), name_en), cells[code], Line("", f"town={code}"), *visits.get(code, (0, 0)))
        for code, name, name_en in county
        if _touches(scope, code)
    }
    elsewhere = Line("", "")
    for tally in found.tallies:
        tile = shown.get(town_of(tally.area))
        (tile.matters if tile else elsewhere).add(tally)
    return list(shown.values()), elsewhere, shape(len(county))


def _lines(shown: list[Tile], columns: int, rows: int) -> list[list[Tile | None]]:
    """Return the map line by line; None where it is empty."""
    at = {(tile.cell.row, tile.cell.column): tile for tile in shown}
    return [[at.get((row, column)) for column in range(columns)] for row in range(rows)]


def _touches(scope: Scope, town: str) -> bool:
    """Say whether a town lies in a scope, or any of the scope in it."""
    return scope.covers(town) or any(digits.startswith(town[:TOWN_DIGITS]) for digits in scope.prefixes)


def _late_row(row: "Matter", now: datetime, names: dict[str, str]) -> LateRow:
    return LateRow(
        now - row.due_at,
        wording.matter(row.activity, row.name),
        wording.category(row.category) if row.category else "",
        names.get(town_of(row.area), ""),
        row.opened,
    )
