"""Which part of the figures a page or a call asks for, as its address says it."""

from datetime import date
from uuid import UUID

from django.http import HttpRequest, QueryDict

from tongxin.base.problems import BadRequest
from tongxin.base.scope import TOWN_DIGITS, prefix
from tongxin.base.words import say
from tongxin.figures.queries import Narrow
from tongxin.playbook.faults import nearest

PARTS: dict[str, tuple[str, int | None]] = {
    "day": ("day", None),
    "town": ("area", TOWN_DIGITS),
    "area": ("area", None),
    "organisation": ("organisation", None),
    "category": ("category", None),
}
"""What figures can be told apart by: a field of cells, and of how many of its digits."""
MOST_DIGITS = 18
"""Of a record's number."""


def narrow(request: HttpRequest) -> Narrow:
    """Return the part that ``day``, ``area``, ``organisation`` and ``category`` name; raise BadRequest."""
    return Narrow(
        day=day(request),
        area=prefix(request.GET["area"]) if request.GET.get("area") else None,
        organisation=uuid(request.GET, "organisation"),
        category=request.GET.get("category") or None,
    )


def uuid(said: QueryDict, name: str) -> UUID | None:
    """Return a UUID from an address or a form, None if it is not there; raise BadRequest."""
    text = said.get(name)
    found = as_uuid(text)
    if text and found is None:
        raise BadRequest(say("{name}：要一个 UUID", name=name))
    return found


def as_uuid(text: object) -> UUID | None:
    """Return a text as a UUID; None if it is none."""
    try:
        return UUID(text) if isinstance(text, str) and text else None
    except ValueError:
        return None


def position(request: HttpRequest, name: str) -> int | None:
    """Return the record's number that an address names, None if it names none; raise BadRequest."""
    said = request.GET.get(name)
    if not said:
        return None
    if not (said.isdecimal() and len(said) <= MOST_DIGITS):
        raise BadRequest(say("{name}：要一条记录的序号", name=name))
    return int(said)


def day(request: HttpRequest) -> date | None:
    """Return the day that an address names, None if it names none; raise BadRequest."""
    try:
        return date.fromisoformat(request.GET["day"]) if request.GET.get("day") else None
    except ValueError:
        raise BadRequest(say("day：要 2022-04-06 这样的日期")) from None


def part(request: HttpRequest) -> tuple[str, int | None] | None:
    """Return what the figures are to be told apart by, None for nothing; raise BadRequest with the nearest."""
    word = request.GET.get("by")
    if not word:
        return None
    if word not in PARTS:
        raise BadRequest(say("by：没有“{word}”；{hint}", word=word, hint=nearest(word, PARTS)))
    return PARTS[word]
