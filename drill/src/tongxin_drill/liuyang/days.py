"""The 18 days."""

from datetime import datetime, timedelta

from tongxin.base.clock import SHANGHAI

FIRST = datetime(2022, 3, 22, tzinfo=SHANGHAI)
DAYS = 18
START = FIRST - timedelta(hours=4)
"""The evening before: phones are handed out, orders are issued."""
ENDS = FIRST + timedelta(days=DAYS)
"""Midnight after 8 April, when most orders end."""
HANDED_OVER = ENDS + timedelta(hours=6)
"""When the orders of posts end that are held through the last night."""
UNTIL = ENDS + timedelta(hours=1)
WEEKENDS = tuple(day for day in range(DAYS) if (FIRST + timedelta(days=day)).weekday() >= 5)  # noqa: PLR2004 - Saturday


def moment(day: int, hour: float, seconds: int = 0) -> datetime:
    """Return a moment of a day; day 0 is 22 March, and hour 24 the midnight that ends it."""
    return FIRST + timedelta(days=day, hours=hour, seconds=seconds)
