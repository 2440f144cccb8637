"""The second path's fold: what records come to, in an SQLite database in memory. Written from docs/protocol.md alone.

Copies, order and sums are plain SQL; matters are followed row by row. It shares no code with the first path, and must not.
"""

import hashlib
import json
import operator
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tongxin.playbook.registry import versions
from tongxin.playbook.schema import Activity, FigureRule, MatterRule

ROLES = ("", "inspector", "leader", "secretary", "duty_officer", "commander")
LEADER, SECRETARY = ROLES.index("leader"), ROLES.index("secretary")
DEEPEST = 40
SHORT_REST = 10 * 3_600_000

Row = sqlite3.Row
Content = dict[str, Any]
Held = tuple[str, int, int | None, bool, bool, str]
"""What is compared of a matter: name, opened, closed, merged, looked at again, the organisation answerable for it."""


def empty() -> sqlite3.Connection:
    """Return the database that records are put into (table ``record``)."""
    database = sqlite3.connect(":memory:")
    database.row_factory = sqlite3.Row
    database.executescript("""
        CREATE TABLE record (position INTEGER PRIMARY KEY, id, device, chain, seq, at, stated, mark, act, target, activity,
            version, subject, member, typist, rank, "order", duty, place, area, category, organisation, incident, body);
        CREATE TABLE standing (id, act, target, at, device, chain, seq, position);
        CREATE TABLE part (incident, figure, day, area, organisation, category, key, records, amount);
        CREATE TABLE stock (figure, verb, turn, amount);
    """)
    return database


def fold(database: sqlite3.Connection) -> "list[Matter]":
    """Return all matters and conflicts that the records come to; what counts is then in the database (table ``fact``)."""
    matters = _follow_all(database, _resolve(database))
    _look_again(database, matters)
    return matters


def counting(database: sqlite3.Connection) -> int:
    """Return how many facts count."""
    found: int = database.execute("SELECT count(*) FROM fact").fetchone()[0]
    return found


# Copies, corrections, withdrawals, releases


@dataclass
class Matter:
    """A matter or a conflict: the row that opened it, the one that waits for approval, the one that closed it.

    ``given_to`` is the organisation to which it was last reassigned.
    """

    name: str
    begun_by: str
    opened: Row
    waiting: Row | None = None
    closed: Row | None = None
    merged: bool = False
    again: bool = False
    given_to: str | None = None

    @property
    def id(self) -> str:
        """Its id, made of the id of the record that began it and its name."""
        source = UUID(self.begun_by).bytes
        made = bytearray(source[:6] + hashlib.sha256(source + self.name.encode()).digest()[:10])
        made[6], made[8] = made[6] & 0x0F | 0x80, made[8] & 0x3F | 0x80
        return str(UUID(bytes=bytes(made)))

    @property
    def held(self) -> Held:
        """What is compared of it."""
        closed = self.closed["position"] if self.closed else None
        answerable = self.given_to or str(self.opened["organisation"])
        return self.name, self.opened["position"], closed, self.merged, self.again, answerable

    def reassign(self, fact: Row, body: Content) -> None:
        """Make another organisation answerable, if a decision says so and whoever made it may."""
        if fact["act"] == "reassign" and fact["rank"] >= SECRETARY and _is_id(body.get("organisation")):
            self.given_to = body["organisation"]


@dataclass
class _Acts:
    """What was done to records, by the id of the target; ``lost`` are corrections that another person's later one beat."""

    by_target: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))

    def counting(self, record: Row, act: str, depth: int) -> list[Row]:
        """Return the acts of a kind on a record at some depth that count, in fold order."""
        if depth >= DEEPEST:
            return []
        acts = [found for found in self.by_target.get(record["id"], ()) if found["act"] == act and _may(found, record)]
        return [found for found in acts if self.counts(found, depth + 1)]

    def counts(self, record: Row, depth: int = 0) -> bool:
        """Return whether a record counts."""
        if record["mark"] and not self.counting(record, "release", depth):
            return False
        return not self.counting(record, "withdraw", depth)

    def standing(self, record: Row, lost: list[Row]) -> Row:
        """Return the record whose content counts for a record; add to ``lost`` what other people's corrections it beat."""
        depth = 0
        while corrections := self.counting(record, "correct", depth):
            record, depth = corrections[-1], depth + 1
            lost += [found for found in corrections if found["typist"] != record["typist"]]
        return record


