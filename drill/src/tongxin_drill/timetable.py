"""What is found at each venue, and when each inspector acts."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from tongxin.base.clock import SHANGHAI
from tongxin_drill.shapes import Act, Stretch

NIGHT = datetime(2022, 3, 22, tzinfo=SHANGHAI)
MINUTE = 60

VISITING_FROM = NIGHT.replace(hour=18, minute=30)
VISITING = 250 * MINUTE
"""Visits lie within 250 minutes, until 22:40; all spans here are in seconds of drill time."""
BACK_AFTER, BACK_WITHIN = 30 * MINUTE, 110 * MINUTE
LAST_FOUND = VISITING - 60 * MINUTE
"""A place that is visited twice is first visited by 21:40: the second visit then has room to choose."""
DENSE = 10.0
"""Above this scale no members are added and rounds grow instead, too dense for a minute between acts."""

NIGHT_SECONDS = 28.0
"""How long the night lasts in real seconds, unless it is too full for that."""
MOST_ACTS = 1_500
"""How many acts are planned for a real second at most."""


class Finding(NamedTuple):
    """What a visit finds."""

    open: bool
    gathering: bool


CLEAN = Finding(open=False, gathering=False)


def gap(scale: float) -> int:
    """Return how many seconds lie at least between two acts of one member."""
    return MINUTE if scale <= DENSE else 1


def factor(night: timedelta, acts: int) -> float:
    """Return the drill clock's factor: the night in NIGHT_SECONDS, or slower as MOST_ACTS demands."""
    # Nearly all acts are visits, and these fill only a part of the night.
    return min(night.total_seconds() / NIGHT_SECONDS, MOST_ACTS * VISITING / acts)


def arrival(member: str, at: datetime, muster: str) -> Act:
    """Return a check-in at a post."""
    return Act(member, at, "attendance", muster, {"act": "in"})


def departure(member: str, at: datetime, muster: str) -> Act:
    """Return a check-out."""
    return Act(member, at, "attendance", muster, {"act": "out"})


def visit(member: str, at: datetime, venue: str, found: Finding) -> Act:
    """Return the inspection of a venue."""
    return Act(member, at, "venue_closure", venue, found._asdict())


def reception(rng: Random, acts: Sequence[Act]) -> tuple[Stretch, ...]:
    """Give a fifth of the phones 20–60 minutes without reception, well before the night ends."""
    begins = acts[0].at + timedelta(minutes=rng.randrange(20, 180))
    stretch = Stretch(begins, begins + timedelta(minutes=rng.randrange(20, 61)))
    return (stretch,) if rng.random() < 0.2 else ()  # noqa: PLR2004 - the fifth


def findings(rng: Random, venues: Sequence[str]) -> dict[str, tuple[Finding, ...]]:
    """Return what the visits to each venue find, in order: none, one or two of them.

    Of all venues about 2 % stay unvisited, 17 % are found open, 8 % (of these or others) with a gathering;
    whatever is found is put right at the second visit, but for 1 % that are open even then. Of the clean ones
    15 % are visited again for good measure.
    """
    count = len(venues)
    visited = rng.sample(venues, count - max(1, round(0.02 * count)))
    stubborn = set(visited[: max(1, round(0.01 * count))])
    opened = set(visited[: max(2, round(0.17 * count))])
    gatherings = set(rng.sample(visited, max(1, round(0.08 * count))))
    clean = [venue for venue in visited if venue not in opened and venue not in gatherings]
    again = set(rng.sample(clean, round(0.15 * len(clean))))

    found: dict[str, tuple[Finding, ...]] = dict.fromkeys(venues, ())
    for venue in visited:
        first = Finding(venue in opened, venue in gatherings)
        second = Finding(venue in stubborn, gathering=False)
        found[venue] = (first, second) if first != CLEAN or venue in again else (first,)
    return found


Round = Iterable[tuple[str, tuple[Finding, ...]]]
"""An inspector's venues, each with what its visits find."""


def evening(rng: Random, member: str, muster: str, venues: Round, gap: int) -> list[Act]:
    """Return one inspector's acts in the order of time: check-in, the visits of the round, check-out."""
    arrives = NIGHT + timedelta(hours=18, seconds=rng.randrange(MINUTE, 25 * MINUTE))
    leaves = NIGHT + timedelta(hours=22, minutes=50, seconds=rng.randrange(30 * MINUTE))
    visits = _visits(rng, member, venues, gap)
    return [arrival(member, arrives, muster), *visits, departure(member, leaves, muster)]


def _visits(rng: Random, member: str, venues: Round, gap: int) -> list[Act]:
    """Place the visits on a grid of ``gap`` seconds, one a slot, so that they lie at least that far apart."""
    shift = rng.randrange(gap)  # or all phones would act on the full minute
    taken: set[int] = set()
    acts = []
    for venue, found in venues:
        slot = None
        for finding in found:
            slot = _slot(rng, taken, _span(gap, len(found), slot))
            at = VISITING_FROM + timedelta(seconds=slot * gap + shift)
            acts.append(visit(member, at, venue, finding))
    return sorted(acts, key=lambda act: act.at)


def _span(gap: int, visits: int, first: int | None) -> range:
    """Return the slots a visit may take: early enough if a second follows, that one 30–110 minutes later."""
    if first is None:
        return range((VISITING if visits == 1 else LAST_FOUND) // gap)
    return range(first + BACK_AFTER // gap, min(first + BACK_WITHIN // gap + 1, VISITING // gap))


def _slot(rng: Random, taken: set[int], span: range) -> int:
    """Take a free slot of the span; ends soon, as a span has at least 30 slots, far more than are taken."""
    while (slot := rng.choice(span)) in taken:
        pass
    taken.add(slot)
    return slot
