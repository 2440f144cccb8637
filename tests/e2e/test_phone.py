"""A phone in the hand: the real app in a phone-sized browser against the real server."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, expect
from tests.e2e.conftest import Night, a_night

PHONE: ViewportSize = {"width": 390, "height": 844}
PICTURES = os.environ.get("TONGXIN_PHONE_PICTURES", "")
MOST_TAPS = 5
LEAST = 48
"""Pixels across a target, both ways."""
SMALL = """(least) => [...document.querySelectorAll("a, button, input, textarea")]
    .filter((one) => { const box = one.getBoundingClientRect(); return box.width < least || box.height < least; })
    .map((one) => one.outerHTML.slice(0, 200))"""
FILL = """() => {
    window.whole = IDBObjectStore.prototype.add;
    IDBObjectStore.prototype.add = () => { throw new DOMException("no room", "QuotaExceededError"); };
}"""
ROOM = "() => { IDBObjectStore.prototype.add = window.whole; }"
"""The browser's storage, full and with room again."""


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """A first night of its own, since what is done here stays."""
    yield from a_night(tmp_path_factory.mktemp("phone") / "home")


class Hand:
    """A person with a phone; counts the taps."""

    def __init__(self, browser: Browser, night: Night, language: str = "zh-CN", scheme: str = "light") -> None:
        self.context = browser.new_context(
            viewport=PHONE, locale=language, has_touch=True, is_mobile=True, color_scheme="dark" if scheme == "dark" else "light"
        )
        self.page, self.night, self.taps = self.context.new_page(), night, 0
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def tap(self, selector: str) -> None:
        self.page.locator(selector).first.tap()
        self.taps += 1

    def look(self, name: str) -> None:
        """See that the screen is as the visual language and axe want it, with targets for a thumb; keep its picture if asked."""
        found = Axe().run(self.page).response["violations"]
        assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == [], name
        assert self.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name
        assert self.page.evaluate(SMALL, LEAST) == [], name
        if PICTURES:
            self.page.screenshot(path=Path(PICTURES) / f"{name}.png")

    def joins(self, role: str) -> None:
        """Open the link of a leader's QR, and enrol."""
        self.page.goto(f"{self.night.url}/phone/#/join?code={self.night.codes[role]}")
        expect(self.page.locator("#code")).to_have_value(self.night.codes[role])
        self.look("join")
        self.tap("form button")
        expect(self.page.locator("[data-open] li").first).to_be_visible(timeout=15_000)

    def opens_a_closed_venue(self) -> str:
        """Tap the first closed venue that is to be inspected; return its name."""
        row = self.page.locator("[data-open] li", has_text=re.compile("场所关停督查|Closed-venue inspection")).first
        place = row.locator(".what b").inner_text()
        row.locator("a").tap()
        self.taps += 1
        expect(self.page.locator(".question")).to_have_count(2)
        return place

    def finds_nothing(self) -> None:
        """Answer no twice, and save."""
        for question in self.page.locator(".question").all():
            question.locator(".tile").last.tap()
            self.taps += 1
        self.look("form-answered")
        self.tap("form .ends button")

    def total(self, state: str) -> int:
        return int(self.page.locator(f"[data-total={state}]").inner_text())


def inspections(desk: Page, night: Night) -> int:
    desk.goto(f"{night.url}/figures/venue_closure.inspections")
    return int((desk.locator("h1 .big").text_content() or "").replace(",", ""))


@pytest.fixture
def desk(browser: Browser, evening: Night) -> Iterator[Page]:
    """The commander's desk."""
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(evening.url)
    page.fill("#code", evening.codes["Commander"])
    page.click("main button")
    page.wait_for_url(evening.url + "/")
    yield page
    context.close()


