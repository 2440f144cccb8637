"""Reads of bulletins, and how a frozen figure is spoken."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from tongxin.base.problems import NotFound
from tongxin.base.scope import Scope
from tongxin.base.words import say
from tongxin.bulletin.models import Bulletin

Number = int | float


@dataclass(frozen=True)
class Part:
    """A stretch of a sentence; ``figure`` is set where it is a number that opens."""

    text: str
    figure: str = ""


def bulletins(scope: Scope, incident: UUID | None = None) -> QuerySet[Bulletin]:
    """Return the county's bulletins, newest first."""
    rows = Bulletin.objects.filter(ledger=scope.ledger).select_related("incident").order_by("-frozen_at")
    return rows.filter(incident=incident) if incident else rows


def bulletin(scope: Scope, id_: UUID) -> Bulletin:
    """Return one bulletin; raise NotFound."""
    found = bulletins(scope).filter(id=id_).first()
    if found is None:
        raise NotFound(say("没有战报 {id}", id=id_))
    return found


def parts(activity: str, template: str, figures: Mapping[str, Number]) -> list[Part]:
    """Split a sentence at its figures."""
    found = []
    for index, piece in enumerate(re.split(r"\{(\w+)\}", template)):
        key = f"{activity}.{piece}"
        found.append(Part(number(figures.get(key, 0)), key) if index % 2 else Part(piece))
    return [part for part in found if part.text]


def number(value: Number) -> str:
    """Return a figure as it is written in both languages: thousands with a comma, what is not counted with a decimal or more."""
    if not isinstance(value, float):
        return f"{value:,}"
    written = f"{value:,.3f}".rstrip("0")
    return f"{written}0" if written.endswith(".") else written


def spoken(sentences: Iterable[Mapping[str, str]], figures: Mapping[str, Number], language: str) -> str:
    """Return the text of a bulletin, one sentence an activity, a line each."""
    return "\n".join("".join(p.text for p in parts(s["activity"], s[language], figures)) for s in sentences)
