"""What comes through the desk's door about people."""

from uuid import UUID

import msgspec

from tongxin.base.door import Moment, Upto40, Upto80, Upto120


class OrganisationForm(msgspec.Struct, forbid_unknown_fields=True):
    """An organisation; ``areas`` are the codes of where it works."""

    id: UUID
    name: Upto80
    name_en: Upto120
    kind: str
    parent: UUID | None = None
    areas: list[str] = []


class RoleForm(msgspec.Struct, forbid_unknown_fields=True):
    """A role of a member, limited to areas and a time."""

    kind: str
    organisation: UUID
    areas: list[str]
    since: Moment
    until: Moment | None = None


class MemberForm(msgspec.Struct, forbid_unknown_fields=True):
    """A member with roles."""

    id: UUID
    name: Upto40
    name_en: Upto80
    roles: list[RoleForm]
