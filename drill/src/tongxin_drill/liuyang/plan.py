"""The 18 days, planned: every row of the report on one stage."""

from tongxin_drill.liuyang.care import city_safety, households
from tongxin_drill.liuyang.checkpoint import checkpoints
from tongxin_drill.liuyang.closure import closed_venues
from tongxin_drill.liuyang.cold_chain import cold_chain
from tongxin_drill.liuyang.companies import companies
from tongxin_drill.liuyang.days import START, UNTIL
from tongxin_drill.liuyang.helpers import helpers
from tongxin_drill.liuyang.isolation import isolation
from tongxin_drill.liuyang.sector import sector
from tongxin_drill.liuyang.stage import OrderText, Stage
from tongxin_drill.liuyang.town import helped_town
from tongxin_drill.liuyang.voices import voices
from tongxin_drill.shapes import Scenario

LARGEST_SCALE = 10.0
SECONDS = 108.0
"""How many real seconds the 18 days take, unless they are too full for that: six a day."""
MOST_ACTS = 200
"""How many acts are planned for a real second at most, on an average."""
FASTEST = 100_000
"""No drill clock runs faster than this (``POST clock``)."""
FEWEST_SECONDS = (UNTIL - START).total_seconds() / FASTEST
MOBILISED = OrderText(
    "动员令",
    "Mobilisation order",
    "全市机关单位、民主党派、商会、企业、医院、公益组织、志愿队伍立即集结，各司其职，事不过夜。",
    "All offices, parties, chambers, companies, hospitals, charities and volunteer teams of the county assemble at once and do "
    "their parts; nothing waits until tomorrow.",
)
ROWS = (
    closed_venues, helped_town, isolation, cold_chain, companies, sector, voices, helpers, checkpoints, households, city_safety,
)  # fmt: skip


def plan(seed: int, scale: float, seconds: float | None = None) -> Scenario:
    """Return the 18 days of this seed, always the same, ids and all; ``seconds`` says how long they take in real time."""
    if not 0 < scale <= LARGEST_SCALE:
        raise ValueError(f"scale {scale} does not lie above 0 and at most {LARGEST_SCALE:g}")
    stage = Stage(seed, float(scale))
    stage.order("deploy", MOBILISED, ["attendance"], [stage.command])
    for row in ROWS:
        row(stage)
    takes = seconds if seconds is not None else max(SECONDS, stage.acts / MOST_ACTS)
    return stage.scenario((UNTIL - START).total_seconds() / takes)
