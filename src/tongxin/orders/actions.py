"""Writes of the clock, incidents, orders, duties and assignments."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.db import IntegrityError, transaction

from tongxin.audit.actions import keep, log
from tongxin.base import clock
from tongxin.base.clock import DrillClock
from tongxin.base.problems import BadRequest, Conflict, NotFound
from tongxin.base.scope import Scope, prefix
from tongxin.base.words import pick, say
from tongxin.orders.access import ANY_KIND, DUTY_KINDS, MAY_ASSIGN, MAY_COMMAND, MAY_PLAN
from tongxin.orders.forms import AssignmentForm, ClockForm, DutyForm, IncidentForm, OrderForm
from tongxin.orders.models import Assignment, Clock, Duty, Incident, Order
from tongxin.orders.queries import duties_by_id, forget_clock, incident, is_drill, order, posts_held, stored_clock
from tongxin.people.models import Member, Organisation
from tongxin.people.queries import organisations, roles_at
from tongxin.places.models import Place
from tongxin.places.queries import known_areas, places_in
from tongxin.playbook.cadence import windows
from tongxin.playbook.faults import nearest
from tongxin.playbook.loader import categories
from tongxin.playbook.registry import activities, activity

CLOCK_LEAD = timedelta(seconds=2)
"""How far ahead a clock begins: longer than any process trusts an old reading."""


class RealDatabase(Conflict):
    """A drill, or its clock, was asked for in a database of real incidents, or a real incident in one of drills."""

    code = "orders.real_database"
    next_step = "演练请用单独的数据库。"


class Overlap(Conflict):
    """Somebody would be at two posts at once."""

    code = "orders.overlap"
    next_step = "换一个人，或改其中一个岗位的时间。"


@transaction.atomic
def set_clock(scope: Scope, form: ClockForm) -> DrillClock:
    """Stand the drill clock at its start; refused in a real database and once it has begun."""
    scope.require(say("拨演练时钟"), MAY_COMMAND)
    if Incident.objects.filter(drill=False).exists():
        raise RealDatabase(say("这个数据库用于真实事件，不能拨演练时钟"))
    if form.until <= form.start:
        raise BadRequest(say("until：要晚于 start"))
    held = stored_clock()
    if held is not None and held.began is not None:
        raise Conflict(say("演练时钟已经开始走，不能重拨"))
    Clock.objects.update_or_create(id=1, defaults={"start": form.start, "factor": form.factor, "until": form.until})
    transaction.on_commit(forget_clock)
    log("clock.set", member=scope.member, subject="clock", factor=form.factor)
    return DrillClock(form.start, None, form.factor, form.until)


@transaction.atomic
def begin_clock(scope: Scope) -> DrillClock:
    """Let the drill clock run, two seconds from now, so that every process has read it before it moves."""
    scope.require(say("开始演练时钟"), MAY_COMMAND)
    row = Clock.objects.select_for_update().first()
    if row is None:
        raise NotFound(say("还没有演练时钟"), next=say("先 POST clock 设定起点。"))
    if row.began is None:
        row.began = clock.wall() + CLOCK_LEAD
        row.save(update_fields=["began"])
        log("clock.begin", member=scope.member, subject="clock")
    transaction.on_commit(forget_clock)
    return DrillClock(row.start, row.began, row.factor, row.until)


@transaction.atomic
def open_incident(scope: Scope, form: IncidentForm) -> Incident:
    """Open an incident; a drill only beside drills, a real one only where nothing of a drill stands, clock or data."""
    scope.require(say("启动事件"), MAY_COMMAND)
    if not form.drill and is_drill():
        raise RealDatabase(say("这个数据库用于演练，不能启动真实事件"))
    if form.drill and Incident.objects.filter(drill=False).exists():
        raise RealDatabase(say("这个数据库用于真实事件，不能启动演练"))
    row = Incident(
        id=form.id, ledger=scope.ledger, name=form.name, name_en=form.name_en, kind=form.kind, drill=form.drill,
        opened_at=clock.now(),
    )  # fmt: skip
    if keep(Incident, [row], ignore=frozenset({"opened_at"}))["created"]:
        log("incident.open", member=scope.member, subject=form.id, drill=form.drill)
    return incident(scope, form.id)


@transaction.atomic
def issue(scope: Scope, form: OrderForm) -> Order:
    """Issue an order: its basis, issuer, scope and end must all be there, and its whole scope within the issuer's areas."""
    scope.require(say("发令"), MAY_COMMAND)
    incident(scope, form.incident)
    _check_order(scope, form)
    row = Order(
        id=form.id, ledger=scope.ledger, incident_id=form.incident, number=form.number, kind=form.kind, title=form.title,
        title_en=form.title_en, text=form.text, text_en=form.text_en, basis=form.basis, issuer_id=form.issuer,
        parent_id=form.parent, starts_at=form.starts_at, ends_at=form.ends_at, appeal=form.appeal,
        activities=form.activities, areas=form.scope.areas, categories=form.scope.categories,
        organisations=form.scope.organisations, issued_by=scope.member, issued_at=clock.now(),
    )  # fmt: skip
    if keep(Order, [row], ignore=frozenset({"issued_at", "issued_by"}))["created"]:
        log("order.issue", member=scope.member, subject=form.id, number=form.number)
    return order(scope, form.id)


