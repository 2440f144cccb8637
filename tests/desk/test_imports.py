"""The page on which a file is uploaded, looked at and imported."""

import re
from html import unescape
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from python_calamine import CalamineWorkbook
from tests.cast import Cast, id_of

from tongxin.imports.actions import MOST_BYTES
from tongxin.people.models import Role
from tongxin.places.models import Place

MESSY = Path(__file__).resolve().parents[1] / "data" / "messy.xlsx"


@pytest.fixture
def secretary(cast: Cast) -> Client:
    return cast.at_desk("secretary")


def upload(client: Client, content: bytes, name: str = "表.csv") -> str:
    """Return the address of an uploaded file's page."""
    answer = client.post("/import", {"file": SimpleUploadedFile(name, content)})
    assert answer.status_code == 302, answer.text
    return str(answer["Location"])


def chosen(page: str) -> dict[str, list[str]]:
    """Return what the page's form would send as it stands."""
    found: dict[str, list[str]] = {}
    for name, inner in re.findall(r'(?s)<select name="(\w+)"[^>]*>(.*?)</select>', page):
        picked = re.findall(r'<option value="([^"]*)" selected>', inner) or re.findall(r'<option value="([^"]*)"', inner)[:1]
        found.setdefault(name, []).extend(map(unescape, picked))
    for name, value in re.findall(r'<input type="hidden" name="(?!csrf)(\w+)" value="([^"]*)"', page):
        found.setdefault(name, []).append(unescape(value))
    return found


