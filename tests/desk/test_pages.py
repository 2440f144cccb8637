"""The desk's pages, as a browser gets them: complete in both languages, within the own area, refused otherwise."""

import re
from datetime import timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.test import Client
from tests.cast import Cast, id_of, order_form

from tongxin.bulletin.actions import freeze
from tongxin.bulletin.forms import BulletinForm
from tongxin.figures.actions import catch_up
from tongxin.ledger.models import Heartbeat
from tongxin.orders.actions import issue, open_incident
from tongxin.orders.forms import IncidentForm
from tongxin.orders.models import Clock, Incident
from tongxin.orders.queries import forget_clock
from tongxin.people.actions import found, make_codes

OPEN, SHUT = {"open": True, "gathering": False}, {"open": False, "gathering": False}
HAN = re.compile(r"[\u3400-\u9fff。，；]+")
PAGES = (
    "/", "/wall", "/matters", "/matters?state=all", "/duties", "/duties?state=todo", "/orders/ORDER", "/figures", "/bulletins",
    "/bulletins/BULLETIN", "/figures/venue_closure.found_open", "/figures/attendance.hours?bulletin=BULLETIN",
    "/figures/venue_closure.inspections?day=2022-03-22&area=430181105000&category=worship", "/records/1", "/records/3",
    "/records/1/correct", "/search", "/search?q=east", "/search?q=nowhere", "/bulletins/next", "/places/TEMPLE", "/places/MUSTER",
    "/duties?kind=post", "/duties?kind=post&state=gap&day=2022-03-01", "/places", "/places?state=todo&category=worship&q=x",
    "/organisations", "/organisations/EAST", "/organisations/EAST?q=x&role=leader&phone=holds",
)  # fmt: skip


@pytest.fixture
def evening(cast: Cast) -> str:
    """A venue open since before eight and late by now, one put right, a marked record, a frozen bulletin; its id."""
    phone, far = cast.phone(), cast.phone("outsider")
    phone.says(cast.night - timedelta(hours=2, minutes=30), OPEN)
    far.says(cast.night - timedelta(hours=1), OPEN, place=str(id_of("cinema")))
    phone.says(cast.night - timedelta(minutes=30), OPEN | {"colour": "red"})
    far.says(cast.night - timedelta(minutes=10), SHUT, place=str(id_of("cinema")))
    catch_up("430181")
    return str(freeze(cast.scope("commander"), BulletinForm(id_of("incident"), "首夜", "First night")).id)


def address(page: str, bulletin: str) -> str:
    named = {"ORDER": id_of("order"), "BULLETIN": bulletin, "TEMPLE": id_of("temple"), "MUSTER": id_of("muster")}
    named |= {"EAST": id_of("east")}
    for name, id_ in named.items():
        page = page.replace(name, str(id_))
    return page


def text_of(html: str) -> str:
    """Return what a reader sees: no tags, and nothing that is marked as being in Chinese."""
    html = re.sub(r'(?s)<(?!html)(\w+)[^>]*lang="zh-Hans"[^>]*>.*?</\1>', "", html)
    return unescape(re.sub(r"(?s)<(script|style|pre|code).*?</\1>|<[^>]+>", " ", html))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_in_chinese_and_in_english_without_a_word_of_the_other(cast: Cast, evening: str, page: str) -> None:
    chinese = cast.at_desk("commander").get(address(page, evening))
    english = cast.at_desk("commander", "en").get(address(page, evening))
    assert (chinese.status_code, english.status_code) == (200, 200)
    assert 'lang="zh-Hans"' in chinese.text
    assert HAN.findall(text_of(english.text).replace("演1号", "")) == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_for_signing_in_and_then_comes_back(cast: Cast, evening: str, page: str) -> None:
    client = Client()
    refused = client.get(address(page, evening))
    assert (refused.status_code, refused["Location"].partition("?")[0]) == (302, "/sign-in")
    target = re.findall(r'name="next" value="([^"]*)"', client.get(refused["Location"]).text)[-1]
    back = client.post("/sign-in", {"code": cast.code("commander"), "next": unescape(target)})
    assert back["Location"] == address(page, evening)


def test_a_wrong_code_is_refused_beside_the_field_and_what_was_typed_stays(cast: Cast) -> None:
    refused = Client().post("/sign-in", {"code": "AAAA-BBBB-CCCC"})
    assert refused.status_code == 401
    assert "AAAA-BBBB-CCCC" in refused.text
    assert "people.not_signed_in" in refused.text


