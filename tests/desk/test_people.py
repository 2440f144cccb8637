"""Organisations and people: counts that agree with the tables, and names only for whoever may see them."""

from datetime import timedelta

import pytest
from tests.cast import COUNTY, HUAICHUAN, ZHANGFANG, Cast, id_of
from tests.desk.looking import asked, links, rows, sentence, text_of

from tongxin.figures.actions import catch_up
from tongxin.ledger.models import Heartbeat, Matter
from tongxin.people.actions import add_members, add_organisations, revoke
from tongxin.people.forms import MemberForm, OrganisationForm, RoleForm
from tongxin.people.models import Device, Member, Role
from tongxin.playbook.registry import activity

OPEN = {"open": True, "gathering": False}
EAST, WEST, COMMAND = (f"/organisations/{id_of(name)}" for name in ("east", "west", "command"))


@pytest.fixture
def evening(cast: Cast) -> Cast:
    """The inspector on duty with a matter overdue and another record in the phone; the outsider found something, too."""
    phone, far = cast.phone(), cast.phone("outsider")
    phone.says(cast.night - timedelta(hours=2, minutes=30), OPEN)
    terms = {"activity": "attendance", "activity_hash": activity("attendance").hash, "duty": str(id_of("post"))}
    phone.says(cast.night - timedelta(hours=1), {"act": "in"}, place=str(id_of("muster")), **terms)
    far.says(cast.night - timedelta(minutes=40), OPEN, place=str(id_of("cinema")))
    beat: dict[str, object] = {"v": 2, "holds": 3, "oldest": None, "chains": []}
    heard = phone.send("heartbeat", beat)
    assert heard.status_code == 200, heard.content
    catch_up("430181")
    return cast


def member(name: str, organisation: str, area: str, kind: str = "inspector", *more: RoleForm, **ends: object) -> MemberForm:
    role = RoleForm(kind, id_of(organisation), [area], Role.objects.earliest("since").since, **ends)  # type: ignore[arg-type]
    return MemberForm(id_of(name), name, f"{name} en", [role, *more])


def names(page: str) -> list[str]:
    return [row[0] for row in rows(page)]


def test_each_organisation_says_who_serves_is_on_duty_and_what_is_open(evening: Cast) -> None:
    page = evening.at_desk("commander").get("/organisations").text
    assert rows(page) == [
        ["市指挥部", "指挥机构", "3", "1", "1", "1", "0", "0", "0", "0", "0", "0", "0"],
        ["东片组", "队伍", "2", "0", "0", "0", "1", "1", "1", "2", "1", "1", "1"],
        ["西片组", "队伍", "1", "0", "0", "0", "0", "1", "0", "1", "0", "1", "0"],
        ["建档办", "指挥机构", "1", "1", "0", "0", "0", "0", "0", "0", "0", "0", "0"],
    ]
    assert sentence(page) == "4个单位，在册7人；1件事项已逾期，分在1个单位；1部手机里还有没送到的记录。"
    assert [depth for depth in ("deep-0", "deep-1") if depth in page] == ["deep-0", "deep-1"]


def test_totals_are_those_of_the_tables(evening: Cast) -> None:
    desk = evening.at_desk("commander")
    total = rows(desk.get("/organisations").text, "tfoot")[0][1:]
    open_ = Matter.objects.filter(until=None, merged=False, closed=None)
    assert total == [
        str(n)
        for n in (
            Member.objects.count(), *(Role.objects.filter(kind=k).count() for k in ("commander", "duty_officer")), 1, 1, 2,
            open_.filter(name="on_duty").count(), open_.count(), open_.filter(due_at__lte=evening.night).count(),
            Device.objects.exclude(key=b"").count(), Heartbeat.objects.filter(holds__gt=0).count(),
        )
    ]  # fmt: skip
    assert "合计与全部事项数过一遍，相同" in desk.get("/organisations").text


def test_every_number_leads_to_a_list_of_that_length(evening: Cast) -> None:
    desk = evening.at_desk("commander")
    page = desk.get("/organisations").text
    followed = [
        (address, number)
        for part, row in (("tbody", "东片组"), ("tbody", "西片组"), ("tbody", "市指挥部"), ("tfoot", "合计"))
        for address, number in links(page, row, part).items()
    ]
    assert len(followed) == 19
    for address, number in followed:
        assert len(rows(desk.get(address).text)) == int(number), address


