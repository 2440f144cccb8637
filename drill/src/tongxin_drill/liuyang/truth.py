"""Every figure that the 18 days must end with, counted from what is planned and from nothing else.

It shares nothing with the code that computes the figures in earnest: what each figure means is said here a second time.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from tongxin.base.clock import day_of
from tongxin_drill.liuyang.days import DAYS, FIRST
from tongxin_drill.liuyang.districts import ZHANGFANG
from tongxin_drill.shapes import Act, Scenario

Number = int | float


@dataclass(frozen=True)
class Report:
    """A report as it counts in the end, or (``kind``) an approval of what ``opened`` names.

    ``about`` is the record that began it, else its own id; ``duty`` and ``organisation`` are empty for visits.
    """

    id: str
    about: str
    kind: str
    at: datetime
    activity: str
    typist: str
    member: str
    place: str
    duty: str
    body: Mapping[str, Any]
    area: str = ""
    category: str = ""
    organisation: str = ""

    @property
    def day(self) -> date:
        """The Shanghai day."""
        return day_of(self.at)


class Count(NamedTuple):
    """What a report contributes to a figure: an amount, or a key that counts once."""

    report: Report
    amount: Fraction
    key: tuple[object, ...] = ()


Test = Callable[[Report], bool]
Rule = Callable[[Sequence[Report]], Iterable[Count]]
ONE = Fraction(1)


# --- from acts to the reports that count


def counting(acts: Iterable[Act], moments: Mapping[str, datetime] | None = None) -> list[Report]:
    """Return the reports that count and the approvals, in the order of time: none withdrawn, each as last corrected.

    ``moments`` may give the time of an act by its id; else it is when the act was, or what it states.
    """
    ordered = sorted(acts, key=lambda act: act.at)
    gone = {act.target.id for act in ordered if act.kind == "withdraw" and act.target}
    corrections = {act.target.id: act for act in ordered if act.kind == "correct" and act.target}

    def when(act: Act) -> datetime:
        return (moments or {}).get(act.id) or act.stated or act.at

    found = []
    for act in ordered:
        if act.kind in ("withdraw", "correct") or act.id in gone:
            continue
        last = corrections.get(act.id, act)
        began = act.target.id if act.target else act.id
        at = when(last) if last.stated else when(act)
        member = act.speaker or act.member
        found.append(Report(act.id, began, act.kind, at, act.activity, act.member, member, act.place, act.duty, last.body))
    return sorted(found, key=lambda report: report.at)


def _placed(scenario: Scenario) -> list[Report]:
    """Return the scenario's reports with what their places and duties say."""
    places = {place.id: place for place in scenario.places}
    held = {duty.id: duty.organisation for duty in scenario.duties}
    return [
        replace(
            report, area=places[report.place].area, category=places[report.place].category, organisation=held.get(report.duty, "")
        )
        for report in counting(scenario.acts)
    ]


# --- what a figure may count


def says(**answers: object) -> Test:
    """Say whether a report gives these answers."""
    return lambda report: all(report.body.get(name) == value for name, value in answers.items())


def denies(question: str, value: object) -> Test:
    """Say whether a report answers a question with anything else."""
    return lambda report: question in report.body and report.body[question] != value


def _any(report: Report) -> bool:  # noqa: ARG001 - a test that every report passes
    return True


def records(when: Test = _any) -> Rule:
    """Count reports."""
    return lambda reports: (Count(report, ONE) for report in reports if when(report))


def distinct(*parts: str, when: Test = _any) -> Rule:
    """Count different places, members, days … or combinations of them; a part may be a question."""

    def key(report: Report) -> tuple[object, ...]:
        return tuple(getattr(report, part) if hasattr(report, part) else report.body[part] for part in parts)

    return lambda reports: (Count(report, ONE, key(report)) for report in reports if when(report))


def total(question: str, within: str = "") -> Rule:
    """Add up answers; ``within`` names a list of rows that hold the question."""

    def amount(report: Report) -> Fraction:
        rows = report.body[within] if within else [report.body]
        return sum((_exact(row[question]) for row in rows if question in row), Fraction())

    return lambda reports: (Count(report, amount(report)) for report in reports)


def last(question: str, of: str = "place") -> Rule:
    """Add up each subject's last answer."""

    def rule(reports: Sequence[Report]) -> Iterable[Count]:
        latest = {_subject(report, of): report for report in reports}
        return [Count(report, _exact(report.body[question])) for report in latest.values()]

    return rule


@dataclass(frozen=True)
class Matter:
    """What opens by one answer and closes by another, for each subject; by ``duty`` where each shift is its own."""

    opens: Test
    closes: Test
    of: str = "place"

    def episodes(self, reports: Sequence[Report]) -> list[tuple[Report, Report | None]]:
        """Return (what opened it, what closed it or None) of every matter."""
        done: list[tuple[Report, Report | None]] = []
        standing: dict[object, Report] = {}
        for report in reports:
            subject = _subject(report, self.of)
            if subject not in standing:
                if self.opens(report):
                    standing[subject] = report
            elif self.closes(report):
                done.append((standing.pop(subject), report))
        return done + [(report, None) for report in standing.values()]


