"""A scenario, rehearsed over the two doors and compared with the truth."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl

from tongxin.base import clock
from tongxin.base.clock import DrillClock
from tongxin_drill import DrillError
from tongxin_drill.client import Desk
from tongxin_drill.fleet import live_through
from tongxin_drill.phone import Phone
from tongxin_drill.shapes import Act, Member, Scenario

SETTLING = 20.0
"""For so many real seconds the figures may stand still before they are taken as they are."""
PAGE = 1_000

Figures = Mapping[str, int | float]
"""Values by figure; of a part of one, by its key with the query that asks for that part: ``sortie.hours?day=2022-03-22``."""
Check = Callable[[Sequence[tuple[Act, datetime]]], list[str]]
"""What must be so of all acts with the times that the ledger settled for them; a line for everything that is not."""


class Progress(Protocol):
    """How a rehearsal shows how far it is."""

    def step(self, text_zh: str, text_en: str, total: int, /) -> None:
        """Begin the next step, of ``total`` parts."""

    def advance(self, n: int, /) -> None:
        """Say that ``n`` more parts are done; negative if records had to be taken back."""


@dataclass(frozen=True)
class Result:
    """How the rehearsal ended.

    ``records`` counts the ledger's, ``lost`` the acts that are not among them, ``duplicates`` the ids that
    are there more than once, ``quarantined`` the marked ones, ``resent`` the records that phones sent again;
    ``seconds`` are real. ``differences`` has a line for every figure, live or in the bulletin, that is not
    the truth, for every time that was not settled as it was, and for everything else that went wrong.
    """

    seed: int
    scale: float
    phones: int
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
        """Say whether all ended exactly as planned."""
        return not (self.differences or self.lost or self.duplicates or self.quarantined)

    def as_json(self) -> dict[str, object]:
        """Return the part that ``--json`` writes."""
        return {
            "seed": self.seed,
            "scale": self.scale,
            "phones": self.phones,
            "seconds": self.seconds,
            "records": self.records,
            "lost": self.lost,
            "duplicates": self.duplicates,
            "figures": self.figures,
            "truth": self.truth,
            "differences": self.differences,
        }


def rehearse(
    url: str, code: str, scenario: Scenario, expected: Figures, check: Check, progress: Progress, truth_file: Path
) -> Result:
    """Rehearse a scenario against the server at ``url``; ``code`` signs in the founding commander.

    1. The truth, ``expected``, is written to ``truth_file`` before anything is sent.
    2. The founder sets the drill clock and enters organisations, places and members; the scenario's own
       commander signs in, opens the incident, issues the orders, gives out visits, posts and assignments.
    3. The phone of everybody who will act enrols.
    4. The clock begins; the phones live through it all.
    5. The figures settle; the clock runs out.
    6. The ledger's records are counted against the phones', its times held against the plan's, and ``check`` is asked.
    7. The bulletin is frozen and published, and its figures compared like the live ones.

    Raises DrillError (DoorError, PhoneError) if it cannot begin or the desk is refused.
    """
    began = time.monotonic()
    _write_truth(truth_file, scenario, expected)
    with Desk(url) as founder, Desk(url) as desk:
        founder.sign_in(code)
        _found(founder, scenario, progress)
        desk.sign_in(_codes(founder, [scenario.commander])[scenario.commander.id])
        _command(desk, scenario, progress)
        phones, troubles = _live(url, desk, scenario, progress)
        figures = _settled(desk, scenario, expected, progress)
        _wait_for_end(phones)
        listed = _records(desk, scenario.incident.id)
        bulletin = _publish(url, desk, founder, scenario, progress)
    wrong = [*compare(figures, expected, "live"), *compare(bulletin["figures"], _whole(expected), "bulletin"), *troubles]
    return Result(
        seed=scenario.seed, scale=scenario.scale, phones=len(phones), figures=figures, truth=dict(expected),
        seconds=round(time.monotonic() - began, 1), differences=[*wrong, *_on_phones(phones, check)], bulletin=bulletin,
        resent=sum(phone.resent for phone in phones), **_counted(scenario, phones, listed),
    )  # fmt: skip


def _on_phones(phones: Sequence[Phone], check: Check) -> Iterator[str]:
    """Yield a line for everything that is wrong with what phones made and were told."""
    settled = [pair for phone in phones for pair in phone.settled]
    yield from _mistimed(settled)
    yield from check(settled)
    yield from chain.from_iterable(phone.errors for phone in phones)


def _counted(scenario: Scenario, phones: Sequence[Phone], listed: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Count the ledger's records, what it lost, holds twice and marked."""
    times = Counter(record["id"] for record in listed)
    made = [kept.id for phone in phones for kept in phone.pocket.records]
    return {
        "records": len(listed),
        "lost": len(scenario.acts) - sum(id_ in times for id_ in made),  # with the acts whose phone stopped before it made them
        "duplicates": sum(number > 1 for number in times.values()),
        "quarantined": sum(record["quarantine"] is not None for record in listed),
    }


def compare(figures: Figures, expected: Figures, where: str) -> list[str]:
    """Return a line for every figure that is missing, different or unknown to the truth."""
    return [
        f"{where} {key}: {figures.get(key, 'missing')}, truth {expected.get(key, 'unknown')}"
        for key in sorted(figures.keys() | expected.keys())
        if figures.get(key) != expected.get(key)
    ]


def _whole(figures: Figures) -> Figures:
    """Return the figures that are not parts of one."""
    return {key: value for key, value in figures.items() if "?" not in key}


