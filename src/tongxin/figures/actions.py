"""Writes of cells: one path, from the ledger's records to matters and figures."""

from collections.abc import Iterator

from django.db import connection, transaction

from tongxin.base.arrays import array
from tongxin.figures.compile import Cells, contribute
from tongxin.figures.models import Cursor
from tongxin.figures.queries import cursor
from tongxin.ledger import fold, resolving
from tongxin.ledger.actions import settle
from tongxin.ledger.queries import position
from tongxin.ledger.reading import About, Reading, read, unsettled

SLICE = 5000
"""Most records of one pull."""

_KEY = "incident, figure, day, area, organisation, category, key"
_KEYS = "%s::uuid[], %s::text[], %s::date[], %s::text[], %s::uuid[], %s::text[], %s::text[]"
_ADD = f"""
WITH stored AS (
    INSERT INTO figures_cell AS held (ledger, {_KEY}, records, amount)
    SELECT %s, * FROM unnest({_KEYS}, %s::bigint[], %s::bigint[])
    ON CONFLICT (ledger, {_KEY})
    DO UPDATE SET records = held.records + excluded.records, amount = held.amount + excluded.amount
    RETURNING {_KEY}, records, amount
)
SELECT {_KEY} FROM stored WHERE records = 0 AND amount = 0
"""  # noqa: S608 - the constants above
_REMOVE = f"DELETE FROM figures_cell WHERE ledger = %s AND ({_KEY}) IN (SELECT * FROM unnest({_KEYS}))"  # noqa: S608 - as above


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
    _store(ledger, cells)
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

    def contribute(self, cells: Cells, sign: int = 1) -> None:
        """Add to cells what it counts for, or take it away."""
        for facts, states in self._subjects:
            contribute(self._versions, facts, states, cells, sign)


def _store(ledger: str, cells: Cells) -> None:
    """Add to the stored cells in one statement; remove those that come to nothing. Pullers of a ledger take turns."""
    rows = [(*key, total.records, total.amount) for key, total in cells.items() if total.records or total.amount]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [ledger, *map(array, zip(*rows, strict=True))])
        empty = cursor.fetchall()
        if empty:
            cursor.execute(_REMOVE, [ledger, *map(array, zip(*empty, strict=True))])


def catch_up(ledger: str, upto: int | None = None) -> int:
    """Pull up to a position, or until nothing is left; return the position reached."""
    while pull(ledger) and (upto is None or cursor(ledger) < upto):
        pass
    return cursor(ledger)


def frozen(ledger: str) -> int:
    """Bring the cells to the ledger's end and hold them there until the transaction ends; return the position."""
    catch_up(ledger)
    return Cursor.objects.select_for_update().get(ledger=ledger).position
