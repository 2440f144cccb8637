"""How long imports of 100,000 rows take and how much memory, beside a COPY of the same rows; a CSV of 2,000,000 rows read, and a
sheet that is filled to its last row.

Usage: python bench/imports.py [--json FILE] [--rows 100000] [--lines 2000000] [--no-full]

A real Tongxin runs for it; each measure is one whole command ``tongxin import FILE --yes`` from its start to its exit. Memory is
the command's own peak, as the system counts it (ru_maxrss).
"""

import csv
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import psycopg
import xlsxwriter

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.homes import TONGXIN, BenchError, environment, is_clean, machine, temporary_home, tree

from tongxin.base import clock
from tongxin.host.home import Home
from tongxin.host.ports import free_port
from tongxin.host.up import Desk, up

BAR_SECONDS, BAR_MB = 20.0, 500.0
LINES_MB, SHEET_MB = 200.0, 2000.0
"""What the reading of a CSV may take, however long it is; and that of a sheet, which is held whole."""
LAST_ROW = 1_048_576
"""Of a sheet, its header among them."""
ORGANISATIONS = 200
WORDS = ("超市", "药店", "餐饮", "学校", "企业", "门店")
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰涛明超霞平刚桂英华玉红娥玲芬彬"
READ = """
import sys
from pathlib import Path
from tongxin.sheets import match, read, table
sheet = read.sheet(Path(sys.argv[1]))
reading = table.Reading(sheet, match.plan(sheet))
print(sum(1 for line in reading.lines()))
"""


def premises(rows: int, areas: Sequence[tuple[str, str]]) -> Iterator[list[object]]:
    """Yield premises, spread over all villages."""
    yield ["序号", "场所名称", "类别", "乡镇", "村（社区）", "从业人数", "备注"]
    for index in range(rows):
        town, village = areas[index % len(areas)]
        yield [index + 1, f"{village}第{index:06}号店", WORDS[index % len(WORDS)], town, village, index % 30, ""]


