"""How the web server gives the phone's app out, and what it says where the app was not built."""

from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings
from tests.cast import Cast


@pytest.fixture
def built(tmp_path: Path, settings: Settings) -> Client:
    """A server with an app of one page and one file."""
    (tmp_path / "phone" / "assets").mkdir(parents=True)
    (tmp_path / "phone" / "index.html").write_text("<!doctype html>", "utf-8")
    (tmp_path / "phone" / "assets" / "index-abc.js").write_text("0", "utf-8")
    settings.WHITENOISE_ROOT = tmp_path
    return Client()


def test_the_page_is_asked_for_each_time_and_runs_only_its_own_files(built: Client) -> None:
    page = built.get("/phone/")
    assert (page.status_code, page["Cache-Control"]) == (200, "no-cache")
    assert page["Content-Type"].startswith("text/html")
    assert page["Content-Security-Policy"].startswith("default-src 'self';")
    assert built.get("/phone")["Location"] == "phone/"


def test_its_files_never_change(built: Client) -> None:
    file = built.get("/phone/assets/index-abc.js")
    assert "immutable" in file["Cache-Control"]
    assert "Content-Security-Policy" not in file


@pytest.mark.parametrize(
    ("language", "said"), [("zh-hans", "手机应用还没有生成"), ("en", "The phone&#x27;s app has not been built")]
)
def test_where_it_was_not_built_a_page_says_what_to_type(cast: Cast, settings: Settings, language: str, said: str) -> None:
    settings.WHITENOISE_ROOT = None
    page = Client(headers={"Accept-Language": language}).get("/phone/")
    assert page.status_code == 503
    assert said in page.content.decode()
    assert "make app" in page.content.decode()
