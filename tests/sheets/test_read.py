"""Whatever an office's software writes is read back as the same rows; what cannot be read whole is refused."""

import csv
import io
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tongxin.sheets.match import BadColumn, NoHeader, WhichKind, plan
from tongxin.sheets.read import BadFile, WhichSheet, sheet
from tongxin.sheets.table import Reading
from tongxin.sheets.text import clean, fold, sound

HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)
TEXT = st.text(
    st.one_of(HAN, st.characters(min_codepoint=0x20, max_codepoint=0x7E), st.sampled_from('１２３ＡＢｃ　（），"\n')), max_size=8
)
TABLE = st.lists(st.lists(TEXT, min_size=3, max_size=3), max_size=8)
HEADER = ["场所名称", "类别", "备注"]
ROSTER_XLS = Path(__file__).resolve().parents[1] / "data" / "roster.xls"


def as_csv(rows: list[list[str]], encoding: str, delimiter: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


def as_xlsx(rows: list[list[object]], first: int = 0, column: int = 0) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        page = book.add_worksheet("表")
        for index, row in enumerate(rows, first):
            page.write_row(index, column, row)
    return file.getvalue()


ROSTER = [
    ["抽调人员花名册"],
    ["姓名", "单位", "职务", "人数"],
    ["张伟", "第一督查组", "组长", "3"],
    ["欧阳丽", "第一督查组", "组员", "2.5"],
    [],
    ["合计", "", "", "5.5"],
]
"""What tests/data/roster.xls says, in an old Excel's format, written once by xlwt."""


def as_ods(rows: list[list[str]]) -> bytes:
    """Write an open document by hand, as small as the format allows."""
    spaces = "urn:oasis:names:tc:opendocument:xmlns"
    cells = [
        "".join(
            f'<table:table-cell office:value-type="float" office:value="{cell}"/>'
            if cell[:1].isdigit()
            else f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
            for cell in row
        )
        for row in rows
    ]
    body = "".join(f"<table:table-row>{row or '<table:table-cell/>'}</table:table-row>" for row in cells)
    names = " ".join(f'xmlns:{name}="{spaces}:{name}:1.0"' for name in ("office", "table", "text"))
    table = f'<table:table table:name="花名册">{body}</table:table>'
    content = f"<office:spreadsheet>{table}</office:spreadsheet>"
    content = f"<office:document-content {names}><office:body>{content}</office:body></office:document-content>"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("META-INF/manifest.xml", f'<manifest:manifest xmlns:manifest="{spaces}:manifest:1.0"/>')
        packed.writestr("content.xml", content)
    return file.getvalue()


def cleaned(rows: list[list[str]]) -> list[list[str]]:
    found = [[clean(cell) for cell in row] for row in rows]
    return [row if any(row) else [] for row in found]


@given(TABLE, st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]), st.sampled_from([",", "\t", ";"]))
def test_a_csv_in_any_encoding_reads_back_the_same_rows(table: list[list[str]], encoding: str, delimiter: str) -> None:
    rows = [HEADER * 40, *table]  # a header long enough that no cell's commas outnumber the delimiters
    assert list(sheet(as_csv(rows, encoding, delimiter)).rows()) == cleaned(rows)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(TABLE, st.integers(0, 3), st.integers(0, 3))
def test_a_workbook_reads_back_the_same_rows_wherever_they_stand(table: list[list[str]], first: int, column: int) -> None:
    rows = [HEADER, *table]
    read = list(sheet(as_xlsx([list(row) for row in rows], first, column)).rows())
    wanted: list[list[str]] = [[]] * first + [[""] * column + row if row else [] for row in cleaned(rows)]
    while wanted and not wanted[-1]:
        wanted.pop()  # a workbook does not know of blank rows below its last
    while read and not read[-1]:
        read.pop()
    assert read == wanted


def test_numbers_are_read_as_people_wrote_them() -> None:
    rows = list(sheet(as_xlsx([[3.0, 430181105201, 0.5, "１２３", "张　三", " a  b "]])).rows())
    assert rows == [["3", "430181105201", "0.5", "123", "张三", "a b"]]


