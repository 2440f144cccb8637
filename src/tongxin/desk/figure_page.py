"""What the page of one figure shows: its value, its breakdowns and the records behind it."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tongxin.base import clock
from tongxin.base.problems import BadRequest
from tongxin.base.scope import CODE_DIGITS, TOWN_DIGITS, Scope
from tongxin.base.words import pick, say
from tongxin.desk import wording
from tongxin.desk.templatetags.desk import day as written_day
from tongxin.figures import queries
from tongxin.figures.compile import value as value_of
from tongxin.figures.queries import Figure, Narrow, Number, Part
from tongxin.figures.tracing import Traced, trace
from tongxin.figures.words import counted
from tongxin.people.queries import organisation_names
from tongxin.places.queries import area_names

if TYPE_CHECKING:
    from tongxin.bulletin.models import Bulletin
    from tongxin.orders.models import Incident


def content(scope: Scope, incident: "Incident", found: Figure, narrow: Narrow, bulletin: "Bulletin | None") -> dict[str, Any]:
    """Return the page's content; with a bulletin, what that said and the records behind it, without breakdowns."""
    value, tables = (0, []) if bulletin else _tables(scope, incident, found, narrow)
    upto = bulletin.position if bulletin else queries.cursor(scope.ledger)
    records = trace(scope, incident.id, found, upto, narrow)
    return {
        "figure": found,
        "title": pick(found.rule.title.zh, found.rule.title.en),
        "unit": pick(found.rule.unit.zh, found.rule.unit.en),
        "activity": pick(found.activity.title.zh, found.activity.title.en),
        "counted": counted(found.activity, found.rule),
        "value": _frozen(bulletin, found, narrow) if bulletin else value,
        "bulletin": bulletin,
        "part": bulletin is not None and scope.prefixes != scope.whole().prefixes,
        "position": upto,
        "tables": tables,
        "narrowed": _narrowed(narrow),
        "records": records,
        "count": _count(records, found, bulletin if narrow == Narrow() and scope.is_whole else None),
    }


def _count(records: Traced, found: Figure, bulletin: "Bulletin | None") -> int:
    """Return how many records stand behind a figure; of a bulletin's whole, as many as that has kept."""
    if records.number is not None:
        return records.number
    kept = next((one.get("records") for one in bulletin.details if one["key"] == found.key), None) if bulletin else None
    return records.rows.count() if kept is None else int(kept)


def _frozen(bulletin: "Bulletin", found: Figure, narrow: Narrow) -> float:
    """Return what a bulletin said: of the whole, or of its own day."""
    if narrow == Narrow():
        values: dict[str, float] = bulletin.figures
    elif narrow == Narrow(day=clock.day_of(bulletin.frozen_at)):
        values = bulletin.today
    else:
        raise BadRequest(say("战报只冻结了累计和当日的数"), next=say("回到战报，或者看现在的数。"))
    return values.get(found.key, 0)


def _tables(scope: Scope, incident: "Incident", found: Figure, narrow: Narrow) -> tuple[Number, list[dict[str, Any]]]:
    """Return the figure's value and its breakdowns, read at once."""
    rows = queries.cells(scope, incident.id, narrow).filter(figure=found.key)
    asked = (Part(rows), Part(rows, "area", TOWN_DIGITS), Part(rows, "organisation"), Part(rows, "category"))
    parts = [replace(part, distinct=found.rule.verb == "distinct") for part in asked]
    whole, by_town, by_team, by_category = queries.tables(*parts)
    by_day = queries.by_day(scope, incident.id, [found], narrow)
    towns, teams = area_names(code.ljust(CODE_DIGITS, "0") for code in by_town), organisation_names(by_team)
    return whole.get("", {}).get(found.key, value_of(found.rule, 0)), [
        _table(found, say("按日"), {d: written_day(d) for d in sorted(by_day, reverse=True)}, by_day, narrow, "day"),
        _table(
            found,
            say("按乡镇"),
            {c: towns.get(c.ljust(CODE_DIGITS, "0"), c) for c in by_town},
            by_town,
            narrow,
            "area",
        ),
        _table(found, say("按单位"), {i: teams.get(i, "") for i in by_team}, by_team, narrow, "organisation"),
        _table(
            found,
            say("按场所类别"),
            {n: wording.category(n) for n in by_category},
            by_category,
            narrow,
            "category",
        ),
    ]


def _table(
    found: Figure,
    title: str,
    names: dict[Any, str],
    values: dict[Any, dict[str, Any]],
    narrow: Narrow,
    field: str,
) -> dict[str, Any]:
    lines = [
        {
            "title": name,
            "value": values[key].get(found.key, 0),
            "query": query(replace(narrow, **{field: key})),
        }
        for key, name in names.items()
    ]
    most = max((line["value"] for line in lines), default=0)
    for line in lines:
        line["percent"] = 100 * max(0, line["value"]) / most if most else 0
    if field != "day":
        lines.sort(key=lambda line: (-line["value"], line["title"]))
    return {"title": title, "lines": lines}


def query(narrow: Narrow) -> str:
    """Return the address that asks for a part of a figure."""
    area = narrow.area.ljust(CODE_DIGITS, "0") if narrow.area else None
    parts = {
        "day": narrow.day,
        "area": area,
        "organisation": narrow.organisation,
        "category": narrow.category,
    }
    return "?" + urlencode({key: value for key, value in parts.items() if value is not None})


def _narrowed(narrow: Narrow) -> list[tuple[str, str]]:
    """Return (what the figure is narrowed to, address without that) for each part."""
    parts = []
    if narrow.day:
        parts.append((written_day(narrow.day), query(replace(narrow, day=None))))
    if narrow.area:
        name = area_names([narrow.area.ljust(CODE_DIGITS, "0")])
        parts.append((next(iter(name.values()), narrow.area), query(replace(narrow, area=None))))
    if narrow.organisation:
        names = organisation_names([narrow.organisation])
        parts.append((names.get(narrow.organisation, ""), query(replace(narrow, organisation=None))))
    if narrow.category:
        parts.append((wording.category(narrow.category), query(replace(narrow, category=None))))
    return parts