def _mistimed(settled: Sequence[tuple[Act, datetime]]) -> Iterator[str]:
    """Yield a line for every record that the ledger took to have happened at another time than it did."""
    for act, occurred in settled:
        if occurred != (act.stated or act.at):
            yield f"{act.activity} at {act.at.isoformat()} was settled as {occurred.isoformat()}"


def _write_truth(file: Path, scenario: Scenario, expected: Figures) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {"seed": scenario.seed, "scale": scenario.scale, "truth": expected}
    file.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def _found(founder: Desk, scenario: Scenario, progress: Progress) -> None:
    """Do what the founding commander does: clock, organisations, places, members."""
    progress.step("建立组织、场所和人员", "Entering organisations, places and members", 4)
    founder.post("clock", {"start": scenario.start, "factor": scenario.factor, "until": scenario.until})
    progress.advance(1)
    for name, rows in (
        ("organisations", scenario.organisations),
        ("places", scenario.places),
        ("members", scenario.members),
    ):
        founder.post_rows(name, name, rows)
        progress.advance(1)


def _command(desk: Desk, scenario: Scenario, progress: Progress) -> None:
    """Do what the scenario's commander does: incident, orders, visits, posts, assignments."""
    progress.step("下达命令，分派任务", "Issuing the order, giving out duties", 4)
    desk.post("incidents", scenario.incident)
    for order in scenario.orders:
        desk.post("orders", order)
    progress.advance(1)
    visits = _visits(desk, scenario)
    progress.advance(1)
    desk.post_rows("duties", "duties", scenario.duties)
    progress.advance(1)
    desk.post_rows("assignments", "assignments", [*scenario.assignments, *scenario.visit_assignments(visits)])
    progress.advance(1)


def _visits(desk: Desk, scenario: Scenario) -> list[dict[str, str]]:
    """Have the visits of all orders made and return them. Every place that is to be visited must have one."""
    answers = [desk.post(f"orders/{order.id}/visits") for order in scenario.orders]
    visits = [visit for answer in answers for visit in answer["duties"]]
    unheld = [place for answer in answers for place in answer["unheld"]]
    unasked = scenario.visitors.keys() - {(visit["activity"], visit["place"]) for visit in visits}
    if unasked or unheld:
        raise DrillError(f"{len(unasked)} places without a visit {sorted(unasked)[:1]}, {len(unheld)} held by nobody")
    return visits


def _codes(desk: Desk, members: list[Member]) -> dict[str, str]:
    """Return a sign-in code for each member's id."""
    answers = desk.post_rows("sign-in-codes", "members", [member.id for member in members])
    return {item["member"]: item["code"] for answer in answers for item in answer["codes"]}


def _live(url: str, desk: Desk, scenario: Scenario, progress: Progress) -> tuple[list[Phone], list[str]]:
    """Enrol the phones, begin, and let them run; return them and why some stopped."""
    actors = list(scenario.actors)
    progress.step(f"{len(actors)}部手机上报", f"{len(actors)} phones at work", len(scenario.acts))
    codes = _codes(desk, actors)

    def begin() -> None:
        desk.post("clock/begin")

    return asyncio.run(live_through(url, scenario, codes, begin=begin, receipted=progress.advance))


def _settled(desk: Desk, scenario: Scenario, expected: Figures, progress: Progress) -> dict[str, int | float]:
    """Return the live figures once all is added up and they are right, or when nothing has moved for a while."""
    progress.step("核对数字", "Checking the figures", 1)
    position, since = -1, time.monotonic()
    while True:
        answer = desk.get(f"incidents/{scenario.incident.id}/figures")
        figures: dict[str, int | float] = answer["figures"]
        right = answer["behind"] == 0 and not compare(figures, _whole(expected), "live")
        if answer["position"] != position:
            position, since = answer["position"], time.monotonic()
        if right or time.monotonic() - since >= SETTLING:
            progress.advance(1)
            return figures | _parts(desk, scenario, expected)
        time.sleep(0.2)


def _parts(desk: Desk, scenario: Scenario, expected: Figures) -> dict[str, int | float]:
    """Return those parts of figures that the truth names."""
    wanted: dict[str, list[str]] = {}
    for key in expected.keys() - _whole(expected).keys():
        figure, _, query = key.partition("?")
        wanted.setdefault(query, []).append(figure)
    found: dict[str, int | float] = {}
    for query, figures in wanted.items():
        answer = desk.get(f"incidents/{scenario.incident.id}/figures", **dict(parse_qsl(query)))
        found |= {f"{figure}?{query}": answer["figures"][figure] for figure in figures if figure in answer["figures"]}
    return found


def _wait_for_end(phones: list[Phone]) -> None:
    """Wait until the drill clock has run out; if no phone has read it, it has not begun."""
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


def _publish(url: str, desk: Desk, founder: Desk, scenario: Scenario, progress: Progress) -> dict[str, Any]:
    """Freeze the bulletin, have two others agree to it, publish it; return it."""
    progress.step("发布战报", "Publishing the bulletin", 2)
    content = {"incident": scenario.incident.id, "title": scenario.title, "title_en": scenario.title_en}
    frozen = desk.post("bulletins", content, repeatable=False)  # a second call would freeze a second one
    progress.advance(1)
    for code in _codes(founder, scenario.reviewers).values():
        with Desk(url) as reviewer:
            reviewer.sign_in(code)
            reviewer.post(f"bulletins/{frozen['id']}/review", {"agrees": True})
    published = desk.post(f"bulletins/{frozen['id']}/publish")
    progress.advance(1)
    return published
