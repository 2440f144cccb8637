"""A real first night, started as a new user starts it: the command, its database, its desk, its phones."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from tests.host.helpers import environment

from tongxin.host.home import Home
from tongxin.host.ports import free_port

TONGXIN = str(Path(sys.executable).with_name("tongxin"))
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@dataclass
class Night:
    """A finished night whose desk stays up."""

    home: Home
    url: str
    codes: dict[str, str]
    result: dict[str, Any]
    printed: str


def command(home: Path, *arguments: str, **more: str) -> subprocess.Popen[str]:
    """Start ``tongxin`` in a home of its own, speaking English."""
    wanted = {"TONGXIN_HOME": str(home), "TONGXIN_LANGUAGE": "en", **more}
    return subprocess.Popen(
        [TONGXIN, *arguments], env=environment() | wanted, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def run(home: Path, *arguments: str, **more: str) -> tuple[int, str]:
    """Run ``tongxin`` to its end; return its exit code and everything it said."""
    with command(home, *arguments, **more) as process:
        said, _ = process.communicate()
    return process.returncode, said


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """The first night at full size, seed 7, whose desk stays up; what tests do there they take back."""
    yield from a_night(tmp_path_factory.mktemp("night") / "home")


def a_night(home: Path) -> Iterator[Night]:
    """Rehearse the first night in a home and hold its desk up."""
    result, port = home.parent / "night.json", free_port()
    arguments = ("drill", "first-night", "--stay", "--port", str(port), "--json", str(result))
    with command(home, *arguments) as process:
        printed = until_up(process)
        codes = {role: code for code, role in re.findall(r"  ((?:\w{4}-){2}\w{4})  (.+)", printed)}
        yield Night(Home(home), f"http://127.0.0.1:{port}", codes, json.loads(result.read_text("utf-8")), printed)
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 0
    run(home, "clean")


def until_up(process: subprocess.Popen[str]) -> str:
    """Read what the command prints until it says where the desk is."""
    assert process.stdout is not None
    printed = ""
    for line in process.stdout:
        printed += line
        if line.startswith("The desk: "):
            return printed
    pytest.fail(f"the night ended before the desk was up:\n{printed}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; `make browser` installs it."""
    with sync_playwright() as player:
        chromium = player.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, night: Night) -> Iterator[Page]:
    """A Chinese desk on a 1366 × 768 screen, the commander signed in."""
    yield from signed_in(browser, night, "zh-CN")


@pytest.fixture
def english(browser: Browser, night: Night) -> Iterator[Page]:
    """The same in English."""
    yield from signed_in(browser, night, "en-US")


def signed_in(browser: Browser, night: Night, locale: str) -> Iterator[Page]:
    """Sign in as a person does: the code typed, the button pressed."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale=locale)
    page = context.new_page()
    page.goto(night.url)
    page.fill("#code", night.codes["Commander"])
    page.click("main button")
    page.wait_for_url(night.url + "/")
    yield page
    context.close()
