"""A made-up geography for drills and for trying plans: where a county's villages lie, how many live there, which are neighbours.

Real are the areas, the town seats (roughly) and the county's population; everything else is invented by a seeded rule, which
docs/geography.md gives in full, and says so: every item carries ``made_up``. Pure: the same county and seed give the same bytes.
"""

import csv
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random
from statistics import NormalDist, median
from typing import Any, NamedTuple

import msgspec

from tongxin.base.problems import Problem
from tongxin.base.words import pick, say
from tongxin.places.table import DATA, County, Row, tree

RULE = 1
"""The number of the rule; another rule gets another number, so that a file says how it was made."""
KEPT = 0.9
"""How near to the line halfway to the next seat a village may lie, as a share of the way there."""
TURN = math.pi * (3 - math.sqrt(5))
"""The golden angle, in radians: Vogel's spiral spreads points evenly over a disc (Mathematical Biosciences 44, 1979)."""
SWAY = 0.3
"""Radians by which a village may lie off its spiral, to either side."""
SPREAD = 0.5
"""Standard deviation of the logarithm of a village's population."""
COMMUNITY = 2.0
"""How many times as many live in an urban community (社区, 居委会) as in a village, at the median."""
LONG = 3.0
"""Neighbours further apart than so many times the median are none, unless they hold the county together."""
EARTH = 6_371_008.8
"""The mean radius of the Earth in metres (IUGG)."""
_DECIMALS = 5  # of a degree: about a metre


class NoSeats(Problem):
    """The town seats of the county are not known, from which a geography could be made up."""

    code = "places.no_seats"
    status = 404
    next_step = "目前只有浏阳市能编；别的县要先有各乡镇驻地的坐标。"


class Known(NamedTuple):
    """What is known of a county: the file of its town seats, its residents, its area in km², and where all of it is from."""

    seats: str
    population: int
    square_km: float
    sources: tuple[str, ...]


KNOWN: Mapping[str, Known] = {
    "430181000000": Known(
        "liuyang-towns.csv",
        1_429_384,
        5_000.0,
        (
            "areas: china-division 2.7.0 (WTFPL)",
            "town seats: GeoNames (CC BY 4.0), Wikipedia, and estimates good to some kilometres",
            "population: census of 2020; area: about 5,000 km²",
        ),
    )
}
"""Counties by code."""


class Seat(NamedTuple):
    """Where a town is governed from: its code, degrees in WGS-84, and its area in km² where that is known."""

    code: str
    lat: float
    lon: float
    square_km: float | None


class Village(msgspec.Struct, frozen=True):
    """A village or community: 12-digit codes, degrees in WGS-84, residents."""

    code: str
    name: str
    name_en: str
    town: str
    lat: float
    lon: float
    population: int
    made_up: bool = True


class Edge(msgspec.Struct, frozen=True):
    """Two villages that are neighbours, the lower code first, and how far apart they are as the crow flies."""

    a: str
    b: str
    metres: int
    made_up: bool = True


@dataclass(frozen=True)
class Geography:
    """A county's villages and who neighbours whom, both by code; ``made_up`` from a seed."""

    county: County
    seed: int
    population: int
    sources: tuple[str, ...]
    villages: tuple[Village, ...]
    edges: tuple[Edge, ...]
    made_up: bool = True

    def geojson(self) -> bytes:
        """Return all of it as one GeoJSON file (RFC 7946), whose shape docs/geography.md gives."""
        at = {village.code: (village.lon, village.lat) for village in self.villages}
        features = [
            *(_feature(v.code, "Point", at[v.code], _of_village(v)) for v in self.villages),
            *(_feature(f"{e.a}-{e.b}", "LineString", (at[e.a], at[e.b]), _of_edge(e)) for e in self.edges),
        ]
        county = {
            "code": self.county.code,
            "name": self.county.name,
            "name_en": self.county.name_en,
            "population": self.population,
        }
        head = {
            "type": "FeatureCollection", "made_up": self.made_up, "county": county, "seed": self.seed, "rule": RULE,
            "sources": self.sources,
        }  # fmt: skip
        lines = b",\n".join(map(msgspec.json.encode, features))  # a feature a line, so that two files can be compared
        return msgspec.json.encode(head).removesuffix(b"}") + b',"features":[\n' + lines + b"\n]}\n"