def test_whoever_serves_twice_is_counted_once_in_the_total_and_that_is_said(evening: Cast) -> None:
    second = RoleForm("leader", id_of("west"), [HUAICHUAN], Role.objects.earliest("since").since)
    add_members(evening.scope("commander"), [member("两头跑", "east", ZHANGFANG, "inspector", second)])
    page = evening.at_desk("commander").get("/organisations").text
    assert [row[2] for row in rows(page)] == ["3", "3", "2", "1"]
    assert rows(page, "tfoot")[0][1] == "8"
    assert "另有1人次在不止一个单位任职" in text_of(page)


def test_roles_that_have_ended_and_phones_that_were_revoked_count_no_more(evening: Cast) -> None:
    add_members(evening.scope("commander"), [member("走了的", "east", ZHANGFANG, until=evening.night - timedelta(minutes=1))])
    assert rows(evening.at_desk("commander").get("/organisations").text)[1][2] == "2"
    revoke(evening.scope("commander"), Device.objects.get(member=id_of("inspector")).id)
    desk = evening.at_desk("commander")
    assert rows(desk.get("/organisations").text)[1][-2:] == ["0", "0"]
    assert "走了的" not in desk.get(EAST).text
    assert names(desk.get(f"{EAST}?phone=no").text) == ["某inspector", "某leader"]


def test_organisations_stand_under_the_one_they_belong_to(cast: Cast) -> None:
    forms = [
        OrganisationForm(id_of("deep"), "三队", "Squad 3", "team", id_of("east"), [ZHANGFANG]),
        OrganisationForm(id_of("hospital"), "人民医院", "Hospital", "hospital", None, [COUNTY]),
    ]
    add_organisations(cast.scope("commander"), forms)
    page = cast.at_desk("commander").get("/organisations").text
    assert names(page) == ["市指挥部", "东片组", "三队", "西片组", "建档办", "人民医院"]
    assert page.index("deep-2") > page.index("东片组")


def test_a_member_is_shown_with_phone_duties_and_last_record(evening: Cast) -> None:
    page = evening.at_desk("commander").get(EAST).text
    end = str(Device.objects.get(member=id_of("inspector")).id)[-4:]
    assert rows(page) == [
        ["某inspector", "督查员", "张坊镇", f"尾号{end}", "3", "21:00", "1", "1", "20:00"],
        ["某leader", "组长", "张坊镇", "没有登记", "—", "—", "0", "0", "—"],
    ]
    assert "/records/2" in links(page, "某inspector")
    assert sentence(page) == "未结事项2件，其中1件已逾期，1件是在岗的班次。下面列出2人，1人没有登记手机。"
    assert end not in text_of(page).replace(f"尾号{end}", ""), "no more of a phone's id than its end"
    assert str(id_of("inspector")) not in text_of(page)


def test_a_members_duties_lead_to_just_these(evening: Cast) -> None:
    desk = evening.at_desk("commander")
    found = {address: number for address, number in links(desk.get(EAST).text, "某inspector").items() if "/duties" in address}
    assert sorted(found.values()) == ["1", "1"]
    assert sorted(rows(desk.get(address).text)[0][0] for address in found) == ["东片组", "白云观音阁"]


@pytest.mark.parametrize(
    ("asking", "kept"),
    [
        ("q=LEAD", ["某leader"]), ("q=some+i", ["某inspector"]), ("q=%25", []), ("q=nobody", []), ("role=leader", ["某leader"]),
        ("role=secretary", []), ("phone=yes", ["某inspector"]), ("phone=no", ["某leader"]), ("phone=holds", ["某inspector"]),
        ("role=inspector&phone=no", []), ("page=7", ["某inspector", "某leader"]), ("page=-1", ["某inspector", "某leader"]),
    ],
)  # fmt: skip
def test_the_address_narrows_the_members(evening: Cast, asking: str, kept: list[str]) -> None:
    page = evening.at_desk("commander").get(f"{EAST}?{asking}").text
    assert names(page) == kept
    assert ("下面没有列出人" if not kept else f"下面列出{len(kept)}人") in sentence(page)