def _check_order(scope: Scope, form: OrderForm) -> None:
    if form.ends_at <= form.starts_at:
        raise BadRequest(say("ends_at：令的截止时间要晚于开始时间"))
    if form.parent is not None:
        order(scope, form.parent)
    _require_known("kind", [form.kind], {found.order for found in activities().values()} - {ANY_KIND})
    _require_known("scope.categories", form.scope.categories, categories())
    _require_known("scope.areas", form.scope.areas, known_areas(form.scope.areas))
    for name in form.activities:
        if activity(name).order not in (form.kind, ANY_KIND):
            raise BadRequest(say("activities：专项“{name}”不属于“{kind}”类的令", name=name, kind=form.kind))
    for area in form.scope.areas:
        scope.require(say("发令"), MAY_COMMAND, area)
    _require_organisations("scope.organisations", [*form.scope.organisations, form.issuer])


def _require_known(field: str, words: Iterable[str], known: Iterable[str]) -> None:
    for word in words:
        if word not in known:
            raise BadRequest(say("{field}：没有“{word}”；{hint}", field=field, word=word, hint=nearest(word, known)))


def _require_organisations(field: str, wanted: Sequence[UUID]) -> None:
    held = {row.id for row in organisations(wanted)}
    for missing in set(wanted) - held:
        raise BadRequest(say("{field}：没有单位 {id}", field=field, id=missing))


@transaction.atomic
def plan_visits(scope: Scope, order_id: UUID) -> tuple[list[Duty], list[Place]]:
    """Make the visits of every place in an order's scope, as often as the cadence asks, for the organisation whose areas hold it.

    A second call makes none twice. Return the visits, and the places that no organisation's areas hold.
    """
    scope.require(say("排督查"), MAY_PLAN)
    found = order(scope, order_id)
    teams = [(team, tuple(prefix(area) for area in team.areas)) for team in organisations(found.organisations)]
    rows: list[Duty] = []
    unheld: list[Place] = []
    for name in found.activities:
        kind = activities()[name]
        if kind.kind != "visit":
            continue
        wanted = set(kind.places) & set(found.categories)
        for place in places_in(found.ledger, found.areas, wanted):
            team = _holder(place, teams)
            if team is None:
                unheld.append(place)
            else:
                rows += [_visit(found, name, place, team, window) for window in windows(kind, found.starts_at, found.ends_at)]
    outcome = keep(Duty, rows)
    log("visits.plan", member=scope.member, subject=order_id, unheld=len(unheld), **outcome)
    return rows, unheld


def _holder(place: Place, teams: Sequence[tuple[Organisation, tuple[str, ...]]]) -> Organisation | None:
    return next((team for team, prefixes in teams if place.area_id.startswith(prefixes)), None)


def _visit(found: Order, name: str, place: Place, team: Organisation, window: tuple[datetime, datetime]) -> Duty:
    first = window[0] == found.starts_at
    return Duty(
        id=uuid5(found.id, f"{name}/{place.id}" if first else f"{name}/{place.id}/{window[0].isoformat()}"),
        order=found, activity=name, kind="visit", place=place, area_id=place.area_id, organisation=team,
        starts_at=window[0], due_at=window[1],
    )  # fmt: skip


