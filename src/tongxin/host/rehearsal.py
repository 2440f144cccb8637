"""Whether a database can hold a rehearsal, and how it is started over.

Asked before anything runs on it, by the owner, so that an interrupted drill never stands in the way and a real incident is
never touched.
"""

from enum import Enum

import psycopg

from tongxin.base.problems import Problem
from tongxin.base.words import say
from tongxin.host.database import connect, drop_everything


class Held(Enum):
    """What a database holds."""

    NOTHING = "nothing"
    UNFINISHED = "unfinished"
    FINISHED = "finished"
    OTHER = "other"
    REAL = "real"


class RehearsalRefused(Problem):
    """The database holds a real incident, another finished drill, or another county than the drill's."""

    code = "host.rehearsal_refused"
    status = 409
    next_step = "演练请用另一个数据库（TONGXIN_HOME 或 DATABASE_URL）；旧的演练不要了，加 --fresh 重来。"


def held(owner_url: str, incident: str) -> Held:
    """Say what a database holds, seen from the drill whose incident has this id."""
    with connect(owner_url) as owner:
        try:
            rows = owner.execute("SELECT id::text, drill FROM orders_incident").fetchall()
            clocks = owner.execute("SELECT 1 FROM orders_clock").fetchall()
            published = owner.execute(
                "SELECT DISTINCT incident_id::text FROM bulletin_bulletin WHERE published_at IS NOT NULL"
            ).fetchall()
        except psycopg.errors.UndefinedTable:
            return Held.NOTHING
    if any(not drill for _, drill in rows):
        return Held.REAL
    if (incident,) in published:
        return Held.FINISHED
    if published:
        return Held.OTHER
    return Held.UNFINISHED if rows or clocks else Held.NOTHING


def others(owner_url: str, county: str) -> list[str]:
    """Return the names of all counties that a database serves besides this one."""
    with connect(owner_url) as owner:
        try:
            rows = owner.execute("SELECT name FROM places_area WHERE level = 'county' AND code <> %s", [county]).fetchall()
        except psycopg.errors.UndefinedTable:
            return []
    return [str(name) for (name,) in rows]


def clear_the_stage(owner_url: str, incident: str, county: str, *, fresh: bool) -> bool:
    """Make room for a drill in a county; return whether it already stands there, finished. Raise RehearsalRefused."""
    found = held(owner_url, incident)
    if found is Held.REAL:
        raise RehearsalRefused(say("这个数据库里有真实事件，不能演练"))
    if found is Held.OTHER and not fresh:
        raise RehearsalRefused(say("这个数据库里有另一次已完成的演练"))
    if found is Held.FINISHED and not fresh:
        return True
    if served := others(owner_url, county):
        # They may have members already, and no real incident could follow a drill here.
        message = say("这个数据库已用于{counties}，演练在另一个县进行", counties=", ".join(served))
        raise RehearsalRefused(message, next=say("演练请用另一个数据库（TONGXIN_HOME 或 DATABASE_URL）。"))
    if found is not Held.NOTHING:
        drop_everything(owner_url)
    return False