def row_of(page: str, number: int) -> dict[str, str]:
    """Return what the list of rows shows of one, by the head of its column."""
    table = page[page.index('<table class="rows">') :]
    heads = re.findall(r"<th(?: [^>]*)?>(.*?)</th>", table.partition("</thead>")[0])
    row = next(cells for cells in re.findall(r"<tr[^>]*>(.*?)</tr>", table) if f'<td class="r">{number}</td>' in cells)
    cells = [unescape(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]
    return {head: cell for head, cell in zip(heads, cells, strict=True) if head not in ("行", "是另一个")}


def test_a_messy_workbook_from_upload_to_report(secretary: Client) -> None:
    before = Place.objects.count()
    address = upload(secretary, MESSY.read_bytes(), "messy.xlsx")
    first = secretary.get(address)
    assert (first.status_code, "sheets.which_sheet" in first.text, "<option>场所</option>" in first.text) == (200, True, True)
    looked = secretary.post(address, {"sheet": "场所", "act": "look"}).text
    assert "读到17行：可收7，已有0，退回3，待确认2，不是数据5" in looked
    assert row_of(looked, 14) == {
        "判定": "退回", "原因": "淮川街道没有村（社区）“月亮社区”", "场所名称": "月亮幼儿园",
        "类别": "幼儿园", "乡镇": "淮川街道", "村（社区）": "月亮社区",
    }  # fmt: skip
    refused = secretary.post(address, {**chosen(looked), "act": "import"}).text
    assert ("什么也没有写入" in refused, Place.objects.count()) == (True, before)
    done = secretary.post(address, {**chosen(looked), "good_rows": "on", "other": "10", "act": "import"}, follow=True)
    assert (Place.objects.count() - before, done.redirect_chain[0][0]) == (8, address)
    assert "写入8行" in done.text
    report = secretary.get(f"{address}/report")
    rows = CalamineWorkbook.from_filelike(BytesIO(report.content)).get_sheet_by_index(1).to_python()
    assert len(rows) == 1 + 12
    again = secretary.post(address, {"act": "import", "good_rows": "on"}, follow=True)
    assert ("写入8行" in again.text, Place.objects.count() - before) == (True, 8)


def test_what_the_columns_are_is_confirmed_or_changed_on_the_page(secretary: Client) -> None:
    address = upload(secretary, "店家,类别,地方\n白石小店,超市,张坊镇白石村\n".encode("gbk"))
    looked = secretary.get(address)
    assert looked.status_code == 200
    form = {"kind": "premises", "column": ["店家=name", "类别=category", "地方=area"], "act": "import"}
    secretary.post(address, form)
    assert Place.objects.filter(name="白石小店", area_id="430181105201").exists()


@pytest.mark.parametrize("act", ["look", "report", "import"])
def test_another_kind_is_looked_at_anew_and_what_was_answered_for_the_first_is_forgotten(secretary: Client, act: str) -> None:
    before = Place.objects.count()
    rows = "名称,类别,单位,镇\n张坊大药房,药店,张坊镇白石村,张坊镇\n合计,,,9\n"
    address = upload(secretary, rows.encode())
    form = chosen(secretary.post(address, {"kind": "organisations", "act": "look"}).text)
    assert "名称=name" in form["column"] and "类别=kind" in form["column"]
    changed = {**form, "kind": "premises", "other": "2", "despite": "on", "fill": "镇", "act": act}
    looked = secretary.post(address, changed)
    assert (looked.status_code, "场所：会收下什么" in looked.text, Place.objects.count()) == (200, True, before)
    again = chosen(looked.text)
    assert ("类别=category" in again["column"], again["kind"]) == (True, ["premises"])
    assert re.findall('name="(?:despite|fill)"[^>]* checked', looked.text) == []


def test_the_kind_whose_columns_are_asked_is_the_one_that_is_chosen(secretary: Client) -> None:
    address = upload(secretary, "店名,村,备注\n白石药房,白石村,药店\n".encode())
    asked = secretary.get(address)
    form = chosen(asked.text)
    assert ("sheets.no_header" in asked.text, form["kind"]) == (True, ["premises"])
    form["column"] = ["店名=name", "村=village", "备注=category"]
    secretary.post(address, {**form, "act": "import"})
    assert Place.objects.filter(name="白石药房", category="pharmacy").exists()


def test_looking_hands_out_a_report_too_and_writes_nothing(secretary: Client) -> None:
    before = Place.objects.count()
    address = upload(secretary, "场所名称,类别,乡镇,村\n白石小店,超市,张坊镇,白石村\n".encode())
    report = secretary.post(address, {"act": "report"})
    assert (report.content[:2], Place.objects.count()) == (b"PK", before)
    assert secretary.get(f"{address}/report").status_code == 404


def test_a_doubtful_total_must_be_ticked(secretary: Client) -> None:
    address = upload(secretary, "场所名称,类别,乡镇,村,人数\n小店,超市,张坊镇,白石村,3\n合计,,,,4\n".encode())
    form = chosen(secretary.get(address).text)
    assert "什么也没有写入" in secretary.post(address, {**form, "act": "import"}).text
    assert "写入1行" in secretary.post(address, {**form, "act": "import", "despite": "on"}, follow=True).text


@pytest.mark.parametrize(("stated", "doubts"), [(44, 0), (56, 1), (57, 1)])
def test_a_subtotal_is_held_against_its_own_rows(secretary: Client, stated: int, doubts: int) -> None:
    rows = [f"店{number},超市,张坊镇,白石村,{number}" for number in (3, 10, 20, 24)]
    table = ["场所名称,类别,乡镇,村,人数", *rows[:2], "小计,,,,13", *rows[2:], f"小计,,,,{stated}"]
    looked = secretary.get(upload(secretary, "\n".join(table).encode())).text
    assert looked.count(f"第 7 行“人数”写的是 {stated}，加起来是 44") == doubts


def test_who_may_not_import_is_refused_and_sees_no_link(cast: Cast, secretary: Client) -> None:
    leader = cast.at_desk("leader")
    assert (leader.get("/import").status_code, 'href="/import"' in leader.get("/").text) == (403, False)
    assert 'href="/import"' in secretary.get("/").text
    address = upload(secretary, b"name,category\nx,shop\n")
    assert cast.at_desk("commander").get(address).status_code == 404


def test_a_file_too_large_for_the_page_is_refused_with_what_to_do(secretary: Client) -> None:
    answer = secretary.post("/import", {"file": SimpleUploadedFile("a.csv", b"x" * (MOST_BYTES + 1))})
    assert (answer.status_code, "tongxin import" in answer.text, "door.too_large" in answer.text) == (413, True, True)
    assert secretary.post("/import", {}).status_code == 400


def test_a_page_that_another_site_sends_is_refused(cast: Cast) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = cast.at_desk("secretary").cookies
    assert strict.post("/import", {"file": SimpleUploadedFile("a.csv", b"x")}).status_code == 403


def test_a_secretary_of_one_town_imports_there_only(cast: Cast, secretary: Client) -> None:
    Role.objects.filter(member=id_of("secretary")).update(areas=["430181105000"])
    address = upload(secretary, "场所名称,类别,乡镇,村\n甲,超市,张坊镇,白石村\n乙,超市,淮川街道,北园社区\n".encode())
    secretary.post(address, {**chosen(secretary.get(address).text), "good_rows": "on", "act": "import"})
    assert set(Place.objects.filter(name__in="甲乙").values_list("name", flat=True)) == {"甲"}
