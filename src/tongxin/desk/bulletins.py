"""Pages on which an issue is composed, frozen, reviewed and published."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongxin.base import clock, door
from tongxin.base.problems import NotFound, Problem
from tongxin.base.scope import Scope
from tongxin.base.words import pick, say
from tongxin.bulletin import actions, queries
from tongxin.bulletin.access import MAY_FREEZE, MAY_PUBLISH, MAY_REVIEW
from tongxin.bulletin.forms import PICTURE_WORDS, SECTION_WORDS, BulletinForm, DraftForm, SectionForm
from tongxin.bulletin.reading import read
from tongxin.desk.session import required, signed_in
from tongxin.figures.queries import cells, cursor, figures_of, values
from tongxin.orders.queries import activities_of
from tongxin.people.queries import member_names
from tongxin.playbook.registry import latest

if TYPE_CHECKING:
    from tongxin.bulletin.models import Bulletin, Review
    from tongxin.orders.models import Incident

ROOM = 2
"""Sections in words of one's own that the page has room for; one more than are used."""


@require_GET
@signed_in
def issues(request: HttpRequest, scope: Scope) -> HttpResponse:
    """List the incident's issues."""
    incident = required(request)
    draft = queries.draft(scope, incident.id)
    content = {
        "rows": queries.bulletins(scope, incident.id),
        "may_freeze": bool(scope.roles & MAY_FREEZE),
        "saved_at": draft.saved_at if draft else None,
    }
    return render(request, "desk/bulletins.html", content)


@require_http_methods(["GET", "POST"])
@signed_in
def compose(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Show the next issue as far as it is composed; keep it, add a picture to it, or freeze it."""
    scope.require(say("编战报"), MAY_FREEZE)
    incident = required(request)
    if request.method == "GET":
        return render(request, "desk/compose.html", _content(scope, incident, _kept(scope, incident)))
    typed = _typed(request.POST)
    if (file := request.FILES.get("picture")) is not None:
        typed.pictures = [*typed.pictures, {"id": str(actions.add_picture(scope, file.read()).id)}]
    actions.save_draft(scope, incident.id, typed)
    if request.POST.get("act") != "freeze":
        return redirect("compose")
    try:
        form = door.read(door.write(_whole(incident.id, typed)), BulletinForm)
        return redirect("bulletin", id_=actions.freeze(scope, form).id)
    except Problem as problem:  # it is kept, and what is missing is said above it
        content = _content(scope, incident, typed) | {"problem": problem}
        return render(request, "desk/compose.html", content, status=problem.status)


def _kept(scope: Scope, incident: "Incident") -> DraftForm:
    """Return what was saved last; before that, every activity's sentence."""
    held = queries.draft(scope, incident.id)
    if held is not None:
        return msgspec.convert(held.content, DraftForm)
    return DraftForm(sections=[SectionForm(activity=name) for name in activities_of(scope, incident.id)])


def _typed(said: QueryDict) -> DraftForm:
    """Return the form as it was typed; what is empty is left out."""
    chosen = [SectionForm(activity=name) for name in said.getlist("activity")]
    rows = zip(*(said.getlist(f"own_{word}") for word in SECTION_WORDS), strict=False)
    own = [SectionForm(**dict(zip(SECTION_WORDS, row, strict=True))) for row in rows if any(text.strip() for text in row)]
    gone = set(said.getlist("without"))
    told = zip(*(said.getlist(f"picture_{word}") for word in ("id", *PICTURE_WORDS)), strict=False)
    kept = [dict(zip(("id", *PICTURE_WORDS), row, strict=True)) for row in told if row[0] not in gone]
    return DraftForm(said.get("title", ""), said.get("title_en", ""), [*own, *chosen], kept)


def _whole(incident: UUID, typed: DraftForm) -> dict[str, Any]:
    words: dict[str, Any] = msgspec.to_builtins(typed)
    pictures = [dict.fromkeys(PICTURE_WORDS, "") | one for one in typed.pictures]
    return {"incident": incident, **words, "pictures": pictures}


def _content(scope: Scope, incident: "Incident", form: DraftForm) -> dict[str, Any]:
    wanted = figures_of(scope, incident.id)
    now = values(cells(scope.whole(), incident.id), wanted)
    chosen = {one.activity for one in form.sections if one.activity}
    own = [one for one in form.sections if not one.activity]
    return {
        "form": form,
        "own": [*own, *[SectionForm()] * max(1, ROOM - len(own))],
        "activities": [
            {
                "id": found.id,
                "title": pick(found.title.zh, found.title.en),
                "chosen": found.id in chosen,
                "parts": queries.parts(found.id, pick(found.bulletin.zh, found.bulletin.en), now),
            }
            for name in activities_of(scope, incident.id)
            if (found := latest(name))
        ],
        "figures": [
            (one.key, pick(one.rule.title.zh, one.rule.title.en), pick(one.rule.unit.zh, one.rule.unit.en), now[one.key])
            for one in wanted
        ],
        "pictures": form.pictures,
        "position": cursor(scope.ledger),
        "saved": queries.draft(scope, incident.id),
    }


@require_GET
@signed_in
def issue(request: HttpRequest, scope: Scope, id_: UUID) -> HttpResponse:
    """Show one issue as it is read: every number opens to the records behind it; below, who has reviewed it."""
    row = queries.bulletin(scope, id_)
    said = queries.reviews(row)
    told = read(row) | {"bulletin_id": str(row.id), "today_iso": clock.day_of(row.frozen_at).isoformat()}
    return render(request, "desk/bulletin.html", told | _signed(scope, row, said))


def _signed(scope: Scope, row: "Bulletin", said: "list[Review]") -> dict[str, Any]:
    names = member_names([row.frozen_by, *(one.member for one in said)])
    wanting = queries.missing(said)
    mine = any(one.member == scope.member for one in said)
    return {
        "frozen_by": names.get(row.frozen_by, ""),
        "reviews": [(names.get(one.member, ""), one.agrees, one.reason, one.at) for one in said],
        "missing": wanting,
        "returned": wanting is None,
        "may_review": bool(scope.roles & MAY_REVIEW) and row.frozen_by != scope.member and not mine and not row.published_at,
        "may_publish": bool(scope.roles & MAY_PUBLISH) and wanting == 0 and not row.published_at,
        "short": queries.short(row),
    }


@require_POST
@signed_in
def review(request: HttpRequest, scope: Scope, id_: UUID) -> HttpResponse:
    """Say that an issue may go out, or send it back."""
    actions.review(scope, id_, agrees=request.POST.get("act") == "agree", reason=request.POST.get("reason", ""))
    return redirect("bulletin", id_=id_)


@require_POST
@signed_in
def publish(request: HttpRequest, scope: Scope, id_: UUID) -> HttpResponse:  # noqa: ARG001 - no form
    """Publish an issue."""
    actions.publish(scope, id_)
    return redirect("bulletin", id_=id_)


@require_GET
@signed_in
def picture(request: HttpRequest, scope: Scope, id_: UUID) -> HttpResponse:  # noqa: ARG001 - no form
    """Hand out a picture of an issue that may not be public yet."""
    found = queries.pictures([id_]).get(id_)
    if found is None or found.ledger != scope.ledger:
        raise NotFound(say("没有这张图"))
    return HttpResponse(bytes(found.bytes), content_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400"})
