"""Measures how long it takes to choose a county by name and be ready, beside its bar of ten seconds.

Usage: python bench/county_ready.py [--json FILE] [--rounds 3] [NAME ...]

*Ready* is when the county's first commander is signed in at its desk. Two ways, as a user does them:

- ``beside``, which has the bar: Tongxin runs for Liuyang; ``tongxin county NAME``, then the sign-in that it printed.
- ``nothing``: no home, no database; ``tongxin county NAME``, then ``tongxin up``, then the sign-in that it printed. It makes a
  database and starts it twice, so it is reported beside ``first_start``: ``tongxin up`` for Liuyang, where there was nothing.

Without names it takes a county of middling size, the largest district of the country, and a city without counties.
"""

import json
import os
import re
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.homes import BenchError, command, is_clean, machine, run, temporary_home, tree

from tongxin.base import clock
from tongxin.host.home import Home
from tongxin.host.ports import free_port
from tongxin.places.table import County, find
from tongxin.places.table import tree as areas
from tongxin_drill.client import Desk

BAR = 10.0
"""Seconds."""
STARTING = 120.0
COUNTIES = ("长沙县", "浦东新区", "东莞市")


@click.command(help=__doc__)
@click.argument("names", nargs=-1)
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write everything here too.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1))
def main(names: tuple[str, ...], file: Path | None, rounds: int) -> None:
    """Measure, print, write."""
    found: dict[str, Any] = {
        "date": clock.wall().isoformat(timespec="seconds"),
        "tree": tree(),
        "clean": is_clean(),
        "machine": machine(),
        "bar": BAR,
    }
    try:
        found["first_start"] = [round(_first_start(), 2) for _ in range(rounds)]
        found["counties"] = {name: _measure(find(name), rounds) for name in names or COUNTIES}
    except BenchError as error:
        raise click.ClickException(str(error)) from None
    found["machine"]["load_after"] = os.getloadavg()[0]
    _show(found)
    if file:
        file.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _measure(county: County, rounds: int) -> dict[str, Any]:
    """Return the county's areas, and the seconds of every round by way."""
    return {
        "areas": len(areas(county)),
        "beside": [round(_beside(county), 2) for _ in range(rounds)],
        "nothing": [round(_from_nothing(county), 2) for _ in range(rounds)],
    }


def _beside(county: County) -> float:
    with temporary_home() as home, _desk(home) as url:
        began = time.monotonic()
        _sign_in(url, _choose(home, county))
        return time.monotonic() - began


def _first_start() -> float:
    with temporary_home() as home:
        began = time.monotonic()
        with _desk(home):
            return time.monotonic() - began


def _from_nothing(county: County) -> float:
    with temporary_home() as home:
        began = time.monotonic()
        code = _choose(home, county)
        with _desk(home) as url:
            _sign_in(url, code)
            return time.monotonic() - began


@contextmanager
def _desk(home: Home) -> Iterator[str]:
    """Run everything while the context lasts; yields the desk's address once it is up."""
    with command(home, "up", "--port", str(free_port())) as running:
        said = running.wait_for(r"http://\S+", STARTING)
        yield re.findall(r"http://\S+", said)[0]


def _choose(home: Home, county: County) -> str:
    """Choose a county by its full name; return its commander's code."""
    code, said = run(home, "county", county.full)
    found = re.search(r"^  (\S+)  Commander$", said, re.MULTILINE)
    if code or not found:
        raise BenchError(f"tongxin county {county.full} ended with {code}:\n{said}")
    return found[1]


def _sign_in(url: str, code: str) -> None:
    with Desk(url) as desk:
        if desk.sign_in(code)["roles"] != ["commander"]:
            raise BenchError("the county's desk let somebody else in")


def _show(found: dict[str, Any]) -> None:
    machine_ = found["machine"]
    print(f"{found['date']}, tree {found['tree'][:12]}{'' if found['clean'] else ' with changes'}")
    print(f"{machine_['cores']} cores, load {machine_['load_before']:.1f} before, {machine_['load_after']:.1f} after\n")
    first = statistics.median(found["first_start"])
    print(f"a first start for Liuyang, from nothing: median {first:.1f} s")
    for name, measured in found["counties"].items():
        beside, nothing = measured["beside"], statistics.median(measured["nothing"])
        met = "yes" if max(beside) <= BAR else "NO"
        print(f"{name} ({measured['areas']} areas)")
        print(f"  beside: median {statistics.median(beside):.1f} s, worst {max(beside):.1f} s; bar <= {BAR:g} s: {met}")
        print(f"  nothing: median {nothing:.1f} s, {nothing / first:.1f} x a first start")


if __name__ == "__main__":
    main()
