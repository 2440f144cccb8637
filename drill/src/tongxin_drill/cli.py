"""``tongxin drill``: a rehearsal from nothing to a published bulletin, in one command."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
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
from tongxin_drill import DrillError, liuyang, scenario
from tongxin_drill.client import Desk
from tongxin_drill.county import COUNTY
from tongxin_drill.rehearsal import Check, Figures, Result, rehearse
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


@dataclass(frozen=True)
class Rehearsal:
    """A plan, the figures that it must end with, and what else must be so in the end."""

    scenario: Scenario
    truth: Figures
    check: Check


@dataclass(frozen=True)
class Options:
    """What every rehearsal can be told."""

    json_file: Path | None
    port: int | None
    stay: bool
    fresh: bool


def _options(largest: float) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of every rehearsal, up to a largest scale."""

    def given(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(
            (
                click.option("--seed", default=7, show_default=True, help="Which one; the same seed gives the same rehearsal."),
                click.option("--scale", default=1.0, show_default=True, type=click.FloatRange(0, largest, min_open=True)),
                click.option(
                    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the result here."
                ),
                click.option("--port", type=click.IntRange(1, 65535), help="The desk's port (default: PORT, else 8000)."),
                click.option("--stay/--leave", default=False, help="Leave the desk up afterwards, until Ctrl-C."),
                click.option("--fresh", is_flag=True, help="Start over, even if another drill is finished here."),
            )
        ):
            command = option(command)
        return command

    return given


@click.group()
def drill() -> None:
    """Rehearse: simulated phones through the real doors."""


@drill.command("first-night")
@_options(scenario.LARGEST_SCALE)
def first_night(seed: int, scale: float, **options: Any) -> None:  # noqa: ANN401 - those of Options
    """The first night: an order, three groups, 200-odd venues, matters, figures, a bulletin; compared with the truth."""
    planned = scenario.plan(seed, scale)
    _run(Rehearsal(planned, scenario.truth(planned), lambda _: []), Options(**options))


@drill.command("liuyang-2022")
@_options(liuyang.LARGEST_SCALE)
@click.option(
    "--seconds", type=click.FloatRange(liuyang.FEWEST_SECONDS), help="How long the 18 days take (default: about 108 at scale 1)."
)
def liuyang_2022(seed: int, scale: float, seconds: float | None, **options: Any) -> None:  # noqa: ANN401 - those of Options
    """The 18 days of the report: many orders, hundreds of phones, late and corrected records; compared with the truth."""
    planned = liuyang.plan(seed, scale, seconds)
    _run(Rehearsal(planned, liuyang.truth(planned), liuyang.check), Options(**options))


def _run(rehearsal: Rehearsal, options: Options) -> None:
    """Start everything, rehearse (or show what is stored), end everything; exit with 1 if anything differs."""
    home, finished = Home(), []

    def before(database: Database) -> None:
        finished.append(clear_the_stage(database.owner_url, rehearsal.scenario.incident.id, COUNTY, fresh=options.fresh))

    with up(home, wanted_port(options.port), before=before, county=COUNTY) as desk:
        make_ready(desk.database.app_url)
        code = founders_code()
        if finished[0]:
            passed = _show_stored(desk.url, code, rehearsal.scenario, options.json_file)
        else:
            passed = _rehearse(desk.url, code, rehearsal, home, options.json_file)
        if options.stay and passed:
            _stay(desk.url)
    sys.exit(0 if passed else EXIT_DIFFERENT)


def _stay(url: str) -> None:
    try:
        stay_up(url)
    except KeyboardInterrupt:
        click.echo(say("都停下了。"))


def founders_code() -> str:
    """Return a sign-in for the first commander, which only who holds the machine can make."""
    from tongxin.people.actions import make_codes  # noqa: PLC0415 - rooms can be imported only now
    from tongxin.people.queries import founder_id  # noqa: PLC0415

    return make_codes([founder_id(COUNTY[:6])])[0][1]


def _rehearse(url: str, code: str, rehearsal: Rehearsal, home: Home, json_file: Path | None) -> bool:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        try:
            result = rehearse(
                url, code, rehearsal.scenario, rehearsal.truth, rehearsal.check, Bars(progress), home.path / "truth.json"
            )
        except DrillError as error:
            raise click.ClickException(str(error)) from None
    if json_file:
        json_file.write_text(json.dumps(result.as_json(), indent=2, ensure_ascii=False) + "\n", "utf-8")
    _show_bulletin(result.bulletin)
    _show_result(result)
    return result.passed


def _show_stored(url: str, code: str, planned: Scenario, json_file: Path | None) -> bool:
    """Print the bulletin of a drill that is already finished here."""
    with Desk(url) as desk:
        desk.sign_in(code)
        found = desk.get("bulletins", incident=planned.incident.id)["bulletins"]
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