def test_signing_in_never_leads_to_another_site(cast: Cast) -> None:
    back = Client().post("/sign-in", {"code": cast.code("leader"), "next": "https://elsewhere.example/"})
    assert back["Location"] == "/"


def test_signing_out_ends_it(desk: Client) -> None:
    desk.post("/sign-out")
    assert desk.get("/").status_code == 302


def test_tonight_counts_its_trouble_and_each_number_opens(cast: Cast, desk: Client, evening: str) -> None:
    page = desk.get("/").text
    sentence = re.sub(r"\s+", "", text_of(re.search(r'(?s)<p class="sentence">(.*?)</p>', page)[1]))  # type: ignore[index]
    assert sentence == "还有1件未结，其中1件已逾期；应查的场所都已查过；1人应到未到。"
    assert 'href="/matters?state=late"' in page
    assert "0:30" in page


def test_tonight_counts_what_changed_in_the_last_hour_and_what_phones_still_hold(cast: Cast, desk: Client, evening: str) -> None:
    Heartbeat.objects.create(ledger="430181", device=uuid4(), at=cast.night, holds=3)
    page = desk.get("/").text
    assert "手机里还存着3条" in text_of(page).replace(" ", "")
    hour = re.search(r"(?s)<h2>这一小时<small>(.*?)</small>", page)
    assert hour
    assert re.sub(r"\s+", "", text_of(hour[1])) == "新开1件，结清1件"
    for link in re.findall(r'href="([^"]+)"', hour[1]):
        assert "符合条件的事项1件" in re.sub(r"\s+", "", text_of(desk.get(unescape(link)).text)), link


LIVE = ("/", "/orders/ORDER", "/matters?state=all", "/duties", "/figures", "/figures/venue_closure.found_open", "/bulletins",
        "/records/1", "/quarantine", "/places/TEMPLE")  # fmt: skip


@pytest.mark.parametrize("page", LIVE)
def test_a_page_says_204_while_nothing_is_new(cast: Cast, desk: Client, evening: str, page: str) -> None:
    path = address(page, evening)
    found = re.search(r"""hx-get="([^"]+)" hx-headers='{"X-Seen": "([^"]+)"}'""", desk.get(path).text)
    assert found
    assert unescape(found[1]) == path
    seen = {"X-Seen": found[2]}
    assert desk.get(path, headers=seen).status_code == 204
    cast.phone().says(cast.night, SHUT)
    catch_up("430181")
    assert desk.get(path, headers=seen).status_code == 200


def test_an_act_is_done_whatever_its_page_has_seen(desk: Client, evening: str) -> None:
    seen = {"X-Seen": desk.get("/").context["stamp"]}
    assert desk.post("/incident", {"incident": id_of("incident")}, headers=seen).status_code == 302


@pytest.mark.parametrize("page", ["/bulletins/next", "/records/1/correct", "/import"])
def test_a_page_that_is_being_filled_in_stays_as_it_is(desk: Client, evening: str, page: str) -> None:
    assert "hx-get" not in desk.get(page).text


def test_what_was_just_done_is_not_asked_for_again(desk: Client, evening: str) -> None:
    page = desk.get("/matters?state=all&done=1").text
    assert 'hx-get="/matters?state=all"' in page


def test_a_county_whose_figures_were_never_added_up_says_how_many_records_wait(cast: Cast) -> None:
    cast.phone().says(cast.night - timedelta(minutes=5), OPEN)
    assert "还有1条正在加" in text_of(cast.at_desk("commander").get("/").text)


def test_the_three_tables_come_to_the_same_total(desk: Client, evening: str) -> None:
    totals = re.findall(r"(?s)<tfoot>(.*?)</tfoot>", desk.get("/").text)
    assert len({re.sub(r"\s+", " ", text_of(total)) for total in totals}) == 1
    assert len(totals) == 3


def test_a_leader_sees_the_own_area_only(cast: Cast, evening: str) -> None:
    leader, outsider = cast.at_desk("leader"), cast.at_desk("outsider")
    assert "城东影院" not in leader.get("/matters?state=all").text
    assert "城东影院" in outsider.get("/matters?state=all").text
    assert leader.get("/records/2").status_code == 404
    assert outsider.get("/records/2").status_code == 200
    assert "城东影院" not in leader.get("/figures/venue_closure.inspections").text


