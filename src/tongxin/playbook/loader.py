"""Reads activity files and refuses wrong ones, naming the file, the key, the reason and the nearest right word."""

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
from tongxin.playbook.faults import faults, nearest
from tongxin.playbook.schema import Above, Activity, Kind, Owner, QuestionType, Text

PACKS = Path(str(resources.files("tongxin.playbook") / "packs"))


class BadActivity(Problem):
    """An activity file cannot be used; nothing of it was loaded."""

    code = "playbook.bad_activity"
    next_step = "改正这个文件，再运行 tongxin activity check 文件名。"


def read(path: Path) -> Activity:
    """Read and check one file; raise BadActivity."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadActivity(say("{path}：读不了：{reason}", path=path, reason=error.strerror), file=str(path)) from error
    return parse(data, path)


def parse(data: bytes, path: Path) -> Activity:
    """Check the bytes of a file; ``path`` is what a refusal calls them. Raise BadActivity."""
    try:
        table = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadActivity(say("{path}：第 {byte} 字节起不是 UTF-8", path=path, byte=error.start), file=str(path)) from error
    except tomllib.TOMLDecodeError as error:
        raise BadActivity(say("{path}：不是 TOML：{reason}", path=path, reason=error), file=str(path)) from error
    return _check(path, table, data)


def files(directories: Iterable[Path]) -> list[Path]:
    """Return every activity file below the directories, sorted."""
    return sorted(path for directory in directories for path in directory.rglob("*.toml"))


def load(directories: Iterable[Path]) -> dict[Path, Activity]:
    """Read every file below the directories; return activities by file. Two files with one id are refused."""
    found: dict[str, Path] = {}
    loaded: dict[Path, Activity] = {}
    for path in files(directories):
        activity = read(path)
        if activity.id in found:
            raise BadActivity(
                say("{path}：id：“{id}”已在 {other} 里声明", path=path, id=activity.id, other=found[activity.id]), file=str(path)
            )
        found[activity.id], loaded[path] = path, activity
    return loaded


@cache
def categories() -> dict[str, Text]:
    """Return the categories of places by id."""
    text = (resources.files("tongxin.playbook") / "categories.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Text])


def _check(path: Path, table: dict[str, Any], data: bytes) -> Activity:
    def refuse(key: str, reason: str) -> BadActivity:
        return BadActivity(
            say("{path}：{key}：{reason}", path=path, key=key, reason=reason),
            file=str(path),
            key=key,
            reason=reason,
        )

    for key in ("hash", "source"):
        if key in table:
            raise refuse(key, say("由程序计算，不能写"))
    for key, word, known in _unknown_keys(table, Activity, ""):
        raise refuse(key, say("没有“{word}”这个键；{hint}", word=word, hint=nearest(word, known)))
    try:
        activity = msgspec.convert({**table, "hash": hashlib.sha256(data).hexdigest(), "source": data}, Activity)
    except msgspec.ValidationError as error:
        reason, _, key = str(error).partition(" - at ")
        raise refuse(
            key.strip("`").removeprefix("$").removeprefix(".") or "file",
            reason + _choices(reason, key),
        ) from None
    for key, reason in faults(activity, categories()):
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
    known = _ENUMERATED.get(key.strip("`").rpartition(".")[2], ())
    return say("；{hint}", hint=nearest(match[1], known))


_ENUMERATED = {
    "type": get_args(QuestionType),
    "kind": get_args(Kind),
    "owner": get_args(Owner),
    "escalates_to": get_args(Above),
    "approval": get_args(Above),
    "per": ("subject", "duty"),
}
