"""What is said in public never changes, whatever is learnt afterwards."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import ProgrammingError, transaction
from tests.cast import CINEMA_VILLAGE, COUNTY, Cast, Phone, figures_now, id_of, order_form

from tongxin.base.problems import BadRequest, Forbidden, NotFound
from tongxin.base.scope import Scope
from tongxin.bulletin.actions import freeze, publish, review
from tongxin.bulletin.forms import BulletinForm
from tongxin.bulletin.models import Bulletin
from tongxin.bulletin.queries import bulletin, parts
from tongxin.figures.actions import catch_up
from tongxin.figures.queries import Narrow, cells, figure, values
from tongxin.figures.tracing import trace
from tongxin.orders.actions import issue
from tongxin.orders.models import Duty
from tongxin.people.models import Role
from tongxin.places.models import Place
from tongxin.playbook import registry
from tongxin.playbook.loader import PACKS

OPEN, SHUT = {"open": True, "gathering": False}, {"open": False, "gathering": False}
FORM = BulletinForm(id_of("incident"), "首夜", "First night")


def test_a_bulletin_says_every_figure_of_the_orders_activities_in_both_languages(cast: Cast) -> None:
    phone = cast.phone()
    phone.says(cast.night - timedelta(minutes=30), OPEN)
    phone.says(cast.night, SHUT)
    row = freeze(cast.scope("duty_officer"), FORM)
    assert (row.number, row.position) == (1, 2)
    assert "督查暂停开放的场所1个、2个次，发现仍开放1处次，已整改1处次" in row.text
    assert "checked 1 closed venues in 2 visits" in row.text_en
    assert row.text.count("\n") == 1


def test_it_brings_the_figures_to_the_last_record_itself(cast: Cast) -> None:
    cast.phone().says(cast.night, OPEN)
    assert freeze(cast.scope("commander"), FORM).figures["venue_closure.inspections"] == 1


def test_it_speaks_for_the_whole_county_whoever_freezes_it(cast: Cast) -> None:
    cast.phone("outsider").says(cast.night, OPEN, place=str(id_of("cinema")))
    assert freeze(cast.scope("secretary"), FORM).figures["venue_closure.inspections"] == 1


def test_a_late_record_moves_the_figures_and_not_the_bulletin(cast: Cast) -> None:
    phone, offline = cast.phone(), cast.phone()
    phone.says(cast.night, SHUT)
    row = freeze(cast.scope("commander"), FORM)
    offline.says(cast.night - timedelta(minutes=40), OPEN)
    catch_up("430181")
    assert figures_now(cast)["venue_closure.fixed"] == 1
    assert bulletin(cast.scope("commander"), row.id).figures["venue_closure.fixed"] == 0


def test_the_program_cannot_change_or_remove_what_is_frozen(cast: Cast) -> None:
    freeze(cast.scope("commander"), FORM)
    for forbidden in (lambda: Bulletin.objects.update(figures={}), lambda: Bulletin.objects.all().delete()):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            forbidden()


def test_issues_are_numbered_and_fingerprints_differ(cast: Cast) -> None:
    rows = [freeze(cast.scope("commander"), FORM) for _ in range(2)]
    assert [row.number for row in rows] == [1, 2]
    assert rows[0].fingerprint != rows[1].fingerprint


def agree(cast: Cast, id_: UUID, *roles: str) -> None:
    for role in roles or ("duty_officer", "secretary"):
        review(cast.scope(role), id_, agrees=True)


def test_publishing_again_changes_nothing(cast: Cast) -> None:
    row = freeze(cast.scope("commander"), FORM)
    agree(cast, row.id)
    first = publish(cast.scope("commander"), row.id).published_at
    assert first == cast.night
    assert publish(cast.scope("commander"), row.id).published_at == first


@pytest.mark.parametrize("role", ["leader", "inspector", "outsider"])
def test_whoever_may_not_freeze_is_refused(cast: Cast, role: str) -> None:
    with pytest.raises(Forbidden):
        freeze(cast.scope(role), FORM)


def test_only_a_commander_publishes(cast: Cast) -> None:
    row = freeze(cast.scope("duty_officer"), FORM)
    with pytest.raises(Forbidden):
        publish(cast.scope("duty_officer"), row.id)


def test_a_title_in_one_language_is_not_enough(cast: Cast) -> None:
    with pytest.raises(BadRequest):
        freeze(cast.scope("commander"), BulletinForm(id_of("incident"), "首夜", " "))


def test_an_incident_that_does_not_exist_has_no_bulletin(cast: Cast) -> None:
    with pytest.raises(NotFound):
        freeze(cast.scope("commander"), BulletinForm(id_of("nothing"), "首夜", "First night"))


def test_numbers_in_a_sentence_stand_apart_so_that_they_can_open() -> None:
    found = parts("a", "共{n}个，{hours}小时。", {"a.n": 1234, "a.hours": 5.0})
    assert [(part.text, part.figure) for part in found] == [
        ("共", ""),
        ("1,234", "a.n"),
        ("个，", ""),
        ("5.0", "a.hours"),
        ("小时。", ""),
    ]


def behind(cast: Cast, key: str, upto: int) -> list[int]:
    return [row.position for row in trace(cast.scope("commander"), id_of("incident"), figure(key), upto).newest(50)]


def test_after_a_correction_a_frozen_number_still_opens_to_what_it_counted(cast: Cast) -> None:
    phone = cast.phone()
    said = phone.says(cast.night - timedelta(minutes=30), OPEN)
    row = freeze(cast.scope("commander"), FORM)
    phone.says(cast.night, SHUT, act="correct", target=said["id"])
    catch_up("430181")
    now = figures_now(cast)
    assert (now["venue_closure.inspections"], now["venue_closure.found_open"]) == (1, 0)
    assert (row.figures["venue_closure.inspections"], row.figures["venue_closure.found_open"]) == (1, 1)
    for key in ("venue_closure.inspections", "venue_closure.found_open", "venue_closure.venues_inspected"):
        assert behind(cast, key, row.position) == [1], key
    assert (behind(cast, "venue_closure.inspections", 2), behind(cast, "venue_closure.found_open", 2)) == ([2], [])


def test_it_names_every_version_that_its_records_were_made_under(cast: Cast) -> None:
    cast.phone().says(cast.night, OPEN)
    row = freeze(cast.scope("commander"), FORM)
    assert row.definitions == {"venue_closure": [figure("venue_closure.inspections").activity.hash]}


def test_a_later_change_of_any_table_moves_no_number(cast: Cast) -> None:
    phone = cast.phone()
    phone.says(cast.night, OPEN)
    row = freeze(cast.scope("commander"), FORM)
    Place.objects.update(category="scenic", area_id=CINEMA_VILLAGE)
    Duty.objects.update(organisation_id=id_of("west"), due_at=cast.night + timedelta(days=9))
    Role.objects.update(areas=[])
    phone.says(cast.night, SHUT, place=str(id_of("cinema")))
    catch_up("430181")
    whole = values(cells(scope_of_all(cast), id_of("incident"), Narrow(category="worship", area="430181105")))
    assert {key: whole.get(key, 0) for key in row.figures} == row.figures


def scope_of_all(cast: Cast) -> Scope:
    return Scope(id_of("commander"), "430181", frozenset({"commander"}), frozenset({COUNTY}), None)


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A pack directory with an activity of its own, looked at every time."""
    text = (PACKS / "epidemic" / "venue_closure.toml").read_text("utf-8").replace('id = "venue_closure"', 'id = "mine"', 1)
    (tmp_path / "mine.toml").write_text(text, "utf-8")
    monkeypatch.setattr(registry, "LOOK_EVERY", -1.0)
    monkeypatch.setattr(registry, "_versions", {})
    registry.set_directories([tmp_path])
    yield tmp_path / "mine.toml"
    registry.set_directories([])


