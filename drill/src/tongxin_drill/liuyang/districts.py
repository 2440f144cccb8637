"""Which parts of the county the rows play in."""

from tongxin_drill.county import Area, areas

ZHANGFANG = "430181105000"
"""The hard-pressed town; it has nine villages."""
STREETS = ("430181001000", "430181002000", "430181003000", "430181004000")
"""The four urban subdistricts: 淮川, 集里, 荷花 and 关口."""


def villages(*towns: str) -> tuple[Area, ...]:
    """Return the villages and communities of towns, by code; of all towns if none is named."""
    return tuple(area for area in areas("village") if not towns or area.parent in towns)
