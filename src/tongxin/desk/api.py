"""The desk's door for programs: docs/doors.md is its contract. ``api_urls`` says which address leads to which view.

A view that acts gets the form which came and does no more than act and answer; one that tells gets the request, whose address may
ask for a part.
"""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

import msgspec
from django.http import HttpRequest
from django.middleware.csrf import get_token
from msgspec import UNSET, Meta, UnsetType

from tongxin.base import door
from tongxin.base.problems import BadRequest
from tongxin.base.scope import Scope
from tongxin.base.words import pick, say
from tongxin.bulletin import actions as bulletin_actions
from tongxin.bulletin import queries as bulletin_queries
from tongxin.bulletin.forms import BulletinForm
from tongxin.desk import api_answers as answers
from tongxin.desk import narrowing
from tongxin.desk.api_answers import told
from tongxin.desk.session import remember
from tongxin.figures import queries as figure_queries
from tongxin.ledger import chasing
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

FARTHEST = 2**62
"""Beyond every position."""


class SignInForm(msgspec.Struct, forbid_unknown_fields=True):
    """A sign-in code."""

    code: str


class ReviewForm(msgspec.Struct, forbid_unknown_fields=True):
    """What a reviewer says of a bulletin."""

    agrees: bool
    reason: str = ""


class PartAsked(msgspec.Struct):
    """Which part of the figures an address may ask for; ``narrowing`` reads it."""

    day: Annotated[date, Meta(description="only this Shanghai day")] | UnsetType = UNSET
    area: Annotated[str, Meta(description="only within this area, by its 12-digit code")] | UnsetType = UNSET
    organisation: Annotated[UUID, Meta(description="only of this organisation")] | UnsetType = UNSET
    category: Annotated[str, Meta(description="only of places of this category")] | UnsetType = UNSET
    by: (
        Annotated[Literal["day", "town", "area", "organisation", "category"], Meta(description="told apart by this")] | UnsetType
    ) = UNSET


class PageAsked(msgspec.Struct):
    """Which records an address may ask for."""

    after: Annotated[int, Meta(ge=0, le=FARTHEST, description="only those of higher positions")] = 0
    limit: Annotated[int, Meta(ge=0, le=door.MOST_ROWS, description="so many at most")] = 1000


class IncidentAsked(msgspec.Struct):
    """Whose bulletins an address may ask for."""

    incident: Annotated[UUID, Meta(description="only of this incident")] | UnsetType = UNSET


def sign_in(request: HttpRequest, form: SignInForm) -> answers.SignedIn:
    """Begin a session by a code."""
    member = people.sign_in(form.code)
    remember(request, member.id)
    get_token(request)  # sets the cookie whose value later posts carry
    name = pick(member.name, member.name_en)
    return answers.SignedIn(answers.Person(member.id, name), sorted(scope_of(member.id).roles))


def set_clock(scope: Scope, form: ClockForm) -> answers.Clock:
    """Stand the drill clock at its start; refused where nothing is a drill, and once it has begun."""
    return told(answers.Clock, order_actions.set_clock(scope, form))


def begin_clock(scope: Scope) -> answers.Clock:
    """Let the drill clock run, two seconds from now."""
    return told(answers.Clock, order_actions.begin_clock(scope))


def organisations(scope: Scope, rows: list[OrganisationForm]) -> answers.Kept:
    """Add organisations."""
    return answers.Kept(**people.add_organisations(scope, rows))


def places(scope: Scope, rows: list[PlaceForm]) -> answers.Kept:
    """Add places."""
    return answers.Kept(**add_places(scope, rows))


def members(scope: Scope, rows: list[MemberForm]) -> answers.Kept:
    """Add members with their roles."""
    return answers.Kept(**people.add_members(scope, rows))


def sign_in_codes(scope: Scope, rows: list[UUID]) -> answers.Codes:
    """Give sign-in codes."""
    return answers.Codes([answers.Code(member, code) for member, code in people.give_codes(scope, rows)])


def revoke_device(scope: Scope, id_: UUID) -> answers.Revoked:
    """End a phone's enrolment."""
    row = people.revoke(scope, id_)
    return told(answers.Revoked, row, member=row.member_id)


def incidents(_: HttpRequest, scope: Scope) -> answers.Incidents:
    """List incidents."""
    return answers.Incidents([told(answers.Incident, row) for row in order_queries.incidents(scope)])


