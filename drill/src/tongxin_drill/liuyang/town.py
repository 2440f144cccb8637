"""S3–S5, S8: a hard-pressed town gets help: staff from everywhere, every village checked, key places patrolled, shops visited."""

from tongxin_drill.liuyang.days import DAYS, moment
from tongxin_drill.liuyang.districts import ZHANGFANG, villages
from tongxin_drill.liuyang.stage import Member, OrderText, Stage, Team
from tongxin_drill.shapes import Order, Place

SENT = OrderText(
    "关于干部下沉支援张坊镇的令",
    "Order sending staff to Zhangfang",
    "市直单位会同市工商联抽调干部下沉张坊镇，按班到村值守；对全镇各村防控措施逐村检查，三天一轮，不漏一村。",
    "County offices and the chamber send staff to Zhangfang, who serve in its villages by shift; every village's measures are "
    "checked every three days, none left out.",
)
PATROLLED = OrderText(
    "关于张坊镇重点场所常态化巡查的令",
    "Order on patrols of key places in Zhangfang",
    "对张坊镇景区、学校、诊所、养老机构每日巡查。",
    "Scenic spots, schools, clinics and nursing homes of Zhangfang are patrolled every day.",
)
CHECKED = OrderText(
    "关于张坊镇经营场所检查的令",
    "Order on checks of premises in Zhangfang",
    "对张坊镇企业、商超、门店、餐饮单位反复检查扫码测温和佩戴口罩。",
    "Companies, supermarkets, shops and restaurants of Zhangfang are checked again and again for codes, temperatures and masks.",
)
OFFICES = (
    ("市委办公室", "County Party Office"),
    ("市政府办公室", "County Government Office"),
    ("市教育局", "Education Bureau"),
    ("市财政局", "Finance Bureau"),
    ("市农业农村局", "Agriculture Bureau"),
    ("市林业局", "Forestry Bureau"),
    ("市水利局", "Water Bureau"),
    ("市交通运输局", "Transport Bureau"),
)
STAFF = 5
"""So many people each office sends, by turns."""
WORK = ("checkpoint", "sampling", "visits", "supplies")
BY_DAY = (8.5, 17.5)
PREMISES = ("company", "supermarket", "shop", "restaurant")


def helped_town(stage: Stage) -> None:
    """Put everything that happens in the town on the stage."""
    staff = _sent(stage)
    _patrolled(stage)
    _checked(stage)
    stage.also(staff[0].id, staff[-1].organisation)  # one who serves an office and the chamber


