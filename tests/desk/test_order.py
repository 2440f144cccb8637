"""The page of an order: its chain from the list to the second look, by team with its district, and by category."""

from datetime import timedelta

from django.test import Client
from tests.cast import Cast, id_of
from tests.desk.looking import links, rows

from tongxin.figures.actions import catch_up
from tongxin.orders.models import Clock, Order
from tongxin.orders.queries import forget_clock
from tongxin.playbook.registry import activity

OPEN, SHUT = {"open": True, "gathering": False}, {"open": False, "gathering": False}
TOTAL = "合计"


def chain(desk: Client) -> list[str]:
    """Return the numbers of the row of totals: listed, visited, to be visited, found, put right, looked at again, overdue."""
    (total,) = rows(desk.get(f"/orders/{id_of('order')}").text, "tfoot")
    return [cell for cell in total[1:] if cell]


def test_the_chain_goes_from_the_list_to_the_second_look(cast: Cast, desk: Client) -> None:
    phone = cast.phone()
    told = []
    for minutes, answers in ((60, OPEN), (40, SHUT), (20, SHUT), (10, OPEN)):
        phone.says(cast.night - timedelta(minutes=minutes), answers)
        catch_up("430181")
        told.append(chain(desk))
    assert told == [
        ["2", "1", "1", "1", "0", "0", "0"], ["2", "1", "1", "1", "1", "0", "0"], ["2", "1", "1", "1", "1", "1", "0"],
        ["2", "1", "1", "2", "1", "1", "0"],
    ]  # fmt: skip


def test_a_second_look_that_is_withdrawn_was_none(cast: Cast, desk: Client) -> None:
    phone = cast.phone()
    for minutes, answers in ((60, OPEN), (40, SHUT)):
        phone.says(cast.night - timedelta(minutes=minutes), answers)
    look = phone.says(cast.night - timedelta(minutes=20), SHUT)
    catch_up("430181")
    assert chain(desk)[5] == "1"
    phone.says(cast.night, {}, act="withdraw", target=look["id"])
    catch_up("430181")
    assert chain(desk)[5] == "0"


def test_the_second_look_opens_to_what_was_looked_at(cast: Cast, desk: Client) -> None:
    near, far = cast.phone(), cast.phone("outsider")
    for minutes, answers in ((60, OPEN), (40, SHUT), (20, SHUT)):
        near.says(cast.night - timedelta(minutes=minutes), answers)
    for minutes, answers in ((60, OPEN), (40, SHUT)):
        far.says(cast.night - timedelta(minutes=minutes), answers, place=str(id_of("cinema")))
    catch_up("430181")
    page = desk.get(f"/orders/{id_of('order')}").text
    (address,) = [to for to in links(page, TOTAL, "tfoot") if "again=yes" in to]
    assert [row for row in rows(desk.get(address).text) if "白云观音阁" in " ".join(row)]
    assert len(rows(desk.get(address).text)) == 1
    assert len(rows(desk.get(address.replace("again=yes", "")).text)) == 2


def test_a_team_stands_with_its_district(desk: Client) -> None:
    page = desk.get(f"/orders/{id_of('order')}").text
    assert [row[:2] for row in rows(page)] == [["东片组", "张坊镇"], ["西片组", "淮川街道"]]


def test_an_order_that_only_deploys_shows_who_mustered(cast: Cast) -> None:
    Order.objects.update(activities=["attendance"])
    cast.phone().says(
        cast.night - timedelta(minutes=30), {"act": "in"}, activity="attendance",
        activity_hash=activity("attendance").hash, duty=str(id_of("post")),
    )  # fmt: skip
    catch_up("430181")
    desk = cast.at_desk("commander")
    page = desk.get(f"/orders/{id_of('order')}").text
    mustered = page[page.index("集结") :]
    listed = rows(mustered)
    assert [row[:4] for row in listed] == [["东片组", "1", "1", "1"]]
    assert [row[1:] for row in rows(mustered, "tfoot")] == [listed[0][1:]]
    posts = rows(desk.get(next(iter(links(mustered, TOTAL, "tfoot")))).text)
    assert [row[0] for row in posts] == ["东片组"]
    Clock.objects.update(start=cast.night + timedelta(days=1))
    forget_clock()
    assert "今天没有岗位。" in desk.get(f"/orders/{id_of('order')}").text
