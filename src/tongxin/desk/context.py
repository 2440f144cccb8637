"""What every page of the desk shows around its content."""

from typing import Any

from django.http import HttpRequest

from tongxin.base import clock
from tongxin.base.problems import Problem
from tongxin.base.words import language, pick
from tongxin.desk.session import MEMBER, scope
from tongxin.desk.wording import role
from tongxin.imports.access import MAY_IMPORT
from tongxin.orders.queries import drill_clock, incidents, orders
from tongxin.people.queries import organisation_names


def desk(request: HttpRequest) -> dict[str, Any]:
    """Return the frame of a page: language, clock, who is here, the incident. A problem page may lack the database: then less."""
    frame: dict[str, Any] = {"language": language(), "here": request.path, "factor": 1}
    if getattr(request, "problem_page", False) or MEMBER not in request.session:
        return frame
    try:
        who = scope(request)
    except Problem:
        return frame
    incident = incidents(who).first()
    drill = drill_clock()
    now = clock.now()
    return frame | {
        "scope": who,
        "now": now,
        "factor": drill.factor if drill and drill.began and now < drill.until else 1,
        "until": drill.until if drill else None,
        "incident": incident,
        "incident_name": pick(incident.name, incident.name_en) if incident else "",
        "who": f"{organisation_names([who.organisation]).get(who.organisation, '')}・{role(sorted(who.roles)[0])}"
        if who.organisation
        else "",
        "orders_count": orders(who).count(),
        "may_import": bool(who.roles & MAY_IMPORT),
    }
