"""The rows of the report come out of single records: the reference drill at full size, three seeds, beside what was published."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import run

from tongxin.host.ports import free_port

PAGE = Path(__file__).resolve().parents[2] / "docs" / "report.md"
NAMED = {"S2", "S3", "S4", "S5", "S6", "S10", "S11", "S12", "S13", "S14", "S15", "S20", "S21", "S23", "S24"}


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_every_row_that_has_figures_comes_to_what_was_published(tmp_path: Path, seed: int) -> None:
    home, port = tmp_path / "home", str(free_port())
    drill = (
        "drill",
        "liuyang-2022",
        "--seed",
        str(seed),
        "--seconds",
        "40",
        "--port",
        port,
        "--json",
        str(tmp_path / "drill.json"),
    )
    code, said = run(home, *drill)
    assert code == 0, said
    result: dict[str, Any] = json.loads((tmp_path / "drill.json").read_text("utf-8"))
    assert (result["lost"], result["duplicates"], result["differences"]) == (0, 0, []), said
    asked = ("report", "check", "--port", port, "--json", str(tmp_path / "rows.json"), "--write", str(tmp_path / "report.md"))
    code, said = run(home, *asked)
    rows = json.loads((tmp_path / "rows.json").read_text("utf-8"))["rows"]
    states = {row["id"]: row["state"] for row in rows}
    assert (code, {id_ for id_, state in states.items() if state == "green"}) == (0, NAMED), said
    assert {id_ for id_, state in states.items() if state == "red"} == set()
    verified, said = run(home, "figures", "verify")
    assert (verified, said.splitlines()[-1].endswith("0 differences")) == (0, True), said
    if seed == 7:
        assert (tmp_path / "report.md").read_text("utf-8") == PAGE.read_text("utf-8"), "write docs/report.md anew"
    run(home, "clean")


def test_where_no_drill_is_the_next_step_is_named(tmp_path: Path) -> None:
    home = tmp_path / "home"
    code, said = run(home, "report", "check", "--port", str(free_port()))
    assert code != 0
    assert "tongxin drill liuyang-2022" in said
    run(home, "clean")
