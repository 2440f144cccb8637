"""The list of places: what is open at each, when somebody was there, and how it is narrowed."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from tests.cast import HUAICHUAN, TEMPLE_VILLAGE, ZHANGFANG, Cast, id_of
from tests.desk.looking import TAG, asked, links, rows, sentence, text_of

from tongxin.figures.actions import catch_up
from tongxin.ledger.models import Matter
from tongxin.orders.models import Clock
from tongxin.orders.queries import forget_clock
from tongxin.places.actions import PlaceForm, add_places
from tongxin.places.models import Place
from tongxin.playbook.registry import activity

OPEN, SHUT = {"open": True, "gathering": False}, {"open": False, "gathering": False}


@pytest.fixture
def evening(cast: Cast) -> Cast:
    """The temple is open and late; the cinema was put right; three shops of the same village were never seen."""
    stalls = [PlaceForm(id_of(f"stall {n}"), f"龙门店{n}", f"Stall {n}", "shop", TEMPLE_VILLAGE) for n in range(3)]
    add_places(cast.scope("commander"), stalls)
    phone, far = cast.phone(), cast.phone("outsider")
    phone.says(cast.night - timedelta(hours=2, minutes=30), OPEN)
    far.says(cast.night - timedelta(minutes=40), OPEN, place=str(id_of("cinema")))
    far.says(cast.night - timedelta(minutes=20), SHUT, place=str(id_of("cinema")))
    catch_up("430181")
    return cast


def names(page: str) -> set[str]:
    return {row[0] for row in rows(page)}


def test_a_place_says_what_is_open_and_when_somebody_was_there_last(evening: Cast) -> None:
    page = evening.at_desk("commander").get("/places").text
    assert ["白云观音阁", "宗教活动场所", "张坊镇", "1", "1", "18:30"] in rows(page)
    assert ["城东影院", "文化娱乐场所", "淮川街道", "0", "0", "20:40"] in rows(page)
    assert ["龙门店0", "门店", "张坊镇", "0", "0", "—"] in rows(page)
    assert links(page, "城东影院") == {"/records/3": "20:40"}
    assert f"/places/{id_of('temple')}" in links(page, "白云观音阁")
    assert sentence(page) == "这里列出6处场所，1处有未结的事项，其中1处有逾期的。"


def test_what_is_open_there_is_what_the_places_own_page_counts(evening: Cast) -> None:
    terms = {"activity": "attendance", "activity_hash": activity("attendance").hash, "duty": str(id_of("post"))}
    evening.phone().says(evening.night - timedelta(minutes=5), {"act": "in"}, place=str(id_of("muster")), **terms)
    catch_up("430181")
    assert Matter.objects.filter(place=id_of("muster"), closed=None).exists(), "somebody's shift, not the place's matter"
    desk = evening.at_desk("commander")
    listed = {row[0]: row[3] for row in rows(desk.get("/places").text)}
    for place in Place.objects.all():
        assert f"未结事项{listed[place.name]}件" in sentence(desk.get(f"/places/{place.id}").text)


@pytest.mark.parametrize(
    ("asking", "kept"),
    [
        ({"state": "open"}, {"白云观音阁"}), ({"state": "late"}, {"白云观音阁"}), ({"state": "todo"}, set()),
        ({"category": "shop"}, {"龙门店0", "龙门店1", "龙门店2"}), ({"town": HUAICHUAN}, {"城东影院"}),
        ({"town": ZHANGFANG, "category": "muster"}, {"东片集结点"}), ({"q": "龙门", "town": HUAICHUAN}, set()),
        ({"q": "STALL 1"}, {"龙门店1"}), ({"q": "%"}, set()), ({"q": "观音\0"}, {"白云观音阁"}), ({"town": "x"}, set()),
        ({"town": TEMPLE_VILLAGE, "state": "open"}, {"白云观音阁"}), ({"page": "9", "category": "worship"}, {"白云观音阁"}),
    ],
)  # fmt: skip
def test_the_address_narrows_the_list(evening: Cast, asking: dict[str, str], kept: set[str]) -> None:
    page = evening.at_desk("commander").get("/places", asking).text
    assert names(page) == kept
    assert f"这里列出{len(kept)}处场所" in sentence(page)


def test_overdue_and_still_to_be_visited_are_told_apart(cast: Cast) -> None:
    cast.phone().says(cast.night - timedelta(minutes=5), OPEN)
    catch_up("430181")
    desk = cast.at_desk("commander")

    def by_state() -> list[set[str]]:
        return [names(desk.get(f"/places?state={state}").text) for state in ("open", "late", "todo")]

    assert by_state() == [{"白云观音阁"}, set(), {"城东影院"}]
    Clock.objects.update(start=cast.night + timedelta(hours=4))
    forget_clock()
    assert by_state() == [{"白云观音阁"}, {"白云观音阁"}, {"城东影院"}]


def test_the_counts_at_the_side_add_up_and_lead_to_lists_of_that_length(evening: Cast) -> None:
    desk = evening.at_desk("commander")
    for asking in ({}, {"q": "龙"}, {"town": ZHANGFANG}, {"category": "shop"}):
        page = desk.get("/places", asking).text
        side = page.split('<div class="side">')[1]
        for part, table in zip(("category", "town"), side.split("<section>")[1:], strict=True):
            counted = [int(row[1]) for row in rows(table)]
            if part not in asking:
                assert sum(counted) == len(rows(page)), (asking, part)
            for row in rows(table):
                for address, number in links(table, row[0].removesuffix(" 不限")).items():
                    assert len(rows(desk.get(address).text)) == int(number), address
                    assert f"{part}=" in address


def test_pages_keep_what_was_asked_and_hold_fifty(evening: Cast) -> None:
    forms = [PlaceForm(id_of(f"many {n}"), f"大店{n:03}", f"Many {n}", "shop", TEMPLE_VILLAGE) for n in range(70)]
    add_places(evening.scope("commander"), forms)
    desk = evening.at_desk("commander")
    first, second = desk.get("/places?q=大店&category=shop"), desk.get("/places?q=大店&category=shop&page=2")
    assert (len(rows(first.text)), len(rows(second.text))) == (50, 20)
    assert names(first.text) | names(second.text) == {form.name for form in forms}
    assert f"?{urlencode({'q': '大店', 'category': 'shop', 'page': 2})}".replace("&", "&amp;") in first.text


def test_nobody_sees_places_outside_the_own_area(evening: Cast) -> None:
    leader, outsider = evening.at_desk("leader"), evening.at_desk("outsider")
    assert "城东影院" not in text_of(leader.get("/places").text)
    assert names(outsider.get("/places").text) == {"城东影院"}
    assert names(outsider.get(f"/places?town={ZHANGFANG}").text) == set()
    assert "宗教活动场所" not in outsider.get("/places").text


def test_more_places_and_matters_take_no_more_statements(evening: Cast) -> None:
    desk = evening.at_desk("commander")
    addresses = ("/places", "/places?state=open", "/places?state=todo", "/places?q=a")
    few = [asked(desk, address)[1] for address in addresses]
    forms = [PlaceForm(id_of(f"many {n}"), f"庙{n:03}", f"Many {n} a", "worship", TEMPLE_VILLAGE) for n in range(60)]
    add_places(evening.scope("commander"), forms)
    phone = evening.phone()
    for form in forms[:20]:
        phone.says(evening.night - timedelta(minutes=1), OPEN, place=str(form.id))
    catch_up("430181")
    many = [asked(desk, address) for address in addresses]
    assert [statements for _, statements in many] == few
    assert max(few) <= 12
    assert "21处有未结的事项" in sentence(many[0][0])


def test_places_read_in_english(evening: Cast) -> None:
    page = evening.at_desk("commander", "en").get("/places?q=temple").text
    assert sentence(page) == "1 place is listed here, 1 of them with open matters; with overdue ones: 1."
    assert ["Baiyun Temple", "Places of worship", "Zhangfang", "1", "1", "18:30"] in rows(page)
    assert "Places" in TAG.sub("", page)
