"""The messy workbook, and sentences as they are written."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation


@pytest.fixture
def messy() -> Path:
    return Path(__file__).resolve().parents[1] / "data" / "messy.xlsx"


@pytest.fixture
def chinese() -> Iterator[None]:
    with translation.override("zh-hans"):
        yield
