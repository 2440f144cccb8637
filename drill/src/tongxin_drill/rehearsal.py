"""The first night, rehearsed over the two doors and compared with the truth."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from tongxin.base import clock
from tongxin.base.clock import DrillClock
from tongxin_drill import DrillError, timetable
from tongxin_drill.client import Desk
from tongxin_drill.fleet import live_through
from tongxin_drill.phone import Phone
from tongxin_drill.scenario import truth
from tongxin_drill.shapes import Member, Scenario

NIGHT_SECONDS = 28.0
"""How long the night lasts in real seconds, unless it is too full for that."""
MOST_ACTS = 1_500
"""How many acts are planned for a real second at most."""
SETTLING = 20.0
"""How many real seconds the figures have to add up the last records."""
PAGE = 1_000
TITLE = "首夜战报：“两个暂停”督查"
TITLE_EN = "First night: inspection of the two suspensions"

Figures = Mapping[str, int | float]


class Progress(Protocol):
    """How a rehearsal shows how far it is."""

    def step(self, text_zh: str, text_en: str, total: int, /) -> None:
        """Begin the next step, of ``total`` parts."""

    def advance(self, n: int, /) -> None:
        """Say that ``n`` more parts are done; negative if records had to be taken back."""


@dataclass(frozen=True)
class Result:
    """How the night ended.

    ``records`` counts the ledger's, ``lost`` the acts that are not among them, ``duplicates`` the ids that
    are there more than once, ``quarantined`` the marked ones, ``resent`` the records that phones sent again;
    ``seconds`` are real. ``differences`` has a line for every figure, live or in the bulletin, that is not
    the truth, and for everything else that went wrong.
    """

    figures: dict[str, int | float]
    truth: dict[str, int | float]
    records: int
    lost: int
    duplicates: int
    seconds: float
    differences: list[str]
    bulletin: dict[str, Any]
    quarantined: int
    resent: int

    @property
    def passed(self) -> bool:
        """Say whether the night ended exactly as planned."""
        return not (self.differences or self.lost or self.duplicates or self.quarantined)

    def as_json(self) -> dict[str, object]:
        """Return the part that ``--json`` writes."""
        return {
            "figures": self.figures,
            "truth": self.truth,
            "records": self.records,
            "lost": self.lost,
            "duplicates": self.duplicates,
            "seconds": self.seconds,
        }


def rehearse(url: str, code: str, scenario: Scenario, progress: Progress, truth_file: Path) -> Result:
    """Rehearse the night against the server at ``url``; ``code`` signs in the founding commander.

    1. The truth is computed and written to ``truth_file`` before anything is sent.
    2. The founder sets the drill clock and enters organisations, places and members; the scenario's own
       commander signs in, opens the incident, issues the order, gives out visits, posts and assignments.
    3. Every inspector's phone enrols.
    4. The clock begins; the phones live through the night.
    5. The figures settle; the night runs out.
    6. The ledger's records are counted against the phones'.
    7. The bulletin is frozen and published, and its figures compared like the live ones.

    Raises DrillError (DoorError, PhoneError) if the night cannot begin or the desk is refused.
    """
    began = time.monotonic()
    expected = truth(scenario)
    _write_truth(truth_file, scenario, expected)
    with Desk(url) as founder, Desk(url) as desk:
        founder.sign_in(code)
        _found(founder, scenario, progress)
        (commander,) = scenario.holding("commander")
        desk.sign_in(_codes(founder, [commander])[commander.id])
        _command(desk, scenario, progress)
        phones, troubles = _night(url, desk, scenario, progress)
        figures = _settled(desk, scenario, expected, progress)
        _wait_for_end(phones)
        listed = _records(desk, scenario.incident.id)
        bulletin = _publish(desk, scenario.incident.id, progress)
    times = Counter(record["id"] for record in listed)
    made = [kept.id for phone in phones for kept in phone.pocket.records]
    return Result(
        figures=figures,
        truth=expected,
        records=len(listed),
        # An act whose phone stopped before making its record is lost too.
        lost=len(scenario.acts) - sum(id_ in times for id_ in made),
        duplicates=sum(number > 1 for number in times.values()),
        seconds=round(time.monotonic() - began, 1),
        differences=[
            *compare(figures, expected, "live"),
            *compare(bulletin["figures"], expected, "bulletin"),
            *troubles,
            *chain.from_iterable(phone.errors for phone in phones),
        ],
        bulletin=bulletin,
        quarantined=sum(record["quarantine"] is not None for record in listed),
        resent=sum(phone.resent for phone in phones),
    )


def compare(figures: Figures, expected: Figures, where: str) -> list[str]:
    """Return a line for every figure that is missing, different or unknown to the truth."""
    return [
        f"{where} {key}: {figures.get(key, 'missing')}, truth {expected.get(key, 'unknown')}"
        for key in sorted(figures.keys() | expected.keys())
        if figures.get(key) != expected.get(key)
    ]


def factor(scenario: Scenario) -> float:
    """Return the drill clock's factor: the night in NIGHT_SECONDS, or slower as MOST_ACTS demands."""
    night = (scenario.until - scenario.start).total_seconds()
    # Nearly all acts are visits, and these fill only a part of the night.
    fullest = len(scenario.acts) / timetable.VISITING
    return min(night / NIGHT_SECONDS, MOST_ACTS / fullest)


