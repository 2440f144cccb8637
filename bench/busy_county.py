"""A county in the third week of an epidemic, for the desk's benchmark: a million records and all that follows from them.

One day's records come in through the real intake, made by phones. The database then copies that day, once for each day before,
with ids, chains and times of its own. The real puller makes every matter, effect and cell from all of them; then come, through
the intake again, what is open now and the corrections, and three bulletins are frozen through the door, the first published.
"""

import asyncio
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import psycopg
from bench import load
from bench.facts import Facts, counts
from bench.load import Phone, Sending, pour
from bench.rig import Bench

from tongxin.base import clock
from tongxin.host.up import Desk as Running
from tongxin_drill.client import Desk
from tongxin_drill.handset import Wires

COUNTY = "430181000000"
DAYS = 20
"""Days that are copied from the one that phones made, which is the last."""
PLACES = {
    "worship": 3_020, "scenic": 500, "entertainment": 1_500, "shop": 9_000, "restaurant": 3_500, "company": 2_000,
    "pharmacy": 480, "shelter": 20, "checkpoint": 100,
}  # fmt: skip
"""The first seven are visited: 20,000."""
WORDS = {
    "worship": "寺", "scenic": "景区", "entertainment": "棋牌室", "shop": "超市门店", "restaurant": "饭店", "company": "公司",
    "pharmacy": "药店", "shelter": "安置点", "checkpoint": "卡点",
}  # fmt: skip
CLOSED = frozenset({"worship", "scenic", "entertainment"})
ORDERS: Sequence[tuple[str, str, tuple[str, ...]]] = (
    ("close", "venue_closure", ("worship", "scenic", "entertainment")),
    ("inspect", "premises_check", ("shop", "restaurant", "company", "pharmacy")),
    ("deploy", "checkpoint_post", ("checkpoint",)),
    ("liaison", "liaison_log", ("company",)),
    ("flood", "shelter_occupancy", ("shelter",)),
)
TOWN_ORDERS = 7
"""Orders of single towns beside the county's five."""
MEMBERS, SHIFTS, A_POST = 20_000, 3, 4
PHONES, LANES, BATCH = 8, 16, 20
"""Phones of a town; connections; records of a batch."""
WRONG_VENUES, WRONG_PREMISES, STRAY, THRICE = 300, 800, 100, 3_971
"""Of a day: places found wrong and put right, records that no order covers, and premises that are visited a third time."""
LATE, SOON, TONIGHT, ON_POST = 60, 40, 400, 100
"""What is open now: overdue, due within two hours, due at midnight, on post."""
CORRECTED, WITHDRAWN = 2_000, 500
HOUR = 3_600_000
RIGHT = {"premises_check": {"codes_checked": True, "masks_worn": True}, "venue_closure": {"open": False, "gathering": False}}
WRONG = {"premises_check": {"codes_checked": False, "masks_worn": True}, "venue_closure": {"open": True, "gathering": False}}


@dataclass(frozen=True)
class Spot:
    """A place, its town, and the visit or posts there."""

    id: str
    town: int
    category: str
    duties: list[str] = field(default_factory=list)


Said = tuple[int, dict[str, Any]]
"""When, in ms since 1970, and what."""


