"""Who may compose and freeze, review, and publish. Every role may read."""

from tongxin.people.access import COMMANDER, DUTY_OFFICER, SECRETARY

MAY_FREEZE = frozenset({COMMANDER, DUTY_OFFICER, SECRETARY})
MAY_REVIEW = MAY_FREEZE
"""But never of what one froze oneself."""
MAY_PUBLISH = frozenset({COMMANDER})
REVIEWERS = 2
"""So many must have agreed, and none have sent it back, before an issue is published."""