def roster(rows: int) -> Iterator[list[object]]:
    """Yield people, no two of one organisation read alike."""
    yield ["序号", "姓名", "单位", "职务", "电话"]
    names = ["".join(name) for name in itertools.product(SURNAMES, GIVEN, GIVEN)]
    for index in range(rows):
        yield [index + 1, names[index // ORGANISATIONS], f"第{index % ORGANISATIONS}工作队", "队员", 13900000000 + index]


def organisations(areas: Sequence[tuple[str, str]]) -> Iterator[list[object]]:
    """Yield the organisations that the people belong to."""
    yield ["单位名称", "单位类别", "乡镇"]
    for index in range(ORGANISATIONS):
        yield [f"第{index}工作队", "队伍", areas[index % len(areas)][0]]


def write_xlsx(file: Path, rows: Iterable[list[object]]) -> Path:
    """Write a workbook."""
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for index, row in enumerate(rows):
            sheet.write_row(index, 0, row)
    return file


def write_csv(file: Path, rows: Iterable[list[object]]) -> Path:
    """Write a CSV as an office saves it."""
    with file.open("w", encoding="gb18030", newline="") as text:
        csv.writer(text).writerows(rows)
    return file


def measured(home: Home, argv: Sequence[str]) -> dict[str, Any]:
    """Run a command to its end; return its seconds and those of its processor, its peak megabytes, what it printed last."""
    began = time.perf_counter()
    process = subprocess.Popen(argv, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    seconds, code = time.perf_counter() - began, os.waitstatus_to_exitcode(status)
    process.returncode = code
    if code:
        raise BenchError(f"{argv} ended with {code}:\n{said[-2000:]}")
    cpu, peak = round(used.ru_utime + used.ru_stime, 2), round(used.ru_maxrss / 1024, 1)
    return {"seconds": round(seconds, 2), "cpu_seconds": cpu, "peak_mb": peak, "said": said.strip().splitlines()[-1]}


def sql(desk: Desk, statement: str) -> list[tuple[Any, ...]]:
    """Ask the database as its owner."""
    with psycopg.connect(desk.database.owner_url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return list(cursor.fetchall()) if cursor.description else []


def copied(desk: Desk, table: str) -> float:
    """Return the seconds that a COPY of the same rows into the same table with the same indexes takes."""
    with psycopg.connect(desk.database.owner_url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE copied (LIKE {table} INCLUDING ALL)".encode())
        with connection.cursor().copy(f"COPY {table} TO STDOUT".encode()) as out:
            lines = b"".join(bytes(row) for row in out)
        began = time.perf_counter()
        with connection.cursor().copy("COPY copied FROM STDIN") as into:
            into.write(lines)
        seconds = time.perf_counter() - began
        connection.execute("DROP TABLE copied")
    return seconds


def imported(desk: Desk, folder: Path, rows: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each import's measures."""
    areas = [
        (town, village)
        for town, village in sql(
            desk, "SELECT t.name, v.name FROM places_area v JOIN places_area t ON t.code = v.parent_id WHERE v.level = 'village'"
        )
    ]
    command = [TONGXIN, "import", "--yes"]
    measured(desk.home, [*command, str(write_csv(folder / "organisations.csv", organisations(areas)))])
    for name, table, file, more in (
        ("premises XLSX", "places_place", write_xlsx(folder / "premises.xlsx", premises(rows, areas)), []),
        ("premises XLSX again, unchanged", "places_place", folder / "premises.xlsx", []),
        ("premises CSV, with report", "places_place", write_csv(folder / "premises.csv", premises(rows, areas)), ["--report"]),
        ("roster XLSX", "people_member", write_xlsx(folder / "roster.xlsx", roster(rows)), []),
    ):
        if name == "premises CSV, with report":
            sql(desk, "TRUNCATE places_place CASCADE")
        report = [*more, str(folder / "report.xlsx")] if more else []
        found = measured(desk.home, [*command, str(file), *report])
        copy = copied(desk, table)
        yield name, {**found, "copy_seconds": round(copy, 3), "times_copy": round(found["seconds"] / copy, 1)}


@click.command(help=__doc__)
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write everything here too.")
@click.option("--rows", default=100_000, show_default=True, help="Rows of an import.")
@click.option("--lines", default=2_000_000, show_default=True, help="Rows of the CSV that is read.")
@click.option("--full/--no-full", default=True, show_default=True, help="Also read a sheet filled to its last row.")
def main(file: Path | None, rows: int, lines: int, full: bool) -> None:  # noqa: FBT001 - click's
    """Measure, print, write."""
    found: dict[str, Any] = {"date": clock.wall().isoformat(timespec="seconds"), "tree": tree(), "clean": is_clean()}
    found |= {"machine": machine(), "rows": rows, "lines": lines, "imports": {}}
    with tempfile.TemporaryDirectory(prefix="tongxin-bench-") as name, temporary_home() as home:
        folder = Path(name)
        with up(home, free_port()) as desk:
            for measure, values in imported(desk, folder, rows):
                found["imports"][measure] = values
                _show(measure, values, BAR_SECONDS, BAR_MB)
        long = write_csv(folder / "long.csv", premises(lines, [("张坊镇", "白石村")]))
        found["reading"] = _read(home, long, lines)
        _show(f"{lines:,} CSV rows read", found["reading"], None, LINES_MB)
        if full:
            sheet = write_xlsx(folder / "full.xlsx", premises(LAST_ROW - 1, [("张坊镇", "白石村")]))
            found["full_sheet"] = _read(home, sheet, LAST_ROW - 1)
            _show(f"XLSX of {LAST_ROW:,} rows read", found["full_sheet"], None, SHEET_MB)
    if file:
        file.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _read(home: Home, file: Path, rows: int) -> dict[str, Any]:
    """Read a file to its end; all of its rows must have been seen."""
    found = measured(home, [sys.executable, "-c", READ, str(file)])
    if found["said"] != str(rows):
        raise BenchError(f"{file.name}: {found['said']} rows were read of {rows}")
    return found


def _show(measure: str, values: dict[str, Any], seconds: float | None, megabytes: float) -> None:
    met = values["peak_mb"] <= megabytes and (seconds is None or values["seconds"] <= seconds)
    copy = f", {values['times_copy']} x COPY" if "times_copy" in values else ""
    bar = f"{'' if seconds is None else f'{seconds:g} s, '}{megabytes:g} MB"
    taken = f"{values['seconds']} s (CPU {values['cpu_seconds']}), {values['peak_mb']} MB"
    click.echo(f"{'met' if met else 'NOT MET':8}{measure}: {taken} ({bar}){copy}")
    click.echo(f"        {values['said']}")


if __name__ == "__main__":
    main()
