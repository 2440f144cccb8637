"""How long the desk's pages take, beside the shortest answer that the same server can give."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from random import Random
from statistics import quantiles

import httpx
from bench.homes import BenchError

from tongxin_drill.client import Desk
from tongxin_drill.shapes import Scenario

WARMING = 3
"""Rounds that are asked first and do not count."""
LEAST = "health"
"""The limit: the same server, one trivial query."""


@dataclass(frozen=True)
class Page:
    """A page to ask for; several addresses are asked in turn. What is not ``barred`` is reported beside."""

    name: str
    paths: Sequence[str]
    barred: bool = True


@dataclass(frozen=True)
class Times:
    """How long a page took, in milliseconds, and how large it is."""

    p50: float
    p95: float
    longest: float
    times: int
    bytes: int

    @classmethod
    def of(cls, seconds: Sequence[float], size: int) -> "Times":
        """Sum up measured times."""
        steps = quantiles(seconds, n=100, method="inclusive")
        p50, p95, longest = (round(1000 * value, 1) for value in (steps[49], steps[94], max(seconds)))
        return cls(p50, p95, longest, len(seconds), size)


def pages(scenario: Scenario, bulletin: str, records: int, rounds: int) -> list[Page]:
    """Return what is asked: the four pages (a figure opens to a record), two deep ones, and the limit."""
    rng = Random(scenario.seed)  # noqa: S311 - a workload, not a secret
    return [
        Page("Tonight", ["/"]),
        Page("Order", [f"/orders/{scenario.orders[0].id}"]),
        Page("Figure: inspections", ["/figures/venue_closure.inspections"]),
        Page("Figure: found open", ["/figures/venue_closure.found_open"]),
        Page("Record", [f"/records/{rng.randint(1, records)}" for _ in range(rounds)]),
        Page("Bulletin", [f"/bulletins/{bulletin}"]),
        Page("Figure: inspections, far down", [f"/figures/venue_closure.inspections?before={records // 2}"], barred=False),
        Page("Figure: found open, the oldest", ["/figures/venue_closure.found_open?before=99"], barred=False),
        Page(LEAST, ["/health"], barred=False),
    ]


@contextmanager
def signed_in(url: str, desk: Desk, member: str) -> Iterator[httpx.Client]:
    """Yield a browser's connection to the server, a member signed in; ``desk`` may make the code."""
    code = desk.post("sign-in-codes", {"members": [member]})["codes"][0]["code"]
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        client.post("/api/sign-in", json={"code": code}).raise_for_status()
        yield client


def one_by_one(client: httpx.Client, asked: Sequence[Page], rounds: int) -> dict[str, Times]:
    """Ask for every page in turn, round after round, so that whatever else the machine does hits all alike."""
    seconds, sizes = _rounds(client, asked, rounds, None)
    return {page.name: Times.of(seconds[page.name][WARMING:], sizes[page.name]) for page in asked}


def together(client: httpx.Client, asked: Sequence[Page], rounds: int, clients: int) -> tuple[dict[str, Times], float]:
    """Do the same with several clients at once, each in an order of its own; also return answers a second."""
    others = [httpx.Client(base_url=client.base_url, cookies=client.cookies, timeout=60, trust_env=False) for _ in range(clients)]
    orders = [Random(number) for number in range(clients)]  # noqa: S311 - a workload, not a secret
    began = time.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        done = list(pool.map(lambda one, rng: _rounds(one, asked, rounds, rng), others, orders))
    rate = clients * rounds * len(asked) / (time.monotonic() - began)
    for one in others:
        one.close()
    sizes = done[0][1]
    return {page.name: Times.of([s for seconds, _ in done for s in seconds[page.name]], sizes[page.name]) for page in asked}, rate


def _rounds(
    client: httpx.Client, asked: Sequence[Page], rounds: int, rng: Random | None
) -> tuple[dict[str, list[float]], dict[str, int]]:
    """Return the seconds of every answer by page, and the pages' sizes."""
    seconds: dict[str, list[float]] = {page.name: [] for page in asked}
    sizes: dict[str, int] = {}
    for number in range(rounds + (WARMING if rng is None else 0)):
        for page in rng.sample(asked, len(asked)) if rng else asked:
            began = time.perf_counter()
            response = client.get(page.paths[number % len(page.paths)])
            seconds[page.name].append(time.perf_counter() - began)
            if response.status_code != HTTPStatus.OK:
                raise BenchError(f"{response.request.url.path}: {response.status_code} {response.text[:300]}")
            sizes[page.name] = len(response.content)
    return seconds, sizes
