"""Reads of bulletins, and how a frozen figure is spoken."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from tongxin.base import clock
from tongxin.base.problems import NotFound
from tongxin.base.scope import Scope
from tongxin.base.words import pick, say
from tongxin.bulletin.access import REVIEWERS
from tongxin.bulletin.models import Bulletin, Draft, Picture, Review

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


def published(ledger: str | None = None) -> QuerySet[Bulletin]:
    """Return what is public, newest first, whoever asks."""
    rows = Bulletin.objects.filter(published_at__isnull=False).select_related("incident").order_by("-published_at")
    return rows.filter(ledger=ledger) if ledger else rows


def published_one(id_: UUID) -> Bulletin:
    """Return a published bulletin, whoever asks; raise NotFound, also for one that is not published yet."""
    found = published().filter(id=id_).first()
    if found is None:
        raise NotFound(say("没有发布过战报 {id}", id=id_), next=say("看往期，或者等它发布。"))
    return found


def detail(row: Bulletin, key: str) -> dict[str, Any]:
    """Return what an issue keeps of a figure; raise NotFound."""
    found: dict[str, Any] | None = next((one for one in row.details if one["key"] == key), None)
    if found is None:
        raise NotFound(say("这一期没有数字“{key}”", key=key), next=say("回到战报，点开其中的数字。"))
    return found


def draft(scope: Scope, incident: UUID) -> Draft | None:
    """Return the issue that is being composed, if there is one."""
    return Draft.objects.filter(ledger=scope.ledger, incident=incident).first()


def pictures(ids: Iterable[UUID]) -> dict[UUID, Picture]:
    """Return pictures by id, whoever asks."""
    return Picture.objects.in_bulk(list(ids))


def reviews(row: Bulletin) -> list[Review]:
    """Return what reviewers said, the first first."""
    return list(row.reviews.order_by("at"))


def missing(said: Iterable[Review]) -> int | None:
    """Return how many reviewers have still to agree; None if one has sent the issue back."""
    rows = list(said)
    if not all(row.agrees for row in rows):
        return None
    return max(0, REVIEWERS - len(rows))


DRILL_MARKS = ("【演练】", "[DRILL] ")
"""What the text of a drill's bulletin begins with in Chinese and English, so that it is told apart wherever it is copied to."""
FIGURE = re.compile(r"\{([\w.]+)\}")
"""A figure in a sentence; in an activity's own sentence without the activity's name."""


def parts(activity: str, template: str, figures: Mapping[str, Number]) -> list[Part]:
    """Split a sentence at its figures."""
    found = []
    for index, piece in enumerate(FIGURE.split(template)):
        key = f"{activity}.{piece}" if activity else piece
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


MOST_COPIED = 500
"""Characters of a text for a chat group."""


def short(row: Bulletin) -> str:
    """Return an issue as a short text for a chat group: title, cut-off, as many whole sentences as fit into 500 characters."""
    mark = pick(*DRILL_MARKS) if row.incident.drill else ""
    moment = f"{row.frozen_at.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}"
    at = say("截至{moment}，第{at}条记录。", moment=moment, at=f"{row.position:,}")
    lines = [mark + pick(row.title, row.title_en), at]
    for line in pick(row.text, row.text_en).removeprefix(mark).split("\n"):
        if len("\n".join([*lines, line])) > MOST_COPIED - 2:
            return "\n".join([*lines, "…"])
        lines.append(line)
    return "\n".join(lines)
