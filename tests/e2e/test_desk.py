"""The desk in a browser: from Tonight through a figure to a record, in both languages; and the README's pictures."""

import os
import re
from itertools import combinations
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route, expect
from tests.e2e.conftest import Night

README = Path(__file__).resolve().parents[2] / "README.md"


def test_a_click_leads_from_tonight_through_a_figure_to_a_record_and_its_history(page: Page, night: Night) -> None:
    page.get_by_role("link", name="数字").click()
    page.locator("tr", has_text="发现仍开放").locator("a.n").last.click()
    found = night.result["figures"]["venue_closure.found_open"]
    expect(page.locator("h1 .big")).to_have_text(str(found))
    expect(page.locator("tbody tr", has_text="是否仍开放 是")).to_have_count(found)
    page.locator("tbody a.n").first.click()
    expect(page.locator("h2", has_text="同一对象的经过")).to_be_visible()
    expect(page.get_by_text("刚按原文重算，一致")).to_be_visible()


def test_every_number_of_the_bulletin_opens_to_exactly_its_records(page: Page, night: Night) -> None:
    page.get_by_role("link", name="战报").click()
    page.locator("table a.n").first.click()
    numbers = page.locator(".wide .n").all_text_contents()
    assert len(numbers) == len(night.result["figures"])
    links = [link.get_attribute("href") or "" for link in page.locator(".wide .n").all()]
    for said, link in zip(numbers, links, strict=True):
        page.goto(night.url + link)
        expect(page.locator("h1 .big")).to_have_text(said)
        assert page.locator("tbody a[href^='/records/']").count() > 0


def test_numbers_of_tonight_open_to_lists_of_that_length(page: Page) -> None:
    for link in [link.get_attribute("href") or "" for link in page.locator(".sentence a.n").all()]:
        said = page.locator(f".sentence a.n[href='{link}']").text_content()
        page.goto(page.url.rstrip("/") + link)
        expect(page.locator("tbody tr")).to_have_count(int(said or 0))
        page.goto(re.sub(r"(https?://[^/]+).*", r"\1/", page.url))


def test_the_same_night_reads_in_english(english: Page) -> None:
    expect(english.locator("h1")).to_have_text("Tonight")
    expect(english.locator(".sentence")).to_contain_text("overdue")
    english.get_by_role("button", name="中").click()
    expect(english.locator("h1")).to_have_text("今晚")


def test_the_clock_counts_down_to_midnight(page: Page) -> None:
    countdown = page.locator(".countdown b")
    first = countdown.text_content()
    assert re.fullmatch(r"\d+:\d\d:\d\d", first or "")
    expect(countdown).not_to_have_text(first or "")


def test_paper_is_watermarked_as_a_drill_too(page: Page) -> None:
    page.emulate_media(media="print")
    expect(page.locator(".watermark")).to_be_visible()
    expect(page.locator(".bar")).to_be_hidden()


def test_keyboard_reaches_the_content_and_focus_shows(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_nothing_runs_out_of_a_1366_pixel_screen(page: Page, night: Night) -> None:
    inspections = "/figures/venue_closure.inspections"
    lists = ("/duties", "/duties?kind=post", "/places", "/organisations")
    for path in ("/", "/wall", "/orders", "/matters?state=all", "/figures", inspections, "/records/1", "/bulletins", *lists):
        page.goto(night.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 1366, path


def test_no_page_writes_an_error_to_the_console(page: Page, night: Night) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    for path in ("/", "/wall", "/orders", "/duties", "/places", "/organisations", "/figures", "/records/1", "/bulletins"):
        page.goto(night.url + path)
    assert said == []


def test_the_wall_fits_its_screen_and_no_town_hides_another(page: Page, english: Page, night: Night) -> None:
    for wall in (page, english):
        wall.set_viewport_size({"width": 1920, "height": 1080})
        wall.goto(f"{night.url}/wall")
        root = "document.documentElement"
        assert wall.evaluate(f"[{root}.scrollWidth, {root}.scrollHeight]") == [1920, 1080]
        boxes: list[Any] = [tile.bounding_box() for tile in wall.locator(".map .tile").all()]
        assert len({(round(box["width"]), round(box["height"])) for box in boxes}) == 1, "all are equal, to the pixel"
        assert not any(
            abs(a["x"] - b["x"]) < a["width"] and abs(a["y"] - b["y"]) < a["height"] for a, b in combinations(boxes, 2)
        )
        assert wall.evaluate("[...document.querySelectorAll('.name')].filter((n) => n.scrollWidth > n.clientWidth).length") == 0


def test_figures_that_stand_still_say_since_when_until_they_go_on(page: Page, night: Night) -> None:
    for path in ("/", "/wall", "/matters"):
        page.goto(night.url + path)
        line = page.locator("[data-stale]")
        expect(line).to_be_hidden()
        page.context.set_offline(offline=True)
        expect(line).to_be_visible(timeout=20_000)
        expect(line).to_have_text(re.compile(r"数字停在\d\d:\d\d:\d\d；"))
        page.context.set_offline(offline=False)
        expect(line).to_be_hidden(timeout=20_000)


def test_figures_that_take_their_time_stay_and_say_of_when_they_are(page: Page, night: Night) -> None:
    waiting: list[Route] = []
    page.goto(f"{night.url}/figures")
    rows = page.locator("#content tbody tr").count()
    page.route("**/figures", lambda route: route.continue_() if waiting else waiting.append(route))
    line = page.locator("[data-loading]")
    expect(line).to_be_visible(timeout=10_000)
    expect(line).to_have_text(re.compile(r"^\d\d:\d\d:\d\d的数，更新中$"))
    expect(page.locator("#content tbody tr")).to_have_count(rows)
    waiting[0].continue_()
    expect(line).to_be_hidden()


def test_a_page_that_is_filled_in_never_stands_still(page: Page, night: Night) -> None:
    page.clock.install()
    page.goto(f"{night.url}/bulletins/next")
    page.clock.fast_forward(30_000)
    expect(page.locator("[data-stale]")).to_be_hidden()


def test_escape_leads_from_the_wall_back_to_tonight(page: Page, night: Night) -> None:
    page.get_by_role("link", name="墙屏").click()
    expect(page.locator(".map .tile")).to_have_count(32)
    page.keyboard.press("Escape")
    expect(page.locator("h1")).to_have_text("今晚")


def test_the_readmes_pictures(page: Page, english: Page, night: Night, tmp_path: Path) -> None:
    """Make the pictures that the README shows; `make pictures` keeps them."""
    folder = Path(os.environ.get("TONGXIN_PICTURES", tmp_path))
    page.screenshot(path=folder / "tonight.png")
    page.goto(f"{night.url}/orders")
    page.screenshot(path=folder / "order.png")
    page.goto(f"{night.url}/bulletins")
    page.locator("table a.n").first.click()
    expect(page.locator(".masthead")).to_be_visible()
    page.screenshot(path=folder / "bulletin.png", full_page=True)
    english.screenshot(path=folder / "tonight-en.png")
    shown = set(re.findall(r"docs/pictures/([\w-]+\.png)", README.read_text("utf-8")))
    assert shown == {file.name for file in folder.glob("*.png")}
    assert all((README.parent / "docs" / "pictures" / name).exists() for name in shown)