def test_a_merged_cell_holds_for_every_row_that_it_covers_but_a_blank_row_stays_blank(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "merged.xlsx") as book:
        page = book.add_worksheet()
        page.write_row(1, 1, ["北"])
        page.write_row(3, 1, ["南"])
        page.merge_range(1, 0, 3, 0, "镇")
    assert list(sheet(tmp_path / "merged.xlsx").rows()) == [[], ["镇", "北"], [], ["镇", "南"]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04 no workbook", "工作簿打不开"),
        ("姓名,单位\n张三".encode("gbk") + b"\xff\xff", "不是 UTF-8，也不是 GBK"),
        (b'a,b\n"c,d\n', "引号没有配对"),
        (b"<html><table></table>", "网页"),
        (b"\x00\x01\x02", "不是文本"),
    ],
)
def test_what_cannot_be_read_whole_is_refused_with_its_reason(content: bytes, said: str, chinese: None) -> None:
    with pytest.raises(BadFile, match=said):
        list(sheet(content).rows())


def test_of_several_sheets_one_must_be_named_and_a_hidden_one_does_not_count(messy: Path) -> None:
    with pytest.raises(WhichSheet) as asked:
        sheet(messy)
    assert asked.value.details["sheets"] == ["单位", "名册", "场所"]
    with pytest.raises(WhichSheet):
        sheet(messy, "没有")
    assert sheet(messy, "场所").name == "场所"


# --- columns by meaning


def test_the_header_is_found_below_titles_and_columns_are_matched_by_meaning(messy: Path) -> None:
    found = plan(sheet(messy, "场所"))
    assert (found.kind, found.header) == ("premises", 3)
    assert found.fields == {"town": 1, "village": 2, "name": 3, "category": 4}
    assert found.guesses == []


def test_what_is_only_like_a_name_is_a_guess_until_a_person_says_so() -> None:
    table = sheet(as_csv([["经营场所名称全称", "类别", "乡镇"], ["甲", "超市", "张坊镇"]], "utf-8"))
    assert [(column.header, column.field) for column in plan(table, "premises").guesses] == [("经营场所名称全称", "name")]
    assert plan(table, "premises", {"经营场所名称全称": "name"}).guesses == []


def test_a_header_of_two_rows_is_read_by_its_lower_one(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "two.xlsx") as book:
        page = book.add_worksheet()
        page.merge_range(0, 0, 1, 0, "姓名")
        page.merge_range(0, 1, 0, 2, "负责区域")
        page.merge_range(0, 3, 1, 3, "所属单位")
        page.write_row(1, 1, ["乡镇", "村"])
        page.write_row(2, 0, ["张三", "张坊镇", "白石村", "东区督查组"])
    found = plan(sheet(tmp_path / "two.xlsx"), "roster")
    assert (found.header, found.fields) == (2, {"name": 0, "town": 1, "village": 2, "organisation": 3})


def test_missing_columns_unknown_names_and_undecided_kinds_are_said() -> None:
    with pytest.raises(NoHeader) as missing:
        plan(sheet(b"name,town\nx,y\n"), "premises")
    assert missing.value.details["missing"] == ["category"]
    both = sheet(as_csv([["名称", "类别"], ["甲", "超市"]], "gb18030"))
    with pytest.raises(WhichKind):
        plan(both)
    for given_ in ({"没有这列": "name"}, {"名称": "nothing"}, {"名称": "name", "类别": "name"}):
        with pytest.raises(BadColumn):
            plan(both, "premises", given_)


# --- rows and totals


def read(rows: list[list[str]]) -> Reading:
    table = sheet(as_csv(rows, "utf-8"))
    reading = Reading(table, plan(table, "premises"))
    list(reading.lines())
    return reading


def test_totals_are_compared_and_one_that_differs_is_a_doubt() -> None:
    rows = [["场所名称", "类别", "人数"], ["甲", "超市", "3"], ["小计", "", "3"], ["乙", "超市", "1,004"], ["合计", "", "1,007"]]
    good, wrong = read(rows), read([*rows[:-1], ["共计3家", "", "1,008"]])
    assert (good.ignored, good.doubts, len(good.totals)) == ({3: "total", 5: "total"}, [], 2)
    assert [(t.number, str(t.stated), str(t.added)) for t in wrong.totals if not t.agrees] == [(5, "3", "2"), (5, "1008", "1007")]


SECTIONS = st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=4), min_size=1, max_size=4)


