"""What *Tonight* shows: where the county stands, and what is late."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tongxin.base import clock
from tongxin.base.scope import Scope, town_of
from tongxin.base.words import say
from tongxin.desk import wording
from tongxin.desk.lists import matter_rows, record_rows
from tongxin.desk.progress import Chains, Progress, absent
from tongxin.ledger.queries import matters, records
from tongxin.ledger.tallying import HALF_HOUR, Tally, tallies
from tongxin.orders.queries import orders
from tongxin.people.queries import organisation_names
from tongxin.places.queries import area_names

if TYPE_CHECKING:
    from tongxin.figures.queries import Reached
    from tongxin.ledger.models import Matter
    from tongxin.orders.models import Incident, Order

MOST_LATE, MOST_TOWNS, LATEST = 10, 8, 8
HOUR = timedelta(hours=1)
SLOTS = 12


@dataclass
class Line:
    """A row of a summary; ``query`` selects the matters behind it."""

    title: str
    query: str
    late: int = 0
    due: int = 0
    closed: int = 0

    def add(self, tally: Tally) -> None:
        """Count a tally in."""
        self.late += tally.late
        self.due += tally.due
        self.closed += tally.closed


@dataclass
class Table:
    """A summary with its total."""

    title: str
    lines: list[Line]
    total: Line


@dataclass(frozen=True)
class Standing:
    """Where an incident stands now in a scope's areas; Tonight and the wall say the same of it."""

    now: datetime
    lately: datetime
    orders: "list[Order]"
    tallies: list[Tally]
    chains: Chains | None
    absent: int
    reached: "Reached"

    @cached_property
    def progress(self) -> list[Progress]:
        """How far the visits have come, by order and organisation."""
        return [row for order in self.orders for row in self.chains.visits(order)] if self.chains else []

    @property
    def total(self) -> Line:
        """All matters together."""
        total = Line(say("合计"), "")
        for tally in self.tallies:
            total.add(tally)
        return total

    def content(self) -> dict[str, Any]:
        """Return what the sentence says, and as of when."""
        total = self.total
        return {
            "position": self.reached.position,
            "behind": self.reached.behind,
            "held": self.reached.held,
            "midnight": clock.tonight(self.now),
            "open": total.late + total.due,
            "late": total.late,
            "unvisited": sum(row.listed - row.visited for row in self.progress),
            "absent": self.absent,
            "last_closed": max(filter(None, (tally.last_closed for tally in self.tallies)), default=None),
        }


def standing(scope: Scope, incident: "Incident", reached: "Reached", fields: Sequence[str] = ("organisation",)) -> Standing:
    """Return where an incident stands; ``fields`` are those by which its visits are told apart."""
    now = clock.now()
    today = clock.tonight(now) - timedelta(days=1)
    lately = max(today, now - HOUR)
    given = list(orders(scope).filter(incident=incident.id))
    return Standing(
        now=now,
        lately=lately,
        orders=given,
        tallies=tallies(scope, incident.id, now, today, lately),
        chains=Chains(scope, given, fields) if given else None,
        absent=absent(scope, incident.id, now),
        reached=reached,
    )


def late_matters(scope: Scope, incident: "Incident", now: datetime, most: int) -> "Iterable[Matter]":
    """Return what is overdue, the longest first."""
    return matters(scope, incident.id).filter(closed__isnull=True, due_at__lte=now).order_by("due_at")[:most]


def tonight(scope: Scope, incident: "Incident", reached: "Reached") -> dict[str, Any]:
    """Return the page's content for an incident."""
    found = standing(scope, incident, reached)
    late = list(late_matters(scope, incident, found.now, MOST_LATE))
    newest = records(scope, incident.id).order_by("-position")[:LATEST]
    tables = _tables(found.tallies)
    return found.content() | {
        "opened_lately": sum(tally.opened_lately for tally in found.tallies),
        "closed_lately": sum(tally.closed_lately for tally in found.tallies),
        "lately": urlencode({"opened": found.lately.isoformat()}),
        "lately_closed": urlencode({"closed": found.lately.isoformat()}),
        "overdue": matter_rows(late, found.now, chases=True),
        "tables": tables,
        "agree": all(table.total == found.total for table in tables),
        "strip": _strip(found.tallies, found.now),
        "progress": found.progress,
        "newest": record_rows(list(newest), {}),  # what they came to is not shown
    }