def says(cast: Cast, phone: Phone, body: dict[str, bool], hash_: str) -> dict[str, object]:
    said = phone.says(cast.night, body, activity="mine", activity_hash=hash_, order=str(id_of("second order")))
    assert said["quarantine"] is None
    return said


def test_a_later_change_of_the_file_moves_no_number_and_old_records_are_judged_as_they_were(cast: Cast, pack: Path) -> None:
    issue(cast.scope("commander"), order_form(cast.night, id=id_of("second order"), number="演2号", activities=["mine"]))
    phone = cast.phone()
    before = registry.activity("mine").hash
    says(cast, phone, OPEN, before)
    row = freeze(cast.scope("commander"), FORM)
    pack.write_text(
        pack.read_text("utf-8")
        .replace('opens = "open = yes"', 'opens = "open = no"')
        .replace('closes = "open = no"', 'closes = "open = yes"')
    )
    after = registry.activity("mine").hash
    assert after != before
    for hash_ in (before, after):
        says(cast, phone, OPEN, hash_)
        catch_up("430181")
        now = figures_now(cast)
        assert now["mine.found_open"] == row.figures["mine.found_open"] == 1
        assert behind(cast, "mine.found_open", row.position) == [1]
    assert now["mine.fixed"] == 1, "by its own version the last record closes what the first one opened"


def test_a_record_whose_file_is_gone_still_shows_counts_and_traces(
    cast: Cast, pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue(cast.scope("commander"), order_form(cast.night, id=id_of("second order"), number="演2号", activities=["mine"]))
    says(cast, cast.phone(), OPEN, registry.activity("mine").hash)
    row = freeze(cast.scope("commander"), FORM)
    pack.unlink()
    monkeypatch.setattr(registry, "_versions", {})  # as in a process that starts only now
    catch_up("430181")
    assert "mine" not in registry.activities()
    assert figures_now(cast)["mine.inspections"] == 1
    assert behind(cast, "mine.inspections", row.position) == [1]
    desk = cast.at_desk("commander")
    page = desk.get("/records/1").content.decode()
    assert "是否仍开放" in page
    assert "场所关停督查" in page
    assert desk.get(f"/bulletins/{row.id}").status_code == 200
    assert desk.get("/figures/mine.inspections").status_code == 200
