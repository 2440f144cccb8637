"""S14, S15, S19, S20: volunteers, an employer's staff and a rescue team at sampling points, and an expert on the front line."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from tongxin_drill.liuyang.days import DAYS, WEEKENDS, moment
from tongxin_drill.liuyang.districts import STREETS, villages
from tongxin_drill.liuyang.stage import Member, OrderText, Stage
from tongxin_drill.shapes import Duty, Order, Organisation, Place

VOLUNTEERS = OrderText(
    "关于志愿者支援采样点的令",
    "Order on volunteers at sampling points",
    "公益联盟各志愿队、爱心企业员工到社区采样点维持秩序、引导扫码，到岗离岗签到签退。",
    "The charity alliance's volunteer teams and staff of helpful companies keep order at communities' sampling points and check "
    "in and out.",
)
EXPERTS = OrderText(
    "关于专家下沉一线的令",
    "Order sending experts to the front line",
    "专家组成员到采样点、隔离点现场指导、培训、评估。",
    "Members of the expert group guide, train and assess at sampling points and isolation sites.",
)
RESCUE = OrderText(
    "关于救援队支援采样点的令",
    "Order sending the rescue team to sampling points",
    "救援队分组到各采样点出勤；一班不超过十二小时，两班之间至少休息十小时。",
    "The rescue team goes out to sampling points; a shift lasts at most twelve hours, with at least ten hours' rest between two.",
)
POINTS, TEAM_SIZE, EMPLOYEES = 4, 8, 9
SAMPLING_DAYS = (3, 4, 8, 9, 13, 14)
SHIFT = (4.25, 5.25)
"""Hours of a rescuer's shift, between about these."""
HOURS = (1_005.0, 1_095.0)
"""The report's 1,000余 hours, less what rounding shifts to minutes may take or add."""


def helpers(stage: Stage) -> None:
    """Put the sampling points on the stage, and everybody who serves there."""
    urban = villages(*STREETS)
    points = [stage.place("sampling_point", stage.rng.choice(urban)) for _ in range(stage.many(POINTS))]
    _volunteers(stage, points)
    _expert(stage, points)
    _rescue(stage, points)


def _volunteers(stage: Stage, points: Sequence[Place]) -> None:
    """S14, S19: an alliance of charities has teams, and these have members; an employer brings her own staff at the weekend."""
    alliance = stage.organisation("公益联盟", "Charity Alliance", "charity")
    branch = stage.organisation("红马甲志愿总队", "Red Vest Volunteers", "charity", parent=alliance)
    teams = [
        stage.organisation(name, name_en, "team", parent=parent)
        for name, name_en, parent in (
            ("红马甲一队", "Red Vests One", branch),
            ("红马甲二队", "Red Vests Two", branch),
            ("暖阳志愿队", "Warm Sun Volunteers", alliance),
        )
    ]
    employer = stage.organisation("春晖花炮公司", "Chunhui Fireworks", "company")
    order = stage.order("deploy", VOLUNTEERS, ["attendance"], [*teams, employer])
    for index, team in enumerate(teams):
        members = [stage.member(team) for _ in range(stage.many(TEAM_SIZE))]
        for turn, day in enumerate(SAMPLING_DAYS):
            _attended(stage, order, team, members, points[(index + turn) % len(points)], day)
    staff = [stage.member(employer, "leader"), *(stage.member(employer) for _ in range(stage.many(EMPLOYEES) - 1))]
    for day in WEEKENDS:
        _attended(stage, order, employer, staff, points[0], day)


def _attended(stage: Stage, order: Order, team: Organisation, members: Iterable[Member], point: Place, day: int) -> None:
    """Let members check in and out; who forgets to check out does so at night and corrects the time next morning."""
    members = list(members)
    duty = stage.post(order, "attendance", point, team, (moment(day, 6.5), moment(day, 13)), len(members))
    for member in members:
        came, went = stage.free(member, "", day, 6.6, 7.5), stage.free(member, "", day, 11, 12.9)
        stage.report(member, came, "attendance", point.id, {"act": "in"}, duty=duty)
        if stage.chance(0.05):
            late = stage.report(member, stage.free(member, "", day, 20, 22), "attendance", point.id, {"act": "out"}, duty=duty)
            stage.correct(late, member, stage.free(member, "", day + 1, 6, 6.5), {"act": "out"}, stated=went)
        else:
            stage.report(member, went, "attendance", point.id, {"act": "out"}, duty=duty)