def _may(act: Row, target: Row) -> bool:
    if act["act"] == "release":
        return bool(act["rank"] >= SECRETARY)
    same = act["act"] != "correct" or act["activity"] == target["activity"]
    return bool(same and (act["typist"] == target["typist"] or act["rank"] >= LEADER))


def _resolve(database: sqlite3.Connection) -> list[Matter]:
    """Find which records count and with what content (table ``fact``); return the conflicts between copies and corrections."""
    database.executescript("""
        CREATE TABLE copy AS
            SELECT *, row_number() OVER (PARTITION BY id ORDER BY mark <> '', at, device, chain, seq) AS number FROM record;
        CREATE INDEX by_number ON copy (id, number);
    """)
    acts, conflicts = _Acts(), []
    whole = "SELECT * FROM copy WHERE number = 1 AND act {} ('correct', 'withdraw', 'release') ORDER BY at, device, chain, seq"
    for row in database.execute(whole.format("IN")):
        acts.by_target[row["target"]].append(row)
    for row in database.execute(whole.format("NOT IN")).fetchall():
        if not acts.counts(row):
            continue
        lost: list[Row] = []
        content = acts.standing(row, lost)
        at = content["at"] if content["stated"] else row["at"]
        place_in_order = (row["device"], row["chain"], row["seq"])
        database.execute(
            "INSERT INTO standing VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (row["id"], row["act"], row["target"], at, *place_in_order, content["position"]),
        )
        conflicts += [Matter("conflict_corrections", loser["id"], content) for loser in lost]
    database.executescript(_FACT)
    return conflicts + [Matter("conflict_copies", row["id"], row) for row in database.execute(_DIFFERING)]


_FACT = """
CREATE TABLE fact AS
SELECT row_number() OVER (ORDER BY s.at, s.device, s.chain, s.seq) AS turn, s.id, s.act, s.target, s.at,
    date(s.at / 1000, 'unixepoch', '+8 hours') AS day, r.position, r.activity, r.version, r.subject, r.member, r.typist, r.rank,
    r."order", r.duty, r.place, r.area, r.category, r.organisation, r.incident, r.body
FROM standing AS s JOIN record AS r USING (position)
"""

_DIFFERING = """
SELECT other.*, min(other.number) FROM copy AS first JOIN copy AS other ON other.id = first.id AND other.number > 1
WHERE first.number = 1 AND (first.mark <> '' OR other.mark = '') AND (
    first.act <> other.act OR first.target IS NOT other.target OR first.activity <> other.activity
    OR first.subject <> other.subject OR first.member <> other.member
    OR first."order" <> other."order" OR first.duty IS NOT other.duty
    OR first.place IS NOT other.place OR first.body <> other.body)
GROUP BY other.id
"""
"""The first copy of each id that differs (SQLite takes the bare columns from the row of the minimum)."""


# Matters


