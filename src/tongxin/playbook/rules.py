"""What one comparison cannot say: named rules, pure and tested. A file that needs one writes ``rule NAME`` as its condition.

A rule gets the fact at hand and the earlier facts of its subject, oldest first, and says whether the condition holds.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

LEAST_REST = timedelta(hours=10)


class Happening(Protocol):
    """What a rule sees of a fact."""

    @property
    def occurred_at(self) -> datetime:
        """When it happened."""

    @property
    def body(self) -> Mapping[str, Any]:
        """The answers."""


Rule = Callable[[Happening, Sequence[Happening]], bool]


def short_rest(now: Happening, earlier: Sequence[Happening]) -> bool:
    """Say whether a member checks in (``act = in``) less than ten hours after the last check-out (``act = out``)."""
    if now.body.get("act") != "in":
        return False
    outs = [fact for fact in earlier if fact.body.get("act") == "out"]
    return bool(outs) and now.occurred_at - outs[-1].occurred_at < LEAST_REST


RULES: dict[str, Rule] = {"short_rest": short_rest}
