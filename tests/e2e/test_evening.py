"""A duty officer's evening in both languages, once by keyboard alone.

What is late, a marked record, a wrong one, the bulletin, and somebody who reads it.
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from random import Random
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.e2e.conftest import Night, a_night

from tongxin_drill.handset import Handset, Wires, answer
from tongxin_drill.pocket import Pocket

ZH = {
    "language": "zh-CN", "chase": "催", "chased": "已催",
    "release": "放行，让它算数", "correct": "更正这条", "note": "记下更正", "settle": "了结",
    "next": "编下一期", "freeze": "冻结", "agree": "同意发布", "publish": "发布",
}  # fmt: skip
EN = {
    "language": "en-US", "chase": "Chase", "chased": "Chased",
    "release": "Release: let it count", "correct": "Correct this record", "note": "Take the correction down",
    "settle": "Settle", "next": "Compose the next issue", "freeze": "Freeze", "agree": "Agree", "publish": "Publish",
}  # fmt: skip
Press = Callable[[Page, Locator], None]


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """A first night of its own, since what is done here stays."""
    yield from a_night(tmp_path_factory.mktemp("evening") / "home")


def at_desk(browser: Browser, night: Night, role: str, language: str) -> Page:
    """Sign in by typing alone: the field has the focus."""
    page = browser.new_context(viewport={"width": 1366, "height": 768}, locale=language).new_page()
    page.goto(night.url)
    page.keyboard.type(night.codes[role])
    page.keyboard.press("Enter")
    expect(page.locator(".bar nav")).to_be_visible()
    return page


def by_hand(page: Page, thing: Locator) -> None:
    """Press with the pointer."""
    thing.click()


def by_key(page: Page, thing: Locator) -> None:
    """Go there by Tab, as somebody does who has no pointer, and press Enter."""
    tab_to(page, thing)
    page.keyboard.press("Enter")


def tab_to(page: Page, thing: Locator) -> None:
    handle = thing.element_handle()
    for _ in range(300):
        if page.evaluate("(thing) => thing === document.activeElement", handle):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab never comes to {thing}")


def one_place_a_town(page: Page, night: Night) -> list[str]:
    """Return a place of each town that the page of places lists."""
    page.goto(f"{night.url}/places")
    towns = {link.get_attribute("href") or "" for link in page.locator("main a[href*='town=']").all()}
    places = []
    for town in sorted(towns):
        page.goto(night.url + town if town.startswith("/") else f"{night.url}/places{town}")
        places.append((page.locator("main a[href^='/places/']").first.get_attribute("href") or "").removeprefix("/places/"))
    return places


async def found_open(night: Night, places: list[str]) -> tuple[int, int]:
    """Find venues open all over the county on the inspector's phone; return the first record without authority, and the last."""
    wires = Wires.to(night.url, connections=1)
    async with wires.client:
        handset = Handset(wires, str(uuid4()))
        answer(await handset.enrol(night.codes["Inspector"]))
        duties = answer(await handset.get("duties"))["duties"]
        visit = next(duty for duty in duties if duty["activity"]["id"] == "venue_closure")
        now = datetime.fromisoformat(answer(await handset.get("clock"))["now"])
        pocket = Pocket(handset.device, now, Random(1), len(places))
        for place in places:
            content = {"activity": "venue_closure", "activity_hash": visit["activity"]["hash"], "order": visit["order"]["id"]}
            pocket.client.write(content | {"place": place, "body": {"open": True, "gathering": False}}, pocket.stamp(now))
        ask = pocket.client.next(0, pocket.stamp(now))
        assert ask is not None
        response = await handset.carry(ask)
        assert response is not None
        pocket.client.heard(ask, response.status_code, response.content, 0, pocket.stamp(now))
    receipts = pocket.client.chain.receipts.values()
    return next(one.position for one in receipts if one.quarantine == "ledger.no_authority"), max(
        one.position for one in receipts
    )


def value(page: Page, night: Night, key: str) -> int:
    page.goto(f"{night.url}/figures/{key}")
    return int((page.locator("h1 .big").text_content() or "").replace(",", ""))


