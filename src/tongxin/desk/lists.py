"""Rows that several pages show: matters, records."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.http import HttpRequest

from tongxin.base.words import say
from tongxin.desk import wording
from tongxin.ledger.problems import meaning
from tongxin.ledger.queries import chases_of, effects_of
from tongxin.people.queries import organisation_names
from tongxin.places.queries import place_names, town_names
from tongxin.playbook.registry import version

if TYPE_CHECKING:
    from tongxin.ledger.models import Chase, Effect, Matter, Record

PAGE = 50
"""Rows on a page of a list."""


def page_of(request: HttpRequest, rows: Any) -> Page[Any]:  # noqa: ANN401 - whatever can be counted and cut
    """Return the page of rows that an address asks for."""
    return Paginator(rows, PAGE).get_page(request.GET.get("page", "1"))


@dataclass(frozen=True)
class MatterRow:
    """A matter as a list shows it; ``late`` is None while it is not overdue. ``answerable`` is who must see to it now.

    ``chases`` are read where they are shown, the last first.
    """

    id: UUID
    title: str
    place: str
    town: str
    answerable: str
    hand: str
    waiting: bool
    opened: int
    opened_at: datetime
    due_at: datetime
    last: int
    last_at: datetime
    late: timedelta | None
    closed: int | None
    closed_at: datetime | None
    chases: "Sequence[Chase]"


def matter_rows(found: "Iterable[Matter]", now: datetime, *, chases: bool = False) -> list[MatterRow]:
    """Return rows for matters, names looked up at once, and the ``chases`` if asked for."""
    rows = list(found)
    chased = chases_of(rows) if chases else {}
    places, towns = place_names(row.place for row in rows), town_names(row.area for row in rows)
    teams = organisation_names(row.organisation for row in rows)
    return [
        MatterRow(
            id=row.id,
            title=wording.matter(row.activity, row.name),
            place=places.get(row.place, ""),
            town=towns.get(row.area, ""),
            answerable=_answerable(row, late(row, now) is not None, teams.get(row.organisation, ""), towns.get(row.area, "")),
            hand=str(row.member)[-4:],
            waiting=row.waiting is not None,
            opened=row.opened,
            opened_at=row.opened_at,
            due_at=row.due_at,
            last=row.last,
            last_at=row.last_at,
            late=late(row, now),
            closed=row.closed,
            closed_at=row.closed_at,
            chases=chased.get(row.id, ()),
        )
        for row in rows
    ]


def late(row: "Matter", now: datetime) -> timedelta | None:
    """Return by how much an open matter is overdue."""
    return now - row.due_at if row.closed is None and row.due_at <= now else None


def _answerable(row: "Matter", overdue: bool, team: str, town: str) -> str:  # noqa: FBT001 - what it says
    """Return who must see to a matter: its owner, or once it is overdue whom it escalates to."""
    rule = wording.matter_rule(row.activity, row.name)
    owner = "organisation" if rule is None else rule.escalates_to if overdue and rule.escalates_to else rule.owner
    return {"organisation": team, "town": town}.get(owner) or "・".join(part for part in (team, wording.role(owner)) if part)


@dataclass(frozen=True)
class RecordRow:
    """A record as a list shows it."""

    position: int
    occurred_at: datetime
    received_at: datetime
    activity: str
    organisation: str
    town: str
    place: str
    says: str
    note: str


def note(row: "Record", effect: "Effect | None") -> str:
    """Return what is special about a record: what it does, what is wrong with it, what became of it."""
    mark = meaning(row.quarantine) if row.quarantine else ""
    return say("；").join(part for part in (wording.act(row.act), mark, wording.standing(row.position, effect)) if part)


def record_rows(found: "Sequence[Record]", effects: "Mapping[int, Effect] | None" = None) -> list[RecordRow]:
    """Return rows for records, names looked up at once, and what they came to if it is not known."""
    places, towns = place_names(row.place for row in found), town_names(row.area for row in found)
    teams = organisation_names(row.organisation for row in found)
    effects = effects_of(found) if effects is None else effects
    return [
        RecordRow(
            position=row.position,
            occurred_at=row.occurred_at,
            received_at=row.received_at,
            activity=wording.activity(row.activity),
            organisation=teams.get(row.organisation, ""),
            town=towns.get(row.area, ""),
            place=places.get(row.place, ""),
            says=wording.summary(version(row.activity_hash), row.body),
            note=note(row, effects.get(row.position)),
        )
        for row in found
    ]
