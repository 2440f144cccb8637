"""S13: urgent needs of the grassroots, suggestions, and the experts' advice."""

from tongxin_drill.liuyang.days import DAYS
from tongxin_drill.liuyang.districts import STREETS, villages
from tongxin_drill.liuyang.stage import OrderText, Stage
from tongxin_drill.shapes import Order, Organisation

TEXT = OrderText(
    "关于收集社情民意和建言献策的令",
    "Order on voices and suggestions",
    "村（社区）信息员随时反映群众急难愁盼，件件答复；各界建言献策，专家研判，有用的马上办。",
    "Villages and communities report urgent needs, each of which is answered; everybody may suggest, experts advise, and what is "
    "of use is done at once.",
)
COMMUNITIES, VOICES, SUGGESTIONS, QUESTIONS = 8, 24, 12, 8
TOPICS = {
    "supplies": "小区蔬菜配送不够",
    "medical": "独居老人缺常用药",
    "traffic": "接送孕妇需要通行证",
    "work": "企业员工返岗要证明",
    "other": "采样点排队时间长",
}
IDEAS = ("采样点分时段预约", "增设夜间采样点", "物资按网格直送到户", "返乡人员线上提前登记")
DOUBTS = ("是否扩大采样范围", "隔离点能否错峰解除", "工地复工要哪些条件")


def voices(stage: Stage) -> None:
    """Put the order and everything that is said under it on the stage."""
    bureau = stage.organisation("市信访局", "Petitions Bureau", "office")
    association = stage.organisation("市企业家协会", "Entrepreneurs' Association", "chamber")
    experts = stage.organisation("疫情防控专家组", "Expert Group", "team", parent=stage.command)
    organisations = [bureau, association, experts]
    order = stage.order("voice", TEXT, ["grassroots_voice", "suggestion", "expert_advice"], organisations)
    _voices(stage, order, bureau)
    _suggestions(stage, order, association)
    _advice(stage, order, experts)


def _voices(stage: Stage, order: Order, bureau: Organisation) -> None:
    clerk, speakers = stage.member(bureau, "leader"), []
    for area in stage.rng.sample(villages(*STREETS), min(stage.many(COMMUNITIES), len(villages(*STREETS)))):
        place = stage.place("village", area, f"{area.name}服务中心", f"{area.name_en} Service Centre")
        member = stage.member(bureau, within=area.code)
        speakers.append((member, stage.log(order, "grassroots_voice", place, bureau), place))
    for number in range(stage.many(VOICES)):
        member, duty, place = speakers[number % len(speakers)]
        day, topic = stage.rng.randrange(DAYS), stage.rng.choice(list(TOPICS))
        said = {"topic": topic, "answered": False, "text": TOPICS[topic]}
        at = stage.free(member, place.id, day, 8, 15)
        voice = stage.report(member, at, "grassroots_voice", place.id, said, duty=duty)
        if stage.chance(0.9):
            answer = said | {"answered": True, "text": "已协调解决"}
            stage.report(
                clerk, stage.free(clerk, place.id, day, 15, 22), "grassroots_voice", place.id, answer, duty=duty, about=voice
            )


def _suggestions(stage: Stage, order: Order, association: Organisation) -> None:
    secretary, members = stage.member(association, "secretary"), [stage.member(association) for _ in range(stage.many(3))]
    duty = stage.log(order, "suggestion", stage.hall, association)
    for number in range(stage.many(SUGGESTIONS)):
        member, day, text = members[number % len(members)], stage.rng.randrange(DAYS), stage.rng.choice(IDEAS)
        body = {"outcome": "submitted", "text": text}
        idea = stage.report(member, stage.free(member, "", day, 8, 20), "suggestion", stage.hall.id, body, duty=duty)
        answered = day + stage.rng.randint(1, 3)
        if answered < DAYS:
            outcome = {"outcome": stage.rng.choice(("adopted", "adopted", "declined")), "text": text}
            at = stage.free(secretary, "", answered, 8, 18)
            stage.report(secretary, at, "suggestion", stage.hall.id, outcome, duty=duty, about=idea)


def _advice(stage: Stage, order: Order, experts: Organisation) -> None:
    asker, expert, doer = (stage.member(experts, kind) for kind in ("secretary", "inspector", "leader"))
    duty = stage.log(order, "expert_advice", stage.hall, experts)
    for _ in range(stage.many(QUESTIONS)):
        day, text = stage.rng.randrange(DAYS), stage.rng.choice(DOUBTS)
        asked = stage.report(
            asker, stage.free(asker, "", day, 8, 10), "expert_advice", stage.hall.id, {"stage": "asked", "text": text}, duty=duty
        )
        for member, stage_, hours in ((expert, "advised", (10, 14)), (doer, "done", (15, 22))):
            if stage.chance(0.9):
                body = {"stage": stage_, "text": text}
                at = stage.free(member, "", day, *hours)
                stage.report(member, at, "expert_advice", stage.hall.id, body, duty=duty, about=asked)