def test_an_inspection_with_and_without_a_network(browser: Browser, evening: Night, desk: Page) -> None:
    hand = Hand(browser, evening)
    hand.joins("Inspector")
    hand.look("tonight")
    before = inspections(desk, evening)

    hand.tap("[data-open] li a")
    hand.tap(".choices .tile")
    expect(hand.page.locator(".finding")).to_have_text("这样答，将开立事项：到岗未签退")
    hand.look("post")
    hand.tap(".crumb a")

    hand.taps = 0
    place = hand.opens_a_closed_venue()
    hand.look("form")
    hand.finds_nothing()
    expect(hand.page.locator(".said h1")).to_be_visible()
    expect(hand.page.locator(".said")).to_contain_text(place)
    assert hand.taps <= MOST_TAPS
    print(f"taps: {hand.taps}")
    expect(hand.page.locator(".said[data-state=confirmed]")).to_be_visible(timeout=15_000)
    hand.look("confirmed")
    expect(desk.locator("h1 .big")).to_have_text(f"{before + 1:,}", timeout=15_000)
    assert (hand.total("saved"), hand.total("sent"), hand.total("confirmed")) == (0, 0, 1)

    hand.context.set_offline(True)
    hand.tap(".ends .main")
    hand.opens_a_closed_venue()
    hand.finds_nothing()
    expect(hand.page.locator(".said[data-state=saved]")).to_be_visible()
    hand.page.wait_for_timeout(2_000)
    expect(hand.page.locator(".said[data-state=saved]")).to_be_visible()
    assert (hand.total("saved"), hand.total("sent"), hand.total("confirmed")) == (1, 0, 1)
    hand.look("saved")
    hand.tap(".ends .main")
    expect(hand.page.locator("[data-done] li")).to_have_count(2)
    hand.look("tonight-offline")
    assert inspections(desk, evening) == before + 1

    hand.context.set_offline(False)
    expect(hand.page.locator("[data-done] li[data-state=confirmed]")).to_have_count(2, timeout=15_000)
    expect(desk.locator("h1 .big")).to_have_text(f"{before + 2:,}", timeout=15_000)
    desk.wait_for_timeout(2_500)
    assert inspections(desk, evening) == before + 2, "it counts once"
    hand.look("tonight-done")

    hand.page.reload()
    expect(hand.page.locator("[data-done] li[data-state=confirmed]")).to_have_count(2, timeout=15_000)
    second = hand.context.new_page()
    second.goto(f"{evening.url}/phone/")
    expect(second.locator(".problem")).to_contain_text("另一个标签页正在记录")
    assert hand.errors == []
    hand.context.close()


def test_a_finding_and_an_intake_out_of_reach(browser: Browser, evening: Night) -> None:
    hand = Hand(browser, evening, "en-US", "dark")
    hand.page.goto(f"{evening.url}/phone/")
    hand.page.fill("#code", "AAAA-BBBB-CCCC")
    hand.tap("form button")
    expect(hand.page.locator(".problem")).to_contain_text("The phone was not enrolled.")
    hand.look("en-join-refused")
    hand.page.fill("#code", evening.codes["Inspector"])
    hand.tap("form button")
    expect(hand.page.locator("[data-open] li").first).to_be_visible(timeout=15_000)
    hand.look("en-tonight")

    hand.context.route("**/field/records", lambda route: route.abort())
    hand.opens_a_closed_venue()
    hand.page.locator(".question").first.locator(".tile").first.tap()
    expect(hand.page.locator(".finding")).to_have_text("This answer opens: Still open, not put right")
    hand.look("en-form")
    hand.page.wait_for_timeout(1_000)
    hand.page.reload()
    pressed = hand.page.locator(".tile[aria-pressed=true]")
    expect(pressed).to_have_text(["Yes"])  # what was begun is still there
    hand.page.locator(".question").last.locator(".tile").last.tap()

    hand.page.evaluate(FILL)
    hand.tap("form .ends button")
    expect(hand.page.locator(".problem")).to_contain_text("It was not saved. Your answers are still on this page.")
    expect(hand.page.locator(".problem .note")).to_have_text("store.full")
    expect(pressed).to_have_text(["Yes", "No"])
    hand.look("en-full")
    hand.page.evaluate(ROOM)
    hand.tap("form .ends button")
    expect(hand.page.locator(".said[data-state=sent]")).to_be_visible(timeout=10_000)
    expect(hand.page.locator(".foot [role=status]")).to_contain_text("Not connected.")
    hand.look("en-sent")

    hand.page.reload()
    expect(hand.page.locator(".said[data-state]")).to_be_visible(timeout=15_000)
    assert hand.total("confirmed") == 0
    hand.context.unroute("**/field/records")
    expect(hand.page.locator(".said[data-state=confirmed]")).to_be_visible(timeout=30_000)
    assert (hand.total("saved"), hand.total("sent"), hand.total("confirmed")) == (0, 0, 1)
    assert hand.errors == []
    hand.context.close()
