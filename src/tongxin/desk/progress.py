"""How far an order has come: listed → visited → found → put right → looked at again, by team and category; who is on duty."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import CharField, Q
from django.db.models.functions import Cast
from django.db.models.lookups import In

from tongxin.base import clock
from tongxin.base.scope import TOWN_DIGITS, Scope, town_of
from tongxin.base.words import say
from tongxin.desk import wording
from tongxin.figures.queries import Figure, Part, cells, counted_once, figures, tables
from tongxin.ledger.queries import visit_recorded
from tongxin.ledger.tallying import Found, matters_by, shifts_by_duty
from tongxin.orders.queries import activities_asked, duties, on, posts_of, visits_listed, visits_listed_by_town
from tongxin.people.queries import organisation_areas, organisation_names
from tongxin.places.queries import area_names

if TYPE_CHECKING:
    from tongxin.orders.models import Order


@dataclass
class Progress:
    """One row: ``query`` narrows the lists behind its numbers; ``where`` is the team's district."""

    title: str
    query: str
    listed: int = 0
    visited: int = 0
    found: int = 0
    fixed: int = 0
    again: int = 0
    late: int = 0
    where: str = ""

    @property
    def unvisited(self) -> int:
        """How many are still to be visited."""
        return max(0, self.listed - self.visited)

    @property
    def percent(self) -> float:
        """How far the visits have come, in percent of the list."""
        return min(100.0, 100 * self.visited / self.listed) if self.listed else 0.0


def summed(rows: Iterable[Progress]) -> Progress:
    """Return the total of some rows."""
    total = Progress(say("合计"), "")
    for row in rows:
        total.listed, total.visited = total.listed + row.listed, total.visited + row.visited
        total.found, total.fixed = total.found + row.found, total.fixed + row.fixed
        total.again, total.late = total.again + row.again, total.late + row.late
    return total


def coverage(order: "Order") -> Figure | None:
    """Return the figure that counts an order's visited places: the first over distinct places without a condition."""
    return _places_counted(order.activities)


def _places_counted(names: Iterable[str]) -> Figure | None:
    for figure in figures(names):
        if figure.activity.kind == "visit" and figure.rule.count == "distinct place" and not figure.rule.when:
            return figure
    return None


_FIELDS: Mapping[str, tuple[str, int | None]] = {
    "organisation": ("organisation", None), "category": ("category", None), "town": ("area", TOWN_DIGITS),
}  # fmt: skip
"""By what visits can be told apart: a field of cells, and of how many of its digits."""


class Chains:
    """The chains of some orders of one incident: read at once, told apart in some ways."""

    def __init__(self, scope: Scope, orders: "Sequence[Order]", fields: Sequence[str] = ("organisation", "category")) -> None:
        """``fields`` are those by which the visits are told apart."""
        self._scope, self._orders = scope, orders
        self._figures = {order.id: figure for order in orders if (figure := coverage(order))}
        self._listed = visits_listed(scope, orders)
        self._teams = organisation_names(team for _, team, _ in self._listed)
        rows = cells(scope, self._incident).filter(figure__in=[figure.key for figure in self._figures.values()])
        parts = [Part(rows, *_FIELDS[field], distinct=True) for field in fields if self._figures]
        self._visited = dict(zip(fields, tables(*parts), strict=True)) if parts else {}

    @property
    def _incident(self) -> UUID:
        return self._orders[0].incident_id

    @cached_property
    def _matters(self) -> list[Found]:
        kinds = [(id_, figure.activity.id) for id_, figure in self._figures.items()]
        return matters_by(self._scope, self._incident, kinds, clock.now()) if kinds else []

    def visits(self, order: "Order") -> list[Progress]:
        """Return how far an order's visits have come by organisation, as the order names them; nothing of what was found."""
        rows = self._by_team(order)
        for row in rows.values():
            row.query = f"order={order.id.hex}&{row.query}"
        return [rows[id_] for id_ in order.organisations if id_ in rows]

    def teams(self, order: "Order") -> list[Progress]:
        """Return an order's chain by organisation, as the order names them."""
        rows = self._by_team(order)
        self._add_matters(order, rows, "organisation")
        return [rows[id_] for id_ in order.organisations if id_ in rows]

    def kinds(self, order: "Order") -> list[Progress]:
        """Return an order's chain by category of place, the longest list first."""
        mine = [kind for id_, _, kind in self._listed if id_ == order.id]
        rows = {kind: Progress(wording.category(kind), f"category={kind}") for kind in mine}
        self._add_visits(order, rows, 1, "category")
        self._add_matters(order, rows, "category")
        return sorted(rows.values(), key=lambda row: -row.listed)

    def towns(self) -> dict[str, tuple[int, int]]:
        """Return how many places are visited and listed by the town's code, once an activity however many orders."""
        keys, visited = {figure.key for figure in self._figures.values()}, self._visited.get("town", {})
        listed = visits_listed_by_town(self._scope, self._orders)
        return {
            town_of(digits): (sum(int(visited.get(digits, {}).get(key, 0)) for key in keys), listed.get(digits, 0))
            for digits in visited.keys() | listed.keys()
        }

    def _by_team(self, order: "Order") -> dict[Any, Progress]:
        mine = [team for id_, team, _ in self._listed if id_ == order.id]
        where = districts(mine)
        rows = {team: Progress(self._teams.get(team, ""), f"organisation={team}", where=where.get(team, "")) for team in mine}
        self._add_visits(order, rows, 0, "organisation")
        return rows

    def _add_visits(self, order: "Order", rows: dict[Any, Progress], at: int, field: str) -> None:
        """Fill in what is listed, which adds up, and visited, which does not: each breakdown counts a place once."""
        for (id_, *of), listed in self._listed.items():
            if id_ == order.id:
                rows[of[at]].listed += listed
        if figure := self._figures.get(order.id):
            for key, row in rows.items():
                row.visited = int(self._visited[field].get(key, {}).get(figure.key, 0))

    def _add_matters(self, order: "Order", rows: dict[Any, Progress], field: str) -> None:
        for one in self._matters:
            if one.order == order.id and (row := rows.get(getattr(one, field))):
                row.found, row.fixed = row.found + one.found, row.fixed + one.closed
                row.again, row.late = row.again + one.again, row.late + one.late


