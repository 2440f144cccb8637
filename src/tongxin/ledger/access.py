"""Who may see records and matters: those whose roles cover their area.

Who may write them: whoever held a role there at the time. What a role may decide about others' records and matters is part of
the fold, which sees the role as it was.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tongxin.base.scope import Scope
from tongxin.ledger.models import Chase, Matter, Record
from tongxin.ledger.resolving import MAY_CORRECT, MAY_DECIDE, RANKS, RELEASABLE
from tongxin.people.queries import Held
from tongxin.playbook.registry import version

__all__ = ["MAY_CHASE", "MAY_DECIDE", "RELEASABLE", "approvers", "may_approve", "may_correct", "may_unchase", "role_at"]
MAY_CHASE = MAY_CORRECT
"""Whoever decides about matters in an area chases them, and whoever leads there."""
ONE_PRESS = timedelta(minutes=1)
"""So long a second press by the same hand is the same chase, and so long it can be taken back."""


def may_correct(scope: Scope, row: Record) -> bool:
    """Say whether a person who sees a record may correct it: whoever made it, and whoever leads there, if it counts."""
    return row.act == "report" and not row.quarantine and (row.typist == scope.member or bool(scope.roles & MAY_CORRECT))


def approvers(row: Matter, opened: Record) -> Sequence[str]:
    """Return the roles that approve the end of such a matter; none if it needs none. ``opened`` is the record that opened it."""
    activity = version(opened.activity_hash)
    rule = activity.matter_rule(row.name) if activity else None
    if rule is None or rule.approval is None:
        return ()
    return RANKS[RANKS.index(rule.approval) :]


def may_approve(scope: Scope, row: Matter) -> bool:
    """Say whether a person holds a role that approves what a matter waits with."""
    if row.waiting is None:
        return False
    return bool(scope.roles.intersection(approvers(row, Record.objects.get(ledger=row.ledger, position=row.opened))))


def may_unchase(scope: Scope, chase: Chase, moment: datetime) -> bool:
    """Say whether a person may take a chase back: whoever did it, at once."""
    return chase.by == scope.member and moment - chase.at <= ONE_PRESS


def role_at(roles: Sequence[Held], area: str, moment: datetime) -> str:
    """Return the highest of a member's roles that covered an area at a moment; empty if none did."""
    highest = ""
    for role in roles:
        if role.since <= moment and (role.until is None or moment < role.until) and area.startswith(role.areas):
            highest = role.kind if not highest else max(highest, role.kind, key=RANKS.index)
    return highest