def _expert(stage: Stage, points: Sequence[Place]) -> None:
    """S15: a member of the expert group, from a hospital, serves on the front line every other day."""
    hospital = stage.organisation("市人民医院", "People's Hospital", "hospital")
    group = stage.organisation("专家服务组", "Expert Service Group", "team", STREETS, hospital)
    stage.order("deploy", EXPERTS, ["expert_service"], [group], within=STREETS, categories=("sampling_point", "isolation_site"))
    places = [*points, *(place for place in stage.places if place.category == "isolation_site")]
    for _ in range(stage.many(1)):
        expert = stage.also(stage.member(hospital).id, group)
        for day in range(0, DAYS, 2):
            place = stage.rng.choice(places)
            work = stage.rng.choice(("guidance", "training", "assessment"))
            body = {"work": work, "follow_up": stage.chance(0.3)}
            at = stage.free(expert, place.id, day, 9, 12)
            trained = {"trained": stage.rng.randint(10, 60)} if work == "training" else {}
            stage.report(expert, at, "expert_service", place.id, body | trained)
            if body["follow_up"]:
                again = {"work": "assessment", "follow_up": False}
                stage.report(expert, stage.free(expert, place.id, day, 15, 18), "expert_service", place.id, again)


def _rescue(stage: Stage, points: Sequence[Place]) -> None:
    """S20: so many sorties, a sortie being one team at one post on one day, and so many member-hours in all."""
    team = stage.organisation("星火应急救援队", "Spark Rescue Team", "team")
    order = stage.order("deploy", RESCUE, ["sortie"], [team])
    chances = [(day, point) for day in range(DAYS) for point in range(len(points))]
    sorties = sorted(stage.rng.sample(chances, min(stage.more_than(50), len(chances))))
    crews = _crews(stage, len(sorties))
    rescuers = [stage.member(team) for _ in range(len(points) * max(map(len, crews)))]
    resting: dict[int, list[Member]] = {day: stage.rng.sample(rescuers, len(rescuers)) for day in range(DAYS)}
    for (day, point), crew in zip(sorties, crews, strict=True):
        duty = stage.post(order, "sortie", points[point], team, (moment(day, 7), moment(day, 18)), len(crew))
        for minutes in crew:  # nobody goes out twice a day
            _went_out(stage, resting[day].pop(), duty, day, minutes)


def _crews(stage: Stage, sorties: int) -> list[list[int]]:
    """Return for each sortie how many minutes each of its crew serves, so that all together come to the hours of the report."""
    hours = stage.rng.uniform(*HOURS) * stage.scale
    drawn = [stage.rng.uniform(*SHIFT) for _ in range(max(sorties, round(2 * hours / sum(SHIFT))))]
    minutes = [round(60 * length * hours / sum(drawn)) for length in drawn]
    return [minutes[number::sorties] for number in range(sorties)]


def _went_out(stage: Stage, member: Member, duty: Duty, day: int, minutes: int) -> None:
    """Let a member serve a shift; who checks out late corrects the time next morning."""
    came = stage.free(member, "", day, 7, 9.5)
    went = came + timedelta(minutes=minutes)
    stage.report(member, came, "sortie", duty.place, {"act": "in"}, duty=duty)
    if day < DAYS - 1 and stage.chance(0.04):
        late = stage.report(member, went + timedelta(minutes=100), "sortie", duty.place, {"act": "out"}, duty=duty)
        stage.correct(late, member, stage.free(member, "", day + 1, 5, 6), {"act": "out"}, stated=went)
    else:
        stage.report(member, went, "sortie", duty.place, {"act": "out"}, duty=duty)
