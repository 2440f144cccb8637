"""What must be so of everybody's shifts: at most twelve hours, at least ten hours' rest between two, no gap at a checkpoint."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from tongxin_drill.liuyang.truth import Report, counting
from tongxin_drill.shapes import Act

POSTS = ("deployment", "attendance", "sortie", "checkpoint_post")
LONGEST, LEAST_REST = timedelta(hours=12), timedelta(hours=10)


class Shift(NamedTuple):
    """A member at a post from check-in to check-out."""

    member: str
    activity: str
    place: str
    begins: datetime
    ends: datetime


def check(settled: Sequence[tuple[Act, datetime]]) -> list[str]:
    """Return a line for everything wrong with the shifts that records come to, given each act's time as the ledger settled it."""
    moments = {act.id: occurred for act, occurred in settled}
    found = shifts(counting([act for act, _ in settled], moments))
    return [*too_long(found), *too_little_rest(found), *gaps(found)]


def shifts(reports: Iterable[Report]) -> list[Shift]:
    """Return everybody's shifts by member and time, from reports in the order of time."""
    since: dict[tuple[str, str], Report] = {}
    found = []
    for report in reports:
        key = (report.member, report.duty)
        if report.activity in POSTS and report.body["act"] == "in":
            since[key] = report
        elif report.activity in POSTS and report.body["act"] == "out" and key in since:
            came = since.pop(key)
            found.append(Shift(report.member, report.activity, report.place, came.at, report.at))
    return sorted(found, key=lambda shift: (shift.member, shift.begins))


def too_long(found: Iterable[Shift]) -> Iterator[str]:
    """Yield a line for every shift of more than twelve hours."""
    yield from (f"{s.member} served {s.ends - s.begins} from {s.begins} on" for s in found if s.ends - s.begins > LONGEST)


def too_little_rest(found: Iterable[Shift]) -> Iterator[str]:
    """Yield a line for every shift that begins less than ten hours after the member's last one ended."""
    for one, two in pairwise(found):
        if one.member == two.member and two.begins - one.ends < LEAST_REST:
            yield f"{one.member} rested {two.begins - one.ends} before {two.begins}"


def gaps(found: Iterable[Shift]) -> Iterator[str]:
    """Yield a line for every time at which nobody is at a checkpoint between its first shift and its last."""
    held = sorted((s for s in found if s.activity == "checkpoint_post"), key=lambda shift: (shift.place, shift.begins))
    for one, two in pairwise(held):
        if one.place == two.place and two.begins > one.ends:
            yield f"nobody at the checkpoint from {one.ends} until {two.begins}"
