"""The page of all components is for developers alone, and speaks both languages."""

import pytest
from django.conf import settings
from django.test import Client
from tests.cast import Cast
from tests.desk.test_pages import HAN, text_of

STATES = ("chasing", "zero", "n late", "tall selected", "problem", "undo", "empty", "fault", "bar-track", "strip", "chip")


def test_it_is_not_there_unless_it_is_asked_for(desk: Client) -> None:
    assert desk.get("/desk/components").status_code == 404


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_it_shows_every_state_in_both_languages(cast: Cast, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    monkeypatch.setattr(settings, "TONGXIN_DEVELOPMENT", True)
    shown = cast.at_desk("commander", language).get("/desk/components").text
    assert [state for state in STATES if f'class="{state}"' not in shown] == []
    words = text_of(shown.split("<main")[1].split("</main>")[0])
    assert bool(HAN.search(words)) is (language == "zh-hans")
