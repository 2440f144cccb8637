"""The desk's door for programs: docs/doors.md is its contract. Each view reads a form, acts and answers."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongxin.base import door
from tongxin.base.problems import BadRequest
from tongxin.base.scope import Scope
from tongxin.base.words import pick, say
from tongxin.bulletin import actions as bulletin_actions
from tongxin.bulletin import queries as bulletin_queries
from tongxin.bulletin.forms import BulletinForm
from tongxin.desk import narrowing
from tongxin.desk.session import remember, signed_in
from tongxin.figures import queries as figure_queries
from tongxin.ledger import queries as ledger
from tongxin.orders import actions as order_actions
from tongxin.orders import queries as order_queries
from tongxin.orders.forms import AssignmentForm, ClockForm, DutyForm, IncidentForm, OrderForm
from tongxin.people import actions as people
from tongxin.people.forms import MemberForm, OrganisationForm
from tongxin.people.queries import scope_of
from tongxin.places.actions import PlaceForm, add_places

if TYPE_CHECKING:
    from tongxin.bulletin.models import Bulletin
    from tongxin.orders.models import Incident


class SignInForm(msgspec.Struct, forbid_unknown_fields=True):
    """A sign-in code."""

    code: str


class ReviewForm(msgspec.Struct, forbid_unknown_fields=True):
    """What a reviewer says of a bulletin."""

    agrees: bool
    reason: str = ""


def _json(answer: object, status: int = 200) -> HttpResponse:
    return HttpResponse(door.write(answer), content_type="application/json", status=status)


@csrf_exempt
@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    """Begin a session by a code."""
    member = people.sign_in(door.read(request.body, SignInForm).code)
    remember(request, member.id)
    get_token(request)  # sets the cookie whose value later posts carry
    roles = sorted(scope_of(member.id).roles)
    return _json({"member": {"id": member.id, "name": pick(member.name, member.name_en)}, "roles": roles})


@require_POST
@signed_in
def set_clock(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Stand the drill clock at its start."""
    return _json(order_actions.set_clock(scope, door.read(request.body, ClockForm)))


@require_POST
@signed_in
def begin_clock(request: HttpRequest, scope: Scope) -> HttpResponse:  # noqa: ARG001 - no form
    """Let the drill clock run."""
    return _json(order_actions.begin_clock(scope))


