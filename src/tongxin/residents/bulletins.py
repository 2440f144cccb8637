"""Published issues: each form of one is made of the frozen row alone, so that all say the same numbers."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET

from tongxin.base import door
from tongxin.base.problems import NotFound
from tongxin.base.words import pick, say
from tongxin.bulletin import queries
from tongxin.bulletin.public import public_bulletin
from tongxin.bulletin.reading import read, spoken
from tongxin.residents.printing import printed

LATEST = 200
FOREVER = {"Cache-Control": "public, max-age=86400"}


@require_GET
def issues(request: HttpRequest) -> HttpResponse:
    """List what has been published."""
    return render(request, "residents/bulletins.html", {"rows": queries.published()[:LATEST]})


@require_GET
def issue(request: HttpRequest, id_: UUID) -> HttpResponse:
    """Show one issue."""
    return render(request, "residents/bulletin.html", read(queries.published_one(id_)))


@require_GET
def figure(request: HttpRequest, id_: UUID, key: str) -> HttpResponse:
    """Show what a number of an issue counts, up to where, and how it came together by day and by town."""
    row = queries.published_one(id_)
    one = queries.detail(row, key)
    told = {
        "bulletin": row,
        "key": key,
        "whole": row.figures[key],
        "today": row.today.get(key, 0),
        "words": spoken(one),
        "by_day": one["by_day"],
        "by_town": [(pick(zh, en), value) for zh, en, value in one["by_town"]],
    }
    return render(request, "residents/figure.html", told)


@require_GET
def pdf(request: HttpRequest, id_: UUID) -> HttpResponse:
    """Hand out an issue for print."""
    row = queries.published_one(id_)
    pictures = queries.pictures(UUID(one["id"]) for one in row.pictures)
    html = render_to_string("residents/print.html", read(row) | {"base": request.build_absolute_uri("/")[:-1]})
    found = printed(html, {str(one.id): bytes(one.bytes) for one in pictures.values()})
    name = f'inline; filename="bulletin-{row.number}.pdf"'
    return HttpResponse(found, content_type="application/pdf", headers={"Content-Disposition": name} | FOREVER)


@require_GET
def data(request: HttpRequest, id_: UUID) -> HttpResponse:  # noqa: ARG001 - a view
    """Hand out an issue for programs."""
    return HttpResponse(door.write(public_bulletin(queries.published_one(id_))), content_type="application/json", headers=FOREVER)


@require_GET
def copy(request: HttpRequest, id_: UUID) -> HttpResponse:
    """Show an issue as plain HTML, which survives being pasted into a chat platform's editor."""
    told = read(queries.published_one(id_)) | {"base": request.build_absolute_uri("/")[:-1]}
    return render(request, "residents/copy.html", told)


@require_GET
def picture(request: HttpRequest, id_: UUID) -> HttpResponse:  # noqa: ARG001 - a view
    """Hand out a picture of a published issue."""
    if not queries.published().filter(pictures__contains=[{"id": str(id_)}]).exists():
        raise NotFound(say("没有这张图"))
    return HttpResponse(bytes(queries.pictures([id_])[id_].bytes), content_type="image/jpeg", headers=FOREVER)
