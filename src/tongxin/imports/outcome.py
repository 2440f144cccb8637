"""What an import comes to, with its control totals."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tongxin.base.words import say
from tongxin.imports.verdict import Verdict
from tongxin.sheets.kinds import kinds, title
from tongxin.sheets.match import Column
from tongxin.sheets.table import Total

MOST_SHOWN = 500
"""Bad rows that an outcome holds; the report holds all."""


@dataclass
class Outcome:
    """What an import comes to; ``written`` rows are in the table, or none of them is.

    ``rows`` below the header = taken + unchanged + refused + asked + ignored, always. ``before`` and ``after`` count the table.
    ``unneeded`` are rows of which somebody said that they are others, although they look like none.
    """

    file: str
    sheet: str
    kind: str
    header: int
    columns: list[Column]
    digest: str
    rows: int = 0
    taken: int = 0
    unchanged: int = 0
    refused: int = 0
    asked: int = 0
    blank: int = 0
    others: dict[int, str] = field(default_factory=dict)
    before: int = 0
    after: int = 0
    written: int = 0
    totals: list[Total] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    bad: list[Verdict] = field(default_factory=list)
    unneeded: list[int] = field(default_factory=list)

    @property
    def ignored(self) -> int:
        """Rows that are not data: totals, notes, headers again, blank ones."""
        return self.blank + len(self.others)

    @property
    def balanced(self) -> bool:
        """Say whether every row that was read became something."""
        return self.rows == self.taken + self.unchanged + self.refused + self.asked + self.ignored

    @property
    def is_clean(self) -> bool:
        """Say whether nothing needs a person."""
        return not (self.refused or self.asked or self.doubts)

    @property
    def kind_title(self) -> str:
        """The kind in the language being spoken."""
        return title(kinds()[self.kind].title)

    def count(self, verdict: Verdict) -> None:
        """Add a row."""
        setattr(self, verdict.what, getattr(self, verdict.what) + 1)
        if verdict.what in ("refused", "asked") and len(self.bad) < MOST_SHOWN:
            self.bad.append(verdict)

    def counts(self) -> dict[str, int]:
        """Return the counts alone: for the audit trail."""
        names = ("rows", "taken", "unchanged", "refused", "asked", "ignored", "before", "after", "written")
        return {name: getattr(self, name) for name in names}

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield what it came to, a name and a value a line, in the language being spoken."""
        yield say("文件"), self.file
        if self.sheet:
            yield say("表"), self.sheet
        yield say("种类"), self.kind_title
        yield say("结果"), self.headline()
        yield say("读到的行"), self.sum_up()
        yield say("不是数据的行"), self.left_out()
        yield say("在册"), say("导入前 {before}，导入后 {after}", before=self.before, after=self.after)
        for total in self.totals:
            yield say("合计"), total.said()
        for doubt in self.doubts:
            yield say("疑点"), doubt

    def headline(self) -> str:
        """Return in one sentence whether anything was written."""
        if self.written:
            return say("写入了{n}行。", n=self.written)
        return say("什么也没有写入。")

    def sum_up(self) -> str:
        """Return the control total of the rows in one sentence."""
        names = ("rows", "taken", "unchanged", "refused", "asked", "ignored")
        sentence = "{rows} = 可收 {taken} + 已有 {unchanged} + 退回 {refused} + 待确认 {asked} + 不是数据 {ignored}"
        return say(sentence, **{name: getattr(self, name) for name in names})

    def left_out(self) -> str:
        """Return which rows were not taken for data, and what for."""
        several = Counter(self.others.values())
        names = {"total": say("合计"), "note": say("说明"), "header": say("又一次列名")}
        parts = [f"{names[sort]} {', '.join(str(row) for row, of in self.others.items() if of == sort)}" for sort in several]
        return say("；").join([*parts, say("空行 {blank}", blank=self.blank)])
