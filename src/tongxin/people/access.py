"""Who may see and change people. A member's ``Scope`` is made of the roles held at a moment."""

from uuid import UUID

from tongxin.base.scope import Scope

COMMANDER, DUTY_OFFICER, SECRETARY, LEADER, INSPECTOR = (
    "commander",
    "duty_officer",
    "secretary",
    "leader",
    "inspector",
)
ROLE_KINDS = (COMMANDER, DUTY_OFFICER, SECRETARY, LEADER, INSPECTOR)
"""The highest first."""
ORGANISATION_KINDS = ("command", "office", "hospital", "chamber", "company", "charity", "team")

MAY_SEE_PEOPLE = frozenset({COMMANDER, DUTY_OFFICER, SECRETARY})
"""Reads of members by name, those who serve in the own areas; a leader reads those of the own organisation."""
MAY_EDIT_PEOPLE = frozenset({COMMANDER, SECRETARY})


def may_see_members(scope: Scope, organisation: UUID) -> bool:
    """Say whether somebody may see an organisation's members by name."""
    return bool(scope.roles & MAY_SEE_PEOPLE) or organisation in scope.leads
