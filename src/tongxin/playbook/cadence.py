"""How often a visit is due while an order is in force."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tongxin.base.clock import tonight
from tongxin.playbook.schema import Activity


def windows(activity: Activity, starts_at: datetime, ends_at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield (start, deadline) of each visit that an order from ``starts_at`` to ``ends_at`` asks of a place.

    Once per order is due the first night; else a window lasts the days of the cadence, in Shanghai days, within the order.
    """
    days = _days(activity.cadence)
    if days is None:
        yield starts_at, min(tonight(starts_at), ends_at)
        return
    start = starts_at
    while start < ends_at:
        due = min(tonight(start) + timedelta(days=days - 1), ends_at)
        yield start, due
        start = due


def _days(cadence: str) -> int | None:
    if cadence.startswith("every "):
        return int(cadence.split(" ")[1])
    return 1 if cadence == "daily" else None
