"""Where the rows of the report put their organisations, people, places, orders, duties and acts together into one scenario."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tongxin_drill import names
from tongxin_drill.county import COUNTY, Area, areas
from tongxin_drill.liuyang.days import DAYS, ENDS, FIRST, START, UNTIL, moment
from tongxin_drill.shapes import (
    Act,
    Assignment,
    Duty,
    Incident,
    Order,
    Organisation,
    Place,
    Role,
    Scenario,
    Scope,
    Stretch,
    dated_identity,
    identity,
)
from tongxin_drill.shapes import Member as Person

Body = Mapping[str, Any]
SLIPS = 0.04
"""How often a wrong answer is typed in and corrected later."""
STRAYS = 0.01
"""How often a record is made by mistake and withdrawn."""
STUBBORN = 0.05
"""How often what was found wrong is still wrong at the second visit."""
BY_LEADER = 0.3
"""How many of the slips somebody's leader corrects."""
HUNDREDS = 200
MINUTE = 60


@dataclass(frozen=True)
class Member:
    """A person on the stage, and the organisation for which this person acts here."""

    id: str
    organisation: Organisation


@dataclass(frozen=True)
class OrderText:
    """What an order is called and says, in both languages."""

    title: str
    title_en: str
    zh: str
    en: str


@dataclass(frozen=True)
class Team:
    """Who does a row's work: members, and their leader, who may correct what they write."""

    organisation: Organisation
    leader: Member
    members: Sequence[Member]

    def of(self, index: int) -> Member:
        """Return a member by turns."""
        return self.members[index % len(self.members)]


