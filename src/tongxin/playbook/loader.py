"""Reads activity files and refuses wrong ones, naming the file, the key, the reason and the nearest right word."""

import difflib
import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, get_args

import msgspec

from tongxin.base.problems import Problem
from tongxin.base.words import say
from tongxin.playbook.condition import UnknownWordError, parse
from tongxin.playbook.schema import Activity, FigureRule, MatterRule, Text

PACKS = Path(str(resources.files("tongxin.playbook") / "packs"))
DISTINCT_OF = ("place", "member", "duty", "day")
_DUE = re.compile(r"^(tonight|duty|[1-9]\d{0,2}h)$")


class BadActivity(Problem):
    """An activity file cannot be used; nothing of it was loaded."""

    code = "playbook.bad_activity"
    next_step = "改正这个文件，再运行 tongxin activity check 文件名。"


def read(path: Path) -> Activity:
    """Read and check one file; raise BadActivity."""
    try:
        data = path.read_bytes()
        table = tomllib.loads(data.decode("utf-8"))
    except OSError as error:
        raise BadActivity(say("{path}：读不了：{reason}", path=path, reason=error.strerror), file=str(path)) from error
    except UnicodeDecodeError as error:
        raise BadActivity(say("{path}：第 {byte} 字节起不是 UTF-8", path=path, byte=error.start), file=str(path)) from error
    except tomllib.TOMLDecodeError as error:
        raise BadActivity(say("{path}：不是 TOML：{reason}", path=path, reason=error), file=str(path)) from error
    return _check(path, table, hashlib.sha256(data).hexdigest())


def load(directories: Iterable[Path]) -> dict[str, Activity]:
    """Read every ``*.toml`` below the directories; return activities by id. Two files with one id are refused."""
    found: dict[str, tuple[Path, Activity]] = {}
    for path in sorted(p for directory in directories for p in directory.rglob("*.toml")):
        activity = read(path)
        if activity.id in found:
            raise BadActivity(
                say(
                    "{path}：id：“{id}”已在 {other} 里声明",
                    path=path,
                    id=activity.id,
                    other=found[activity.id][0],
                ),
                file=str(path),
            )
        found[activity.id] = (path, activity)
    return {name: activity for name, (_, activity) in found.items()}


