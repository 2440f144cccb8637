"""What can be wrong with an activity file whose keys and types are right: each fault names its place and its reason."""

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Protocol

from tongxin.base.words import say
from tongxin.playbook.condition import MOST_FIGURES, UnknownWordError, comparison, trigger
from tongxin.playbook.schema import Activity, Ask, FigureRule, MatterRule

SUBJECTS = ("place", "member", "record", "code")
FIELDS = ("place", "member", "duty", "day", "organisation", "area", "category")
"""What a distinct count can count of a record itself; besides, answers to its choices and codes."""
CADENCES = {
    "visit": ("once per order", "daily", "every N days"),
    "post": ("by shift", "round the clock"),
    "log": ("as it happens", "daily"),
}
"""The first of each kind is what holds if a file says nothing."""
RANKS = ("organisation", "town", "leader", "duty_officer", "commander")
VERBS = ("records", "distinct", "sum", "latest", "balance", "opened", "closed", "duration")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_DUE = re.compile(r"tonight|duty|[1-9][0-9]{0,2}[hd]")
_EVERY = re.compile(r"every ([2-9]|[1-8][0-9]|90) days")

Fault = tuple[str, str]


class Named(Protocol):
    """Anything in a file that has a name."""

    @property
    def name(self) -> str:
        """Its name."""


