"""A figure is the same number wherever it is read: page, door for programs, workbook, CSV, bulletin, public page, print."""

import csv
import io
import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader
from python_calamine import CalamineWorkbook
from tests.cast import Cast, id_of

from tongxin.bulletin.actions import freeze, publish, review
from tongxin.bulletin.forms import BulletinForm
from tongxin.bulletin.queries import number
from tongxin.desk.figures import HIGH, WIDE, line
from tongxin.figures.queries import figures_of
from tongxin.sheets.write import Table, separated, workbook

OPEN, SHUT = {"open": True, "gathering": True}, {"open": False, "gathering": False}


@pytest.fixture
def keys(cast: Cast) -> list[str]:
    """Two visits of which one was late put right, somebody on duty; the keys of all figures."""
    phone, far = cast.phone(), cast.phone("outsider")
    phone.says(cast.night - timedelta(minutes=50), OPEN)
    phone.says(cast.night - timedelta(minutes=20), SHUT)
    far.says(cast.night - timedelta(minutes=10), OPEN, place=str(id_of("cinema")))
    row = freeze(cast.scope("commander"), BulletinForm(id_of("incident"), "首夜", "First night"))
    for role in ("duty_officer", "secretary"):
        review(cast.scope(role), row.id, agrees=True)
    publish(cast.scope("commander"), row.id)
    return [found.key for found in figures_of(cast.scope("commander"), id_of("incident"))]


def cells_of(html: str) -> list[list[str]]:
    """Return the texts of a page's table rows."""
    rows = re.findall(r"(?s)<tr[^>]*>(.*?)</tr>", html)
    texts = [
        [unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in re.findall(r"(?s)<t[dh][^>]*>(.*?)</t[dh]>", row)]
        for row in rows
    ]
    return [row for row in texts if len(row) >= 4]


def test_every_figure_is_one_number_in_all_eight_places(cast: Cast, desk: Client, keys: list[str]) -> None:
    incident = id_of("incident")
    issue = desk.get(f"/api/bulletins?incident={incident}").json()["bulletins"][0]["id"]
    titles = {found.key: found.rule.title.zh for found in figures_of(cast.scope("commander"), incident)}
    door = desk.get(f"/api/incidents/{incident}/figures").json()["figures"]
    book = CalamineWorkbook.from_filelike(io.BytesIO(desk.get("/figures.xlsx").content))
    sheet = {row[1]: row[5] for row in book.get_sheet_by_name("数字").to_python()[1:]}
    told = csv.reader(io.StringIO(desk.get("/figures.csv").content.decode("utf-8-sig")))
    table = {row[2]: row[6] for row in told if row[0] == "数字"}
    page = {row[1]: row[5] for row in cells_of(desk.get("/figures").text)[1:]}
    bulletin = {row[0]: row[3] for row in cells_of(desk.get(f"/bulletins/{issue}").text)[1:]}
    public = {row[0]: row[3] for row in cells_of(Client().get(f"/public/bulletins/{issue}").text)[1:]}
    pages = PdfReader(io.BytesIO(Client().get(f"/public/bulletins/{issue}.pdf").content)).pages
    printed = re.sub(r"\s", "", "".join(found.extract_text() for found in pages))
    for key in keys:
        one = re.search(r'class="big">([^<]+)<', desk.get(f"/figures/{key}").text)
        said, title = number(door[key]) if door[key] else "0", titles[key]
        assert one is not None
        assert {page[title], bulletin[title], public[title]} == {said}, key
        assert one[1] == number(door[key]), key
        assert number(type(door[key])(sheet[title])) == number(type(door[key])(table[title])) == number(door[key]), key
        assert re.search(rf"{title}\D+{re.escape(said)}{re.escape(said)}", printed), key
    assert any(door[key] for key in keys)


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_a_figure_is_taken_away_as_the_page_shows_it(desk: Client, keys: list[str], kind: str) -> None:
    answer = desk.get(f"/figures/venue_closure.inspections/table.{kind}?area=430181105000")
    assert answer["Content-Disposition"] == f'attachment; filename="venue_closure.inspections.{kind}"'
    if kind == "xlsx":
        book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
        rows = [[name, *map(str, row)] for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()]
    else:
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    flat = ["|".join(row) for row in rows]
    assert any(line.startswith("截至|【演练】") and line.endswith("|430181") for line in flat)
    assert any(re.match(r"督查\|督查\|2(\.0)?\|个次\|数记录：每条算一次\|张坊镇", line) for line in flat)
    assert any(re.fullmatch(r"按乡镇\|张坊镇\|2(\.0)?", line) for line in flat)


def test_another_kind_of_file_is_not_there(desk: Client, keys: list[str]) -> None:
    assert [desk.get(at).status_code for at in ("/figures.pdf", "/figures/venue_closure.inspections/table.doc")] == [404, 404]


def test_text_that_looks_like_a_formula_stays_text() -> None:
    tables = [Table("a/b", ["head"], [["=1+1"], ["-2"], [3]])]
    rows = CalamineWorkbook.from_filelike(io.BytesIO(workbook(tables))).get_sheet_by_name("a b").to_python()
    assert rows == [["head"], ["=1+1"], ["-2"], [3.0]]
    assert separated(tables).decode("utf-8-sig").split("\r\n") == ["a/b,head", "a/b,'=1+1", "a/b,'-2", "a/b,3", ""]


@given(st.lists(st.integers(0, 10**6) | st.floats(0, 1e6), max_size=40))
def test_a_line_has_a_point_a_day_within_its_frame(values: list[int | float]) -> None:
    points = [tuple(map(float, pair.split(","))) for pair in line(values).split()]
    assert len(points) in (0, len(values))
    assert all(0 <= x <= WIDE and 1 <= y <= HIGH - 1 for x, y in points)
    if points:
        assert min(y for _, y in points) == 1.0
