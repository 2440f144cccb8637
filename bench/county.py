"""A county for the intake's benchmark: places that are visited, members who visit them, and pages that are read meanwhile."""

import multiprocessing
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from bench.homes import BenchError

from tongxin.base import clock
from tongxin.host.program import make_ready
from tongxin.host.up import Desk as Running
from tongxin_drill.client import Desk

COUNTY, VILLAGE = "430181000000", "430181105201"
PLACES, MEMBERS = 5_000, 64
ACTIVITY = "bench_round"


@dataclass(frozen=True)
class County:
    """Who visits, and who reads."""

    url: str
    members: list[str]
    commander_code: Callable[[], str]

    def codes(self, count: int) -> list[str]:
        """Return sign-in codes for so many phones, spread over the members."""
        with Desk(self.url) as desk:
            desk.sign_in(self.commander_code())
            given = desk.post("sign-in-codes", {"members": self.members})["codes"]
        return [given[number % len(given)]["code"] for number in range(count)]

    @contextmanager
    def readers(self, url: str, count: int) -> Iterator[Callable[[], int]]:
        """Ask for pages with so many readers at a time while the context lasts; yields how many were answered so far.

        They run in a process of their own: what they wait for there does not delay whoever measures here.
        """
        spawn = multiprocessing.get_context("spawn")
        answered, over, codes = spawn.Value("q", 0), spawn.Event(), [self.commander_code() for _ in range(count)]
        process = spawn.Process(target=_read_together, args=(url, codes, answered, over))
        process.start()
        try:
            yield lambda: int(answered.value)
        finally:
            over.set()
            process.join()
        if process.exitcode:
            raise BenchError("a reader of pages failed")


def _read_together(url: str, codes: Sequence[str], answered: Any, over: Any) -> None:  # noqa: ANN401 - shared with another process
    with ThreadPoolExecutor(max(1, len(codes))) as threads:
        for each in [threads.submit(_read, url, code, answered, over) for code in codes]:
            each.result()


def _read(url: str, code: str, answered: Any, over: Any) -> None:  # noqa: ANN401 - as above
    with httpx.Client(base_url=url, trust_env=False, timeout=60, follow_redirects=True) as client:
        client.post("/api/sign-in", json={"code": code}).raise_for_status()
        while not over.is_set():
            client.get("/").raise_for_status()
            with answered:
                answered.value += 1


def county(running: Running) -> County:
    """Enter organisation, places, members, an incident and its order; give every place's visit to a member."""
    make_ready(running.database.app_url)
    from tongxin.people.actions import make_codes  # noqa: PLC0415 - rooms can be imported only now
    from tongxin.people.queries import founder_id  # noqa: PLC0415

    def code() -> str:
        return make_codes([founder_id(COUNTY[:6])])[0][1]

    members = [str(uuid.uuid4()) for _ in range(MEMBERS)]
    with Desk(running.url) as desk:
        desk.sign_in(code())
        _enter(desk, members)
    return County(running.url, members, code)


def _enter(desk: Desk, members: list[str]) -> None:
    now, team, incident, order = clock.wall(), *(str(uuid.uuid4()) for _ in range(3))
    desk.post("organisations", {"organisations": [_named(team, "巡查队", "Round team") | {"kind": "team", "areas": [COUNTY]}]})
    places = [
        _named(str(uuid.uuid4()), f"第{n}处", f"Place {n}") | {"category": "worship", "area": VILLAGE} for n in range(PLACES)
    ]
    desk.post_rows("places", "places", places)
    role = {"kind": "inspector", "organisation": team, "areas": [COUNTY], "since": now - timedelta(days=1)}
    desk.post_rows("members", "members", [_named(id_, "某某", "Somebody") | {"roles": [role]} for id_ in members])
    desk.post("incidents", _named(incident, "压测", "Benchmark") | {"kind": "epidemic", "drill": False})
    desk.post("orders", _order(order, incident, team))
    visits = desk.post(f"orders/{order}/visits")["duties"]
    jobs = [
        {"id": str(uuid.uuid4()), "duty": visit["id"], "member": members[number % len(members)]}
        for number, visit in enumerate(visits)
    ]
    desk.post_rows("assignments", "assignments", jobs)


def _named(id_: str, name: str, name_en: str) -> dict[str, Any]:
    return {"id": id_, "name": name, "name_en": name_en}


def _order(order: str, incident: str, team: str) -> dict[str, Any]:
    now = clock.wall()
    return {
        "id": order, "incident": incident, "number": "1", "kind": "close", "title": "压测令", "title_en": "Benchmark order",
        "text": "巡查。", "text_en": "Go round.", "basis": ["第四十二条"], "issuer": team, "parent": None,
        "starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(days=3), "appeal": "综合组", "activities": [ACTIVITY],
        "scope": {"areas": [COUNTY], "categories": ["worship"], "organisations": [team]},
    }  # fmt: skip
