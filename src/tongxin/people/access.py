"""Who may see and change people. A member's ``Scope`` is made of the roles held at a moment."""

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

MAY_EDIT_PEOPLE = frozenset({COMMANDER, SECRETARY})