def closest(word: str, known: Iterable[str], most: int = 1) -> list[str]:
    """Return the known words that are most like another, the most alike first."""
    return difflib.get_close_matches(word, list(known), n=most, cutoff=0.5)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint that ends a message: the nearest known word, else all of them."""
    names = sorted(known)
    close = closest(word, names)
    if close:
        return say("是不是“{word}”？", word=close[0])
    return say("可用的有：{words}", words=", ".join(names)) if names else say("现在一个也没有")


def faults(activity: Activity, categories: Collection[str]) -> Iterator[Fault]:
    """Yield (key, reason) for everything that is wrong."""
    yield from _names(activity)
    for index, category in enumerate(activity.places):
        if category not in categories:
            yield f"places[{index}]", say("没有类别“{word}”；{hint}", word=category, hint=nearest(category, categories))
    yield from _subject(activity)
    yield from _cadence(activity)
    for index, ask in enumerate(activity.ask):
        yield from _ask(activity, ask, f"ask[{index}]")
        yield from _show_when(activity, index)
    for index, matter in enumerate(activity.matter):
        yield from _matter(activity, matter, f"matter[{index}]")
    yield from _circles(activity)
    if len(activity.figure) > MOST_FIGURES:
        yield "figure", say("最多 {most} 个数字，这里有 {found} 个", most=MOST_FIGURES, found=len(activity.figure))
    for index, figure in enumerate(activity.figure):
        yield from _figure(activity, figure, f"figure[{index}]")
    yield from _sentences(activity)


def _unknown(word: str, known: Iterable[str]) -> str:
    return say("没有“{word}”；{hint}", word=word, hint=nearest(word, known))


def _names(activity: Activity) -> Iterator[Fault]:
    lists: list[tuple[str, Sequence[Named]]] = [("ask", activity.ask), ("matter", activity.matter), ("figure", activity.figure)]
    for index, ask in enumerate(activity.ask):
        lists += [(f"ask[{index}].options", ask.options), (f"ask[{index}].ask", ask.ask)]
    named = [
        (f"{key}[{i}].name", [part.name for part in parts[:i]], part.name) for key, parts in lists for i, part in enumerate(parts)
    ]
    for at, before, name in [("id", [], activity.id), *named]:
        if not _NAME.fullmatch(name):
            yield at, say("“{word}”只能用小写字母、数字和下划线，以字母开头", word=name)
        if name in before:
            yield at, say("“{word}”声明了两次", word=name)
    for index, ask in enumerate(activity.ask):
        if ask.name in FIELDS:
            yield f"ask[{index}].name", say("“{word}”是记录自己的项目，换一个名字", word=ask.name)


def _subject(activity: Activity) -> Iterator[Fault]:
    word, _, name = activity.subject.partition(" ")
    if word not in SUBJECTS or (name and word != "code"):
        yield "subject", _unknown(activity.subject, SUBJECTS)
    elif word == "code":
        codes = {ask.name for ask in activity.ask if ask.type == "code" and ask.required and not ask.show_when}
        if name not in codes:
            yield "subject", say("“code”后面要写一个必答的编码问题；{hint}", hint=nearest(name, codes))
    elif activity.kind == "post" and word != "member":
        yield "subject", say("值守（post）的对象是人：写 member")


def _cadence(activity: Activity) -> Iterator[Fault]:
    allowed = CADENCES[activity.kind]
    if (
        activity.cadence
        and activity.cadence not in allowed
        and not (activity.kind == "visit" and _EVERY.fullmatch(activity.cadence))
    ):
        if activity.kind == "visit" and activity.cadence.startswith("every "):
            yield "cadence", say("“{word}”不行：间隔是 2 至 90 天，写成 every 3 days", word=activity.cadence)
        else:
            yield "cadence", say("{kind} 没有“{word}”这种频次；{hint}", kind=activity.kind, word=activity.cadence, hint=nearest(activity.cadence, allowed))  # fmt: skip # noqa: E501


def _ask(activity: Activity, ask: Ask, at: str, *, inner: bool = False) -> Iterator[Fault]:
    yield from _privacy(ask, at)
    yield from _belongs(ask, at)
    if ask.type == "choice" and not ask.options:
        yield f"{at}.options", say("选择题要有选项")
    if ask.min is not None and ask.max is not None and ask.min > ask.max:
        yield f"{at}.min", say("下限 {min} 大于上限 {max}", min=ask.min, max=ask.max)
    if ask.type == "position" and activity.subject != "place":
        yield f"{at}.type", say("定位只能是场所的：subject 要是 place")
    if inner and (ask.type == "repeat" or ask.show_when):
        yield f"{at}.type", say("一行里的问题不能再是 repeat，也不能有 show_when")
    if ask.type == "repeat" and not ask.ask:
        yield f"{at}.ask", say("repeat 要写出每行的问题")
    for index, row in enumerate(ask.ask):
        yield from _ask(activity, row, f"{at}.ask[{index}]", inner=True)


def _privacy(ask: Ask, at: str) -> Iterator[Fault]:
    if ask.type in ("phone", "photo", "signature"):
        yield f"{at}.type", say("密封功能还没有：{type} 是个人信息，现在不能收集", type=ask.type)
    elif ask.personal:
        yield f"{at}.personal", say("密封功能还没有：个人信息现在不能收集")
    elif ask.type == "text" and not ask.public:
        yield f"{at}.public", say("密封功能还没有，自由填写的文字视为个人信息：写上 public = true，或换一种问法")
    for key in ("keep_days", "purpose"):
        if getattr(ask, key) is not None and not ask.personal:
            yield f"{at}.{key}", say("只有 personal = true 的问题才写这一项")


def _belongs(ask: Ask, at: str) -> Iterator[Fault]:
    """Yield keys that do not belong to a question of this type."""
    for key, kind, blank in (
        ("options", "choice", ()), ("unit", "number", None), ("min", "number", None), ("max", "number", None),
        ("decimals", "number", 0), ("ask", "repeat", ()), ("public", "text", False),
    ):  # fmt: skip
        if getattr(ask, key) != blank and ask.type != kind:
            yield f"{at}.{key}", say("只有 {kind} 类型的问题才有这一项", kind=kind)


def _show_when(activity: Activity, index: int) -> Iterator[Fault]:
    ask = activity.ask[index]
    if not ask.show_when:
        return
    at = f"ask[{index}].show_when"
    if fault := _fault(ask.show_when, activity, comparison):
        yield at, fault
    elif comparison(ask.show_when, activity).question not in [earlier.name for earlier in activity.ask[:index]]:
        yield at, say("只能看前面已经问过的问题")


def _fault(text: str, activity: Activity, read: Callable[[str, Activity], object]) -> str:
    try:
        read(text, activity)
    except UnknownWordError as error:
        return _unknown(error.word, error.known)
    except ValueError as error:
        return str(error)
    return ""


def _matter(activity: Activity, matter: MatterRule, at: str) -> Iterator[Fault]:
    for key in ("opens", "closes"):
        if fault := _fault(getattr(matter, key), activity, trigger):
            yield f"{at}.{key}", fault
    if matter.closes.startswith("closed "):
        yield f"{at}.closes", say("事项由记录结清：这里写一次比较，或 rule")
    if matter.opens == matter.closes:
        yield f"{at}.closes", say("同一个答案既打开又结清这个事项")
    if not _DUE.fullmatch(matter.due):
        yield f"{at}.due", say("“{word}”不是 tonight、duty 或 2h、3d 这样的时长", word=matter.due)
    if matter.escalates_to and RANKS.index(matter.escalates_to) <= RANKS.index(matter.owner):
        yield f"{at}.escalates_to", say("要比 owner（{owner}）高一级", owner=matter.owner)
    if matter.per == "duty" and activity.subject != "member":
        yield f"{at}.per", say("只有 subject = member 时才能按任务分开")


def _circles(activity: Activity) -> Iterator[Fault]:
    """Yield matters that open only after themselves."""
    after = {m.name: m.opens.removeprefix("closed ") for m in activity.matter if m.opens.startswith("closed ")}
    for index, matter in enumerate(activity.matter):
        seen, name = [matter.name], after.get(matter.name)
        while name is not None and name not in seen:
            seen.append(name)
            name = after.get(name)
        if name == matter.name:
            yield f"matter[{index}].opens", say("事项绕成了圈：{names}", names=" → ".join([*seen, name]))


def _figure(activity: Activity, figure: FigureRule, at: str) -> Iterator[Fault]:
    if figure.verb not in VERBS:
        yield f"{at}.count", say("没有“{word}”这种数法；{hint}", word=figure.verb, hint=nearest(figure.verb, VERBS))
        return
    known = _countable(activity, figure.verb)
    for noun in figure.nouns:
        if noun not in known:
            yield f"{at}.count", _unknown(noun, known)
    wanted = {"records": range(1), "distinct": range(1, 5), "balance": range(2, 3)}.get(figure.verb, range(1, 2))
    if len(figure.nouns) not in wanted:
        yield f"{at}.count", say("“{word}”后面要写 {n} 项：{words}", word=figure.verb, n=wanted[0], words=", ".join(known))
    if figure.when and figure.verb not in ("records", "distinct", "sum"):
        yield f"{at}.when", say("“{word}”不能再加条件", word=figure.verb)
    elif figure.when and (fault := _fault(figure.when, activity, comparison)):
        yield f"{at}.when", fault


def _countable(activity: Activity, verb: str) -> list[str]:
    """Return what may follow a verb."""
    if verb in ("opened", "closed", "duration"):
        return [matter.name for matter in activity.matter]
    open_asks = [ask for ask in activity.ask if not ask.personal]
    if verb == "distinct":
        return [*FIELDS, *(ask.name for ask in open_asks if ask.type in ("choice", "code"))]
    numbers = [ask.name for ask in open_asks if ask.type == "number"]
    if verb == "sum":
        rows = [ask for ask in open_asks if ask.type == "repeat"]
        numbers += [f"{row.name}.{ask.name}" for row in rows for ask in row.ask if ask.type == "number" and not ask.personal]
    return [] if verb == "records" else numbers


def _sentences(activity: Activity) -> Iterator[Fault]:
    names = [figure.name for figure in activity.figure]
    for language in ("zh", "en"):
        for word in re.findall(r"\{(\w*)\}", getattr(activity.bulletin, language)):
            if word not in names:
                yield f"bulletin.{language}", say("没有数字“{word}”；{hint}", word=word, hint=nearest(word, names))
