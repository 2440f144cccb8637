"""Chases: somebody at the desk urges whoever is answerable for an open matter.

A chase is no record and no decision: the matter stays as it is, due when it was. Who did it and when is kept, and logged.
"""

from uuid import UUID

from django.db import transaction

from tongxin.audit.actions import log
from tongxin.base import clock
from tongxin.base.ids import uuid7
from tongxin.base.problems import Conflict, Forbidden, NotFound
from tongxin.base.scope import Scope
from tongxin.base.words import say
from tongxin.ledger.access import MAY_CHASE, ONE_PRESS, may_unchase
from tongxin.ledger.models import Chase, Matter
from tongxin.ledger.problems import Settled
from tongxin.ledger.queries import matter


@transaction.atomic
def chase(scope: Scope, id_: UUID) -> Chase:
    """Chase an open matter; a second press by the same hand gives the same chase. Raise NotFound, Forbidden or Settled."""
    now, area = clock.now(), matter(scope, id_).area
    scope.require(say("催办"), MAY_CHASE, area)
    same = Matter.objects.filter(ledger=scope.ledger, id=id_, until__isnull=True)
    found = same.select_for_update(no_key=True).first()  # of two presses, one waits
    if found is None or found.closed is not None:
        raise Settled(say("这件事项已经结了"))
    held = Chase.objects.filter(ledger=scope.ledger, matter=id_, by=scope.member, undone_at=None, at__gte=now - ONE_PRESS)
    if pressed := held.order_by("at").first():
        return pressed
    row = Chase.objects.create(
        ledger=scope.ledger, id=uuid7(), matter=id_, at=now, by=scope.member, organisation=found.organisation
    )
    log("matter.chase", member=scope.member, subject=id_, chase=str(row.id), organisation=str(found.organisation))
    return row


@transaction.atomic
def unchase(scope: Scope, id_: UUID) -> None:
    """Take a chase back, once; only who did it may, and at once. Raise NotFound, Forbidden or Conflict."""
    row = Chase.objects.select_for_update(no_key=True).filter(ledger=scope.ledger, id=id_).first()
    if row is None:
        raise NotFound(say("没有这一次催办"))
    if row.by != scope.member:
        raise Forbidden(say("别人催的，由本人撤销"))
    if row.undone_at is not None:
        return
    row.undone_at = clock.now()
    if not may_unchase(scope, row, row.undone_at):
        raise Conflict(say("催了一分钟以上，不能再撤销"))
    row.save(update_fields=["undone_at"])
    log("matter.unchase", member=scope.member, subject=row.matter, chase=str(id_))
