"""What becomes of an office's rows: taken, left alone, refused or asked; all of them or none; never a row lost."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from tests.cast import COUNTY, Cast, id_of
from tests.data.build import build

from tongxin.audit.models import Entry
from tongxin.base.problems import Forbidden, NotFound
from tongxin.base.scope import Scope
from tongxin.imports.actions import Choice, File, finish, look, perform, receive
from tongxin.imports.outcome import Outcome
from tongxin.imports.queries import upload
from tongxin.people.actions import found
from tongxin.people.models import Member, Organisation, Role
from tongxin.people.queries import scope_of
from tongxin.places.models import Area, Place
from tongxin.sheets.kinds import kinds, spoken, vocabulary
from tongxin.sheets.match import BadColumn
from tongxin.sheets.text import fold

DATA = Path(__file__).resolve().parents[1] / "data"
MESSY = File("messy.xlsx", DATA / "messy.xlsx")
PREMISES = ["场所名称", "类别", "乡镇", "村"]


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    with translation.override("zh-hans"):
        yield


@pytest.fixture
def founder(db: None) -> Scope:
    return scope_of(found(COUNTY).id)


def table(*rows: Sequence[str], encoding: str = "gb18030") -> File:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return File("table.csv", text.getvalue().encode(encoding))


def bad(outcome: Outcome) -> dict[int, str]:
    assert outcome.balanced
    return {verdict.number: verdict.what for verdict in outcome.bad}


def reason(outcome: Outcome, row: int) -> str:
    return next(verdict.reason for verdict in outcome.bad if verdict.number == row)


# --- the messy workbook, as the README imports it


def test_every_bad_row_of_the_messy_premises_is_shown_and_nothing_is_written(founder: Scope) -> None:
    outcome = perform(founder, MESSY, Choice(sheet="场所"))
    assert bad(outcome) == {7: "refused", 10: "asked", 13: "refused", 14: "refused", 16: "asked"}
    assert (outcome.rows, outcome.taken, outcome.ignored, outcome.written) == (17, 7, 5, 0)
    assert Place.objects.count() == 0
    assert [total.agrees for total in outcome.totals] == [True, True, True]


def test_good_rows_are_written_once_and_an_import_again_changes_nothing(founder: Scope) -> None:
    choice = Choice(sheet="场所", good_rows=True)
    first, second = perform(founder, MESSY, choice), perform(founder, MESSY, choice)
    assert (first.written, first.before, first.after) == (7, 0, 7)
    assert (second.written, second.unchanged, bad(second)) == (0, 7, bad(first))
    assert set(Place.objects.values_list("name", "category", "area__name", "area__parent__name")) == {
        ("白石观", "worship", "白石村", "张坊镇"), ("老屋饭店", "restaurant", "白石村", "张坊镇"),
        ("茶林便民超市", "supermarket", "茶林村", "张坊镇"), ("北园影院", "entertainment", "北园社区", "淮川街道"),
        ("城东大药房（一店）", "pharmacy", "城东社区", "淮川街道"), ("城东大药房(二店)", "pharmacy", "城东社区", "淮川街道"),
        ("KTV99", "entertainment", "东门村", "大围山镇"),
    }  # fmt: skip


def test_the_same_as_gbk_csv_comes_to_the_same_rows(founder: Scope) -> None:
    perform(founder, MESSY, Choice(sheet="场所", good_rows=True))
    again = perform(founder, File("messy-premises.csv", DATA / "messy-premises.csv"), Choice(fill=frozenset({"乡镇"})))
    assert (again.unchanged, again.taken) == (7, 0)
    assert bad(again) == {7: "refused", 10: "asked", 13: "refused", 14: "refused", 16: "refused"}


def test_organisations_then_the_roster_with_its_two_spellings(founder: Scope) -> None:
    offices = perform(founder, MESSY, Choice(sheet="单位", good_rows=True))
    assert bad(offices) == {6: "refused", 7: "refused"}
    assert "把它写在上面的一行，或者先导入它" in reason(offices, 6)
    assert Organisation.objects.get(name="东区督查组").parent == Organisation.objects.get(name="市应急局")
    people = perform(founder, MESSY, Choice(sheet="名册", good_rows=True))
    assert bad(people) == {6: "asked", 9: "refused", 10: "asked", 11: "refused", 12: "refused"}
    assert "第 4 行“张伟”" in reason(people, 6)
    assert "西区督查组" in reason(people, 9)
    assert list(Role.objects.filter(member__name="张伟").values_list("kind", "areas")) == [("leader", ["430181105000"])]
    assert Member.objects.filter(name="李秀英").count() == 2


def test_who_is_another_is_taken_when_a_person_says_so_and_found_again(founder: Scope) -> None:
    perform(founder, MESSY, Choice(sheet="单位", good_rows=True))
    answered = Choice(sheet="名册", others=frozenset({6, 10}), good_rows=True)
    assert perform(founder, MESSY, answered).written == 6
    again = perform(founder, MESSY, Choice(sheet="名册", good_rows=True))
    assert (again.written, again.unchanged, again.asked) == (0, 6, 0)


def test_the_stored_files_are_those_that_are_built(tmp_path: Path) -> None:
    build(tmp_path)
    assert (tmp_path / "messy-premises.csv").read_bytes() == (DATA / "messy-premises.csv").read_bytes()
    assert (tmp_path / "messy.xlsx").read_bytes() == (DATA / "messy.xlsx").read_bytes()


# --- single rules


def doubles() -> list[str]:
    names = list(Area.objects.filter(level="village").values_list("name", flat=True))
    return sorted({name for name in names if names.count(name) > 1})


def test_each_of_the_six_village_names_that_lie_in_two_towns_is_asked_and_never_guessed(founder: Scope) -> None:
    names = doubles()
    assert len(names) == 6
    outcome = look(founder, table(PREMISES, *[["店", "超市", "", name] for name in names]), Choice())
    assert (outcome.asked, outcome.taken) == (6, 0)
    for row, name in enumerate(names, 2):
        for town in Area.objects.filter(name=name).values_list("parent__name", flat=True):
            assert f"{town}{name}" in reason(outcome, row)
            assert look(founder, table(PREMISES, ["店", "超市", town, name]), Choice()).taken == 1


@pytest.mark.parametrize(
    ("town", "village", "code"),
    [
        ("张坊镇", "白石村", "430181105201"), ("张坊", "白石", "430181105201"), ("浏阳市张坊镇", "白石村委会", "430181105201"),
        ("张坊镇人民政府", "", "430181105000"), ("", "白石村", "430181105201"),
        ("淮川街道办事处", "北园社区居委会", "430181001010"),
        ("张坊镇", "430181105201", "430181105201"), ("张坊镇", "白石社区", ""), ("大围山镇", "白石村", ""),
        ("张方镇", "白石村", ""),
    ],
)  # fmt: skip
def test_areas_are_found_as_offices_write_them(founder: Scope, town: str, village: str, code: str) -> None:
    outcome = perform(founder, table(PREMISES, ["店", "超市", town, village]), Choice())
    assert list(Place.objects.values_list("area_id", flat=True)) == ([code] if code else [])
    assert outcome.refused == (not code)


@pytest.mark.parametrize("text", ["430181105201", "张坊镇白石村", "浏阳市张坊镇白石村", "白石村"])
def test_one_cell_may_name_town_and_village(founder: Scope, text: str) -> None:
    perform(founder, table(["名称", "场所类别", "区域"], ["店", "超市", text]), Choice(kind="premises"))
    assert Place.objects.get().area_id == "430181105201"


def test_an_import_only_adds(founder: Scope) -> None:
    perform(founder, table(PREMISES, ["店", "超市", "张坊镇", "白石村"]), Choice())
    outcome = perform(founder, table(PREMISES, ["店", "药店", "张坊镇", "白石村"]), Choice())
    assert bad(outcome) == {2: "refused"}
    assert ("商超" in reason(outcome, 2), Place.objects.get().category) == (True, "supermarket")


def test_someone_whose_role_has_ended_is_not_brought_back(cast: Cast, founder: Scope) -> None:
    roster = table(["姓名", "单位", "职责"], ["赵一", "东片组", "组长"])
    assert perform(founder, roster, Choice()).written == 1
    Role.objects.filter(member__name="赵一").update(until=cast.night)
    assert bad(perform(founder, roster, Choice())) == {2: "refused"}


def test_rows_outside_the_importers_areas_are_refused(cast: Cast) -> None:
    Role.objects.filter(member=id_of("secretary")).update(areas=["430181105000"])
    rows = table(PREMISES, ["甲", "超市", "张坊镇", "白石村"], ["乙", "超市", "淮川街道", "北园社区"])
    assert bad(perform(cast.scope("secretary"), rows, Choice(good_rows=True))) == {3: "refused"}
    with pytest.raises(Forbidden):
        look(cast.scope("leader"), rows, Choice())


def test_a_row_with_a_comma_too_many_is_refused_not_shifted(founder: Scope) -> None:
    outcome = look(founder, File("a.csv", "场所名称,类别,乡镇,村\n店,一号,超市,张坊镇,白石村\n".encode()), Choice())
    assert bad(outcome) == {2: "refused"}


def test_guessed_columns_are_looked_at_but_not_written_by(founder: Scope) -> None:
    rows = table(["经营场所名称全称", "类别", "乡镇", "村"], ["店", "超市", "张坊镇", "白石村"])
    assert look(founder, rows, Choice(kind="premises")).taken == 1
    with pytest.raises(BadColumn):
        perform(founder, rows, Choice(kind="premises"))
    assert perform(founder, rows, Choice(kind="premises", columns={"经营场所名称全称": "name"})).written == 1


def test_a_total_that_differs_stops_the_import_until_somebody_has_looked(founder: Scope) -> None:
    rows = table([*PREMISES, "人数"], ["店", "超市", "张坊镇", "白石村", "3"], ["合计", "", "", "", "9"])
    stopped = perform(founder, rows, Choice(good_rows=True))
    assert (stopped.written, len(stopped.doubts), Place.objects.count()) == (0, 1, 0)
    assert perform(founder, rows, Choice(despite=True)).written == 1


def test_what_was_written_before_a_bad_row_came_is_taken_back(founder: Scope) -> None:
    rows = [[f"店{n}", "超市", "张坊镇", "白石村"] for n in range(5001)]
    outcome = perform(founder, table(PREMISES, *rows, ["", "超市", "张坊镇", "白石村"]), Choice())
    assert (outcome.taken, outcome.written, Place.objects.count()) == (5001, 0, 0)


def test_the_audit_trail_says_what_came_in_and_what_was_only_looked_at_leaves_nothing(founder: Scope) -> None:
    rows = table(PREMISES, ["店", "超市", "张坊镇", "白石村"])
    look(founder, rows, Choice())
    assert not Entry.objects.filter(act="import").exists()
    perform(founder, rows, Choice())
    entry = Entry.objects.get(act="import")
    assert (entry.member, entry.details["written"], entry.details["digest"]) == (founder.member, 1, rows.digest())


def test_the_report_lists_every_row_with_its_verdict_reason_and_values_and_no_formula(founder: Scope) -> None:
    rows = table(
        PREMISES, ["=1+1", "超市", "张坊镇", "白石村"], ["", "超市", "张坊镇", "白石村"], ["又", "足浴", "张坊镇", "白石村"]
    )
    report = io.BytesIO()
    perform(founder, rows, Choice(good_rows=True), report)
    book = CalamineWorkbook.from_filelike(io.BytesIO(report.getvalue()))
    summary = {str(name): value for name, value in book.get_sheet_by_index(0).to_python()}
    lines = book.get_sheet_by_index(1).to_python()
    assert lines[0] == ["原行号", "判定", "原因", "场所名称", "类别", "乡镇", "村（社区）"]
    assert [line[:2] for line in lines[1:]] == [[2.0, "可收"], [3.0, "退回"], [4.0, "退回"]]
    assert lines[1][3] == "=1+1"
    assert summary["结果"] == "写入了1行。"


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_word_that_a_refused_row_lists_is_known_as_what_it_stands_for(language: str) -> None:
    with translation.override(language):
        for kind, fields in {name: found.field for name, found in kinds().items()}.items():
            for field in fields:
                known = vocabulary(kind, field.name)
                assert {id_: known.get(fold(spoken(kind, field.name, id_))) for id_ in known.values()} == {
                    id_: id_ for id_ in known.values()
                }


# --- properties

CELLS = st.tuples(
    st.sampled_from(["甲店", "乙店", "丙 店", "", "合计"]), st.sampled_from(["超市", "药店", "足浴", ""]),
    st.sampled_from(["张坊镇", "大围山", "", "没有镇"]), st.sampled_from(["白石村", "东门村", ""]),
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CELLS, max_size=12), st.booleans())
def test_no_row_is_ever_lost_and_twice_is_once(founder: Scope, rows: list[tuple[str, ...]], good_rows: bool) -> None:
    Place.objects.all().delete()
    file, choice = table(PREMISES, *rows), Choice(good_rows=good_rows, despite=True)
    first = perform(founder, file, choice)
    stored = Place.objects.count()
    second = perform(founder, file, choice)
    assert first.balanced and second.balanced
    assert first.written == stored == (first.taken if good_rows or not (first.refused or first.asked) else 0)
    assert (second.written, Place.objects.count()) == (0, stored)


# --- uploads


def test_an_upload_is_its_members_alone_and_imported_once(cast: Cast) -> None:
    scope, rows = cast.scope("secretary"), table(PREMISES, ["店", "超市", "张坊镇", "白石村"])
    assert isinstance(rows.content, bytes)
    kept = receive(scope, "a.csv", io.BytesIO(rows.content).read)
    with pytest.raises(NotFound):
        upload(cast.scope("commander"), kept.id)
    first, second = finish(scope, kept.id, Choice()), finish(scope, kept.id, Choice())
    assert (first.written, second.written) == (1, 1)
    assert Place.objects.filter(name="店").count() == 1
    assert bytes(upload(scope, kept.id).content) == b""
    assert json.dumps(upload(scope, kept.id).outcome)
