"""Finds an area by the names that offices write: one that fits twice is asked, never guessed."""

import re
from collections.abc import Collection, Iterable

from tongxin.base.scope import prefix, town_of
from tongxin.base.words import say
from tongxin.imports.verdict import AskedError, RefusedError, mistyped
from tongxin.places.queries import AreaName
from tongxin.sheets.text import fold

_ENDING = re.compile(r"(?:社区|村|街道|镇|乡)$")
_OFFICE = re.compile(r"(?:(?<=村)委会|居委会|办事处|人民政府)$")

_LEVELS = {"town": ("town",), "village": ("village",), "any": ("town", "village")}
_MOST_LISTED = 40
"""Names that a hint lists: those of a town, or the towns of a county."""


class Areas:
    """The areas of a county by code and by name, with and without what offices leave out (村, 社区, 镇, 街道)."""

    def __init__(self, areas: Iterable[AreaName]) -> None:
        self._codes: dict[str, AreaName] = {}
        self._towns: dict[str, list[AreaName]] = {}
        self._villages: dict[str, list[AreaName]] = {}
        self._counties: list[str] = []
        self._hints: dict[tuple[str, str, str], str] = {}
        for area in areas:
            self._codes[area.code] = area
            if area.level == "county":
                self._counties.append(fold(area.name))
                continue
            kept = self._towns if area.level == "town" else self._villages
            for key in _keys(area.name):
                kept.setdefault(key, []).append(area)

    def find(self, town: str, village: str, area: str) -> str:
        """Return the code that a row's cells mean, "" if they are empty; raise RefusedError or AskedError."""
        if area:
            return self._whole(area)
        found = self._town(town) if town else ""
        return self._village(village, found) if village else found

    def names(self, codes: Iterable[str]) -> str:
        """Return in one text what areas are called."""
        return self._places(self._codes[code] for code in codes)

    def _whole(self, text: str) -> str:
        """Return the code of what one cell says: a code, a town, a village, or a town and a village written together."""
        if text in self._codes:
            return text
        key = self._key(text)
        found = self._towns.get(key, []) + self._villages.get(key, [])
        if found:
            return self._only(found, text)
        for length in range(len(key) - 1, 1, -1):
            if key[:length] in self._towns:
                return self._village(key[length:], self._only(self._towns[key[:length]], text))
        raise RefusedError(say("没有区域“{name}”{hint}", name=text, hint=self._hint(text, "any")))

    def _town(self, text: str) -> str:
        if text in self._codes:
            return text
        found = self._towns.get(self._key(text))
        if not found:
            raise RefusedError(say("没有乡镇“{name}”{hint}", name=text, hint=self._hint(text, "town")))
        return self._only(found, text)

    def _village(self, text: str, town: str) -> str:
        if text in self._codes:
            return text
        inside = prefix(town) if town else ""
        found = [area for area in self._villages.get(self._key(text), ()) if area.code.startswith(inside)]
        if not found:
            where = self._codes[town].name if town else ""
            hint = self._hint(text, "village", inside)
            raise RefusedError(say("{town}没有村（社区）“{name}”{hint}", town=where, name=text, hint=hint))
        return self._only(found, text)

    def _only(self, found: list[AreaName], text: str) -> str:
        if len(found) > 1:
            raise AskedError(say("“{name}”不止一处：{where}；在乡镇一列写明是哪一处", name=text, where=self._places(found)))
        return found[0].code

    def _key(self, text: str) -> str:
        """Return how a text names an area: without the county before it; an office (村委会, 街道办事处) stands for its area."""
        key = _OFFICE.sub("", fold(text))
        for county in self._counties:
            key = key.removeprefix(county) or key
        return key

    def _hint(self, text: str, level: str, inside: str = "") -> str:
        """Return what to write for a name that no area of a level has; another is proposed only if this may be it mistyped."""
        key = (text, level, inside)
        if key not in self._hints:
            levels = _LEVELS[level]
            there = [area for code, area in self._codes.items() if code.startswith(inside) and area.level in levels]
            self._hints[key] = self._proposed(text, there) or self._listed(there)
        return self._hints[key]

    def _proposed(self, text: str, areas: Iterable[AreaName]) -> str:
        near = [area for area in areas if any(mistyped(fold(text), key) for key in _keys(area.name))]
        return say("；是不是“{word}”？", word=self._places(near)) if near else ""

    def _listed(self, areas: Collection[AreaName]) -> str:
        """Return what may be written instead: all names if they are few, else where they come from."""
        if 0 < len(areas) <= _MOST_LISTED:
            return say("；要写行政区划名录里的名称，这里有：{names}", names=say("、").join(area.name for area in areas))
        return say("；要写行政区划名录里的名称，或者 12 位代码")

    def _places(self, found: Iterable[AreaName]) -> str:
        return say("、").join(
            f"{self._codes[town_of(area.code)].name}{area.name}" if area.level == "village" else area.name for area in found
        )


def _keys(name: str) -> list[str]:
    """Return how an area may be written: its name, and its name without the ending."""
    whole = fold(name)
    return list(dict.fromkeys([whole, _ENDING.sub("", whole) or whole]))
