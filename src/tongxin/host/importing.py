"""The command ``tongxin import``: what was found in a file is shown, a person confirms, then all of it is written or nothing."""

import os
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import click
from django.db import connection

from tongxin.base.problems import BadRequest, Problem
from tongxin.base.scope import COUNTY_DIGITS, Scope
from tongxin.base.words import language, say
from tongxin.host.home import Home
from tongxin.host.processes import collect_seldom
from tongxin.imports.actions import Choice, File, look, perform
from tongxin.imports.outcome import Outcome
from tongxin.imports.verdict import spoken
from tongxin.people.queries import founder_id, scope_of
from tongxin.places.queries import area_names, counties
from tongxin.sheets.kinds import kinds, title
from tongxin.sheets.match import SURE, BadColumn, Column, NoHeader, WhichKind
from tongxin.sheets.read import WhichSheet


class ReportExists(Problem):
    """The report would replace a file that is there already; nothing was read or written."""

    code = "host.report_exists"
    status = 409
    next_step = "用 --report 另起一个文件名，或者先把那个文件移走。"


def require_new(report: Path | None, file: Path) -> None:
    """Refuse a report that would replace anything, above all the very file that is imported; raise ReportExists."""
    if report is None or not os.path.lexists(report):
        return
    if report.exists() and report.samefile(file):
        raise ReportExists(say("--report：{file} 就是要导入的文件", file=report))
    raise ReportExists(say("--report：{file} 已经有了，不会覆盖它", file=report))


def import_file(path: Path, county: str, choice: Choice, report: Path | None, *, confirmed: bool) -> bool:
    """Import a file as a county's founder; return whether nothing is left to be mended or answered.

    Unless ``confirmed`` beforehand, show what was found and ask; the columns shown are then what the person said they are. The
    report is written in any case, of what would be as of what was.
    """
    collect_seldom()
    code = _county(county)
    click.echo(_destination(code))
    scope, file = scope_of(founder_id(code[:COUNTY_DIGITS])), File(path.name, path)
    if not confirmed:
        found = _run(look, scope, file, choice, report)
        why = _why_not(found, choice)
        if why is not None:
            click.echo(_joined(say("什么也没有写入。"), why))
            return found.is_clean and not found.taken
        shown = {column.header: column.field or "" for column in found.columns if column.header}
        choice = replace(choice, columns=shown, kind=found.kind)
    outcome = _run(perform, scope, file, choice, report, quiet=not confirmed)
    held = say("在册：导入前 {before}，导入后 {after}。", before=outcome.before, after=outcome.after)
    click.echo(_joined(outcome.headline(), _reason(outcome, choice), held))
    return outcome.is_clean


def _run(
    act: Callable[..., Outcome], scope: Scope, file: File, choice: Choice, report: Path | None, *, quiet: bool = False
) -> Outcome:
    with _written(report) as out, _by_options():
        outcome = act(scope, file, choice, out)
    if not quiet:
        _show(outcome)
    if report and not quiet:
        click.echo(say("逐行报告：{file}", file=report))
    return outcome


def _why_not(found: Outcome, choice: Choice) -> str | None:
    """Ask whether to write, if anything may be written; None is a yes, else return why not and what to do, if anything."""
    why = _reason(found, choice)
    if why or not found.taken:
        return why
    try:
        return None if click.confirm(say("写入这 {n} 行？", n=found.taken)) else ""
    except click.Abort:
        click.echo()
        return "" if sys.stdin.isatty() else say("没有人回答：到终端里运行，或者看过之后加 --yes，不再问。")


def _reason(outcome: Outcome, choice: Choice) -> str:
    """Return why nothing may be written, or is good enough to be, and what to do; nothing if something may."""
    if outcome.doubts and not choice.despite:
        return say("先核对表里的疑点。")
    wrong = outcome.refused + outcome.asked
    if wrong and not outcome.taken:
        return say("有 {n} 行要人看，没有可写的行：改正文件再导入。", n=wrong)
    if wrong and not choice.good_rows:
        return say("有 {n} 行要人看：改正文件再导入，或者加 --good-rows，只导入好的 {good} 行。", n=wrong, good=outcome.taken)
    return ""


def _joined(*sentences: str) -> str:
    """Return sentences one after another: English ones have a space between them."""
    return (" " if language() == "en" else "").join(filter(None, sentences))


