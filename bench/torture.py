"""Kill -9, lost, late and doubled requests, forks, poison and full disks against a real Tongxin: nothing lost, nothing twice.

Usage: python bench/torture.py --schedules N --seed S [--json FILE] [--write FILE]

One Tongxin stays up (and a second one on a small disk in memory, once a schedule wants its disk full); each schedule brings fresh
phones, places, an incident and an order, lasts some two seconds, and is drawn from one seed (bench/torment/plan.py). The same
seed draws the same schedule; where exactly a kill falls is up to the machine. Then all faults stop, every phone writes one more
record, and bench/torment/checks.py looks: every receipt ever given names a record that is there byte for byte; no position,
number or id twice; all that is on phones is in the ledger; what was spoiled is marked and its neighbours are not; the figures are
those of an independent count of the raw bytes; the intake answers. At the end the second path goes over the whole ledger. A
schedule that fails is replayed by ``--schedules 1 --seed THAT``. Each run adds itself to the file of ``--write``.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.homes import is_clean, run, tree
from bench.torment.arena import Arena, arena
from bench.torment.plan import Plan, drawn
from bench.torment.schedule import Outcome, run_one

from tongxin.base import clock
from tongxin.host.home import Home

SWITCH = 0.0005
"""Seconds between two threads' turns: who watches for a commit, to kill before its answer is out, must not wait for longer."""
WRITTEN = 3
"""Complaints of a schedule that are written down."""


class Arenas:
    """A Tongxin in memory and one whose disk is small: started when first asked for, and anew after a schedule that failed."""

    def __init__(self) -> None:
        self._stack, self._up = ExitStack(), dict[bool, Arena]()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def get(self, *, small: bool) -> Arena:
        """Return one of them, running."""
        if small not in self._up:
            self._up[small] = self._stack.enter_context(arena(small=small))
        return self._up[small]

    def replace(self, *, small: bool) -> None:
        """Let nothing more happen on one of them."""
        self._up.pop(small, None)

    def verify(self) -> list[str]:
        """Return what the second path says to the ledgers that stand, a text each that is not right."""
        ended = [(here, *run(here.home, "figures", "verify")) for here in self._up.values()]
        return [said[-1000:].replace(str(here.home.path), "HOME") for here, code, said in ended if code]


def pass_some(seeds: Sequence[int], hear: Callable[[Outcome], None]) -> tuple[list[Outcome], list[str]]:
    """Let schedules pass one after the other; return how each ended, and what the second path says against the whole."""
    ended: list[Outcome] = []
    with Arenas() as arenas:
        for seed in seeds:
            plan = possible(drawn(seed))
            small = plan.full is not None
            here = arenas.get(small=small)
            ended.append(run_one(here, plan))
            hear(ended[-1])
            if ended[-1].complaints:
                _keep_logs(seed, here.home)
                arenas.replace(small=small)
        return ended, arenas.verify()


def possible(plan: Plan) -> Plan:
    """Leave a full disk out where no small one can be made: only root can."""
    return plan if os.geteuid() == 0 else replace(plan, full=None)


def pass_all(seeds: Sequence[int], beside: int, hear: Callable[[Outcome], None]) -> tuple[list[Outcome], list[str]]:
    """Share schedules out among so many arenas beside each other: most of a schedule's time is waiting for a process to start."""
    sys.setswitchinterval(SWITCH)
    with ThreadPoolExecutor(beside) as threads:  # what an arena starts is tied to its thread, which lives until it is over
        parts = list(threads.map(lambda first: pass_some(seeds[first::beside], hear), range(min(beside, len(seeds)))))
    ended = sorted((outcome for some, _ in parts for outcome in some), key=lambda outcome: outcome.seed)
    return ended, [said for _, against in parts for said in against]


@click.command(help=__doc__)
@click.option("--schedules", default=100, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="The first one's; the i-th has this plus i.")
@click.option("--beside", default=2, show_default=True, type=click.IntRange(1), help="How many run beside each other.")
@click.option("--json", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write the result here.")
@click.option("--write", type=click.Path(path_type=Path, dir_okay=False), help="Where the result is added, as JSON.")
def main(schedules: int, seed: int, beside: int, file: Path | None, write: Path | None) -> None:
    """Let schedules pass; end with 1 if anything went wrong."""
    before, clean, at, began = tree(), is_clean(), clock.wall().isoformat(timespec="seconds"), time.monotonic()
    with click.progressbar(length=schedules, width=40, file=sys.stderr) as bar:
        ended, against = pass_all(range(seed, seed + schedules), beside, lambda outcome: _heard(outcome, bar))
    found = {
        "at": at,
        "tree": before,
        "clean": clean and is_clean() and tree() == before,
        "cores": os.cpu_count(),
        "beside": beside,
    }
    found |= {"from": seed, **summed(ended), "seconds": round(time.monotonic() - began), "second path": against}
    _show(found)
    if file:
        file.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    if write:
        runs = json.loads(write.read_text("utf-8")) if write.exists() else []
        write.write_text(json.dumps([*runs, found], indent=1, ensure_ascii=False) + "\n", "utf-8")
    sys.exit(1 if found["failed"] or against else 0)


def summed(ended: Sequence[Outcome]) -> dict[str, Any]:
    """Return what is written down of schedules."""
    kills, faults = (sum((getattr(o, name) for o in ended), Counter[str]()) for name in ("kills", "faults"))
    return {
        "schedules": len(ended), "records": sum(o.records for o in ended), "kills": dict(sorted(kills.items())),
        "faults": dict(sorted(faults.items())), "committed but unacknowledged": sum(o.unacknowledged for o in ended),
        "longest until the intake answered": round(max(o.back for o in ended), 1),
        "failed": {o.seed: o.complaints[:WRITTEN] for o in ended if o.complaints},
    }  # fmt: skip


def _heard(outcome: Outcome, bar: Any) -> None:  # noqa: ANN401 - click does not name it
    """Show how far it is, and at once what failed and how to see it again."""
    bar.update(1)
    if outcome.complaints:
        more = f" (and {len(outcome.complaints) - 1} more)" if len(outcome.complaints) > 1 else ""
        click.echo(f"python bench/torture.py --schedules 1 --seed {outcome.seed}: {outcome.complaints[0]}{more}")


def _show(found: dict[str, Any]) -> None:
    each = found["seconds"] / found["schedules"]
    click.echo(f"{found['schedules']:,} schedules from seed {found['from']}, {found['records']:,} records, {found['seconds']} s")
    click.echo(f"{each:.1f} s a schedule; {len(found['failed'])} failed")
    for name in ("kills", "faults"):
        click.echo(f"{name}: " + ", ".join(f"{what} {n:,}" for what, n in found[name].items()))
    click.echo(f"sendings that were committed and never answered: {found['committed but unacknowledged']}")
    click.echo(f"longest until the intake answered after the last kill: {found['longest until the intake answered']} s")
    for said in found["second path"]:
        click.echo(f"figures verify: {said}")


def _keep_logs(seed: int, home: Home) -> None:
    """Keep what the processes of a failed schedule wrote, and say where."""
    kept = Path(tempfile.mkdtemp(prefix=f"tongxin-torture-{seed}-"))
    shutil.copytree(home.path / "logs", kept / "logs")
    click.echo(f"  the logs are kept in {kept}", err=True)


if __name__ == "__main__":
    main()
