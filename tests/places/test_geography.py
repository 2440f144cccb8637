"""The made-up geography keeps what docs/geography.md promises, for every seed."""

import hashlib
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta
from tests.e2e.conftest import run

from tongxin.places.geography import KNOWN, Geography, distance, made_up, seats
from tongxin.places.table import find, tree

LIUYANG = find("浏阳市")
SEATS = {seat.code: seat for seat in seats(KNOWN[LIUYANG.code])}
ROOT = Path(__file__).resolve().parents[2]
SEED_7 = "94012c13630a5c80529b35ac6de3f769f3e0b7c75f04570006ba7470ace1a52f"
"""SHA-256 of the file of seed 7: the same on every machine. Another rule gives another number (``RULE``) and another digest."""

any_seed = given(seed=st.integers(-(2**63), 2**63))
few = settings(max_examples=25, deadline=None)

Code = Annotated[str, Meta(pattern=r"^\d{12}$")]
Position = tuple[Annotated[float, Meta(ge=73, le=136)], Annotated[float, Meta(ge=18, le=54)]]


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    pass


class County(Strict):
    code: Code
    name: str
    name_en: str
    population: int


class VillageProperties(Strict, tag_field="kind", tag="village"):
    code: Code
    name: str
    name_en: str
    town: Code
    population: Annotated[int, Meta(gt=0)]
    made_up: Literal[True]


class EdgeProperties(Strict, tag_field="kind", tag="edge", rename={"start": "from", "end": "to"}):
    start: Code
    end: Code
    metres: Annotated[int, Meta(gt=0)]
    made_up: Literal[True]


class Point(Strict, tag_field="type"):
    coordinates: Position


class LineString(Strict, tag_field="type"):
    coordinates: tuple[Position, Position]


class Feature(Strict):
    type: Literal["Feature"]
    id: str
    geometry: Point | LineString
    properties: VillageProperties | EdgeProperties


class Collection(Strict):
    """The file, as docs/geography.md describes it."""

    type: Literal["FeatureCollection"]
    made_up: Literal[True]
    county: County
    seed: int
    rule: int
    sources: list[str]
    features: list[Feature]


@any_seed
@few
def test_every_resident_of_the_county_lives_in_exactly_one_of_its_villages(seed: int) -> None:
    found = made_up(LIUYANG, seed)
    assert [v.code for v in found.villages] == [row.code for row in tree(LIUYANG) if row.level == "village"]
    assert sum(v.population for v in found.villages) == found.population == 1_429_384
    assert min(v.population for v in found.villages) > 0


@any_seed
@few
def test_every_village_lies_nearest_to_its_own_towns_seat_and_within_the_towns_reach(seed: int) -> None:
    for village in made_up(LIUYANG, seed).villages:
        far = {code: distance(village.lat, village.lon, seat.lat, seat.lon) for code, seat in SEATS.items()}
        own = far.pop(village.town)
        assert own < min(far.values()), village
        if area := SEATS[village.town].square_km:
            assert own <= 1000 * (area / 3.14159) ** 0.5 * 1.01, village


@any_seed
@few
def test_the_neighbours_hang_together_and_are_a_planar_graph_each_pair_once(seed: int) -> None:
    found = made_up(LIUYANG, seed)
    at = {v.code: (v.lat, v.lon) for v in found.villages}
    beside: dict[str, set[str]] = defaultdict(set)
    for edge in found.edges:
        assert edge.a < edge.b
        assert edge.metres == round(distance(*at[edge.a], *at[edge.b]))
        beside[edge.a].add(edge.b)
        beside[edge.b].add(edge.a)
    assert len({(edge.a, edge.b) for edge in found.edges}) == len(found.edges) <= 3 * len(at) - 6
    reached, waiting = set[str](), [found.villages[0].code]
    while waiting:
        code = waiting.pop()
        if code not in reached:
            reached.add(code)
            waiting.extend(beside[code])
    assert reached == at.keys()


@any_seed
@few
def test_long_edges_are_only_those_without_which_the_county_falls_apart(seed: int) -> None:
    found = made_up(LIUYANG, seed)
    lengths = sorted(edge.metres for edge in found.edges)
    for edge in found.edges:
        if edge.metres > 3.5 * lengths[len(lengths) // 2]:
            assert not joined(found, without=edge.metres, ends=(edge.a, edge.b))


def joined(found: Geography, without: int, ends: tuple[str, str]) -> bool:
    """Tell whether a way leads from one end to the other over edges shorter than that."""
    reached, before = {ends[0]}, 0
    while len(reached) > before:
        before = len(reached)
        for edge in found.edges:
            if edge.metres < without and reached & {edge.a, edge.b}:
                reached |= {edge.a, edge.b}
    return ends[1] in reached


def test_about_twice_as_many_live_in_a_community_as_in_a_village() -> None:
    """Of one seed the few communities may differ more; of twenty together they do not."""
    villages = [village for seed in range(20) for village in made_up(LIUYANG, seed).villages]
    urban = [v.population for v in villages if v.name.endswith("社区")]
    rural = [v.population for v in villages if not v.name.endswith("社区")]
    assert 1.9 < (sum(urban) / len(urban)) / (sum(rural) / len(rural)) < 2.1


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    file = made_up(LIUYANG, 7).geojson()
    assert hashlib.sha256(file).hexdigest() == SEED_7
    assert file == made_up(LIUYANG, 7).geojson() != made_up(LIUYANG, 8).geojson()


def test_the_command_writes_the_file_that_the_docs_describe(tmp_path: Path) -> None:
    out = tmp_path / "liuyang.geojson"
    code, said = run(tmp_path / "home", "geography", "--seed", "7", "--out", str(out))
    assert code == 0, said
    file = msgspec.json.decode(out.read_bytes(), type=Collection)
    assert (len(file.features), file.seed) == (len(made_up(LIUYANG, 7).villages) + len(made_up(LIUYANG, 7).edges), 7)
    assert any("GeoNames (CC BY 4.0)" in source for source in file.sources)
    kinds = [type(feature.properties) for feature in file.features]
    assert kinds == sorted(kinds, key=lambda kind: kind is EdgeProperties)
    at = {f.properties.code: f.geometry.coordinates for f in file.features if isinstance(f.properties, VillageProperties)}
    for feature in file.features:
        if isinstance(feature.properties, EdgeProperties):
            assert feature.geometry.coordinates == (at[feature.properties.start], at[feature.properties.end])


def test_the_example_in_the_docs_has_the_files_shape() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "geography.md").read_text("utf-8"), re.DOTALL)
    assert len(msgspec.convert(json.loads(example), Collection).features) == 2


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [(("--county", "长沙县"), "places.no_seats"), (("--county", "鼓楼区"), "places.ambiguous_county")],
)
def test_a_county_without_seats_is_refused_and_no_file_is_left(tmp_path: Path, arguments: tuple[str, ...], problem: str) -> None:
    code, said = run(tmp_path / "home", "geography", *arguments, "--out", str(tmp_path / "x.geojson"))
    assert (code, f"[{problem}]" in said, list(tmp_path.iterdir())) == (2, True, [])