@pytest.mark.parametrize("asking", ["role=boss", "phone=maybe"])
def test_a_condition_that_cannot_be_read_is_refused(evening: Cast, asking: str) -> None:
    answer = evening.at_desk("commander").get(f"{EAST}?{asking}")
    assert (answer.status_code, "door.bad_request" in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("who", "where", "seen"),
    [
        ("commander", EAST, True), ("duty_officer", WEST, True), ("secretary", COMMAND, True), ("leader", EAST, True),
        ("leader", WEST, False), ("leader", COMMAND, False), ("inspector", EAST, False), ("outsider", WEST, False),
    ],
)  # fmt: skip
def test_names_are_shown_to_those_whose_work_it_is(evening: Cast, who: str, where: str, seen: bool) -> None:
    answer = evening.at_desk(who).get(where)
    assert (answer.status_code, "某" in text_of(answer.text)) == (200, seen)
    assert ("成员名册不在您的职责里" in answer.text) == (not seen)
    assert (f"{where}?role=" in evening.at_desk(who).get("/organisations").text) == seen


def test_a_duty_officer_of_a_town_sees_those_who_serve_there(evening: Cast) -> None:
    add_members(
        evening.scope("commander"),
        [member("镇里值班", "command", ZHANGFANG, "duty_officer"), member("别处的人", "east", HUAICHUAN)],
    )
    assert "别处的人" in names(evening.at_desk("commander").get(EAST).text)
    desk = evening.at_desk("镇里值班")
    assert names(desk.get(EAST).text) == ["某inspector", "某leader"]
    assert names(desk.get(WEST).text) == []
    page = desk.get("/organisations").text
    assert [row[2] for row in rows(page)] == ["1", "2", "0", "0"]
    assert rows(page)[2][7:9] == ["0", "0"], "what is open in the other town is not shown either"
    assert rows(page, "tfoot")[0][1] == "3"


def test_an_organisation_that_is_not_there_says_so(evening: Cast) -> None:
    answer = evening.at_desk("commander").get(f"/organisations/{id_of('nothing')}")
    assert (answer.status_code, "door.not_found" in answer.text) == (404, True)


def test_a_search_leads_to_the_organisation(evening: Cast) -> None:
    assert f'href="{EAST}"' in evening.at_desk("commander").get("/search?q=东片组").text


def test_more_members_organisations_and_phones_take_no_more_statements(evening: Cast) -> None:
    desk = evening.at_desk("commander")
    addresses = ("/organisations", EAST, f"{EAST}?phone=holds", f"{EAST}?q=某&role=inspector")
    few = [asked(desk, address)[1] for address in addresses]
    since = evening.night - timedelta(days=1)
    teams = [OrganisationForm(id_of(f"team {n}"), f"第{n}队", f"Team {n}", "team", id_of("east"), [ZHANGFANG]) for n in range(30)]
    add_organisations(evening.scope("commander"), teams)
    role = RoleForm("inspector", id_of("east"), [ZHANGFANG], since)
    add_members(
        evening.scope("commander"), [MemberForm(id_of(f"m {n}"), f"某人{n:03}", f"Member {n}", [role]) for n in range(70)]
    )
    phones = [
        Device(id=id_of(f"p {n}"), ledger="430181", member_id=id_of(f"m {n}"), key=b"k", enrolled_at=since) for n in range(70)
    ]
    Device.objects.bulk_create(phones)
    Heartbeat.objects.bulk_create(Heartbeat(ledger="430181", device=phone.id, at=since, holds=1) for phone in phones)
    many = [asked(desk, address) for address in addresses]
    assert [statements for _, statements in many] == few
    assert max(few) <= 12
    assert [len(rows(page)) for page, _ in many] == [34, 50, 50, 50]
    assert "下面列出72人" in sentence(many[1][0])
    second = desk.get(f"{EAST}?page=2").text
    assert set(names(second)).isdisjoint(names(many[1][0]))
    assert len(names(second)) == 22


def test_organisations_read_in_english(evening: Cast) -> None:
    english = evening.at_desk("commander", "en")
    assert sentence(english.get("/organisations").text) == (
        "4 organisations, 7 members; 1 matter is overdue (organisations concerned: 1); 1 phone still holds records."
    )
    page = english.get(EAST).text
    assert sentence(page) == "2 open matters; overdue: 1; shifts on duty: 1. 2 members are listed, 1 without an enrolled phone."
    assert rows(page)[0][:3] == ["Some inspector", "Inspector", "Zhangfang"]
