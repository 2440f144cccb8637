"""What the page of one place shows: what is open there, what was said about it, who has still to come."""

from typing import TYPE_CHECKING, Any

from tongxin.base import clock
from tongxin.base.scope import Scope
from tongxin.base.words import pick
from tongxin.desk import wording
from tongxin.desk.lists import matter_rows, record_rows
from tongxin.ledger import queries as ledger
from tongxin.ledger.tallying import shifts_by_duty
from tongxin.orders import queries as orders
from tongxin.places.queries import area_names, town_names

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from tongxin.ledger.models import Record
    from tongxin.orders.models import Duty, Incident
    from tongxin.places.models import Place

NEWEST, LATEST = 100, 20
"""Records and duties that are listed; all are counted."""


def content(scope: Scope, incident: "Incident", place: "Place") -> dict[str, Any]:
    """Return the page's content: of one incident, the newest records first."""
    records = ledger.about_place(scope, incident.id, place.id)
    newest = list(records[:NEWEST])
    matters = matter_rows(ledger.matters_about_place(scope, incident.id, place.id), clock.now())
    duties = orders.duties(scope).filter(place=place.id, order__incident=incident.id)
    village = area_names([place.area_id]).get(place.area_id, "")
    return {
        "name": pick(place.name, place.name_en),
        "category": wording.category(place.category),
        "where": "・".join(dict.fromkeys((town_names([place.area_id])[place.area_id], village))),
        "matters": matters,
        "open": sum(row.closed is None for row in matters),
        "count": records.count() if len(newest) == NEWEST else len(newest),
        "records": record_rows(newest),
        "duties_count": duties.count(),
        "duties": _duties(scope, incident, duties.select_related("order", "organisation").order_by("-due_at")[:LATEST], records),
    }


def _duties(scope: Scope, incident: "Incident", duties: "QuerySet[Duty]", records: "QuerySet[Record]") -> list[dict[str, Any]]:
    visited = set(records.order_by().values_list("order", "activity").distinct())
    rows = list(duties)
    shifts = shifts_by_duty(scope, incident.id) if any(duty.kind == "post" for duty in rows) else {}
    return [
        {
            "activity": wording.activity(duty.activity),
            "order": duty.order,
            "organisation": pick(duty.organisation.name, duty.organisation.name_en),
            "due_at": duty.due_at,
            "post": duty.kind == "post",
            "headcount": duty.headcount,
            "came": shifts.get(duty.id, (0, 0))[0],
            "here": shifts.get(duty.id, (0, 0))[1],
            "visited": (duty.order_id, duty.activity) in visited,
        }
        for duty in rows
    ]
