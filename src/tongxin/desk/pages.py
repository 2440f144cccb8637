"""The desk's pages. Each view finds, authorises through its scope, and answers; the few that act call one action."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongxin.base import clock
from tongxin.base.problems import BadRequest, Problem
from tongxin.base.scope import Scope, prefix
from tongxin.base.words import say
from tongxin.desk import narrowing, order_page, place_page, search, wording
from tongxin.desk.acts import just_done
from tongxin.desk.lists import matter_rows, note, page_of, record_rows
from tongxin.desk.session import look_at, looked_at, remember, required, signed_in
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

_DAY = timedelta(days=1)


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
    return render(request, "desk/tonight.html", tonight_content(scope, incident))


@require_GET
@signed_in
def matters(request: HttpRequest, scope: Scope) -> HttpResponse:
    """List matters, narrowed by what the address says."""
    incident, now = required(request), clock.now()
    rows = ledger.matters(scope, incident.id).order_by("due_at", "opened")
    wanted = request.GET
    state = wanted.get("state", "open")
    since = clock.tonight(now) - _DAY
    narrowed: dict[str, dict[str, Any]] = {
        "open": {"closed__isnull": True},
        "late": {"closed__isnull": True, "due_at__lte": now},
        "due": {"closed__isnull": True, "due_at__gt": now},
        "closed": {"closed_at__gte": since},
        "settled": {"closed__isnull": False},
        "all": {},
    }
    rows = rows.filter(**narrowed.get(state, narrowed["open"]))
    for field, column in (("activity", "activity"), ("kind", "name"), ("category", "category")):
        rows = rows.filter(**{column: wanted[field]}) if wanted.get(field) else rows
    for field in ("organisation", "order"):
        rows = rows.filter(**{field: narrowing.uuid(request.GET, field)}) if wanted.get(field) else rows
    rows = rows.filter(area__startswith=prefix(wanted["town"])) if wanted.get("town") else rows
    rows = rows.filter(ledger.is_shift()) if wanted.get("shifts") else rows
    for field, lookup in (("from", "due_at__gte"), ("to", "due_at__lt")):
        rows = rows.filter(**{lookup: _moment(request, field)}) if wanted.get(field) else rows
    page = page_of(request, rows)
    content = {
        "page": page,
        "rows": matter_rows(page, now),
        "state": state,
        "states": _states(request, state),
        "may_decide": bool(scope.roles & MAY_DECIDE),
        "done": just_done(request),
    }
    return render(request, "desk/matters.html", content)


def _moment(request: HttpRequest, name: str) -> datetime:
    try:
        return datetime.fromisoformat(request.GET[name]).astimezone(clock.SHANGHAI)
    except ValueError:
        raise BadRequest(say("{name}：要 2022-04-06T21:30+08:00 这样的时间", name=name)) from None


def _states(request: HttpRequest, state: str) -> list[tuple[str, str, bool]]:
    names = {
        "open": say("未结"),
        "late": say("已逾期"),
        "due": say("未到期"),
        "closed": say("今日已结"),
        "settled": say("已结"),
        "all": say("全部"),
    }
    others = {key: value for key, value in request.GET.items() if key not in ("state", "page")}
    return [(name, f"?{urlencode({**others, 'state': key})}", key == state) for key, name in names.items()]


@require_GET
@signed_in
def quarantine(request: HttpRequest, scope: Scope) -> HttpResponse:
    """List the records that are kept but count nowhere."""
    page = page_of(request, ledger.marked(scope, required(request).id))
    return render(request, "desk/quarantine.html", {"page": page, "rows": record_rows(list(page))})


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
    return render(request, "desk/order.html", order_page.content(scope, order_queries.order(scope, id_)))


@require_GET
@signed_in
def record(request: HttpRequest, scope: Scope, position: int) -> HttpResponse:
    """Show one record: what it says, where it stands in its chain, its exact bytes, and the history of its subject."""
    row = ledger.record(scope, position)
    history, matters_ = ledger.history(scope, row), ledger.matters_of(row)
    effect = ledger.effects_of([row]).get(row.position)
    before, names = ledger.record_before(row), member_names([row.member, row.typist])
    content = {
        "row": row,
        "answers": wording.answers(version(row.activity_hash), row.body),
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
        "history": record_rows(history),
        "matters": matter_rows(matters_, clock.now()),
        "may_release": row.quarantine in RELEASABLE and bool(scope.roles & MAY_DECIDE),
        "may_correct": may_correct(scope, row),
        "done": just_done(request),
    }
    return render(request, "desk/record.html", content)
