"""Writes of cells: one path, from the ledger's records to matters and figures."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from tongxin.base.arrays import array
from tongxin.figures.compile import Cells, Sum, contribute
from tongxin.figures.models import Cursor
from tongxin.figures.queries import cursor
from tongxin.ledger import fold, resolving
from tongxin.ledger.queries import position
from tongxin.ledger.reading import About, Reading, read, unsettled
from tongxin.ledger.settling import Seen, look_again, settle

SLICE = 5000
"""Most records of one pull."""

_TYPES = {
    "incident": "uuid", "figure": "text", "day": "date", "area": "text", "organisation": "uuid", "category": "text",
    "key": "text",
}  # fmt: skip


_DAYS = """, counted AS (
    INSERT INTO figures_day AS held (ledger, incident, figure, day, cells, amount)
    SELECT %s, incident, figure, day, sum(cells), sum(amount) FROM (
        SELECT incident, figure, day, 0 AS cells, amount FROM given
        UNION ALL SELECT incident, figure, day, fresh::int - nothing::int, 0 FROM stored
    ) change GROUP BY incident, figure, day
    ON CONFLICT (ledger, incident, figure, day)
    DO UPDATE SET cells = held.cells + excluded.cells, amount = held.amount + excluded.amount
)"""
"""Beside the storing of cells: what it changes of their days."""


class _Table:
    """The table of cells, or of their totals: how sums are added to it, and removed where they come to nothing."""

    def __init__(self, name: str, *without: str, beside: str = "") -> None:
        """``beside`` is done in the same statement, for the same ledger, with what was ``given`` and ``stored``."""
        columns = [column for column in _TYPES if column not in without]
        key, keys = ", ".join(columns), ", ".join(f"%s::{_TYPES[column]}[]" for column in columns)
        self._ledgers = 2 if beside else 1
        # A row that this statement inserted has no xmax: nothing has changed it yet.
        self._add = f"""
            WITH given AS (SELECT * FROM unnest({keys}, %s::bigint[], %s::bigint[]) AS given ({key}, records, amount)),
            stored AS (
                INSERT INTO {name} AS held (ledger, {key}, records, amount) SELECT %s, * FROM given
                ON CONFLICT (ledger, {key})
                DO UPDATE SET records = held.records + excluded.records, amount = held.amount + excluded.amount
                RETURNING {key}, held.xmax = 0 AS fresh, records = 0 AND amount = 0 AS nothing
            ){beside}
            SELECT {key} FROM stored WHERE nothing"""  # noqa: S608 - the names above
        self._remove = f"DELETE FROM {name} WHERE ledger = %s AND ({key}) IN (SELECT * FROM unnest({keys}))"  # noqa: S608 - as above

    def store(self, ledger: str, sums: Iterable[tuple[tuple[Any, ...], Sum]]) -> None:
        """Add to what is stored in one statement; remove what comes to nothing. Pullers of a ledger take turns."""
        rows = [(*key, total.records, total.amount) for key, total in sums if total.records or total.amount]
        if not rows:
            return
        with connection.cursor() as cursor:
            cursor.execute(self._add, [*map(array, zip(*rows, strict=True)), *[ledger] * self._ledgers])
            empty = cursor.fetchall()
            if empty:
                cursor.execute(self._remove, [ledger, *map(array, zip(*empty, strict=True))])


_CELLS, _TOTALS = _Table("figures_cell", beside=_DAYS), _Table("figures_total", "day")


@transaction.atomic
def pull(ledger: str) -> int:
    """Apply the next slice of records to matters and cells, and move the cursor; return how many positions it moved.

    For every subject that the slice touches, what it counted for at the cursor is taken away and what it counts for at the
    slice's end is added, as far back as the slice can have changed it. Late records thus change the day they happened on, and the
    cells stay a function of the set of records.
    """
    Cursor.objects.get_or_create(ledger=ledger)
    held = Cursor.objects.select_for_update().get(ledger=ledger)
    end = min(position(ledger), held.position + SLICE)
    if end == held.position:
        return 0
    cells: Cells = {}
    _apply(ledger, (held.position, end), cells)
    _CELLS.store(ledger, cells.items())
    _TOTALS.store(ledger, _totals(cells).items())
    moved, held.position = end - held.position, end
    held.save(update_fields=["position"])
    return moved


def _apply(ledger: str, step: tuple[int, int], cells: Cells) -> None:
    before, end = step
    whole: set[About] = set()
    while True:
        reading = read(ledger, before, end, whole)
        then, now = _Told(reading, before), _Told(reading, end)
        more = unsettled(reading, (*then.states(), *now.states()))
        if not more:
            break
        whole |= more
    then.contribute(cells, sign=-1)
    now.contribute(cells)
    settle(ledger, end, reading.held, now.states(), {position: now.effects.get(position) for position in reading.bound})
    look_again(ledger, now.seen(reading))


class _Told:
    """What all that was read came to when the ledger had come to a position: each subject's facts and matters."""

    def __init__(self, reading: Reading, upto: int) -> None:
        found = resolving.resolve(fact for fact in reading.facts if fact.position <= upto)
        stories, standing = found.by_subject(), reading.standing
        self._versions = reading.versions()
        self._subjects = [
            (stories[about][0], fold.matters(self._versions, *stories[about], standing.get(about, ())))
            for about in stories.keys() | standing.keys()
        ]
        self.effects = found.effects

    def states(self) -> Iterator[fold.State]:
        """Yield all matters and conflicts."""
        return (state for _, states in self._subjects for state in states)

    def seen(self, reading: Reading) -> Iterator[Seen]:
        """Yield when each subject was last reported on in each of its incidents."""
        last: dict[tuple[About, UUID], datetime | None] = {
            ((row.activity, row.subject), row.incident): None for row in reading.held.values()
        }
        for fact in sorted((fact for facts, _ in self._subjects for fact in facts), key=lambda fact: fact.occurred_at):
            if fact.act == "report":
                last[(fact.activity, fact.subject), fact.incident] = fact.occurred_at
        for (about, incident), at in last.items():
            yield Seen(*about, incident, reading.since[about], at)

    def contribute(self, cells: Cells, sign: int = 1) -> None:
        """Add to cells what it counts for, or take it away."""
        for facts, states in self._subjects:
            contribute(self._versions, facts, states, cells, sign)


def _totals(cells: Cells) -> dict[tuple[Any, ...], Sum]:
    """Return what cells come to, whatever their day."""
    found: dict[tuple[Any, ...], Sum] = {}
    for key, cell in cells.items():
        at = (key.incident, key.figure, *key[3:])
        if at not in found:
            found[at] = Sum()
        found[at].add(cell.records, cell.amount)
    return found


def catch_up(ledger: str, upto: int | None = None) -> int:
    """Pull up to a position, or until nothing is left; return the position reached."""
    while pull(ledger) and (upto is None or cursor(ledger) < upto):
        pass
    return cursor(ledger)


def frozen(ledger: str) -> int:
    """Bring the cells to the ledger's end and hold them there until the transaction ends; return the position."""
    catch_up(ledger)
    return Cursor.objects.select_for_update().get(ledger=ledger).position
