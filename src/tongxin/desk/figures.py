"""Pages of the figures: all of them, one with the records behind it, and both as tables to take away."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tongxin.base import clock
from tongxin.base.problems import NotFound
from tongxin.base.scope import Scope
from tongxin.base.words import pick, say
from tongxin.bulletin.queries import bulletin as bulletin_of
from tongxin.desk import figure_page, narrowing
from tongxin.desk.lists import PAGE, record_rows
from tongxin.desk.session import required, signed_in
from tongxin.desk.templatetags.desk import day as written_day
from tongxin.figures import queries
from tongxin.figures.compile import is_stock
from tongxin.figures.words import counted
from tongxin.sheets.write import Table, separated, workbook

KINDS = {
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", workbook),
    "csv": ("text/csv; charset=utf-8", separated),
}
WIDE, HIGH = 96, 18
"""Of a line of days, in pixels."""


@require_GET
@signed_in
def figures(request: HttpRequest, scope: Scope) -> HttpResponse:
    """List every figure with today's value, the whole, and how it grew day by day."""
    content = {"rows": _rows(scope, required(request).id), "today": _today(), "position": queries.cursor(scope.ledger)}
    return render(request, "desk/figures.html", content)


def _today() -> date:
    return clock.day_of(clock.now())


def _rows(scope: Scope, incident: UUID) -> list[dict[str, Any]]:
    wanted, today = queries.figures_of(scope, incident), _today()
    whole = queries.values(queries.cells(scope, incident), wanted)
    by_day = {today: {}, **queries.by_day(scope, incident, wanted)}
    series = {found.key: _series(by_day, found) for found in wanted}
    return [
        {
            "key": found.key,
            "activity": pick(found.activity.title.zh, found.activity.title.en),
            "title": pick(found.rule.title.zh, found.rule.title.en),
            "unit": pick(found.rule.unit.zh, found.rule.unit.en),
            "counted": counted(found.activity, found.rule),
            "today": series[found.key][today],
            "whole": whole[found.key],
            "line": line(list(series[found.key].values())),
        }
        for found in wanted
    ]


def _series(by_day: Mapping[date, Mapping[str, queries.Number]], found: queries.Figure) -> dict[date, queries.Number]:
    """Return a figure's value for each of some days, in order; a stock stays what it was until it changes."""
    series: dict[date, queries.Number] = {}
    before: queries.Number = 0
    for on in sorted(by_day):
        series[on] = by_day[on].get(found.key, before)
        before = series[on] if is_stock(found.rule) else 0
    return series


def line(values: list[queries.Number]) -> str:
    """Return the points of a line over days, from 0 at the bottom to the largest at the top; empty for fewer than two days."""
    most = max(values, default=0)
    if len(values) < 2 or most <= 0:  # noqa: PLR2004 - a line has two ends
        return ""
    step = WIDE / (len(values) - 1)
    return " ".join(f"{at * step:.1f},{HIGH - 1 - (HIGH - 2) * max(0, value) / most:.1f}" for at, value in enumerate(values))


@require_GET
@signed_in
def figure(request: HttpRequest, scope: Scope, key: str) -> HttpResponse:
    """Show one figure and exactly the records behind it; ``bulletin`` asks how it stood when that was frozen."""
    content, before = _content(request, scope, key), narrowing.position(request, "before")
    listed = content["records"].newest(PAGE + 1, before)
    shown = {
        "rows": record_rows(listed[:PAGE]),
        "older": listed[PAGE - 1].position if len(listed) > PAGE else None,
        "before": before,
        "query": _query(request),
    }
    return render(request, "desk/figure.html", content | shown)


def _content(request: HttpRequest, scope: Scope, key: str) -> dict[str, Any]:
    found = queries.figure(key)
    narrow = narrowing.narrow(request)
    bulletin = bulletin_of(scope, issue) if (issue := narrowing.uuid(request.GET, "bulletin")) else None
    incident = bulletin.incident if bulletin else required(request)
    return figure_page.content(scope, incident, found, narrow, bulletin)


def _query(request: HttpRequest) -> str:
    kept = request.GET.copy()
    kept.pop("before", None)
    return kept.urlencode()


@require_GET
@signed_in
def take_all(request: HttpRequest, scope: Scope, kind: str) -> HttpResponse:
    """Hand out every figure as a table."""
    rows = _rows(scope, required(request).id)
    head = [say("专项"), say("数字"), say("怎么数"), say("单位（量）"), say("今日"), say("累计")]
    told = [[row[name] for name in ("activity", "title", "counted", "unit", "today", "whole")] for row in rows]
    return _file("figures", kind, [_cut_off(request, scope, queries.cursor(scope.ledger)), Table(say("数字"), head, told)])


@require_GET
@signed_in
def take(request: HttpRequest, scope: Scope, key: str, kind: str) -> HttpResponse:
    """Hand out one figure as the page shows it: its value, and its parts by day, town, organisation and category."""
    content = _content(request, scope, key)
    narrowed = "、".join(name for name, _ in content["narrowed"]) or say("全部")
    tables = [
        _cut_off(request, scope, content["position"]),
        Table(content["title"], [say("数字"), say("累计"), say("单位（量）"), say("怎么数"), say("条件")],
              [[content["title"], content["value"], content["unit"], content["counted"], narrowed]]),
        *(
            Table(table["title"], [table["title"], content["unit"]], [[part["title"], part["value"]] for part in table["lines"]])
            for table in content["tables"]
        ),
    ]  # fmt: skip
    return _file(key, kind, tables)


def _cut_off(request: HttpRequest, scope: Scope, position: int) -> Table:
    incident = required(request)
    mark = say("【演练】") if incident.drill else ""
    now = f"{written_day(clock.now())} {clock.now().astimezone(clock.SHANGHAI):%H:%M:%S}"
    head = [say("事件"), say("截至"), say("记录"), say("县")]
    return Table(say("截至"), head, [[mark + pick(incident.name, incident.name_en), now, position, scope.ledger]])


def _file(name: str, kind: str, tables: list[Table]) -> HttpResponse:
    if kind not in KINDS:
        raise NotFound(say("没有这种文件：{kind}", kind=kind), next=say("下载 xlsx 或 csv。"))
    content_type, written = KINDS[kind]
    response = HttpResponse(written(tables), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response
