"""Organisations and people: who serves, who is on duty, what is open, and whose phones still hold records."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tongxin.base import clock
from tongxin.base.problems import BadRequest
from tongxin.base.scope import Scope
from tongxin.base.words import language, pick, say
from tongxin.desk import wording
from tongxin.desk.lists import PAGE
from tongxin.desk.session import looked_at, signed_in
from tongxin.ledger import queries as ledger
from tongxin.ledger import tallying
from tongxin.ledger.queries import Heard
from tongxin.ledger.tallying import Load
from tongxin.orders.queries import duties_counted
from tongxin.people import queries
from tongxin.people.access import ORGANISATION_KINDS, ROLE_KINDS, may_see_members
from tongxin.people.queries import Roster, Serving, Wanted
from tongxin.playbook.faults import nearest

if TYPE_CHECKING:
    from tongxin.orders.models import Incident
    from tongxin.people.models import Organisation

MOST_LISTED, MOST_TYPED = 200, 80
"""Organisations on a page; characters of a name that are looked for."""
DEEPEST = 3
"""So far are organisations moved in below others."""
PHONES = ("yes", "no", "holds")
NOBODY, NOTHING = Roster(0, {}, 0, 0), Load(0, 0, 0)


@dataclass(frozen=True)
class Line:
    """An organisation in the table; ``deep`` is under how many others it lies, ``roles`` how many hold each kind of role."""

    id: UUID
    name: str
    kind: str
    deep: int
    opens: bool
    roster: Roster
    roles: list[tuple[str, int]]
    load: Load


@require_GET
@signed_in
def listed(request: HttpRequest, scope: Scope) -> HttpResponse:
    """List the county's organisations, each under the one it belongs to, with totals that are counted a second time."""
    incident, now = looked_at(request), clock.now()
    rosters = queries.rosters(scope, ledger.phones_holding(scope.ledger))
    loads = tallying.loads(scope, incident.id, now) if incident else {}
    whole = tallying.load(scope, incident.id, now) if incident else NOTHING
    rows = queries.organisations_held(scope.ledger)
    lines = [_line(row, deep, rosters, loads, opens=may_see_members(scope, row.id)) for row, deep in nested(rows)]
    total = rosters.get(None, NOBODY)
    content = {
        "page": Paginator(lines, MOST_LISTED).get_page(request.GET.get("page", "1")),
        "kinds": [wording.role(kind) for kind in ROLE_KINDS],
        "total": total,
        "roles": _by_kind(total),
        "whole": whole,
        "late_at": sum(bool(line.load.late) for line in lines),
        "twice": sum(line.roster.members for line in lines) - total.members,
        "agree": _summed(line.load for line in lines) == whole,
    }
    return render(request, "desk/organisations.html", content)


def _line(
    row: "Organisation",
    deep: int,
    rosters: dict[UUID | None, Roster],
    loads: dict[UUID | None, Load],
    *,
    opens: bool,
) -> Line:
    roster = rosters.get(row.id, NOBODY)
    kind = wording.organisation_kind(row.kind)
    load = loads.get(row.id, NOTHING)
    return Line(row.id, pick(row.name, row.name_en), kind, min(deep, DEEPEST), opens, roster, _by_kind(roster), load)


def _by_kind(roster: Roster) -> list[tuple[str, int]]:
    return [(kind, roster.kinds.get(kind, 0)) for kind in ROLE_KINDS]


def _summed(loads: Iterable[Load]) -> Load:
    return Load(*(sum(numbers) for numbers in zip(NOTHING, *loads, strict=True)))


def _order(row: "Organisation") -> tuple[int, str, str, UUID]:
    # English names are in pinyin and number in digits, so that they sort as both languages expect; not every one has any.
    return ORGANISATION_KINDS.index(row.kind), (row.name_en or row.name).lower(), row.name, row.id


def nested(rows: "Sequence[Organisation]") -> "Iterator[tuple[Organisation, int]]":
    """Yield every organisation with its depth, each after the one that it belongs to; of equals by kind, then by name."""
    below: dict[UUID | None, list[Organisation]] = {}
    held = {row.id for row in rows}
    for row in sorted(rows, key=_order):
        below.setdefault(row.parent_id if row.parent_id in held else None, []).append(row)
    waiting = [(row, 0) for row in reversed(below.get(None, []))]
    while waiting:
        row, deep = waiting.pop()
        yield row, deep
        waiting += [(child, deep + 1) for child in reversed(below.get(row.id, []))]


