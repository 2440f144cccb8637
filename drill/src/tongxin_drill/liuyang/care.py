"""S23, S24: households in difficulty are visited, and city-safety checks go on beside the epidemic work."""

from tongxin_drill.county import areas
from tongxin_drill.liuyang.days import DAYS
from tongxin_drill.liuyang.districts import STREETS, villages
from tongxin_drill.liuyang.stage import OrderText, Stage

VISITED = OrderText(
    "关于走访困难群众的令",
    "Order on visits to households in difficulty",
    "民政干部每七天到村走访困难群众一次，记下户数和需要，不记姓名。",
    "Civil-affairs staff visit households in difficulty in each village every seven days; households and needs are counted, not "
    "named.",
)
SAFE = OrderText(
    "关于排查城市安全的令",
    "Order on city-safety checks",
    "疫情防控期间城市安全排查不停，查燃气、消防、用电、房屋。",
    "City-safety checks go on beside the epidemic work: gas, fire, electricity, buildings.",
)
VILLAGES, SHOPS = 12, 40
WEEKS = ((0, 6), (7, 13), (14, 17))
BY_DAY = (8.5, 17.5)


def households(stage: Stage) -> None:
    """S23: villages outside the four streets and the hard-pressed town, each visited every seven days."""
    towns = [town.code for town in areas("town")[-6:]]
    office = stage.organisation("市民政局", "Civil Affairs Bureau", "office", towns)
    team = stage.team(office, stage.many(6))
    stage.order("deploy", VISITED, ["household_visit"], [office], within=towns, categories=("village",))
    chosen = stage.rng.sample(villages(*towns), min(stage.many(VILLAGES), len(villages(*towns))))
    for index, area in enumerate(chosen):
        place, member = stage.place("village", area, f"{area.name}村部", f"{area.name_en} Office"), team.of(index)
        for first, last in WEEKS:
            day, number, needs = stage.rng.randint(first, last), stage.rng.randint(4, 20), stage.rng.randint(0, 4)
            helped = stage.rng.randint(0, needs)
            body = {"households": number, "needs": needs, "helped": helped, "all_helped": helped == needs}
            slip = body | {"households": number * 10}
            stage.typed(team, member, stage.free(member, place.id, day, 8.5, 12), "household_visit", place.id, body, slip)
            if helped < needs:
                rest = {"households": needs - helped, "needs": 0, "helped": needs - helped, "all_helped": True}
                stage.report(member, stage.free(member, place.id, day, 14, 18), "household_visit", place.id, rest)


def city_safety(stage: Stage) -> None:
    """S24: shops are looked at; a hazard is put out of use at once and removed within days."""
    office = stage.organisation("市城市管理局", "City Management Bureau", "office", STREETS)
    team = stage.team(office, stage.many(5))
    stage.order("inspect", SAFE, ["safety_check"], [office], within=STREETS, categories=("shop",))
    for index in range(stage.many(SHOPS)):
        place, member = stage.place("shop", stage.rng.choice(villages(*STREETS))), team.of(index)
        day, what = stage.rng.randrange(DAYS), stage.rng.choice(("gas", "fire", "electric", "structure"))
        at = stage.free(member, place.id, day, *BY_DAY)
        if not stage.chance(0.2):
            slip = {"hazard": "stopped", "what": what}
            stage.typed(team, member, at, "safety_check", place.id, {"hazard": "none"}, slip)
            continue
        stage.report(member, at, "safety_check", place.id, {"hazard": "in_use", "what": what})
        stopped = stage.later(member, place.id, at, 20, 100)
        stage.report(member, stopped, "safety_check", place.id, {"hazard": "stopped", "what": what})
        removed = day + stage.rng.randint(1, 3)
        if removed < DAYS:
            stage.report(member, stage.free(member, place.id, removed, *BY_DAY), "safety_check", place.id, {"hazard": "none"})
