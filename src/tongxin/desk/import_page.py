"""The page on which a file is looked at: its columns, its rows that need a person, its totals; nothing is written by looking."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from tongxin.base.problems import BadRequest, Problem
from tongxin.base.scope import Scope
from tongxin.base.words import say
from tongxin.imports.actions import Choice, File, look
from tongxin.imports.outcome import Outcome
from tongxin.imports.verdict import spoken
from tongxin.sheets.kinds import kinds, title
from tongxin.sheets.match import SURE, NoHeader, WhichKind
from tongxin.sheets.read import WhichSheet

SHOWN = 200
"""Rows that need a person on one page; the report has all."""


def is_new(form: QueryDict) -> bool:
    """Say whether another kind or sheet was chosen than the one whose columns and rows the page showed."""
    chosen = _shown(form.get("sheet", ""), form.get("kind", ""))
    return form.get("shown", chosen) != chosen


def choice_of(form: QueryDict) -> Choice:
    """Return what a person chose; raise BadRequest. What was answered for another kind or sheet answers nothing for this one."""
    if is_new(form):
        return Choice(sheet=form.get("sheet", ""), kind=form.get("kind", ""), good_rows="good_rows" in form)
    columns: dict[str, str] = {}
    for pair in form.getlist("column"):
        header, _, field = pair.rpartition("=")
        columns[header] = columns.get(header) or field
    try:
        others = frozenset(map(int, form.getlist("other")))
    except ValueError:
        raise BadRequest(say("other：要行号")) from None
    return Choice(
        sheet=form.get("sheet", ""), kind=form.get("kind", ""), columns=columns, fill=frozenset(form.getlist("fill")),
        others=others, despite="despite" in form, good_rows="good_rows" in form,
    )  # fmt: skip


def content(scope: Scope, file: File, choice: Choice, *, tried: bool) -> dict[str, Any]:
    """Return what the page shows of a file as it would be imported; if it cannot be read yet, what must be chosen first.

    ``tried``: it was to be imported and was not.
    """
    shown: dict[str, Any] = {"name": file.name, "choice": choice}
    try:
        outcome = look(scope, file, choice)
    except (WhichSheet, WhichKind, NoHeader) as problem:
        kind = choice.kind or str(problem.details.get("kind", ""))
        problem.next = _on_page(problem)
        return shown | {"problem": problem} | _of_kind(choice, kind) | _open_questions(problem, choice)
    if tried:
        shown["stopped"] = stopped(outcome, choice)
    return shown | of_outcome(outcome) | _of_kind(choice, outcome.kind) | _columns(outcome, choice)


def of_outcome(outcome: Outcome) -> dict[str, Any]:
    """Return what is shown of an outcome, before and after."""
    given = {column.field for column in outcome.columns}
    return {
        "outcome": outcome,
        "rows": [{"row": bad, "verdict": spoken(bad.what)} for bad in outcome.bad[:SHOWN]],
        "more": outcome.refused + outcome.asked - len(outcome.bad[:SHOWN]),
        "fields": [title(field.title) for field in kinds()[outcome.kind].field if field.name in given],
    }


def stopped(outcome: Outcome, choice: Choice) -> list[str]:
    """Return why an import was not done, each with what the page offers for it."""
    found = []
    if outcome.doubts and not choice.despite:
        found.append(say("表里有疑点：先核对原表，没有问题就勾选“疑点已核对”。"))
    if not (outcome.taken or outcome.refused or outcome.asked):
        found.append(say("没有新的行可写。"))
    elif not outcome.taken:
        found.append(say("没有一行可收：改正文件再上传。"))
    elif (outcome.refused or outcome.asked) and not choice.good_rows:
        if any(row.alike for row in outcome.bad):
            found.append(say("像是同一个的行：是另一个，就在那一行勾选“收下”。"))
        found.append(say("要人看的行：改正文件再上传，或者勾选“只导入好的行，其余列出”。"))
    return found


def _columns(outcome: Outcome, choice: Choice) -> dict[str, Any]:
    return {
        "columns": [
            {
                "letter": column.letter,
                "header": column.header,
                "samples": column.samples,
                "options": _options(outcome.kind, column.header, column.field or ""),
                "sure": "" if not column.field else say("是它的名字") if column.sure >= SURE else say("像，请核对"),
                "filled": column.header in choice.fill,
            }
            for column in outcome.columns
            if column.header
        ]
    }


def _open_questions(problem: Problem, choice: Choice) -> dict[str, Any]:
    """Return what must be chosen before rows can be judged: a sheet, a kind, what the columns are."""
    found: Mapping[str, Any] = problem.details
    kind, headers = found.get("kind", ""), found.get("headers", ())
    columns = [
        {"letter": "", "header": text, "samples": (), "options": _options(kind, text, choice.columns.get(text, "")), "sure": ""}
        for text in headers if text
    ]  # fmt: skip
    return {"sheets": found.get("sheets", []), "columns": columns}


def _on_page(problem: Problem) -> str:
    """Return what to do about a file that cannot be read yet, by what the page offers."""
    match problem:
        case WhichSheet():
            return say("选一张表，再看一次；每张表各导入一次。")
        case WhichKind():
            return say("选一种，再看一次。")
    if "headers" in problem.details:
        return say("在下面选哪一列是什么，再看一次；或者在表里写上列名，再上传。")
    return say("在表里写上列名，再上传。")


def _options(kind: str, header: str, chosen: str) -> list[tuple[str, str, bool]]:
    fields = [("", say("不用"))] + [(field.name, title(field.title)) for field in kinds()[kind].field]
    return [(f"{header}={name}", text, name == chosen) for name, text in fields]


def _of_kind(choice: Choice, kind: str) -> dict[str, Any]:
    """Return the kinds to choose from, and which sheet and kind the rest of the page is about."""
    kinds_ = [(name, title(known.title), name == kind) for name, known in kinds().items()]
    return {"kinds": kinds_, "shown": _shown(choice.sheet, kind)}


def _shown(sheet: str, kind: str) -> str:
    return f"{kind}/{sheet}"
