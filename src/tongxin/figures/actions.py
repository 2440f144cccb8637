"""Writes of cells: one path, from the ledger's records to matters and figures."""

from django.db import connection, transaction

from tongxin.figures.compile import Cells, contribute
from tongxin.figures.models import Cell, Cursor
from tongxin.ledger import fold
from tongxin.ledger.actions import settle
from tongxin.ledger.queries import families, position, touched
from tongxin.playbook.registry import version

SLICE = 5000
"""Most records of one pull."""

_APPLY = """
INSERT INTO figures_cell AS held (ledger, incident, figure, day, area, organisation, category, key, records, amount)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (ledger, incident, figure, day, area, organisation, category, key)
DO UPDATE SET records = held.records + excluded.records, amount = held.amount + excluded.amount
"""


@transaction.atomic
def pull(ledger: str) -> int:
    """Apply the next slice of records to matters and cells, and move the cursor; return how many positions it moved.

    For every subject that the slice touches, what it counted for at the cursor is taken away and what it counts for at the
    slice's end is added. Late records thus change the day they happened on, and the cells stay a function of the set of records.
    """
    Cursor.objects.get_or_create(ledger=ledger)
    cursor = Cursor.objects.select_for_update().get(ledger=ledger)
    end = min(position(ledger), cursor.position + SLICE)
    if end == cursor.position:
        return 0
    cells: Cells = {}
    _apply(ledger, (cursor.position, end), cells)
    _store(ledger, cells)
    moved, cursor.position = end - cursor.position, end
    cursor.save(update_fields=["position"])
    return moved


def _apply(ledger: str, step: tuple[int, int], cells: Cells) -> None:
    before, end = step
    records = families(ledger, end, touched(ledger, before, end))
    known = {hash_: found for hash_ in {record.activity_hash for record in records} if (found := version(hash_))}
    then, now = fold.resolve(record for record in records if record.position <= before), fold.resolve(records)
    for facts, conflicts in then.by_subject().values():
        contribute(known, facts, fold.matters(known, facts, conflicts), cells, sign=-1)
    folded: dict[tuple[str, str], list[fold.State]] = {(record.activity, record.subject): [] for record in records}
    for about, (facts, conflicts) in now.by_subject().items():
        folded[about] = fold.matters(known, facts, conflicts)
        contribute(known, facts, folded[about], cells)
    settle(ledger, end, folded, {record.position: now.effects.get(record.position) for record in records})


def _store(ledger: str, cells: Cells) -> None:
    rows = [(ledger, *key, s.records, s.amount) for key, s in sorted(cells.items()) if s.records or s.amount]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.executemany(_APPLY, rows)
    Cell.objects.filter(ledger=ledger, records=0, amount=0).delete()


def catch_up(ledger: str) -> int:
    """Pull until nothing is left; return the position reached."""
    while pull(ledger):
        pass
    return Cursor.objects.get_or_create(ledger=ledger)[0].position


def frozen(ledger: str) -> int:
    """Bring the cells to the ledger's end and hold them there until the transaction ends; return the position."""
    catch_up(ledger)
    return Cursor.objects.select_for_update().get(ledger=ledger).position
