"""The national table of areas: every province, city, county, town and village of the mainland, packed. It reads only its files.

``data/national/counties.csv`` names all down to the county, ``data/national/NN.csv.xz`` the towns and villages of province NN.
``scripts/pack_areas.py`` makes them; ``data/README.md`` says from what.

A *county* is whatever keeps one ledger: a county, district, banner or county-level city, and the cities that have none of these,
whose towns lie directly below them (东莞市, 中山市, 儋州市).
"""

import csv
import lzma
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import NamedTuple

from tongxin.base.problems import Problem
from tongxin.base.scope import CODE_DIGITS, COUNTY_DIGITS, TOWN_DIGITS, prefix
from tongxin.base.words import pick, say
from tongxin.places.spelling import spell
from tongxin.playbook.faults import closest

DATA = resources.files("tongxin.places") / "data"
REVIEWED = {"430181000000": "liuyang-areas.csv"}
"""Counties whose English names a person has looked at, and the files that hold them."""
MOST_CHOICES = 12
_PROVINCE_DIGITS, _CITY_DIGITS = 2, 4
_NO_CITIES = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})
"""Rows of the table that stand where a city would and are none."""


class UnknownCounty(Problem):
    """No county of this name or code is known."""

    code = "places.unknown_county"
    status = 404
    next_step = "用全名或6位代码；tongxin county --list 字词 可以查。"


class AmbiguousCounty(Problem):
    """Several counties have this name."""

    code = "places.ambiguous_county"
    status = 409
    next_step = "前面写上市名，或者用6位代码。"


@dataclass(frozen=True)
class County:
    """A county of the table: its 12-digit code, its names, and those of the province and city around it, widest first."""

    code: str
    name: str
    name_en: str
    around: tuple[str, ...]
    around_en: tuple[str, ...]

    @property
    def ledger(self) -> str:
        """The six digits that name the county's ledger."""
        return self.code[:COUNTY_DIGITS]

    @property
    def full(self) -> str:
        """The name with province and city."""
        return "".join((*self.around, self.name))

    @property
    def full_en(self) -> str:
        """The same in English."""
        return ", ".join((self.name_en, *reversed(self.around_en)))

    def is_called(self, word: str) -> bool:
        """Tell whether a word names this county: its code of 6 or 12 digits, or its name, alone or with what lies around it."""
        chinese = {"".join((*self.around[start:], self.name)) for start in range(len(self.around) + 1)}
        english = {self.name_en.casefold(), self.full_en.casefold()}
        return word in {self.code, self.ledger} | chinese or word.casefold() in english


class Row(NamedTuple):
    """An area as it is stored: 12-digit codes (no parent for the county itself), and ``level`` county, town or village."""

    code: str
    parent: str | None
    level: str
    name: str
    name_en: str


@cache
def every_county() -> tuple[County, ...]:
    """Return all counties, by code."""
    named = {code: (name, name_en) for code, name, name_en in _rows((DATA / "national" / "counties.csv").read_bytes())}
    parted = {code[:_CITY_DIGITS] for code in named if code[_CITY_DIGITS:COUNTY_DIGITS] != "00"}
    return tuple(_county(code, named) for code in named if _keeps_a_ledger(code, parted))


def _keeps_a_ledger(code: str, parted: set[str]) -> bool:
    """Tell whether a code is a county's, or that of a city without counties; ``parted`` are the cities that have some."""
    if code[_CITY_DIGITS:COUNTY_DIGITS] != "00":
        return True
    return code[_PROVINCE_DIGITS:_CITY_DIGITS] != "00" and code[:_CITY_DIGITS] not in parted


def _county(code: str, named: dict[str, tuple[str, str]]) -> County:
    name, name_en = named[code]
    wider = (code[:digits].ljust(CODE_DIGITS, "0") for digits in (_PROVINCE_DIGITS, _CITY_DIGITS))
    around = [named[area] for area in wider if named[area][0] not in _NO_CITIES | {name}]  # 嘉峪关市 lies in 嘉峪关市
    return County(code, name, name_en, tuple(zh for zh, _ in around), tuple(en for _, en in around))


def find(word: str) -> County:
    """Return the county that a name or code means; raise UnknownCounty, naming the nearest, or AmbiguousCounty, naming all."""
    word = word.strip()
    found = [county for county in every_county() if county.is_called(word)]
    if len(found) == 1:
        return found[0]
    if found:
        raise AmbiguousCounty(say("“{word}”有{count}个：\n{choices}", word=word, count=len(found), choices=listed(found)))
    near = (search(word) or _nearest(word))[:MOST_CHOICES]
    if near:
        raise UnknownCounty(say("没有县级行政区“{word}”。相近的有：\n{choices}", word=word, choices=listed(near)))
    raise UnknownCounty(say("没有县级行政区“{word}”。", word=word))


def search(word: str) -> list[County]:
    """Return the counties in whose full name, Chinese or English, a word stands, by code; none for an empty word."""
    wanted = word.strip().casefold()
    return [county for county in every_county() if wanted and (wanted in county.full or wanted in county.full_en.casefold())]


def _nearest(word: str) -> list[County]:
    """Return the counties whose name or code is most like a word, the most alike first."""
    known: dict[str, list[County]] = {}
    for county in every_county():
        for name in {county.name, county.name_en.casefold(), county.ledger}:
            known.setdefault(name, []).append(county)
    return list(dict.fromkeys(county for name in closest(word.casefold(), known, 5) for county in known[name]))


def listed(counties: Iterable[County]) -> str:
    """Return counties as lines for people: ``  320106  江苏省南京市鼓楼区``."""
    return "\n".join(f"  {county.ledger}  {pick(county.full, county.full_en)}" for county in counties)


def tree(county: County) -> list[Row]:
    """Return a county's areas, each parent before its children."""
    if county.code in REVIEWED:
        stored = _rows((DATA / REVIEWED[county.code]).read_bytes())
        return [Row(code, parent_of(code), level, name, name_en) for code, _, level, name, name_en in stored]
    below = [Row(code, parent_of(code), level_of(code), name, spell(name, level_of(code))) for code, name in _below(county)]
    return [Row(county.code, None, "county", county.name, county.name_en), *below]


def _below(county: County) -> Iterator[tuple[str, str]]:
    """Yield code and name of a county's towns and villages, by code."""
    packed = (DATA / "national" / f"{county.code[:_PROVINCE_DIGITS]}.csv.xz").read_bytes()
    for code, name in _rows(lzma.decompress(packed)):
        if code.startswith(county.ledger):
            yield code, name


def _rows(file: bytes) -> Iterator[list[str]]:
    """Yield the rows of a CSV file but its first, which names the columns."""
    rows = csv.reader(file.decode("utf-8").splitlines())
    next(rows)
    yield from rows


def level_of(code: str) -> str:
    """Return ``county``, ``town`` or ``village``, as the zeros at a code's end say."""
    return {COUNTY_DIGITS: "county", TOWN_DIGITS: "town"}.get(len(prefix(code)), "village")


def parent_of(code: str) -> str | None:
    """Return the code of the area around a town or village; None for a county."""
    digits = {"village": TOWN_DIGITS, "town": COUNTY_DIGITS}.get(level_of(code))
    return code[:digits].ljust(CODE_DIGITS, "0") if digits else None
