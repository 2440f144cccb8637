"""Who may freeze and publish. Every role may read."""

from tongxin.people.access import COMMANDER, DUTY_OFFICER, SECRETARY

MAY_FREEZE = frozenset({COMMANDER, DUTY_OFFICER, SECRETARY})
MAY_PUBLISH = frozenset({COMMANDER})
