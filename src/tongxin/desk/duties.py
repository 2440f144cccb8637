"""Duties: the visits that orders ask for, made or not, and a day's posts with who came and who is missing."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tongxin.base import clock
from tongxin.base.problems import BadRequest
from tongxin.base.scope import Scope
from tongxin.base.words import pick, say
from tongxin.desk import narrowing, wording
from tongxin.desk.lists import page_of
from tongxin.desk.progress import visit_made
from tongxin.desk.session import required, signed_in
from tongxin.ledger.tallying import shifts_by_duty
from tongxin.orders import queries as orders
from tongxin.places.queries import town_names
from tongxin.playbook.faults import nearest

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from tongxin.orders.models import Duty, Incident

KINDS = ("visit", "post")
_DAY = timedelta(days=1)


@require_GET
@signed_in
def duties(request: HttpRequest, scope: Scope) -> HttpResponse:
    """List the visits of the incident's orders (all, or those still to be made), or the posts of a day (all, or with a gap)."""
    incident, kind = required(request), request.GET.get("kind") or "visit"
    if kind not in KINDS:
        raise BadRequest(say("kind：没有“{word}”；{hint}", word=kind, hint=nearest(kind, KINDS)))
    rows = _narrowed(request, orders.in_incident(scope, incident.id, kind)).select_related("place", "organisation")
    content = _posts(request, scope, incident, rows) if kind == "post" else _visits(request, scope, incident, rows)
    return render(request, "desk/duties.html", {"kind": kind, **content})


def _narrowed(request: HttpRequest, rows: "QuerySet[Duty]") -> "QuerySet[Duty]":
    """Keep what the address names: ``order``, ``organisation``, ``category``, ``member``."""
    for field in ("order", "organisation"):
        wanted = narrowing.uuid(request.GET, field)
        rows = rows.filter(**{field: wanted}) if wanted else rows
    member = narrowing.uuid(request.GET, "member")
    rows = rows.filter(orders.of_member(member)) if member else rows
    return rows.filter(place__category=request.GET["category"]) if request.GET.get("category") else rows


def _visits(request: HttpRequest, scope: Scope, incident: "Incident", rows: "QuerySet[Duty]") -> dict[str, Any]:
    todo, day = request.GET.get("state") == "todo", narrowing.day(request)
    made = visit_made(scope, incident.id)
    rows = rows.filter(orders.on(day)) if day else rows
    wanted = rows.filter(~made) if todo else rows
    ids = wanted.order_by("area_id", "place__name", "starts_at", "id").values_list("id", flat=True)
    page = page_of(request, list(ids) if todo else ids)  # what is still to be made is looked for only once
    held = rows.in_bulk(list(page))
    listed = [held[id_] for id_ in page]
    done = set() if todo else set(rows.filter(made, id__in=held).values_list("id", flat=True))
    towns = town_names(row.area_id for row in listed)
    shown = [
        {
            "place": pick(row.place.name, row.place.name_en),
            "id": row.place_id,
            "category": wording.category(row.place.category),
            "town": towns[row.area_id],
            "team": row.organisation_id,
            "organisation": pick(row.organisation.name, row.organisation.name_en),
            "due_at": row.due_at,
            "visited": row.id in done,
        }
        for row in listed
    ]
    return {"page": page, "rows": shown, "todo": todo, "day": day, "query": _without(request, "state"), "kinds": _kinds(request)}


@dataclass(frozen=True)
class Post:
    """A post on its day: how many should be there, are assigned, came at all, are there now, and are missing."""

    activity: str
    place: str
    place_id: UUID
    team: UUID
    organisation: str
    starts_at: datetime
    due_at: datetime
    headcount: int
    assigned: int
    came: int
    here: int
    begun: bool

    @property
    def missing(self) -> int:
        """How many did not come; until it begins, how many are not assigned yet."""
        return max(0, self.headcount - (self.came if self.begun else self.assigned))


def _posts(request: HttpRequest, scope: Scope, incident: "Incident", rows: "QuerySet[Duty]") -> dict[str, Any]:
    now = clock.now()
    day, gap = narrowing.day(request) or clock.day_of(now), request.GET.get("state") == "gap"
    shifts = shifts_by_duty(scope, incident.id)
    found = orders.with_assigned(rows.filter(orders.on(day))).order_by("starts_at", "organisation__name", "place__name", "id")
    posts = [
        Post(
            activity=wording.activity(row.activity),
            place=pick(row.place.name, row.place.name_en),
            place_id=row.place_id,
            team=row.organisation_id,
            organisation=pick(row.organisation.name, row.organisation.name_en),
            starts_at=row.starts_at,
            due_at=row.due_at,
            headcount=row.headcount,
            assigned=row.assigned,
            came=shifts.get(row.id, (0, 0))[0],
            here=shifts.get(row.id, (0, 0))[1],
            begun=row.starts_at <= now,
        )
        for row in found
    ]
    gaps = [post for post in posts if post.missing]
    listed = gaps if gap else posts
    page = page_of(request, listed)
    return {
        "page": page,
        "rows": list(page),
        "gap": gap,
        "day": day,
        "days": _days(request, day, clock.day_of(now)),
        "posts": len(posts),
        "gaps": len(gaps),
        "total": {
            name: sum(getattr(post, name) for post in listed) for name in ("headcount", "assigned", "came", "here", "missing")
        },
        "missing": sum(post.missing for post in gaps),
        "query": _without(request, "state"),
        "kinds": _kinds(request),
    }


def _days(request: HttpRequest, day: date, today: date) -> list[tuple[date, str, bool]]:
    """Return (day, address, whether it is shown) of the day before, the day after, and today."""
    others = _without(request, "day")
    near = sorted({day - _DAY, day, day + _DAY, today})
    return [(one, f"?{others}&day={one.isoformat()}", one == day) for one in near]


def _kinds(request: HttpRequest) -> dict[str, str]:
    """Return the addresses of the two lists, narrowed as this one is; a state belongs to one list only."""
    others = {key: value for key, value in request.GET.items() if key not in ("kind", "state", "page", "day")}
    return {kind: f"?{urlencode({**others, 'kind': kind})}" for kind in KINDS}


def _without(request: HttpRequest, name: str) -> str:
    return urlencode({key: value for key, value in request.GET.items() if key not in (name, "page")})
