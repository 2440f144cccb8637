"""What is said in public never changes, whatever is learnt afterwards."""

from datetime import timedelta

import pytest
from django.db import ProgrammingError, transaction
from tests.cast import Cast, id_of

from tongxin.base.problems import BadRequest, Forbidden, NotFound
from tongxin.bulletin.actions import BulletinForm, freeze, publish
from tongxin.bulletin.models import Bulletin
from tongxin.bulletin.queries import bulletin, parts
from tongxin.figures.actions import catch_up
from tongxin.figures.queries import cells, values

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
    assert values(cells(cast.scope("commander"), id_of("incident")))["venue_closure.fixed"] == 1
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


def test_publishing_again_changes_nothing(cast: Cast) -> None:
    row = freeze(cast.scope("commander"), FORM)
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
