"""The command ``tongxin geography``: a made-up geography of a county, in one file."""

from typing import BinaryIO

import click

from tongxin.base.words import pick, say
from tongxin.places.geography import made_up
from tongxin.places.table import find


@click.command("geography")
@click.option("--county", default="浏阳市", show_default=True, help="The county, by name or code.")
@click.option("--seed", default=7, show_default=True, help="Which geography; the same seed gives the same file.")
@click.option(
    "--out", "file", required=True, type=click.File("wb", atomic=True), help="Write GeoJSON here (- for standard output)."
)
def geography(county: str, seed: int, file: BinaryIO) -> None:
    """Make up where a county's villages lie, who lives there and which are neighbours, for drills and for trying plans."""
    found = made_up(find(county), seed)
    file.write(found.geojson())
    name = pick(found.county.full, found.county.full_en)
    sentence = "{county}：{villages}个村和社区，{edges}对相邻。位置、人口、相邻都是编造的（种子 {seed}），只供演练和试排。"
    click.echo(say(sentence, county=name, villages=len(found.villages), edges=len(found.edges), seed=seed), err=True)