@dataclass
class _Subject:
    """What follows from the facts about one subject, taken in order."""

    all: dict[str, Matter] = field(default_factory=dict)
    open: dict[tuple[str, str, str | None], Matter] = field(default_factory=dict)
    conflicts: dict[str, Matter] = field(default_factory=dict)
    closed_now: set[str] = field(default_factory=set)
    left_at: int | None = None

    def take(self, fact: Row) -> None:
        """Let one fact open, touch and close matters."""
        activity, body = versions()[fact["version"]], json.loads(fact["body"])
        self.closed_now = set()
        if fact["act"] != "report":
            self._decide(fact, body)
        for rule in sorted(activity.matter, key=lambda rule: _depth(activity, rule)):
            key = (rule.name, fact["incident"], fact["duty"] if rule.per == "duty" else None)
            if key not in self.open:
                self._open(fact, activity, rule, key, body)
            elif fact["act"] == "report":
                self._go_on(fact, rule, key, body)
        if fact["act"] == "report" and body.get("act") == "out":
            self.left_at = fact["at"]

    def _open(self, fact: Row, activity: Activity, rule: MatterRule, key: tuple[str, str, str | None], body: Content) -> None:
        is_after = _words(rule.opens)[0] == "closed"
        if not (fact["act"] == "report" or is_after) or not self._holds(rule.opens, fact, body):
            return
        elsewhere = [m for m in self.open.values() if m.name == rule.name and m.opened["duty"] != fact["duty"]]
        if activity.kind == "post" and rule.per == "duty" and elsewhere:
            self.conflict("conflict_posts", fact["id"], fact)
        matter = Matter(rule.name, fact["id"], fact)
        self.all[matter.id] = self.open[key] = matter

    def _go_on(self, fact: Row, rule: MatterRule, key: tuple[str, str, str | None], body: Content) -> None:
        matter = self.open[key]
        if self._holds(rule.closes, fact, body):
            if _approval(matter):
                matter.waiting = fact
            else:
                self._close(matter, fact)
        elif not _words(rule.opens)[0] and rule.opens.split()[0] in body:
            matter.waiting = None

    def _close(self, matter: Matter, fact: Row) -> None:
        matter.closed = fact
        self.open = {key: other for key, other in self.open.items() if other is not matter}
        if not matter.merged:
            self.closed_now.add(matter.name)

    def _holds(self, text: str, fact: Row, body: Content) -> bool:
        """Return whether “question op value”, “closed MATTER” or “rule short_rest” holds for a fact."""
        word, name = _words(text)
        if word == "closed":
            return name in self.closed_now
        if word == "rule":
            rested = None if self.left_at is None else fact["at"] - self.left_at
            return name == "short_rest" and body.get("act") == "in" and rested is not None and rested < SHORT_REST
        return holds(text, body)

    def _decide(self, fact: Row, body: Content) -> None:
        """Carry out what a person decided about a matter that is open."""
        matter = self.all.get(fact["target"])
        if matter is None or matter.closed:
            return
        matter.reassign(fact, body)
        if fact["act"] == "approve":
            done = _approves(fact, matter)
        else:
            matter.merged = _merges(fact, matter, body)
            done = matter.merged or _settles(fact)
        if done:
            self._close(matter, fact)

    def conflict(self, name: str, begun_by: str, opened: Row) -> None:
        """Open a conflict, once."""
        found = Matter(name, begun_by, opened)
        self.conflicts.setdefault(found.id, found)

    def settle_conflicts(self, facts: Iterable[Row]) -> None:
        """Open a conflict for every decision about what is not there; let settlements close conflicts, others move them."""
        decisions = [fact for fact in facts if fact["act"] != "report"]
        for fact in decisions:
            if fact["target"] not in self.all and fact["target"] not in self.conflicts:
                self.conflict("conflict_decision", fact["id"], fact)
        for fact in decisions:
            found = self.conflicts.get(fact["target"])
            if found and not found.closed:
                found.reassign(fact, json.loads(fact["body"]))
                found.closed = fact if _settles(fact) else None


def _words(text: str) -> tuple[str, str]:
    """Return (“closed” or “rule”, what comes after it), or two empty words for a comparison."""
    parts = text.split()
    return (parts[0], parts[1]) if len(parts) == 2 else ("", "")  # noqa: PLR2004 - a comparison has three


def _depth(activity: Activity, rule: MatterRule) -> int:
    """Return how many matters must have been looked at before: those whose closing opens this one."""
    word, name = _words(rule.opens)
    before = activity.matter_rule(name) if word == "closed" else None
    return 1 + _depth(activity, before) if before else 0


def _approval(matter: Matter) -> str | None:
    rule = versions()[matter.opened["version"]].matter_rule(matter.name)
    return rule.approval if rule else None


def _approves(fact: Row, matter: Matter) -> bool:
    role = _approval(matter)
    if role is None or matter.waiting is None:
        return False
    return bool(fact["rank"] >= ROLES.index(role) and fact["typist"] != matter.waiting["typist"])


