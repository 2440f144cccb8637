"""What figures are called, and what they count, in the language being spoken."""

from tongxin.base.words import pick, say
from tongxin.ledger.fold import CONFLICTS
from tongxin.playbook.schema import Activity, FigureRule


def counted(found: Activity, rule: FigureRule) -> str:
    """Return in words what a figure counts."""
    if rule.verb == "records":
        return say("数记录：每条算一次")
    if rule.verb == "distinct":
        return say("数不同的{what}：同一个只算一次", what=say("×").join(_noun(found, noun).lower() for noun in rule.nouns))
    if rule.verb in ("opened", "closed", "duration"):
        title = _matter(found, rule.nouns[0])
        return {
            "opened": say("数事项“{title}”：每发现一次算一次", title=title),
            "closed": say("数事项“{title}”：每结清一次算一次", title=title),
            "duration": say("量事项“{title}”从开始到结束的时间，合计为小时", title=title),
        }[rule.verb]
    labels = [_noun(found, noun) for noun in rule.nouns]
    return {
        "sum": say("把“{what}”的回答相加", what=labels[0]),
        "latest": say("每个对象取“{what}”最近一次的回答，再相加", what=labels[0]),
        "balance": say("“{what}”减去“{less}”的结存", what=labels[0], less=labels[-1]),
    }[rule.verb]


def _matter(found: Activity, name: str) -> str:
    rule = found.matter_rule(name) or CONFLICTS.get(name)
    return pick(rule.title.zh, rule.title.en) if rule else name


def _noun(found: Activity, noun: str) -> str:
    """Return the name of what a figure counts or adds: a part of the record, or a question."""
    names = {
        "place": say("场所"), "member": say("成员"), "duty": say("任务"), "day": say("日"),
        "organisation": say("单位"), "area": say("区域"), "category": say("类别"),
    }  # fmt: skip
    question = found.question(noun)
    return names.get(noun) or (pick(question.label.zh, question.label.en) if question else noun)
