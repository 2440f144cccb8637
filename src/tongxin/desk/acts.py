"""What a person does at the desk about matters and records. Each act becomes a record, shows at once and can be undone."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from tongxin.base.problems import BadRequest
from tongxin.base.scope import Scope
from tongxin.base.words import say
from tongxin.desk import answering, narrowing, wording
from tongxin.desk.session import signed_in
from tongxin.figures.actions import catch_up
from tongxin.ledger import actions, queries
from tongxin.places.queries import place_names
from tongxin.playbook.answers import faults
from tongxin.playbook.registry import version

JUST_DONE = ("done", "chased")
"""What an address calls that which was just done on its page and can be undone: a record's position, a chase's id."""


@require_POST
@signed_in
def decide(request: HttpRequest, scope: Scope, id_: UUID, act: str) -> HttpResponse:
    """Settle a matter, or approve what it waits with."""
    act_on = {"settle": actions.settle_matter, "approve": actions.approve_matter}[act]
    return _done(request, scope, act_on(scope, queries.matter(scope, id_), _reason(request)).position)


@require_POST
@signed_in
def merge(request: HttpRequest, scope: Scope, id_: UUID) -> HttpResponse:
    """Make two matters one; show the one that lives on."""
    other = _chosen(request, "into", say("没有选并到哪一件"))
    row, kept = actions.merge_matter(scope, queries.matter(scope, id_), queries.matter(scope, other), _reason(request))
    return _done(request, scope, row.position, to=f"/matters/{kept.id}")


@require_POST
@signed_in
def reassign(request: HttpRequest, scope: Scope, id_: UUID) -> HttpResponse:
    """Make another organisation answerable."""
    organisation = _chosen(request, "organisation", say("没有选改派给哪个单位"))
    return _done(
        request, scope, actions.reassign_matter(scope, queries.matter(scope, id_), organisation, _reason(request)).position
    )


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "")


def _chosen(request: HttpRequest, name: str, missing: str) -> UUID:
    found = narrowing.uuid(request.POST, name)
    if found is None:
        raise BadRequest(missing, next=say("选好再按。"))
    return found


@require_POST
@signed_in
def judge(request: HttpRequest, scope: Scope, position: int, act: str) -> HttpResponse:
    """Release a marked record or reject it, or withdraw one."""
    row, reason = queries.record(scope, position), _reason(request)
    if act == "reject":
        written = actions.reject(scope, row, reason)
    else:
        written = {"release": actions.release, "withdraw": actions.withdraw}[act](scope, row, reason)
    return _done(request, scope, written.position, undo=act != "withdraw")


@require_http_methods(["GET", "POST"])
@signed_in
def correct(request: HttpRequest, scope: Scope, position: int) -> HttpResponse:
    """Show a record's form with what it answers now; take down what it should have answered."""
    row = queries.record(scope, position)
    actions.require_correctable(scope, row)
    form, body = version(row.activity_hash), queries.standing(row).body or {}
    assert form is not None  # noqa: S101 - a record without a mark names a version that is known
    wrong: dict[str, str] = {}
    if request.method == "POST":
        before, body = body, answering.read(form, request.POST, body)
        wrong = dict(faults(form, body))
        if body == before:
            return redirect("record", position=position)
        if not wrong:
            return _done(request, scope, actions.correct(scope, row, body).position, back=f"/records/{position}")
    content = {
        "row": row,
        "place": place_names([row.place]).get(row.place, ""),
        "activity": wording.activity(row.activity),
        "fields": answering.fields(form, body, wrong),
        "problem": say("没有记下：下面有 {n} 处要改", n=len(wrong)) if wrong else "",
    }
    return render(request, "desk/correct.html", content, status=400 if wrong else 200)


def _done(
    request: HttpRequest, scope: Scope, position: int, *, undo: bool = True, back: str = "/matters", to: str = ""
) -> HttpResponse:
    """Let what was done show at once, and lead back; ``done`` is the record that can be undone."""
    catch_up(scope.ledger, position)
    return lead_back(request, to or request.POST.get("next") or back, back, {"done": str(position)} if undo else {})


def lead_back(request: HttpRequest, target: str, back: str, just_done: Mapping[str, str]) -> HttpResponse:
    """Lead to a page of this desk (``back`` if it is none) whose address says what was just done there, that alone."""
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}):
        target = back
    at = urlsplit(target)
    query = [(name, value) for name, value in parse_qsl(at.query) if name not in JUST_DONE]
    return redirect(at._replace(query=urlencode([*query, *just_done.items()])).geturl())


def just_done(request: HttpRequest) -> int | None:
    """Return the record by which something was just done, and can be undone."""
    return int(done) if (done := request.GET.get("done", "")).isdecimal() else None
