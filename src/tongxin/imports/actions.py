"""Writes of imports: a file is kept, looked at, and imported in one transaction or not at all."""

import hashlib
import io
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import msgspec
from django.db import connection, transaction

from tongxin.audit.actions import log
from tongxin.base import clock, ids
from tongxin.base.door import TooLarge
from tongxin.base.problems import Problem
from tongxin.base.scope import Scope
from tongxin.base.words import say
from tongxin.imports.access import MAY_IMPORT
from tongxin.imports.judge import JUDGES, Judge
from tongxin.imports.models import Upload
from tongxin.imports.outcome import Outcome
from tongxin.imports.queries import no_such_upload, outcome_of, uploads
from tongxin.imports.verdict import WHATS, spoken
from tongxin.sheets.kinds import title
from tongxin.sheets.match import BadColumn, Plan, plan
from tongxin.sheets.read import Content, sheet
from tongxin.sheets.report import Report
from tongxin.sheets.table import Reading

AT_ONCE = 5000
"""Rows that are written together."""
MOST_BYTES = 20_000_000
"""Of a file that comes through the desk; the command takes any."""
LONGEST_NAME = 200
KEPT = timedelta(hours=24)
_DIGESTED = 1 << 20


class NotBalanced(Problem):
    """The rows read and the rows written do not add up: somebody else wrote meanwhile, or a row was lost. Nothing was written."""

    code = "imports.not_balanced"
    status = 409
    next_step = "再导入一次；还不行，把文件交给维护的人。"


@dataclass(frozen=True)
class Choice:
    """How a person wants a file read and imported.

    ``columns`` maps headers to fields ("" for none); ``fill`` names headers whose blank cells are as above; ``others`` are rows
    that look like another and are not; ``despite`` says that the file's own doubts have been looked at.
    """

    sheet: str = ""
    kind: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    fill: frozenset[str] = frozenset()
    others: frozenset[int] = frozenset()
    despite: bool = False
    good_rows: bool = False


@dataclass(frozen=True)
class File:
    """A file and what it is called."""

    name: str
    content: Content

    def digest(self) -> str:
        """Return its SHA-256."""
        found = hashlib.sha256()
        with self.content.open("rb") if isinstance(self.content, Path) else io.BytesIO(self.content) as file:
            while part := file.read(_DIGESTED):
                found.update(part)
        return found.hexdigest()


def look(scope: Scope, file: File, choice: Choice, report: BinaryIO | None = None) -> Outcome:
    """Judge every row and write nothing; raise BadFile, WhichSheet, WhichKind, NoHeader, BadColumn or Forbidden."""
    return _run(scope, file, choice, report, write=False)


def perform(scope: Scope, file: File, choice: Choice, report: BinaryIO | None = None) -> Outcome:
    """Import a file in one transaction: all its rows, or with ``good_rows`` those that are good; else nothing.

    A file with doubts of its own is not imported unless they were looked at (``despite``), nor is one with columns that are only
    like a field's name (BadColumn). Raise as ``look``, and NotBalanced.
    """
    return _run(scope, file, choice, report, write=True)


def may_stand(outcome: Outcome, choice: Choice) -> bool:
    """Say whether what was found so far may be written."""
    if outcome.doubts and not choice.despite:
        return False
    return choice.good_rows or not (outcome.refused or outcome.asked)


@transaction.atomic
def _run(scope: Scope, file: File, choice: Choice, report: BinaryIO | None, *, write: bool) -> Outcome:
    scope.require(say("导入"), MAY_IMPORT)
    found = sheet(file.content, choice.sheet)
    how = plan(found, choice.kind, choice.columns, choice.fill)
    if write:
        _require_confirmed(how)
        _one_at_a_time()
    judge, reading = JUDGES[how.kind](scope, how, choice.others), Reading(found, how)
    outcome = Outcome(file.name, found.name, how.kind, how.header, list(how.columns), file.digest())
    outcome.before = judge.held()
    fields = [title(field.title) for field in judge.fields]
    with Report(report, fields) if report else nullcontext() as told:
        with transaction.atomic():
            _read_all(judge, reading, outcome, choice, told, write=write)
            outcome.after = judge.held()
            _require_balanced(outcome)
            if not may_stand(outcome, choice):
                transaction.set_rollback(True)
        if not may_stand(outcome, choice):
            outcome.written, outcome.after = 0, outcome.before
        if told:
            told.summary(outcome.lines())
    if outcome.written:
        log("import", member=scope.member, subject=how.kind, file=file.name, digest=outcome.digest, **outcome.counts())
    return outcome


