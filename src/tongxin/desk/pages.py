"""The desk's pages. Each view finds, authorises through its scope, and answers; the few that act call one action."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongxin.base import clock
from tongxin.base.problems import Problem
from tongxin.base.scope import Scope
from tongxin.base.words import say
from tongxin.desk import narrowing, order_page, place_page, search, wording
from tongxin.desk.acts import just_done
from tongxin.desk.chasing import buttons
from tongxin.desk.lists import matter_rows, note, record_rows
from tongxin.desk.session import look_at, looked_at, reach, remember, required, signed_in
from tongxin.desk.tonight import tonight as tonight_content
from tongxin.ledger import queries as ledger
from tongxin.ledger.access import MAY_DECIDE, RELEASABLE, may_correct
from tongxin.ledger.problems import meaning
from tongxin.orders import queries as order_queries
from tongxin.people import actions as people
from tongxin.people.queries import member_names, organisation_names
from tongxin.places.queries import area_names, place_names, town_names
from tongxin.places.queries import place as place_of
from tongxin.playbook.registry import version
from tongxin.protocol.record import GENESIS, chain_hash

if TYPE_CHECKING:
    from tongxin.ledger.models import Record


@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Let a person in by a code; what was wrong is said beside the field."""
    target = request.POST.get("next") or request.GET.get("next") or "/"
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}):
        target = "/"
    typed, problem = request.POST.get("code") or request.GET.get("code", ""), None
    if request.method == "POST":
        try:
            remember(request, people.sign_in(typed).id)
            return redirect(target)
        except Problem as error:
            problem = error
    content = {"typed": typed, "next": target, "problem": problem}
    return render(request, "desk/sign_in.html", content, status=problem.status if problem else 200)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    request.session.flush()
    return redirect("sign_in")


@require_POST
@signed_in
def look(request: HttpRequest, scope: Scope) -> HttpResponse:  # noqa: ARG001 - whoever is signed in
    """Turn the desk to another incident."""
    look_at(request, narrowing.uuid(request.POST, "incident"))
    return redirect("tonight")


@require_GET
@signed_in
def tonight(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Show where the county stands."""
    incident = looked_at(request)
    if incident is None:
        return render(request, "desk/no_incident.html")
    content = tonight_content(scope, incident, reach(request))
    return render(request, "desk/tonight.html", content | buttons(request, scope, content["overdue"]))


@require_GET
@signed_in
def find(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Show what is called as was typed, or has that number."""
    return render(request, "desk/search.html", search.content(scope, looked_at(request), request.GET.get("q", "")))


@require_GET
@signed_in
def place(request: HttpRequest, scope: Scope, id_: UUID) -> HttpResponse:
    """Show one place: what is open there, what was seen there, who has still to come."""
    found = place_of(scope, id_)
    return render(request, "desk/place.html", place_page.content(scope, required(request), found))


@require_GET
@signed_in
def orders(request: HttpRequest, scope: Scope) -> HttpResponse:
    """List orders; a single one is shown at once."""
    rows = list(order_queries.orders(scope))
    if len(rows) == 1:
        return redirect("order", id_=rows[0].id)
    return render(request, "desk/orders.html", {"rows": rows, "now": clock.now()})


@require_GET
@signed_in
def order(request: HttpRequest, scope: Scope, id_: UUID) -> HttpResponse:
    """Show one order: its text and authority, how far it has come, who is on duty, what the bulletin will say."""
    return render(request, "desk/order.html", order_page.content(scope, order_queries.order(scope, id_), reach(request).position))


def _answers(row: "Record") -> list[tuple[str, str]]:
    """Return what a record says; a decision that names an organisation, by its name."""
    body = dict(row.body or {})
    named = narrowing.as_uuid(body.pop("organisation", None)) if row.act == "reassign" else None
    told = wording.answers(version(row.activity_hash), body)
    return [(say("改派给"), organisation_names([named]).get(named, "")), *told] if named else told


@require_GET
@signed_in
def record(request: HttpRequest, scope: Scope, position: int) -> HttpResponse:
    """Show one record: what it says, where it stands in its chain, its exact bytes, and the history of its subject."""
    row = ledger.record(scope, position)
    history, matters_ = ledger.history(scope, row), ledger.matters_of(row)
    effects = ledger.effects_of([row, *history])
    effect = effects.get(row.position)
    rejection = next((act.position for act in ledger.rejections([row]).values()), None)
    before, names = ledger.record_before(row), member_names([row.member, row.typist])
    content = {
        "row": row,
        "answers": _answers(row),
        "note": note(row, effect),
        "target": ledger.position_of(row) or (effect.by if effect else None),
        "activity": wording.activity(row.activity),
        "mark": meaning(row.quarantine) if row.quarantine else "",
        "place": place_names([row.place]).get(row.place, ""),
        "town": town_names([row.area]).get(row.area, "") if row.area else "",
        "village": area_names([row.area]).get(row.area, ""),
        "organisation": organisation_names([row.organisation]).get(row.organisation, ""),
        "member": names.get(row.member, ""),
        "typist": names.get(row.typist, "") if row.typist != row.member else "",
        "order": order_queries.orders(scope).filter(id=row.order).first() if row.order else None,
        "raw": row.bytes.decode("utf-8", "replace"),
        "prev": before.hash if before else "",
        "rehashed": chain_hash(before.hash if before else GENESIS, row.bytes) == row.hash,
        "history": record_rows(history, effects),
        "matters": matter_rows(matters_, clock.now()),
        "may_judge": bool(row.quarantine) and rejection is None and bool(scope.roles & MAY_DECIDE),
        "rejection": rejection,
        "may_release": row.quarantine in RELEASABLE and bool(scope.roles & MAY_DECIDE),
        "may_correct": may_correct(scope, row),
        "done": just_done(request),
    }
    return render(request, "desk/record.html", content)
