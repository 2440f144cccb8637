"""A frozen issue as its readers see it, at every door, in the language being spoken: made of its row alone."""

from collections.abc import Mapping
from typing import Any

from tongxin.base.words import pick
from tongxin.bulletin.models import Bulletin
from tongxin.bulletin.queries import parts


def read(row: Bulletin) -> dict[str, Any]:
    """Return an issue's title, publisher, ``sections`` (sentences in parts), ``rows`` (figures), corrections and pictures."""
    details = {one["key"]: spoken(one) for one in row.details}
    language = pick("zh", "en")
    return {
        "bulletin": row,
        "title": pick(row.title, row.title_en),
        "publisher": pick(row.incident.name, row.incident.name_en),
        "sections": [spoken(one) | {"parts": parts(one["activity"], one[language], row.figures)} for one in row.sentences],
        "rows": [
            one | {"today": row.today.get(key, 0), "whole": row.figures[key]}
            for key, one in details.items()
            if key in row.figures
        ],
        "corrections": [one | {"title": details[one["key"]]["title"]} for one in row.corrections if one["key"] in details],
        "pictures": [dict(one) | spoken(one) for one in row.pictures],
    }


def spoken(pair: Mapping[str, Any]) -> dict[str, str]:
    """Return a thing's words in the language being spoken: ``title`` of ``title`` and ``title_en``."""
    words = {key: value for key, value in pair.items() if isinstance(value, str) and not key.endswith("_en")}
    return {key: pick(value, pair.get(f"{key}_en", "")) for key, value in words.items()}
