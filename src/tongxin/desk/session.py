"""Who is at the desk. The session is a signed cookie that holds the member's id alone; roles are read at every request."""

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from tongxin.base.problems import Forbidden, NotSignedIn
from tongxin.base.scope import Scope
from tongxin.base.words import say
from tongxin.people.queries import scope_of

MEMBER = "member"


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


def signed_in(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Give a view the scope of whoever is signed in, and refuse everyone else."""

    @wraps(view)
    def guarded(request: HttpRequest, **named: object) -> HttpResponse:
        return view(request, scope(request), **named)

    return guarded
