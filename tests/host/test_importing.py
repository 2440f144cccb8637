"""``tongxin import`` as somebody types it who has nothing but the README."""

import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from python_calamine import CalamineWorkbook
from tests.conftest import prepare
from tests.e2e.conftest import TONGXIN
from tests.host.helpers import ROOT, Server, environment, fetch
from tests.host.test_up import running

from tongxin.host.database import Database, ensure
from tongxin.host.home import Home
from tongxin.host.ports import free_port

MESSY = "tests/data/messy.xlsx"


@pytest.fixture(scope="module")
def fresh(server: Server) -> Database:
    """A database with areas and a founder, nothing imported yet."""
    made = ensure(server.embedded.owner_url("importing"), None, server.home.secrets().app_password)
    prepare(made)
    return made


def tongxin(home: Path, database: Database, *arguments: str, says: str = "", language: str = "zh") -> tuple[int, str]:
    """Run the command; return its exit code and all it printed."""
    wanted = {
        "TONGXIN_HOME": str(home / "home"), "TONGXIN_LANGUAGE": language, "DATABASE_URL": database.owner_url,
        "DATABASE_APP_URL": database.app_url,
    }  # fmt: skip
    ended = subprocess.run(
        [TONGXIN, "import", *arguments], env=environment() | wanted, input=says, text=True, cwd=ROOT, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return ended.returncode, ended.stdout


def test_it_shows_every_bad_row_asks_and_writes_only_after_a_yes(fresh: Database, tmp_path: Path) -> None:
    places = "SELECT count(*) FROM places_place"
    code, said = tongxin(tmp_path, fresh, MESSY)
    assert (code, "sheets.which_sheet" in said, "单位、名册、场所" in said) == (2, True, True)
    code, said = tongxin(tmp_path, fresh, MESSY, "--sheet", "场 所")
    assert (code, "没有名为“场 所”的表；有：单位、名册、场所\n" in said) == (2, True)
    code, said = tongxin(tmp_path, fresh, MESSY, "--sheet", "场所", "--good-rows", says="n\n")
    assert (code, fetch(fresh.owner_url, places)) == (1, [(0,)])
    assert [row for row in (7, 10, 13, 14, 16) if f"第 {row} 行  " not in said] == []
    assert "17 = 可收 7 + 已有 0 + 退回 3 + 待确认 2 + 不是数据 5" in said
    report = tmp_path / "report.xlsx"
    code, said = tongxin(tmp_path, fresh, MESSY, "--sheet", "场所", "--good-rows", "--report", str(report), says="y\n")
    assert (code, "导入前 0，导入后 7" in said, fetch(fresh.owner_url, places)) == (1, True, [(7,)])
    assert len(CalamineWorkbook.from_path(report).get_sheet_by_index(1).to_python()) == 1 + 12


def test_nobody_is_asked_where_nothing_can_be_written_and_the_reason_and_the_way_out_are_said(
    fresh: Database, tmp_path: Path
) -> None:
    report = tmp_path / "before.xlsx"
    code, said = tongxin(tmp_path, fresh, MESSY, "--sheet", "名册", "--kind", "roster", "--report", str(report))
    assert (code, "什么也没有写入。有 " in said, "改正文件" in said, "[y/N]" in said) == (1, True, True, False)
    rows = CalamineWorkbook.from_path(report).get_sheet_by_name("逐行").to_python()
    assert len(rows) > 5, "the report is there before anything is decided"
    code, said = tongxin(tmp_path, fresh, MESSY, "--sheet", "名册", "--kind", "roster", "--yes")
    assert (code, "改正文件" in said) == (1, True)


def test_a_report_says_what_a_good_rows_words_were_taken_for(fresh: Database, tmp_path: Path) -> None:
    file, report = tmp_path / "shops.csv", tmp_path / "shops.xlsx"
    file.write_text("场所名称,类别,乡镇,村\n林记药房,药房,张坊,白石\n", "utf-8")
    code, said = tongxin(tmp_path, fresh, str(file), "--report", str(report), says="n\n")
    assert (code, "写入这 1 行？" in said, said.rstrip().endswith("什么也没有写入。")) == (1, True, True)
    row = CalamineWorkbook.from_path(report).get_sheet_by_name("逐行").to_python()[1]
    assert row[2] == "读作：张坊镇白石村・药店"


def test_a_report_that_cannot_be_written_is_refused_before_anything_is(fresh: Database, tmp_path: Path) -> None:
    file = tmp_path / "more.csv"
    file.write_text("场所名称,类别,乡镇,村\n王记药房,药房,张坊,白石\n", "utf-8")
    places = "SELECT count(*) FROM places_place WHERE name = '王记药房'"
    for where in (tmp_path / "nowhere" / "r.xlsx", Path("/proc/r.xlsx")):
        code, said = tongxin(tmp_path, fresh, str(file), "--yes", "--report", str(where))
        assert (code, f"--report：{where} 写不了" in said, "Traceback" in said, fetch(fresh.owner_url, places)) == (
            2,
            True,
            False,
            [(0,)],
        )
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04 broken")
    assert tongxin(tmp_path, fresh, str(tmp_path / "broken.xlsx"), "--yes", "--report", str(tmp_path / "half.xlsx"))[0] == 2
    assert sorted(path.name for path in tmp_path.iterdir() if "part" in path.name or "half" in path.name) == []


def test_a_report_replaces_no_file_and_least_of_all_the_one_that_is_imported(fresh: Database, tmp_path: Path) -> None:
    file, kept, link = tmp_path / "list.csv", tmp_path / "kept.xlsx", tmp_path / "link.csv"
    file.write_text("场所名称,类别,乡镇,村\n吴记药房,药房,张坊,白石\n", "utf-8")
    kept.write_bytes(b"of last time")
    link.symlink_to(file)
    before = {path.name: path.read_bytes() for path in (file, kept)}
    for report, why in ((file, "就是要导入的文件"), (link, "就是要导入的文件"), (kept, "已经有了")):
        for answer in (["--yes"], []):
            code, said = tongxin(tmp_path, fresh, str(file), *answer, "--report", str(report), says="y\n")
            assert (code, f"--report：{report} {why}" in said, "host.report_exists" in said) == (2, True, True)
            assert ("移走" in said, "吴记" in said, "写入" in said) == (True, False, False)
    assert {path.name: path.read_bytes() for path in (file, kept)} == before
    assert fetch(fresh.owner_url, "SELECT count(*) FROM places_place WHERE name = '吴记药房'") == [(0,)]


def test_an_answer_to_a_row_that_looks_like_no_other_is_named(fresh: Database, tmp_path: Path) -> None:
    _, said = tongxin(tmp_path, fresh, MESSY, "--sheet", "场所", "--other", "16", "--other", "10", "--yes")
    assert "--other：第 16 行" in said


def test_a_clean_file_ends_with_0_and_options_answer_what_would_be_asked(fresh: Database, tmp_path: Path) -> None:
    file = tmp_path / "offices.csv"
    file.write_bytes("单位全称叫法,性质,备注\n市水利局,机关,\n防汛突击队,队伍,\n".encode("gbk"))
    code, said = tongxin(tmp_path, fresh, str(file), "--kind", "organisations", "--yes", "--column", "单位全称叫法=name")
    assert (code, "写入了2行" in said) == (0, True)
    code, said = tongxin(tmp_path, fresh, str(file), "--kind", "organisations", "--yes", "--column", "没有=name")
    assert (code, "sheets.bad_column" in said, "Traceback" in said) == (2, True, False)


SHOP, BAD = "莫记,超市,张坊,白石\n", ",超市,张坊,白石\n"


@pytest.mark.parametrize(
    ("language", "rows", "more", "last"),
    [
        ("en", BAD, [], "Nothing was written. 1 row needs a person and no row is good: mend the file and import it again."),
        ("zh", BAD, [], "什么也没有写入。有 1 行要人看，没有可写的行：改正文件再导入。"),
        ("zh", BAD, ["--good-rows"], "什么也没有写入。有 1 行要人看，没有可写的行：改正文件再导入。"),
        ("zh", BAD, ["--good-rows", "--yes"], "什么也没有写入。有 1 行要人看，没有可写的行：改正文件再导入。在册：导入前"),
        ("en", SHOP + BAD, [], "Nothing was written. 1 row needs a person: mend the file and import it again, or add --good"),
        ("en", SHOP, [], "Nothing was written. Nobody answered: run it in a terminal, or look first and then add --yes"),
        ("zh", SHOP, [], "什么也没有写入。没有人回答：到终端里运行，或者看过之后加 --yes"),
    ],
)  # fmt: skip
def test_the_last_line_says_why_nothing_was_written_and_what_to_do(
    fresh: Database, tmp_path: Path, language: str, rows: str, more: list[str], last: str
) -> None:
    (tmp_path / "list.csv").write_text("场所名称,类别,乡镇,村\n" + rows, "utf-8")
    code, said = tongxin(tmp_path, fresh, str(tmp_path / "list.csv"), *more, language=language)
    assert (code, said.splitlines()[-1][: len(last)], "Aborted" in said) == (1, last, False)
    assert fetch(fresh.owner_url, "SELECT count(*) FROM places_place WHERE name = '莫记'") == [(0,)]


def test_english_sentences_stand_apart(fresh: Database, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("场所名称,类别,乡镇,村\n程记,超市,张坊,白石\n", "utf-8")
    _, said = tongxin(tmp_path, fresh, str(tmp_path / "list.csv"), "--yes", language="en")
    assert "1 row was written. Registered: " in said.splitlines()[-1]


@pytest.mark.parametrize(
    ("table", "more", "wanted"),
    [
        (None, [], "用 --sheet 指明"), ("名称,类别\n甲,超市\n", [], "用 --kind 指明"),
        ("场所名称,地方\n甲,张坊\n", [], "用 --column 列名=字段 指明"),
        ("经营场所名称全称,类别,乡镇\n甲,超市,张坊\n", ["--kind", "premises", "--yes"], "用 --column 逐一确认"),
        ("场所名称,类别,乡镇\n叶记,超市,张坊\n叶 记,超市,张坊\n", [], "不是，就答复它是另一个（--other 3）"),
        ("场所名称,类别,乡镇,人数\n叶记,超市,张坊,3\n合计,,,4\n", [], "加 --despite"),
    ],
)  # fmt: skip
def test_what_to_do_is_said_in_options_and_not_in_what_the_page_has(
    fresh: Database, tmp_path: Path, table: str | None, more: list[str], wanted: str
) -> None:
    (tmp_path / "list.csv").write_text(table or "", "utf-8")
    _, said = tongxin(tmp_path, fresh, str(tmp_path / "list.csv") if table else MESSY, *more)
    assert (wanted in said, "勾选" in said) == (True, False), said


def test_a_file_that_is_no_table_is_one_clear_refusal(fresh: Database, tmp_path: Path) -> None:
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04 broken")
    code, said = tongxin(tmp_path, fresh, str(tmp_path / "broken.xlsx"), "--yes")
    assert (code, "sheets.bad_file" in said, "Traceback" in said) == (2, True, False)


def alone(folder: Path, *arguments: str, **wanted: str) -> tuple[int, str]:
    """Run the command in a folder, with no database named."""
    kept = {name: value for name, value in environment().items() if not name.startswith(("DATABASE_", "TONGXIN_"))}
    ended = subprocess.run(
        [TONGXIN, "import", *arguments], env=kept | {"TONGXIN_LANGUAGE": "zh"} | wanted, input="y\n", text=True, cwd=folder,
        check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return ended.returncode, ended.stdout


def test_where_nothing_is_installed_it_makes_nothing_and_says_which_folder_it_looked_in(tmp_path: Path) -> None:
    file = tmp_path / "shops.csv"
    file.write_text("场所名称,类别,乡镇,村\n林记药房,药房,张坊,白石\n", "utf-8")
    for answer in ([], ["--yes"]):
        code, said = alone(tmp_path, str(file), *answer)
        assert (code, "host.not_installed" in said, f"目录 {tmp_path / 'var'} 里" in said) == (2, True, True)
        assert ("TONGXIN_HOME" in said, "tongxin up" in said) == (True, True)
    assert [path.name for path in tmp_path.iterdir()] == ["shops.csv"]


def test_an_installation_is_found_from_another_folder_while_it_runs_and_after(home: Home, tmp_path: Path) -> None:
    file, elsewhere = tmp_path / "shops.csv", tmp_path / "elsewhere"
    file.write_text("场所名称,类别,乡镇,村\n林记药房,药房,张坊,白石\n", "utf-8")
    elsewhere.mkdir()
    with running(home, free_port()):
        code, said = alone(elsewhere, str(file), TONGXIN_HOME=str(home.path))
        assert (code, "导入前 0，导入后 1" in said) == (0, True)
    code, said = alone(elsewhere, str(file), TONGXIN_HOME=str(home.path))
    assert (code, "已有 1" in said, list(elsewhere.iterdir())) == (0, True, [])


def test_the_county_and_the_installation_are_named_before_the_question(fresh: Database, tmp_path: Path) -> None:
    file = tmp_path / "shops.csv"
    file.write_text("场所名称,类别,乡镇,村\n郑记药房,药房,张坊,白石\n", "utf-8")
    _, said = tongxin(tmp_path, fresh, str(file), says="n\n")
    named = f"导入到浏阳市：目录 {tmp_path / 'home'}，数据库 127.0.0.1:"
    assert 0 <= said.find(named) < said.find("写入这 1 行？")
    assert (str(urlsplit(fresh.owner_url).password) in said, "/importing\n" in said) == (False, True)
