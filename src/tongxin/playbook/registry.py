"""The activities that this process works with: those that ship, and those of further pack directories."""

from collections.abc import Iterable
from pathlib import Path

from tongxin.base.problems import Problem
from tongxin.base.words import say
from tongxin.playbook.loader import PACKS, load, nearest
from tongxin.playbook.schema import Activity


class UnknownActivity(Problem):
    """No activity of this name is declared in any pack."""

    code = "playbook.unknown_activity"
    next_step = "运行 tongxin activity list 看有哪些专项。"


_directories: list[Path] = [PACKS]
_activities: dict[str, Activity] = {}


def set_directories(further: Iterable[Path]) -> None:
    """Say which pack directories are read besides the shipped ones (the host does, at start-up)."""
    _directories[:] = [PACKS, *further]
    _activities.clear()


def activities() -> dict[str, Activity]:
    """Return all activities by id, read once."""
    if not _activities:
        _activities.update(load(_directories))
    return _activities


def activity(name: str) -> Activity:
    """Return one activity; raise UnknownActivity with the nearest right word."""
    found = activities().get(name)
    if found is None:
        raise UnknownActivity(say("没有名为“{name}”的专项；{hint}", name=name, hint=nearest(name, activities())))
    return found
