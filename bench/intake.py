"""Measures the intake: what a record costs beside a plain COPY of the same rows, how much comes in how fast, what it does under
too much, how far the figures stay behind, and whether memory stays flat.

A real Tongxin runs for it (PostgreSQL, intake, web, worker); the load generator runs beside it on the same machine. Cost is CPU
time of PostgreSQL and intake together while the puller is held (SIGSTOP); the puller is measured apart.
"""

import asyncio
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import click
import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import load
from bench.homes import is_clean, machine, tree
from bench.load import Phone, pour
from bench.rig import Bench, running

from tongxin.base import clock

LIMIT = 500
"""Records a second, of the intake that sheds."""
MULTIPLIED = 48_000
COPIED, MOST_COPIED = 10_000, 40_000
"""Rows in one transaction of the COPY that everything is compared with, and in all."""
ROUNDS = 5
BARS: Sequence[tuple[str, float, float]] = (
    ("cost 200 times_copy", 0, 4), ("cost 20 times_copy", 0, 8), ("cost 1 times_copy", 0, 40),
    ("rate records_per_second", 6000, 1e9), ("rate p99_ms", 0, 200), ("disk together", 0, 1200), ("beside_desk ratio", 0, 2),
    ("puller lag_p99_s", 0, 4), ("memory intake ratio", 0, 1.1), ("memory worker ratio", 0, 1.1),
    ("grown ratio", 0, 1.5), ("shed accepted_per_second", 400, 600), ("shed normal_after_s", 0, 60),
)  # fmt: skip
"""Each measure that has a bar, with its least and its most."""


def cost(bench: Bench) -> dict[str, Any]:
    """CPU microseconds for a record (PostgreSQL and intake) by size of batch, and as multiples of COPY's.

    A shared machine is half as fast again from one minute to the next: each is compared with the COPYs just before and after it,
    in several rounds, of which the median counts.
    """
    rounds: dict[str, list[dict[str, float]]] = {}
    bench.train()
    with bench.held("worker"):
        for size, records in ((200, 51_200), (20, 25_600), (1, 7_680)) * ROUNDS:
            before = copied(bench)
            used = _used(bench, records, size)
            after = copied(bench)
            copy = {part: round((before[part] + after[part]) / 2, 1) for part in before}
            rounds.setdefault(str(size), []).append({**used, "copy": copy["together"], "times_copy": _ratio(used, copy)})
            rounds.setdefault("copy", []).append(copy)
    return {name: _median(found, "times_copy" if name != "copy" else "together") for name, found in rounds.items()}


def _ratio(used: dict[str, float], other: dict[str, float]) -> float:
    return round(used["together"] / other["together"], 2)


