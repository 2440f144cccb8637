"""The desk under a hand: by key alone, without a row moving under the pointer, and out into a chat group."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from tests.e2e.conftest import Night, signed_in


@pytest.fixture
def other(browser: Browser, night: Night) -> Iterator[Page]:
    """Somebody else at the desk at the same time."""
    yield from signed_in(browser, night, "zh-CN")


def test_a_page_is_copied_as_a_short_text(page: Page, night: Night) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{night.url}/figures")
    page.keyboard.press("c")
    expect(page.get_by_role("button", name="已复制")).to_be_visible()
    text = page.evaluate("navigator.clipboard.readText()")
    assert len(text) <= 500
    assert text.startswith("【演练】")
    assert text.endswith(f"\n{night.url}/figures")
    assert page.locator(".sentence").inner_text().replace("\n", " ") in text


def test_where_copying_is_not_allowed_the_text_is_shown_to_be_copied_by_hand(page: Page, night: Night) -> None:
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('denied')) }")
    page.keyboard.press("c")
    text = page.locator("#short textarea")
    expect(text).to_be_focused()
    assert page.evaluate("getSelection().toString() || document.activeElement.value").startswith("【演练】")
    page.keyboard.press("Escape")
    expect(text).to_be_hidden()


def test_every_key_is_shown_and_leads_where_it_says(page: Page, night: Night) -> None:
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("复制短文本")
    page.keyboard.press("Escape")
    page.keyboard.press("3")
    third = page.locator(".bar nav a").nth(2)
    expect(third).to_have_attribute("aria-current", "page")
    page.goto(f"{night.url}/matters?state=all")
    page.keyboard.press("j")
    page.keyboard.press("j")
    second = page.locator("#content tbody tr").nth(1)
    expect(second.locator("a").first).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).not_to_have_text("事项")
    page.keyboard.press("/")
    expect(page.locator(".find input")).to_be_focused()
    page.keyboard.type("j?c")
    expect(page.locator(".find input")).to_have_value("j?c")


def test_a_row_stays_under_the_pointer_until_it_is_let_go_and_what_was_done_is_undone_by_key(
    page: Page, other: Page, night: Night
) -> None:
    page.goto(f"{night.url}/matters?state=open")
    other.goto(f"{night.url}/matters?state=open")
    before = page.locator(".sentence").inner_text()
    count = other.locator("#content tbody tr").count()
    page.locator("#content tbody tr").last.hover()
    other.locator("#content tbody tr").first.get_by_role("button", name="了结").click()
    expect(other.locator("#content tbody tr")).to_have_count(count - 1)
    expect(page.locator("[data-held]")).to_be_visible()
    assert page.locator(".sentence").inner_text() == before
    page.locator("h1").hover()
    expect(page.locator(".sentence")).not_to_have_text(before)
    expect(page.locator("[data-held]")).to_be_hidden()
    other.keyboard.press("u")
    expect(other.locator("#content tbody tr")).to_have_count(count)
    expect(page.locator("#content tbody tr")).to_have_count(count)


def test_what_is_chased_changes_in_its_row_alone_and_lets_the_page_go_on(page: Page, other: Page, night: Night) -> None:
    page.goto(f"{night.url}/matters?state=open")
    page.set_viewport_size({"width": 1366, "height": 200})  # the row lies further down than the window reaches
    row = page.locator("#content tbody tr").last
    button = row.locator(".chasing .act")
    button.scroll_into_view_if_needed()
    before, size = page.evaluate("scrollY"), row.bounding_box()
    with page.expect_response("**/chase") as answer:
        button.click()
    expect(row.locator(".undo")).to_be_visible()
    expect(button).to_contain_text("已催")
    assert Axe().run(page).response["violations"] == []
    assert (page.evaluate("scrollY"), row.bounding_box(), page.url) == (before, size, f"{night.url}/matters?state=open")
    other.goto(f"{night.url}/matters?state=open")
    expect(other.locator("#content tbody tr").last.locator(".chasing")).to_contain_text("已催")
    expect(row.locator(".undo")).to_be_hidden(timeout=15_000)
    page.locator("h1").hover()
    count = page.locator("#content tbody tr").count()
    other.locator("#content tbody tr").first.get_by_role("button", name="了结").click()
    expect(page.locator("#content tbody tr")).to_have_count(count - 1)  # though the button has the focus still
    other.keyboard.press("u")
    expect(page.locator("#content tbody tr")).to_have_count(count)
    page.goto(night.url + answer.value.headers["location"])
    page.keyboard.press("u")
    expect(button).to_have_text("催")


def test_what_is_refused_in_a_row_is_said_on_a_page(page: Page, other: Page, night: Night) -> None:
    for one in (page, other):
        one.goto(f"{night.url}/matters?state=open")
    page.locator("#content tbody tr").first.hover()  # it stays as it is
    other.locator("#content tbody tr").first.get_by_role("button", name="了结").click()
    expect(other.locator(".undo")).to_be_visible()
    assert Axe().run(other).response["violations"] == []
    page.locator("#content tbody tr").first.locator(".chasing .act").click()
    expect(page.locator(".narrow .problem")).to_contain_text("ledger.settled")
    other.keyboard.press("u")
    expect(other.locator(".undo")).to_be_hidden()
