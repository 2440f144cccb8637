"""S6: members join the youth task force and serve at isolation sites."""

from tongxin_drill.liuyang.days import DAYS
from tongxin_drill.liuyang.districts import STREETS, villages
from tongxin_drill.liuyang.stage import Member, OrderText, Stage
from tongxin_drill.shapes import Place

TEXT = OrderText(
    "关于青年突击队服务隔离点的令",
    "Order sending the youth task force to isolation sites",
    "青年突击队进驻隔离点，每日早晚巡查，测温、送餐、转诊；只记人数，不记姓名。",
    "The youth task force serves at isolation sites, makes a round every morning and evening, takes temperatures, brings meals "
    "and refers the sick; people are counted, never named.",
)
MEMBERS = 2


def isolation(stage: Stage) -> None:
    """Put the task force, its sites and its rounds on the stage; each member has an office too."""
    league = stage.organisation("共青团市委", "Youth League Committee", "office")
    force = stage.organisation("青年突击队", "Youth Task Force", "team", STREETS, league)
    stage.order("isolate", TEXT, ["isolation_round"], [force], within=STREETS, categories=("isolation_site",))
    for _ in range(stage.many(MEMBERS)):
        member = stage.also(stage.member(league).id, force)
        site = stage.place("isolation_site", stage.rng.choice(villages(*STREETS)))
        _served(stage, member, site)


def _served(stage: Stage, member: Member, site: Place) -> None:
    persons = stage.rng.randint(30, 60)
    for day in range(DAYS):
        for hours in ((7, 9), (18, 20)):
            persons = max(1, persons + stage.rng.randint(-3, 4))
            at = stage.free(member, site.id, day, *hours)
            fever, meals = stage.chance(0.05), not stage.chance(0.04)
            body = {"persons": persons, "measured": persons, "fever": "waiting" if fever else "none", "meals": meals}
            act = stage.report(member, at, "isolation_round", site.id, body)
            if fever or not meals:
                after = {"persons": persons, "measured": 1, "fever": "referred" if fever else "none", "meals": True}
                stage.report(member, stage.later(member, site.id, at, 20, 50), "isolation_round", site.id, after)
            elif day < DAYS - 1 and stage.chance(0.08):
                at = stage.free(member, site.id, day + 1, 10, 12)
                stage.correct(act, member, at, body | {"measured": persons - 1})
