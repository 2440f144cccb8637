"""The national table: what is packed is the source, every area lies in another, and a county is found by what people call it."""

import csv
import hashlib
import lzma
from collections import Counter

import pytest
from django.utils import translation

from tongxin.places.spelling import LONGEST, spell
from tongxin.places.table import DATA, AmbiguousCounty, UnknownCounty, every_county, find, level_of, parent_of, search, tree

SOURCE = "9ddcfd4dcb500c460f185e029adfbcc196b971c5779fc5465b910bd120374f23"
"""SHA-256 of the CSV that was packed; data/README.md names it too."""
PARENT = {2: 0, 4: 2, 6: 4, 9: 6, 12: 9}
"""Digits that a code has before its zeros, and how many of them its parent's code has."""


@pytest.fixture(scope="module")
def names() -> dict[str, str]:
    """Every area's name by code, read from the packed files themselves."""
    with (DATA / "national" / "counties.csv").open(encoding="utf-8") as file:
        found = {row["code"]: row["name"] for row in csv.DictReader(file)}
    for packed in (DATA / "national").iterdir():
        if packed.name.endswith(".xz"):
            lines = lzma.decompress(packed.read_bytes()).decode("utf-8").splitlines()
            assert lines[0] == "code,name"
            found |= dict(line.split(",") for line in lines[1:])
    return found


def digits(code: str) -> int:
    told = len(code.rstrip("0"))
    return next(length for length in PARENT if length >= told)


def test_what_is_packed_is_the_source_to_the_byte(names: dict[str, str]) -> None:
    text = "code,name\r\n" + "".join(f"{code},{names[code]}\r\n" for code in sorted(names))
    assert hashlib.sha256(text.encode()).hexdigest() == SOURCE
    assert SOURCE in (DATA / "README.md").read_text("utf-8")


def test_every_area_of_the_country_lies_in_one_a_level_up(names: dict[str, str]) -> None:
    by_digits = Counter(map(digits, names))
    assert by_digits == {2: 31, 4: 342, 6: 2975, 9: 41_351, 12: 620_572}
    inside_cities = {code[:6] for code in names if digits(code) == 9 and code[4:6] == "00"}
    assert inside_cities == {"441900", "442000", "460400"}, "towns directly below a city"
    for code in names:
        above = code[: PARENT[digits(code)]].ljust(12, "0")
        assert digits(code) == 2 or above in names, code


def test_every_town_and_village_belongs_to_exactly_one_county(names: dict[str, str]) -> None:
    ledgers = Counter(county.ledger for county in every_county())
    assert set(ledgers.values()) == {1}
    assert {code[:6] for code in names if digits(code) > 6} <= ledgers.keys()
    assert len(ledgers) == 2975 + 3, "counties, and the cities that have none"


def test_the_reviewed_names_of_liuyang_stand_on_the_same_areas_as_the_table(names: dict[str, str]) -> None:
    rows = tree(find("430181"))
    assert {row.code: row.name for row in rows} == {code: name for code, name in names.items() if code.startswith("430181")}
    assert [row.name_en for row in rows if row.code == "430181117000"] == ["Yong'an"]


@pytest.mark.parametrize(
    "word", ["长沙县", "长沙市长沙县", "湖南省长沙市长沙县", "430121", "430121000000", "changsha county", " 长沙县 "]
)
def test_a_county_is_found_by(word: str) -> None:
    assert find(word).code == "430121000000"


@pytest.mark.parametrize(
    ("word", "full", "full_en"),
    [
        ("北京市朝阳区", "北京市朝阳区", "Zhaoyang District, Beijing"),
        ("东莞市", "广东省东莞市", "Dongguan, Guangdong"),
        ("嘉峪关市", "甘肃省嘉峪关市", "Jiayuguan, Gansu"),
        ("神农架林区", "湖北省神农架林区", "Shennongjialin District, Hubei"),
        ("鄂温克族自治旗", "内蒙古自治区呼伦贝尔市鄂温克族自治旗", "Ewenkezu Autonomous Banner, Hulunbei'er, Inner Mongolia"),
    ],
)
def test_a_countys_full_name_skips_what_is_no_city(word: str, full: str, full_en: str) -> None:
    assert (find(word).full, find(word).full_en) == (full, full_en)


def test_a_name_that_several_have_is_refused_naming_each_with_its_city_and_code() -> None:
    with translation.override("zh-hans"), pytest.raises(AmbiguousCounty) as refused:
        find("鼓楼区")
    for choice in ("320106  江苏省南京市鼓楼区", "320302  江苏省徐州市鼓楼区", "350102  福建省福州市鼓楼区"):
        assert choice in refused.value.message
    assert find("开封市鼓楼区").ledger == "410204"


@pytest.mark.parametrize(("word", "near"), [("浏阳", "430181"), ("浏阴市", "430181"), ("长沙市", "430121"), ("430188", "430181")])
def test_a_name_that_none_has_is_refused_naming_those_that_are_like_it(word: str, near: str) -> None:
    with pytest.raises(UnknownCounty, match=f"(?m)^  {near}  "):
        find(word)


@pytest.mark.parametrize("word", ["", "  ", "xyzzy"])
def test_a_word_like_no_name_is_refused_and_found_nowhere(word: str) -> None:
    assert search(word) == []
    with pytest.raises(UnknownCounty):
        find(word)


@pytest.mark.parametrize("word", ["浦东新区", "东莞市", "金门县", "伊金霍洛旗"])
def test_a_county_comes_with_its_towns_and_villages_each_after_its_parent(names: dict[str, str], word: str) -> None:
    county, seen = find(word), set[str]()
    rows = tree(county)
    assert {row.code: row.name for row in rows} == {code: name for code, name in names.items() if code[:6] == county.ledger}
    for row in rows:
        assert row.parent in seen if row.level != "county" else row == (county.code, None, "county", county.name, county.name_en)
        assert (row.level, row.parent) == (level_of(row.code), parent_of(row.code))
        assert len(row.name_en) <= LONGEST
        seen.add(row.code)


@pytest.mark.parametrize(
    ("name", "level", "english"),
    [
        ("浏阳市", "county", "Liuyang"),
        ("长沙县", "county", "Changsha County"),
        ("吉安市", "city", "Ji'an"),
        ("永安镇", "town", "Yong'an"),
        ("东直门街道", "town", "Dongzhimen"),
        ("街道", "town", "Jiedao"),
        ("开元路社区居委会", "village", "Kaiyuanlu Community"),
        ("李庄村村民委员会", "village", "Lizhuang Village"),
        ("红星村委会", "village", "Hongxing Village"),
        ("村", "village", "Cun"),
        ("一〇四团桌子山社区居民委员会", "village", "Yilingsituanzhuozishan Community"),
        ("很" * 30, "village", ""),
    ],
)
def test_an_area_without_an_english_name_is_spelt(name: str, level: str, english: str) -> None:
    assert spell(name, level) == english
