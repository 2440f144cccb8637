"""Writes of areas and places."""

from collections.abc import Iterable, Sequence
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
from tongxin.places.table import County, tree
from tongxin.playbook.faults import nearest
from tongxin.playbook.loader import categories


class PlaceForm(msgspec.Struct, forbid_unknown_fields=True):
    """A place as it comes through the door; ``area`` is a 12-digit code."""

    id: UUID
    name: Upto120
    name_en: Upto160
    category: str
    area: str


def load_areas(county: County) -> None:
    """Load a county's areas from the national table; those that are there already stay as they are."""
    rows = [Area(code=r.code, parent_id=r.parent, level=r.level, name=r.name, name_en=r.name_en) for r in tree(county)]
    Area.objects.bulk_create(rows, ignore_conflicts=True)


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