@given(SECTIONS, st.data())
def test_a_subtotal_is_of_its_section_a_total_of_all_and_a_wrong_one_is_shown_beside_its_own_sum(
    sections: list[list[int]], data: st.DataObject
) -> None:
    sums = [*map(sum, sections), sum(map(sum, sections))]
    stated = [each + data.draw(st.sampled_from([0, 0, 1, sums[-1]])) for each in sums]
    rows = [["场所名称", "类别", "人数"]]
    for section, subtotal in zip(sections, stated, strict=False):
        rows += [*(["店", "超市", str(number)] for number in section), ["小计", "", str(subtotal)]]
    found = read([*rows, [data.draw(st.sampled_from(["合计", "总计", "共计", "全市总计"])), "", str(stated[-1])]]).totals
    assert [(int(t.stated), int(t.added)) for t in found] == list(zip(stated, sums, strict=True))
    assert [t.agrees for t in found] == [a == b for a, b in zip(stated, sums, strict=True)]


@pytest.mark.parametrize(
    ("label", "stated", "added"),
    [
        ("小计", "56", "44"), ("小计", "57", "44"), ("合计", "44", "57"), ("张坊镇合计", "44", "44"), ("张坊镇合计", "57", "57"),
        ("张坊镇合计", "45", "44"), ("张坊镇合计", "56", "57"), ("Subtotal", "57", "44"), ("Total:", "44", "57"),
        ("小计2家", "44", "44"), ("总计：4家", "44", "57"), ("3月小计", "57", "44"),
    ],
)  # fmt: skip
def test_a_label_tells_what_a_total_is_of_and_one_that_does_not_is_shown_beside_the_nearer(
    label: str, stated: str, added: str
) -> None:
    shops = [["场所名称", "类别", "人数"], *(["店", "超市", number] for number in ("3", "10", "20", "24"))]
    found = read([*shops[:3], ["小计", "", "13"], *shops[3:], [label, "", stated]]).totals
    assert [(str(t.stated), str(t.added)) for t in found if t.column] == [("13", "13"), (stated, added)]
    assert [t.agrees for t in found if not t.column] == [True] * ("家" in label)


def test_two_rows_of_totals_below_each_other_are_of_the_same_rows() -> None:
    shops = [["场所名称", "类别", "人数"], ["甲", "超市", "3"], ["小计", "", "3"], ["小计1家", "", ""], ["乙", "超市", "4"]]
    assert [t.agrees for t in read([*shops, ["小计", "", "4"], ["合计", "", "7"], ["共2家", "", ""]]).totals] == [True] * 5


def test_a_place_that_is_called_like_a_total_is_a_place() -> None:
    assert read([["场所名称", "类别"], ["合计", "超市"], ["共计", ""]]).ignored == {3: "total"}


@pytest.mark.parametrize("rows", [65_536, 65_535])
def test_a_table_that_ends_where_spreadsheets_end_is_doubted(rows: int) -> None:
    content = "场所名称,类别\n".encode() + "甲,超市\n".encode() * (rows - 1)
    reading = Reading(sheet(content), plan(sheet(content)))
    assert sum(1 for _ in reading.lines()) == rows - 1
    assert len(reading.doubts) == (rows == 65_536)


def test_a_header_again_notes_and_blank_rows_are_no_data() -> None:
    reading = read([["场所名称", "类别"], ["甲", "超市"], ["", ""], ["场所名称", "类别"], ["备注：以上", ""]])
    assert (reading.rows, reading.blank, reading.ignored) == (4, 1, {4: "header", 5: "note"})


@given(st.text(max_size=12))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


def test_two_writings_of_one_name_are_read_alike() -> None:
    assert sound("張偉") == sound("张 伟") == sound("章伟") != sound("张薇薇")
    assert fold("ＫＴＶ（一店）") == fold("ktv(一店)")


def _without_blank_ends(rows: list[list[str]]) -> list[list[str]]:
    return [row[: max((n + 1 for n, cell in enumerate(row) if cell), default=0)] for row in rows]


@pytest.mark.parametrize("content", [ROSTER_XLS, as_ods(ROSTER)], ids=["xls", "ods"])
def test_an_old_workbook_and_an_open_document_read_like_any_other(content: Path | bytes) -> None:
    read = sheet(content)
    assert read.name == "花名册"
    assert _without_blank_ends(list(read.rows())) == _without_blank_ends(ROSTER)
    assert plan(read).header == 2


@pytest.mark.parametrize("content", [ROSTER_XLS.read_bytes()[:3000], as_ods(ROSTER)[:-200]], ids=["xls", "ods"])
def test_half_of_one_is_refused(content: bytes) -> None:
    with pytest.raises(BadFile):
        list(sheet(content).rows())
