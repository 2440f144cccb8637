from pathlib import Path

import pytest

from tongxin.playbook.loader import PACKS, BadActivity, load, read

GOOD = (PACKS / "epidemic" / "venue_closure.toml").read_text("utf-8")

WRONG = {
    "an unknown key": ("required = true", "requird = true", "ask[0].requird", "required"),
    "an unknown type": ('type = "yes_no"', 'type = "yesno"', "ask[0].type", "yes_no"),
    "an unknown category": ('"worship"', '"worshop"', "places[0]", "worship"),
    "a condition over an unknown question": ('opens = "open = yes"', 'opens = "opne = yes"', "matter[0].opens", "open"),
    "a condition with a wrong answer": ('opens = "open = yes"', 'opens = "open = yess"', "matter[0].opens", "yes"),
    "a condition that is not one comparison": ('opens = "open = yes"', 'opens = "open"', "matter[0].opens", "open = yes"),
    "a matter that closes as it opens": ('closes = "open = no"', 'closes = "open = yes"', "matter[0].closes", ""),
    "an impossible deadline": ('due = "2h"', 'due = "soon"', "matter[0].due", "tonight"),
    "an unknown count": ('count = "records"', 'count = "recrods"', "figure[1].count", "records"),
    "a count of an unknown matter": ("opened venue_open", "opened venue_opne", "figure[2].count", "venue_open"),
    "a sentence over an unknown figure": ("{inspections}", "{inspection}", "bulletin.zh", "inspections"),
    "a name declared twice": ('name = "gathering"\ntype', 'name = "open"\ntype', "ask[1].name", ""),
    "a missing translation": (', en = "Closed-venue inspection"', "", "title", "en"),
    "an id that is no name": ('id = "venue_closure"', 'id = "Venue closure"', "id", ""),
    "a hash that is written": ('id = "venue_closure"', 'id = "venue_closure"\nhash = "x"', "hash", ""),
    "free text that is not public": ('type = "yes_no"', 'type = "text"', "ask[0].public", "public = true"),
    "a choice without options": ('type = "yes_no"', 'type = "choice"', "ask[0].options", ""),
}


@pytest.mark.parametrize(("right", "wrong", "key", "hint"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_is_refused_with_file_key_reason_and_the_nearest_right_word(
    tmp_path: Path, right: str, wrong: str, key: str, hint: str
) -> None:
    assert right in GOOD
    file = tmp_path / "mine.toml"
    file.write_text(GOOD.replace(right, wrong, 1), "utf-8")
    with pytest.raises(BadActivity) as refused:
        read(file)
    assert refused.value.details["file"] == str(file)
    assert refused.value.details["key"] == key
    assert hint in refused.value.message


def test_a_file_that_is_not_toml_is_refused_with_the_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("id = \n", "utf-8")
    with pytest.raises(BadActivity, match="line 1"):
        read(file)


def test_two_files_with_one_id_are_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.toml").write_text(GOOD, "utf-8")
    with pytest.raises(BadActivity, match=r"two\.toml.*one\.toml"):
        load([tmp_path])


def test_the_shipped_files_are_good() -> None:
    assert set(load([PACKS])) == {"venue_closure", "attendance"}
