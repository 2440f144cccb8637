"""How long the 18 days of the report take at scale 1, and whether ten times as much ends with equal truth.

Usage: python bench/drill.py [--scale 1 --scale 10] [--seed N] [--json FILE]

A measurement, not a test: each drill runs as a user runs it, from nothing, then the figures are added up again by the second
path. It prints each scale's seconds beside its bar and beside what the drill's own clock takes, records a second and CPU; it ends
with 0 whenever it could measure.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.homes import BenchError, command, is_clean, machine, run, temporary_home, tree
from bench.processes import Sampler

from tongxin.base import clock
from tongxin.host.ports import free_port
from tongxin_drill import liuyang

SEED = 7
BAR = 180.0
"""Seconds that the whole command may take at scale 1 on two cores."""
LONGEST = 3_600.0
"""Seconds after which a drill is taken to hang."""
MB = 1_000_000


@click.command(help=__doc__)
@click.option(
    "--scale", "scales", multiple=True, default=(1.0, 10.0), type=click.FloatRange(0, liuyang.LARGEST_SCALE, min_open=True)
)
@click.option("--seed", default=SEED, show_default=True)
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write everything here too.")
def main(scales: tuple[float, ...], seed: int, file: Path | None) -> None:
    """Measure, print, write."""
    found: dict[str, Any] = {
        "date": clock.wall().isoformat(timespec="seconds"),
        "tree": tree(),
        "clean": is_clean(),
        "machine": machine(),
    }
    try:
        found["drills"] = [_show(_drill(seed, scale)) for scale in scales]
    except BenchError as error:
        raise click.ClickException(str(error)) from None
    found["machine"]["load_after"] = os.getloadavg()[0]
    if file:
        file.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _drill(seed: int, scale: float) -> dict[str, Any]:
    """Run one drill from nothing, and verify its figures; return what it came to and what it took."""
    scenario = liuyang.plan(seed, scale)
    with temporary_home() as home:
        file = home.path.parent / "drill.json"
        options = ["--seed", str(seed), "--scale", str(scale), "--json", str(file), "--port", str(free_port())]
        before, began = _cpu(), time.monotonic()
        with command(home, "drill", "liuyang-2022", *options) as running, Sampler(running.process.pid) as memory:
            code = running.wait(LONGEST)
        took, cpu = time.monotonic() - began, _cpu() - before
        if not file.exists():
            raise BenchError(f"the drill ended with {code} and no result:\n{running.said[-2000:]}")
        result = json.loads(file.read_text("utf-8"))
        verified, _ = run(home, "figures", "verify")
    counts = {
        name: result[name] for name in ("seed", "scale", "phones", "records", "lost", "duplicates", "seconds", "differences")
    }
    return counts | {
        "command": round(took, 1),
        "cpu": round(cpu, 1),
        "by_its_clock": round((scenario.until - scenario.start).total_seconds() / scenario.factor, 1),
        "memory": memory.as_json(),
        "equal": code == 0 and result["figures"] == result["truth"],
        "verified": verified == 0,
    }


def _cpu() -> float:
    """Return the seconds of CPU of all processes that we started and that ended, with what these had started."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _show(drill: dict[str, Any]) -> dict[str, Any]:
    """Print a drill's measures; return them."""
    bar = f" (bar {BAR:g} s: {'met' if drill['command'] <= BAR else 'NOT met'})" if drill["scale"] == 1 else ""
    truth = "figures equal the truth" if drill["equal"] else f"figures DIFFER: {drill['differences'][:3]}"
    second = "the second path agrees" if drill["verified"] else "the second path DIFFERS"
    clock_ = drill["by_its_clock"]
    print(
        f"scale {drill['scale']:g}, seed {drill['seed']}: {drill['command']:.1f} s for the whole command{bar}, "
        f"{drill['command'] / clock_:.2f} x the {clock_:.1f} s of its clock\n"
        f"  {drill['phones']:,} phones, {drill['records']:,} records, {drill['records'] / clock_:,.1f} a second, "
        f"{drill['cpu']:.0f} s of CPU ({drill['cpu'] / drill['command']:.2f} cores), "
        f"memory {drill['memory']['peak'] / MB:,.0f} MB\n"
        f"  lost {drill['lost']}, duplicates {drill['duplicates']}; {truth}; {second}",
        flush=True,
    )
    return drill


if __name__ == "__main__":
    main()