def open_incident(scope: Scope, form: IncidentForm) -> answers.Incident:
    """Open an incident."""
    return told(answers.Incident, order_actions.open_incident(scope, form))


def orders(scope: Scope, form: OrderForm) -> answers.Issued:
    """Issue an order."""
    return answers.Issued(order_actions.issue(scope, form).id)


def visits(scope: Scope, id_: UUID) -> answers.Visits:
    """Make an order's visits; a second call makes none twice."""
    made, unheld = order_actions.plan_visits(scope, id_)
    rows = [answers.Visit(row.id, row.activity, row.place_id, row.area_id, row.organisation_id) for row in made]
    return answers.Visits(rows, [place.id for place in unheld])


def duties(scope: Scope, rows: list[DutyForm]) -> answers.Kept:
    """Add duties."""
    return answers.Kept(**order_actions.add_duties(scope, rows))


def assignments(scope: Scope, rows: list[AssignmentForm]) -> answers.Kept:
    """Put members on duties."""
    return answers.Kept(**order_actions.assign(scope, rows))


def figures(request: HttpRequest, scope: Scope, id_: UUID) -> answers.Figures:
    """Tell the figures of an incident as they stand: all of them, the part that is asked for, told apart if asked."""
    found, by = order_queries.incident(scope, id_), narrowing.part(request)
    narrow = narrowing.narrow(request)
    cells = figure_queries.cells(scope, found.id, narrow)
    position, behind = figure_queries.cursor(scope.ledger), figure_queries.behind(scope.ledger)
    answer = answers.Figures(position, behind, figure_queries.values(cells, figure_queries.figures_of(scope, found.id)))
    if by is not None:
        parts = figure_queries.cells(scope, found.id, narrow, by_day=by[0] == "day")
        answer.parts = {str(key): values for key, values in figure_queries.values_by(parts, by[0], digits=by[1]).items()}
    return answer


def records(request: HttpRequest, scope: Scope, id_: UUID) -> answers.Records:
    """List an incident's records by position."""
    after, limit = _number(request, "after", 0, FARTHEST), _number(request, "limit", 1000, door.MOST_ROWS)
    found = ledger.records(scope, order_queries.incident(scope, id_).id).filter(position__gt=after)[:limit]
    rows = [told(answers.Record, row, quarantine=row.quarantine or None) for row in found.defer("bytes")]
    return answers.Records(rows, rows[-1].position if len(rows) == limit else None)


def _number(request: HttpRequest, name: str, default: int, most: int) -> int:
    text = request.GET.get(name, str(default))
    if not (text.isascii() and text.isdigit() and int(text) <= most):
        raise BadRequest(say("{name}：要 0 至 {most} 的整数，这里是“{text}”", name=name, most=most, text=text))
    return int(text)


def chase(scope: Scope, id_: UUID) -> answers.Chase:
    """Chase an open matter; a second call by the same member within a minute gives the same chase."""
    return told(answers.Chase, chasing.chase(scope, id_))


def _bulletin(row: "Bulletin") -> answers.Bulletin:
    return told(answers.Bulletin, row, drill=row.incident.drill)


def bulletins(request: HttpRequest, scope: Scope) -> answers.Bulletins:
    """List bulletins."""
    try:
        incident = UUID(request.GET["incident"]) if "incident" in request.GET else None
    except ValueError:
        raise BadRequest(say("incident：要一个 UUID")) from None
    return answers.Bulletins([_bulletin(row) for row in bulletin_queries.bulletins(scope, incident)])


def freeze_bulletin(scope: Scope, form: BulletinForm) -> answers.Bulletin:
    """Freeze a bulletin."""
    return _bulletin(bulletin_actions.freeze(scope, form))


def review(scope: Scope, form: ReviewForm, id_: UUID) -> answers.Reviewed:
    """Say that a bulletin may go out, or send it back; never of one that one froze oneself."""
    row = bulletin_actions.review(scope, id_, agrees=form.agrees, reason=form.reason)
    return told(answers.Reviewed, row, bulletin=id_)


def publish(scope: Scope, id_: UUID) -> answers.Bulletin:
    """Publish a bulletin, once two others have agreed."""
    return _bulletin(bulletin_actions.publish(scope, id_))
