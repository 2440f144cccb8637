"""What an issue keeps of each figure for its readers: words, and values by day and by town."""

from typing import Any
from uuid import UUID

from django.db.models import Sum
from django.utils import translation

from tongxin.base.scope import TOWN_DIGITS, Scope, town_of
from tongxin.figures.queries import Figure, Part, by_day, cells, tables
from tongxin.figures.words import counted
from tongxin.places.queries import area_names_both


def details(scope: Scope, incident: UUID, wanted: list[Figure]) -> list[dict[str, Any]]:
    """Return for each its words in both languages, how many ``records`` stand behind it, and its parts.

    ``by_day`` is ``[[day, value]]``, ``by_town`` ``[[zh, en, value]]``.
    """
    rows = cells(scope, incident)
    records = dict(rows.order_by().values_list("figure").annotate(n=Sum("records")))
    days = by_day(scope, incident, wanted)
    (by_town,) = tables(Part(rows, "area", TOWN_DIGITS))
    names = area_names_both(town_of(code) for code in by_town)
    return [
        {
            **_words(one),
            "records": records.get(one.key, 0) * (2 if one.rule.verb == "duration" else 1),  # what opened a matter and closed it
            "by_day": [[day.isoformat(), found[one.key]] for day, found in sorted(days.items()) if found.get(one.key)],
            "by_town": [
                [*names.get(town_of(code), (code, code)), found[one.key]]
                for code, found in sorted(by_town.items())
                if found.get(one.key)
            ],
        }
        for one in wanted
    ]


def _words(one: Figure) -> dict[str, str]:
    title, unit, activity = one.rule.title, one.rule.unit, one.activity.title
    return {
        "key": one.key, "activity": activity.zh, "activity_en": activity.en, "title": title.zh, "title_en": title.en,
        "unit": unit.zh, "unit_en": unit.en, "counted": _counted(one, "zh-hans"), "counted_en": _counted(one, "en"),
    }  # fmt: skip


def _counted(one: Figure, language: str) -> str:
    with translation.override(language):
        return counted(one.activity, one.rule)
