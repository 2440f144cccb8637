"""The second path's cells: what the facts and matters that ``second_fold`` came to count, by plain SQL."""

import sqlite3
from collections.abc import Iterable, Iterator

from tongxin.figures.second_fold import Content, Matter, Row, holds, numbers, reports
from tongxin.playbook.registry import versions

MOST_KEY = 160
Name = tuple[str, ...]
"""What names a cell: incident, figure, day, area, organisation, category, key."""
Sums = Iterator[tuple[Name, tuple[int, int]]]
"""Names with how many records stand behind each and what they come to."""


def count(database: sqlite3.Connection, matters: Iterable[Matter]) -> None:
    """Put down every single contribution to a cell (table ``part``)."""
    for fact, figure, rule, body in reports(database):
        if rule.verb not in ("records", "distinct", "sum") or (rule.when and not holds(rule.when, body)):
            continue
        if rule.verb == "sum":
            _add(database, fact, figure, amount=sum(numbers(body, rule.nouns[0])))
        else:
            _add(database, fact, figure, "/".join(_key(fact, noun, body) for noun in rule.nouns)[:MOST_KEY])
    for matter in matters:
        _count_matter(database, matter)
    database.execute(_STOCKS)


def _key(fact: Row, noun: str, body: Content) -> str:
    fields = ("place", "member", "duty", "day", "organisation", "area", "category")
    return str(fact[noun]) if noun in fields else str(body.get(noun, ""))


def _add(database: sqlite3.Connection, fact: Row, figure: str, key: str = "", amount: int = 1) -> None:
    where = (fact["incident"], figure, fact["day"], fact["area"], str(fact["organisation"]), fact["category"], key)
    database.execute("INSERT INTO part VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?)", (*where, amount))


def _count_matter(database: sqlite3.Connection, matter: Matter) -> None:
    """Count a matter by the version of what opened it; conflicts and what was merged away count nowhere."""
    if matter.merged or matter.name.startswith("conflict_"):
        return
    activity, end = versions()[matter.opened["version"]], matter.closed
    for rule in activity.figure:
        figure = f"{activity.id}.{rule.name}"
        if rule.nouns != (matter.name,):
            continue
        if rule.verb == "opened":
            _add(database, matter.opened, figure)
        elif rule.verb == "closed" and end:
            _add(database, end, figure)
        elif rule.verb == "duration" and end:
            _add(database, matter.opened, figure, amount=end["at"] - matter.opened["at"])


_STOCKS = """
INSERT INTO part
WITH said AS (
    SELECT f.*, figure, verb, amount, lag(f.turn) OVER same AS before, lag(amount) OVER same AS had
    FROM stock JOIN fact AS f USING (turn) WINDOW same AS (PARTITION BY figure, f.incident, f.subject ORDER BY f.turn)
)
SELECT incident, figure, day, area, organisation, category, '', 1, amount FROM said
UNION ALL
SELECT old.incident, figure, said.day, old.area, old.organisation, old.category, '', -1, -had
FROM said JOIN fact AS old ON old.turn = before WHERE verb = 'latest'
"""


def cells(database: sqlite3.Connection) -> Sums:
    """Yield every cell that is not empty."""
    return _sums(database, "incident, figure, day, area, organisation, category, key")


def totals(database: sqlite3.Connection) -> Sums:
    """Yield what all days of every cell come to, where that is not nothing."""
    return _sums(database, "incident, figure, area, organisation, category, key")


def _sums(database: sqlite3.Connection, name: str) -> Sums:
    question = f"""SELECT {name}, sum(records), sum(amount) FROM part
        GROUP BY {name} HAVING sum(records) <> 0 OR sum(amount) <> 0"""  # noqa: S608 - the names above
    for *told, records, amount in database.execute(question):
        yield tuple(told), (records, amount)


def days(database: sqlite3.Connection) -> Sums:
    """Yield how many cells each day of a figure has, and what they come to."""
    found: dict[Name, tuple[int, int]] = {}
    for (incident, figure, day, *_), (_, amount) in cells(database):
        held, sum_ = found.get((incident, figure, day), (0, 0))
        found[incident, figure, day] = held + 1, sum_ + amount
    yield from found.items()