def _median(found: list[dict[str, float]], by: str) -> dict[str, Any]:
    """Return the one in the middle, and what the others came to."""
    ordered = sorted(found, key=lambda one: one[by])
    return {**ordered[len(ordered) // 2], "rounds": [one[by] for one in ordered]}


def _used(bench: Bench, records: int, size: int) -> dict[str, float]:
    """CPU microseconds for a record in batches of one size."""
    lanes = bench.lanes(records, size)
    before = {part: bench.cpu(part) for part in ("postgres", "intake")}
    times = asyncio.run(pour(bench.port, lanes))
    used = {part: round(1e6 * (bench.cpu(part) - seconds) / times.records, 1) for part, seconds in before.items()}
    return {**used, "together": round(sum(used.values()), 1)}


def grown(bench: Bench, rows: int) -> dict[str, Any]:
    """CPU microseconds for a record in batches of 20 when the ledger holds 300,000 rows, and when it holds many more.

    What is between is multiplied in the database from real rows, with ids and chains of their own.
    """
    found: dict[str, Any] = {}
    bench.train()
    with bench.held("worker"):
        asyncio.run(pour(bench.port, bench.lanes(MULTIPLIED, 20)))
        for wanted in (300_000, rows):
            _multiply(bench, wanted)
            found[f"{wanted}"] = _median([_used(bench, 15_360, 20) for _ in range(ROUNDS)], "together")
    found["ratio"] = round(found[f"{rows}"]["together"] / found["300000"]["together"], 2)
    return found


def _multiply(bench: Bench, wanted: int) -> None:
    """Copy rows within the database until it holds so many; each copy has its own position, id and chain."""
    named = "SELECT string_agg(quote_ident(attname), ',') FROM pg_attribute WHERE attrelid = 'ledger_record'::regclass"
    others = bench.sql(f"{named} AND attnum > 0 AND attname NOT IN ('position', 'id', 'chain')")
    copy = f"""
        INSERT INTO ledger_record (position, id, chain, {others})
        SELECT position + %(more)s, uuidv7(), md5(chain::text || %(held)s)::uuid, {others}
        FROM ledger_record WHERE position > %(held)s - %(more)s"""  # noqa: S608 - the table's own columns
    held = int(bench.sql("SELECT position FROM ledger_counter"))
    with psycopg.connect(bench.desk.database.owner_url, autocommit=True) as connection:
        while held < wanted:
            more = min(MULTIPLIED, wanted - held)
            connection.execute(copy.encode(), {"held": held, "more": more})
            held += more
        connection.execute("UPDATE ledger_counter SET position = %s", [held])
        connection.execute("UPDATE figures_cursor SET position = %s", [held])
        connection.execute("CHECKPOINT")


def copied(bench: Bench) -> dict[str, float]:
    """CPU microseconds for a row of a COPY of the same rows into the same table with the same indexes."""
    with psycopg.connect(bench.desk.database.owner_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE copied (LIKE ledger_record INCLUDING ALL)")
        rows = f"SELECT * FROM ledger_record ORDER BY position DESC LIMIT {MOST_COPIED}"  # noqa: S608 - a number of ours
        with connection.cursor().copy(f"COPY ({rows}) TO STDOUT".encode()) as out:
            lines = [bytes(row) for row in out]
        chunks = [b"".join(lines[first : first + COPIED]) for first in range(0, len(lines), COPIED)]
        connection.execute("CHECKPOINT")
        before, own = bench.cpu("postgres"), time.process_time()
        for chunk in chunks:
            with connection.cursor().copy("COPY copied FROM STDIN") as into:
                into.write(chunk)
        used = {"postgres": bench.cpu("postgres") - before, "client": time.process_time() - own}
        connection.execute("DROP TABLE copied")
    each = {part: round(1e6 * seconds / len(lines), 1) for part, seconds in used.items()}
    return {**each, "together": round(sum(each.values()), 1)}


def rate(bench: Bench) -> dict[str, Any]:
    """How many records a second come in, in batches of 20 over 16 connections, everything on, and how fast they are answered."""
    lanes = bench.lanes(120_000, 20)
    began = time.perf_counter()
    times = asyncio.run(pour(bench.port, lanes))
    seconds = time.perf_counter() - began
    return {
        "records_per_second": round(times.records / seconds), "p50_ms": times.percentile(0.5), "p99_ms": times.percentile(0.99),
        "records": times.records
    }  # fmt: skip


def disk(bench: Bench) -> dict[str, Any]:
    """Bytes on disk for a record: table, indexes, and the packed bytes among them."""
    count = bench.sql("SELECT count(*) FROM ledger_record")
    sizes = {
        "table": bench.sql("SELECT pg_table_size('ledger_record')"),
        "indexes": bench.sql("SELECT pg_indexes_size('ledger_record')"),
        "packed_bytes": bench.sql("SELECT sum(octet_length(bytes)) FROM ledger_record"),
    }
    each = {part: round(float(size) / count) for part, size in sizes.items()}
    total = each["table"] + each["indexes"]
    return {**each, "together": total}


def beside_desk(bench: Bench) -> dict[str, Any]:
    """Milliseconds to answer 99 of 100 batches, alone and with eight desk pages always being asked for."""
    found: dict[str, Any] = {}
    for name, pages in (("alone", 0), ("beside_8_pages", 8)):
        with bench.county.readers(bench.desk.url, pages) as asked:
            times = asyncio.run(load.offer(bench.port, bench.lanes(20_000, 20), rate=1000))
        found[name] = {"p50_ms": times.percentile(0.5), "p99_ms": times.percentile(0.99), "pages": asked()}
    found["ratio"] = round(found["beside_8_pages"]["p99_ms"] / found["alone"]["p99_ms"], 2)
    return found


def puller(bench: Bench, seconds: int = 40) -> dict[str, Any]:
    """Seconds that the figures are behind the newest record while 4,000 records a second come in, and what that costs."""
    bench.catch_up()
    lanes = bench.lanes(4000 * seconds, 20)
    before, lags = (bench.cpu("worker"), bench.behind()), []
    question = """SELECT coalesce(max(extract(epoch FROM %s::timestamptz - received_at)), 0) FROM ledger_record
        WHERE position = (SELECT position + 1 FROM figures_cursor LIMIT 1)"""

    async def sample(until: Callable[[], bool]) -> None:
        with psycopg.connect(bench.desk.database.owner_url, autocommit=True) as connection:
            while not until():
                row = connection.execute(question, [clock.wall()]).fetchone()
                lags.append(float(row[0]) if row else 0.0)
                await asyncio.sleep(0.1)

    async def both() -> load.Times:
        pouring = asyncio.create_task(load.offer(bench.port, lanes, rate=4000))
        await sample(pouring.done)
        return await pouring

    began = time.perf_counter()
    times = asyncio.run(both())
    took = time.perf_counter() - began
    bench.catch_up()
    cpu = 1e6 * (bench.cpu("worker") - before[0]) / times.records
    p99 = statistics.quantiles(lags, n=100)[98]
    return {
        "offered_per_second": 4000, "taken_per_second": round(times.records / took), "lag_p99_s": round(p99, 2),
        "lag_max_s": round(max(lags), 2), "worker_cpu_us": round(cpu, 1), "records": times.records,
    }  # fmt: skip


def memory(bench: Bench, seconds: int) -> dict[str, Any]:
    """Resident megabytes of intake and puller while 500 records a second come in: the first third's mean beside the last's."""
    samples: dict[str, list[float]] = {"intake": [], "worker": []}

    async def watch() -> None:
        pouring = asyncio.create_task(load.offer(bench.port, bench_lanes, rate=500))
        while not pouring.done():
            for kind, sizes in samples.items():
                sizes.append(sum(process.memory_info().rss for process in bench.processes(kind)) / 1e6)
            await asyncio.sleep(1)
        await pouring

    bench_lanes = bench.lanes(500 * seconds, 20)
    asyncio.run(watch())
    found: dict[str, Any] = {"seconds": seconds}
    for kind, sizes in samples.items():
        third = max(1, len(sizes) // 3)
        first, last = statistics.mean(sizes[:third]), statistics.mean(sizes[-third:])
        found[kind] = {"first_third_mb": round(first, 1), "last_third_mb": round(last, 1), "ratio": round(last / first, 3)}
    return found


def shed(bench: Bench) -> dict[str, Any]:
    """What an intake with a limit of 500 records a second does when 5,000 are offered, and how soon it is itself again."""
    lanes = bench.lanes(100_000, 20)
    began = time.perf_counter()
    times = asyncio.run(load.offer(bench.port, lanes, rate=5000))
    seconds = time.perf_counter() - began
    refused = [one for each in times.refused.values() for one in each]
    after = time.perf_counter()
    calm = asyncio.run(_calm(bench.port, bench.enrol(10)))  # the others hold batches that were never taken
    accepted = times.records / seconds
    return {
        "limit": LIMIT, "offered_per_second": 5000, "accepted_per_second": round(accepted), "seconds": round(seconds, 1),
        "statuses": {str(status): len(each) for status, each in times.refused.items()},
        "refusal_p99_ms": round(1000 * statistics.quantiles(refused, n=100)[98], 1) if refused else None,
        "normal_after_s": round(calm - after, 1),
    }  # fmt: skip


async def _calm(port: int, phones: Sequence[Phone]) -> float:
    """Offer 200 records a second, second after second, until all of a second's are taken; return when that was."""
    while True:
        lanes = [[phone.prepare(20)] for phone in phones]
        times = await load.offer(port, lanes, rate=200)
        if not times.refused:
            return time.perf_counter()


MEASURES: dict[str, Callable[[Bench, int], dict[str, Any]]] = {
    "cost": lambda bench, _: cost(bench), "rate": lambda bench, _: rate(bench), "disk": lambda bench, _: disk(bench),
    "beside_desk": lambda bench, _: beside_desk(bench), "puller": lambda bench, _: puller(bench), "memory": memory,
    "shed": lambda bench, _: shed(bench),
}  # fmt: skip


def _verdicts(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for measure, least, most in BARS:
        value: Any = found
        for name in measure.split():
            value = value.get(name) if isinstance(value, dict) else None
        if value is not None:
            yield {"measure": measure, "value": value, "least": least, "most": most, "met": least <= value <= most}


def _measured(names: Sequence[str], intake_rate: int | None, rows: int, seconds: int) -> dict[str, Any]:
    """Take measures of one Tongxin, each printed when it is there."""
    found = {}
    with running(intake_rate) as bench:
        for name in names:
            found[name] = grown(bench, rows) if name == "grown" else MEASURES[name](bench, seconds)
            click.echo(f"{name}: {json.dumps(found[name])}")
    return found


def _apart(*arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - those of _measured
    """Take measures in a process of its own, since a process can know only one database."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(_measured, *arguments).result()


@click.command(help=__doc__)
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write everything here too.")
@click.option("--only", type=click.Choice([*MEASURES, "grown"]), multiple=True, help="Only this measure (may be repeated).")
@click.option(
    "--rows", default=0, help="Also measure how the cost grows up to so many rows (10,000,000 take a quarter of an hour)."
)
@click.option("--minutes", default=1, show_default=True, help="For how long memory is watched.")
def main(file: Path | None, only: Sequence[str], rows: int, minutes: int) -> None:
    """Measure, print, write: what the file holds of other measures stays, each with the day and tree that it was taken on."""
    found: dict[str, Any] = json.loads(file.read_text("utf-8")) if file and file.exists() else {}
    chosen = only or [*MEASURES, *(["grown"] if rows else [])]
    together = [name for name in MEASURES if name in chosen and name != "shed"]
    here = {"date": clock.wall().isoformat(timespec="seconds"), "tree": tree(), "clean": is_clean(), "machine": machine()}
    for names, limit in ((together, None), (["shed"], LIMIT), (["grown"], None)):
        wanted = [name for name in names if name in chosen]
        if wanted:
            found |= {name: one | here for name, one in _apart(wanted, limit, rows, minutes * 60).items()}
            found["bars"] = list(_verdicts({name: one for name, one in found.items() if name != "bars"}))
            if file:  # at once: the next measure may take a quarter of an hour
                file.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")
    for line in found["bars"]:
        click.echo(
            f"{'met' if line['met'] else 'NOT MET':8}{line['measure']}: {line['value']:g} ({line['least']:g} to {line['most']:g})"
        )


if __name__ == "__main__":
    main()
