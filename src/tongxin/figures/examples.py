"""The examples of an activity file, run through the same fold and the same counting as real records. Pure."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from tongxin.base.clock import SHANGHAI
from tongxin.base.words import say
from tongxin.figures.compile import Cells, contribute, value
from tongxin.ledger import fold, resolving
from tongxin.playbook.answers import faults
from tongxin.playbook.schema import Activity, Example, Said

FIRST_DAY = date(2022, 4, 1)
_AREA = "430181105201"


def wrong(activity: Activity) -> Iterator[tuple[str, str]]:
    """Yield (place in the file, what comes out instead) for every example that does not hold."""
    for index, example in enumerate(activity.example):
        at = f"example[{index}]"
        found = list(_answer_faults(activity, example, at))
        if example.refused or found:
            yield from found
        else:
            yield from _outcome(activity, example, at)


def _answer_faults(activity: Activity, example: Example, at: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the answers, or if the last record should be refused, that it is not."""
    before = example.records[:-1] if example.refused else example.records
    for index, said in enumerate(before):
        if said.decides:
            continue
        for question, reason in faults(activity, said.say):
            yield f"{at}.records[{index}].say.{question}", reason
    refused = [question for question, _ in faults(activity, example.records[-1].say)] if example.refused else []
    if example.refused and example.refused not in refused:
        yield f"{at}.refused", say("“{word}”的回答没有被拒绝", word=example.refused)


def _outcome(activity: Activity, example: Example, at: str) -> Iterator[tuple[str, str]]:
    known = {activity.hash: activity}
    cells: Cells = {}
    left: list[str] = []
    records: list[resolving.Fact] = []
    for said in example.records:
        records.append(_fact(activity, said, len(records) + 1, records))
    for facts, conflicts in resolving.resolve(records).by_subject().values():
        states = fold.matters(known, facts, conflicts)
        contribute(known, facts, states, cells)
        left += [state.rule.name for state in states if state.closed is None]
    if sorted(left) != sorted(example.open):
        yield f"{at}.open", say("结果是：{words}", words=", ".join(sorted(left)) or "[]")
    for name, wanted in example.figures.items():
        rule = activity.figure_rule(name)
        if rule is None:
            yield (
                f"{at}.figures.{name}",
                say("没有数字“{word}”；{hint}", word=name, hint=", ".join(f.name for f in activity.figure)),
            )
            continue
        mine = {key: total for key, total in cells.items() if key.figure == f"{activity.id}.{name}"}
        amount = len({key.key for key in mine}) if rule.verb == "distinct" else sum(total.amount for total in mine.values())
        if value(rule, amount) != wanted:
            yield f"{at}.figures.{name}", say("结果是：{words}", words=value(rule, amount))


def _fact(activity: Activity, said: Said, seq: int, before: Sequence[resolving.Fact]) -> resolving.Fact:
    hour, minute = said.at.split(":")
    day = FIRST_DAY + timedelta(days=said.day)
    moment = datetime(day.year, day.month, day.day, int(hour), int(minute), tzinfo=SHANGHAI)
    id_, member = _id(f"record {seq}"), _id(f"member {said.member}")
    return resolving.Fact(
        position=seq, id=id_, device=member, chain=member, seq=seq, act=said.act, target=_target(activity, said, before),
        activity=activity.id, activity_hash=activity.hash, subject=_subject(activity, said, id_), member=member,
        typist=_id("commander") if said.decides else member, role="commander" if said.decides else "inspector",
        incident=_id("incident"), order=_id("order"), duty=_id(f"duty {said.duty}"), place=_id(f"place {said.place}"),
        organisation=_id(f"organisation {said.organisation}"), area=said.area, category="", duty_due_at=None, body=said.say,
        occurred_at=moment, stated=False, day=day, quarantine="",
    )  # fmt: skip


def _subject(activity: Activity, said: Said, id_: UUID) -> str:
    kind, _, question = activity.subject.partition(" ")
    begun = _id(f"record {said.about}") if said.about else id_
    return {"place": said.place, "member": said.member, "record": str(begun), "code": str(said.say.get(question))}[kind]


def _target(activity: Activity, said: Said, before: Sequence[resolving.Fact]) -> UUID | None:
    """Return the id of the open matter that is decided."""
    if not said.decides:
        return None
    mine = [fact for fact in before if fact.subject == _subject(activity, said, fact.id)]
    states = fold.matters({activity.hash: activity}, mine)
    return next((state.id for state in states if state.rule.name == said.decides and state.closed is None), None)


def _id(name: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"tongxin:example:{name}")


def problems(activity: Activity) -> Sequence[str]:
    """Return a line for every example that does not hold."""
    return [say("{key}：{reason}", key=key, reason=reason) for key, reason in wrong(activity)]