def _merges(fact: Row, matter: Matter, body: Content) -> bool:
    into = body.get("into")
    return bool(fact["act"] == "merge" and fact["rank"] >= SECRETARY and _is_id(into) and str(into) < matter.id)


def _settles(fact: Row) -> bool:
    return bool(fact["act"] == "settle" and fact["rank"] >= SECRETARY)


def _is_id(value: object) -> bool:
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False


_OPERATORS = {"=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def holds(condition: str, body: Mapping[str, Any]) -> bool:
    """Return whether “question op value” holds; nothing holds of a question without an answer."""
    question, op, word = condition.split(maxsplit=2)
    answer, wanted = body.get(question), word
    if isinstance(answer, bool):
        return bool(_OPERATORS[op]("yes" if answer else "no", wanted))
    if isinstance(answer, int | float):
        return bool(_OPERATORS[op](answer, float(word)))
    return isinstance(answer, str) and bool(_OPERATORS[op](answer, wanted))


def _follow_all(database: sqlite3.Connection, conflicts: Iterable[Matter]) -> list[Matter]:
    """Return all matters and conflicts."""
    _stock(database)
    facts: dict[tuple[str, str], list[Row]] = defaultdict(list)
    subjects: dict[tuple[str, str], _Subject] = defaultdict(_Subject)
    for row in database.execute("SELECT * FROM fact ORDER BY turn"):
        about = row["activity"], row["subject"]
        facts[about].append(row)
        subjects[about].take(row)
    for found in conflicts:
        subjects[found.opened["activity"], found.opened["subject"]].conflict(found.name, found.begun_by, found.opened)
    for row in database.execute(_BELOW_ZERO):
        subjects[row["activity"], row["subject"]].conflict("conflict_balance", row["id"], row)
    for about, subject in subjects.items():
        subject.settle_conflicts(facts[about])
    return [found for subject in subjects.values() for found in (*subject.all.values(), *subject.conflicts.values())]


_BELOW_ZERO = """
SELECT fact.* FROM (
    SELECT turn, amount, sum(amount) OVER (PARTITION BY figure, f.incident, f.subject ORDER BY turn) AS total
    FROM stock JOIN fact AS f USING (turn) WHERE verb = 'balance'
) JOIN fact USING (turn) WHERE total < 0 AND total - amount >= 0 ORDER BY turn
"""


def _look_again(database: sqlite3.Connection, matters: Iterable[Matter]) -> None:
    rows = database.execute("SELECT activity, subject, incident, max(at) FROM fact WHERE act = 'report' GROUP BY 1, 2, 3")
    last = {tuple(about): at for *about, at in rows}
    for one in matters:
        about = one.opened["activity"], one.opened["subject"], one.opened["incident"]
        one.again = one.closed is not None and last.get(about, 0) > one.closed["at"]


# What reports say of figures


def reports(database: sqlite3.Connection) -> Iterator[tuple[Row, str, FigureRule, Content]]:
    """Yield every report with each figure that its version declares."""
    for fact in database.execute("SELECT * FROM fact WHERE act = 'report' ORDER BY turn").fetchall():
        activity, body = versions()[fact["version"]], json.loads(fact["body"])
        for rule in activity.figure:
            yield fact, f"{activity.id}.{rule.name}", rule, body


def _stock(database: sqlite3.Connection) -> None:
    """Note what each report says of stocks, in thousandths."""
    for fact, figure, rule, body in reports(database):
        said = [numbers(body, noun) for noun in rule.nouns] if rule.verb in ("balance", "latest") else []
        if rule.verb == "balance" or any(said):  # without an answer a balance moves by nothing, and the latest stays
            came, *went = [sum(found) for found in said]
            database.execute("INSERT INTO stock VALUES (?, ?, ?, ?)", (figure, rule.verb, fact["turn"], came - sum(went)))


def numbers(body: Content, noun: str) -> list[int]:
    """Return the number that answers a question, or those of all rows of a repeat, in thousandths."""
    outer, _, inner = noun.partition(".")
    answers = [row.get(inner) for row in body.get(outer, ())] if inner else [body.get(outer)]
    return [round(answer * 1000) for answer in answers if isinstance(answer, int | float) and not isinstance(answer, bool)]
