"""What is composed: forms as the doors read them."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from tongxin.base.door import Upto120, Upto160

MOST_SECTIONS, MOST_PICTURES = 60, 12


class SectionForm(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A part of the text: an ``activity``'s own sentence, or words of one's own with figures as ``{activity.name}``."""

    activity: str = ""
    title: str = ""
    title_en: str = ""
    zh: str = ""
    en: str = ""


class PictureForm(msgspec.Struct, forbid_unknown_fields=True):
    """An uploaded picture and its words. None may be missing: whose it is, what it shows, what who cannot see it hears."""

    id: UUID
    credit: Upto120
    caption: Upto120
    caption_en: Upto160
    alt: Upto120
    alt_en: Upto160


SECTION_WORDS = ("title", "title_en", "zh", "en")
PICTURE_WORDS = ("credit", "caption", "caption_en", "alt", "alt_en")
"""What a person writes of a section of one's own, and of a picture."""


class BulletinForm(msgspec.Struct, forbid_unknown_fields=True):
    """A bulletin to be frozen now. Without ``sections`` it says the sentence of every activity."""

    incident: UUID
    title: Upto120
    title_en: Upto160
    sections: Sequence[SectionForm] | None = None
    pictures: Sequence[PictureForm] = ()


class DraftForm(msgspec.Struct, forbid_unknown_fields=True):
    """A bulletin while it is composed: anything may still be missing."""

    title: str = ""
    title_en: str = ""
    sections: Sequence[SectionForm] = ()
    pictures: Sequence[dict[str, str]] = ()
