"""Measures the desk of a county with a million records: every page's time, statements and bytes, the first view in a browser,
and how soon a record is seen.

A real Tongxin runs for it (PostgreSQL, intake, web, worker), and a browser and the client beside it on the same machine. Each
page's time stands beside the limits of the same run: the smallest answers of the same server, and the database's own.
"""

import asyncio
import gzip
import json
import os
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from urllib.parse import urlsplit

import click
import httpx
import psycopg
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from playwright.sync_api import Page as View

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import busy_county
from bench.addresses import ADDRESSES, KEPT, PRINTED
from bench.busy_county import BusyCounty
from bench.county import COUNTY, County
from bench.facts import Facts, read, write
from bench.homes import BenchError, is_clean, machine, temporary_home, tree
from bench.load import Line, Phone
from bench.pages import Page, Times, one_by_one
from bench.rig import Bench

from tongxin.base import clock
from tongxin.host.home import Home
from tongxin.host.ports import free_port
from tongxin.host.program import make_ready
from tongxin.host.up import Desk as Running
from tongxin.host.up import up

LIMITS = ("/health", "/sign-in")
"""The smallest answers."""
ROUNDS, VIEWS, SEEN, PRINTS = 40, 5, 20, 10
BARS = {
    "p95_ms": 150.0,
    "statements": 12,
    "first_view_bytes": 60_000,
    "first_view_ms": 1000.0,
    "seen_p95_s": 4.0,
    "printed_s": 5.0,
}
THROTTLE = 4
"""How many times slower than this machine's the browser's processor is."""
WATCHED = 20.0
"""Seconds that a record has to be seen."""
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
QUIET = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update")
ASKED = re.compile(rb"\tF\t\d+\t(?:Query|Execute)\t")
FRAME = re.compile(rb'\t "(?:BEGIN|SET TRANSACTION|COMMIT)|orders_clock')
FILES = re.compile(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"')
_LARGEST = """() => new Promise((done) => {
    new PerformanceObserver((seen) => done(seen.getEntries().at(-1).startTime))
        .observe({type: "largest-contentful-paint", buffered: true});
    setTimeout(() => done(0), 3000);
})"""
_LOADED = "() => performance.getEntriesByType('navigation')[0].loadEventEnd"


class Measured:
    """A running Tongxin with its busy county."""

    def __init__(self, running: Running, facts: Facts) -> None:
        self.running, self.facts = running, facts
        make_ready(running.database.app_url)
        self.bench = self.bench_of([])

    def code(self) -> str:
        """Return a fresh sign-in code of the commander's."""
        from tongxin.people.actions import make_codes  # noqa: PLC0415 - rooms can be imported only now
        from tongxin.people.queries import founder_id  # noqa: PLC0415

        return make_codes([founder_id(COUNTY[:6])])[0][1]

    def bench_of(self, members: list[str]) -> Bench:
        """Return the rig, with whom it enrols phones for."""
        return Bench(self.running, County(self.running.url, members, self.code), phones=0)

    def fill(self) -> None:
        """Let the county live through its weeks."""
        self.facts = BusyCounty(self.running, self.bench).live()

    def pages(self) -> list[Page]:
        """Return every page with the addresses that are asked for in turn."""
        facts, count = self.facts, self.facts.counts["records"]
        kinds = {kind: [facts.orders[number]] for number, (kind, _, _) in enumerate(busy_county.ORDERS)}
        some: dict[str, Sequence[object]] = {
            **kinds, "organisation": facts.organisations, "place": facts.places[:: len(facts.places) // 37],
            "record": [1 + count * n // 41 for n in range(41)], "bulletin": facts.bulletins,
            "published": facts.bulletins[:1], "matter": facts.matters,
            "day": [clock.day_of(clock.wall()).isoformat()],
        }  # fmt: skip
        return [
            Page(name, [path.format(**{key: ids[n % len(ids)] for key, ids in some.items()}) for n in range(ROUNDS)])
            for name, path in ADDRESSES
        ]

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """Yield a browser's connection, the commander signed in."""
        with httpx.Client(base_url=self.running.url, timeout=120, trust_env=False) as client:
            client.post("/api/sign-in", json={"code": self.code()}).raise_for_status()
            yield client

    @contextmanager
    def browser(self) -> Iterator[BrowserContext]:
        """Yield a browser without a cache, the commander signed in."""
        code = self.code()  # where a browser is driven, Django does not ask its database
        with sync_playwright() as player:
            chromium = player.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            try:
                yield self._signed_in(chromium, code)
            finally:
                chromium.close()

    def _signed_in(self, chromium: Browser, code: str) -> BrowserContext:
        context = chromium.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
        context.request.post(f"{self.running.url}/api/sign-in", data={"code": code})
        return context


def times(measured: Measured) -> dict[str, Any]:
    """Milliseconds of every page, as multiples of the smallest answer's and of the database's too."""
    limits = [Page(path, [path]) for path in LIMITS]
    with measured.client() as client:
        found = one_by_one(client, [*limits, *measured.pages()], ROUNDS)
    select = _select_1(measured)
    least = min(found[path].p95 for path in LIMITS)
    return {
        "limits": {name: asdict(found.pop(name)) for name in LIMITS} | {"SELECT 1": asdict(select)},
        "pages": {
            name: asdict(one) | {"times_least": round(one.p95 / least, 1), "times_select": round(one.p95 / select.p95, 1)}
            for name, one in found.items()
        },
    }


def _select_1(measured: Measured) -> Times:
    seconds = []
    with psycopg.connect(measured.running.database.app_url, autocommit=True) as connection:
        for _ in range(200):
            began = time.perf_counter()
            connection.execute("SELECT 1").fetchone()
            seconds.append(time.perf_counter() - began)
    found = Times.of(seconds, 0)
    steps = statistics.quantiles(seconds, n=100)
    return Times(round(1000 * steps[49], 3), round(1000 * steps[94], 3), found.longest, found.times, 0)


def statements(measured: Measured) -> dict[str, Any]:
    """How many SQL statements every page takes, in a process that has seen it once, of something else.

    What opens and ends a transaction is none, nor is the drill's clock, which a process reads at most twice a second.
    """
    from django.test import Client  # noqa: PLC0415 - Django is ready only now

    client = Client(headers={"host": "127.0.0.1"})
    signed = client.post("/api/sign-in", {"code": measured.code()}, content_type="application/json")
    if signed.status_code != 200:  # noqa: PLR2004 - HTTP
        raise BenchError(f"nobody could sign in: {signed.content[:200]!r}")
    pages: dict[str, int] = {}
    for page in measured.pages():
        client.get(page.paths[0])  # what a process learns once it knows from here on
        pages[page.name] = _asked(partial(client.get, page.paths[-1]))
    return {"pages": pages}


def _asked(act: Callable[[], object]) -> int:
    """Return how many statements something takes, on the wire: some go past Django's own cursors."""
    from django.db import connection  # noqa: PLC0415 - as above

    connection.ensure_connection()
    with TemporaryFile() as file:
        connection.connection.pgconn.trace(file.fileno())
        act()
        connection.connection.pgconn.untrace()
        file.seek(0)
        return sum(not FRAME.search(line) for line in file if ASKED.search(line))


def transferred(measured: Measured) -> dict[str, Any]:
    """Bytes of a first view as they are served: the page, and what it names of style and script; fonts do not count."""
    found: dict[str, Any] = {}
    files: dict[str, dict[str, Any]] = {}
    with measured.client() as client:
        for page in measured.pages():
            one, named = _served(client, page.paths[0]), FILES.findall(client.get(page.paths[0]).text)
            for file in named:
                files[file] = files.get(file) or _served(client, file)
            found[page.name] = one | {"first_view": one["sent"] + sum(files[file]["sent"] for file in named)}
    return {"files": files, "pages": found}


def _served(client: httpx.Client, path: str) -> dict[str, Any]:
    """Return how many bytes come for an address, how they are packed, and how many they would be as gzip packs them."""
    with client.stream("GET", path, headers={"Accept-Encoding": "gzip, br"}) as response:
        sent = b"".join(response.iter_raw())
        packing = response.headers.get("content-encoding", "none")
    plain = sent if packing == "none" else gzip.decompress(sent) if packing == "gzip" else client.get(path).content
    return {"sent": len(sent), "packing": packing, "plain": len(plain), "gzip": len(gzip.compress(plain, 6))}


def views(measured: Measured) -> dict[str, Any]:
    """Milliseconds until a page stands in a browser whose processor is slow and that has nothing of it: the median of some."""
    found: dict[str, Any] = {}
    with measured.browser() as context:
        for page in measured.pages():
            if page.paths[0].endswith(KEPT):
                continue
            taken = [_view(context, measured.running.url + path) for path in page.paths[:VIEWS]]
            loaded, painted = (statistics.median(one[at] for one in taken) for at in (0, 1))
            found[page.name] = {"loaded_ms": round(loaded), "painted_ms": round(painted), "views": len(taken)}
    return {"throttle": THROTTLE, "pages": found}


def _view(context: BrowserContext, url: str) -> tuple[float, float]:
    """Return the milliseconds until a page is loaded and until its largest part is painted."""
    view: View = context.new_page()
    session = context.new_cdp_session(view)
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.send("Emulation.setCPUThrottlingRate", {"rate": THROTTLE})
    try:
        view.goto(url, wait_until="load")
        return float(view.evaluate(_LOADED)), float(view.evaluate(_LARGEST))
    finally:
        view.close()


def printed(measured: Measured) -> dict[str, Any]:
    """Seconds of a published issue as PDF, which is made anew each time: the first one of all, and the longest of more."""
    path = PRINTED.format(published=measured.facts.bulletins[0])
    taken = []
    with measured.client() as client:
        for _ in range(PRINTS):
            began = time.perf_counter()
            response = client.get(path).raise_for_status()
            taken.append(time.perf_counter() - began)
    if not response.content.startswith(b"%PDF"):
        raise BenchError(f"{path} is no PDF")
    first, *more = (round(seconds, 2) for seconds in taken)
    return {"first_s": first, "longest_s": max(first, *more), "later_s": max(more), "bytes": len(response.content)}


def seen(measured: Measured) -> dict[str, Any]:
    """Seconds from a record's receipt until it is seen on an open *Tonight*."""
    phone, contents = _one_phone(measured)
    port, taken = int(urlsplit(measured.running.intake_url).port or 0), []
    measured.bench.catch_up()
    with ThreadPoolExecutor(1) as sender, measured.browser() as context:  # this thread's event loop is the browser's
        view = context.new_page()
        view.goto(measured.running.url + "/")
        for content in contents:
            position = sender.submit(asyncio.run, _send(port, phone, content)).result()
            began = time.perf_counter()
            view.wait_for_selector(f'a[href="/records/{position}"]', timeout=1000 * WATCHED)
            taken.append(time.perf_counter() - began)
            time.sleep(0.37)  # so that they fall anywhere between two of the page's looks
    steps = statistics.quantiles(taken, n=100, method="inclusive")
    return {"times": len(taken), "p50_s": round(steps[49], 2), "p95_s": round(steps[94], 2), "longest_s": round(max(taken), 2)}


def _one_phone(measured: Measured) -> tuple[Phone, list[dict[str, Any]]]:
    """Enrol a phone; return it with what it is to say of places, one after another."""
    question = """SELECT activity, encode(activity_hash, 'hex') AS activity_hash, "order"::text, place::text, duty::text,
        typist::text FROM ledger_record WHERE activity = 'premises_check' AND quarantine = '' AND act = 'report' AND typist =
        (SELECT typist FROM ledger_record WHERE activity = 'premises_check' AND quarantine = '' ORDER BY position LIMIT 1)
        ORDER BY position LIMIT %s"""
    with psycopg.connect(measured.running.database.owner_url, row_factory=psycopg.rows.dict_row) as connection:
        rows = connection.execute(question, [SEEN]).fetchall()
    (phone,) = measured.bench_of([rows[0]["typist"]]).enrol(1)
    for row in rows:
        del row["typist"]
    return phone, [row | {"body": busy_county.RIGHT["premises_check"]} for row in rows]


async def _send(port: int, phone: Phone, content: dict[str, Any]) -> int:
    """Send a record; return its position once its receipt is here."""
    line = Line(port)
    status, body = await line.send(phone.seal([(clock.to_ms(clock.wall()), content)]))
    line.close()
    receipt = json.loads(body)["receipts"][0]
    if status != 200 or receipt.get("quarantine"):  # noqa: PLR2004 - HTTP
        raise BenchError(f"a record was not taken: {status} {body[:300]!r}")
    return int(receipt["position"])


MEASURES: dict[str, Callable[[Measured], dict[str, Any]]] = {
    "times": times, "statements": statements, "transferred": transferred, "views": views, "printed": printed,
    "seen": seen,
}  # fmt: skip


def _verdicts(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each measure that has a bar, the worst page of all for what is measured of pages."""
    for measure, bar, values in (
        ("times p95_ms", BARS["p95_ms"], _of_pages(found, "times", "p95")),
        ("statements", BARS["statements"], _of_pages(found, "statements")),
        ("transferred first_view", BARS["first_view_bytes"], _of_pages(found, "transferred", "first_view")),
        ("views loaded_ms", BARS["first_view_ms"], _of_pages(found, "views", "loaded_ms")),
        ("views painted_ms", BARS["first_view_ms"], _of_pages(found, "views", "painted_ms")),
        ("printed longest_s", BARS["printed_s"], {"bulletin": found["printed"]["longest_s"]} if "printed" in found else {}),
        ("seen p95_s", BARS["seen_p95_s"], {"tonight": found["seen"]["p95_s"]} if "seen" in found else {}),
    ):
        if values:
            over = {name: value for name, value in values.items() if value > bar}
            yield {"measure": measure, "worst": max(values.values()), "bar": bar, "met": not over, "missed_by": over}


def _of_pages(found: dict[str, Any], measure: str, part: str = "") -> dict[str, float]:
    pages = found.get(measure, {}).get("pages", {})
    return {name: value[part] if part else value for name, value in pages.items()}


@contextmanager
def _county(kept: Path | None) -> Iterator[Measured]:
    """Run a Tongxin with its busy county while the context lasts; one that is kept is filled only once."""
    with temporary_home() as passing:
        home = Home(kept / "home") if kept else passing
        file = home.path.parent / "facts.json"
        known = read(file.read_bytes()) if file.exists() else None
        with up(home, free_port()) as running:
            measured = Measured(running, known or Facts("", [], [], []))
            if known is None:
                began = time.perf_counter()
                measured.fill()
                click.echo(f"filled in {time.perf_counter() - began:.0f} s: {json.dumps(measured.facts.counts)}")
                file.write_bytes(write(measured.facts))
            yield measured


@click.command(help=__doc__)
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write everything here too.")
@click.option("--only", type=click.Choice([*MEASURES]), multiple=True, help="Only this measure (may be repeated).")
@click.option(
    "--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep the county in this directory, or take the one there."
)
def main(file: Path | None, only: Sequence[str], keep: Path | None) -> None:
    """Measure, print, write: what the file holds of other measures stays, each with the day and tree that it was taken on."""
    found: dict[str, Any] = json.loads(file.read_text("utf-8")) if file and file.exists() else {}
    with _county(keep) as measured:
        for name in only or MEASURES:
            here = {"date": clock.wall().isoformat(timespec="seconds"), "tree": tree(), "clean": is_clean(), "machine": machine()}
            found[name] = MEASURES[name](measured) | {"county": measured.facts.counts} | here
            found["bars"] = list(_verdicts(found))
            if file:  # at once: filling takes minutes
                file.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")
    for line in found["bars"]:
        missed = ", ".join(f"{name} {value:g}" for name, value in line["missed_by"].items())
        click.echo(
            f"{'met' if line['met'] else 'NOT MET':8}{line['measure']}: {line['worst']:g} (at most {line['bar']:g}) {missed}"
        )


if __name__ == "__main__":
    main()
