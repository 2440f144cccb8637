"""Chinese first and complete, English complete."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from tests.sentences import sentences

ENGLISH = Path(__file__).resolve().parent.parent / "src" / "tongxin" / "locale" / "en" / "LC_MESSAGES"
PLACES = re.compile(r"\{(\w+)\}")


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    with (ENGLISH / "django.po").open("rb") as file:
        return read_po(file, locale="en")


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def test_every_sentence_has_its_english_and_no_english_is_left_over(catalogue: Catalog) -> None:
    translated = {_key(message) for message in catalogue if message.id and all(_forms(message))}
    assert sentences().keys() - translated == set()
    assert translated - sentences().keys() == set()


def test_a_sentence_with_a_count_has_both_plural_forms(catalogue: Catalog) -> None:
    plural = {_key(message) for message in catalogue if message.id and message.pluralizable}
    assert {sentence for sentence, counted in sentences().items() if counted} == plural


def test_english_fills_exactly_the_places_of_the_chinese(catalogue: Catalog) -> None:
    wrong = [
        _key(message)
        for message in catalogue
        if message.id and any(set(PLACES.findall(form)) != set(PLACES.findall(_key(message))) for form in _forms(message))
    ]
    assert wrong == []


def test_the_compiled_catalogue_is_that_of_the_text(catalogue: Catalog) -> None:
    with (ENGLISH / "django.mo").open("rb") as file:
        compiled = read_mo(file)
    said = {_key(message): _forms(message) for message in catalogue if message.id}
    assert {_key(message): _forms(message) for message in compiled if message.id} == said, "run make messages"