def _read_all(judge: Judge, reading: Reading, outcome: Outcome, choice: Choice, told: Report | None, *, write: bool) -> None:
    """Go through the file once, writing as long as the import may still stand."""
    waiting: list[Any] = []
    words = {what: spoken(what) for what in WHATS}  # for each row anew they would take as long as judging it

    def flush() -> None:
        if write and waiting and may_stand(outcome, choice):
            outcome.written += judge.write(waiting)
        waiting.clear()

    for line in reading.lines():
        verdict, form = judge.judge(line)
        outcome.count(verdict)
        if told:
            told.row(verdict.number, words[verdict.what], verdict.reason, verdict.values)
        if form is not None:
            waiting.append(form)
            if len(waiting) == AT_ONCE:
                flush()
    flush()
    outcome.rows, outcome.blank, outcome.others = reading.rows, reading.blank, dict(reading.ignored)
    outcome.totals, outcome.doubts = reading.totals, reading.doubts
    outcome.unneeded = judge.known.unneeded()


def _require_balanced(outcome: Outcome) -> None:
    """Refuse if a row was lost on the way, or if the table grew by another number than was written."""
    if not outcome.balanced:
        raise NotBalanced(say("行数对不上：{sum}", sum=outcome.sum_up()))
    if outcome.after - outcome.before != outcome.written:
        sentence = "在册数对不上：导入前 {before}，导入后 {after}，写入 {written}"
        raise NotBalanced(say(sentence, before=outcome.before, after=outcome.after, written=outcome.written))


def _require_confirmed(how: Plan) -> None:
    """Refuse to write by columns that are only like a field's name and that nobody has confirmed."""
    if how.guesses:
        names = say("、").join(f"{column.header}={column.field}" for column in how.guesses)
        guesses = [column.header for column in how.guesses]
        raise BadColumn(say("这些列只是像：{columns}", columns=names), next=say("看过逐一确认，再导入。"), guesses=guesses)


def _one_at_a_time() -> None:
    """Wait until no other import is writing; the database lets go when the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('tongxin.imports'))")


@transaction.atomic
def receive(scope: Scope, name: str, read: Callable[[int], bytes]) -> Upload:
    """Keep a file, read by ``read(bytes)``, until it is imported, a day at most; raise TooLarge or Forbidden."""
    scope.require(say("导入"), MAY_IMPORT)
    content = read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        most = MOST_BYTES // 1_000_000
        raise TooLarge(
            say("文件太大，网页上最多 {most} MB", most=most), next=say("用命令 tongxin import 导入，或者分成几个文件。")
        )
    now, file = clock.wall(), File(name[-LONGEST_NAME:], content)
    Upload.objects.filter(uploaded_at__lt=now - KEPT).delete()
    row = Upload(id=ids.uuid7(), ledger=scope.ledger, member=scope.member, name=file.name, digest=file.digest())
    row.content, row.uploaded_at = content, now
    row.save(force_insert=True)
    return row


@transaction.atomic
def finish(scope: Scope, id_: UUID, choice: Choice) -> Outcome:
    """Import an uploaded file, once: whoever presses twice gets the first outcome. Raise as ``perform``, and NotFound."""
    upload = uploads(scope).select_for_update().filter(id=id_).first()
    if upload is None:
        raise no_such_upload()
    if upload.outcome is not None:
        return outcome_of(upload)
    report = io.BytesIO()
    outcome = perform(scope, File(upload.name, bytes(upload.content)), choice, report)
    if outcome.is_clean or outcome.written:
        upload.outcome, upload.report, upload.content = msgspec.to_builtins(outcome, str_keys=True), report.getvalue(), b""
        upload.save()
    return outcome
