"""``tongxin drill``: a rehearsal from nothing to a published bulletin, in one command."""

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tongxin.base.words import pick, say
from tongxin.host.cli import EXIT_DIFFERENT, wanted_port
from tongxin.host.cli import stay as stay_up
from tongxin.host.database import Database
from tongxin.host.home import Home
from tongxin.host.program import make_ready
from tongxin.host.rehearsal import clear_the_stage
from tongxin.host.up import up
from tongxin_drill import DrillError
from tongxin_drill.client import Desk
from tongxin_drill.county import COUNTY
from tongxin_drill.night import Result, rehearse
from tongxin_drill.scenario import LARGEST_SCALE, plan
from tongxin_drill.shapes import Scenario


class Bars:
    """Shows each step of a rehearsal as a progress bar."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: Any = None

    def step(self, text_zh: str, text_en: str, total: int, /) -> None:
        """Begin the next bar."""
        self._task = self._progress.add_task(pick(text_zh, text_en), total=total)

    def advance(self, n: int, /) -> None:
        """Move it."""
        self._progress.advance(self._task, n)


@click.group()
def drill() -> None:
    """Rehearse: simulated phones through the real doors."""


@drill.command("first-night")
@click.option("--seed", default=7, show_default=True, help="Which night; the same seed gives the same night.")
@click.option("--scale", default=1.0, show_default=True, type=click.FloatRange(0, LARGEST_SCALE, min_open=True))
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the result here.")
@click.option("--port", type=click.IntRange(1, 65535), help="The desk's port (default: PORT, else 8000).")
@click.option("--stay/--leave", default=False, help="Leave the desk up afterwards, until Ctrl-C.")
@click.option("--fresh", is_flag=True, help="Start over, even if another drill is finished here.")
def first_night(seed: int, scale: float, json_file: Path | None, port: int | None, *, stay: bool, fresh: bool) -> None:
    """The first night: an order, three groups, 200-odd venues, matters, figures, a bulletin; compared with the truth."""
    scenario, home, finished = plan(seed, scale), Home(), []

    def before(database: Database) -> None:
        finished.append(clear_the_stage(database.owner_url, scenario.incident.id, COUNTY, fresh=fresh))

    with up(home, wanted_port(port), before=before, county=COUNTY) as desk:
        make_ready(desk.database.app_url)
        code = _founders_code()
        if finished[0]:
            passed = _show_stored(desk.url, code, scenario, json_file)
        else:
            passed = _rehearse(desk.url, code, scenario, home, json_file)
        if stay and passed:
            _stay(desk.url)
    sys.exit(0 if passed else EXIT_DIFFERENT)


def _stay(url: str) -> None:
    try:
        stay_up(url)
    except KeyboardInterrupt:
        click.echo(say("都停下了。"))


def _founders_code() -> str:
    """Return a sign-in for the first commander, which only who holds the machine can make."""
    from tongxin.people.actions import make_codes  # noqa: PLC0415 - rooms can be imported only now
    from tongxin.people.queries import founder_id  # noqa: PLC0415

    return make_codes([founder_id(COUNTY[:6])])[0][1]


def _rehearse(url: str, code: str, scenario: Scenario, home: Home, json_file: Path | None) -> bool:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        try:
            result = rehearse(url, code, scenario, Bars(progress), home.path / "truth.json")
        except DrillError as error:
            raise click.ClickException(str(error)) from None
    if json_file:
        json_file.write_text(json.dumps(result.as_json(), indent=2) + "\n", "utf-8")
    _show_bulletin(result.bulletin)
    _show_result(result)
    return result.passed


def _show_stored(url: str, code: str, scenario: Scenario, json_file: Path | None) -> bool:
    """Print the bulletin of a drill that is already finished here."""
    with Desk(url) as desk:
        desk.sign_in(code)
        found = desk.get("bulletins", incident=scenario.incident.id)["bulletins"]
    click.echo(say("这次演练已经完成，直接给出存下的战报。"))
    _show_bulletin(next(bulletin for bulletin in found if bulletin["published_at"]))
    if json_file:
        click.echo(say("没有重新演练，所以不写 {file}；要重来，加 --fresh。", file=json_file), err=True)
    return True


def _show_bulletin(bulletin: dict[str, Any]) -> None:
    rule = "─" * 60
    click.echo(f"\n{rule}\n{bulletin['title']}\n{bulletin['text']}\n")
    click.echo(f"{bulletin['title_en']}\n{bulletin['text_en']}\n{rule}")
    click.echo(
        say(
            "第{n}期，冻结于第{position}条记录，指纹 {mark}",
            n=bulletin["number"],
            position=bulletin["position"],
            mark=bulletin["fingerprint"][:16],
        )
    )


def _show_result(result: Result) -> None:
    sentence = "{records}条记录，丢失{lost}，重复{duplicates}，被标记{marked}，重发{resent}；用时{seconds}秒"
    click.echo(
        say(
            sentence,
            records=result.records,
            lost=result.lost,
            duplicates=result.duplicates,
            marked=result.quarantined,
            resent=result.resent,
            seconds=result.seconds,
        )
    )
    for line in result.differences:
        click.echo(line, err=True)
    click.echo(
        say("每个数字都与事先写下的真值相同。") if result.passed else say("与事先写下的真值不同，见上。"),
        err=not result.passed,
    )
