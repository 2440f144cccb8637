"""Who asks, and how far they may look.

A scope travels from the door to every query and action. Areas are statistical codes; the code is hierarchical, so an area
covers every code that starts with its own digits (county 6, town 9, village 12).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from uuid import UUID

from tongxin.base.problems import Forbidden
from tongxin.base.words import say

COUNTY_DIGITS, TOWN_DIGITS, CODE_DIGITS = 6, 9, 12


def prefix(area: str) -> str:
    """Return the leading digits of a 12-digit code that all codes inside that area share."""
    if area[COUNTY_DIGITS:] == "0" * 6:
        return area[:COUNTY_DIGITS]
    if area[TOWN_DIGITS:] == "0" * 3:
        return area[:TOWN_DIGITS]
    return area


def town_of(area: str) -> str:
    """Return the code of the town that a town's or village's code lies in; the county's for the county."""
    return area[:TOWN_DIGITS].ljust(CODE_DIGITS, "0")


@dataclass(frozen=True)
class Scope:
    """A member with the roles held now: ``roles`` are kinds, ``areas`` the codes that they are limited to.

    ``leads`` are the organisations that the member leads.
    """

    member: UUID
    ledger: str
    roles: frozenset[str]
    areas: frozenset[str]
    organisation: UUID | None = None
    leads: frozenset[UUID] = frozenset()

    @cached_property
    def prefixes(self) -> tuple[str, ...]:
        """The digit prefixes of the areas, sorted; what queries filter by."""
        return tuple(sorted({prefix(area) for area in self.areas}))

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole county."""
        return any(len(digits) == COUNTY_DIGITS for digits in self.prefixes)

    def whole(self) -> "Scope":
        """Return this scope widened to the whole county: for what is said in public, whoever says it."""
        return replace(self, areas=frozenset({self.ledger.ljust(CODE_DIGITS, "0")}))

    def covers(self, area: str) -> bool:
        """Say whether an area lies inside this scope."""
        return area.startswith(self.prefixes)

    def require(self, act: str, allowed: Iterable[str], area: str | None = None) -> None:
        """Refuse unless one of the roles in ``allowed`` is held and ``area``, if given, is covered."""
        kinds = sorted(allowed)
        if not self.roles.intersection(kinds):
            needed = ", ".join(kinds)
            raise Forbidden(say("{act}：需要以下职责之一：{roles}", act=act, roles=needed), act=act, roles=kinds)
        if area is not None and not self.covers(area):
            raise Forbidden(say("{act}：区域 {area} 不在您负责的范围", act=act, area=area), act=act, area=area)
