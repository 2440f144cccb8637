"""Every page in a browser: complete for other eyes and hands, on every screen, in both languages; and a picture of each.

`make screens` keeps the pictures in docs/screens.
"""

import io
import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page
from tests.e2e.conftest import Night

PAGES = {
    "tonight": "/", "wall": "/wall", "orders": "/orders", "duties": "/duties", "posts": "/duties?kind=post",
    "matters": "/matters?state=all", "matter": "MATTER", "places": "/places", "place": "PLACE", "organisations": "/organisations",
    "organisation": "ORGANISATION", "figures": "/figures", "figure": "/figures/venue_closure.inspections", "record": "/records/1",
    "correct": "/records/1/correct", "quarantine": "/quarantine", "search": "/search?q=村", "import": "/import",
    "bulletins": "/bulletins", "compose": "/bulletins/next", "bulletin": "BULLETIN", "public-list": "/public/bulletins",
    "public": "PUBLIC", "public-figure": "PUBLIC/figures/venue_closure.fixed", "import-look": "UPLOADED", "sign-in": "/sign-in",
    "nowhere": "/matters/00000000-0000-0000-0000-000000000000",
}  # fmt: skip
STATUS = {"nowhere": 404}
DATA = Path(__file__).parents[1] / "data"
WIDE = {"wall"}
KEPT_WIDTH, QUALITY = 1366, 60


def address(page: Page, night: Night, path: str) -> str:
    """Return a page's address; what has an id is found as a person finds it, by a link."""
    if path == "PLACE":
        page.goto(f"{night.url}/duties")
        return page.locator("a[href^='/places/']").first.get_attribute("href") or ""
    for kind in ("organisations", "matters"):
        if path == kind[:-1].upper():
            page.goto(f"{night.url}/{kind}?state=all")
            return page.locator(f"main a[href^='/{kind}/']").first.get_attribute("href") or ""
    if path == "UPLOADED":
        page.goto(f"{night.url}/import")
        page.locator("input[type=file]").set_input_files(DATA / "roster.xls")
        page.locator("#content button").first.click()
        page.wait_for_url("**/import/*")
        return page.url.removeprefix(night.url)
    if path.startswith(("PUBLIC", "BULLETIN")):
        page.goto(f"{night.url}/bulletins")
        issue = page.locator("a[href^='/bulletins/0']").first.get_attribute("href") or ""
        return path.replace("PUBLIC", f"/public{issue}").replace("BULLETIN", issue)
    return path


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_there_for_everybody_and_on_every_screen(
    page: Page, english: Page, night: Night, name: str, tmp_path: Path
) -> None:
    folder = Path(os.environ.get("TONGXIN_SCREENS", tmp_path))
    path = address(page, night, PAGES[name])
    for shown, language in ((page, "zh"), (english, "en")):
        said = errors_of(shown)
        if name in WIDE:
            shown.set_viewport_size({"width": 1920, "height": 1080})
        answer = shown.goto(night.url + path)
        assert answer is not None
        assert answer.status == STATUS.get(name, 200)
        found = Axe().run(shown).response["violations"]
        assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []
        keep(shown, folder / f"{name}-{language}.webp")
        # 200 %: the same page with half as many pixels across.
        for width in (1920, 1366, 683):
            shown.set_viewport_size({"width": width, "height": 768})
            assert shown.evaluate("document.documentElement.scrollWidth") <= width, (name, language, width)
        assert [text for text in said if name not in STATUS] == []


def errors_of(page: Page) -> list[str]:
    """Return a list that fills with what a page writes to the console as an error."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def keep(page: Page, file: Path) -> None:
    """Keep a picture of a page, small enough to be kept in the repository."""
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        picture.thumbnail((KEPT_WIDTH, KEPT_WIDTH))
        picture.convert("RGB").save(file, "WEBP", quality=QUALITY)