def test_a_figure_lists_exactly_the_records_behind_it(desk: Client, evening: str) -> None:
    page = desk.get("/figures/venue_closure.found_open").text
    assert re.findall(r'href="/records/(\d+)"', page) == ["2", "1"]


@pytest.mark.parametrize("key", ["venue_closure.inspections", "venue_closure.found_open"])
def test_older_records_follow_whatever_comes_meanwhile(cast: Cast, key: str) -> None:
    """Of records as of matters: what comes while somebody reads moves no row to the next page."""
    phone, desk = cast.phone(), cast.at_desk("commander")
    for minute in range(110):
        phone.says(cast.night - timedelta(minutes=110 - minute), SHUT if minute % 2 else OPEN)
    catch_up("430181")
    wanted = [number for number in range(110, 0, -1) if key.endswith("inspections") or number % 2]
    first = desk.get(f"/figures/{key}").text
    phone.says(cast.night, OPEN)
    catch_up("430181")
    pages, page = [first], first
    while older := re.search(r'href="(\?before=\d+)"', page):
        page = desk.get(f"/figures/{key}{older[1]}").text
        pages.append(page)
    listed = [
        int(number) for page in pages for number in re.findall(r'<tr><td class="r"><a class="n" href="/records/(\d+)"', page)
    ]
    assert (listed, len(pages)) == (wanted, -(-len(wanted) // 50))
    assert "最新的" in pages[-1]


def test_a_frozen_figure_shows_what_the_bulletin_said(cast: Cast, desk: Client, evening: str) -> None:
    cast.phone().says(cast.night, SHUT)
    catch_up("430181")
    then = desk.get(f"/figures/venue_closure.inspections?bulletin={evening}").text
    now = desk.get("/figures/venue_closure.inspections").text
    assert [re.search(r'<b class="big">(\d+)</b>', page)[1] for page in (then, now)] == ["3", "4"]  # type: ignore[index]
    assert len(re.findall(r'href="/records/\d+"', then)) == 3


def test_the_bulletins_number_of_the_day_opens_to_what_it_was(cast: Cast, desk: Client, evening: str) -> None:
    cast.phone().says(cast.night, SHUT)
    catch_up("430181")
    page = desk.get(f"/bulletins/{evening}").text
    links = [unescape(link) for link in re.findall(r'href="(/figures/venue_closure\.inspections\?[^"]+)"', page)]
    assert len(links) == 3
    for link in links:
        opened = desk.get(link).text
        assert re.search(r'<b class="big">(\d+)</b>', opened)[1] == "3", link  # type: ignore[index]
        assert len(re.findall(r'href="/records/\d+"', opened)) == 3, link


def test_a_bulletin_answers_for_no_part_that_it_did_not_freeze(desk: Client, evening: str) -> None:
    answer = desk.get(f"/figures/venue_closure.inspections?bulletin={evening}&category=worship")
    assert (answer.status_code, "door.bad_request" in answer.text) == (400, True)


def test_a_leader_is_told_of_a_bulletins_records_only_the_own(cast: Cast, evening: str) -> None:
    cast.phone("outsider").says(cast.night, OPEN, place=str(id_of("cinema")))
    catch_up("430181")
    page = cast.at_desk("leader").get(f"/figures/venue_closure.inspections?bulletin={evening}").text
    assert f'<span class="n">{page.count("<tr><td")}</span>' in page


def test_a_leader_is_told_that_a_bulletins_number_is_the_countys(cast: Cast, evening: str) -> None:
    told = "下面只列您负责区域里的记录"
    link = f"/figures/venue_closure.inspections?bulletin={evening}"
    assert told in cast.at_desk("leader").get(link).text
    assert told not in cast.at_desk("commander").get(link).text


def test_a_record_shows_its_words_its_chain_and_that_it_was_hashed_again(desk: Client, evening: str) -> None:
    page = desk.get("/records/4").text
    for said in ("城东影院", "是否仍开放", "刚按原文重算，一致", "第4条记录"):
        assert said in text_of(page).replace(" ", "")


def test_a_marked_record_says_why_it_counts_nowhere(desk: Client, evening: str) -> None:
    page = desk.get("/records/3").text
    assert "答案缺项或类型不对" in page
    assert "ledger.bad_answer" in page


def test_the_duty_officer_freezes_and_only_the_commander_publishes(cast: Cast, evening: str) -> None:
    officer, commander = cast.at_desk("duty_officer"), cast.at_desk("commander")
    typed = {"title": "第二夜", "title_en": "Second night", "activity": "venue_closure", "act": "freeze"}
    where = officer.post("/bulletins/next", typed)["Location"]
    assert "待发布" in officer.get(where).text
    for reviewer in (commander, cast.at_desk("secretary")):
        assert commander.post(f"{where}/publish").status_code == 409
        assert reviewer.post(f"{where}/review", {"act": "agree"}).status_code == 302
    assert officer.post(f"{where}/publish").status_code == 403
    assert commander.post(f"{where}/publish").status_code == 302
    assert "待发布" not in commander.get(where).text


def test_a_leader_may_not_freeze(cast: Cast, evening: str) -> None:
    refused = cast.at_desk("leader").post("/bulletins/next", {"title": "一", "title_en": "One"})
    assert refused.status_code == 403
    assert "people.forbidden" in refused.text


BAD = ("/figures/venue_closure.nothing", "/records/99", f"/orders/{uuid4()}", f"/bulletins/{uuid4()}", "/nowhere")


@pytest.mark.parametrize("page", BAD)
def test_what_does_not_exist_says_so_and_what_to_do(desk: Client, page: str) -> None:
    answer = desk.get(page)
    assert answer.status_code == 404
    assert "door.not_found" in answer.text


@pytest.mark.parametrize(
    "page",
    [
        "/figures/venue_closure.inspections?day=yesterday",
        "/figures/venue_closure.inspections?before=last",
        "/matters?organisation=x",
        "/matters?from=soon",
    ],
)
def test_a_condition_that_cannot_be_read_is_refused(desk: Client, evening: str, page: str) -> None:
    answer = desk.get(page)
    assert answer.status_code == 400
    assert "door.bad_request" in answer.text


def test_every_page_is_watermarked_as_a_drill(desk: Client, evening: str) -> None:
    for page in PAGES:
        assert 'class="watermark"' in desk.get(address(page, evening)).text
    for page in ("/sign-in", "/nowhere"):
        assert 'class="watermark"' in Client().get(page).text


def test_a_real_incident_has_no_mark_of_a_drill(cast: Cast, evening: str) -> None:
    Incident.objects.update(drill=False)
    Clock.objects.all().delete()
    forget_clock()
    desk = cast.at_desk("commander")
    for page in (*PAGES, "/sign-in"):
        shown = desk.get(address(page, evening))
        assert (shown.status_code, 'class="watermark"' in shown.text) == (200, False)


def test_an_empty_database_says_that_nothing_is_wrong(night: object) -> None:
    client = Client()
    client.post("/sign-in", {"code": make_codes([found("430181000000").id])[0][1]})
    assert "这是空的数据库，不是出了错" in client.get("/").text
    assert client.get("/figures").status_code == 404


def test_the_desk_turns_from_one_open_incident_to_another_and_each_has_its_own_figures(cast: Cast, evening: str) -> None:
    commander, flood = cast.scope("commander"), id_of("flood")
    open_incident(commander, IncidentForm(flood, "防汛", "Flood", "flood", drill=True))
    issue(commander, order_form(cast.night, id=id_of("flood order"), incident=flood, number="演2号"))
    cast.phone().says(cast.night - timedelta(minutes=5), SHUT, order=str(id_of("flood order")))
    catch_up("430181")
    desk = cast.at_desk("commander", "en")
    shown = {}
    for incident in (flood, id_of("incident")):
        answer = desk.post("/incident", {"incident": str(incident)})
        assert (answer.status_code, answer["Location"]) == (302, "/")
        shown[incident] = re.sub(r"\s+", " ", text_of(desk.get("/figures/venue_closure.inspections").text))
        assert re.search(rf'value="{incident}" selected', desk.get("/").text)
    assert re.search(r"Zhangfang 1\b", shown[flood])
    assert re.search(r"Zhangfang 1\b.* Huaichuan 2\b|Huaichuan 2\b.* Zhangfang 1\b", shown[id_of("incident")])


def test_the_desk_turns_to_no_incident_that_is_not(desk: Client, evening: str) -> None:
    assert desk.post("/incident", {"incident": str(uuid4())}).status_code == 404
    assert desk.post("/incident", {"incident": "?"}).status_code == 400
    assert "2022" in desk.get("/").text
