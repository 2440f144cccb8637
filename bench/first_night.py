"""How long a first night takes, how fast the desk's four pages are with 100,000 records, and how much memory it all needs.

Usage: python bench/first_night.py [--json FILE] [--records 100000]

A measurement, not a test: it prints each value beside its bar and beside what it is compared with in the same run (the night's
own length, the shortest answer of the same server, the database alone), and ends with 0 whenever it could measure.
"""

import json
import os
import re
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import pages
from bench.crowd import fill
from bench.homes import BenchError, Running, command, is_clean, machine, temporary_home, tree
from bench.processes import Others, Sampler
from bench.table import rows, show

from tongxin.base import clock
from tongxin.host.home import Home
from tongxin.host.ports import free_port
from tongxin_drill.client import Desk
from tongxin_drill.scenario import plan

SEED = 7
CROWDED = 100.0
"""The drill's largest scale here; above it, and on a busy machine at it, its own phones fall behind. More records follow it."""
ACTS_A_SCALE = 280
"""A night has at least so many acts for each unit of scale."""
ROUNDS, CLIENTS = 120, 4
UP = r"^The desk: (\S+)"
COMMANDER = r"^  (\S+)  Commander$"


@click.command(help=__doc__)
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write everything here too.")
@click.option("--records", default=100_000, show_default=True, type=click.IntRange(5_000))
def main(file: Path | None, records: int) -> None:
    """Measure, print, write."""
    found: dict[str, Any] = {
        "date": clock.wall().isoformat(timespec="seconds"),
        "tree": tree(),
        "clean": is_clean(),
        "machine": machine(),
    }
    try:
        found |= {"night": _night()}
        found |= _desk(records)
    except BenchError as error:
        raise click.ClickException(str(error)) from None
    found["machine"]["load_after"] = os.getloadavg()[0]
    measures = rows(found)
    show(measures, found)
    if file:
        found["measures"] = [asdict(row) | {"met": row.met} for row in measures]
        file.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _night() -> dict[str, Any]:
    """Run the first night as a user does, from nothing, and leave; then start again where it is finished."""
    with temporary_home() as home:
        found = _drill(home, 1.0, timeout=600)
        if not found["passed"]:
            raise BenchError(f"the first night itself failed:\n{found['said']}")
        began = time.monotonic()
        with command(home, "drill", "first-night", "--seed", str(SEED), "--port", str(free_port())) as running:
            running.wait(timeout=600)
        return found | {"again": round(time.monotonic() - began, 1)}


def _drill(home: Home, scale: float, timeout: float) -> dict[str, Any]:
    """Run a drill; return its own seconds, the whole command's, and the largest memory of all its processes."""
    file = home.path.parent / "night.json"
    options = ["--seed", str(SEED), "--scale", str(scale), "--json", str(file), "--port", str(free_port())]
    began = time.monotonic()
    with command(home, "drill", "first-night", *options) as running:
        with Sampler(running.process.pid) as memory:
            code = running.wait(timeout)
        took = time.monotonic() - began
    if not file.exists():
        raise BenchError(f"the drill ended with {code} and no result:\n{running.said[-2000:]}")
    result = json.loads(file.read_text("utf-8"))
    counts = {name: result[name] for name in ("records", "lost", "duplicates", "seconds")}
    said = "" if code == 0 else running.said[-2000:].replace(str(home.path), "HOME")
    return counts | {"scale": scale, "passed": code == 0, "command": round(took, 1), "memory": memory.as_json(), "said": said}


def _desk(records: int) -> dict[str, Any]:
    """Measure the pages and the memory of a desk that has so many records."""
    scale = min(CROWDED, records / ACTS_A_SCALE)
    with temporary_home() as home:
        drill = _drill(home, scale, timeout=1200)
        with command(home, "up", "--port", str(free_port())) as running:
            return {"crowd": drill} | _ask(home, running, scale, records)


def _ask(home: Home, running: Running, scale: float, records: int) -> dict[str, Any]:
    """Fill the ledger, freeze a bulletin, and ask for the pages while the memory is looked at."""
    said = running.wait_for(UP, timeout=120)
    url, code = (re.findall(pattern, said, re.MULTILINE)[0] for pattern in (UP, COMMANDER))
    scenario = plan(SEED, scale)
    with Desk(url) as desk:
        commander = desk.sign_in(code)["member"]["id"]
        made = fill(url, desk, scenario, records)
        content = {"incident": scenario.incident.id, "title": "第二轮督查", "title_en": "The second round"}
        bulletin = desk.post("bulletins", content, repeatable=False)["id"]
        asked = pages.pages(scenario, bulletin, made.total, ROUNDS)
        with pages.signed_in(url, desk, commander) as client, Sampler(running.process.pid) as memory:
            with Others(running.process.pid) as others:
                alone = pages.one_by_one(client, asked, ROUNDS)
            crowded, rate = pages.together(client, asked, ROUNDS // CLIENTS, CLIENTS)
    return {
        "records": asdict(made) | {"total": made.total, "how": str(made)},
        "pages": {name: asdict(times) for name, times in alone.items()},
        "together": {"clients": CLIENTS, "answers_a_second": round(rate, 1), "pages": _as_json(crowded)},
        "others": others.cores,
        "barred": [page.name for page in asked if page.barred],
        "memory": memory.as_json(),
        "postgres": _postgres(home),
    }


def _as_json(times: dict[str, pages.Times]) -> dict[str, Any]:
    return {name: asdict(value) for name, value in times.items()}


def _postgres(home: Home) -> str:
    run = home.running()
    if run is None:
        raise BenchError("the desk is no longer up")
    with psycopg.connect(run.app_url) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    return str(row[0]) if row else ""


if __name__ == "__main__":
    main()
