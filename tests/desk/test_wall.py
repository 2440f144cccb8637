"""The wall: the same numbers as Tonight, a tile a town, nobody's name."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from tests.cast import COUNTY, HUAICHUAN, TEMPLE_VILLAGE, ZHANGFANG, Cast, id_of, order_form
from tests.desk.looking import asked

from tongxin.desk.templatetags.desk import hyphens
from tongxin.figures.actions import catch_up
from tongxin.orders.actions import issue, plan_visits
from tongxin.orders.models import Clock
from tongxin.orders.queries import forget_clock
from tongxin.people.models import Member
from tongxin.places.actions import PlaceForm, add_places
from tongxin.protocol.record import VERSION

OPEN, SHUT = {"open": True, "gathering": False}, {"open": False, "gathering": False}
TAG = re.compile(r"<[^>]+>")


@pytest.fixture
def evening(cast: Cast) -> Cast:
    """Late at the temple in Zhangfang; not yet late, and something put right, in Huaichuan."""
    cast.phone().says(cast.night - timedelta(hours=2, minutes=30), OPEN)
    far = cast.phone("outsider")
    far.says(cast.night - timedelta(hours=1), OPEN, place=str(id_of("cinema")))
    far.says(cast.night - timedelta(minutes=50), SHUT, place=str(id_of("cinema")))
    far.says(cast.night - timedelta(minutes=20), OPEN, place=str(id_of("cinema")))
    catch_up("430181")
    return cast


def text(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(TAG.sub(" ", html))).replace("\u00ad", "").strip()


def part(page: str, begin: str, end: str) -> str:
    found = re.search(f"(?s){begin}(.*?){end}", page)
    assert found, begin
    return found[1]


def tiles(page: str) -> dict[str, tuple[str, str]]:
    """Return what is written on each tile, and its kind, by town."""
    found = re.findall(r'(?s)<li class="tile([^"]*)".*?<span class="name">(.*?)</span>(.*?)</li>', page)
    return {text(name): (text(rest), kind.strip()) for kind, name, rest in found}


def numbers(html: str) -> list[str]:
    return re.findall(r"\d[\d,]*", text(html))


def test_the_wall_says_what_tonight_says(evening: Cast) -> None:
    desk = evening.at_desk("commander")
    wall, tonight = desk.get("/wall").text, desk.get("/").text
    sentence = [text(part(page, '<p class="sentence">', "</p>")) for page in (wall, tonight)]
    assert sentence[0] == sentence[1]
    assert "还有 2 件未结，其中 1 件已逾期" in sentence[0]
    totals = [part(wall, '<section class="totals">', "</dl>"), part(tonight, "<tfoot>", "</tfoot>")]
    assert [numbers(total) for total in totals] == [["1", "1", "1"]] * 2
    assert "各乡镇加起来与合计相同" in wall


def test_every_town_has_a_tile_and_the_tiles_say_how_it_stands(evening: Cast) -> None:
    found = tiles(evening.at_desk("commander").get("/wall").text)
    assert len(found) == 32
    assert found["张坊"] == ("1 1", "overdue")
    assert found["淮川"] == ("1", "")
    assert found["大围山"] == ("0", "clear")


def test_a_town_where_nobody_was_yet_is_not_said_to_be_clear(cast: Cast) -> None:
    shown = cast.at_desk("commander").get("/wall").text
    assert tiles(shown)["张坊"] == ("—", "silent")
    cast.phone().says(cast.night - timedelta(hours=1), SHUT)
    catch_up("430181")
    shown = cast.at_desk("commander").get("/wall").text
    assert tiles(shown)["张坊"] == ("0", "clear")
    assert 'aria-label="已查1，应查1"' in shown


def test_a_tiles_numbers_open_to_exactly_that_many_matters(evening: Cast) -> None:
    desk = evening.at_desk("commander")
    links = re.findall(
        r'href="(/matters\?[^"]*town=[^"]*)">(\d+)<',
        unescape(part(desk.get("/wall").text, '<ol class="map"', '<ul class="legend"')),
    )
    assert {link for link, _ in links} == {
        f"/matters?state=late&town={ZHANGFANG}", f"/matters?town={ZHANGFANG}", f"/matters?town={HUAICHUAN}"
    }  # fmt: skip
    for link, said in links:
        assert len(re.findall(r"<tr", part(desk.get(link).text, "<tbody>", "</tbody>"))) == int(said), link


def test_those_in_need_stand_first_and_what_is_late_longest_with_its_kind_and_town(evening: Cast) -> None:
    desk = evening.at_desk("commander")
    page = desk.get("/wall").text
    rows = re.findall(r'(?s)<tr><th scope="row">(.*?)</tr>', page)
    assert [text(row) for row in rows] == ["张坊 1 1 1/1", "淮川 0 1 1/1"]
    longest = part(page, '<section class="longest">', "</section>")
    assert text(longest) == "逾期最久 0:30 张坊 宗教活动场所 仍开放，未整改"
    assert 'href="/records/1"' in longest


def test_what_lies_in_no_town_is_counted_and_said(evening: Cast) -> None:
    add_places(evening.scope("commander"), [PlaceForm(id_of("hall"), "市民中心", "Civic centre", "worship", COUNTY)])
    said = evening.phone("commander").says(evening.night - timedelta(minutes=5), OPEN, place=str(id_of("hall")))
    assert said["quarantine"] is None
    catch_up("430181")
    shown = evening.at_desk("commander").get("/wall").text
    assert "还有 3 件未结" in text(shown)
    assert "各乡镇和不在任何乡镇的1件加起来与合计相同" in text(shown)


def test_nothing_overdue_is_said_to_be_so(cast: Cast) -> None:
    shown = text(cast.at_desk("commander").get("/wall").text)
    assert "今晚没有逾期。" in shown
    assert "各乡镇都没有未结的事项。" in shown
    assert "还没有一条记录。" in shown


def test_two_orders_for_the_same_places_list_and_visit_each_once(evening: Cast) -> None:
    commander = evening.scope("commander")
    issue(commander, order_form(evening.night, id=id_of("second"), number="演2号"))
    plan_visits(commander, id_of("second"))
    evening.phone().says(evening.night, SHUT, order=str(id_of("second")))
    catch_up("430181")
    assert set(re.findall(r'aria-label="(.*?)"', evening.at_desk("commander").get("/wall").text)) >= {"已查1，应查1"}
    assert "应查2" not in evening.at_desk("commander").get("/wall").text


def test_a_towns_leader_sees_that_town_only(evening: Cast) -> None:
    leader, outsider = (tiles(evening.at_desk(who).get("/wall").text) for who in ("leader", "outsider"))
    assert leader == {"张坊": ("1 1", "overdue")}
    assert outsider == {"淮川": ("1", "")}


def test_a_village_is_seen_in_its_town(evening: Cast) -> None:
    Member.objects.get(id=id_of("leader")).roles.update(areas=[TEMPLE_VILLAGE])
    assert tiles(evening.at_desk("leader").get("/wall").text) == {"张坊": ("1 1", "overdue")}


def test_nobody_is_named_in_either_language(evening: Cast) -> None:
    names = [name for pair in Member.objects.values_list("name", "name_en") for name in pair if name]
    assert names
    for language in ("zh-hans", "en"):
        shown = text(evening.at_desk("commander", language).get("/wall").text)
        assert [name for name in names if name in shown] == []


def test_english_says_towns_in_full(evening: Cast) -> None:
    shown = evening.at_desk("commander", "en").get("/wall").text
    assert tiles(shown)["Zhangfang"] == ("1 1", "overdue")
    assert "Chengtanjiang" in tiles(shown)
    assert "2 matters are open, 1 of them overdue" in text(shown)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Chengtanjiang", "Cheng-tan-jiang"),
        ("Wenjiashi", "Wen-jia-shi"),
        ("Yong'an", "Yong'an"),
        ("Lüshunkou", "Lü-shun-kou"),
        ("大围山", "大围山"),
    ],
)
def test_a_name_in_pinyin_breaks_between_its_syllables(name: str, parts: str) -> None:
    assert hyphens(name).split("\u00ad") == parts.split("-")


def test_a_screen_that_asks_again_gets_204_until_something_is_new(evening: Cast) -> None:
    desk = evening.at_desk("commander")
    seen = {"X-Seen": part(desk.get("/wall").text, '"X-Seen": "', '"')}
    assert desk.get("/wall", headers=seen).status_code == 204
    evening.phone().says(evening.night, SHUT)
    catch_up("430181")
    changed = desk.get("/wall", headers=seen)
    assert (changed.status_code, "今晚没有逾期。" in changed.text) == (200, True)


def test_time_alone_makes_it_new(evening: Cast) -> None:
    desk = evening.at_desk("commander")
    seen = {"X-Seen": part(desk.get("/wall").text, '"X-Seen": "', '"')}
    Clock.objects.update(start=evening.night + timedelta(minutes=1))
    forget_clock()
    assert desk.get("/wall", headers=seen).status_code == 200


def test_it_says_how_far_the_figures_are_and_what_phones_still_hold(evening: Cast) -> None:
    assert "全县手机里还存着 0 条没有送到" in text(evening.at_desk("commander").get("/wall").text)
    phone = evening.phone()
    assert phone.send("heartbeat", {"v": VERSION, "holds": 7, "oldest": None, "chains": []}).status_code < 300
    shown = text(evening.at_desk("commander").get("/wall").text)
    assert "全县手机里还存着 7 条没有送到" in shown
    assert "数字截至第 4 条记录，21:00收到" in shown


def test_the_wall_has_no_bar_but_a_way_back_and_the_desk_leads_to_it(desk: Client, evening: Cast) -> None:
    wall = desk.get("/wall").text
    assert "<nav" not in wall
    assert '<a href="/" data-key="Escape">' in wall
    assert 'href="/wall"' in desk.get("/").text
    assert 'class="drill"' in wall


def test_more_places_and_matters_ask_the_database_no_more_often(evening: Cast) -> None:
    desk = evening.at_desk("commander")
    desk.get("/wall")
    few = asked(desk, "/wall")[1]
    rows = [PlaceForm(id_of(f"stall {n}"), f"摊{n}", f"Stall {n}", "worship", "430181105201") for n in range(20)]
    add_places(evening.scope("commander"), rows)
    phone = evening.phone()
    for row in rows:
        phone.says(evening.night - timedelta(hours=2), OPEN, place=str(row.id))
    catch_up("430181")
    assert tiles(desk.get("/wall").text)["张坊"] == ("21 21", "overdue")
    assert asked(desk, "/wall")[1] == few
