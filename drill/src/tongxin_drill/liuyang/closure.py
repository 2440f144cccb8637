"""S2: a class of venues is closed; three groups, one per district, inspect all of them."""

from tongxin_drill import county
from tongxin_drill.liuyang.districts import ZHANGFANG, villages
from tongxin_drill.liuyang.stage import OrderText, Stage, Team
from tongxin_drill.shapes import Place

TEXT = OrderText(
    "关于“两个暂停”的令",
    "Order on the two suspensions",
    "自3月22日起，全市宗教活动场所、景区景点、文化娱乐场所暂停对外开放，暂停举办聚集性活动。三个督查组分片负责，逐个场所上门督查。",
    "From 22 March places of worship, scenic spots and places of culture and entertainment are closed and hold no gatherings. "
    "Three teams, a district each, inspect every one of them.",
)
CATEGORIES = ("worship", "scenic", "entertainment")
GROUPS, GROUP_SIZE = 3, 8
SCENIC_IN_TOWN = 4
"""So many of the venues are scenic spots of Zhangfang, where they are key places too."""
FIRST_DAYS = (0, 0, 0, 1, 1, 2)
HOURS = (9.0, 21.0)
SHUT = {"open": False, "gathering": False}


def closed_venues(stage: Stage) -> None:
    """Put the order, the groups, the venues and their inspections on the stage."""
    districts = county.districts(GROUPS)
    teams = []
    for number, district in enumerate(districts, start=1):
        held = [town.code for town in district]
        name = f"第{'一二三'[number - 1]}督查组"
        group = stage.organisation(name, f"Inspection Team {number}", "team", held, stage.command)
        teams.append(stage.team(group, stage.many(GROUP_SIZE)))
    stage.order("close", TEXT, ["venue_closure"], [team.organisation for team in teams], categories=CATEGORIES)
    for index, venue in enumerate(_venues(stage)):
        team = next(team for team in teams if venue.area[:9] + "000" in team.organisation.areas)
        _inspected(stage, team, index, venue)


def _venues(stage: Stage) -> list[Place]:
    number = stage.more_than(200)
    in_town = min(stage.many(SCENIC_IN_TOWN), number)
    town, everywhere = villages(ZHANGFANG), villages()
    elsewhere = [village for village in everywhere if village not in town]
    venues = [stage.place("scenic", stage.rng.choice(town)) for _ in range(in_town)]
    for _ in range(number - in_town):
        category = stage.rng.choice(CATEGORIES)
        venues.append(stage.place(category, stage.rng.choice(elsewhere if category == "scenic" else everywhere)))
    return venues


def _inspected(stage: Stage, team: Team, index: int, venue: Place) -> None:
    """Visit a venue in the first days, and most of them once more later on."""
    days = [(stage.rng.choice(FIRST_DAYS), 0.15)]
    if stage.chance(0.6):
        days.append((stage.rng.randint(4, 17), 0.03))
    for day, odds in days:
        wrong = {"open": True, "gathering": stage.chance(0.3)} if stage.chance(odds) else None
        slip = {"open": False, "gathering": True}
        stage.inspect(team, team.of(index), day, HOURS, "venue_closure", venue, SHUT, wrong, slip)
