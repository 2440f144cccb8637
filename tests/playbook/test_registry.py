"""A file that is dropped in is seen; one that goes bad or goes away takes nothing with it."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tongxin.ledger.definitions import archive
from tongxin.playbook import registry
from tongxin.playbook.loader import PACKS, BadActivity, parse

GOOD = (PACKS / "epidemic" / "venue_closure.toml").read_text("utf-8")


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A pack directory that is looked at every time."""
    monkeypatch.setattr(registry, "LOOK_EVERY", -1.0)
    monkeypatch.setattr(registry, "_versions", {})
    registry.set_archive(lambda _: ())
    registry.set_directories([tmp_path])
    yield tmp_path
    registry.set_directories([])
    registry.set_archive(archive)


def drop(pack: Path, name: str, **changes: str) -> Path:
    text = GOOD.replace('id = "venue_closure"', f'id = "{name}"', 1)
    for before, after in (pair.split(" -> ") for pair in changes.values()):
        assert before in text
        text = text.replace(before, after, 1)
    file = pack / f"{name}.toml"
    file.write_text(text, "utf-8")
    return file


def test_a_file_that_is_dropped_in_is_seen(pack: Path) -> None:
    assert "night_market" not in registry.activities()
    drop(pack, "night_market")
    assert registry.activity("night_market").title.en == "Closed-venue inspection"


def test_a_changed_file_is_a_new_version_and_the_old_one_stays_known(pack: Path) -> None:
    drop(pack, "night_market")
    before = registry.activity("night_market")
    drop(pack, "night_market", due='due = "2h" -> due = "3h"')
    after = registry.activity("night_market")
    assert (before.matter[0].due, after.matter[0].due) == ("2h", "3h")
    assert registry.version(before.hash) is before


def test_a_deleted_file_is_gone_but_its_last_version_is_known(pack: Path) -> None:
    file = drop(pack, "night_market")
    found = registry.activity("night_market")
    file.unlink()
    assert "night_market" not in registry.activities()
    assert registry.latest("night_market") is found


def test_a_file_that_turns_bad_is_reported_and_its_last_good_version_goes_on(
    pack: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = drop(pack, "night_market")
    found = registry.activity("night_market")
    file.write_text("id = ", "utf-8")
    with caplog.at_level(logging.WARNING):
        assert registry.activity("night_market") is found
    assert str(file) in caplog.text


def test_a_figure_is_never_counted_in_another_way_under_its_name(pack: Path, caplog: pytest.LogCaptureFixture) -> None:
    drop(pack, "night_market")
    found = registry.activity("night_market")
    drop(pack, "night_market", count='count = "records" -> count = "distinct member"')
    with caplog.at_level(logging.WARNING):
        assert registry.activity("night_market") is found
    assert "distinct" not in found.figure[1].count
    assert "换了数法要换名字" in caplog.text


def test_a_second_file_with_a_known_id_is_reported_and_ignored(pack: Path, caplog: pytest.LogCaptureFixture) -> None:
    registry.activities()
    (pack / "mine.toml").write_text(GOOD, "utf-8")
    with caplog.at_level(logging.WARNING):
        assert registry.activity("venue_closure").source == GOOD.encode()
    assert "mine.toml" in caplog.text


def test_a_bad_file_stops_a_process_before_it_starts(pack: Path) -> None:
    (pack / "mine.toml").write_text("id = ", "utf-8")
    registry.set_directories([pack])
    with pytest.raises(BadActivity, match=r"mine\.toml"):
        registry.activities()


def test_a_version_that_another_process_archived_a_moment_ago_is_found_at_once(
    pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "LOOK_EVERY", 3600.0)
    registry.versions()
    other = parse(GOOD.replace('due = "2h"', 'due = "5h"', 1).encode(), Path("elsewhere.toml"))
    registry.set_archive(lambda known: [] if other.hash in known else [other])
    assert registry.version(other.hash) is other
    assert registry.version("f" * 64) is None