@dataclass
class Evening:
    """Who is at the desk, in which words, and how they press."""

    night: Night
    words: dict[str, str]
    press: Press
    officer: Page
    others: list[Page]

    def chases_what_is_late(self) -> None:
        """See what is late, chase the first where it stands, open it, settle it."""
        self.officer.goto(self.night.url)
        late = self.officer.locator(".sentence a.late")
        count = int(late.text_content() or "0")
        self.press(self.officer, late)
        expect(self.officer.locator("#content tbody tr")).to_have_count(min(count, 50))
        row = self.officer.locator("#content tbody tr").first
        title = row.locator("a[href^='/matters/']").inner_text()
        self.press(self.officer, row.get_by_role("button", name=self.words["chase"], exact=True))
        expect(row.get_by_role("button", name=re.compile(rf"^{self.words['chased']} ?\d\d:\d\d$"))).to_be_visible()
        expect(row.locator(".undo")).to_be_visible()
        assert row.locator("a[href^='/matters/']").inner_text() == title, "no row moved"
        self.press(self.officer, row.locator("a[href^='/matters/']"))
        expect(self.officer.locator("h1")).to_have_text(title)
        expect(self.officer.locator(".chasing")).to_contain_text(self.words["chased"])
        self.presses("settle")

    def releases(self, position: int) -> None:
        """Look at a marked record, and let it count."""
        self.goes("/matters", "/quarantine")
        self.press(self.officer, self.officer.locator(f"a[href='/records/{position}']"))
        self.presses("release")

    def corrects_what_was_found_open(self) -> None:
        """Open the figure, one of its records, and say that the venue was shut."""
        self.goes("/figures", "/figures/venue_closure.found_open")
        self.press(self.officer, self.officer.locator("#content tbody a[href^='/records/']").last)
        self.press(self.officer, self.officer.get_by_role("link", name=self.words["correct"]))
        self.chooses(self.officer.get_by_role("combobox").first, "no")
        self.presses("note")

    def goes(self, *addresses: str) -> None:
        """Follow links, the first in the bar."""
        for number, address in enumerate(addresses):
            inside = "#content" if number else ".bar nav"
            self.press(self.officer, self.officer.locator(f"{inside} a[href='{address}']").first)
            self.officer.wait_for_url(f"**{address}")

    def chooses(self, choice: Locator, value: str) -> None:
        """Choose what a form offers."""
        if self.press is by_hand:
            choice.select_option(value)
            return
        tab_to(self.officer, choice)
        for key in ("Home", *["ArrowDown"] * choice.locator("option").count()):
            self.officer.keyboard.press(key)
            if choice.input_value() == value:
                return
        pytest.fail(f"no key chooses {value}")

    def writes(self, field: Locator, text: str) -> None:
        """Write into a field in place of what stands there."""
        if self.press is by_hand:
            field.fill(text)
            return
        tab_to(self.officer, field)
        self.officer.keyboard.press("Control+A")
        self.officer.keyboard.type(text)

    def presses(self, act: str) -> None:
        """Press a button that can be undone."""
        self.press(self.officer, self.officer.locator("#content").get_by_role("button", name=self.words[act], exact=True))
        expect(self.officer.locator(".undo")).to_be_visible()

    def publishes_the_bulletin(self) -> str:
        """Compose and freeze an issue, have two others agree, publish it; return its address."""
        self.goes("/bulletins")
        self.press(self.officer, self.officer.get_by_role("link", name=self.words["next"]))
        self.writes(self.officer.locator("[name=title]"), "今晚")
        self.writes(self.officer.locator("[name=title_en]"), "Tonight")
        self.press(self.officer, self.officer.get_by_role("button", name=self.words["freeze"], exact=True))
        expect(self.officer.locator(".masthead")).to_be_visible()
        for reviewer in self.others:
            reviewer.goto(self.officer.url)
            agree = reviewer.get_by_role("button", name=self.words["agree"], exact=True)
            self.press(reviewer, agree)
            expect(agree).to_be_hidden()
        commander = self.others[0]
        commander.goto(self.officer.url)
        self.press(commander, commander.get_by_role("button", name=self.words["publish"], exact=True))
        expect(commander.locator(".sheet-end a[href^='/public/']").first).to_be_visible()
        return commander.url.replace("/bulletins/", "/public/bulletins/")


@pytest.mark.parametrize(("words", "press"), [(ZH, by_key), (EN, by_hand)], ids=["zh by key", "en by hand"])
def test_a_duty_officers_evening(browser: Browser, evening: Night, words: dict[str, str], press: Press) -> None:
    seats = [at_desk(browser, evening, role, words["language"]) for role in ("Duty officer", "Commander", "Secretary")]
    officer = seats[0]
    walk = Evening(evening, words, press, officer, seats[1:])
    with ThreadPoolExecutor(1) as aside:  # the browser's own event loop runs in this thread
        position, last = aside.submit(asyncio.run, found_open(evening, one_place_a_town(officer, evening))).result()
    officer.goto(f"{evening.url}/figures")
    expect(officer.locator(".sentence")).to_contain_text(f"{last:,}", timeout=15_000)  # the page follows by itself
    visits = value(officer, evening, "venue_closure.inspections")

    walk.chases_what_is_late()
    walk.releases(position)
    assert value(officer, evening, "venue_closure.inspections") == visits + 1
    opened = value(officer, evening, "venue_closure.found_open")
    walk.corrects_what_was_found_open()
    assert value(officer, evening, "venue_closure.found_open") == opened - 1

    reader = browser.new_context(locale=words["language"]).new_page()
    reader.goto(walk.publishes_the_bulletin())
    press(reader, reader.locator(".said a.n", has_text=re.compile(rf"^{visits + 1}$")).first)
    expect(reader.locator("h1 .big")).to_have_text(f"{visits + 1}")
    for page in (*seats, reader):
        page.context.close()
