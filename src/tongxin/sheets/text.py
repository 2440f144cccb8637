"""How a cell is read as text, and when two texts mean the same."""

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from functools import cache

_WIDE = {code: code - 0xFEE0 for span in ("０９", "ＡＺ", "ａｚ") for code in range(ord(span[0]), ord(span[1]) + 1)}
"""Full-width letters and digits; full-width punctuation stays, it is how Chinese is written."""
_UNCLEAN = re.compile(r"[\s\x00-\x1f\x7f\u200b\ufeff０-９Ａ-Ｚａ-ｚ]")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f\u200b\ufeff]+")
_PADDED = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")
_NOT_WORD = re.compile(r"[\W_]+")


def clean(text: str) -> str:
    """Return a text without what an office's software leaves in it: full-width digits, padding (张　三), control characters."""
    text = unicodedata.normalize("NFC", text)  # returns at once what is so already
    if not _UNCLEAN.search(text):
        return text
    return _PADDED.sub("", _SPACE.sub(" ", text.translate(_WIDE)).strip())


Cell = float | str | bool | time | date | datetime | timedelta


def written(value: Cell) -> str:
    """Return a workbook's cell as clean text: a whole number without the ``.0`` that workbooks keep it with."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def fold(text: str) -> str:
    """Return what of a text must be equal for two to be the same writing: letters and digits, whatever their width and case."""
    return _NOT_WORD.sub("", unicodedata.normalize("NFKC", text).casefold())


def sound(text: str) -> str:
    """Return how a text is read aloud, without tones: equal for 张伟 and 張偉, and for what an input method may have confused."""
    return " ".join(map(_syllable, fold(text)))


@cache
def _syllable(char: str) -> str:
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415 - its tables take memory that most processes never need

    return lazy_pinyin(char, style=Style.NORMAL)[0]
