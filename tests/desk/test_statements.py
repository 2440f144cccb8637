"""A page asks the database as often for many rows as for few, and never often."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.cast import Cast, id_of, order_form
from tests.desk.looking import asked

from tongxin.figures.actions import catch_up
from tongxin.orders import actions as orders
from tongxin.orders.models import Clock
from tongxin.orders.queries import forget_clock

OPEN, SHUT = {"open": True, "gathering": False}, {"open": False, "gathering": False}
PAGES = ("/", "/orders", f"/orders/{id_of('order')}", "/matters?state=all", f"/places/{id_of('temple')}", "/figures",
    "/figures/venue_closure.inspections", "/figures/venue_closure.venues_inspected", "/figures/venue_closure.fixed", "/records/1",
    "/quarantine", "/bulletins", "/search?q=1")  # fmt: skip

MORE = ("/wall", "/matters", "/places", "/organisations", f"/organisations/{id_of('east')}", "/duties", "/duties?state=todo",
    "/duties?kind=post", "/figures.csv", "/bulletins/next", "/import")  # fmt: skip


def more_records(cast: Cast) -> None:
    phone, far = cast.phone(), cast.phone("outsider")
    for minutes in range(30, 20, -1):
        phone.says(cast.night - timedelta(minutes=minutes), OPEN if minutes % 2 else SHUT)
        far.says(cast.night - timedelta(minutes=minutes), SHUT, place=str(id_of("cinema")))
    phone.says(cast.night - timedelta(minutes=2), OPEN | {"colour": "red"})
    catch_up("430181")


def more_orders(cast: Cast) -> None:
    for number in range(2, 7):
        row = orders.issue(cast.scope("commander"), order_form(cast.night, id=uuid4(), number=f"演{number}号"))
        orders.plan_visits(cast.scope("commander"), row.id)


@pytest.mark.parametrize("more", [more_records, more_orders])
@pytest.mark.parametrize("page", PAGES)
def test_more_rows_are_no_more_statements(cast: Cast, page: str, more: Callable[[Cast], None]) -> None:
    first = cast.phone()
    for minutes, answers in ((50, OPEN), (45, SHUT), (40, OPEN | {"colour": "red"}), (35, OPEN)):
        first.says(cast.night - timedelta(minutes=minutes), answers)
    more_orders(cast)  # of a single one its page is shown at once
    catch_up("430181")
    few = statements(cast, page)
    more(cast)
    assert statements(cast, page) <= few


@pytest.mark.parametrize("page", PAGES + MORE)
def test_no_page_takes_more_than_twelve_statements(cast: Cast, page: str) -> None:
    more_orders(cast)
    more_records(cast)
    cast.phone().says(cast.night - timedelta(hours=2), OPEN)
    catch_up("430181")
    Clock.objects.update(start=cast.night + timedelta(hours=5))  # after midnight, when it is late
    forget_clock()
    desk = cast.at_desk("commander")
    asked(desk, page)
    assert asked(desk, page)[1] <= 12 + 1, "beside what a process reads anew every half second"


def statements(cast: Cast, page: str) -> int:
    """Return how many statements a page takes when asked for again, but for what a process reads anew every other second."""
    desk = cast.at_desk("commander")
    desk.get(page)
    with CaptureQueriesContext(connection) as told:
        assert desk.get(page).status_code == 200
    return sum(
        not any(word in query["sql"] for word in ("SAVEPOINT", 'FROM "orders_clock"', "ledger_definition")) for query in told
    )
