"""``tongxin report``: the published report beside what the reference drill's records come to."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from tongxin.base.words import say
from tongxin.host.cli import EXIT_DIFFERENT, wanted_port
from tongxin.host.home import Home
from tongxin.host.program import make_ready
from tongxin.host.up import up
from tongxin_drill.cli import founders_code
from tongxin_drill.client import Desk
from tongxin_drill.report import Reproduced, as_markdown, reproduced, rows


@click.group()
def report() -> None:
    """The report that Tongxin is built from."""


@report.command("check")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write all rows here.")
@click.option("--write", "page", type=click.Path(dir_okay=False, path_type=Path), help="Write the page for docs/ here.")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="The desk's port, if it has to be started (default: PORT, else 8000)."
)
def check(json_file: Path | None, page: Path | None, port: int | None) -> None:
    """Print the report's 26 rows: what was published, what the records here come to, where to look."""
    with _running(port) as url, Desk(url) as desk:
        desk.sign_in(founders_code())
        drills = [incident for incident in desk.get("incidents")["incidents"] if incident["drill"]]
        if not drills:
            raise click.ClickException(say("这里没有演练；先运行 tongxin drill liuyang-2022。"))
        address = f"incidents/{drills[0]['id']}/figures"
        found = reproduced(rows(), lambda part: desk.get(address, **part))
    _show(found)
    if json_file:
        content = {"rows": [one.as_json() for one in found]}
        json_file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
    if page:
        page.write_text(as_markdown(found), "utf-8")
    sys.exit(EXIT_DIFFERENT if any(one.state == "red" for one in found) else 0)


@contextmanager
def _running(port: int | None) -> Iterator[str]:
    """Yield the address of the desk that runs here, else of one started just for this."""
    home = Home()
    run = home.running()
    if run is not None:
        make_ready(run.app_url)
        yield run.url
        return
    with up(home, wanted_port(port)) as desk:
        make_ready(desk.database.app_url)
        yield desk.url


def _show(found: list[Reproduced]) -> None:
    words = {"green": say("符合"), "red": say("不符"), "not yet": say("尚未")}
    for one in found:
        row = one.row
        click.echo(f"{row.id:<4} {words[one.state]}  {row.published}")
        looked = " · ".join(part for part in (one.shown, row.where, row.page, row.test) if part)
        click.secho(f"     {looked}", dim=True)
    counts = {state: sum(one.state == state for one in found) for state in words}
    click.echo(
        say("{green}行符合，{red}行不符，{later}行尚未。", green=counts["green"], red=counts["red"], later=counts["not yet"])
    )
