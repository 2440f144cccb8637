from pathlib import Path

import pytest

from tongxin.figures.examples import problems
from tongxin.playbook.condition import MOST_FIGURES
from tongxin.playbook.loader import PACKS, BadActivity, files, load, parse, read

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
    "a photo before sealing exists": ('type = "yes_no"', 'type = "photo"', "ask[0].type", "photo"),
    "a signature before sealing exists": ('type = "yes_no"', 'type = "signature"', "ask[0].type", "signature"),
    "a phone number before sealing exists": ('type = "yes_no"', 'type = "phone"', "ask[0].type", "phone"),
    "anything personal before sealing exists": ("required = true", "personal = true", "ask[0].personal", ""),
    "days to keep what is not personal": ("required = true", "keep_days = 3", "ask[0].keep_days", "personal = true"),
    "options of what is no choice": ("required = true", "decimals = 1", "ask[0].decimals", "number"),
    "a range turned round": ('type = "yes_no"', 'type = "number"\nmin = 3\nmax = 2', "ask[0].min", "3"),
    "a question shown by a later one": ("required = true", 'show_when = "gathering = yes"', "ask[0].show_when", ""),
    "a question shown by itself": ("required = true", 'show_when = "open = yes"', "ask[0].show_when", ""),
    "a question shown by nothing": ("required = true", 'show_when = "opne = yes"', "ask[0].show_when", "open"),
    "a question named like a part of the record": ('name = "open"', 'name = "place"', "ask[0].name", "place"),
    "a repeat without questions": ('type = "yes_no"', 'type = "repeat"', "ask[0].ask", ""),
    "an unknown kind": ('kind = "visit"', 'kind = "visits"', "kind", "visit"),
    "an unknown subject": ('subject = "place"', 'subject = "plase"', "subject", "place"),
    "a subject that is no code": ('subject = "place"', 'subject = "code open"', "subject", ""),
    "a post about a place": ('kind = "visit"', 'kind = "post"', "subject", "member"),
    "a cadence of another kind": ('kind = "visit"', 'kind = "visit"\ncadence = "round the clock"', "cadence", "once per order"),
    "an impossible cadence": ('kind = "visit"', 'kind = "visit"\ncadence = "every 0 days"', "cadence", "every 3 days"),
    "a cadence that nobody knows": ('kind = "visit"', 'kind = "visit"\ncadence = "dayly"', "cadence", "daily"),
    "a matter after itself": (
        'opens = "open = yes"',
        'opens = "closed venue_open"',
        "matter[0].opens",
        "venue_open → venue_open",
    ),
    "a matter after one that is not": ('opens = "open = yes"', 'opens = "closed venue_opne"', "matter[0].opens", "venue_open"),
    "a matter closed by another": ('closes = "open = no"', 'closes = "closed gathering"', "matter[0].closes", ""),
    "a rule that is not": ('opens = "open = yes"', 'opens = "rule short_rst"', "matter[0].opens", "short_rest"),
    "an unknown owner": ('due = "2h"', 'due = "2h"\nowner = "twon"', "matter[0].owner", "town"),
    "an escalation to the owner": ('due = "2h"', 'owner = "leader"\nescalates_to = "leader"', "matter[0].escalates_to", "leader"),
    "a matter per duty of a place": ('due = "2h"', 'per = "duty"', "matter[0].per", "member"),
    "a sum of what is no number": ('count = "records"', 'count = "sum open"', "figure[1].count", ""),
    "a count of nothing": ('count = "distinct place"', 'count = "distinct"', "figure[0].count", "place"),
    "a balance of one": ('count = "records"', 'count = "balance open"', "figure[1].count", ""),
    "a condition on a count of matters": (
        'count = "opened venue_open"',
        'count = "opened venue_open"\nwhen = "open = yes"',
        "figure[2].when",
        "opened",
    ),
    "an empty label": ('en = "Is it still open?"', 'en = ""', "ask[0].label.en", ""),
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


def test_matters_that_open_each_other_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    circle = GOOD.replace('opens = "open = yes"', 'opens = "closed gathering"', 1)
    file.write_text(circle.replace('opens = "gathering = yes"', 'opens = "closed venue_open"', 1), "utf-8")
    with pytest.raises(BadActivity, match="venue_open → gathering → venue_open"):
        read(file)


def test_more_figures_than_a_record_has_bits_for_are_refused(tmp_path: Path) -> None:
    words = 'title = {{ zh = "数", en = "Number" }}\nunit = {{ zh = "个", en = "of them" }}\n'
    declared = f'[[figure]]\nname = "f{{}}"\n{words}count = "records"\n'
    held = GOOD.count("[[figure]]")
    most = GOOD + "".join(map(declared.format, range(MOST_FIGURES - held)))
    assert len(parse(most.encode(), Path("most.toml")).figure) == MOST_FIGURES
    with pytest.raises(BadActivity, match=f"figure.*{MOST_FIGURES}.*{MOST_FIGURES + 1}"):
        parse((most + declared.format("more")).encode(), Path("more.toml"))


def test_two_files_with_one_id_are_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.toml").write_text(GOOD, "utf-8")
    with pytest.raises(BadActivity, match=r"two\.toml.*one\.toml"):
        load([tmp_path])


@pytest.mark.parametrize("file", files([PACKS]), ids=lambda file: file.stem)
def test_a_shipped_file_is_good_and_its_examples_hold(file: Path) -> None:
    activity = read(file)
    assert activity.example, "a file shows what it means"
    assert problems(activity) == []


def test_an_example_that_does_not_hold_is_named_with_what_comes_out() -> None:
    wrong = GOOD + "[[example]]\nrecords = [{ say = { open = true, gathering = false } }]\nfigures = { found_open = 2 }\n"
    assert problems(parse(wrong.encode(), Path("mine.toml"))) == [
        "example[2].open：结果是：venue_open",
        "example[2].figures.found_open：结果是：1",
    ]
    refused = GOOD + '[[example]]\nrefused = "open"\nrecords = [{ say = { open = true, gathering = false } }]\n'
    assert problems(parse(refused.encode(), Path("mine.toml"))) == ["example[2].refused：“open”的回答没有被拒绝"]


def test_few_files_need_python() -> None:
    needing = [file.stem for file in files([PACKS]) if "rule " in file.read_text("utf-8")]
    assert len(needing) <= 3, needing
