"""The reference drill: the 18 days of a county's report, 22 March to 8 April 2022, planned person by person.

Every published size is reached from single acts. Where the report says “more than N” another seed gives another number
(``stage.more_than``). The plan is pure and seeded; its truth shares nothing with the code that computes the figures in earnest.
"""

from tongxin_drill.liuyang.plan import FEWEST_SECONDS, LARGEST_SCALE, plan
from tongxin_drill.liuyang.shifts import check
from tongxin_drill.liuyang.truth import truth

__all__ = ["FEWEST_SECONDS", "LARGEST_SCALE", "check", "plan", "truth"]