@cache
def categories() -> dict[str, Text]:
    """Return the categories of places by id."""
    text = (resources.files("tongxin.playbook") / "categories.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Text])


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint that ends a message: the nearest known word, else all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    if close:
        return say("是不是“{word}”？", word=close[0])
    return say("可用的有：{words}", words=", ".join(names)) if names else say("现在一个也没有")


def _check(path: Path, table: dict[str, Any], digest: str) -> Activity:
    def refuse(key: str, reason: str) -> BadActivity:
        return BadActivity(
            say("{path}：{key}：{reason}", path=path, key=key, reason=reason),
            file=str(path),
            key=key,
            reason=reason,
        )

    if "hash" in table:
        raise refuse("hash", say("由程序计算，不能写"))
    for key, word, known in _unknown_keys(table, Activity, ""):
        raise refuse(key, say("没有“{word}”这个键；{hint}", word=word, hint=nearest(word, known)))
    try:
        activity = msgspec.convert({**table, "hash": digest}, Activity)
    except msgspec.ValidationError as error:
        reason, _, key = str(error).partition(" - at ")
        raise refuse(
            key.strip("`").removeprefix("$").removeprefix(".") or "file",
            reason + _choices(reason, key),
        ) from None
    for key, reason in _faults(activity):
        raise refuse(key, reason)
    return activity


def _unknown_keys(table: Mapping[str, Any], struct: type[msgspec.Struct], at: str) -> Iterable[tuple[str, str, list[str]]]:
    """Yield (place, word, known words) for every key that the struct lacks, at any depth."""
    fields = {field.name: field.type for field in msgspec.structs.fields(struct)}
    for word, value in table.items():
        where = f"{at}.{word}" if at else word
        if word not in fields:
            yield where, word, list(fields)
            continue
        inner = next((t for t in (fields[word], *get_args(fields[word])) if _is_struct(t)), None)
        if inner is None:
            continue
        many = isinstance(value, list)
        for index, item in enumerate(value if many else [value]):
            if isinstance(item, dict):
                yield from _unknown_keys(item, inner, f"{where}[{index}]" if many else where)


def _is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _choices(reason: str, key: str) -> str:
    """Return the nearest right word where msgspec says only that an enumerated word is wrong."""
    match = re.match(r"Invalid enum value '(.+)'", reason)
    if match is None:
        return ""
    last = key.strip("`").rpartition(".")[2]
    known = {
        "type": ("yes_no", "choice", "number", "text"),
        "kind": ("visit", "post"),
        "subject": ("place", "member duty"),
    }
    return say("；{hint}", hint=nearest(match[1], known.get(last, ())))


def _faults(activity: Activity) -> Iterable[tuple[str, str]]:
    yield from _names(activity)
    for index, category in enumerate(activity.places):
        if category not in categories():
            yield (
                f"places[{index}]",
                say("没有类别“{word}”；{hint}", word=category, hint=nearest(category, categories())),
            )
    for index, ask in enumerate(activity.ask):
        if ask.type == "choice" and not ask.options:
            yield f"ask[{index}].options", say("选择题要有选项")
        if ask.type == "text" and not ask.public:
            yield (
                f"ask[{index}].public",
                say("密封功能还没有，自由填写的文字视为个人信息：写上 public = true，或换一种问法"),
            )
    for index, matter in enumerate(activity.matter):
        yield from _matter_faults(activity, matter, f"matter[{index}]")
    for index, figure in enumerate(activity.figure):
        yield from _figure_faults(activity, figure, f"figure[{index}]")
    yield from _sentence_faults(activity)


def _names(activity: Activity) -> Iterable[tuple[str, str]]:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", activity.id):
        yield "id", say("“{word}”只能用小写字母、数字和下划线，以字母开头", word=activity.id)
    for key, names in (
        ("ask", [ask.name for ask in activity.ask]),
        ("matter", [matter.name for matter in activity.matter]),
        ("figure", [figure.name for figure in activity.figure]),
    ):
        for index, name in enumerate(names):
            if name in names[:index]:
                yield f"{key}[{index}].name", say("“{word}”声明了两次", word=name)


def _condition_fault(activity: Activity, text: str) -> str | None:
    try:
        parse(text, activity)
    except UnknownWordError as error:
        return say("没有“{word}”；{hint}", word=error.word, hint=nearest(error.word, error.known))
    except ValueError as error:
        return str(error)
    return None


def _matter_faults(activity: Activity, matter: MatterRule, at: str) -> Iterable[tuple[str, str]]:
    for key in ("opens", "closes"):
        if fault := _condition_fault(activity, getattr(matter, key)):
            yield f"{at}.{key}", fault
    if matter.opens == matter.closes:
        yield f"{at}.closes", say("同一个答案既打开又结清这个事项")
    if not _DUE.match(matter.due):
        yield f"{at}.due", say("“{word}”不是 tonight、duty 或 2h 这样的小时数", word=matter.due)


def _figure_faults(activity: Activity, figure: FigureRule, at: str) -> Iterable[tuple[str, str]]:
    verbs = {"records": (), "distinct": DISTINCT_OF, **dict.fromkeys(("opened", "closed", "duration"), None)}
    if figure.verb not in verbs:
        yield (
            f"{at}.count",
            say("没有“{word}”这种数法；{hint}", word=figure.verb, hint=nearest(figure.verb, verbs)),
        )
        return
    matters = tuple(matter.name for matter in activity.matter)
    known = verbs[figure.verb]
    for noun in figure.nouns:
        if noun not in (matters if known is None else known):
            yield (
                f"{at}.count",
                say("没有“{word}”；{hint}", word=noun, hint=nearest(noun, matters if known is None else known)),
            )
    if known is None and len(figure.nouns) != 1:
        yield f"{at}.count", say("“{word}”后面要写一个事项", word=figure.verb)
    if figure.verb == "distinct" and not figure.nouns:
        yield f"{at}.count", say("“distinct”后面要写数什么：{words}", words=", ".join(DISTINCT_OF))
    if figure.when and figure.verb not in ("records", "distinct"):
        yield f"{at}.when", say("数事项不能再加条件；“{word}”按事项自己的条件", word=figure.verb)
    elif figure.when and (fault := _condition_fault(activity, figure.when)):
        yield f"{at}.when", fault


def _sentence_faults(activity: Activity) -> Iterable[tuple[str, str]]:
    names = [figure.name for figure in activity.figure]
    for language in ("zh", "en"):
        for word in re.findall(r"\{(\w*)\}", getattr(activity.bulletin, language)):
            if word not in names:
                yield (
                    f"bulletin.{language}",
                    say("没有数字“{word}”；{hint}", word=word, hint=nearest(word, names)),
                )
