"""Every version of an activity that records name, or may come to name, kept for ever."""

from collections.abc import Collection, Iterable
from pathlib import Path

from django.db import transaction

from tongxin.base import clock
from tongxin.ledger.models import Definition
from tongxin.playbook import loader
from tongxin.playbook.schema import Activity

_stored: set[tuple[str, str]] = set()


def keep(ledger: str, versions: Iterable[Activity]) -> None:
    """Store versions before anybody is given them: a phone may come back with a record after the file has changed."""
    fresh = {key: version for version in versions if (key := (ledger, version.hash)) not in _stored}
    if fresh:
        now = clock.now()
        rows = [Definition(ledger=ledger, hash=v.hash, activity=v.id, text=v.source, at=now) for v in fresh.values()]
        Definition.objects.bulk_create(rows, ignore_conflicts=True)
        transaction.on_commit(lambda: _stored.update(fresh))


def archive(known: Collection[str]) -> list[Activity]:
    """Return every stored version but the known ones, oldest first: of deleted files, too, records show and trace."""
    rows = Definition.objects.exclude(hash__in=list(known)).order_by("at")
    return [loader.parse(bytes(row.text), Path(f"{row.activity}.toml")) for row in rows]
