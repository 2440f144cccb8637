from collections.abc import Collection, Iterator

import pytest

from tongxin.base.known import Known


@pytest.fixture
def asked() -> list[set[str]]:
    return []


def lengths(asked: list[set[str]], most: int = 100) -> Known[str, int]:
    """Return what knows how long words are, but for those that begin with a dash."""

    def ask(words: Collection[str]) -> Iterator[tuple[str, int]]:
        asked.append(set(words))
        return ((word, len(word)) for word in words if not word.startswith("-"))

    return Known(ask, most)


def test_what_is_known_is_not_asked_for_again(asked: list[set[str]]) -> None:
    known = lengths(asked)
    assert known.of(["a", "bb", "a"]) == {"a": 1, "bb": 2}
    assert known.of(["bb", "ccc"]) == {"bb": 2, "ccc": 3}
    assert known.of(["a", "bb", "ccc"]) == {"a": 1, "bb": 2, "ccc": 3}
    assert asked == [{"a", "bb"}, {"ccc"}]


def test_what_is_not_there_yet_may_come(asked: list[set[str]]) -> None:
    known = lengths(asked)
    assert known.of(["-", "a"]) == {"a": 1}
    assert known.of(["-"]) == {}
    assert asked == [{"-", "a"}, {"-"}]


def test_no_more_is_remembered_than_there_is_room_for(asked: list[set[str]]) -> None:
    known = lengths(asked, most=2)
    assert [known.of([word]) for word in ("a", "bb", "ccc", "ccc", "a")] == [
        {"a": 1},
        {"bb": 2},
        {"ccc": 3},
        {"ccc": 3},
        {"a": 1},
    ]
    assert asked == [{"a"}, {"bb"}, {"ccc"}, {"a"}]
