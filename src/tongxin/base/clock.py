"""The one place that knows what time it is.

Everything asks ``now()``; SQL never asks its own time. In a real incident that is the wall clock (UTC). A rehearsal runs on a
*drill clock*: it stands at its start until it is begun, runs ``factor`` times as fast until ``until``, then at real speed.
Every process and every simulated phone computes the same drill time from the same four values.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")  # no daylight saving since 1991
"""Days are Shanghai days wherever the server stands."""


@dataclass(frozen=True)
class DrillClock:
    """A clock for rehearsals; all times are aware.

    ``start`` is the drill time it stands at, ``began`` the real time at which it starts to run (None: not yet), ``factor`` how
    many drill seconds pass in a real one, ``until`` the drill time from which it runs at real speed.
    """

    start: datetime
    began: datetime | None
    factor: float
    until: datetime

    def at(self, real: datetime) -> datetime:
        """Return the drill time at the real time ``real``."""
        if self.began is None or real <= self.began:
            return self.start
        fast = (real - self.began) * self.factor
        if self.start + fast <= self.until:
            return self.start + fast
        return self.until + (real - self.real(self.until))

    def real(self, drill: datetime) -> datetime:
        """Return the real time at which the clock shows ``drill``; it must have begun."""
        if self.began is None:
            raise ValueError("the drill clock has not begun")
        if drill <= self.until:
            return self.began + (drill - self.start) / self.factor
        return self.real(self.until) + (drill - self.until)


def wall() -> datetime:
    """Return the real time; only the clock itself, sign-in expiry and measurements may want it."""
    return datetime.now(UTC)


_source: Callable[[], DrillClock | None] = lambda: None  # noqa: E731 - replaced once, by the host


def set_source(source: Callable[[], DrillClock | None]) -> None:
    """Tell this process where the drill clock is kept (the host does, at start-up)."""
    global _source  # noqa: PLW0603 - one clock a process is the point
    _source = source


def now() -> datetime:
    """Return the time that counts: the drill's if a drill clock is set, else the wall's (UTC)."""
    drill = _source()
    return wall() if drill is None else drill.at(wall()).astimezone(UTC)


def day_of(moment: datetime) -> date:
    """Return the Shanghai day of a moment."""
    return moment.astimezone(SHANGHAI).date()


def written(moment: datetime) -> str:
    """Return a moment as people write it down: Shanghai time, to the minute."""
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def start_of(day: date) -> datetime:
    """Return the midnight with which a Shanghai day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)


def tonight(moment: datetime) -> datetime:
    """Return the midnight that ends the Shanghai day of ``moment``: nothing waits until tomorrow."""
    local = moment.astimezone(SHANGHAI)
    return local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """Return the moment ``ms`` milliseconds after 1970 (UTC); raise OverflowError or ValueError beyond the calendar."""
    return _EPOCH + timedelta(milliseconds=ms)


def to_ms(moment: datetime) -> int:
    """Return milliseconds since 1970 (UTC), rounded down."""
    return (moment - _EPOCH) // _MILLISECOND
