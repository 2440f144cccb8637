"""Reads of organisations, members, roles and devices."""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from django.db.models import Q, QuerySet

from tongxin.audit.queries import fetch
from tongxin.base import clock
from tongxin.base.arrays import array
from tongxin.base.problems import NotSignedIn, Problem
from tongxin.base.scope import Scope, prefix
from tongxin.base.words import pick, say
from tongxin.people.models import Device, Member, Organisation, Role


class UnknownDevice(Problem):
    """The request is not signed, or not by an enrolled phone, or by one that was revoked."""

    code = "people.unknown_device"
    status = 401
    next_step = "用指挥部给的登录码重新登记这部手机；手机里的记录都还在。"


def digest(secret: str) -> str:
    """Return what is stored instead of a code."""
    return hashlib.sha256(secret.encode()).hexdigest()


def roles_at(members: Iterable[UUID], moment: datetime) -> QuerySet[Role]:
    """Return the roles that members hold at a moment."""
    held = Q(until__isnull=True) | Q(until__gt=moment)
    return Role.objects.filter(held, member_id__in=list(members), since__lte=moment)


def scope_of(member: UUID) -> Scope:
    """Return what a member may do now; raise NotSignedIn if the member is gone."""
    found = Member.objects.filter(id=member).first()
    if found is None:
        raise NotSignedIn(say("登录的人已不在名册里"))
    roles = list(roles_at([member], clock.now()))
    return Scope(
        member=member,
        ledger=found.ledger,
        roles=frozenset(role.kind for role in roles),
        areas=frozenset(area for role in roles for area in role.areas),
        organisation=roles[0].organisation_id if roles else None,
    )


def device(id_: UUID) -> Device:
    """Return a phone, revoked or not; raise UnknownDevice."""
    found = Device.objects.filter(id=id_).first()
    if found is None or not found.key:  # without a key it is the desk's own
        raise UnknownDevice(say("这部手机没有登记"))
    return found


class Held(NamedTuple):
    """A role that somebody holds or held: what, for whom (id as text), where (digit prefixes), from when till when."""

    kind: str
    organisation: str
    areas: tuple[str, ...]
    since: datetime
    until: datetime | None


class Typist(NamedTuple):
    """Whose phone it is (ids as text), whether it was revoked, and every role of that member, first given first."""

    member: str
    revoked: bool
    roles: list[Held]


def typists(phones: Collection[str]) -> dict[str, Typist]:
    """Return who types on phones, by the phone's id: for the intake, which asks for thousands a second."""
    sql = """SELECT phone.id::text, phone.member_id::text, phone.revoked_at IS NOT NULL,
                    role.kind, role.organisation_id::text, role.areas, role.since, role.until
             FROM people_device phone LEFT JOIN people_role role ON role.member_id = phone.member_id
             WHERE phone.id = ANY(%s::uuid[]) ORDER BY role.id"""
    found: dict[str, Typist] = {}
    for phone, member, revoked, kind, organisation, areas, since, until in fetch(sql, [array(phones)]):
        roles = found.setdefault(phone, Typist(member, revoked, [])).roles
        if kind is not None:
            roles.append(Held(kind, organisation, tuple(map(prefix, areas)), since, until))
    return found


def are_members(ledger: str, ids: Collection[str]) -> set[str]:
    """Return which ids (as text) are members of a county."""
    found = Member.objects.filter(id__in=list(ids), ledger=ledger).values_list("id", flat=True)
    return {str(id_) for id_ in found}


def member_names(ids: Iterable[UUID | None]) -> dict[UUID | None, str]:
    """Return names by id in the language being spoken."""
    rows = Member.objects.filter(id__in={i for i in ids if i}).values_list("id", "name", "name_en")
    return {id_: pick(name, name_en) for id_, name, name_en in rows}


def organisation_names(ids: Iterable[UUID | None]) -> dict[UUID | None, str]:
    """Return names by id in the language being spoken."""
    rows = Organisation.objects.filter(id__in={i for i in ids if i}).values_list("id", "name", "name_en")
    return {id_: pick(name, name_en) for id_, name, name_en in rows}


def organisations(ids: Iterable[UUID]) -> list[Organisation]:
    """Return organisations by id, in order of name."""
    return list(Organisation.objects.filter(id__in=list(ids)).order_by("name"))


def organisations_named(ledger: str, text: str) -> QuerySet[Organisation]:
    """Return a county's organisations whose name has a text in it, in either language, by name."""
    named = Q(name__icontains=text) | Q(name_en__icontains=text)
    return Organisation.objects.filter(named, ledger=ledger).order_by("name")


def founder_id(ledger: str) -> UUID:
    """Return the id of the first commander, whom the machine's holder makes."""
    return uuid5(NAMESPACE_URL, f"tongxin:founder:{ledger}")


def first_of_each_role(ledger: str) -> dict[str, Role]:
    """Return one holder of each kind of role, the founder last of all: for the sign-ins that are printed at start."""
    held = Role.objects.filter(member__ledger=ledger, until__isnull=True).select_related("member", "organisation")
    first: dict[str, Role] = {}
    for role in sorted(held, key=lambda role: (role.member_id == founder_id(ledger), role.id)):
        first.setdefault(role.kind, role)
    return first


def organisations_held(ledger: str) -> list[Organisation]:
    """Return every organisation of a county."""
    return list(Organisation.objects.filter(ledger=ledger).order_by("id"))


class HeldRole(NamedTuple):
    """A role that is or was held: by whom, for which organisation, what, where (codes), and whether it has ended."""

    member: UUID
    name: str
    organisation: UUID
    kind: str
    areas: tuple[str, ...]
    ended: bool


def roles_held(ledger: str) -> Iterator[HeldRole]:
    """Yield every role of a county's members, member by member."""
    fields = ("member_id", "member__name", "organisation_id", "kind", "areas", "until")
    rows = Role.objects.filter(member__ledger=ledger).order_by("member_id", "id").values_list(*fields)
    for member, name, organisation, kind, areas, until in rows.iterator():
        yield HeldRole(member, name, organisation, kind, tuple(areas), until is not None)


def count_members(ledger: str) -> int:
    """Return how many members a county has."""
    return Member.objects.filter(ledger=ledger).count()


def count_organisations(ledger: str) -> int:
    """Return how many organisations a county has."""
    return Organisation.objects.filter(ledger=ledger).count()
