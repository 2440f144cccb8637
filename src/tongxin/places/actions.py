"""Writes of areas and places."""

import csv
from collections.abc import Iterable, Sequence
from importlib import resources
from uuid import UUID

import msgspec
from django.db import transaction

from tongxin.audit.actions import keep, log
from tongxin.base.door import Upto120, Upto160
from tongxin.base.problems import BadRequest
from tongxin.base.scope import Scope
from tongxin.base.words import say
from tongxin.places.access import MAY_EDIT_PLACES
from tongxin.places.models import Area, Place
from tongxin.playbook.faults import nearest
from tongxin.playbook.loader import categories


class PlaceForm(msgspec.Struct, forbid_unknown_fields=True):
    """A place as it comes through the door; ``area`` is a 12-digit code."""

    id: UUID
    name: Upto120
    name_en: Upto160
    category: str
    area: str


def load_areas(name: str = "liuyang-areas.csv") -> int:
    """Load a shipped tree of areas; return how many are new. Parents stand before their children in the file."""
    with (resources.files("tongxin.places") / "data" / name).open(encoding="utf-8") as file:
        rows = [
            Area(
                code=row["code"],
                parent_id=_parent(row),
                level=row["level"],
                name=row["name"],
                name_en=row["name_en"],
            )
            for row in csv.DictReader(file)
        ]
    held = set(Area.objects.values_list("code", flat=True))
    return len(Area.objects.bulk_create([row for row in rows if row.code not in held]))


def _parent(row: dict[str, str]) -> str | None:
    return None if row["level"] == "county" else row["parent"]


@transaction.atomic
def add_places(scope: Scope, forms: Sequence[PlaceForm]) -> dict[str, int]:
    """Add places; those that exist with the same content are left alone. Return ``{"created", "unchanged"}``."""
    scope.require(say("登记场所"), MAY_EDIT_PLACES)
    _check(scope, forms)
    rows = [
        Place(id=f.id, ledger=scope.ledger, name=f.name, name_en=f.name_en, category=f.category, area_id=f.area) for f in forms
    ]
    outcome = keep(Place, rows)
    log("places.add", member=scope.member, subject="places", **outcome)
    return outcome


def _check(scope: Scope, forms: Iterable[PlaceForm]) -> None:
    areas = set(Area.objects.filter(code__in={form.area for form in forms}).values_list("code", flat=True))
    for index, form in enumerate(forms):
        if form.category not in categories():
            hint = nearest(form.category, categories())
            raise BadRequest(
                say(
                    "places[{index}].category：没有类别“{word}”；{hint}",
                    index=index,
                    word=form.category,
                    hint=hint,
                )
            )
        if form.area not in areas:
            raise BadRequest(say("places[{index}].area：没有区域 {area}", index=index, area=form.area))
    for area in sorted(areas):
        scope.require(say("登记场所"), MAY_EDIT_PLACES, area)
