"""What the desk calls things that the program knows by a code."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tongxin.base.words import pick, say
from tongxin.ledger.fold import CONFLICTS
from tongxin.playbook.answers import fits
from tongxin.playbook.faults import CADENCES
from tongxin.playbook.loader import categories
from tongxin.playbook.registry import latest
from tongxin.playbook.schema import Activity, Ask, MatterRule, Text

if TYPE_CHECKING:
    from tongxin.ledger.models import Effect

DEGREE = 1_000_000
"""Positions are in millionths of a degree."""


def role(kind: str) -> str:
    """Return the name of a kind of role."""
    return {
        "commander": say("指挥长"),
        "duty_officer": say("值班长"),
        "secretary": say("秘书"),
        "leader": say("组长"),
        "inspector": say("督查员"),
    }[kind]


def keys() -> list[tuple[str, str]]:
    """Return every key of the desk and what it does."""
    return [
        ("/", say("搜索")), ("j k", say("下一行、上一行")), ("Enter", say("打开这一行")), ("c", say("复制短文本")),
        ("u", say("撤销刚做的")), ("1 … 9", say("主要页面，从左到右")), ("?", say("这张表")), ("Tab", say("下一个能按的")),
        ("Esc", say("关上")),
    ]  # fmt: skip


def organisation_kind(kind: str) -> str:
    """Return the name of a kind of organisation."""
    return {
        "command": say("指挥机构"),
        "office": say("机关"),
        "hospital": say("医院"),
        "chamber": say("商会"),
        "company": say("企业"),
        "charity": say("慈善组织"),
        "team": say("队伍"),
    }[kind]


def category(name: str) -> str:
    """Return the name of a category of places."""
    found = categories().get(name)
    return pick(found.zh, found.en) if found else name


def activity(name: str) -> str:
    """Return the title of an activity; its id if it is unknown here."""
    found = latest(name)
    return pick(found.title.zh, found.title.en) if found else name


def matter(activity_id: str, name: str) -> str:
    """Return the title of a kind of matter."""
    rule = matter_rule(activity_id, name)
    return text(rule.title) if rule else name


def matter_rule(activity_id: str, name: str) -> MatterRule | None:
    """Return what is declared about a kind of matter."""
    found = latest(activity_id)
    return (found.matter_rule(name) if found else None) or CONFLICTS.get(name)


def answer(question: Ask, value: Any) -> str:  # noqa: ANN401 - a marked record may say anything
    """Return an answer as a person would say it; one that does not fit its question as it came."""
    if not fits(question, value):
        return str(value)
    if question.type == "yes_no":
        return say("是") if value else say("否")
    if question.type == "choice":
        return next(text(option.label) for option in question.options if option.name == value)
    if question.type == "repeat":
        return say("、").join(_row(question, row) for row in value)
    if question.type == "position":
        return f"{value['lat'] / DEGREE:.5f}, {value['lon'] / DEGREE:.5f}"
    return f"{value}{text(question.unit) if question.unit else ''}"


def _row(question: Ask, row: Mapping[str, Any]) -> str:
    return " ".join(answer(inner, row[inner.name]) for inner in question.ask if inner.name in row)


def answers(found: Activity | None, body: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return (question, answer) for everything a record says, by the version it was made under; unknown ones by their name."""
    out = []
    for name, value in (body or {}).items():
        question = found.question(name) if found else None
        label = pick(question.label.zh, question.label.en) if question else say("原因") if name == "reason" else name
        out.append((label, answer(question, value) if question else str(value)))
    return out


def summary(found: Activity | None, body: Mapping[str, Any] | None) -> str:
    """Return what a record says in one line; a chosen option speaks for itself, anything else with its question."""
    chosen = {pick(ask.label.zh, ask.label.en) for ask in found.ask if ask.type == "choice"} if found else set()
    said = answers(found, body)
    return say("；").join(answer_ if label in chosen else f"{label} {answer_}" for label, answer_ in said)


def text(found: Text) -> str:
    """Return a text of an activity file in the language being spoken."""
    return pick(found.zh, found.en)


def cadence(found: Activity) -> str:
    """Return in words how often something is done."""
    name = found.cadence or CADENCES[found.kind][0]
    if name.startswith("every "):
        return say("每 {n} 天一次", n=int(name.split(" ")[1]))
    return {
        "once per order": say("每道令一次"),
        "daily": say("每天一次"),
        "by shift": say("按班次"),
        "round the clock": say("24小时值守"),
        "as it happens": say("随时"),
    }[name]


def act(name: str) -> str:
    """Return what a record does to another or to a matter; empty for a plain report."""
    return {
        "correct": say("更正"),
        "withdraw": say("撤回"),
        "release": say("放行"),
        "merge": say("并案"),
        "approve": say("批准"),
        "settle": say("了结"),
        "reassign": say("改派"),
    }.get(name, "")


def standing(position: int, effect: "Effect | None") -> str:
    """Return what became of a record; empty if it counts as it is."""
    if effect is None:
        return ""
    if effect.by is None:
        return say("不计：已撤回，或者是副本")
    return say("已放行，照此计数") if effect.by == position else say("已由第{n}条更正", n=effect.by)
