"""What an address asks for, read from its query and refused if it cannot be read."""

from datetime import date
from uuid import UUID

from django.http import HttpRequest

from tongxin.base.problems import BadRequest
from tongxin.base.scope import prefix
from tongxin.base.words import say
from tongxin.figures.queries import Narrow


def uuid(request: HttpRequest, name: str) -> UUID | None:
    """Return an id; None if it is not asked for."""
    try:
        return UUID(request.GET[name]) if request.GET.get(name) else None
    except ValueError:
        raise BadRequest(say("{name}：要一个 UUID", name=name)) from None


def narrow(request: HttpRequest) -> Narrow:
    """Return which part of a figure is asked for: ``day``, ``area`` (12 digits), ``organisation``, ``category``."""
    return Narrow(
        day=_date(request),
        area=prefix(request.GET["area"]) if request.GET.get("area") else None,
        organisation=uuid(request, "organisation"),
        category=request.GET.get("category") or None,
    )


def _date(request: HttpRequest) -> date | None:
    try:
        return date.fromisoformat(request.GET["day"]) if request.GET.get("day") else None
    except ValueError:
        raise BadRequest(say("day：要 2022-04-06 这样的日期")) from None
