"""The activities that this process works with: those that ship, and those of further pack directories.

The directories are looked at again every two seconds, so a new or changed file is seen without a restart. Every version that was
ever seen stays known by its hash: a record is judged by the version it was made under. A file that turns bad while
the process runs is reported in the log and its last good version goes on.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tongxin.base.problems import Problem
from tongxin.base.words import say
from tongxin.playbook.faults import nearest
from tongxin.playbook.loader import PACKS, BadActivity, files, load, read
from tongxin.playbook.schema import Activity

LOOK_EVERY = 2.0
"""Seconds between two looks at the directories."""
log = logging.getLogger(__name__)

Stamp = tuple[int, int, int]


class UnknownActivity(Problem):
    """No activity of this name is declared in any pack."""

    code = "playbook.unknown_activity"
    next_step = "运行 tongxin activity list 看有哪些专项。"


@dataclass
class _Packs:
    directories: list[Path] = field(default_factory=lambda: [PACKS])
    current: dict[str, Activity] = field(default_factory=dict)
    by_file: dict[Path, Activity] = field(default_factory=dict)
    stamps: dict[Path, Stamp] = field(default_factory=dict)
    looked: float = 0.0
    recalled: float = 0.0


_packs = _Packs()
_versions: dict[str, Activity] = {}
Archive = Callable[[Collection[str]], Iterable[Activity]]
_archive: Archive = lambda _: ()  # noqa: E731 - replaced once, by the host


def set_directories(further: Iterable[Path]) -> None:
    """Say which pack directories are read besides the shipped ones (the host does, at start-up)."""
    global _packs  # noqa: PLW0603 - one set of packs a process is the point
    _packs = _Packs([PACKS, *further])


def set_archive(archive: Archive) -> None:
    """Say where versions are kept for ever; given the hashes already known it returns the others (the host does, at start-up)."""
    global _archive  # noqa: PLW0603 - as above
    _archive = archive


def activities() -> Mapping[str, Activity]:
    """Return all present activities by id."""
    if not _packs.current:
        _begin()
    elif time.monotonic() - _packs.looked > LOOK_EVERY:
        _packs.looked = time.monotonic()
        _look_again()
    return _packs.current


def activity(name: str) -> Activity:
    """Return one activity; raise UnknownActivity with the nearest right word."""
    found = activities().get(name)
    if found is None:
        raise UnknownActivity(say("没有名为“{name}”的专项；{hint}", name=name, hint=nearest(name, activities())))
    return found


def versions() -> Mapping[str, Activity]:
    """Return every version that was ever seen, by hash: by this process, or by any other that put it into the archive."""
    activities()
    if time.monotonic() - _packs.recalled > LOOK_EVERY:
        _recall()
    return _versions


def version(hash_: str) -> Activity | None:
    """Return one version, or None if nobody ever saw it: another process may have seen it a moment ago."""
    if hash_ not in _versions:
        activities()
        _recall()
    return _versions.get(hash_)


def _recall() -> None:
    _packs.recalled = time.monotonic()
    _versions.update((found.hash, found) for found in _archive(_versions.keys()))


def latest(name: str) -> Activity | None:
    """Return the present version of an activity, or of one whose file is gone the last that is known."""
    return activities().get(name) or next((found for found in reversed(list(versions().values())) if found.id == name), None)


def _begin() -> None:
    """Read everything; a bad file stops the process before it starts."""
    _packs.stamps, _packs.looked = _stamps(), time.monotonic()
    _packs.by_file = load(_packs.directories)
    _publish()


def _look_again() -> None:
    """Read what is new or changed."""
    now = _stamps()
    if now == _packs.stamps:
        return
    known = {path: found for path, found in _packs.by_file.items() if path in now}
    for path, stamp in now.items():
        if _packs.stamps.get(path) != stamp:
            try:
                known[path] = _only(read(path), path, known)
            except BadActivity as problem:
                log.warning("%s", problem.message)
    _packs.stamps, _packs.by_file = now, known
    _publish()


def _only(found: Activity, path: Path, known: Mapping[Path, Activity]) -> Activity:
    for other, holder in known.items():
        if holder.id == found.id and other != path:
            raise BadActivity(say("{path}：id：“{id}”已在 {other} 里声明", path=path, id=found.id, other=other), file=str(path))
    for version_ in _versions.values():
        for rule in found.figure:
            before = version_.figure_rule(rule.name) if version_.id == found.id else None
            if before is not None and before.verb != rule.verb:
                reason = say("数字“{name}”已按“{verb}”数过，换了数法要换名字", name=rule.name, verb=before.verb)
                raise BadActivity(say("{path}：{key}：{reason}", path=path, key="figure.count", reason=reason), file=str(path))
    return found


def _publish() -> None:
    _packs.current = {found.id: found for _, found in sorted(_packs.by_file.items())}
    _versions.update((found.hash, found) for found in _packs.current.values())


def _stamps() -> dict[Path, Stamp]:
    found = {}
    for path in files(_packs.directories):
        try:
            stat = path.stat()
        except OSError:  # gone between two looks
            continue
        found[path] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
    return found
