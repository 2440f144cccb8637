"""The 18 days of the report through every door, at a scale at which they take a quarter of a minute."""

import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.e2e.conftest import command, run

from tongxin.host.ports import free_port


@dataclass
class Drill:
    """A drill that has ended: its home, its result, and what it said."""

    home: Path
    code: int
    result: dict[str, Any]
    printed: str
    addresses: Counter[str]


def spoken_to(process: subprocess.Popen[str]) -> Counter[str]:
    """Look, as long as a command runs, where it and all that it starts listen and whom they speak to; count by address."""
    found: Counter[str] = Counter()
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):
            started = psutil.Process(process.pid)
            for one in (started, *started.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    found.update((held.raddr or held.laddr).ip for held in one.net_connections("inet"))
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    folder = tmp_path_factory.mktemp("liuyang")
    home, file = folder / "home", folder / "drill.json"
    options = ("--scale", "0.03", "--seconds", "16", "--port", str(free_port()), "--json", str(file))
    with command(home, "drill", "liuyang-2022", *options) as process, ThreadPoolExecutor(1) as watch:
        addresses = watch.submit(spoken_to, process)
        printed, _ = process.communicate()
    yield Drill(home, process.returncode, json.loads(file.read_text("utf-8")), printed, addresses.result())
    run(home, "clean")


def test_the_18_days_end_as_their_truth_said(drill: Drill) -> None:
    result = drill.result
    assert (drill.code, result["differences"], result["lost"], result["duplicates"]) == (0, [], 0, 0), drill.printed
    assert result["figures"] == result["truth"]
    assert result["truth"] == json.loads((drill.home / "truth.json").read_text("utf-8"))["truth"]
    assert result["records"] > 400
    assert result["phones"] > 40


def test_every_row_has_records_and_the_checkpoint_was_held_24_hours_on_each_day(drill: Drill) -> None:
    figures = drill.result["figures"]
    hours = {key: value for key, value in figures.items() if key.startswith("checkpoint_post.hours?day=")}
    assert len(hours) == 18
    assert set(hours.values()) == {24}
    activities = {key.partition(".")[0] for key in figures}
    assert len(activities) == 21
    assert [name for name in activities if not any(figures[key] for key in figures if key.startswith(name + "."))] == []


def test_a_drill_sends_nothing_outside(drill: Drill) -> None:
    assert sum(drill.addresses.values()) > 1000, "somebody looked"
    assert [address for address in drill.addresses if not ip_address(address).is_loopback] == []


def test_the_second_path_comes_to_the_same_figures(drill: Drill) -> None:
    code, said = run(drill.home, "figures", "verify")
    assert (code, said.splitlines()[-1].endswith("0 differences")) == (0, True), said
