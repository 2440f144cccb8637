"""Reads of areas and places."""

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Substr

from tongxin.audit.queries import fetch
from tongxin.base.arrays import array
from tongxin.base.known import Known
from tongxin.base.problems import NotFound
from tongxin.base.scope import TOWN_DIGITS, Scope, prefix, town_of
from tongxin.base.words import pick, say
from tongxin.places.models import Area, Place


def within(scope: Scope, field: str = "area") -> Q:
    """Return the filter that keeps rows whose area code (``field``) lies inside a scope."""
    if scope.is_whole:
        return Q()
    condition = Q(**{f"{field}__in": []})
    for digits in scope.prefixes:
        condition |= Q(**{f"{field}__startswith": digits})
    return condition


def places_in(ledger: str, areas: Iterable[str], categories: Iterable[str]) -> QuerySet[Place]:
    """Return the places of the given categories that lie in any of the given areas, by area."""
    inside = Q(area_id__in=[])
    for area in areas:
        inside |= Q(area__code__startswith=prefix(area))
    return Place.objects.filter(inside, ledger=ledger, category__in=list(categories)).order_by("area_id", "id")


def place(scope: Scope, id_: UUID) -> Place:
    """Return a place; NotFound if there is none in the scope's areas."""
    found = Place.objects.filter(within(scope, "area__code"), ledger=scope.ledger, id=id_).first()
    if found is None:
        raise NotFound(say("您负责的区域里没有这个场所"))
    return found


def places(scope: Scope) -> QuerySet[Place]:
    """Return the places in a scope's areas, by name."""
    return Place.objects.filter(within(scope, "area__code"), ledger=scope.ledger).order_by("name", "id")


def places_named(scope: Scope, text: str) -> QuerySet[Place]:
    """Return the places in a scope's areas whose name has a text in it, in either language, by name."""
    return places(scope).filter(Q(name__icontains=text) | Q(name_en__icontains=text))


def places_by_town(rows: QuerySet[Place]) -> dict[tuple[str, str], int]:
    """Count places by (category, town's code)."""
    grouped = rows.order_by().annotate(digits=Substr("area", 1, TOWN_DIGITS)).values_list("category", "digits")
    return {(category, town_of(digits)): n for category, digits, n in grouped.annotate(n=Count("id"))}


def where(ids: Collection[str]) -> dict[str, tuple[str, str]]:
    """Return (area, category) of places by id as text: for the intake, which asks for thousands a second."""
    sql = "SELECT id::text, area_id, category FROM places_place WHERE id = ANY(%s::uuid[])"
    return {id_: (area, category) for id_, area, category in fetch(sql, [array(ids)])}


def _places_called(ids: Collection[UUID]) -> Iterable[tuple[UUID, tuple[str, str]]]:
    rows = Place.objects.filter(id__in=ids).values_list("id", "name", "name_en")
    return ((id_, (name, name_en)) for id_, name, name_en in rows)


def _areas_called(codes: Collection[str]) -> Iterable[tuple[str, tuple[str, str]]]:
    rows = Area.objects.filter(code__in=codes).values_list("code", "name", "name_en")
    return ((code, (name, name_en)) for code, name, name_en in rows)


_PLACES, _AREAS = Known(_places_called), Known(_areas_called)


def place_names(ids: Iterable[UUID | None]) -> dict[UUID | None, str]:
    """Return names by id in the language being spoken."""
    return {id_: pick(*names) for id_, names in _PLACES.of(id_ for id_ in ids if id_).items()}


def area_names(codes: Iterable[str]) -> dict[str, str]:
    """Return names by code in the language being spoken."""
    return {code: pick(*names) for code, names in _AREAS.of(codes).items()}


def area_names_both(codes: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return the Chinese and the English name by code."""
    return {code: (name, name_en or name) for code, (name, name_en) in _AREAS.of(codes).items()}


def town_names(codes: Iterable[str]) -> dict[str, str]:
    """Return the town's name for every area code."""
    wanted = {code: town_of(code) for code in codes}
    names = area_names(wanted.values())
    return {code: names.get(town, town) for code, town in wanted.items()}


def known_areas(codes: Iterable[str]) -> set[str]:
    """Return those of the codes that exist."""
    return set(Area.objects.filter(code__in=set(codes)).values_list("code", flat=True))


def areas_by_level(county: str) -> dict[str, int]:
    """Return how many areas of each level a county has."""
    inside = Area.objects.filter(code__startswith=prefix(county))
    return dict(inside.values_list("level").annotate(Count("code")))


def counties() -> list[str]:
    """Return the county codes that are loaded."""
    return list(Area.objects.filter(level="county").order_by("code").values_list("code", flat=True))


class AreaName(NamedTuple):
    """An area as offices name it; ``level`` is county, town or village."""

    code: str
    level: str
    name: str


def areas_of(ledger: str) -> list[AreaName]:
    """Return every area of a county."""
    rows = Area.objects.filter(code__startswith=ledger).order_by("code")
    return [AreaName(*row) for row in rows.values_list("code", "level", "name")]


class Town(NamedTuple):
    """A town's code and names."""

    code: str
    name: str
    name_en: str


def _towns_of(ledgers: Collection[str]) -> Iterator[tuple[str, list[Town]]]:
    for ledger in ledgers:
        rows = Area.objects.filter(code__startswith=ledger, level="town").order_by("code")
        if found := [Town(*row) for row in rows.values_list("code", "name", "name_en")]:
            yield ledger, found


_TOWNS = Known(_towns_of)


def towns(ledger: str) -> list[Town]:
    """Return every town of a county, by code: a county's areas are loaded at once."""
    return _TOWNS.of([ledger]).get(ledger, [])


class HeldPlace(NamedTuple):
    """What is held of a place."""

    name: str
    name_en: str
    category: str
    area: str


def places_held(ledger: str) -> Iterator[HeldPlace]:
    """Yield every place of a county."""
    rows = Place.objects.filter(ledger=ledger).order_by("id").values_list("name", "name_en", "category", "area_id")
    return (HeldPlace(*row) for row in rows.iterator())


def count_places(ledger: str) -> int:
    """Return how many places a county has."""
    return Place.objects.filter(ledger=ledger).count()
