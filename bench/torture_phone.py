"""Kill a browser that saves records: nothing that was shown as saved is missing, or its loss is named at the next start.

Usage: python bench/torture_phone.py [--kills N] [--seed S] [--json FILE] [--write FILE]

A bare page (phone/bare) saves records into the phone's store as fast as it can and reports each that it shows as saved to a
server that no kill of the browser touches. At moments of the seed the whole browser is killed, or its first process alone, or the
page's, or that of its storage service; some kills fall into the start. Then the same profile is started again, and what the page
finds is held against what was shown: every record there byte for byte, every chain unbroken, no number twice, no transaction in
part. Between kills IndexedDB is at times deleted, or an older copy of it put back: then the page must name what is missing, and
no more. At times the storage is full: the page must say so, and what was saved stays. Profiles live for ``--life`` kills; each
has its own seed (the i-th S + i), and they take turns between the two engines that Chromium keeps IndexedDB in. A life that fails
is replayed by ``--kills LIFE --seed THAT``; where exactly a kill falls is up to the machine.

``--fault early`` has the page show each record before it is saved, ``--fault blind`` keep no witness beside its store, ``--fault
relaxed`` save without strict durability: so is seen what these kills can find, and what not.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.bare.browser import CHROMIUM
from bench.bare.life import ENGINES, Life, all_of, live
from bench.homes import is_clean, tree

from tongxin.base import clock

FAULTS = {"none": "", "early": "early", "blind": "blind", "relaxed": "durability=relaxed"}
WRITTEN = 3
"""Complaints of a life that are written down."""


def pass_some(kills: int, seed: int, life: int, hear: Callable[[Life], None], query: str = "") -> list[Life]:
    """Let lives of at most ``life`` kills pass one after the other until there were so many kills; return how each ended."""
    lives = []
    for number, first in enumerate(range(0, kills, life)):
        lives.append(live(seed + number, min(life, kills - first), query))
        hear(lives[-1])
    return lives


@click.command(help=__doc__)
@click.option("--kills", default=100, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
@click.option("--life", default=10, show_default=True, type=click.IntRange(1), help="Kills that one profile lives through.")
@click.option("--fault", default="none", show_default=True, type=click.Choice(list(FAULTS)))
@click.option("--json", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write the result here.")
@click.option("--write", type=click.Path(path_type=Path, dir_okay=False), help="Where the result is added, as JSON.")
def main(kills: int, seed: int, life: int, fault: str, file: Path | None, write: Path | None) -> None:
    """Kill so many times; end with 1 if anything went wrong."""
    before, clean, date, began = tree(), is_clean(), clock.wall().isoformat(timespec="seconds"), time.monotonic()
    lives = pass_some(kills, seed, life, _tell, FAULTS[fault])
    found = {"date": date, "tree": before, "clean": clean and is_clean() and tree() == before, "cores": os.cpu_count()}
    found |= {"browser": _version(), "fault": fault, "from": seed, "life": life, **summed(lives)}
    found["seconds"] = round(time.monotonic() - began)
    _show(found)
    if file:
        file.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    if write:
        runs = json.loads(write.read_text("utf-8")) if write.exists() else []
        write.write_text(json.dumps([*runs, found], indent=1) + "\n", "utf-8")
    sys.exit(1 if found["failed"] else 0)


def summed(lives: Sequence[Life]) -> dict[str, Any]:
    """Return what is written down of lives."""
    losses = [loss for life in lives for loss in life.truth.losses.values()]
    return {
        "kills": all_of(lives, "kills").total(),
        "by what": dict(sorted(all_of(lives, "kills").items())),
        "by engine": {engine: sum(life.kills.total() for life in lives if life.engine == engine) for engine in ENGINES},
        "faults": dict(sorted(all_of(lives, "faults").items())),
        "starts compared": sum(life.starts for life in lives),
        "records saved": sum(len(life.truth.saved) for life in lives),
        "shown": sum(life.shown for life in lives),
        "lost": sum(life.truth.lost for life in lives),
        "twice": sum(life.truth.twice for life in lives),
        "losses named": len(losses),
        "records named lost": sum(len(named) for life in lives for named in life.truth.named.values()),
        "problems named": dict(sorted(all_of(lives, "problems").items())),
        "durability": dict(all_of(lives, "durability")),
        "witnesses": dict(sorted(all_of(lives, "witnesses").items())),
        "persist granted": dict(all_of(lives, "lasting")),
        "save ms": {engine: times([ms for life in lives if life.engine == engine for ms in life.saves]) for engine in ENGINES},
        "failed": {life.seed: life.complaints[:WRITTEN] for life in lives if life.complaints},
    }


def times(values: Sequence[float]) -> dict[str, float]:
    """Return the middle, the 95th of a hundred, and the longest."""
    ranked = sorted(values) or [0.0]
    at = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    return {name: round(ranked[int(part * (len(ranked) - 1))], 2) for name, part in at.items()} | {
        "longest": round(ranked[-1], 2)
    }


def _tell(life: Life) -> None:
    killed = ", ".join(f"{prey} {n}" for prey, n in sorted((life.kills + life.faults).items()))
    click.echo(f"life {life.seed} ({life.engine}): {life.shown} shown, {len(life.truth.losses)} losses named; {killed}")
    for complaint in life.complaints[:WRITTEN]:
        click.echo(f"  python bench/torture_phone.py --kills {life.kills.total()} --seed {life.seed}: {complaint}")


def _show(found: dict[str, Any]) -> None:
    click.echo(f"{found['kills']} kills in {found['seconds']} s: {found['by what']}, {found['by engine']}; {found['faults']}")
    click.echo(
        f"{found['shown']:,} records shown as saved, {found['lost']} of them lost without a word, {found['twice']} numbers twice"
    )
    click.echo(
        f"{found['losses named']} losses named, {found['records named lost']:,} records; problems {found['problems named']}"
    )
    click.echo(f"a save takes {found['save ms']} ms; {len(found['failed'])} lives failed")


def _version() -> str:
    done = subprocess.run([CHROMIUM, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return done.stdout.strip()


if __name__ == "__main__":
    main()
