"""The commands ``tongxin activity``: what kinds of work exist, and whether a file is right."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from tongxin.base.problems import BadRequest
from tongxin.base.words import say
from tongxin.playbook.loader import BadActivity, read
from tongxin.playbook.registry import activities
from tongxin.playbook.registry import activity as activity_named
from tongxin.playbook.schema import Activity

EXIT_PROBLEM = 2
TEMPLATE = """# {id}: one sentence about what is done, and why.
id = "{id}"
title = {{ zh = "写上名称", en = "Give it a name" }}
order = "inspect"
kind = "visit"
subject = "place"
places = ["shop"]
cadence = "once per order"

[[ask]]
name = "in_order"
type = "yes_no"
required = true
label = {{ zh = "是否符合要求", en = "Is everything in order?" }}

[[matter]]
name = "to_mend"
title = {{ zh = "不符合要求，未整改", en = "Not in order, not put right" }}
opens = "in_order = no"
closes = "in_order = yes"
due = "tonight"

[[figure]]
name = "places"
title = {{ zh = "检查场所", en = "Places checked" }}
count = "distinct place"
unit = {{ zh = "个", en = "places" }}

[bulletin]
zh = "共检查场所{{places}}个。"
en = "{{places}} places were checked."

[[example]]
records = [
    {{ at = "09:00", place = "A", say = {{ in_order = false }} }},
    {{ at = "15:00", place = "A", say = {{ in_order = true }} }},
]
open = []
figures = {{ places = 1 }}
"""


@click.group()
def activity() -> None:
    """Activities: what kinds of work exist."""


@activity.command("check")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Check activity files and run their examples; name the file, the key, the reason and the nearest right word."""
    wrong = sum(not _is_good(file) for file in files)
    sys.exit(EXIT_PROBLEM if wrong else 0)


def _is_good(file: Path) -> bool:
    from tongxin.figures.examples import wrong  # noqa: PLC0415 - rooms can be imported only now

    try:
        found = read(file)
        for key, reason in wrong(found):
            raise BadActivity(say("{path}：{key}：{reason}", path=file, key=key, reason=reason), file=str(file), key=key)
    except BadActivity as problem:
        click.echo(f"{problem.message}\n{problem.next}  [{problem.code}]", err=True)
        return False
    sentence = "{file}：可用（{id}，{questions}问，{figures}个数字，{examples}个例子）"
    counts = {"questions": len(found.ask), "figures": len(found.figure), "examples": len(found.example)}
    click.echo(say(sentence, file=file, id=found.id, **counts))
    return True


@activity.command("list")
def list_activities() -> None:
    """List the activities that this installation knows."""
    from tongxin.desk.wording import activity as title  # noqa: PLC0415 - rooms can be imported only now

    for name, found in activities().items():
        click.echo(f"{name}  {title(name)}  {found.hash[:12]}")


@activity.command("show")
@click.argument("name", metavar="ID")
def show(name: str) -> None:
    """Show one activity in words."""
    for line in _lines(activity_named(name)):
        click.echo(line)


def _lines(found: Activity) -> Sequence[str]:
    from tongxin.desk import wording  # noqa: PLC0415 - rooms can be imported only now
    from tongxin.figures.words import counted  # noqa: PLC0415 - as above

    return [
        f"{found.id}  {wording.text(found.title)}  {found.hash[:12]}",
        say(
            "令：{order}；频次：{cadence}；对象：{subject}",
            order=found.order,
            cadence=wording.cadence(found),
            subject=found.subject,
        ),
        *(f"  ? {ask.name}  {wording.text(ask.label)}  [{ask.type}{' *' if ask.required else ''}]" for ask in found.ask),
        *(f"  ! {rule.name}  {wording.text(rule.title)}  [{rule.opens} → {rule.closes}; {rule.due}]" for rule in found.matter),
        *(f"  # {rule.name}  {wording.text(rule.title)}  [{counted(found, rule)}]" for rule in found.figure),
        f"  {wording.text(found.bulletin)}",
    ]


@activity.command("new")
@click.argument("name", metavar="ID")
@click.option(
    "--to", "folder", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Where to (default: here)."
)
def new(name: str, folder: Path) -> None:
    """Write a small activity file that works, to be changed."""
    file = folder / f"{name}.toml"
    if file.exists():
        raise BadRequest(say("{file} 已经有了", file=file), next=say("换一个名字，或者先移走它。"))
    if name in activities():
        raise BadRequest(say("已经有专项“{name}”了", name=name), next=say("换一个名字。"))
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(TEMPLATE.format(id=name), "utf-8")
    try:
        read(file)
    except BadActivity:
        file.unlink()
        raise
    click.echo(say("{file} 写好了：改成您要的，再运行 tongxin activity check {file}。", file=file))


@activity.command("schema")
def schema() -> None:
    """Print the JSON Schema of activity files, for editors."""
    click.echo(json_schema())


def json_schema() -> str:
    """Return the JSON Schema of activity files; what the loader sets itself is not in it."""
    found = msgspec.json.schema(Activity)
    for key in ("hash", "source"):
        del found["$defs"]["Activity"]["properties"][key]
    found = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Tongxin activity", **found}
    return msgspec.json.format(msgspec.json.encode(found, order="sorted"), indent=2).decode()