def _tables(counted: list[Tally]) -> list[Table]:
    towns = area_names({town_of(tally.area) for tally in counted})
    teams = organisation_names(tally.organisation for tally in counted)
    by_kind = _lines(
        counted,
        lambda t: f"activity={t.activity}&kind={t.name}",
        lambda t: f"{wording.activity(t.activity)}・{wording.matter(t.activity, t.name)}",
    )
    by_town = _lines(counted, lambda t: f"town={town_of(t.area)}", lambda t: towns.get(town_of(t.area), t.area))
    by_team = _lines(counted, lambda t: f"organisation={t.organisation}", lambda t: teams.get(t.organisation, ""))
    rest = {say("按类别"): by_kind, say("按乡镇"): _shortened(by_town), say("按单位"): by_team}
    return [Table(title, lines, summed(say("合计"), lines)) for title, lines in rest.items()]


def summed(title: str, lines: Iterable[Line]) -> Line:
    """Return the total of some rows."""
    rows = list(lines)
    return Line(title, "", sum(r.late for r in rows), sum(r.due for r in rows), sum(r.closed for r in rows))


def _lines(counted: Iterable[Tally], query: Callable[[Tally], str], title: Callable[[Tally], str]) -> list[Line]:
    lines: dict[str, Line] = {}
    for tally in counted:
        lines.setdefault(query(tally), Line(title(tally), query(tally))).add(tally)
    shown = [line for line in lines.values() if line.late or line.due or line.closed]
    return sorted(shown, key=lambda line: (-line.late, -line.due, -line.closed, line.title))


def _shortened(lines: list[Line]) -> list[Line]:
    """Keep the towns in most need and sum up the others, so that the table fits and its total still agrees."""
    if len(lines) <= MOST_TOWNS:
        return lines
    rest = lines[MOST_TOWNS - 1 :]
    return [*lines[: MOST_TOWNS - 1], summed(say("其余{n}个乡镇", n=len(rest)), rest)]


@dataclass(frozen=True)
class Slot:
    """Half an hour of the evening: how many open matters fall due in it; ``here`` is the percent spent if it is now."""

    start: datetime
    count: int
    late: bool
    href: str
    past: bool
    here: float | None


def _strip(counted: Iterable[Tally], now: datetime) -> list[Slot]:
    """Return the half hours from 18:00 to midnight; what fell due before stands in the first, what is due later in the last."""
    first = clock.tonight(now) - timedelta(hours=6)
    counts: dict[int, int] = defaultdict(int)
    late: set[int] = set()
    for tally in counted:
        if tally.due_from is not None:
            index = max(0, min(SLOTS - 1, (tally.due_from - first) // HALF_HOUR))
            counts[index] += tally.late + tally.due
            late |= {index} if tally.late else set()
    slots = []
    for index in range(SLOTS):
        start = first + index * HALF_HOUR
        here = 100 * (now - start) / HALF_HOUR if start <= now < start + HALF_HOUR else None
        slots.append(Slot(start, counts[index], index in late, _due_within(start, index), start + HALF_HOUR <= now, here))
    return slots


def _due_within(start: datetime, index: int) -> str:
    """Return the address of the matters due in a half hour, open-ended at both ends of the evening as the counts are."""
    ends = {"from": start if index else None, "to": start + HALF_HOUR if index < SLOTS - 1 else None}
    return "/matters?" + urlencode({name: moment.isoformat(timespec="minutes") for name, moment in ends.items() if moment})
