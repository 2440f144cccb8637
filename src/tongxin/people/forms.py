"""What comes through the desk's door about people."""

from datetime import datetime
from uuid import UUID

import msgspec


class OrganisationForm(msgspec.Struct, forbid_unknown_fields=True):
    """An organisation; ``areas`` are the codes of where it works."""

    id: UUID
    name: str
    name_en: str
    kind: str
    parent: UUID | None = None
    areas: list[str] = []


class RoleForm(msgspec.Struct, forbid_unknown_fields=True):
    """A role of a member, limited to areas and a time."""

    kind: str
    organisation: UUID
    areas: list[str]
    since: datetime
    until: datetime | None = None


class MemberForm(msgspec.Struct, forbid_unknown_fields=True):
    """A member with roles."""

    id: UUID
    name: str
    name_en: str
    roles: list[RoleForm]
