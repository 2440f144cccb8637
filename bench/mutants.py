"""How many small changes of the contract's code its tests notice: protocol, playbook and fold, mutated one place at a time.

Usage: python bench/mutants.py [--write FILE]

mutmut does the mutating, in a copy of the committed tree; the tests are those of the three, without the simulated worlds, at
fewer examples than usual. What survives is listed: either a test is missing, or the change means nothing.
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.homes import tree

from tongxin.base import clock

ROOT = Path(__file__).resolve().parents[1]
MUTMUT = Path(sys.executable).with_name("mutmut")


@click.command()
@click.option("--write", type=click.Path(path_type=Path, dir_okay=False), help="Where the result goes, as JSON.")
def main(write: Path | None) -> None:
    """Mutate, test, count."""
    with tempfile.TemporaryDirectory() as folder:
        _copy(Path(folder))
        subprocess.run([str(MUTMUT), "run", "--max-children", "2"], cwd=folder, check=False)
        listed = subprocess.run([str(MUTMUT), "results", "--all", "true"], cwd=folder, check=True, capture_output=True, text=True)
    result = summed(listed.stdout)
    click.echo(f"{result['killed']} of {result['mutants']} noticed: {result['score']:.1%}; survivors {len(result['survivors'])}")  # type: ignore[arg-type]
    if write:
        write.write_text(
            json.dumps({"at": clock.wall().isoformat(timespec="seconds"), "tree": tree(), **result}, indent=1) + "\n", "utf-8"
        )


def _copy(folder: Path) -> None:
    """Put the committed tree into a folder."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)  # noqa: S607 - git lies where it lies


def summed(listed: str) -> Mapping[str, object]:
    """Return counts and survivors from mutmut's list, a line ``name: outcome`` each."""
    outcomes = dict(line.strip().rsplit(": ", 1) for line in listed.splitlines() if ": " in line)
    counts = Counter(outcomes.values())
    noticed = counts["killed"] + counts["timeout"] + counts["segfault"]
    missed = sorted(name for name, outcome in outcomes.items() if outcome in ("survived", "suspicious"))
    judged = noticed + len(missed)
    return {
        "mutants": judged,
        "killed": noticed,
        "score": noticed / judged if judged else 0.0,
        "without_a_test": sorted(name for name, outcome in outcomes.items() if outcome == "no tests"),
        "survivors": missed,
    }


if __name__ == "__main__":
    main()
