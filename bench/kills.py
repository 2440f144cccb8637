"""First nights during which the server's processes are killed at random moments: nothing lost, nothing twice, every figure true.

Usage: python bench/kills.py --nights N [--seed S] [--scale X] --write FILE

Each night has its own seed and an installation of its own. While its phones are out, three to six times something is killed at
once and without warning: PostgreSQL's server or one of the processes it made, the intake or the web server or the child that
answers for it, or the worker. Then the night must end as its truth said, and the second path must come to the same cells. The
i-th night has the seed S + i, so a night that fails is replayed by ``--nights 1 --seed THAT``. Each run adds itself to FILE.
"""

import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.homes import BenchError, command, is_clean, run, temporary_home, tree
from bench.prey import Kill, hunt, planned

from tongxin.base import clock
from tongxin.host.home import Home
from tongxin.host.ports import free_port

LONGEST = 300.0
"""Seconds after which a night is taken to hang."""
SENT_AGAIN = re.compile(r"sent again (\d+)")


@dataclass
class Night:
    """A night and how it ended; ``faults`` is empty if it ended well. ``resent`` is None if the drill did not say it."""

    seed: int
    kills: list[Kill] = field(default_factory=list)
    records: int = 0
    resent: int | None = None
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)
    said: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return what is written down."""
        kills = [{"second": round(kill.second, 2), "process": kill.kind} for kill in self.kills]
        row = {"seed": self.seed, "records": self.records, "resent": self.resent, "seconds": self.seconds, "kills": kills}
        return row | ({"faults": self.faults, "said": self.said} if self.faults else {})


@click.command(help=__doc__)
@click.option("--nights", required=True, type=click.IntRange(1))
@click.option("--seed", default=1, show_default=True)
@click.option("--scale", default=0.3, show_default=True, type=click.FloatRange(0, min_open=True))
@click.option("--write", "file", required=True, type=click.Path(dir_okay=False, path_type=Path))
def main(nights: int, seed: int, scale: float, file: Path) -> None:
    """Run the nights one after the other; end with 1 if one of them failed."""
    before, clean, date = tree(), is_clean(), clock.wall().isoformat(timespec="seconds")
    done: list[Night] = []
    for number in range(nights):
        done.append(_night(seed + number, scale))
        _tell(done[-1])
    unchanged = clean and is_clean() and tree() == before
    proof = {"date": date, "tree": before, "clean": unchanged, "cores": os.cpu_count(), "scale": scale}
    _add(file, proof | _summed(done))
    sys.exit(1 if any(night.faults for night in done) else 0)


def _night(seed: int, scale: float) -> Night:
    """Let one night pass, kill, compare; what goes wrong becomes a fault, so that the other nights still pass."""
    night = Night(seed)
    with temporary_home() as home:
        try:
            _pass(night, home, scale)
        except BenchError as error:
            night.faults.append(str(error).replace(str(home.path), "HOME"))
        if night.faults:
            _keep_logs(night, home)
    return night


def _pass(night: Night, home: Home, scale: float) -> None:
    file, port, began = home.path.parent / "night.json", free_port(), time.monotonic()
    options = ["--seed", str(night.seed), "--scale", str(scale), "--json", str(file), "--port", str(port)]
    with command(home, "drill", "first-night", *options) as running:
        hunt(running.process, f"http://127.0.0.1:{port}", planned(Random(f"{night.seed}/kills")), night.kills)  # noqa: S311
        code = running.wait(LONGEST)
    night.seconds = round(time.monotonic() - began, 1)
    night.said = running.said[-3000:].replace(str(home.path), "HOME")
    if code:
        night.faults.append(f"the drill ended with {code}")
    if file.exists():
        _compare(night, json.loads(file.read_text("utf-8")))
    else:
        night.faults.append("the drill wrote no result")
    code, said = run(home, "figures", "verify")
    if code:
        night.faults.append(f"figures verify ended with {code}: {said[-1000:]}".replace(str(home.path), "HOME"))


def _compare(night: Night, result: dict[str, Any]) -> None:
    """Compare the drill's result with its truth, whatever the drill itself thinks of it."""
    night.records = result["records"]
    again = SENT_AGAIN.search(night.said)
    night.resent = int(again[1]) if again else None
    figures, truth = result["figures"], result["truth"]
    night.faults += [
        f"{key} is {figures.get(key)}, truth {truth.get(key)}"
        for key in sorted(figures.keys() | truth.keys())
        if figures.get(key) != truth.get(key)
    ]
    night.faults += [f"{name} {result[name]}" for name in ("lost", "duplicates") if result[name]]


def _keep_logs(night: Night, home: Home) -> None:
    """Keep what the processes of a failed night wrote, and say where."""
    kept = Path(tempfile.mkdtemp(prefix=f"tongxin-night-{night.seed}-"))
    if (home.path / "logs").exists():
        shutil.copytree(home.path / "logs", kept / "logs")
    (kept / "said.txt").write_text(night.said, "utf-8")
    print(f"the logs of night {night.seed} are kept in {kept}", file=sys.stderr)


def _tell(night: Night) -> None:
    killed = ", ".join(f"{kill.kind} at {kill.second:.1f} s" for kill in night.kills)
    print(
        f"night {night.seed}: {night.records} records, {night.resent} sent again, {night.seconds} s; killed {killed}", flush=True
    )
    for fault in night.faults:
        print(f"  FAULT {fault}", flush=True)


def _summed(done: list[Night]) -> dict[str, Any]:
    kills = Counter(kill.kind for night in done for kill in night.kills)
    return {
        "nights": len(done),
        "passed": sum(not night.faults for night in done),
        "records": sum(night.records for night in done),
        "resent": sum(night.resent or 0 for night in done),
        "kills": dict(sorted(kills.items())),
        "seeds": [night.seed for night in done],
        "failures": [night.seed for night in done if night.faults],
        "each": [night.as_json() for night in done],
    }


def _add(file: Path, proof: dict[str, Any]) -> None:
    """Put the newest proof behind the earlier ones."""
    proofs = json.loads(file.read_text("utf-8")) if file.exists() else []
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps([*proofs, proof], indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