def districts(teams: Iterable[UUID | None]) -> dict[UUID | None, str]:
    """Return where organisations work, by id: the name of the one area, or how many they are."""
    areas = organisation_areas(teams)
    names = area_names({code for codes in areas.values() for code in codes})
    return {
        team: names.get(codes[0], "") if len(codes) == 1 else say("{n}个区域", n=len(codes))
        for team, codes in areas.items()
        if codes
    }


def visit_made(scope: Scope, incident: UUID) -> Q:
    """Return the condition that a visit (a duty) was made: its place was counted for the order that asked for it.

    What only one order asks for was done for that order, and the figure over places tells; else the records have to be asked.
    """
    asked = Counter(activities_asked(scope, incident))
    alone = [figure for name, n in asked.items() if n == 1 and (figure := _places_counted([name]))]
    made = Q(visit_recorded(scope, incident)) & ~Q(activity__in=[figure.activity.id for figure in alone])
    for figure in alone:
        counted: In[Any] = In(Cast("place_id", CharField()), counted_once(scope, incident, figure))
        made |= Q(counted, activity=figure.activity.id)
    return made


@dataclass
class Muster:
    """An organisation's posts: how many should be there, are assigned, came at all, are on duty now, and did not come.

    Too many at one post do not make up for those who are missing at another.
    """

    title: str
    query: str
    headcount: int = 0
    assigned: int = 0
    came: int = 0
    here: int = 0
    missing: int = 0

    def add(self, other: "Muster") -> None:
        """Count another's in."""
        self.headcount, self.assigned = self.headcount + other.headcount, self.assigned + other.assigned
        self.came, self.here, self.missing = self.came + other.came, self.here + other.here, self.missing + other.missing


def muster(scope: Scope, order: "Order", day: date) -> list[Muster]:
    """Return a day's posts of an order by organisation, as the order names them, and all of them; nothing if it has none."""
    rows = list(posts_of(scope, order.id).filter(on(day)))
    shifts = shifts_by_duty(scope, order.incident_id) if rows else {}
    names = organisation_names(row.organisation_id for row in rows)
    teams = {id_: Muster(names[id_], f"organisation={id_}") for id_ in order.organisations if id_ in names}
    total = Muster(say("合计"), "")
    for row in rows:
        came, here = shifts.get(row.id, (0, 0))
        post = Muster("", "", row.headcount, row.assigned, came, here, max(0, row.headcount - came))
        for one in (teams[row.organisation_id], total):
            one.add(post)
    return [*teams.values(), total] if rows else []


def absent(scope: Scope, incident: UUID, now: datetime) -> int:
    """Return how many heads are missing on posts whose window has begun."""
    shifts = shifts_by_duty(scope, incident)
    begun = duties(scope).filter(order__incident=incident, kind="post", starts_at__lte=now)
    return sum(max(0, heads - shifts.get(id_, (0, 0))[0]) for id_, heads in begun.values_list("id", "headcount"))
