"""Chasing at the desk: one press beside what is open, which says at once that it was done and can be taken back."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from tongxin.base import clock
from tongxin.base.scope import Scope
from tongxin.desk import narrowing
from tongxin.desk.acts import lead_back
from tongxin.desk.lists import MatterRow
from tongxin.desk.session import signed_in
from tongxin.ledger import chasing
from tongxin.ledger.access import MAY_CHASE, may_unchase


@require_POST
@signed_in
def chase(request: HttpRequest, scope: Scope, id_: UUID) -> HttpResponse:
    """Chase a matter."""
    done = chasing.chase(scope, id_)
    return _back(request, chased=str(done.id))


@require_POST
@signed_in
def unchase(request: HttpRequest, scope: Scope, id_: UUID) -> HttpResponse:
    """Take a chase back."""
    chasing.unchase(scope, id_)
    return _back(request)


def _back(request: HttpRequest, **just_done: str) -> HttpResponse:
    return lead_back(request, request.POST.get("next") or "/", "/", just_done)


def buttons(request: HttpRequest, scope: Scope, rows: Iterable[MatterRow]) -> dict[str, Any]:
    """Return what the buttons of rows need: whether one may chase here, and which of the chases one can take back."""
    pressed, now = narrowing.as_uuid(request.GET.get("chased")), clock.now()
    mine = (one.id for row in rows for one in row.chases if one.id == pressed and may_unchase(scope, one, now))
    return {"may_chase": bool(scope.roles & MAY_CHASE), "undoable": next(mine, None)}
