"""S12: the housing office sends its staff to the front line of its whole sector."""

from tongxin_drill.liuyang.days import DAYS
from tongxin_drill.liuyang.districts import STREETS, villages
from tongxin_drill.liuyang.stage import OrderText, Stage
from tongxin_drill.shapes import Place

TEXT = OrderText(
    "关于住建系统干部“两下沉”的令",
    "Order sending the housing office's staff to its sector",
    "住建系统干部下沉建筑工地、住宅小区、售楼部、混凝土和墙材厂，检查封闭管理和核酸检测。",
    "The housing office's staff go to building sites, housing estates, sales offices and plants, and look at access and tests.",
)
SITES, SALES_OFFICES, PLANTS = 116, 14, 30
ESTATES, COMMUNITIES = 103, 20
BY_DAY = (8.5, 18.0)


def sector(stage: Stage) -> None:
    """Put the order, the staff, the places and their inspection on the stage."""
    office = stage.organisation("市住房和城乡建设局", "Housing Bureau", "office", ("430181000000",))
    team = stage.team(office, stage.more_than(150))
    places = _places(stage)
    stage.order("deploy", TEXT, ["sector_inspection"], [office], categories=("building_site", "estate", "sales_office", "plant"))
    for index, place in enumerate(places):
        here = stage.rng.randint(5, 180)
        right = {"closed_management": True, "workers": here, "tested": True}
        wrong = right | {stage.rng.choice(("closed_management", "tested")): False} if stage.chance(0.12) else None
        day = stage.rng.randrange(DAYS)
        slip = right | {"workers": here * 10}
        stage.inspect(team, team.of(index), day, BY_DAY, "sector_inspection", place, right, wrong, slip)


def _places(stage: Stage) -> list[Place]:
    """Return the sector's places, shuffled; the estates lie in so many communities, the others anywhere in the four streets."""
    urban = list(villages(*STREETS))
    communities = stage.rng.sample(urban, min(stage.many(COMMUNITIES), stage.many(ESTATES), len(urban)))
    places = [stage.place("estate", communities[number % len(communities)]) for number in range(stage.many(ESTATES))]
    for category, number in (("building_site", SITES), ("sales_office", SALES_OFFICES), ("plant", PLANTS)):
        places += [stage.place(category, stage.rng.choice(urban)) for _ in range(stage.many(number))]
    stage.rng.shuffle(places)
    return places
