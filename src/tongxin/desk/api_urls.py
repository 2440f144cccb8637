"""The calls of the desk's door for programs. One table makes the addresses, reads what comes in and publishes the contract."""

from collections.abc import Callable
from functools import cache
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods

from tongxin.base import door
from tongxin.base.scope import Scope
from tongxin.bulletin.access import MAY_FREEZE, MAY_PUBLISH, MAY_REVIEW
from tongxin.bulletin.forms import BulletinForm
from tongxin.bulletin.public import PublicBulletin, public_bulletin
from tongxin.desk import api
from tongxin.desk import api_answers as answers
from tongxin.desk.api_contract import ANYONE, Call, Rows, document
from tongxin.desk.session import signed_in
from tongxin.ledger.access import MAY_CHASE
from tongxin.orders.access import MAY_ASSIGN, MAY_COMMAND, MAY_PLAN
from tongxin.orders.forms import AssignmentForm, ClockForm, DutyForm, IncidentForm, OrderForm
from tongxin.people.access import MAY_EDIT_PEOPLE, ROLE_KINDS
from tongxin.people.forms import MemberForm, OrganisationForm
from tongxin.places.access import MAY_EDIT_PLACES
from tongxin.places.actions import PlaceForm

ANY_ROLE = frozenset(ROLE_KINDS)


@cache
def contract() -> dict[str, Any]:
    """Return the contract of the doors for programs."""
    return document({"/api/": CALLS, "/public/": PUBLIC})


def openapi(_: HttpRequest) -> dict[str, Any]:
    """Tell this contract."""
    return contract()


CALLS = (
    Call("GET", "openapi.json", openapi, ANYONE, dict[str, Any]),
    Call("POST", "sign-in", api.sign_in, ANYONE, answers.SignedIn, api.SignInForm),
    Call("POST", "clock", api.set_clock, MAY_COMMAND, answers.Clock, ClockForm),
    Call("POST", "clock/begin", api.begin_clock, MAY_COMMAND, answers.Clock),
    Call("POST", "organisations", api.organisations, MAY_EDIT_PEOPLE, answers.Kept, Rows("organisations", OrganisationForm)),
    Call("POST", "places", api.places, MAY_EDIT_PLACES, answers.Kept, Rows("places", PlaceForm)),
    Call("POST", "members", api.members, MAY_EDIT_PEOPLE, answers.Kept, Rows("members", MemberForm)),
    Call("POST", "sign-in-codes", api.sign_in_codes, MAY_EDIT_PEOPLE, answers.Codes, Rows("members", UUID)),
    Call("POST", "devices/<uuid:id_>/revoke", api.revoke_device, MAY_EDIT_PEOPLE, answers.Revoked),
    Call("GET", "incidents", api.incidents, ANY_ROLE, answers.Incidents),
    Call("POST", "incidents", api.open_incident, MAY_COMMAND, answers.Incident, IncidentForm),
    Call("GET", "incidents/<uuid:id_>/figures", api.figures, ANY_ROLE, answers.Figures, asks=api.PartAsked),
    Call("GET", "incidents/<uuid:id_>/records", api.records, ANY_ROLE, answers.Records, asks=api.PageAsked),
    Call("POST", "matters/<uuid:id_>/chase", api.chase, MAY_CHASE, answers.Chase),
    Call("POST", "orders", api.orders, MAY_COMMAND, answers.Issued, OrderForm),
    Call("POST", "orders/<uuid:id_>/visits", api.visits, MAY_PLAN, answers.Visits),
    Call("POST", "duties", api.duties, MAY_PLAN, answers.Kept, Rows("duties", DutyForm)),
    Call("POST", "assignments", api.assignments, MAY_ASSIGN, answers.Kept, Rows("assignments", AssignmentForm)),
    Call("GET", "bulletins", api.bulletins, ANY_ROLE, answers.Bulletins, asks=api.IncidentAsked),
    Call("POST", "bulletins", api.freeze_bulletin, MAY_FREEZE, answers.Bulletin, BulletinForm),
    Call("POST", "bulletins/<uuid:id_>/review", api.review, MAY_REVIEW, answers.Reviewed, api.ReviewForm),
    Call("POST", "bulletins/<uuid:id_>/publish", api.publish, MAY_PUBLISH, answers.Bulletin),
)
PUBLIC = (Call("GET", "bulletins/<uuid:id_>.json", public_bulletin, ANYONE, PublicBulletin),)
"""What programs find at the public's door, which serves it itself."""


def _served(call: Call) -> Callable[..., HttpResponse]:
    def answer(*given: object, **named: object) -> HttpResponse:
        return HttpResponse(door.write(call.view(*given, **named)), content_type="application/json")

    def to_anyone(request: HttpRequest, **named: object) -> HttpResponse:
        return answer(request, *call.read(request), **named)

    def to_member(request: HttpRequest, scope: Scope, **named: object) -> HttpResponse:
        asked = [request] if call.method == "GET" else []
        return answer(*asked, scope, *call.read(request), **named)

    return to_anyone if call.who == ANYONE else signed_in(to_member)


def _address(at: str) -> URLPattern:
    calls = [call for call in CALLS if call.path == at]
    views: dict[str | None, Callable[..., HttpResponse]] = {call.method: _served(call) for call in calls}

    @require_http_methods([call.method for call in calls])
    def view(request: HttpRequest, **named: object) -> HttpResponse:
        return views[request.method](request, **named)

    view.csrf_exempt = all(call.who == ANYONE for call in calls)  # type: ignore[attr-defined]
    return path(at, view)


urlpatterns = [_address(at) for at in dict.fromkeys(call.path for call in CALLS)]