def _write_truth(file: Path, scenario: Scenario, expected: Figures) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {"seed": scenario.seed, "scale": scenario.scale, "truth": expected}
    file.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def _found(founder: Desk, scenario: Scenario, progress: Progress) -> None:
    """Do what the founding commander does: clock, organisations, places, members."""
    progress.step("建立组织、场所和人员", "Entering organisations, places and members", 4)
    founder.post("clock", {"start": scenario.start, "factor": factor(scenario), "until": scenario.until})
    progress.advance(1)
    for name, rows in (
        ("organisations", scenario.organisations),
        ("places", scenario.venues + scenario.musters),
        ("members", scenario.members),
    ):
        founder.post_rows(name, name, rows)
        progress.advance(1)


def _command(desk: Desk, scenario: Scenario, progress: Progress) -> None:
    """Do what the scenario's commander does: incident, order, visits, posts, assignments."""
    progress.step("下达命令，分派任务", "Issuing the order, giving out duties", 4)
    desk.post("incidents", scenario.incident)
    desk.post("orders", scenario.order)
    progress.advance(1)
    duties = _visits(desk, scenario)
    progress.advance(1)
    desk.post_rows("duties", "duties", scenario.posts)
    progress.advance(1)
    desk.post_rows("assignments", "assignments", [*scenario.stations, *scenario.visit_assignments(duties)])
    progress.advance(1)


def _visits(desk: Desk, scenario: Scenario) -> dict[str, str]:
    """Have the visits made; return the duty's id for each venue's. Every venue must have one."""
    answer = desk.post(f"orders/{scenario.order.id}/visits")
    duties = {duty["place"]: duty["id"] for duty in answer["duties"]}
    unasked = [venue.name for venue in scenario.venues if venue.id not in duties]
    if unasked or answer["unheld"]:
        raise DrillError(f"{len(unasked)} venues without a visit {unasked[:1]}, {len(answer['unheld'])} held by nobody")
    return duties


def _codes(desk: Desk, members: list[Member]) -> dict[str, str]:
    """Return a sign-in code for each member's id."""
    answers = desk.post_rows("sign-in-codes", "members", [member.id for member in members])
    return {item["member"]: item["code"] for answer in answers for item in answer["codes"]}


def _night(url: str, desk: Desk, scenario: Scenario, progress: Progress) -> tuple[list[Phone], list[str]]:
    """Enrol the phones, begin, and let them run; return them and why some stopped."""
    inspectors = list(scenario.holding("inspector"))
    progress.step(f"{len(inspectors)}部手机夜查", f"{len(inspectors)} phones through the night", len(scenario.acts))
    codes = _codes(desk, inspectors)

    def begin() -> None:
        desk.post("clock/begin")

    return asyncio.run(live_through(url, scenario, codes, begin=begin, receipted=progress.advance))


def _settled(desk: Desk, scenario: Scenario, expected: Figures, progress: Progress) -> dict[str, int | float]:
    """Return the live figures once all is added up and they are right, or when they had time enough."""
    progress.step("核对数字", "Checking the figures", 1)
    deadline = time.monotonic() + SETTLING
    while True:
        answer = desk.get(f"incidents/{scenario.incident.id}/figures")
        figures: dict[str, int | float] = answer["figures"]
        right = answer["behind"] == 0 and not compare(figures, expected, "live")
        if right or time.monotonic() >= deadline:
            progress.advance(1)
            return figures
        time.sleep(0.2)


def _wait_for_end(phones: list[Phone]) -> None:
    """Wait until the night is over by the drill clock; if no phone has read it there is no night."""
    drills: list[DrillClock] = [phone.drill for phone in phones if phone.drill is not None]
    if drills:
        time.sleep(max(0.0, (drills[0].real(drills[0].until) - clock.wall()).total_seconds()))


def _records(desk: Desk, incident: str) -> list[dict[str, Any]]:
    """Return all of the incident's records in the ledger, page after page."""
    records: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        answer = desk.get(f"incidents/{incident}/records", after=after, limit=PAGE)
        records += answer["records"]
        after = answer["next"]
    return records


def _publish(desk: Desk, incident: str, progress: Progress) -> dict[str, Any]:
    """Freeze the bulletin and publish it; return it."""
    progress.step("发布首夜战报", "Publishing the bulletin", 2)
    content = {"incident": incident, "title": TITLE, "title_en": TITLE_EN}
    frozen = desk.post("bulletins", content, repeatable=False)  # a second call would freeze a second one
    progress.advance(1)
    published = desk.post(f"bulletins/{frozen['id']}/publish")
    progress.advance(1)
    return published