Episodes = Callable[[Sequence[Report]], list[tuple[Report, Report | None]]]


def opened(episodes: Episodes) -> Rule:
    """Count matters as they opened."""
    return lambda reports: (Count(opening, ONE) for opening, _ in episodes(reports))


def closed(episodes: Episodes) -> Rule:
    """Count matters as they closed."""
    return lambda reports: (Count(closing, ONE) for _, closing in episodes(reports) if closing)


def hours(episodes: Episodes) -> Rule:
    """Add up how long closed matters were open; see HOURS."""
    return lambda reports: (
        Count(opening, Fraction((closing.at - opening.at) / timedelta(microseconds=1)) / 3_600_000_000)
        for opening, closing in episodes(reports)
        if closing
    )


def _released(reports: Sequence[Report]) -> list[tuple[Report, Report | None]]:
    """Return the lots held in the warehouse: closed by an approval, after the report that asks for it, by somebody else."""
    done: list[tuple[Report, Report | None]] = []
    held: dict[str, tuple[Report, Report | None]] = {}
    lots = {report.id: report.body["lot"] for report in reports if report.kind == "report"}
    for report in reports:
        lot = lots[report.about]
        if report.kind == "approve" and lot in held:
            opening, asking = held[lot]
            if report.about == opening.id and asking is not None and asking.typist != report.typist:
                del held[lot]
                done.append((opening, report))
        elif report.kind == "report" and lot in held:
            held[lot] = (held[lot][0], report if report.body["step"] == "negative" else None)
        elif report.body.get("step") == "received":
            held[lot] = (report, None)
    return done + [(opening, None) for opening, _ in held.values()]


def _acted_on(reports: Sequence[Report]) -> list[tuple[Report, Report | None]]:
    """Return the advice that stands to be acted on: it begins as a question is answered."""
    answers = {closing.id for _, closing in ADVICE.episodes(reports) if closing}
    return Matter(lambda report: report.id in answers, says(stage="done"), of="about").episodes(reports)


def _subject(report: Report, of: str) -> object:
    if of == "lot":
        return report.body["lot"]
    return (report.member, report.duty) if of == "duty" else getattr(report, of)


def _exact(number: float) -> Fraction:
    return Fraction(str(number))


# --- what each figure counts

CAME, LEFT = says(act="in"), says(act="out")
SHIFT = Matter(CAME, LEFT, of="duty")
OPEN, GATHERING = Matter(says(open=True), says(open=False)), Matter(says(gathering=True), says(gathering=False))
UNHELD = Matter(says(entrance_held=False), says(entrance_held=True))
UNKEPT = Matter(denies("measures", "kept"), says(measures="kept"))
UNCHECKED = Matter(says(codes_checked=False), says(codes_checked=True))
UNDECLARED = Matter(says(imported="undeclared"), denies("imported", "undeclared"))
BYPASS = Matter(says(via_warehouse=False), says(via_warehouse=True), of="lot")
POSITIVE = Matter(says(step="positive"), denies("step", "positive"), of="lot")
UNREPORTED = Matter(says(all_reported=False), says(all_reported=True))
ACCESS = Matter(says(closed_management=False), says(closed_management=True))
UNANSWERED = Matter(says(answered=False), says(answered=True), of="about")
PENDING = Matter(says(outcome="submitted"), denies("outcome", "submitted"), of="about")
ADVICE = Matter(says(stage="asked"), says(stage="advised"), of="about")
HAZARD = Matter(denies("hazard", "none"), says(hazard="none"))