def choice_of(
    kind: str | None,
    sheet: str,
    columns: Sequence[str],
    fill: Sequence[str],
    others: Sequence[int],
    *,
    good_rows: bool,
    despite: bool,
) -> Choice:
    """Return a person's choice from the command's options; raise BadRequest."""
    return Choice(sheet, kind or "", _pairs(columns), frozenset(fill), frozenset(others), despite, good_rows)


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    """Return headers and fields from texts ``header=field``."""
    found = {}
    for text in texts:
        header, equals, field = text.rpartition("=")
        if not (header and equals):
            raise BadRequest(say("--column：要“列名=字段”，这里是“{text}”", text=text))
        found[header] = field
    return found


def _county(wanted: str) -> str:
    """Return the code of the county that is asked for, else of the only one."""
    known = counties()
    code = wanted or (known[0] if len(known) == 1 else "")
    if code not in known:
        raise BadRequest(say("--county：要这些代码之一：{codes}", codes=", ".join(known)))
    return code


def _destination(county: str) -> str:
    """Return in a line where rows go: which county, in which home and database."""
    stored = connection.settings_dict
    address = f"{stored['HOST']}:{stored['PORT']}/{stored['NAME']}"
    sentence = "导入到{county}：目录 {home}，数据库 {database}"
    return say(sentence, county=area_names([county])[county], home=Home().path, database=address)


def _show(outcome: Outcome) -> None:
    """Print the columns with samples, the counts, the control totals, and every row that needs a person."""
    sentence = "{file} {sheet}：{kind}，列名在第 {row} 行"
    click.echo(say(sentence, file=outcome.file, sheet=outcome.sheet, kind=outcome.kind_title, row=outcome.header))
    for column in outcome.columns:
        samples = "・".join(column.samples)
        click.echo(f"  {column.letter:>2}  {_width(column.header, 16)}  {_width(_meaning(outcome, column), 26)}  {samples}")
    for verdict in outcome.bad:
        where, values = say("第 {row} 行", row=verdict.number), " | ".join(verdict.values)
        answer = say("（--other {row}）", row=verdict.number) if verdict.alike else ""
        click.echo(f"  {where}  {spoken(verdict.what)}  {verdict.reason}{answer}  [{values}]")
    more = outcome.refused + outcome.asked - len(outcome.bad)
    if more:
        click.echo(say("  还有 {more} 行，见逐行报告（--report）", more=more))
    click.echo(f"{say('读到的行')}: {outcome.sum_up()}")
    click.echo(f"{say('不是数据的行')}: {outcome.left_out()}")
    for total in outcome.totals:
        click.echo(f"  {'✓' if total.agrees else '✗'} {total.said()}")
    if outcome.unneeded:
        rows = ", ".join(map(str, outcome.unneeded))
        click.echo(say("--other：第 {rows} 行不像别的行，不用这样回答", rows=rows))
    for doubt in outcome.doubts:
        click.echo(f"! {doubt}  {say('看过没有问题，加 --despite 再导入。')}")


def _meaning(outcome: Outcome, column: Column) -> str:
    """Return what a column gives, and how sure that is."""
    if not column.field:
        return say("不导入")
    found = kinds()[outcome.kind].named(column.field)
    named = f"{column.field} ({title(found.title)})" if found else column.field
    return named if column.sure >= SURE else f"{named} {say('像')} {column.sure:.0%}"


def _width(text: str, width: int) -> str:
    """Fill a text up to a width on a screen, where a Chinese character takes two."""
    return text + " " * (width - sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text))


@contextmanager
def _by_options() -> Iterator[None]:
    """Let a refusal of the file say with which option of the command it is answered."""
    try:
        yield
    except (WhichSheet, WhichKind, NoHeader, BadColumn) as problem:
        problem.next = _option(problem) or problem.next
        raise


def _option(problem: Problem) -> str:
    match problem:
        case WhichSheet():
            return say("用 --sheet 指明要哪一张表；每张表各导入一次。")
        case WhichKind():
            return say("用 --kind 指明是哪一种。")
        case NoHeader():
            return say("在表里写上列名，或者用 --column 列名=字段 指明哪一列是什么。")
    return say("用 --column 逐一确认，或者不加 --yes，看过再导入。") if "guesses" in problem.details else ""


@contextmanager
def _written(path: Path | None) -> Iterator[BinaryIO | None]:
    if path is None:
        yield None
        return
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        file = part.open("xb")
    except OSError as error:
        raise BadRequest(say("--report：{file} 写不了：{reason}", file=path, reason=error.strerror)) from error
    try:
        with file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
