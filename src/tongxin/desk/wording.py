"""What the desk calls things that the program knows by a code."""

from collections.abc import Mapping
from typing import Any

from tongxin.base.words import pick, say
from tongxin.playbook.loader import categories
from tongxin.playbook.registry import activities
from tongxin.playbook.schema import Activity, Ask, FigureRule


def role(kind: str) -> str:
    """Return the name of a kind of role."""
    return {
        "commander": say("指挥长"),
        "duty_officer": say("值班长"),
        "secretary": say("秘书"),
        "leader": say("组长"),
        "inspector": say("督查员"),
    }[kind]


def category(name: str) -> str:
    """Return the name of a category of places."""
    found = categories().get(name)
    return pick(found.zh, found.en) if found else name


def activity(name: str) -> str:
    """Return the title of an activity; its id if it is unknown here."""
    found = activities().get(name)
    return pick(found.title.zh, found.title.en) if found else name


def matter(activity_id: str, name: str) -> str:
    """Return the title of a kind of matter."""
    found = activities().get(activity_id)
    rule = found.matter_rule(name) if found else None
    return pick(rule.title.zh, rule.title.en) if rule else name


def answer(question: Ask, value: object) -> str:
    """Return an answer as a person would say it."""
    if question.type == "yes_no" and isinstance(value, bool):
        return say("是") if value else say("否")
    option = next((option for option in question.options if option.name == value), None)
    if option is not None:
        return pick(option.label.zh, option.label.en)
    unit = pick(question.unit.zh, question.unit.en) if question.unit else ""
    return f"{value}{unit}"


def answers(activity_id: str, body: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return (question, answer) for everything a record says; unknown questions by their name."""
    found = activities().get(activity_id)
    out = []
    for name, value in (body or {}).items():
        question = found.question(name) if found else None
        label = pick(question.label.zh, question.label.en) if question else name
        out.append((label, answer(question, value) if question else str(value)))
    return out


def summary(activity_id: str, body: Mapping[str, Any] | None) -> str:
    """Return what a record says in one line; a chosen option speaks for itself, anything else with its question."""
    found = activities().get(activity_id)
    chosen = {pick(ask.label.zh, ask.label.en) for ask in found.ask if ask.type == "choice"} if found else set()
    said = answers(activity_id, body)
    return say("；").join(answer_ if label in chosen else f"{label} {answer_}" for label, answer_ in said)


def counted(found: Activity, rule: FigureRule) -> str:
    """Return in words what a figure counts."""
    nouns = {"place": say("场所"), "member": say("成员"), "duty": say("任务"), "day": say("日")}
    if rule.verb == "records":
        return say("数记录：每条算一次")
    if rule.verb == "distinct":
        return say("数不同的{what}：同一个只算一次", what=say("×").join(nouns[noun].lower() for noun in rule.nouns))
    title = matter(found.id, rule.nouns[0])
    return {
        "opened": say("数事项“{title}”：每发现一次算一次", title=title),
        "closed": say("数事项“{title}”：每结清一次算一次", title=title),
        "duration": say("量事项“{title}”从开始到结束的时间，合计为小时", title=title),
    }[rule.verb]


def mark(code: str) -> str:
    """Return what a mark on a record means."""
    known = {
        "ledger.unreadable": say("原文读不懂"),
        "ledger.wrong_envelope": say("设备、链号或序号与来路不符"),
        "ledger.copy": say("编号重复，只算一次"),
        "ledger.unknown_activity": say("专项或其版本不认识"),
        "ledger.bad_answer": say("答案缺项或类型不对"),
        "ledger.unknown_reference": say("令、任务或场所不存在"),
        "ledger.not_ordered": say("令里没有这个专项，或当时不在有效期"),
        "ledger.no_authority": say("记录人当时在该区域没有职责"),
    }
    return known.get(code, code)
