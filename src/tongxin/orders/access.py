"""Who may open incidents, issue orders, make duties and assign people."""

from tongxin.people.access import COMMANDER, LEADER, SECRETARY

MAY_COMMAND = frozenset({COMMANDER})
MAY_PLAN = frozenset({COMMANDER, SECRETARY})
MAY_ASSIGN = frozenset({COMMANDER, SECRETARY, LEADER})

ANY_KIND = "any"
"""An activity of this kind of order may be named by every order."""
DUTY_KINDS = ("visit", "post", "log")