@require_POST
@signed_in
def organisations(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Add organisations."""
    return _json(people.add_organisations(scope, door.read_rows(request.body, "organisations", OrganisationForm)))


@require_POST
@signed_in
def places(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Add places."""
    return _json(add_places(scope, door.read_rows(request.body, "places", PlaceForm)))


@require_POST
@signed_in
def members(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Add members."""
    return _json(people.add_members(scope, door.read_rows(request.body, "members", MemberForm)))


@require_POST
@signed_in
def sign_in_codes(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Give sign-in codes."""
    codes = people.give_codes(scope, door.read_rows(request.body, "members", UUID))
    return _json({"codes": [{"member": member, "code": code} for member, code in codes]})


@require_POST
@signed_in
def revoke_device(request: HttpRequest, scope: Scope, id_: UUID) -> HttpResponse:  # noqa: ARG001 - no form
    """End a phone's enrolment."""
    row = people.revoke(scope, id_)
    return _json({"id": row.id, "member": row.member_id, "revoked_at": row.revoked_at})


def _incident(row: "Incident") -> dict[str, Any]:
    return {key: getattr(row, key) for key in ("id", "name", "name_en", "kind", "drill", "opened_at")}


@require_http_methods(["GET", "POST"])
@signed_in
def incidents(request: HttpRequest, scope: Scope) -> HttpResponse:
    """List incidents, or open one."""
    if request.method == "GET":
        return _json({"incidents": [_incident(row) for row in order_queries.incidents(scope)]})
    return _json(_incident(order_actions.open_incident(scope, door.read(request.body, IncidentForm))))


@require_POST
@signed_in
def orders(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Issue an order."""
    return _json({"id": order_actions.issue(scope, door.read(request.body, OrderForm)).id})


@require_POST
@signed_in
def visits(request: HttpRequest, scope: Scope, id_: UUID) -> HttpResponse:  # noqa: ARG001 - no form
    """Make an order's visits."""
    made, unheld = order_actions.plan_visits(scope, id_)
    keys = {
        "id": "id",
        "activity": "activity",
        "place": "place_id",
        "area": "area_id",
        "organisation": "organisation_id",
    }
    rows = [{key: getattr(row, field) for key, field in keys.items()} for row in made]
    return _json({"duties": rows, "unheld": [place.id for place in unheld]})


@require_POST
@signed_in
def duties(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Add duties."""
    return _json(order_actions.add_duties(scope, door.read_rows(request.body, "duties", DutyForm)))


@require_POST
@signed_in
def assignments(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Put members on duties."""
    return _json(order_actions.assign(scope, door.read_rows(request.body, "assignments", AssignmentForm)))


@require_GET
@signed_in
def figures(request: HttpRequest, scope: Scope, id_: UUID) -> HttpResponse:
    """Tell the figures of an incident as they stand: all of them, the part that is asked for, told apart if asked."""
    found, by = order_queries.incident(scope, id_), narrowing.part(request)
    cells = figure_queries.cells(scope, found.id, narrowing.narrow(request))
    answer = {
        "position": figure_queries.cursor(scope.ledger),
        "behind": figure_queries.behind(scope.ledger),
        "figures": figure_queries.values(cells, figure_queries.figures_of(scope, found.id)),
    }
    if by is not None:
        answer["parts"] = {str(key): values for key, values in figure_queries.values_by(cells, by[0], digits=by[1]).items()}
    return _json(answer)


@require_GET
@signed_in
def records(request: HttpRequest, scope: Scope, id_: UUID) -> HttpResponse:
    """List an incident's records by position."""
    after, limit = _number(request, "after", 0, 2**62), _number(request, "limit", 1000, door.MOST_ROWS)
    found = ledger.records(scope, order_queries.incident(scope, id_).id).filter(position__gt=after)[:limit]
    keys = ("position", "id", "activity", "device", "seq")
    listed = found.defer("bytes")
    rows = [{key: getattr(row, key) for key in keys} | {"quarantine": row.quarantine or None} for row in listed]
    return _json({"records": rows, "next": rows[-1]["position"] if len(rows) == limit else None})


def _number(request: HttpRequest, name: str, default: int, most: int) -> int:
    text = request.GET.get(name, str(default))
    if not (text.isascii() and text.isdigit() and int(text) <= most):
        raise BadRequest(say("{name}：要 0 至 {most} 的整数，这里是“{text}”", name=name, most=most, text=text))
    return int(text)


def _bulletin(row: "Bulletin") -> dict[str, Any]:
    keys = (
        "id",
        "number",
        "title",
        "title_en",
        "position",
        "figures",
        "text",
        "text_en",
        "fingerprint",
        "published_at",
    )
    return {key: getattr(row, key) for key in keys} | {"drill": row.incident.drill}


@require_http_methods(["GET", "POST"])
@signed_in
def bulletins(request: HttpRequest, scope: Scope) -> HttpResponse:
    """List bulletins, or freeze one."""
    if request.method == "POST":
        return _json(_bulletin(bulletin_actions.freeze(scope, door.read(request.body, BulletinForm))))
    try:
        incident = UUID(request.GET["incident"]) if "incident" in request.GET else None
    except ValueError:
        raise BadRequest(say("incident：要一个 UUID")) from None
    return _json({"bulletins": [_bulletin(row) for row in bulletin_queries.bulletins(scope, incident)]})


@require_POST
@signed_in
def review(request: HttpRequest, scope: Scope, id_: UUID) -> HttpResponse:
    """Say that a bulletin may go out, or send it back."""
    form = door.read(request.body, ReviewForm)
    row = bulletin_actions.review(scope, id_, agrees=form.agrees, reason=form.reason)
    return _json({"bulletin": id_, "member": row.member, "agrees": row.agrees, "reason": row.reason, "at": row.at})


@require_POST
@signed_in
def publish(request: HttpRequest, scope: Scope, id_: UUID) -> HttpResponse:  # noqa: ARG001 - no form
    """Publish a bulletin."""
    return _json(_bulletin(bulletin_actions.publish(scope, id_)))