class BusyCounty:
    """Enters a county and lives through its weeks."""

    def __init__(self, running: Running, bench: Bench) -> None:
        self._running, self._bench, self._rng = running, bench, Random(7)  # noqa: S311 - a workload, not a secret
        self._now = clock.to_ms(clock.wall())
        self._orders: dict[str, str] = {}
        self._teams: list[str] = []
        self._spots: list[Spot] = []
        self._members: list[list[str]] = []
        self._posted: dict[str, list[str]] = {}
        self._hashes: dict[str, str] = {}
        self._reviewers = [str(uuid.uuid4()) for _ in range(2)]

    def live(self) -> Facts:
        """Do all of it; return what there is then."""
        from tongxin.playbook.registry import activities  # noqa: PLC0415 - rooms can be imported only now

        self._hashes = {name: found.hash for name, found in activities().items()}
        with self._desk() as desk:
            facts = self._enter(desk)
        with self._bench.held("worker"):
            self._day()
            self._copy_days()
        self._bench.catch_up(within=3_600)
        self._freeze(facts, "第一期")
        self._tonight()
        self._freeze(facts, "第二期")
        self._corrections()
        self._freeze(facts, "第三期")
        self._publish(facts.bulletins[0])
        facts.matters = self._open_matters()
        with psycopg.connect(self._running.database.owner_url, autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")  # as autovacuum leaves it
        facts.counts = counts(self._bench)
        return facts

    def _desk(self) -> Desk:
        desk = Desk(self._running.url)
        desk.sign_in(self._bench.county.commander_code())
        return desk

    # What is entered at the desk.

    def _enter(self, desk: Desk) -> Facts:
        villages = self._villages()
        towns = sorted({code[:9] for code, _ in villages})
        since = clock.wall() - timedelta(days=DAYS + 1)
        self._teams = [str(uuid.uuid4()) for _ in towns]
        desk.post("organisations", {"organisations": [
            _named(team, f"第{number}巡查队", f"Round team {number}") | {"kind": "team", "areas": [f"{town}000"]}
            for number, (team, town) in enumerate(zip(self._teams, towns, strict=True), 1)
        ]})  # fmt: skip
        self._spots = list(self._places(desk, villages, towns))
        self._enter_members(desk, since, towns)
        incident = str(uuid.uuid4())
        desk.post("incidents", _named(incident, "浏阳疫情", "Liuyang epidemic") | {"kind": "epidemic", "drill": False})
        orders = self._issue(desk, incident, since, [f"{town}000" for town in towns])
        self._assign(desk, self._duties(desk, since + timedelta(hours=1)))
        return Facts(incident, orders, [spot.id for spot in self._spots], self._teams)

    def _villages(self) -> list[tuple[str, str]]:
        with psycopg.connect(self._running.database.owner_url) as connection:
            rows = connection.execute(
                "SELECT code, name FROM places_area WHERE level = 'village' AND code LIKE %s ORDER BY code", [f"{COUNTY[:6]}%"]
            )
            return [(code, name) for code, name in rows]

    def _places(self, desk: Desk, villages: Sequence[tuple[str, str]], towns: Sequence[str]) -> Iterator[Spot]:
        rows = []
        for category, count in PLACES.items():
            for number in range(count):
                code, name = villages[number % len(villages)]
                spot = Spot(str(uuid.uuid4()), towns.index(code[:9]), category)
                title = f"{name}{WORDS[category]}{number}"
                rows.append(_named(spot.id, title, f"{category.title()} {number}") | {"category": category, "area": code})
                yield spot
        desk.post_rows("places", "places", rows)

    def _enter_members(self, desk: Desk, since: datetime, towns: Sequence[str]) -> None:
        self._members = [[] for _ in self._teams]
        rows = []
        for number in range(MEMBERS):
            town = number % len(self._teams)
            kind = "inspector" if len(self._members[town]) else "leader"
            role = {"kind": kind, "organisation": self._teams[town], "areas": [f"{towns[town]}000"], "since": since}
            rows.append(_named(id_ := str(uuid.uuid4()), f"某{number}", f"Somebody {number}") | {"roles": [role]})
            self._members[town].append(id_)
        role = {"kind": "secretary", "organisation": self._teams[0], "areas": [COUNTY], "since": since}
        rows += [_named(id_, "文书", "Secretary") | {"roles": [role]} for id_ in self._reviewers]
        desk.post_rows("members", "members", rows)

    def _issue(self, desk: Desk, incident: str, since: datetime, towns: Sequence[str]) -> list[str]:
        made = [(kind, name, categories, [COUNTY]) for kind, name, categories in ORDERS]
        made += [("close", "venue_closure", ("worship",), [town]) for town in towns[:TOWN_ORDERS]]
        ids = []
        for number, (kind, name, categories, areas) in enumerate(made, 1):
            ids.append(order := str(uuid.uuid4()))
            self._orders.setdefault(name, order)
            desk.post("orders", {
                "id": order, "incident": incident, "number": f"第{number}号", "kind": kind, "title": f"第{number}号令",
                "title_en": f"Order no. {number}", "text": "按令执行。", "text_en": "Do as ordered.", "basis": ["第四十二条"],
                "issuer": self._teams[0], "parent": None, "starts_at": since + timedelta(hours=1),
                "ends_at": since + timedelta(days=DAYS + 11), "appeal": "综合组", "activities": [name],
                "scope": {"areas": areas, "categories": list(categories), "organisations": self._teams},
            })  # fmt: skip
        return ids

    def _duties(self, desk: Desk, since: datetime) -> list[tuple[str, int]]:
        """Make visits and posts; return each with its town."""
        at = {spot.id: spot for spot in self._spots}
        duties = []
        for name in RIGHT:
            for visit in desk.post(f"orders/{self._orders[name]}/visits")["duties"]:
                spot = at[visit["place"]]
                spot.duties.append(visit["id"])
                duties.append((visit["id"], spot.town))
        rows = []
        for spot in self._spots:
            for shift in range(SHIFTS) if spot.category == "checkpoint" else ():
                spot.duties.append(id_ := str(uuid.uuid4()))
                duties += [(id_, spot.town)] * A_POST
                begins = since + timedelta(hours=8 * shift)
                rows.append({
                    "id": id_, "order": self._orders["checkpoint_post"], "activity": "checkpoint_post", "kind": "post",
                    "place": spot.id, "organisation": self._teams[spot.town], "starts_at": begins,
                    "due_at": begins + timedelta(days=DAYS + 5), "headcount": A_POST,
                })  # fmt: skip
        desk.post_rows("duties", "duties", rows)
        return duties

    def _assign(self, desk: Desk, duties: Sequence[tuple[str, int]]) -> None:
        turn = [0] * len(self._teams)
        jobs = []
        for duty, town in duties:
            member = self._members[town][turn[town] % len(self._members[town])]
            jobs.append({"id": str(uuid.uuid4()), "duty": duty, "member": member})
            self._posted.setdefault(duty, []).append(member)
            turn[town] += 1
        desk.post_rows("assignments", "assignments", jobs)

    # What phones say.

    def _day(self) -> None:
        """Let the phones of every town say a day's records, and train what they are packed by on the first of them."""
        from tongxin.ledger.actions import renew_dictionary  # noqa: PLC0415 - rooms can be imported only now

        phones = self._phones(PHONES)
        said: list[list[Said]] = [[] for _ in phones]
        for town, one in self._records():
            hand = 0 if "speaker" in one[1] else self._rng.randrange(PHONES)  # only a leader may speak for others
            said[town * PHONES + hand].append(one)
        asyncio.run(pour(self._bench.port, _lanes(phones, [sorted(part, key=_when)[:5] for part in said])))
        renew_dictionary(COUNTY[:6])
        asyncio.run(pour(self._bench.port, _lanes(phones, [sorted(part, key=_when)[5:] for part in said])))

    def _records(self) -> Iterator[tuple[int, Said]]:
        """Yield (town, what is said there) of a day."""
        wrong = self._wrong()
        still = {spot.id for spot in self._open()}
        for spot in self._spots:
            if spot.category == "checkpoint":
                yield from self._shifts(spot)
            elif spot.category == "shelter":
                for _ in range(5):
                    yield spot.town, self._note(spot, "shelter_occupancy", {"arrived": 3, "left": 2, "enough": True})
            else:
                yield from ((spot.town, one) for one in self._visits(spot, spot.id in wrong, spot.id in still))
            if spot.category == "company":
                staff = {"staff": 200, "returned": 1, "tested": 9, "disinfected": True, "all_reported": True}
                yield spot.town, self._note(spot, "liaison_log", staff)
        for spot in self._rng.sample(self._of("premises_check")[TONIGHT:], THRICE):
            yield spot.town, (self._between(5, 0.2), self._said(spot, "premises_check", RIGHT["premises_check"], spot.duties[0]))
        for spot in self._rng.sample(self._spots[:5_000], STRAY):  # under an order that does not name what was done
            content = self._said(spot, "venue_closure", RIGHT["venue_closure"], None)
            yield spot.town, (self._between(10, 1), content | {"order": self._orders["liaison_log"]})

    def _visits(self, spot: Spot, wrong: bool, still: bool) -> Iterator[Said]:  # noqa: FBT001 - what was found, and whether it stays
        name = "venue_closure" if spot.category in CLOSED else "premises_check"
        yield self._between(10, 5), self._said(spot, name, (WRONG if wrong else RIGHT)[name], spot.duties[0])
        if not still:
            yield self._between(5, 0.2), self._said(spot, name, RIGHT[name], spot.duties[0])

    def _shifts(self, spot: Spot) -> Iterator[tuple[int, Said]]:
        for duty in spot.duties:
            for member in self._posted[duty][:-1]:
                came, gone = self._between(10, 9), {"act": "out", "vehicles": 40, "turned_back": 2}
                for moment, body in ((came, {"act": "in"}), (came + 8 * HOUR, gone)):
                    yield spot.town, (moment, self._said(spot, "checkpoint_post", body, duty) | {"speaker": member})

    def _note(self, spot: Spot, name: str, body: dict[str, Any]) -> Said:
        return self._between(9, 1), self._said(spot, name, body, None)

    def _between(self, first: float, last: float) -> int:
        """Return a moment between so many hours ago."""
        return self._now - int(self._rng.uniform(last, first) * HOUR)

    def _said(self, spot: Spot, name: str, body: dict[str, Any], duty: str | None) -> dict[str, Any]:
        return {
            "activity": name, "activity_hash": self._hashes[name], "order": self._orders[name], "place": spot.id, "duty": duty,
            "body": body,
        }  # fmt: skip

    def _of(self, name: str) -> list[Spot]:
        categories = next(categories for _, activity, categories in ORDERS if activity == name)
        return [spot for spot in self._spots if spot.category in categories]

    def _wrong(self) -> set[str]:
        venues, premises = self._of("venue_closure")[LATE + SOON :], self._of("premises_check")[TONIGHT:]
        return {spot.id for spot in (*self._rng.sample(venues, WRONG_VENUES), *self._rng.sample(premises, WRONG_PREMISES))}

    def _open(self) -> list[Spot]:
        """Return the places where something is open now: they are visited once a day, in the morning."""
        return self._of("venue_closure")[: LATE + SOON] + self._of("premises_check")[:TONIGHT]

    def _tonight(self) -> None:
        """Let other phones of the same members find what is open now."""
        phones, said = self._phones(1), [[] for _ in self._teams]  # type: tuple[list[Phone], list[list[Said]]]
        for number, spot in enumerate(self._open()):
            name = "venue_closure" if number < LATE + SOON else "premises_check"
            moment = self._now - 3 * HOUR if number < LATE else self._now - HOUR // 12
            said[spot.town].append((moment, self._said(spot, name, WRONG[name], spot.duties[0])))
        for spot in self._of("checkpoint_post")[:ON_POST]:
            content = self._said(spot, "checkpoint_post", {"act": "in"}, spot.duties[0])
            said[spot.town].append((self._now - HOUR // 6, content | {"speaker": self._posted[spot.duties[0]][0]}))
        self._pour(phones, said)

    def _corrections(self) -> None:
        """Let leaders correct and withdraw what others said."""
        question = """SELECT id::text, activity, encode(activity_hash, 'hex') AS activity_hash, "order"::text, place::text,
            duty::text, subject FROM ledger_record WHERE activity = 'premises_check' AND quarantine = '' AND act = 'report'
            AND position %% 200 = 0 ORDER BY position LIMIT %s"""
        with psycopg.connect(self._running.database.owner_url, row_factory=psycopg.rows.dict_row) as connection:
            rows = connection.execute(question, [CORRECTED + WITHDRAWN]).fetchall()
        phones, said = self._phones(1), [[] for _ in self._teams]  # type: tuple[list[Phone], list[list[Said]]]
        now, town = clock.to_ms(clock.wall()), {spot.id: spot.town for spot in self._spots}
        for number, row in enumerate(rows):
            act = "correct" if number % 5 else "withdraw"
            body = RIGHT["premises_check"] if act == "correct" else {}
            said[town[row["place"]]].append((now, row | {"act": act, "target": row["id"], "id": str(uuid.uuid4()), "body": body}))
        self._pour(phones, said)

    def _pour(self, phones: Sequence[Phone], said: Sequence[Sequence[Said]]) -> None:
        asyncio.run(pour(self._bench.port, _lanes(phones, [sorted(part, key=_when) for part in said])))
        self._bench.catch_up()

    def _phones(self, each: int) -> list[Phone]:
        """Enrol phones of every town's first members, town by town; the first of these is its leader."""
        members = [member for town in self._members for member in town[:each]]
        with self._desk() as desk:
            given = {one["member"]: one["code"] for one in desk.post("sign-in-codes", {"members": members})["codes"]}

        async def enrol() -> list[Phone]:
            wires = Wires.to(self._running.url, LANES, timeout=60)
            async with wires.client:
                made = [await load.enrol(wires, given[member]) for member in members]
            return [Phone(handset, duties, seed) for seed, (handset, duties) in enumerate(made)]

        return asyncio.run(enrol())

    # What the database copies.

    def _copy_days(self) -> None:
        """Put the day that is there ``DAYS`` days back, and copy it for every day from then to now."""
        named = "SELECT string_agg(quote_ident(attname), ',') FROM pg_attribute WHERE attrelid = 'ledger_record'::regclass"
        own = ("position", "id", "chain", "occurred_at", "received_at", "day")
        others = self._bench.sql(f"{named} AND attnum > 0 AND attname NOT IN {own}")
        copy = f"""
            INSERT INTO ledger_record (position, id, chain, occurred_at, received_at, day, {others})
            SELECT position + %(held)s * %(days)s, uuidv7(), md5(chain::text || %(days)s)::uuid,
                occurred_at + %(later)s, received_at + %(later)s, day + %(days)s, {others}
            FROM ledger_record WHERE position <= %(held)s ORDER BY position"""  # noqa: S608 - the table's own columns
        held = int(self._bench.sql("SELECT position FROM ledger_counter"))
        with psycopg.connect(self._running.database.owner_url, autocommit=True) as connection:
            connection.execute(
                "UPDATE ledger_record SET occurred_at = occurred_at - %(back)s, received_at = received_at - %(back)s, "
                "day = day - %(days)s",
                {"back": timedelta(days=DAYS), "days": DAYS},
            )
            connection.execute("VACUUM FULL ledger_record")  # what the change left behind is no record's
            for days in range(1, DAYS + 1):
                connection.execute(copy.encode(), {"held": held, "days": days, "later": timedelta(days=days)})
            connection.execute("UPDATE ledger_counter SET position = %s", [held * (DAYS + 1)])
            connection.execute("ANALYZE")

    def _freeze(self, facts: Facts, title: str) -> None:
        with self._desk() as desk:
            content = {"incident": facts.incident, "title": title, "title_en": title}
            facts.bulletins.append(desk.post("bulletins", content, repeatable=False)["id"])

    def _publish(self, bulletin: str) -> None:
        """Let two others agree to an issue, and publish it."""
        with self._desk() as desk:
            for given in desk.post("sign-in-codes", {"members": self._reviewers})["codes"]:
                with Desk(self._running.url) as reviewer:
                    reviewer.sign_in(given["code"])
                    reviewer.post(f"bulletins/{bulletin}/review", {"agrees": True})
            desk.post(f"bulletins/{bulletin}/publish", {})

    def _open_matters(self) -> list[str]:
        with psycopg.connect(self._running.database.owner_url) as connection:
            rows = connection.execute(
                "SELECT id FROM ledger_matter WHERE until IS NULL AND closed IS NULL ORDER BY due_at LIMIT 40"
            )
            return [str(id_) for (id_,) in rows]


def _when(one: Said) -> int:
    return one[0]


def _named(id_: str, name: str, name_en: str) -> dict[str, Any]:
    return {"id": id_, "name": name, "name_en": name_en}


def _lanes(phones: Sequence[Phone], said: Sequence[Sequence[Said]]) -> list[list[Sending]]:
    """Return what each phone says in batches, spread over connections in about the order of their times."""
    batches = [
        (part[first][0], number, part[first : first + BATCH])
        for number, part in enumerate(said)
        for first in range(0, len(part), BATCH)
    ]
    lanes: list[list[Sending]] = [[] for _ in range(LANES)]
    for _, number, part in sorted(batches, key=lambda batch: batch[:2]):
        lanes[number % LANES].append(phones[number].seal(part))
    return lanes
