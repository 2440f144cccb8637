"""Who may see records and matters: those whose roles cover their area.

Who may write them: whoever held a role there at the time.
"""

from datetime import datetime

from tongxin.base.scope import prefix
from tongxin.people.models import Role


def had_authority(roles: list[Role], area: str, moment: datetime) -> bool:
    """Say whether any of a member's roles covered an area at a moment."""
    return any(
        role.since <= moment
        and (role.until is None or moment < role.until)
        and area.startswith(tuple(prefix(code) for code in role.areas))
        for role in roles
    )
