"""The list of places: what is open at each, when somebody last said something about it, who has still to come."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tongxin.base import clock
from tongxin.base.scope import TOWN_DIGITS, Scope, town_of
from tongxin.base.words import pick, say
from tongxin.desk import wording
from tongxin.desk.lists import page_of
from tongxin.desk.progress import visit_made
from tongxin.desk.session import looked_at, signed_in
from tongxin.ledger import queries as ledger
from tongxin.orders import queries as orders
from tongxin.places import queries

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from tongxin.orders.models import Incident
    from tongxin.places.models import Place

MOST_TYPED = 80
Facet = list[tuple[str, str, int, str, bool]]
"""Of each part: its name in the address, what it is called, how many, where that leads, whether it is shown."""


@require_GET
@signed_in
def listed(request: HttpRequest, scope: Scope) -> HttpResponse:
    """List the places of the own areas, narrowed by what the address says."""
    return render(request, "desk/places.html", _content(request, scope, looked_at(request)))


def _content(request: HttpRequest, scope: Scope, incident: "Incident | None") -> dict[str, Any]:
    asked, text = request.GET, request.GET.get("q", "").replace("\0", "").strip()[:MOST_TYPED]
    town, category, state = town_of(asked["town"]) if asked.get("town") else "", asked.get("category", ""), asked.get("state", "")
    matching = queries.places_named(scope, text) if text else queries.places(scope)
    matching = _in_state(scope, incident, matching, state) if incident else matching
    counted = queries.places_by_town(matching)
    names = queries.area_names({code for _, code in counted})
    chosen = {pair: n for pair, n in counted.items() if category in ("", pair[0]) and town in ("", pair[1])}
    rows = matching.filter(area__code__startswith=town[:TOWN_DIGITS]) if town else matching
    rows = rows.filter(category=category) if category else rows
    page = page_of(request, Counted(rows, sum(chosen.values())))
    open_, shown = _open(scope, incident, rows), list(page)
    last = ledger.last_about_places(scope, incident.id, [row.id for row in shown]) if incident else {}
    return {
        "page": page,
        "rows": [_row(row, open_, last, names) for row in shown],
        "open": len(open_),
        "late": sum(bool(late) for _, late in open_.values()),
        "open_to": _to(asked.dict(), "state", "open"),
        "late_to": _to(asked.dict(), "state", "late"),
        "typed": text,
        "kept": [(key, asked[key]) for key in ("town", "category", "state") if asked.get(key)],
        "states": _states(asked.dict(), state),
        "categories": _facet(
            asked.dict(), "category", [(c, n) for (c, t), n in counted.items() if town in ("", t)], wording.category
        ),
        "towns": _facet(
            asked.dict(), "town", [(t, n) for (c, t), n in counted.items() if category in ("", c)], lambda t: names.get(t, t)
        ),
    }


class Counted:
    """Places of which it is known how many there are, so that they need not be counted again to be cut into pages."""

    def __init__(self, rows: "QuerySet[Place]", number: int) -> None:
        self._rows, self._number = rows, number

    def __len__(self) -> int:
        return self._number

    def __getitem__(self, part: slice) -> "QuerySet[Place]":
        """Return a stretch of them."""
        return self._rows[part]


def _in_state(scope: Scope, incident: "Incident", rows: "QuerySet[Place]", state: str) -> "QuerySet[Place]":
    """Keep the places where something is open, or overdue, or that some visit has still to be made to."""
    about = ledger.open_about_places(scope, incident.id).order_by().values("place")
    if state == "open":
        return rows.filter(id__in=about)
    if state == "late":
        return rows.filter(id__in=about.filter(due_at__lte=clock.now()))
    if state == "todo":
        visits = orders.in_incident(scope, incident.id, "visit").filter(~visit_made(scope, incident.id))
        return rows.filter(id__in=visits.order_by().values("place"))
    return rows


def _open(scope: Scope, incident: "Incident | None", rows: "QuerySet[Place]") -> dict[UUID, tuple[int, int]]:
    """Return (open, overdue) by place."""
    if incident is None:
        return {}
    about = ledger.open_about_places(scope, incident.id).filter(place__in=rows.order_by().values("id")).order_by()
    counted = about.values("place").annotate(n=Count("opened"), late=Count("opened", filter=Q(due_at__lte=clock.now())))
    return {place: (n, late) for place, n, late in counted.values_list("place", "n", "late") if place}


def _row(
    row: "Place", open_: dict[UUID, tuple[int, int]], last: dict[UUID, tuple[int, Any]], names: dict[str, str]
) -> dict[str, Any]:
    n, late = open_.get(row.id, (0, 0))
    at, moment = last.get(row.id, (None, None))
    town = town_of(row.area_id)
    return {
        "id": row.id,
        "name": pick(row.name, row.name_en),
        "category": wording.category(row.category),
        "town": names.get(town, town),
        "open": n,
        "late": late,
        "last": at,
        "last_at": moment,
    }


def _states(asked: dict[str, str], state: str) -> list[tuple[str, str, bool]]:
    names = {"": say("全部"), "open": say("有未结事项"), "late": say("有逾期"), "todo": say("未查")}
    return [(name, _to(asked, "state", key), key == (state if state in names else "")) for key, name in names.items()]


def _facet(asked: dict[str, str], name: str, counted: Iterable[tuple[str, int]], called: Any) -> Facet:  # noqa: ANN401 - names
    """Count by one part, the most first; the one that is shown leads back to all."""
    sums: dict[str, int] = {}
    for part, n in counted:
        sums[part] = sums.get(part, 0) + n
    here = asked.get(name, "")
    rows = [(key, called(key), n, _to(asked, name, "" if key == here else key), key == here) for key, n in sums.items()]
    return sorted(rows, key=lambda row: (-row[2], row[1]))


def _to(asked: dict[str, str], name: str, value: str) -> str:
    kept = {key: said for key, said in asked.items() if key not in (name, "page") and said}
    return f"/places?{urlencode({**kept, **({name: value} if value else {})})}"
