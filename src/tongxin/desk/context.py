"""What every page of the desk shows around its content."""

from contextlib import suppress
from typing import Any

from django.db import Error
from django.http import HttpRequest

from tongxin.base import clock
from tongxin.base.problems import Problem
from tongxin.base.words import language, pick
from tongxin.desk.acts import JUST_DONE
from tongxin.desk.session import MEMBER, incidents, looked_at, scope, stamp
from tongxin.desk.wording import keys, role
from tongxin.imports.access import MAY_IMPORT
from tongxin.orders.queries import drill_clock, has_drills
from tongxin.people.queries import organisation_names


def desk(request: HttpRequest) -> dict[str, Any]:
    """Return the frame of a page: language, clock, who is here, the incident. If the database is away: less."""
    frame: dict[str, Any] = {"language": language(), "here": request.path, "factor": 1}
    try:
        if MEMBER in request.session:
            with suppress(Problem):  # whoever may see nothing still sees that it is a drill
                return frame | _signed_in(request)
        return frame | {"drill": drill_clock() is not None or has_drills()}
    except Error:
        return frame


def _without_done(request: HttpRequest) -> str:
    """Return the page's own address, without what was just done there."""
    kept = request.GET.copy()
    for name in JUST_DONE:
        kept.pop(name, None)
    return f"{request.path}?{kept.urlencode()}" if kept else request.path


def _signed_in(request: HttpRequest) -> dict[str, Any]:
    who = scope(request)
    incident = looked_at(request)
    drill, now = drill_clock(), clock.now()
    return {
        "drill": drill is not None or any(row.drill for row in incidents(request)),
        "scope": who,
        "now": now,
        "factor": drill.factor if drill and drill.began and now < drill.until else 1,
        "until": drill.until if drill else None,
        "incident": incident,
        "incident_name": pick(incident.name, incident.name_en) if incident else "",
        "incidents": [(row.id, pick(row.name, row.name_en), row == incident) for row in incidents(request)],
        "who": f"{organisation_names([who.organisation]).get(who.organisation, '')}・{role(sorted(who.roles)[0])}"
        if who.organisation
        else "",
        "stamp": stamp(request),
        "live": _without_done(request),
        "keys": keys(),
        "may_import": bool(who.roles & MAY_IMPORT),
    }
