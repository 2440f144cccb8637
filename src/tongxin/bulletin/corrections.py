"""What the next issue says of the one before: which of its numbers stand on records that were corrected since."""

from typing import Any
from uuid import UUID

from tongxin.base.scope import Scope
from tongxin.bulletin.models import Bulletin
from tongxin.figures.queries import cursor, figure
from tongxin.figures.tracing import corrected, restated
from tongxin.ledger.queries import changed

MOST_NAMED = 20
"""Records that a correction names; all are counted."""


def corrections(scope: Scope, incident: UUID) -> list[dict[str, Any]]:
    """Return ``{"bulletin", "number", "key", "said", "now", "count", "records"}`` for each figure; ``now`` is null if not known.

    ``said`` is what the last published issue told, ``now`` what the same records come to by their corrections, ``records`` the
    positions of the first of those that were corrected or withdrawn.
    """
    last = Bulletin.objects.filter(ledger=scope.ledger, incident=incident, published_at__isnull=False).order_by("-number").first()
    if last is None or not changed(scope.ledger, last.position, cursor(scope.ledger)).exists():
        return []
    found = []
    for key, said in last.figures.items():
        one = figure(key)
        touched = corrected(scope, incident, one, last.position)
        now = restated(scope, incident, one, last.position) if touched else said
        if touched and now != said:
            told = {"said": said, "now": now, "count": len(touched), "records": touched[:MOST_NAMED]}
            found.append({"bulletin": str(last.id), "number": last.number, "key": key, **told})
    return found
