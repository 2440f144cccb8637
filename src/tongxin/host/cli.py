"""The command ``tongxin``: a thin shell over use cases.

Commands of other packages join by the entry point ``tongxin.commands``.
"""

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click

from tongxin.base.problems import Problem
from tongxin.base.words import pick, say
from tongxin.host.activities import EXIT_PROBLEM, activity
from tongxin.host.doctor import examine
from tongxin.host.geography import geography
from tongxin.host.home import Home
from tongxin.host.postgres import Embedded
from tongxin.host.program import make_ready
from tongxin.host.up import database, require_installed, up
from tongxin.places.table import find, listed, search

DEFAULT_PORT = 8000
EXIT_DIFFERENT, EXIT_INTERRUPTED = 1, 130


class Commands(click.Group):
    """A group that says problems as people need them: what is wrong, where, and what to do next."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; a Problem ends with its code on standard error and status 2."""
        make_ready()
        try:
            return super().invoke(ctx)
        except Problem as problem:
            click.echo(f"{problem.message}\n{problem.next}  [{problem.code}]", err=True)
            ctx.exit(EXIT_PROBLEM)
        except KeyboardInterrupt:
            ctx.exit(EXIT_INTERRUPTED)


@click.group(cls=Commands)
@click.version_option(package_name="tongxin")
def main() -> None:
    """Tongxin 同心: turns a county out against an emergency."""


def wanted_port(port: int | None) -> int:
    """Return the desk's port: the option, else PORT, else 8000."""
    text = os.environ.get("PORT") or str(DEFAULT_PORT)
    if port is None and not (text.isdigit() and 0 < int(text) < 65536):  # noqa: PLR2004 - the highest port
        raise click.BadParameter(say("PORT：要 1 至 65535 的整数，这里是“{text}”", text=text))
    return port if port is not None else int(text)


@main.command("up")
@click.option("--port", type=click.IntRange(1, 65535), help="The desk's port (default: PORT, else 8000).")
def up_command(port: int | None) -> None:
    """Start the database, the desk and the worker; stop them all with Ctrl-C."""
    with up(Home(), wanted_port(port)) as desk:
        make_ready(desk.database.app_url)
        stay(desk.url)


def stay(url: str) -> None:
    """Print one sign-in per county and role, and wait until Ctrl-C."""
    from tongxin.places.queries import counties  # noqa: PLC0415 - rooms can be imported only now

    show_sign_ins(counties())
    click.echo(say("指挥部：{url}  （按 Ctrl-C 全部停下）", url=url))
    threading.Event().wait()


def show_sign_ins(counties: Sequence[str]) -> None:
    """Print a fresh code for one holder of each role in each county (12-digit codes)."""
    from tongxin.desk.wording import role as role_name  # noqa: PLC0415 - rooms can be imported only now
    from tongxin.people.actions import make_codes  # noqa: PLC0415
    from tongxin.people.queries import first_of_each_role  # noqa: PLC0415
    from tongxin.places.queries import area_names  # noqa: PLC0415

    names = area_names(counties)
    for county in counties:
        holders = first_of_each_role(county[:6])
        codes = dict(make_codes([role.member_id for role in holders.values()]))
        click.echo(say("{county}的登录码（24小时内有效）：", county=names[county]))
        for kind, role in holders.items():
            click.echo(f"  {codes[role.member_id]}  {role_name(kind)}")


@main.command("county")
@click.argument("name")
@click.option("--list", "only_list", is_flag=True, help="Only list the counties in whose full name NAME stands.")
def county_command(name: str, *, only_list: bool) -> None:
    """Serve a county from now on: NAME is its name, alone or with its city's before it, or its code. Print its sign-ins."""
    if only_list:
        click.echo(listed(search(name)) or say("没有找到。"))
        return
    county = find(name)
    with anyhow(county.code) as (_, app_url):
        make_ready(app_url)
        from tongxin.host.counties import open_county  # noqa: PLC0415 - rooms can be imported only now
        from tongxin.places.queries import areas_by_level  # noqa: PLC0415

        open_county(county)
        levels = areas_by_level(county.code)
        sentence = "{county}已就绪：{towns}个乡镇街道，{villages}个村和社区。"
        full = pick(county.full, county.full_en)
        click.echo(say(sentence, county=full, towns=levels.get("town", 0), villages=levels.get("village", 0)))
        show_sign_ins([county.code])


