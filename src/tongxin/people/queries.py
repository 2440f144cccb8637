"""Reads of organisations, members, roles and devices."""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from django.db.models import FilteredRelation, Q, QuerySet

from tongxin.audit.queries import fetch
from tongxin.base import clock
from tongxin.base.arrays import array
from tongxin.base.known import Known
from tongxin.base.problems import NotFound, NotSignedIn, Problem
from tongxin.base.scope import Scope, prefix
from tongxin.base.words import pick, say
from tongxin.people.access import LEADER
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
    now = clock.now()
    still = Q(roles__until__isnull=True) | Q(roles__until__gt=now)
    rows = Member.objects.filter(id=member).annotate(held=FilteredRelation("roles", condition=Q(roles__since__lte=now) & still))
    found = list(rows.order_by("held__id").values_list("ledger", "held__kind", "held__areas", "held__organisation"))
    if not found:
        raise NotSignedIn(say("登录的人已不在名册里"))
    held = [role for role in found if role[1] is not None]
    return Scope(
        member=member,
        ledger=found[0][0],
        roles=frozenset(kind for _, kind, _, _ in held),
        areas=frozenset(area for _, _, areas, _ in held for area in areas),
        organisation=held[0][3] if held else None,
        leads=frozenset(team for _, kind, _, team in held if kind == LEADER),
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


class Called(NamedTuple):
    """What an organisation is called, and the areas (codes) in which it works."""

    name: str
    name_en: str
    areas: list[str]


def _called(ids: Collection[UUID]) -> Iterable[tuple[UUID, Called]]:
    rows = Organisation.objects.filter(id__in=ids).values_list("id", "name", "name_en", "areas")
    return ((id_, Called(name, name_en, areas)) for id_, name, name_en, areas in rows)


_ORGANISATIONS = Known(_called)


def organisation_names(ids: Iterable[UUID | None]) -> dict[UUID | None, str]:
    """Return names by id in the language being spoken."""
    return {id_: pick(one.name, one.name_en) for id_, one in _ORGANISATIONS.of(id_ for id_ in ids if id_).items()}


def organisation_areas(ids: Iterable[UUID | None]) -> dict[UUID | None, list[str]]:
    """Return the codes of the areas in which organisations work, by id."""
    return {id_: one.areas for id_, one in _ORGANISATIONS.of(id_ for id_ in ids if id_).items()}


def organisations(ids: Iterable[UUID]) -> list[Organisation]:
    """Return organisations by id, in order of name."""
    return list(Organisation.objects.filter(id__in=list(ids)).order_by("name"))


def organisations_named(ledger: str, text: str) -> QuerySet[Organisation]:
    """Return a county's organisations whose name has a text in it, in either language, by name."""
    named = Q(name__icontains=text) | Q(name_en__icontains=text)
    return Organisation.objects.filter(named, ledger=ledger).order_by("name")


_HELD = """role.since <= %(now)s AND (role.until IS NULL OR role.until > %(now)s) AND (%(whole)s
    OR EXISTS (SELECT FROM unnest(role.areas) code WHERE code LIKE ANY (%(within)s::text[])))"""
"""Roles that are held now in a scope's areas."""
_PHONES = "phone.revoked_at IS NULL AND phone.key <> ''"  # the desk's own devices have no key


def _held(scope: Scope) -> dict[str, object]:
    return {"now": clock.now(), "whole": scope.is_whole, "within": array(f"{digits}%" for digits in scope.prefixes)}


class Roster(NamedTuple):
    """Members who serve now, those of them who hold each kind of role, their phones, and the phones that hold records."""

    members: int
    kinds: dict[str, int]
    phones: int
    holding: int


def rosters(scope: Scope, holding: Collection[UUID]) -> dict[UUID | None, Roster]:
    """Count who serves in a scope's areas, by organisation; under None all, each member and phone once.

    ``holding`` are the phones that hold records.
    """
    sql = f"""SELECT role.organisation_id, role.kind, count(DISTINCT role.member_id), count(DISTINCT phone.id),
                     count(DISTINCT phone.id) FILTER (WHERE phone.id = ANY(%(holding)s::uuid[]))
              FROM people_role role JOIN people_member member ON member.id = role.member_id
              LEFT JOIN people_device phone ON phone.member_id = role.member_id AND {_PHONES}
              WHERE member.ledger = %(ledger)s AND {_HELD}
              GROUP BY GROUPING SETS ((role.organisation_id, role.kind), (role.organisation_id), (role.kind), ())"""  # noqa: S608 - no one's words
    rows = fetch(sql, {"ledger": scope.ledger, "holding": array(holding), **_held(scope)})
    kinds: dict[UUID | None, dict[str, int]] = {}
    for organisation, kind, members, *_ in rows:
        if kind is not None:
            kinds.setdefault(organisation, {})[kind] = members
    return {row[0]: Roster(row[2], kinds.get(row[0], {}), row[3], row[4]) for row in rows if row[1] is None}


class Serving(NamedTuple):
    """A member of an organisation now: kinds of roles, names of areas in both languages, phones, and devices of any kind.

    ``listed`` is how many such members there are in all, ``without`` how many of them have no phone.
    """

    id: UUID
    name: str
    name_en: str
    kinds: list[str]
    areas: list[str]
    areas_en: list[str]
    phones: list[UUID]
    devices: list[UUID]
    listed: int
    without: int


@dataclass(frozen=True)
class Wanted:
    """Which members are asked for: a text in the name, a kind of role, with or without a phone, or those with these phones."""

    text: str = ""
    role: str = ""
    phone: bool | None = None
    phones: Collection[UUID] | None = None


def serving(scope: Scope, organisation: UUID, wanted: Wanted, first: int, most: int) -> list[Serving]:
    """Return a stretch of an organisation's members who serve in a scope's areas now, by name."""
    sql = f"""WITH held AS (
                  SELECT role.member_id, array_agg(DISTINCT role.kind) AS kinds,
                         array_agg(DISTINCT area.name) FILTER (WHERE area.name IS NOT NULL) AS areas,
                         array_agg(DISTINCT area.name_en) FILTER (WHERE area.name IS NOT NULL) AS areas_en
                  FROM people_role role LEFT JOIN places_area area ON area.code = ANY(role.areas)
                  WHERE role.organisation_id = %(organisation)s AND {_HELD} GROUP BY role.member_id
              ), listed AS (
                  SELECT member.id, member.name, member.name_en, kinds::text[], coalesce(areas, '{{}}')::text[] AS areas,
                         coalesce(areas_en, '{{}}')::text[] AS areas_en,
                         ARRAY(SELECT phone.id FROM people_device phone WHERE phone.member_id = member.id AND {_PHONES}
                               ORDER BY phone.enrolled_at) AS phones,
                         ARRAY(SELECT device.id FROM people_device device WHERE device.member_id = member.id) AS devices
                  FROM held JOIN people_member member ON member.id = held.member_id
                  WHERE (%(role)s = '' OR %(role)s = ANY(kinds))
                    AND strpos(lower(member.name || chr(10) || member.name_en), lower(%(text)s)) > 0
              )
              SELECT *, count(*) OVER (), count(*) FILTER (WHERE phones = '{{}}') OVER () FROM listed
              WHERE (%(phone)s::boolean IS NULL OR %(phone)s = (phones <> '{{}}'))
                AND (%(phones)s::uuid[] IS NULL OR phones && %(phones)s::uuid[])
              ORDER BY name, id OFFSET %(first)s LIMIT %(most)s"""  # noqa: S608 - no one's words
    asked = {
        "organisation": organisation, "role": wanted.role, "text": wanted.text, "phone": wanted.phone,
        "phones": None if wanted.phones is None else array(wanted.phones), "first": first, "most": most,
    }  # fmt: skip
    return [Serving(*row) for row in fetch(sql, asked | _held(scope))]


def organisation_and_below(ledger: str, id_: UUID) -> tuple[Organisation, list[Organisation]]:
    """Return an organisation with its parent, and those that belong to it, by name; raise NotFound."""
    rows = Organisation.objects.filter(Q(id=id_) | Q(parent=id_), ledger=ledger).select_related("parent").order_by("name")
    found = {row.id: row for row in rows}
    if id_ not in found:
        raise NotFound(say("没有单位 {id}", id=id_))
    return found.pop(id_), list(found.values())


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
