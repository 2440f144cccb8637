"""When a record happened, settled once at intake (provisional: wall clock only until the time rule is settled)."""

from datetime import datetime


def settle(wall: datetime, received: datetime, previous: datetime | None) -> datetime:
    """Return ``occurred_at``: the phone's wall clock, never after receipt, never before the record ahead of it in the chain."""
    occurred = min(wall, received)
    return occurred if previous is None else max(occurred, previous)
