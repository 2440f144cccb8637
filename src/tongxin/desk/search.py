"""One search over what people name: a record's number, places, what is open there, organisations, figures, orders."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tongxin.base import clock
from tongxin.base.problems import NotFound
from tongxin.base.scope import Scope
from tongxin.base.words import pick
from tongxin.desk import wording
from tongxin.desk.lists import MatterRow, matter_rows
from tongxin.figures.queries import figures_of
from tongxin.ledger import queries as ledger
from tongxin.orders.queries import orders
from tongxin.people.queries import organisations_named
from tongxin.places.queries import places_named, town_names

if TYPE_CHECKING:
    from tongxin.orders.models import Incident
    from tongxin.places.models import Place

SHOWN, MOST_PLACES = 12, 200
"""Of each kind, the first; and of how many places it is looked what is open there."""
MOST_TYPED = 80


def content(scope: Scope, incident: "Incident | None", typed: str) -> dict[str, Any]:
    """Return what is called so or has such a number, in a scope's areas."""
    text = typed.strip()[:MOST_TYPED]
    found = _found(scope, incident, text) if text else {}
    return {"typed": text, **found, "nothing": bool(text) and not any(found.values())}


def _found(scope: Scope, incident: "Incident | None", text: str) -> dict[str, Any]:
    named = places_named(scope, text)
    count, places = named.count(), list(named[:MOST_PLACES])
    towns = town_names(place.area_id for place in places[:SHOWN])
    listed = [
        (place.id, pick(place.name, place.name_en), wording.category(place.category), towns[place.area_id])
        for place in places[:SHOWN]
    ]
    return {
        "record": _record(scope, text),
        "places": listed,
        "more": max(0, count - SHOWN),
        "matters": _open_at(scope, incident, places),
        "organisations": [(row.id, pick(row.name, row.name_en)) for row in organisations_named(scope.ledger, text)[:SHOWN]],
        "figures": _figures(scope, incident, text)[:SHOWN],
        "orders": _orders(scope, text)[:SHOWN],
    }


def _open_at(scope: Scope, incident: "Incident | None", places: "Sequence[Place]") -> list[MatterRow]:
    if incident is None or not places:
        return []
    rows = ledger.matters(scope, incident.id).filter(place__in=[place.id for place in places], closed=None)
    return matter_rows(rows.order_by("due_at")[:SHOWN], clock.now())


def _record(scope: Scope, text: str) -> int | None:
    """Return a record's number, if there is one of that number."""
    try:
        return ledger.record(scope, int(text)).position if text.isdecimal() else None
    except NotFound:
        return None


def _figures(scope: Scope, incident: "Incident | None", text: str) -> list[tuple[str, str, str]]:
    found = figures_of(scope, incident.id) if incident else []
    return [
        (one.key, wording.text(one.rule.title), wording.text(one.activity.title))
        for one in found
        if _says(text, one.rule.title.zh, one.rule.title.en, one.activity.title.zh, one.activity.title.en)
    ]


def _orders(scope: Scope, text: str) -> list[tuple[UUID, str, str]]:
    found = [row for row in orders(scope) if _says(text, row.number, row.title, row.title_en)]
    return [(row.id, pick(row.title, row.title_en), row.number) for row in found]


def _says(text: str, *names: str) -> bool:
    return any(text.lower() in name.lower() for name in names)
