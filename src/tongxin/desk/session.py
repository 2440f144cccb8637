"""Who is at the desk, and what it is about.

The session is a signed cookie that holds the member's id and that of the incident chosen; roles are read at every request.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse

from tongxin.base import clock
from tongxin.base.problems import Forbidden, NotFound, NotSignedIn
from tongxin.base.scope import Scope
from tongxin.base.words import say
from tongxin.figures.queries import Reached, reached
from tongxin.orders import queries as orders
from tongxin.people.queries import scope_of

if TYPE_CHECKING:
    from tongxin.orders.models import Incident

MEMBER, INCIDENT = "member", "incident"


def remember(request: HttpRequest, member: UUID) -> None:
    """Begin a session for a member."""
    request.session.cycle_key()
    request.session[MEMBER] = str(member)


def scope(request: HttpRequest) -> Scope:
    """Return who asks and how far they may look, found once a request; raise NotSignedIn, or Forbidden if no role is held now."""
    known: Scope | None = getattr(request, "scope", None)
    if known is not None:
        return known
    member = request.session.get(MEMBER)
    if member is None:
        raise NotSignedIn(say("请先登录"))
    found = scope_of(UUID(member))
    if not found.roles:
        raise Forbidden(say("您现在没有任何职责"))
    request.scope = found  # type: ignore[attr-defined]
    return found


def look_at(request: HttpRequest, incident: UUID | None) -> None:
    """Let the desk be about one of the county's incidents from now on (None: the newest); raise NotFound."""
    request.session[INCIDENT] = str(orders.incident(scope(request), incident).id) if incident else ""


def incidents(request: HttpRequest) -> "list[Incident]":
    """Return the county's incidents, newest first, read once a request."""
    known: list[Incident] | None = getattr(request, "incidents", None)
    if known is None:
        known = list(orders.incidents(scope(request)))
        request.incidents = known  # type: ignore[attr-defined]
    return known


def looked_at(request: HttpRequest) -> "Incident | None":
    """Return the incident that the desk is about: the one chosen, else the newest; None while there is none."""
    found, chosen = incidents(request), request.session.get(INCIDENT)
    return next((row for row in found if str(row.id) == chosen), found[0] if found else None)


def required(request: HttpRequest) -> "Incident":
    """Return the incident that the desk is about; raise NotFound while there is none."""
    incident = looked_at(request)
    if incident is None:
        raise NotFound(say("还没有事件"), next=say("由指挥长启动一个事件，或运行一次演练。"))
    return incident


def reach(request: HttpRequest) -> Reached:
    """Return how far the county's ledger has come, read once a request."""
    known: Reached | None = getattr(request, "reached", None)
    if known is None:
        known = reached(scope(request).ledger)
        request.reached = known  # type: ignore[attr-defined]
    return known


SEEN = "X-Seen"
"""The header with which an open page says what it shows."""


def stamp(request: HttpRequest) -> str:
    """Return what a page was made of: it looks the same while this is the same. The minute counts, since matters fall due."""
    incident, come = looked_at(request), reach(request)
    return f"{incident.id if incident else 0}-{come.position}-{come.act}-{int(clock.now().timestamp()) // 60}"


@contextmanager
def one_moment() -> Iterator[None]:
    """Let all reads within see the same moment: figures, and the position up to which they are added up."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def signed_in(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Give a view the scope of whoever is signed in, and refuse everyone else. What it shows is of one moment.

    A page that asks again gets 204 while it would look the same.
    """

    @wraps(view)
    def guarded(request: HttpRequest, **named: object) -> HttpResponse:
        found = scope(request)
        if request.method not in ("GET", "HEAD"):
            return view(request, found, **named)
        with one_moment():
            if SEEN in request.headers and request.headers[SEEN] == stamp(request):
                return HttpResponse(status=204)
            return view(request, found, **named)

    return guarded
