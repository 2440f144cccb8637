"""Packs the national table of areas that ships: python scripts/pack_areas.py SOURCE

SOURCE is a CSV file (.csv or .csv.xz) with the columns ``code,name``: every province, city, county, town and village, by code,
each code filled up with zeros to 12 digits. The same SOURCE, Python and pypinyin give the same bytes.
"""

import csv
import itertools
import lzma
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from tongxin.places.spelling import spell

NATIONAL = Path(__file__).resolve().parents[1] / "src" / "tongxin" / "places" / "data" / "national"
CUSTOMARY = {
    "内蒙古自治区": "Inner Mongolia", "广西壮族自治区": "Guangxi", "西藏自治区": "Tibet", "宁夏回族自治区": "Ningxia",
    "新疆维吾尔自治区": "Xinjiang", "陕西省": "Shaanxi",
}  # fmt: skip
"""Provinces that English does not call by their pinyin."""


def main(source: Path) -> None:
    """Read it, write ``counties.csv`` and one packed file for each province."""
    with _opened(source) as file:
        rows = [(row["code"], row["name"]) for row in csv.DictReader(file)]
    NATIONAL.mkdir(exist_ok=True)
    with (NATIONAL / "counties.csv").open("w", encoding="utf-8", newline="") as file:
        _write(file, ("code", "name", "name_en"), _named(rows))
    for province, own in itertools.groupby((row for row in rows if not _is_upper(row[0])), key=lambda row: row[0][:2]):
        with lzma.open(
            NATIONAL / f"{province}.csv.xz", "wt", preset=9 | lzma.PRESET_EXTREME, encoding="utf-8", newline=""
        ) as file:
            _write(file, ("code", "name"), own)


def _opened(source: Path) -> TextIO:
    if source.suffix == ".xz":
        return lzma.open(source, "rt", encoding="utf-8", newline="")
    return source.open(encoding="utf-8", newline="")


def _write(file: TextIO, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)


def _is_upper(code: str) -> bool:
    return code.endswith("0" * 6)


def _named(rows: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    """Yield provinces, cities and counties with their English names."""
    for code, name in rows:
        if _is_upper(code):
            level = "province" if code.endswith("0" * 10) else "city" if code.endswith("0" * 8) else "county"
            yield code, name, CUSTOMARY.get(name) or spell(name, level)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
