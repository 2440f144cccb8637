"""S21: a volunteer team holds the checkpoint at the motorway exit round the clock, for 18 days without a gap."""

from datetime import datetime, timedelta

from tongxin_drill.liuyang.days import DAYS, HANDED_OVER, moment
from tongxin_drill.liuyang.districts import STREETS, villages
from tongxin_drill.liuyang.stage import Member, OrderText, Stage
from tongxin_drill.shapes import Duty, Order, Organisation, Place

TEXT = OrderText(
    "关于高速出口卡点24小时值守的令",
    "Order on holding the motorway exit round the clock",
    "志愿队24小时值守高速出口卡点，三班倒，接班的人到了才能下岗。",
    "A volunteer team holds the checkpoint at the motorway exit round the clock in three shifts; nobody leaves before the relief "
    "has come.",
)
SHIFTS_A_DAY, HOURS = 3, 8
CREW = 9
LATE = 0.1
"""How often the relief comes late; never at midnight."""


def checkpoints(stage: Stage) -> None:
    """Put the order, the team, and every shift of every checkpoint on the stage."""
    team = stage.organisation("飞驰志愿服务队", "Feichi Volunteers", "team")
    order = stage.order("deploy", TEXT, ["checkpoint_post"], [team], ends=HANDED_OVER)
    for _ in range(stage.many(1)):
        place = stage.place("checkpoint", stage.rng.choice(villages(*STREETS)))
        _held(stage, order, team, place, [stage.member(team) for _ in range(CREW)])


def _held(stage: Stage, order: Order, team: Organisation, place: Place, crew: list[Member]) -> None:
    """Hold a checkpoint: who comes and who goes write down the same moment."""
    shifts = DAYS * SHIFTS_A_DAY
    changes = [_change(stage, number) for number in range(shifts + 1)]
    for number in range(shifts):
        begins = moment(0, number * HOURS)
        window = (begins, begins + timedelta(hours=HOURS))
        duty = stage.post(order, "checkpoint_post", place, team, window, 1)
        _stood(stage, crew[number % len(crew)], duty, changes[number], changes[number + 1])


def _change(stage: Stage, number: int) -> datetime:
    planned = moment(0, number * HOURS)
    late = number % SHIFTS_A_DAY != 0 and stage.chance(LATE)
    return planned + timedelta(minutes=stage.rng.randint(10, 50) if late else 0)


def _stood(stage: Stage, member: Member, duty: Duty, came: datetime, went: datetime) -> None:
    stage.report(member, came, "checkpoint_post", duty.place, {"act": "in"}, duty=duty)
    if went > duty.due_at:
        stage.report(member, duty.due_at, "checkpoint_post", duty.place, {"act": "waiting"}, duty=duty)
    vehicles = stage.rng.randint(80, 400)
    body = {"act": "out", "vehicles": vehicles, "turned_back": stage.rng.randint(0, vehicles // 20)}
    act = stage.report(member, went, "checkpoint_post", duty.place, body, duty=duty)
    if stage.chance(0.08):
        stage.correct(act, member, went + timedelta(minutes=stage.rng.randint(20, 55)), body | {"vehicles": vehicles + 10})