@transaction.atomic
def add_duties(scope: Scope, forms: Sequence[DutyForm]) -> dict[str, int]:
    """Add duties under orders that name their activity; return ``{"created", "unchanged"}``."""
    scope.require(say("排任务"), MAY_PLAN)
    places = Place.objects.in_bulk([form.place for form in forms])
    found = {id_: order(scope, id_) for id_ in {form.order for form in forms}}
    for index, form in enumerate(forms):
        _check_duty(scope, index, form, places.get(form.place), found[form.order])
    rows = [
        Duty(
            id=f.id, order_id=f.order, activity=f.activity, kind=f.kind, place_id=f.place,
            area_id=places[f.place].area_id, organisation_id=f.organisation, starts_at=f.starts_at, due_at=f.due_at,
            headcount=f.headcount,
        )
        for f in forms
    ]  # fmt: skip
    try:
        with transaction.atomic():
            outcome = keep(Duty, rows)
    except IntegrityError:
        raise Conflict(say("duties：同一令、专项、场所、单位和开始时间已有任务")) from None
    log("duties.add", member=scope.member, subject="duties", **outcome)
    return outcome


def _check_duty(scope: Scope, index: int, form: DutyForm, place: Place | None, found: Order) -> None:
    at = f"duties[{index}]"
    if place is None:
        raise BadRequest(say("{at}.place：没有场所 {id}", at=at, id=form.place))
    scope.require(say("排任务"), MAY_PLAN, place.area_id)
    _require_known(f"{at}.kind", [form.kind], DUTY_KINDS)
    _require_known(f"{at}.activity", [form.activity], found.activities)
    if form.organisation not in found.organisations:
        raise BadRequest(say("{at}.organisation：单位 {id} 不在令的范围里", at=at, id=form.organisation))
    if not found.starts_at <= form.starts_at < form.due_at <= found.ends_at:
        raise BadRequest(say("{at}：时间要在令的有效期内，先开始、后截止", at=at))


@transaction.atomic
def assign(scope: Scope, forms: Sequence[AssignmentForm]) -> dict[str, int]:
    """Put members on duties; return ``{"created", "unchanged"}``.

    A member must hold a role of the duty's organisation, and be at one post at a time, whatever incidents the posts belong to.
    """
    scope.require(say("派工"), MAY_ASSIGN)
    duties = duties_by_id(form.duty for form in forms)
    serving = _serving({form.member for form in forms}, clock.now())
    for index, form in enumerate(forms):
        duty = duties.get(form.duty)
        if duty is None:
            raise BadRequest(say("assignments[{index}].duty：没有任务 {id}", index=index, id=form.duty))
        scope.require(say("派工"), MAY_ASSIGN, duty.area_id)
        if (form.member, duty.organisation_id) not in serving:
            raise BadRequest(say("assignments[{index}].member：{id} 不在该任务的单位任职", index=index, id=form.member))
    _refuse_overlaps(forms, duties)
    now = clock.now()
    rows = [Assignment(id=f.id, duty_id=f.duty, member_id=f.member, at=now) for f in forms]
    outcome = keep(Assignment, rows, ignore=frozenset({"at"}))
    log("assignments.add", member=scope.member, subject="assignments", **outcome)
    return outcome


def _serving(members: Iterable[UUID], moment: datetime) -> set[tuple[UUID, UUID]]:
    return {(role.member_id, role.organisation_id) for role in roles_at(members, moment)}


def _refuse_overlaps(forms: Sequence[AssignmentForm], duties: Mapping[UUID, Duty]) -> None:
    """Raise Overlap for the first who would be at two posts at once. Call it in the transaction that assigns."""
    posted = [(index, form.member, duties[form.duty]) for index, form in enumerate(forms) if duties[form.duty].kind == "post"]
    members = {member for _, member, _ in posted}
    list(Member.objects.select_for_update(no_key=True).filter(id__in=members).order_by("id"))  # of two desks, one waits
    posts: dict[UUID, list[Duty]] = {member: [] for member in members}
    for held in posts_held(members):
        posts[held.member_id].append(held.duty)
    for index, member, duty in posted:
        for other in posts[member]:
            if other.id != duty.id and other.starts_at < duty.due_at and duty.starts_at < other.due_at:
                raise _overlap(index, member, other)
        posts[member].append(duty)


def _overlap(index: int, member: UUID, other: Duty) -> Overlap:
    sentence = "assignments[{index}].member：{id} 已派在“{place}”，{starts}至{ends}（{incident}）"
    place, incident = other.place, other.order.incident
    return Overlap(
        say(
            sentence, index=index, id=member, place=pick(place.name, place.name_en), starts=clock.written(other.starts_at),
            ends=clock.written(other.due_at), incident=pick(incident.name, incident.name_en),
        ),
        duty=str(other.id),
    )  # fmt: skip