def _feature(id_: str, kind: str, coordinates: object, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "id": id_, "geometry": {"type": kind, "coordinates": coordinates}, "properties": properties}


def _of_village(village: Village) -> dict[str, Any]:
    return {
        "kind": "village", "code": village.code, "name": village.name, "name_en": village.name_en, "town": village.town,
        "population": village.population, "made_up": village.made_up,
    }  # fmt: skip


def _of_edge(edge: Edge) -> dict[str, Any]:
    return {"kind": "edge", "from": edge.a, "to": edge.b, "metres": edge.metres, "made_up": edge.made_up}


def made_up(county: County, seed: int) -> Geography:
    """Return the geography of a county and seed, always the same; raise NoSeats."""
    known = KNOWN.get(county.code)
    if known is None:
        name = pick(county.full, county.full_en)
        raise NoSeats(say("不知道{county}各乡镇的驻地，编不出演练用的地理", county=name))
    rows = [row for row in tree(county) if row.level == "village"]
    rng = Random(f"{county.code}/{seed}")  # noqa: S311 - a drill must be reproducible, not secret
    at = dict(_points(rng, seats(known), rows, known.square_km))
    people = _shared(known.population, [_weight(rng, row) for row in rows])
    villages = tuple(
        Village(row.code, row.name, row.name_en, str(row.parent), *at[row.code], population)
        for row, population in zip(rows, people, strict=True)
    )
    return Geography(county, seed, known.population, known.sources, villages, _neighbours(villages))


def seats(known: Known) -> list[Seat]:
    """Return the town seats of a county, by code."""
    rows = csv.DictReader((DATA / known.seats).read_text("utf-8").splitlines())
    found = [Seat(r["code"], float(r["lat"]), float(r["lon"]), float(r["area_km2"]) if r["area_km2"] else None) for r in rows]
    return sorted(found, key=lambda seat: seat.code)


def _points(
    rng: Random, towns: Sequence[Seat], villages: Sequence[Row], square_km: float
) -> Iterator[tuple[str, tuple[float, float]]]:
    """Yield each village's code with its latitude and longitude: on a spiral around its town's seat, the nearest of all seats."""
    plane = Plane.around(towns)
    counts = Counter(row.parent for row in villages)
    for town, radius in zip(towns, _radii(towns, counts, square_km), strict=True):
        own = [row.code for row in villages if row.parent == town.code]
        others = [plane.between(town, other) for other in towns if other != town]
        first = rng.random() * math.tau
        for number, code in enumerate(own):
            angle = first + number * TURN + SWAY * (2 * rng.random() - 1)
            share = math.sqrt((number + rng.random()) / len(own))
            far = share * _reach(angle, radius, others)
            yield code, plane.away(town, far * math.cos(angle), far * math.sin(angle))


def _radii(towns: Sequence[Seat], counts: Mapping[str | None, int], square_km: float) -> list[float]:
    """Return each town's radius in metres, that of a disc of its area; unknown areas share what is left by number of villages."""
    left = square_km - math.fsum(town.square_km for town in towns if town.square_km is not None)
    sharing = sum(counts[town.code] for town in towns if town.square_km is None)
    areas = [left * counts[t.code] / sharing if t.square_km is None else t.square_km for t in towns]
    return [1000 * math.sqrt(area / math.pi) for area in areas]


def _reach(angle: float, radius: float, others: Iterable[tuple[float, float]]) -> float:
    """Return how far a village may lie from its seat in a direction, in metres.

    Along the unit vector u the line halfway to a seat at d is |d|² / 2(u·d) away; of it, KEPT.
    """
    ahead = ((x * math.cos(angle) + y * math.sin(angle), x * x + y * y) for x, y in others)
    halfway = (square / (2 * along) for along, square in ahead if along > 0)
    return min(radius, KEPT * min(halfway, default=math.inf))


