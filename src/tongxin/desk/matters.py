"""Pages of the matters: the list, one matter with what can be done about it, and the marked records."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tongxin.base import clock
from tongxin.base.problems import BadRequest
from tongxin.base.scope import Scope, prefix
from tongxin.base.words import pick, say
from tongxin.desk import narrowing
from tongxin.desk.acts import just_done
from tongxin.desk.chasing import buttons
from tongxin.desk.lists import MatterRow, matter_rows, page_of, record_rows
from tongxin.desk.session import required, signed_in
from tongxin.desk.wording import role
from tongxin.ledger import queries as ledger
from tongxin.ledger.access import MAY_DECIDE, may_approve
from tongxin.ledger.fold import CONFLICTS
from tongxin.ledger.tallying import is_shift
from tongxin.people.queries import member_names, organisation_names, organisations_held

if TYPE_CHECKING:
    from tongxin.ledger.models import Matter

MOST_OTHERS = 60
"""Matters that one can be merged with; those of the same town come first."""
_DAY = timedelta(days=1)


@require_GET
@signed_in
def matters(request: HttpRequest, scope: Scope) -> HttpResponse:
    """List matters, narrowed by what the address says."""
    incident, now = required(request), clock.now()
    rows = ledger.matters(scope, incident.id).order_by("due_at", "opened")
    wanted = request.GET
    state = wanted.get("state", "open")
    since = clock.tonight(now) - _DAY
    narrowed: dict[str, dict[str, Any]] = {
        "open": {"closed__isnull": True},
        "late": {"closed__isnull": True, "due_at__lte": now},
        "due": {"closed__isnull": True, "due_at__gt": now},
        "closed": {"closed__isnull": False, "closed_at__gte": since},
        "settled": {"closed__isnull": False},
        "all": {},
    }
    rows = rows.filter(**narrowed.get(state, narrowed["open"]))
    for field, column in (("activity", "activity"), ("kind", "name"), ("category", "category")):
        rows = rows.filter(**{column: wanted[field]}) if wanted.get(field) else rows
    for field in ("organisation", "order"):
        rows = rows.filter(**{field: narrowing.uuid(request.GET, field)}) if wanted.get(field) else rows
    rows = rows.filter(area__startswith=prefix(wanted["town"])) if wanted.get("town") else rows
    rows = rows.filter(is_shift()) if wanted.get("shifts") else rows
    rows = rows.filter(again=True) if wanted.get("again") else rows
    for field, lookup in (
        ("from", "due_at__gte"),
        ("to", "due_at__lt"),
        ("opened", "opened_at__gte"),
        ("closed", "closed_at__gte"),
    ):
        rows = rows.filter(**{lookup: _moment(request, field)}) if wanted.get(field) else rows
    page = page_of(request, rows)
    shown = matter_rows(page, now, chases=True)
    content = {
        "page": page,
        "rows": shown,
        "state": state,
        "states": _states(request, state),
        "may_decide": bool(scope.roles & MAY_DECIDE),
        "done": just_done(request),
    }
    return render(request, "desk/matters.html", content | buttons(request, scope, shown))


def _moment(request: HttpRequest, name: str) -> datetime:
    try:
        return datetime.fromisoformat(request.GET[name]).astimezone(clock.SHANGHAI)
    except ValueError:
        raise BadRequest(say("{name}：要 2022-04-06T21:30+08:00 这样的时间", name=name)) from None


def _states(request: HttpRequest, state: str) -> list[tuple[str, str, bool]]:
    names = {
        "open": say("未结"),
        "late": say("已逾期"),
        "due": say("未到期"),
        "closed": say("今日已结"),
        "settled": say("已结"),
        "all": say("全部"),
    }
    others = {key: value for key, value in request.GET.items() if key not in ("state", "page")}
    return [(name, f"?{urlencode({**others, 'state': key})}", key == state) for key, name in names.items()]


@require_GET
@signed_in
def matter(request: HttpRequest, scope: Scope, id_: UUID) -> HttpResponse:
    """Show one matter: what was said about it, whose it is, and what can be done by whom."""
    found, now = ledger.matter(scope, id_), clock.now()
    (row,) = matter_rows([found], now, chases=True)
    content = {
        "row": row,
        "matter": found,
        "history": record_rows(ledger.history_of(scope, found)),
        "chases": _chases(row),
        "may_decide": bool(scope.roles & MAY_DECIDE) and found.closed is None,
        "may_approve": found.closed is None and may_approve(scope, found),
        "deciders": say("、").join(role(kind) for kind in sorted(MAY_DECIDE)),
        "conflict": found.name in CONFLICTS,
        "others": _others(scope, found, row, now),
        "organisations": [
            (one.id, pick(one.name, one.name_en)) for one in organisations_held(scope.ledger) if one.id != found.organisation
        ],
        "done": just_done(request),
    }
    return render(request, "desk/matter.html", content | buttons(request, scope, [row]))


def _chases(row: MatterRow) -> list[tuple[datetime, str, str]]:
    """Return when a matter was chased, by whom and to which organisation, as it happened."""
    people, teams = member_names(one.by for one in row.chases), organisation_names(one.organisation for one in row.chases)
    return [(one.at, people.get(one.by, ""), teams.get(one.organisation, "")) for one in reversed(row.chases)]


def _others(scope: Scope, found: "Matter", mine: MatterRow, now: datetime) -> list[tuple[UUID, str]]:
    """Return the open matters of the same kind, those nearby first: one of them may be the same thing."""
    if found.closed is not None or found.name in CONFLICTS:
        return []
    same = ledger.matters(scope, found.incident).filter(activity=found.activity, name=found.name, closed__isnull=True)
    rows = matter_rows(same.exclude(id=found.id).order_by("opened")[: 4 * MOST_OTHERS], now)
    near = sorted(rows, key=lambda row: (row.place != mine.place, row.town != mine.town))
    return [(row.id, f"{row.place}・{row.town}・{row.opened_at.astimezone(clock.SHANGHAI):%H:%M}") for row in near[:MOST_OTHERS]]


@require_GET
@signed_in
def quarantine(request: HttpRequest, scope: Scope) -> HttpResponse:
    """List the records that are kept but count nowhere: those that wait for a decision, or those that were rejected."""
    incident, rejected = required(request), request.GET.get("state") == "rejected"
    page = page_of(request, ledger.rejected(scope, incident.id) if rejected else ledger.marked(scope, incident.id))
    rows = record_rows(ledger.records_at(scope, list(page)))
    return render(request, "desk/quarantine.html", {"page": page, "rows": rows, "rejected": rejected})