class Stage:
    """Collects what the rows put on it. Everything is drawn from one seeded source, so the same seed gives the same scenario."""

    def __init__(self, seed: int, scale: float) -> None:
        self.seed, self.scale = seed, scale
        self.rng = Random(f"liuyang/{seed}/{scale!r}")  # noqa: S311 - a plan must be reproducible, not secret
        self.places: list[Place] = []
        self._people = iter(names.people(self.rng, names.PEOPLE))
        self._counted: Counter[str] = Counter()
        self._decks: dict[tuple[str, str], list[names.Pair]] = defaultdict(list)
        self._organisations: list[Organisation] = []
        self._persons: dict[str, Person] = {}
        self._orders: list[Order] = []
        self._duties: list[Duty] = []
        self._acts: list[Act] = []
        self._taken: set[tuple[str, datetime]] = set()
        self.incident = Incident(self.new_id("incident"), "浏阳2022疫情演练", "Liuyang 2022 (drill)", "epidemic", drill=True)
        self.command = self.organisation("市指挥部", "County command", "command", (COUNTY,))
        self.commander = self.member(self.command, "commander")
        self.secretary = self.member(self.command, "secretary")
        self.duty_officer = self.member(self.command, "duty_officer")
        self.hall = self.place("muster", areas("town")[3], "市指挥部", "County Command Hall")

    # --- how much

    def many(self, number: float) -> int:
        """Return a number of the report at this scale, at least 1."""
        return max(1, round(number * self.scale))

    def more_than(self, number: int) -> int:
        """Draw what the report writes as N余, “more than N”: below 200 within the ten, from 200 on within the hundred."""
        return self.many(self.rng.randint(number + 1, number + (9 if number < HUNDREDS else 99)))

    def chance(self, odds: float) -> bool:
        """Draw whether something happens."""
        return self.rng.random() < odds

    # --- who, where, by what order

    def new_id(self, kind: str) -> str:
        """Return the next id of a kind."""
        self._counted[kind] += 1
        return identity(self.seed, self.scale, f"liuyang/{kind}", self._counted[kind])

    def organisation(
        self, name: str, name_en: str, kind: str, held: Sequence[str] = (), parent: Organisation | None = None
    ) -> Organisation:
        """Add an organisation; ``held`` are the areas whose visits fall to it."""
        found = Organisation(self.new_id("organisation"), name, name_en, kind, parent.id if parent else None, tuple(held))
        self._organisations.append(found)
        return found

    def member(self, organisation: Organisation, kind: str = "inspector", within: str = COUNTY) -> Member:
        """Add a person with a role."""
        name, name_en = next(self._people)
        id_ = self.new_id("member")
        self._persons[id_] = Person(id_, name, name_en, ())
        return self.also(id_, organisation, kind, within)

    def also(self, member: str, organisation: Organisation, kind: str = "inspector", within: str = COUNTY) -> Member:
        """Give a person one more role; return the person in it."""
        person = self._persons[member]
        role = Role(kind, organisation.id, (within,), START - timedelta(days=2))
        self._persons[member] = replace(person, roles=(*person.roles, role))
        return Member(member, organisation)

    def team(self, organisation: Organisation, size: int, within: str = COUNTY) -> Team:
        """Add so many people and their leader."""
        leader = self.member(organisation, "leader", within)
        return Team(organisation, leader, [self.member(organisation, "inspector", within) for _ in range(size)])

    def place(self, category: str, area: Area, name: str = "", name_en: str = "") -> Place:
        """Add a place; without a name of its own it gets one after its area."""
        if not name:
            name, name_en = self._name(category, area)
        found = Place(self.new_id("place"), name, name_en, category, area.code)
        self.places.append(found)
        return found

    def _name(self, category: str, area: Area) -> names.Pair:
        """Deal a name from the area's own shuffled deck; when that is dealt, the next one has second houses of each name."""
        deck = self._decks[area.code, category]
        round_ = self._counted[area.code + category]
        if not deck:
            self._counted[area.code + category] += 1
            deck += names.of_category(category)
            self.rng.shuffle(deck)
            round_ += 1
        name, name_en = deck.pop()
        number = f"{round_}号" if round_ > 1 else ""
        return f"{area.name}{name}{number}", f"{name_en} {round_ if number else ''}".rstrip() + f", {area.name_en}"

    def order(
        self, kind: str, text: OrderText, activities: Sequence[str], organisations: Iterable[Organisation],
        *, within: Sequence[str] = (COUNTY,), categories: Sequence[str] = (), ends: datetime = ENDS,
    ) -> Order:  # fmt: skip
        """Issue an order of the command; all but the first have that one, the mobilisation order, as their parent."""
        organisations = list(organisations)
        found = Order(
            id=self.new_id("order"),
            incident=self.incident.id,
            number=f"浏防指令〔2022〕演{len(self._orders) + 1:02d}号",
            kind=kind,
            title=text.title,
            title_en=text.title_en,
            text=text.zh + "本令仅用于演练。",
            text_en=text.en + " This order is for the drill only.",
            basis=("《中华人民共和国传染病防治法》第四十二条", "《突发公共卫生事件应急条例》第三十三条"),
            issuer=self.command.id,
            parent=self._orders[0].id if self._orders else None,
            starts_at=FIRST,
            ends_at=ends,
            appeal="市指挥部综合组 值班电话（演练）",
            activities=tuple(activities),
            scope=Scope(tuple(within), tuple(categories), tuple(found.id for found in organisations)),
        )
        self._orders.append(found)
        return found

    def post(
        self, order: Order, activity: str, place: Place, organisation: Organisation, hours: tuple[datetime, datetime], heads: int
    ) -> Duty:
        """Add a post that an organisation holds through a window."""
        duty = Duty(self.new_id("duty"), order.id, activity, "post", place.id, organisation.id, *hours, heads)
        self._duties.append(duty)
        return duty

    def log(self, order: Order, activity: str, place: Place, organisation: Organisation) -> Duty:
        """Add a log that an organisation keeps at a place as long as the order holds."""
        duty = Duty(self.new_id("duty"), order.id, activity, "log", place.id, organisation.id, order.starts_at, order.ends_at, 1)
        self._duties.append(duty)
        return duty

    # --- when

    def free(self, member: Member, place: str, day: int, first: float, last: float) -> datetime:
        """Draw a moment of a day between two hours at which neither the member nor the place, if any, has anything else."""
        while True:
            minute = moment(day, first) + timedelta(minutes=self.rng.randrange(round((last - first) * 60)))
            if self._take(member, place, minute):
                return minute + timedelta(seconds=self.rng.randrange(MINUTE))

    def later(self, member: Member, place: str, after: datetime, least: int, most: int) -> datetime:
        """Draw such a moment, so many minutes after another."""
        while True:
            minute = after.replace(second=0) + timedelta(minutes=self.rng.randint(least, most))
            if self._take(member, place, minute):
                return minute + timedelta(seconds=self.rng.randrange(MINUTE))

    def _take(self, member: Member, place: str, minute: datetime) -> bool:
        wanted = {(taken, minute) for taken in (member.id, place) if taken}
        if wanted & self._taken:
            return False
        self._taken |= wanted
        return True

    # --- what is written down

    def report(
        self, member: Member, at: datetime, activity: str, place: str, body: Body,
        *, duty: Duty | None = None, about: Act | None = None,
    ) -> Act:  # fmt: skip
        """Let a member report."""
        return self._add(Act(member.id, at, activity, place, body, duty=duty.id if duty else "", target=about))

    def on_paper(
        self, clerk: Member, typed: datetime, member: Member, at: datetime, activity: str, place: str, body: Body
    ) -> Act:
        """Let a clerk type in what a member wrote on paper at an earlier time."""
        return self._add(Act(clerk.id, typed, activity, place, body, stated=at, speaker=member.id, channel="paper"))

    def correct(self, act: Act, member: Member, at: datetime, body: Body, stated: datetime | None = None) -> Act:
        """Let a member correct what was reported, perhaps also when it was."""
        return self._do("correct", act, member, at, body, stated=stated)

    def withdraw(self, act: Act, member: Member, at: datetime) -> Act:
        """Let a member withdraw what was reported."""
        return self._do("withdraw", act, member, at, {})

    def approve(self, act: Act, matter: str, member: Member, at: datetime) -> Act:
        """Let somebody of rank approve that a matter, which an act opened, is closed."""
        return self._do("approve", act, member, at, {}, matter=matter)

    def _do(
        self, kind: str, act: Act, member: Member, at: datetime, body: Body, *, matter: str = "", stated: datetime | None = None
    ) -> Act:
        speaker = (act.speaker or act.member) if kind == "correct" else None
        return self._add(
            Act(
                member.id, at, act.activity, act.place, body, kind=kind, duty=act.duty, target=act, matter=matter, stated=stated,
                speaker=None if speaker == member.id else speaker,
            )
        )  # fmt: skip

    def _add(self, act: Act) -> Act:
        named = replace(act, id=dated_identity(self.seed, self.scale, "liuyang/record", len(self._acts), act.at))
        self._acts.append(named)
        return named

    def typed(self, team: Team, member: Member, at: datetime, activity: str, place: str, body: Body, slip: Body | None) -> None:
        """Let a member of a team report of a visit; now and then a ``slip`` is typed in its place and corrected hours later."""
        corrected = at + timedelta(hours=self.rng.randint(1, 20), seconds=self.rng.randrange(3600))
        if slip is None or corrected >= ENDS or not self.chance(SLIPS):
            self.report(member, at, activity, place, body)
            return
        act = self.report(member, at, activity, place, slip)
        self.correct(act, team.leader if self.chance(BY_LEADER) else member, corrected, body)

    def inspect(
        self, team: Team, member: Member, day: int, hours: tuple[float, float], activity: str, place: Place,
        right: Body, wrong: Body | None, slip: Body | None = None,
    ) -> int:  # fmt: skip
        """Let a member visit a place and, if all is not ``right``, come again; return how many visits count."""
        at = self.free(member, place.id, day, *hours)
        if self.chance(STRAYS):
            self.withdraw(self.report(member, at, activity, place.id, right), member, at + timedelta(minutes=3))
            at = self.later(member, place.id, at, 4, 20)
        self.typed(team, member, at, activity, place.id, wrong or right, None if wrong else slip)
        if wrong is None:
            return 1
        found = wrong if self.chance(STUBBORN) else right
        self.report(member, self.later(member, place.id, at, 30, 110), activity, place.id, found)
        return 2

    # --- all of it

    @property
    def acts(self) -> int:
        """How many acts there are so far."""
        return len(self._acts)

    def scenario(self, factor: float) -> Scenario:
        """Return what was put on the stage: the first order speaks to all, members are assigned to whatever they do."""
        everybody = Scope((COUNTY,), (), tuple(found.id for found in self._organisations))
        acts = tuple(sorted(self._acts, key=lambda act: act.at))
        posted = dict.fromkeys((act.duty, act.member) for act in acts if act.duty)
        visited = dict.fromkeys((act.activity, act.place, act.member) for act in acts if not act.duty)
        visitors: dict[tuple[str, str], list[str]] = defaultdict(list)
        for activity, place, member in visited:
            visitors[activity, place].append(member)
        return Scenario(
            seed=self.seed,
            scale=self.scale,
            start=START,
            until=UNTIL,
            factor=factor,
            title="战报：十八天，全市齐动手",
            title_en="Eighteen days: a county turns out",
            incident=self.incident,
            orders=(replace(self._orders[0], scope=everybody), *self._orders[1:]),
            organisations=tuple(self._organisations),
            places=tuple(self.places),
            members=tuple(self._persons.values()),
            duties=tuple(self._duties),
            assignments=tuple(Assignment(self.new_id("station"), duty, member) for duty, member in posted),
            visitors=visitors,
            acts=acts,
            unreachable={member: self._out_of_reach() for member in dict.fromkeys(act.member for act in acts)},
        )

    def _out_of_reach(self) -> tuple[Stretch, ...]:
        """Give a quarter of the phones some hours without reception, and a tenth of them one to three days."""
        hours = [self.rng.uniform(2, 10)] if self.chance(0.25) else []
        hours += [self.rng.uniform(24, 72)] if self.chance(0.1) else []
        begun = sorted(self.rng.uniform(0, (DAYS - 4) * 24) for _ in hours)
        return tuple(Stretch(moment(0, at), moment(0, at + lasts)) for at, lasts in zip(begun, hours, strict=True))
