"""The first night, planned: who is there, what is ordered, who does what when; hence its true figures.

Pure and seeded. It shares nothing with the code that computes the figures in earnest, so that a mistake
made there cannot be repeated here.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import partial
from random import Random

from tongxin.base.clock import day_of
from tongxin_drill import county, names, timetable
from tongxin_drill.county import COUNTY
from tongxin_drill.shapes import (
    Act,
    Assignment,
    Duty,
    Incident,
    Member,
    Order,
    Organisation,
    Place,
    Role,
    Scenario,
    Scope,
    Stretch,
    identity,
)
from tongxin_drill.timetable import NIGHT

GROUPS = 3
VENUES, FEWEST_VENUES = 214, 9
PHONES = 60
LARGEST_SCALE = 250.0
START = NIGHT.replace(hour=17, minute=50)
ORDERED = NIGHT.replace(hour=18)
UNTIL = NIGHT.replace(hour=23, minute=30)

_NewId = Callable[[str, int], str]


def plan(seed: int, scale: float) -> Scenario:
    """Return the night of this seed, always the same, ids and all; scale 1 has 214 venues and 60 phones."""
    if not 0 < scale <= LARGEST_SCALE:
        raise ValueError(f"scale {scale} does not lie above 0 and at most {LARGEST_SCALE:g}")
    scale = float(scale)
    rng = Random(f"{seed}/{scale!r}")  # noqa: S311 - a plan must be reproducible, not secret
    new_id: _NewId = partial(identity, seed, scale)
    organisations = _organisations(new_id)
    command, *groups = organisations
    venues = _venues(rng, new_id, max(FEWEST_VENUES, round(VENUES * scale)))
    musters = _musters(rng, new_id, groups)
    members = _members(rng, new_id, command, groups, round(PHONES * min(max(scale, 1), timetable.DENSE)))
    teams = [_team(members, group) for group in groups]
    rounds = _rounds(groups, teams, venues)
    acts = _acts(rng, scale, musters, teams, rounds=rounds, venues=[venue.id for venue in venues])
    incident = Incident(new_id("incident", 0), "浏阳首夜演练", "Liuyang first night (drill)", "epidemic", drill=True)
    order = _order(new_id, incident, command, groups)
    posts = _posts(new_id, order, groups, musters, teams)
    return Scenario(
        seed=seed,
        scale=scale,
        start=START,
        until=UNTIL,
        factor=timetable.factor(UNTIL - START, len(acts)),
        title="首夜战报：“两个暂停”督查",
        title_en="First night: inspection of the two suspensions",
        incident=incident,
        orders=(order,),
        organisations=organisations,
        places=venues + musters,
        members=members,
        duties=posts,
        assignments=_stations(new_id, posts, teams),
        visitors={("venue_closure", venue): (member,) for member, round_ in rounds.items() for venue in round_},
        acts=acts,
        unreachable=_unreachable(seed, acts),
    )


def truth(scenario: Scenario) -> dict[str, int | float]:
    """Return every figure the night must end with, counted from what is planned and from nothing else."""
    visits = [act for act in scenario.acts if act.activity == "venue_closure"]
    found_open, fixed = found_and_righted((act.place, act.body["open"]) for act in visits)
    gatherings, dispersed = found_and_righted((act.place, act.body["gathering"]) for act in visits)
    arrivals = {act.member: act for act in scenario.acts if act.body.get("act") == "in"}
    leaves = [act for act in scenario.acts if act.body.get("act") == "out"]
    served = sum(((act.at - arrivals[act.member].at for act in leaves if act.member in arrivals)), timedelta())
    return {
        "venue_closure.venues_inspected": len({act.place for act in visits}),
        "venue_closure.inspections": len(visits),
        "venue_closure.found_open": found_open,
        "venue_closure.fixed": fixed,
        "venue_closure.gatherings": gatherings,
        "venue_closure.dispersed": dispersed,
        "attendance.members": len(arrivals),
        # A group has one post, at its muster point: the place stands for the duty.
        "attendance.person_times": len({(act.member, act.place, day_of(act.at)) for act in arrivals.values()}),
        "attendance.hours": round(served.total_seconds() / 3600, 1),
    }


def found_and_righted(answers: Iterable[tuple[str, bool]]) -> tuple[int, int]:
    """Count how often a place turned wrong and how often right again, given (place, is it wrong?) by time."""
    wrong: set[str] = set()
    found = righted = 0
    for place, is_wrong in answers:
        if is_wrong and place not in wrong:
            wrong.add(place)
            found += 1
        elif not is_wrong and place in wrong:
            wrong.remove(place)
            righted += 1
    return found, righted


def _organisations(new_id: _NewId) -> tuple[Organisation, ...]:
    """Return the command and then the groups, each with its district."""
    command = Organisation(new_id("organisation", 0), "市指挥部", "County command", "command", None, (COUNTY,))
    groups = [
        Organisation(
            new_id("organisation", number),
            f"第{'一二三'[number - 1]}督查组",
            f"Inspection Team {number}",
            "team",
            command.id,
            tuple(town.code for town in district),
        )
        for number, district in enumerate(county.districts(GROUPS), start=1)
    ]
    return command, *groups


def _venues(rng: Random, new_id: _NewId, count: int) -> tuple[Place, ...]:
    """Spread venues over the villages at random; each village deals names from a shuffled deck of its own."""
    villages = county.areas("village")
    decks: dict[str, list[names.Stem]] = {}
    venues = []
    for index in range(count):
        village = rng.choice(villages)
        if village.code not in decks:
            decks[village.code] = names.stems()
            rng.shuffle(decks[village.code])
        category, zh, en = decks[village.code].pop()
        venues.append(Place(new_id("venue", index), village.name + zh, f"{en}, {village.name_en}", category, village.code))
    return tuple(venues)


def _musters(rng: Random, new_id: _NewId, groups: Sequence[Organisation]) -> tuple[Place, ...]:
    return tuple(
        Place(
            new_id("muster", index),
            f"{group.name}集结点",
            f"{group.name_en} Muster Point",
            "muster",
            rng.choice(group.areas),
        )
        for index, group in enumerate(groups)
    )


def _members(
    rng: Random, new_id: _NewId, command: Organisation, groups: Sequence[Organisation], phones: int
) -> tuple[Member, ...]:
    """Return the three of the command, a leader a group, and the inspectors, as many a group as can be."""
    sizes = [phones // GROUPS + (index < phones % GROUPS) for index in range(GROUPS)]
    seats = [("commander", command), ("duty_officer", command), ("secretary", command)]
    seats += [("leader", group) for group in groups]
    seats += [("inspector", group) for group, size in zip(groups, sizes, strict=True) for _ in range(size)]
    since = NIGHT - timedelta(days=2)
    return tuple(
        Member(new_id("member", index), name, name_en, (Role(kind, where.id, where.areas, since),))
        for index, ((kind, where), (name, name_en)) in enumerate(zip(seats, names.people(rng, len(seats)), strict=True))
    )


def _team(members: Iterable[Member], group: Organisation) -> list[str]:
    """Return the ids of the group's inspectors."""
    return [member.id for member in members for role in member.roles if (role.kind, role.organisation) == ("inspector", group.id)]


