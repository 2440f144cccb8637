"""What set-up says when something is missing: one clear line with what to type."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def tool(folder: Path, name: str, script: str) -> None:
    """Put a program of that name into a folder."""
    file = folder / name
    file.write_text(f"#!/bin/bash\n{script}\n", "utf-8")
    file.chmod(0o755)


@pytest.mark.parametrize(
    ("missing", "said"),
    [("version_info", "needs Python 3.11 or newer"), ("ensurepip", "Type: sudo apt-get install python3-venv")],
)
def test_a_python_that_will_not_do_is_one_clear_line(tmp_path: Path, missing: str, said: str) -> None:
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text("utf-8"), "utf-8")
    tool(tmp_path, "python3", f'case "$*" in *{missing}*) exit 1;; -V) echo Python 3.9.2;; esac')
    ended = subprocess.run(
        ["make", "-s", "PYTHON=./python3", ".venv/bin/python"], cwd=tmp_path, text=True, capture_output=True, check=False
    )
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("make")]
    assert ended.returncode != 0
    assert len(lines) == 1
    assert said in lines[0]


def test_without_chromium_and_fonts_it_prints_the_line_to_type_and_fails(tmp_path: Path) -> None:
    """On a machine without either, where nobody may install anything."""
    for name in ("grep", "id"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    ended = subprocess.run(
        ["/bin/bash", str(ROOT / "scripts" / "browser")],
        env={**os.environ, "PATH": str(tmp_path)}, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr == (
        "Tests in a browser need chromium fonts-noto-cjk. Type: sudo apt-get install chromium fonts-noto-cjk\n"
    )


@pytest.mark.parametrize("machine", ["none", "old"])
def test_without_node_and_where_none_can_be_had_it_says_what_to_install(tmp_path: Path, machine: str) -> None:
    """Where a Node that is new enough could come neither from the machine nor from the wheel."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / "scripts" / "node").write_text((ROOT / "scripts" / "node").read_text("utf-8"), "utf-8")
    (tmp_path / "dirname").symlink_to("/usr/bin/dirname")
    tool(tmp_path / ".venv" / "bin", "python", "exit 1")
    if machine == "old":
        tool(tmp_path, "npm", "exit 0")
        tool(tmp_path, "node", "exit 1")
    ended = subprocess.run(
        ["/bin/bash", str(tmp_path / "scripts" / "node"), "npm", "ci"],
        env={"PATH": str(tmp_path)}, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr == "The phone's app needs Node 20.19 or newer with npm. Type: sudo apt-get install nodejs npm\n"
