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
from tongxin.playbook.condition import UnknownWordError, parse
from tongxin.playbook.schema import Activity, FigureRule, MatterRule, Text

PACKS = Path(str(resources.files("tongxin.playbook") / "packs"))
DISTINCT_OF = ("place", "member", "duty", "day")
_DUE = re.compile(r"^(tonight|duty|[1-9]\d{0,2}h)$")


class BadActivity(Problem):
    """An activity file cannot be used; nothing of it was loaded."""

    code = "playbook.bad_activity"
    next_step = "Correct the file and run `tongxin activity check FILE` again."


def read(path: Path) -> Activity:
    """Read and check one file; raise BadActivity."""
    try:
        data = path.read_bytes()
        table = tomllib.loads(data.decode("utf-8"))
    except OSError as error:
        raise BadActivity(f"{path}: cannot be read: {error.strerror}", file=str(path)) from error
    except UnicodeDecodeError as error:
        raise BadActivity(f"{path}: not UTF-8 at byte {error.start}", file=str(path)) from error
    except tomllib.TOMLDecodeError as error:
        raise BadActivity(f"{path}: not TOML: {error}", file=str(path)) from error
    return _check(path, table, hashlib.sha256(data).hexdigest())


def load(directories: Iterable[Path]) -> dict[str, Activity]:
    """Read every ``*.toml`` below the directories; return activities by id. Two files with one id are refused."""
    found: dict[str, tuple[Path, Activity]] = {}
    for path in sorted(p for directory in directories for p in directory.rglob("*.toml")):
        activity = read(path)
        if activity.id in found:
            raise BadActivity(f"{path}: id: “{activity.id}” is already declared in {found[activity.id][0]}", file=str(path))
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
    return f"did you mean “{close[0]}”?" if close else f"known: {', '.join(names) or 'none'}"


def _check(path: Path, table: dict[str, Any], digest: str) -> Activity:
    def refuse(key: str, reason: str) -> BadActivity:
        return BadActivity(f"{path}: {key}: {reason}", file=str(path), key=key, reason=reason)

    if "hash" in table:
        raise refuse("hash", "is computed, not written")
    for key, word, known in _unknown_keys(table, Activity, ""):
        raise refuse(key, f"unknown key “{word}”; {nearest(word, known)}")
    try:
        activity = msgspec.convert({**table, "hash": digest}, Activity)
    except msgspec.ValidationError as error:
        reason, _, key = str(error).partition(" - at ")
        raise refuse(key.strip("`").removeprefix("$").removeprefix(".") or "file", reason + _choices(reason, table, key)) from None
    for key, reason in _faults(activity):
        raise refuse(key, reason)
    return activity


def _unknown_keys(table: Mapping[str, Any], struct: Any, at: str) -> Iterable[tuple[str, str, list[str]]]:
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


def _choices(reason: str, table: Mapping[str, Any], key: str) -> str:
    """Return the nearest right word where msgspec says only that an enumerated word is wrong."""
    match = re.match(r"Invalid enum value '(.+)'", reason)
    if match is None:
        return ""
    last = key.strip("`").rpartition(".")[2]
    known = {"type": ("yes_no", "choice", "number", "text"), "kind": ("visit", "post"), "subject": ("place", "member duty")}
    return f"; {nearest(match[1], known.get(last, ()))}"


def _faults(activity: Activity) -> Iterable[tuple[str, str]]:
    yield from _names(activity)
    for index, category in enumerate(activity.places):
        if category not in categories():
            yield f"places[{index}]", f"unknown category “{category}”; {nearest(category, categories())}"
    for index, ask in enumerate(activity.ask):
        if ask.type == "choice" and not ask.options:
            yield f"ask[{index}].options", "a choice needs options"
        if ask.type == "text" and not ask.public:
            yield f"ask[{index}].public", "free text is personal until sealing exists: say public = true or ask otherwise"
    for index, matter in enumerate(activity.matter):
        yield from _matter_faults(activity, matter, f"matter[{index}]")
    for index, figure in enumerate(activity.figure):
        yield from _figure_faults(activity, figure, f"figure[{index}]")
    yield from _sentence_faults(activity)


def _names(activity: Activity) -> Iterable[tuple[str, str]]:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", activity.id):
        yield "id", f"“{activity.id}” is not lower-case letters, digits and underscores"
    for key, names in (
        ("ask", [ask.name for ask in activity.ask]),
        ("matter", [matter.name for matter in activity.matter]),
        ("figure", [figure.name for figure in activity.figure]),
    ):
        for index, name in enumerate(names):
            if name in names[:index]:
                yield f"{key}[{index}].name", f"“{name}” is declared twice"


def _condition_fault(activity: Activity, text: str) -> str | None:
    try:
        parse(text, activity)
    except UnknownWordError as error:
        return f"{error}; {nearest(error.word, error.known)}"
    except ValueError as error:
        return str(error)
    return None


def _matter_faults(activity: Activity, matter: MatterRule, at: str) -> Iterable[tuple[str, str]]:
    for key in ("opens", "closes"):
        if fault := _condition_fault(activity, getattr(matter, key)):
            yield f"{at}.{key}", fault
    if matter.opens == matter.closes:
        yield f"{at}.closes", "the matter would open and close by the same answer"
    if not _DUE.match(matter.due):
        yield f"{at}.due", f"“{matter.due}” is not tonight, duty or hours such as 2h"


def _figure_faults(activity: Activity, figure: FigureRule, at: str) -> Iterable[tuple[str, str]]:
    verbs = {"records": (), "distinct": DISTINCT_OF, **dict.fromkeys(("opened", "closed", "duration"), None)}
    if figure.verb not in verbs:
        yield f"{at}.count", f"unknown count “{figure.verb}”; {nearest(figure.verb, verbs)}"
        return
    matters = tuple(matter.name for matter in activity.matter)
    known = verbs[figure.verb]
    for noun in figure.nouns:
        if noun not in (matters if known is None else known):
            yield f"{at}.count", f"“{noun}” is not known here; {nearest(noun, matters if known is None else known)}"
    if known is None and len(figure.nouns) != 1:
        yield f"{at}.count", f"“{figure.verb}” takes one matter"
    if figure.verb == "distinct" and not figure.nouns:
        yield f"{at}.count", f"“distinct” needs what to count: {', '.join(DISTINCT_OF)}"
    if figure.when and figure.verb not in ("records", "distinct"):
        yield f"{at}.when", f"a count of matters takes no condition; “{figure.verb}” follows the matter's own"
    elif figure.when and (fault := _condition_fault(activity, figure.when)):
        yield f"{at}.when", fault


def _sentence_faults(activity: Activity) -> Iterable[tuple[str, str]]:
    names = [figure.name for figure in activity.figure]
    for language in ("zh", "en"):
        for word in re.findall(r"\{(\w*)\}", getattr(activity.bulletin, language)):
            if word not in names:
                yield f"bulletin.{language}", f"no figure “{word}”; {nearest(word, names)}"