def _rounds(groups: Sequence[Organisation], teams: Sequence[Sequence[str]], venues: Iterable[Place]) -> dict[str, list[str]]:
    """Return each inspector's venues: those of the district by code, cut into equal runs of neighbours."""
    rounds: dict[str, list[str]] = {member: [] for team in teams for member in team}
    ordered = sorted(venues, key=lambda venue: (venue.area, venue.id))
    for group, team in zip(groups, teams, strict=True):
        held = [venue.id for venue in ordered if _town(venue.area) in group.areas]
        for index, venue in enumerate(held):
            rounds[team[index * len(team) // len(held)]].append(venue)
    return rounds


def _town(village: str) -> str:
    """Return the code of a village's town: the first nine digits name it."""
    return village[:9] + "000"


def _acts(
    rng: Random,
    scale: float,
    musters: Sequence[Place],
    teams: Sequence[Sequence[str]],
    *,
    rounds: dict[str, list[str]],
    venues: Sequence[str],
) -> tuple[Act, ...]:
    found = timetable.findings(rng, venues)
    gap = timetable.gap(scale)
    acts = [
        act
        for muster, team in zip(musters, teams, strict=True)
        for member in team
        for act in timetable.evening(rng, member, muster.id, [(venue, found[venue]) for venue in rounds[member]], gap)
    ]
    return tuple(sorted(acts, key=lambda act: act.at))


def _unreachable(seed: int, acts: Iterable[Act]) -> dict[str, Sequence[Stretch]]:
    """Return when which phones have no reception."""
    own: dict[str, list[Act]] = {}
    for act in acts:
        own.setdefault(act.member, []).append(act)
    return {
        member: timetable.reception(Random(f"{seed}/{member}"), done)  # noqa: S311 - as above
        for member, done in own.items()
    }


def _order(new_id: _NewId, incident: Incident, command: Organisation, groups: Sequence[Organisation]) -> Order:
    return Order(
        id=new_id("order", 0),
        incident=incident.id,
        number="浏防指令〔2022〕演9号",
        kind="close",
        title="关于“两个暂停”的令",
        title_en="Order on the two suspensions",
        text="自3月22日18时起至4月20日24时止，全市宗教活动场所、景区景点、文化娱乐场所暂停对外开放，"
        "暂停举办聚集性活动。三个督查组分片负责，逐个场所上门督查；发现仍开放或者有聚集的，当晚整改到位。"
        "本令仅用于演练。",
        text_en="From 18:00 on 22 March to 24:00 on 20 April, places of worship, scenic spots and places of "
        "culture and entertainment in the county are closed to the public and hold no gatherings. Three "
        "teams, a district each, inspect every one of them; whatever is found open or gathered is put right "
        "the same night. This order is for the drill only.",
        basis=("《中华人民共和国传染病防治法》第四十二条", "《突发公共卫生事件应急条例》第三十三条"),
        issuer=command.id,
        parent=None,
        starts_at=ORDERED,
        ends_at=NIGHT.replace(month=4, day=21),  # 24:00 on the 20th
        appeal="市指挥部综合组 值班电话（演练）",
        activities=("venue_closure", "attendance"),
        scope=Scope((COUNTY,), ("worship", "scenic", "entertainment"), tuple(group.id for group in groups)),
    )


def _posts(
    new_id: _NewId,
    order: Order,
    groups: Sequence[Organisation],
    musters: Sequence[Place],
    teams: Sequence[Sequence[str]],
) -> tuple[Duty, ...]:
    return tuple(
        Duty(
            new_id("post", index),
            order.id,
            "attendance",
            "post",
            muster.id,
            group.id,
            ORDERED,
            UNTIL,
            len(team),
        )
        for index, (group, muster, team) in enumerate(zip(groups, musters, teams, strict=True))
    )


def _stations(new_id: _NewId, posts: Iterable[Duty], teams: Iterable[Sequence[str]]) -> tuple[Assignment, ...]:
    """Return everybody's place at the group's post."""
    pairs = [(post.id, member) for post, team in zip(posts, teams, strict=True) for member in team]
    return tuple(Assignment(new_id("station", index), post, member) for index, (post, member) in enumerate(pairs))
