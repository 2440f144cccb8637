"""English names for areas that nobody has named in English: pinyin, and a word for what the area is.

Written by machine, so a reading may be wrong: 长沙县 becomes "Changsha County", 开元路社区居委会 "Kaiyuanlu Community". The
syllables of a name stand together, an apostrophe before one that begins with a vowel (GB/T 16159-2012); pypinyin reads them.
"""

from collections.abc import Mapping, Sequence

LONGEST = 80
"""Characters that an English name may have; an area whose name would be longer keeps its Chinese name alone."""

_ENDINGS: Mapping[str, Sequence[tuple[str, str]]] = {
    "province": (("省", ""), ("市", "")),
    "city": (("地区", ""), ("市", ""), ("盟", " League"), ("自治州", " Prefecture")),
    "county": (
        ("自治县", " Autonomous County"), ("自治旗", " Autonomous Banner"), ("新区", " New District"), ("县", " County"),
        ("区", " District"), ("旗", " Banner"), ("市", ""),
    ),
    "town": (("街道办事处", ""), ("街道", ""), ("民族乡", ""), ("镇", ""), ("乡", "")),
    "village": (
        ("社区居民委员会", " Community"), ("社区居委会", " Community"), ("居民委员会", " Community"), ("居委会", " Community"),
        ("社区", " Community"), ("村村民委员会", " Village"), ("村民委员会", " Village"), ("村村委会", " Village"),
        ("村委会", " Village"), ("村", " Village"),
    ),
}  # fmt: skip
"""What the end of a Chinese name comes to in English; of several that fit the first counts."""


def spell(name: str, level: str) -> str:
    """Return the English name of an area of a level (province, city, county, town, village); "" if it would be too long."""
    base, word = _parted(name, level)
    spelt = _pinyin(base).capitalize() + word
    return spelt if len(spelt) <= LONGEST else ""


def short(name: str) -> str:
    """Return a town's Chinese name without what it is: 镇, 街道, 乡."""
    return _parted(name, "town")[0]


def _parted(name: str, level: str) -> tuple[str, str]:
    for ending, word in _ENDINGS[level]:
        if name.endswith(ending) and name != ending:
            return name.removesuffix(ending), word
    return name, ""


def _pinyin(text: str) -> str:
    from pypinyin import lazy_pinyin  # noqa: PLC0415 - half a second and much memory, and only a new county needs it

    first, *more = lazy_pinyin(text)
    return first + "".join(f"'{syllable}" if syllable[0] in "aoe" else syllable for syllable in more)
