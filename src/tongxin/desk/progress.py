"""How far an order has come: listed → visited → found → put right, by team and by category; and who is on duty."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tongxin.base import clock
from tongxin.base.scope import Scope
from tongxin.desk import wording
from tongxin.figures.queries import Figure, cells, figures, values_by
from tongxin.ledger.queries import matters_by, shifts_by_duty
from tongxin.orders.queries import duties, posts_of, visits_listed
from tongxin.people.queries import organisation_names

if TYPE_CHECKING:
    from tongxin.orders.models import Order
    from tongxin.places.models import Place


@dataclass
class Progress:
    """One row: ``query`` narrows the lists behind its numbers."""

    title: str
    query: str
    listed: int = 0
    visited: int = 0
    found: int = 0
    fixed: int = 0
    late: int = 0

    @property
    def unvisited(self) -> int:
        """How many are still to be visited."""
        return max(0, self.listed - self.visited)

    @property
    def percent(self) -> float:
        """How far the visits have come, in percent of the list."""
        return min(100.0, 100 * self.visited / self.listed) if self.listed else 0.0


def coverage(order: "Order") -> Figure | None:
    """Return the figure that counts an order's visited places: the first over distinct places without a condition."""
    for figure in figures(order.activities):
        if figure.activity.kind == "visit" and figure.rule.count == "distinct place" and not figure.rule.when:
            return figure
    return None


def teams_of(scope: Scope, order: "Order") -> list[Progress]:
    """Return an order's progress by organisation."""
    listed = visits_listed(scope, order.id, "organisation_id")
    names = organisation_names(listed)
    rows = {id_: Progress(names.get(id_, ""), f"organisation={id_}", n) for id_, n in listed.items()}
    filled = _filled(scope, order, rows, "organisation")
    return [filled[id_] for id_ in order.organisations if id_ in filled]


def categories_of(scope: Scope, order: "Order") -> list[Progress]:
    """Return an order's progress by category of place."""
    listed = visits_listed(scope, order.id, "place__category")
    rows = {name: Progress(wording.category(name), f"category={name}", n) for name, n in listed.items()}
    return sorted(_filled(scope, order, rows, "category").values(), key=lambda row: -row.listed)


def _filled(scope: Scope, order: "Order", rows: dict[Any, Progress], field: str) -> dict[Any, Progress]:
    figure = coverage(order)
    if figure is None:
        return rows
    for key, values in values_by(cells(scope, order.incident_id).filter(figure=figure.key), field).items():
        if key in rows:
            rows[key].visited = int(values[figure.key])
    matters = matters_by(scope, order.incident_id, order.id, figure.activity.id, field, clock.now())
    for key, found, fixed, late in matters:
        if key in rows:
            rows[key].found, rows[key].fixed, rows[key].late = found, fixed, late
    return rows


@dataclass
class Post:
    """A post: how many should be there, how many are assigned, how many are on duty now and came at all."""

    organisation: str
    place: "Place"
    headcount: int
    assigned: int
    came: int
    here: int


def posts(scope: Scope, order: "Order") -> list[Post]:
    """Return an order's posts."""
    rows = list(posts_of(scope, order.id))
    shifts = shifts_by_duty(scope, order.incident_id)
    names = organisation_names(row.organisation_id for row in rows)
    rows.sort(key=lambda row: (row.starts_at, order.organisations.index(row.organisation_id)))
    return [Post(names[r.organisation_id], r.place, r.headcount, r.assigned, *shifts.get(r.id, (0, 0))) for r in rows]


def absent(scope: Scope, incident: UUID, now: datetime) -> int:
    """Return how many heads are missing on posts whose window has begun."""
    shifts = shifts_by_duty(scope, incident)
    begun = duties(scope).filter(order__incident=incident, kind="post", starts_at__lte=now)
    return sum(max(0, heads - shifts.get(id_, (0, 0))[0]) for id_, heads in begun.values_list("id", "headcount"))