@require_GET
@signed_in
def organisation(request: HttpRequest, scope: Scope, id_: UUID) -> HttpResponse:
    """Show one organisation; whoever may see its members sees them by name, with their phones and what they have to do."""
    row, below = queries.organisation_and_below(scope.ledger, id_)
    incident, now = looked_at(request), clock.now()
    content = {
        "id": row.id,
        "name": pick(row.name, row.name_en),
        "kind": wording.organisation_kind(row.kind),
        "parent": row.parent,
        "parent_name": pick(row.parent.name, row.parent.name_en) if row.parent else "",
        "below": [(one.id, pick(one.name, one.name_en)) for one in below],
        "load": tallying.load(scope, incident.id, now, row.id) if incident else NOTHING,
        "seen": may_see_members(scope, row.id),
        "today_iso": clock.day_of(now).isoformat(),
    }
    members = _members(request, scope, row.id, incident) if content["seen"] else {}
    return render(request, "desk/organisation.html", content | members)


def _members(request: HttpRequest, scope: Scope, organisation: UUID, incident: "Incident | None") -> dict[str, Any]:
    text = request.GET.get("q", "").replace("\0", "").strip()[:MOST_TYPED]
    role, phone = _one_of(request, "role", ROLE_KINDS), _one_of(request, "phone", PHONES)
    holding = ledger.phones_holding(scope.ledger) if phone == "holds" else None
    wanted = Wanted(text, role, {"yes": True, "no": False}.get(phone), holding)
    page = _page(request, scope, organisation, wanted)
    rows: list[Serving] = list(page)
    heard = ledger.heard(scope.ledger, [device for row in rows for device in row.devices])
    day = clock.day_of(clock.now())
    tasks = duties_counted(scope, incident.id, [row.id for row in rows], organisation, day) if incident else {}
    return {
        "page": page,
        "rows": [_member(scope, row, heard, tasks) for row in rows],
        "without": rows[0].without if rows else 0,
        "typed": text,
        "role": role,
        "phone": phone,
        "roles": [(kind, wording.role(kind)) for kind in ROLE_KINDS],
        "kept": "&".join(filter(None, (urlencode({"q": text}) if text else "", f"role={role}" if role else ""))),
    }


def _one_of(request: HttpRequest, name: str, known: Sequence[str]) -> str:
    word = request.GET.get(name, "")
    if word and word not in known:
        raise BadRequest(say("{name}：没有“{word}”；{hint}", name=name, word=word, hint=nearest(word, known)))
    return word


class Stretch(Sequence[Serving]):
    """One page of members, already read, of a list of known length."""

    def __init__(self, rows: list[Serving], number: int) -> None:
        self._rows, self._number = rows, number

    def __len__(self) -> int:
        return self._number

    def __getitem__(self, part: Any) -> Any:  # noqa: ANN401 - the stretch that was read is the one that is asked for
        """Return the rows."""
        return self._rows


def _page(request: HttpRequest, scope: Scope, organisation: UUID, wanted: Wanted) -> Page[Serving]:
    """Return the page that was asked for, read and counted in one statement; the first if there is none so far on."""
    said = request.GET.get("page", "1")
    number = int(said) if said.isdecimal() and 0 < len(said) < 7 else 1  # noqa: PLR2004 - no county has a million pages
    rows = queries.serving(scope, organisation, wanted, PAGE * (number - 1), PAGE) if number else []
    if not rows and number != 1:
        number, rows = 1, queries.serving(scope, organisation, wanted, 0, PAGE)
    return Paginator(Stretch(rows, rows[0].listed if rows else 0), PAGE).get_page(number)


@dataclass(frozen=True)
class Member:
    """A member as the list shows them; ``phones`` are (last four signs, records held, when last heard) of each phone."""

    id: UUID
    name: str
    roles: list[str]
    area: str
    phones: list[tuple[str, int, datetime | None]]
    posts: int
    visits: int
    last: int | None
    last_at: datetime | None
    last_seen: bool


def _area(names: Sequence[str]) -> str:
    if len(names) > 1:
        return say("{first}等{n}处", first=names[0], n=len(names))
    return names[0] if names else ""


def _member(scope: Scope, row: Serving, heard: dict[UUID, Heard], tasks: dict[tuple[UUID, str], int]) -> Member:
    spoken = [heard[device] for device in row.devices if heard[device].occurred_at]
    last = max(spoken, key=lambda one: (one.occurred_at, one.position), default=None)
    return Member(
        id=row.id,
        name=pick(row.name, row.name_en),
        roles=[wording.role(kind) for kind in ROLE_KINDS if kind in row.kinds],
        area=_area(row.areas_en if language() == "en" else row.areas),
        phones=[(str(phone)[-4:], heard[phone].holds, heard[phone].at) for phone in row.phones],
        posts=tasks.get((row.id, "post"), 0),
        visits=tasks.get((row.id, "visit"), 0),
        last=last.position if last else None,
        last_at=last.occurred_at if last else None,
        last_seen=last is not None and scope.covers(last.area),
    )
