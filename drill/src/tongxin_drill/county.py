"""The county the drill plays in: its towns and villages, and the districts the groups share them out in."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

COUNTY = "430181000000"
"""Liuyang's area code; it stands for all of the county."""


@dataclass(frozen=True)
class Area:
    """A row of the areas file: a 12-digit code, its parent's code, and ``level`` county, town or village."""

    code: str
    parent: str
    level: str
    name: str
    name_en: str


@cache
def areas(level: str) -> tuple[Area, ...]:
    """Return the county's areas of one level, by code."""
    text = (resources.files("tongxin.places") / "data" / "liuyang-areas.csv").read_text("utf-8")
    rows = (Area(**row) for row in csv.DictReader(text.splitlines()))
    return tuple(sorted((area for area in rows if area.level == level), key=lambda area: area.code))


def districts(count: int) -> tuple[tuple[Area, ...], ...]:
    """Split the towns into ``count`` contiguous ranges of codes that hold about as many villages each."""
    villages = areas("village")
    parts: list[list[Area]] = [[] for _ in range(count)]
    before = 0
    for town in areas("town"):
        own = sum(village.parent == town.code for village in villages)
        # A town belongs where its middle village falls; double counts keep this in whole numbers.
        parts[(2 * before + own) * count // (2 * len(villages))].append(town)
        before += own
    return tuple(tuple(part) for part in parts)
