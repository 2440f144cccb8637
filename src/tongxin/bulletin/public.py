"""A published issue as programs read it: what was frozen, without who froze it and without what leads to a record."""

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from tongxin.base.door import Moment

if TYPE_CHECKING:
    from tongxin.bulletin.models import Bulletin

Number = int | float


class Detail(msgspec.Struct):
    """A figure as readers see it: its words, what it counts, and its values by day and by town (in both languages).

    ``records`` is how many records stand behind it; null in an issue that did not keep it.
    """

    key: str
    activity: str
    activity_en: str
    title: str
    title_en: str
    unit: str
    unit_en: str
    counted: str
    counted_en: str
    by_day: list[tuple[date, Number]]
    by_town: list[tuple[str, str, Number]]
    records: int | None = None


class Correction(msgspec.Struct):
    """A figure of an issue before whose records were corrected since; ``now`` is null if it is not known."""

    bulletin: UUID
    number: int
    key: str
    said: Number
    now: Number | None
    count: int


class Picture(msgspec.Struct):
    """A picture and its words; ``digest`` is its SHA-256."""

    digest: str
    width: int
    height: int
    credit: str
    caption: str
    caption_en: str
    alt: str
    alt_en: str


class PublicBulletin(msgspec.Struct):
    """An issue. ``definitions`` are the hashes of the versions under which its records were made, by activity."""

    id: UUID
    number: int
    title: str
    title_en: str
    text: str
    text_en: str
    position: int
    frozen_at: Moment
    published_at: Moment
    figures: dict[str, Number]
    today: dict[str, Number]
    details: list[Detail]
    corrections: list[Correction]
    definitions: dict[str, list[str]]
    fingerprint: str
    drill: bool
    pictures: list[Picture]


def public_bulletin(row: "Bulletin") -> PublicBulletin:
    """Tell a published issue of the bulletin.

    Nothing in it ever changes. One that is not published is not there (404, said in a page for people).
    """
    pictures = [{key: value for key, value in one.items() if key != "id"} for one in row.pictures]
    corrections = [{key: value for key, value in one.items() if key != "records"} for one in row.corrections]
    held: dict[str, Any] = {"drill": row.incident.drill, "pictures": pictures, "corrections": corrections}
    # What was frozen is handed on as it is stored.
    return PublicBulletin(**{key: getattr(row, key) for key in PublicBulletin.__struct_fields__ if key not in held}, **held)
