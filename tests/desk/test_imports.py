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

NO_VILLAGE = (
    "淮川街道没有村（社区）“月亮社区”；要写行政区划名录里的名称，这里有："
    "城西社区、西正社区、朝阳社区、北正社区、新北社区、北园社区、城东社区、联城社区、翠园社区"
)
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
        "判定": "退回", "原因": NO_VILLAGE, "场所名称": "月亮幼儿园",
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


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        (None, "选一张表，再看一次"), ("名称,类别\n甲,超市\n", "选一种，再看一次"), ("abc\nd\n", "<br>在表里写上列名，再上传。"),
        ("场所名称,地方\n甲,张坊\n", "在下面选哪一列是什么，再看一次"),
        ("场所名称,类别,乡镇\n叶记,超市,张坊\n叶 记,超市,张坊\n", "收下"),
        ("场所名称,类别,乡镇,人数\n叶记,超市,张坊,3\n合计,,,4\n", "勾选“疑点已核对”"),
    ],
)  # fmt: skip
def test_what_to_do_is_said_in_what_the_page_has_and_not_in_options(secretary: Client, table: str | None, wanted: str) -> None:
    page = secretary.get(upload(secretary, table.encode() if table else MESSY.read_bytes())).text
    shown = re.sub(r"(?s)<(script|style).*?</\1>|<!--.*?-->", "", page)
    assert (wanted in shown, re.findall(r"--[a-z-]+", shown)) == (True, [])


STOPPED = {"despite": "疑点已核对", "other": "收下", "good_rows": "只导入好的行"}
GOOD, ALIKE, BAD, OFF = ["甲,超市,张坊镇,白石村,3", "甲 ,超市,张坊镇,白石村,0", ",超市,张坊镇,白石村,0", "合计,,,,9"]


@pytest.mark.parametrize(
    ("rows", "ways"),
    [
        ([GOOD, OFF], ["despite"]), ([GOOD, BAD], ["good_rows"]), ([GOOD, ALIKE], ["other", "good_rows"]),
        ([GOOD, ALIKE, BAD, OFF], ["despite", "other", "good_rows"]), ([BAD], []),
    ],
)  # fmt: skip
def test_why_nothing_was_imported_names_only_ways_out_that_the_page_has(
    secretary: Client, rows: list[str], ways: list[str]
) -> None:
    address = upload(secretary, "\n".join(["场所名称,类别,乡镇,村,人数", *rows]).encode())
    page = secretary.post(address, {**chosen(secretary.get(address).text), "act": "import"}).text
    (why,) = re.findall("(?s)没有导入，什么也没有写入。(.*?)</p>", page)
    assert [name for name, text in STOPPED.items() if text in why] == ways
    assert [name for name in ways if f'name="{name}"' not in page] == []
    assert ("改正文件再上传" in why) == (ways != ["despite"])


def test_a_doubtful_file_whose_rows_are_all_held_says_that_nothing_is_new(secretary: Client) -> None:
    for _ in ("first", "again"):
        address = upload(secretary, "\n".join(["场所名称,类别,乡镇,村,人数", GOOD, OFF]).encode())
        form = chosen(secretary.get(address).text)
        page = secretary.post(address, {**form, "despite": "on", "act": "import"}, follow=True).text
    assert re.findall("(?s)没有导入，什么也没有写入。</b>(.*?)</p>", page) == ["<br>没有新的行可写。"]


ORGANISATIONS = ("东片组", "第二督查组", "西区督查组", "市应急局", "Fire Brigade", "Team A")


@pytest.mark.parametrize(
    ("written", "near"),
    [
        ("第三督查组", ""), ("督查组", ""), ("东区督查组", ""), ("第二十督查组", ""), ("Team B", ""), ("第1督查组", ""),
        ("西区督察组", "西区督查组"), ("应急局", "市应急局"), ("第二督查小组", ""), ("西督查区组", ""),
        ("西区查督组", "西区督查组"), ("Fire Brigde", "Fire Brigade"), ("Fire Brigate", "Fire Brigade"),
    ],
)  # fmt: skip
def test_an_unknown_organisation_is_to_be_imported_first_and_another_is_proposed_only_for_a_slip(
    secretary: Client, written: str, near: str
) -> None:
    offices = "单位名称,单位类别\n" + "".join(f"{name},队伍\n" for name in ORGANISATIONS)
    address = upload(secretary, offices.encode())
    form = chosen(secretary.get(address).text)
    assert "写入" in secretary.post(address, {**form, "good_rows": "on", "act": "import"}, follow=True).text
    looked = secretary.get(upload(secretary, f"姓名,单位,职责,乡镇\n钱一,{written},组员,张坊镇\n".encode())).text
    what = f"是不是“{near}”？不是，就先导入单位" if near else "先导入单位，再导入名册；名称要和登记的一样"
    assert row_of(looked, 2)["原因"] == f"单位“{written}”没有登记；{what}"


def test_a_refused_row_says_what_is_to_be_written(secretary: Client) -> None:
    roster = "姓名,单位,职责,乡镇\n,东片组,组员,张坊镇\n钱一,东片组,leeder,张坊镇\n钱二,东片组,driver,月亮镇\n"
    looked = secretary.get(upload(secretary, roster.encode())).text
    roles = "指挥长、值班长、秘书、组长、督查员"
    assert row_of(looked, 2)["原因"] == "缺“姓名”；在表里补上"
    assert row_of(looked, 3)["原因"] == f"职责“leeder”不认识；要写：{roles}"
    assert row_of(looked, 4)["原因"] == f"职责“driver”不认识；要写：{roles}"
    shops = [
        "场所名称,类别,乡镇,村",
        "甲,药店,月亮镇,",
        "乙,药店,,月亮社区",
        "丙,药店,,",
        "丁,药店,张方镇,",
        "戊,药店,大围山镇,白石村",
    ]
    looked = secretary.get(upload(secretary, "\n".join([*shops, "己,药店,张方,百石"]).encode())).text
    reasons = [row_of(looked, row)["原因"] for row in (2, 3, 4, 5, 6, 7)]
    assert reasons[0].startswith("没有乡镇“月亮镇”；要写行政区划名录里的名称，这里有：") and "、大围山镇、" in reasons[0]
    assert reasons[1] == "没有村（社区）“月亮社区”；要写行政区划名录里的名称，或者 12 位代码"
    assert reasons[2] == "没有写在哪个乡镇、哪个村；在表里补上"
    assert reasons[3] == "没有乡镇“张方镇”；是不是“张坊镇”？"
    assert reasons[5] == "没有乡镇“张方”；是不是“张坊镇”？"
    assert reasons[4].startswith("大围山镇没有村（社区）“白石村”；要写行政区划名录里的名称，这里有：") and "东门" in reasons[4]


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
