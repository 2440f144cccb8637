"""Phones and server in virtual worlds: nothing lost, nothing twice, no queue that stalls, one state whatever comes first.

Usage: python bench/simulate.py --seeds N --from K [--write FILE]

Each seed is a world of at least three phones, sixty records and one fault (see tests/protocol/world.py). A seed that fails is
replayed by ``--seeds 1 --from THAT``. Each run adds itself to FILE.
"""

import json
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.homes import tree
from tests.protocol.world import Outcome, run

from tongxin.base import clock

SHOWN = 20


@click.command()
@click.option("--seeds", default=2000, type=click.IntRange(1), help="How many worlds.")
@click.option("--from", "first", default=0, type=click.IntRange(0), help="The first one's seed.")
@click.option("--write", type=click.Path(path_type=Path, dir_okay=False), help="Where the result is added, as JSON.")
def main(seeds: int, first: int, write: Path | None) -> None:
    """Let worlds pass; end with 1 if any ends badly."""
    began = time.monotonic()
    faults: Counter[str] = Counter()
    failed: list[Outcome] = []
    records = 0
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for outcome in _shown(pool.imap_unordered(run, range(first, first + seeds), chunksize=20), seeds):
            faults.update(set(outcome.faults))
            records += outcome.records
            failed += [outcome] if outcome.complaints else []
    seconds = time.monotonic() - began
    click.echo(f"{seeds:,} worlds from seed {first}, {records:,} records, {seconds:.0f} s, {seeds / seconds:.0f} a second")
    click.echo("worlds with each fault: " + ", ".join(f"{name} {n:,}" for name, n in sorted(faults.items())))
    for outcome in failed[:SHOWN]:
        click.echo(f"python bench/simulate.py --seeds 1 --from {outcome.seed}: {outcome.complaints[0]}", err=True)
    if write:
        result = {
            "at": clock.wall().isoformat(timespec="seconds"), "tree": tree(), "seeds": seeds, "from": first, "records": records,
            "seconds": round(seconds), "failed": sorted(outcome.seed for outcome in failed),
            "worlds with": dict(sorted(faults.items())),
        }  # fmt: skip
        runs = json.loads(write.read_text("utf-8")) if write.exists() else []
        write.write_text(json.dumps([*runs, result], indent=1) + "\n", "utf-8")
    sys.exit(1 if failed else 0)


def _shown(outcomes: Iterable[Outcome], seeds: int) -> Iterable[Outcome]:
    """Show how far it is."""
    with click.progressbar(outcomes, length=seeds, width=40, update_min_steps=100, file=sys.stderr) as bar:
        yield from bar


if __name__ == "__main__":
    main()