@main.group()
def figures() -> None:
    """Figures: what it all adds up to."""


@figures.command("verify")
def verify_figures() -> None:
    """Add everything up again by a second path, from the stored bytes, and compare."""
    with anyhow() as (_, app_url):
        make_ready(app_url)
        from tongxin.figures.verify import verify  # noqa: PLC0415 - rooms can be imported only now
        from tongxin.ledger.queries import ledgers  # noqa: PLC0415

        different = False
        for ledger in ledgers():
            records, cells, faults = verify(ledger)
            for fault in faults:
                click.echo(say("不一致 {where}：存的是 {stored}，重算是 {recomputed}", **vars(fault)), err=True)
            different = different or bool(faults)
            sentence = "{ledger}：{records}条记录，{cells}个格子，{faults}处不一致"
            click.echo(say(sentence, ledger=ledger, records=records, cells=cells, faults=len(faults)))
    sys.exit(EXIT_DIFFERENT if different else 0)


@contextmanager
def anyhow(county: str = "") -> Iterator[tuple[str, str]]:
    """Yield the owner's and the application's database addresses: of what runs here, else of one started just for this.

    What is started just for this serves ``county`` as up() says.
    """
    home = Home()
    run = home.running()
    if run is not None:
        yield run.owner_url, run.app_url
        return
    with database(home, county) as found:
        yield found.owner_url, found.app_url


@main.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--kind",
    type=click.Choice(["roster", "premises", "organisations"]),
    help="What the rows are (default: seen from the columns).",
)
@click.option("--sheet", default="", help="Which sheet, if several have rows.")
@click.option("--column", "columns", multiple=True, metavar="HEADER=FIELD", help="What a column gives; HEADER= for nothing.")
@click.option("--fill", multiple=True, metavar="HEADER", help="A column whose blank cells mean “as above”.")
@click.option("--other", "others", type=int, multiple=True, metavar="ROW", help="A row that looks like another and is not.")
@click.option("--good-rows", is_flag=True, help="Import the good rows and list the others (default: all rows or nothing).")
@click.option("--despite", is_flag=True, help="Import although a total differs or the sheet is full to its last row.")
@click.option("--yes", "confirmed", is_flag=True, help="Do not ask; columns that are only like a field's name are refused.")
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), help="Write the row-by-row report (XLSX) to a new file."
)
@click.option("--county", default="", metavar="CODE", help="Which county, if there are several.")
def import_command(file: Path, county: str, report: Path | None, confirmed: bool, **choice: Any) -> None:  # noqa: ANN401, FBT001
    """Import a roster, premises or organisations from XLSX, XLS, ODS or CSV; exit with 1 if rows are left to be mended."""
    from tongxin.host.importing import choice_of, import_file, require_new  # noqa: PLC0415 - rooms can be imported only now

    require_new(report, file)
    require_installed(Home())
    with anyhow() as (_, app_url):
        make_ready(app_url)
        clean = import_file(file, county, choice_of(**choice), report, confirmed=confirmed)
    sys.exit(0 if clean else EXIT_DIFFERENT)


@main.command("doctor")
def doctor() -> None:
    """Look whether everything is set so that a record with a receipt survives, and whether all processes answer."""
    home = Home()
    with anyhow() as (owner_url, app_url):
        make_ready(app_url)
        findings = list(examine(home, owner_url, app_url, home.running()))
    for finding in findings:
        click.echo(f"{'✓' if finding.well else '✗'} {finding.what}: {finding.found}")
        if not finding.well:
            click.echo(f"  {finding.next}")
    if home.running() is None:
        click.echo(say("同心没有在运行，只看了数据库和磁盘。"))
    sys.exit(0 if all(finding.well for finding in findings) else EXIT_DIFFERENT)


@main.command("clean")
def clean() -> None:
    """Remove this home's embedded database, wherever it lies."""
    Embedded(Home()).remove()


main.add_command(activity)
main.add_command(geography)
for command in entry_points(group="tongxin.commands"):
    main.add_command(command.load(), command.name)