class Plane(NamedTuple):
    """A flat map around a latitude: metres east and north. Within a county it is true to a thousandth."""

    lat: float

    @classmethod
    def around(cls, towns: Sequence[Seat]) -> "Plane":
        """Return the map around the middle of some seats."""
        return cls(math.fsum(town.lat for town in towns) / len(towns))

    def metres(self, lat: float, lon: float) -> tuple[float, float]:
        """Return what a difference in degrees comes to."""
        return EARTH * math.radians(lon) * math.cos(math.radians(self.lat)), EARTH * math.radians(lat)

    def between(self, here: Seat, there: Seat) -> tuple[float, float]:
        """Return how far east and north of one seat another lies."""
        return self.metres(there.lat - here.lat, there.lon - here.lon)

    def away(self, seat: Seat, east: float, north: float) -> tuple[float, float]:
        """Return the latitude and longitude so far east and north of a seat, to the metre."""
        lat = seat.lat + math.degrees(north / EARTH)
        lon = seat.lon + math.degrees(east / EARTH / math.cos(math.radians(self.lat)))
        return round(lat, _DECIMALS), round(lon, _DECIMALS)


def _weight(rng: Random, village: Row) -> float:
    """Return what a village's population is proportional to: log-normal, more in a community."""
    within_0_and_1 = (rng.getrandbits(32) + 0.5) / 2**32
    weight = math.exp(SPREAD * NormalDist().inv_cdf(within_0_and_1))
    return weight * COMMUNITY if village.name.endswith(("社区", "居委会", "居民委员会")) else weight


def _shared(total: int, weights: Sequence[float]) -> list[int]:
    """Share whole people out by weight, to the last one: each gets the whole part, the largest remainders one more (Hamilton)."""
    whole = math.fsum(weights)
    exact = [total * weight / whole for weight in weights]
    shares = [math.floor(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda index: (shares[index] - exact[index], index))
    for index in by_remainder[: total - sum(shares)]:
        shares[index] += 1
    return shares


def _neighbours(villages: Sequence[Village]) -> tuple[Edge, ...]:
    """Return who neighbours whom: the Delaunay triangulation without its long edges, but for those that hold it together."""
    from scipy.spatial import Delaunay  # noqa: PLC0415 - heavy, and only a made-up geography needs it

    plane = Plane(math.fsum(village.lat for village in villages) / len(villages))
    corners = Delaunay([plane.metres(village.lat, village.lon) for village in villages]).simplices
    pairs = {pair for triangle in corners for pair in combinations(sorted(map(int, triangle)), 2)}
    edges = [_edge(villages[a], villages[b]) for a, b in pairs]
    edges.sort(key=lambda edge: (edge.metres, edge.a, edge.b))
    longest = LONG * median(edge.metres for edge in edges)
    parts = Parts()
    kept = [edge for edge in edges if parts.join(edge.a, edge.b) or edge.metres <= longest]
    return tuple(sorted(kept, key=lambda edge: (edge.a, edge.b)))


class Parts:
    """Which things hang together (union–find)."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def join(self, a: str, b: str) -> bool:
        """Join the parts of two things; tell whether they were apart."""
        first, second = self._root(a), self._root(b)
        self._above[first] = second
        return first != second

    def _root(self, thing: str) -> str:
        while (above := self._above.get(thing, thing)) != thing:
            thing = above
        return thing


def _edge(one: Village, other: Village) -> Edge:
    a, b = sorted((one, other), key=lambda village: village.code)
    return Edge(a.code, b.code, round(distance(a.lat, a.lon, b.lat, b.lon)))


def distance(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Return the metres between two points given in degrees, on a sphere (haversine)."""
    north, east = math.radians(other_lat - lat), math.radians(other_lon - lon)
    half = math.sin(north / 2) ** 2 + math.cos(math.radians(lat)) * math.cos(math.radians(other_lat)) * math.sin(east / 2) ** 2
    return 2 * EARTH * math.asin(math.sqrt(half))
