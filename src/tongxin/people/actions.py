"""Writes of organisations, members, roles, devices and codes."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID, uuid5

from django.db import transaction

from tongxin.audit.actions import among, insert, keep, log
from tongxin.base import clock, ids
from tongxin.base.problems import AlreadyExists, BadRequest, Conflict, NotFound, NotSignedIn
from tongxin.base.scope import Scope
from tongxin.base.words import say
from tongxin.people.access import COMMANDER, MAY_EDIT_PEOPLE, ORGANISATION_KINDS, ROLE_KINDS
from tongxin.people.forms import MemberForm, OrganisationForm, RoleForm
from tongxin.people.models import Device, Member, Organisation, Role, SignInCode
from tongxin.people.queries import digest, founder_id
from tongxin.places.queries import known_areas
from tongxin.playbook.faults import nearest

CODE_LASTS = timedelta(hours=24)


@transaction.atomic
def add_organisations(scope: Scope, forms: Sequence[OrganisationForm]) -> dict[str, int]:
    """Add organisations; return ``{"created", "unchanged"}``."""
    scope.require(say("登记单位"), MAY_EDIT_PEOPLE)
    _require_kinds("organisations", (form.kind for form in forms), ORGANISATION_KINDS)
    _require_areas("organisations", [form.areas for form in forms])
    wanted = {form.parent for form in forms if form.parent}
    _require_held("organisations.parent", wanted - {form.id for form in forms})
    rows = [
        Organisation(
            id=f.id,
            ledger=scope.ledger,
            name=f.name,
            name_en=f.name_en,
            kind=f.kind,
            parent_id=f.parent,
            areas=f.areas,
        )
        for f in forms
    ]
    outcome = keep(Organisation, rows)
    log("organisations.add", member=scope.member, subject="organisations", **outcome)
    return outcome


def _require_kinds(what: str, kinds: Iterable[str], known: Iterable[str]) -> None:
    for index, kind in enumerate(kinds):
        if kind not in known:
            raise BadRequest(
                say(
                    "{what}[{index}].kind：没有“{word}”；{hint}",
                    what=what,
                    index=index,
                    word=kind,
                    hint=nearest(kind, known),
                )
            )


def _require_areas(what: str, codes: Sequence[Sequence[str]]) -> None:
    known = known_areas(code for row in codes for code in row)
    for index, row in enumerate(codes):
        for code in row:
            if code not in known:
                raise BadRequest(say("{what}[{index}].areas：没有区域 {area}", what=what, index=index, area=code))


@transaction.atomic
def add_members(scope: Scope, forms: Sequence[MemberForm]) -> dict[str, int]:
    """Add members with their roles; return ``{"created", "unchanged"}``. Nobody gives a role beyond their own areas."""
    scope.require(say("登记成员"), MAY_EDIT_PEOPLE)
    _require_roles(scope, [role for form in forms for role in form.roles])
    held = set(among(Member, [form.id for form in forms]).values_list("id", flat=True))
    rows = [Member(id=f.id, ledger=scope.ledger, name=f.name, name_en=f.name_en) for f in forms]
    outcome = keep(Member, rows)
    fresh: dict[UUID, MemberForm] = {}
    for form in forms:
        if form.id not in held:
            fresh.setdefault(form.id, form)
    roles = [
        Role(member_id=f.id, organisation_id=r.organisation, kind=r.kind, areas=r.areas, since=r.since, until=r.until)
        for f in fresh.values()
        for r in f.roles
    ]
    insert(Role, roles)
    _refuse_other_roles([form for form in forms if fresh.get(form.id) is not form])
    log("members.add", member=scope.member, subject="members", **outcome)
    return outcome


def _require_roles(scope: Scope, roles: Sequence[RoleForm]) -> None:
    _require_kinds("roles", (role.kind for role in roles), ROLE_KINDS)
    _require_areas("roles", [role.areas for role in roles])
    for area in {area for role in roles for area in role.areas}:
        scope.require(say("登记成员"), MAY_EDIT_PEOPLE, area)
    _require_held("roles.organisation", {role.organisation for role in roles})


def _require_held(field: str, wanted: set[UUID]) -> None:
    for missing in wanted - set(among(Organisation, wanted).values_list("id", flat=True)):
        raise BadRequest(say("{field}：没有单位 {id}", field=field, id=missing))


def _refuse_other_roles(forms: Sequence[MemberForm]) -> None:
    """Refuse members who are on the roll already with other roles: a role is ended, never exchanged."""
    held: dict[UUID, set[object]] = {form.id: set() for form in forms}
    for role in Role.objects.filter(member__in=held):
        held[role.member_id].add((role.kind, role.organisation_id, tuple(role.areas), role.since, role.until))
    for form in forms:
        if held[form.id] != {(r.kind, r.organisation, tuple(r.areas), r.since, r.until) for r in form.roles}:
            raise AlreadyExists(
                say("编号 {id} 已存在，但“{field}”不同", id=form.id, field="roles"), id=str(form.id), field="roles"
            )


@transaction.atomic
def give_codes(scope: Scope, members: Sequence[UUID]) -> list[tuple[UUID, str]]:
    """Make a sign-in code for each member; return (member, code). Only digests are stored."""
    scope.require(say("发放登录码"), MAY_EDIT_PEOPLE)
    known = set(Member.objects.filter(id__in=members, ledger=scope.ledger).values_list("id", flat=True))
    for index, member in enumerate(members):
        if member not in known:
            raise BadRequest(say("members[{index}]：名册里没有 {id}", index=index, id=member))
    codes = make_codes(members)
    log("codes.give", member=scope.member, subject="codes", members=len(codes))
    return codes


def make_codes(members: Sequence[UUID]) -> list[tuple[UUID, str]]:
    """Make codes without asking who wants them: for the person who holds the machine itself."""
    codes = [(member, ids.code()) for member in members]
    expires = clock.wall() + CODE_LASTS
    SignInCode.objects.bulk_create(SignInCode(digest=digest(code), member_id=m, expires_at=expires) for m, code in codes)
    return codes


@transaction.atomic
def sign_in(code: str) -> Member:
    """Return the member whom a code lets in; raise NotSignedIn. A code serves until it expires."""
    found = (
        SignInCode.objects.filter(digest=digest(code.strip().upper()), expires_at__gt=clock.wall())
        .select_related("member")
        .first()
    )
    if found is None:
        raise NotSignedIn(say("登录码不对，或已过期"), next=say("核对登录码，或向指挥部要一个新的。"))
    log("sign_in", member=found.member_id, subject=found.member_id)
    return found.member


@transaction.atomic
def enrol(code: str, device: UUID, key: bytes) -> Device:
    """Tie a phone and its public key to the member of a code; to do so again changes nothing. Raise NotSignedIn or Conflict."""
    member = sign_in(code)
    row, created = Device.objects.get_or_create(
        id=device, defaults={"ledger": member.ledger, "member": member, "key": key, "enrolled_at": clock.now()}
    )
    if not created and row.member_id != member.id:
        raise Conflict(say("这部手机已登记给别人"), next=say("换一个设备编号再登记。"))
    if not created and (bytes(row.key) != key or row.revoked_at is not None):
        raise Conflict(say("这个设备编号已用另一把密钥登记，或登记已撤销"), next=say("换一个设备编号再登记。"))
    log("device.enrol", member=member.id, subject=device)
    return row


def desk_device(scope: Scope) -> UUID:
    """Return the device on which the desk writes what a member does there; it has no key, so nothing else can speak for it."""
    id_ = uuid5(scope.member, "desk")
    Device.objects.get_or_create(
        id=id_, defaults={"ledger": scope.ledger, "member_id": scope.member, "key": b"", "enrolled_at": clock.now()}
    )
    return id_


@transaction.atomic
def revoke(scope: Scope, device: UUID) -> Device:
    """End a phone's enrolment, as when it was lost or stolen; its records are kept and marked from now on. Raise NotFound."""
    scope.require(say("撤销手机"), MAY_EDIT_PEOPLE)
    row = Device.objects.select_for_update().filter(id=device, ledger=scope.ledger).first()
    if row is None:
        raise NotFound(say("没有手机 {id}", id=device))
    if row.revoked_at is None:
        row.revoked_at = clock.now()
        row.save(update_fields=["revoked_at"])
        log("device.revoke", member=scope.member, subject=device)
    return row


@transaction.atomic
def found(county: str) -> Member:
    """Make the first commander of a county, who lets in all others; return the one there is if made before."""
    ledger = county[:6]
    member, created = Member.objects.get_or_create(
        id=founder_id(ledger), defaults={"ledger": ledger, "name": "建档人", "name_en": "Founder"}
    )
    if created:
        command, _ = Organisation.objects.get_or_create(
            id=founder_id(ledger),
            defaults={
                "ledger": ledger, "name": "建档办", "name_en": "Founding desk", "kind": "command", "areas": [county],
            },
        )  # fmt: skip
        since = clock.from_ms(0)  # older than any drill clock
        Role.objects.create(member=member, organisation=command, kind=COMMANDER, areas=[county], since=since)
        log("found", member=None, subject=county)
    return member