FIGURES: dict[str, dict[str, Rule]] = {
    "venue_closure": {
        "venues_inspected": distinct("place"),
        "inspections": records(),
        "found_open": opened(OPEN.episodes),
        "fixed": closed(OPEN.episodes),
        "gatherings": opened(GATHERING.episodes),
        "dispersed": closed(GATHERING.episodes),
    },
    "deployment": {
        "person_times": distinct("member", "duty", "day", when=CAME),
        "members": distinct("member", when=CAME),
    },
    "village_measures": {
        "villages": distinct("area"),
        "places": distinct("place"),
        "checks": records(),
        "problems": opened(UNHELD.episodes),
        "solved": closed(UNHELD.episodes),
    },
    "key_place_patrol": {
        "places": distinct("place"),
        "patrols": records(),
        "problems": opened(UNKEPT.episodes),
        "solved": closed(UNKEPT.episodes),
    },
    "premises_check": {
        "visits": records(),
        "places": distinct("place"),
        "found": opened(UNCHECKED.episodes),
        "solved": closed(UNCHECKED.episodes),
    },
    "isolation_round": {
        "rounds": records(),
        "staying": last("persons"),
        "measured": total("measured"),
        "members": distinct("member"),
        "places": distinct("place"),
    },
    "freezer_inspection": {
        "inspections": records(),
        "places": distinct("place"),
        "undeclared": opened(UNDECLARED.episodes),
        "solved": closed(UNDECLARED.episodes),
    },
    "cold_chain_declaration": {
        "lots": distinct("lot"),
        "declared_weight": last("weight", of="lot"),
        "bypassed": opened(BYPASS.episodes),
    },
    "warehouse_release": {
        "received": opened(_released),
        "released": closed(_released),
        "weight": total("weight"),
        "positives": opened(POSITIVE.episodes),
    },
    "liaison_log": {
        "staff": last("staff"),
        "companies": distinct("place"),
        "returned": total("returned"),
        "tested": total("tested"),
        "gaps": opened(UNREPORTED.episodes),
    },
    "disinfection": {
        "area": total("area", within="parts"),
        "times": records(),
        "sites": distinct("place"),
        "site_area": last("site"),
    },
    "sector_inspection": {
        "places": distinct("place"),
        "communities": distinct("area"),
        "members": distinct("member"),
        "people": last("workers"),
        "found": opened(ACCESS.episodes),
        "solved": closed(ACCESS.episodes),
    },
    "grassroots_voice": {"voices": opened(UNANSWERED.episodes), "answered": closed(UNANSWERED.episodes)},
    "suggestion": {"suggestions": opened(PENDING.episodes), "adopted": records(says(outcome="adopted"))},
    "expert_advice": {
        "asked": opened(ADVICE.episodes),
        "advised": closed(ADVICE.episodes),
        "done": closed(_acted_on),
    },
    "attendance": {
        "members": distinct("member", when=CAME),
        "person_times": distinct("member", "duty", "day", when=CAME),
        "hours": hours(SHIFT.episodes),
    },
    "expert_service": {
        "services": records(),
        "experts": distinct("member"),
        "trained": total("trained"),
        "places": distinct("place"),
    },
    "sortie": {
        "sorties": distinct("organisation", "place", "day", when=CAME),
        "hours": hours(SHIFT.episodes),
        "members": distinct("member", when=CAME),
    },
    "checkpoint_post": {
        "hours": hours(SHIFT.episodes),
        "days": distinct("day", when=CAME),
        "person_times": distinct("member", "duty", "day", when=CAME),
        "vehicles": total("vehicles"),
        "turned_back": total("turned_back"),
    },
    "household_visit": {
        "households": total("households"),
        "helped": total("helped"),
        "waiting": total("needs"),
        "places": distinct("place"),
    },
    "safety_check": {
        "places": distinct("place"),
        "hazards": opened(HAZARD.episodes),
        "removed": closed(HAZARD.episodes),
    },
}
"""Every figure of every activity that the orders name."""

DAILY = ("checkpoint_post.hours", "sortie.sorties", "sortie.hours", "deployment.person_times")
"""Figures that must be right for each day, too."""
PARTS = (
    ("deployment.person_times", "area", ZHANGFANG),
    ("village_measures.villages", "area", ZHANGFANG),
    ("key_place_patrol.places", "area", ZHANGFANG),
    ("premises_check.visits", "area", ZHANGFANG),
    *(("sector_inspection.places", "category", name) for name in ("building_site", "estate", "sales_office", "plant")),
    ("sector_inspection.communities", "category", "estate"),
)
"""Figures of which a part carries a number of the report: (figure, what it is narrowed by, to what)."""


def truth(scenario: Scenario) -> dict[str, Number]:
    """Return every figure by key, and the parts of some, by the key and the query that asks for that part."""
    own: dict[str, list[Report]] = defaultdict(list)
    for report in _placed(scenario):
        own[report.activity].append(report)
    counts = {
        f"{activity}.{name}": list(rule(_for(name, own[activity])))
        for activity, rules in FIGURES.items()
        for name, rule in rules.items()
    }
    found = {key: _value(key, counted) for key, counted in counts.items()}
    return found | dict(_parts(counts))


def _for(name: str, reports: Sequence[Report]) -> Sequence[Report]:
    """Leave out approvals but where a figure is about what is approved."""
    return reports if name in ("received", "released") else [report for report in reports if report.kind == "report"]


def _parts(counts: Mapping[str, Sequence[Count]]) -> Iterator[tuple[str, Number]]:
    for key in DAILY:
        for day in (FIRST.date() + timedelta(days=n) for n in range(DAYS)):
            yield f"{key}?day={day}", _value(key, [count for count in counts[key] if count.report.day == day])
    for key, field, part in PARTS:
        within = part[:9] if field == "area" else part  # a town's code ends in three zeros
        mine = [count for count in counts[key] if getattr(count.report, field).startswith(within)]
        yield f"{key}?{field}={part}", _value(key, mine)


def _value(key: str, counts: Sequence[Count]) -> Number:
    if any(count.key for count in counts):
        return len({count.key for count in counts})
    amount = sum((count.amount for count in counts), Fraction())
    if key.endswith(".hours"):
        return round(float(amount), 1)
    return int(amount) if amount.denominator == 1 else float(amount)