def _sent(stage: Stage) -> list[Member]:
    """S3: offices and the chamber send people for days; some of them also check the villages, for the working group."""
    offices = [stage.organisation(name, name_en, "office") for name, name_en in OFFICES]
    offices.append(stage.organisation("市工商联", "Chamber of Commerce", "chamber"))
    group = stage.organisation("驻张坊镇工作组", "Zhangfang Working Group", "team", (ZHANGFANG,), stage.command)
    order = stage.order(
        "deploy", SENT, ["deployment", "village_measures"], [*offices, group], within=(ZHANGFANG,), categories=("village",)
    )
    halls = [
        stage.place("village", village, f"{village.name}村部", f"{village.name_en} Office") for village in villages(ZHANGFANG)
    ]
    staff = [stage.member(office, within=ZHANGFANG) for office in offices for _ in range(stage.many(STAFF))]
    _served(stage, order, staff, halls)
    inspectors = [stage.also(member.id, group, within=ZHANGFANG) for member in staff[:: max(1, len(staff) // 3)][:3]]
    _villages_checked(stage, Team(group, stage.member(group, "leader", ZHANGFANG), inspectors), halls)
    return staff


def _served(stage: Stage, order: Order, staff: list[Member], halls: list[Place]) -> None:
    """Spread the person-times over people and days; whoever an office sends on one day serves together, in one village."""
    pairs = [(day, index) for day in range(DAYS) for index in range(len(staff))]
    sent: dict[tuple[int, str], list[Member]] = {}
    for day, index in sorted(stage.rng.sample(pairs, stage.more_than(300))):
        sent.setdefault((day, staff[index].organisation.id), []).append(staff[index])
    for number, ((day, _), members) in enumerate(sent.items()):
        hall, office = halls[number % len(halls)], members[0].organisation
        duty = stage.post(order, "deployment", hall, office, (moment(day, 7), moment(day, 20)), len(members))
        for member in members:
            came, went = stage.free(member, "", day, 7, 8), stage.free(member, "", day, 17.5, 19)
            stage.report(member, came, "deployment", hall.id, {"act": "in", "work": stage.rng.choice(WORK)}, duty=duty)
            stage.report(member, went, "deployment", hall.id, {"act": "out"}, duty=duty)


def _villages_checked(stage: Stage, team: Team, halls: list[Place]) -> None:
    """Check each of the nine villages in each round of three days."""
    for turn in range(DAYS // 3):
        for index, hall in enumerate(halls):
            right = {"entrance_held": True, "checks": "all", "staff": stage.rng.randint(2, 6)}
            wrong = None
            if stage.chance(0.2):
                wrong = {"entrance_held": False, "staff": 0} if stage.chance(0.4) else right | {"checks": "some"}
            slip = right | {"checks": "none"}
            day = 3 * turn + index % 3
            stage.inspect(team, team.of(index), day, BY_DAY, "village_measures", hall, right, wrong, slip)


def _patrolled(stage: Stage) -> None:
    """S4, S8: key places are patrolled daily; a school's prevention officer is also the clerk who types in notes on paper."""
    school = stage.organisation("张坊镇中心学校", "Zhangfang Central School", "office")
    patrol = stage.organisation("张坊镇巡查队", "Zhangfang Patrol", "team", (ZHANGFANG,))
    team = stage.team(patrol, stage.many(6), ZHANGFANG)
    clerk = stage.also(stage.member(school, within=ZHANGFANG).id, patrol, "leader", ZHANGFANG)
    stage.order(
        "inspect", PATROLLED, ["key_place_patrol"], [patrol], within=(ZHANGFANG,),
        categories=("scenic", "school", "clinic", "nursing_home"),
    )  # fmt: skip
    for index, place in enumerate(_key_places(stage)):
        for day in range(DAYS):
            if day == 0 or stage.chance(0.9):
                _patrol(stage, team, clerk, index, place, day)


def _key_places(stage: Stage) -> list[Place]:
    """Return the key places: the scenic spots that are closed there, and others up to their number."""
    scenic = [
        place for place in stage.places if place.category == "scenic" and place.area in {v.code for v in villages(ZHANGFANG)}
    ]
    more = max(1, stage.more_than(20) - len(scenic))
    others = [("school", "clinic", "nursing_home")[number % 3] for number in range(more)]
    return scenic + [stage.place(category, stage.rng.choice(villages(ZHANGFANG))) for category in others]


def _patrol(stage: Stage, team: Team, clerk: Member, index: int, place: Place, day: int) -> None:
    kept = {"measures": "kept"}
    if day < DAYS - 1 and stage.chance(0.08):
        member, at = team.of(index), stage.free(team.of(index), place.id, day, *BY_DAY)
        typed = stage.free(clerk, place.id, day + 1, 7, 8.4)
        stage.on_paper(clerk, typed, member, at, "key_place_patrol", place.id, kept)
        return
    lacks = stage.rng.choice(("codes", "masks", "cleaning", "stock"))
    wrong = {"measures": stage.rng.choice(("partly", "missing")), "lacks": lacks} if stage.chance(0.06) else None
    slip = {"measures": "partly", "lacks": lacks}
    stage.inspect(team, team.of(index), day, BY_DAY, "key_place_patrol", place, kept, wrong, slip)


def _checked(stage: Stage) -> None:
    """S5: premises are visited until the number of visits is reached."""
    office = stage.organisation("张坊镇市场监管所", "Zhangfang Market Supervision Station", "office", (ZHANGFANG,))
    team = stage.team(office, stage.many(8), ZHANGFANG)
    stage.order("inspect", CHECKED, ["premises_check"], [office], within=(ZHANGFANG,), categories=PREMISES)
    visits = stage.more_than(500)
    premises = [
        stage.place(PREMISES[number % len(PREMISES)], stage.rng.choice(villages(ZHANGFANG)))
        for number in range(max(1, round(visits * 0.4)))
    ]
    right, slip = {"codes_checked": True, "masks_worn": True}, {"codes_checked": False, "masks_worn": True}
    number = 0
    while visits:
        place, day = premises[number % len(premises)], stage.rng.randrange(DAYS)
        wrong = right | {stage.rng.choice(("codes_checked", "masks_worn")): False} if stage.chance(0.08) and visits > 1 else None
        visits -= stage.inspect(team, team.of(number), day, (9, 19), "premises_check", place, right, wrong, slip)
        number += 1
