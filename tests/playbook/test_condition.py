"""One comparison: what holds, and what is refused with the reason."""

from pathlib import Path

import msgspec
import pytest

from tongxin.playbook.condition import Closed, Condition, Named, UnknownWordError, comparison, trigger
from tongxin.playbook.faults import faults
from tongxin.playbook.loader import parse
from tongxin.playbook.registry import UnknownActivity, activity
from tongxin.playbook.schema import FigureRule

FORM = parse(
    """
id = "form"
title = { zh = "表", en = "Form" }
order = "any"
kind = "log"
subject = "place"
bulletin = { zh = "无", en = "None" }
ask = [
    { name = "sure", type = "yes_no", label = { zh = "是", en = "Sure" } },
    { name = "why", type = "choice", label = { zh = "何", en = "Why" }, options = [
        { name = "rain", label = { zh = "雨", en = "Rain" } },
    ] },
    { name = "kg", type = "number", label = { zh = "重", en = "Weight" } },
    { name = "note", type = "text", public = true, label = { zh = "注", en = "Note" } },
    { name = "lot", type = "code", label = { zh = "码", en = "Lot" } },
]
matter = [{ name = "wet", title = { zh = "湿", en = "Wet" }, opens = "why = rain", closes = "sure = yes" }]
""".encode(),
    Path("form.toml"),
)


@pytest.mark.parametrize(
    ("condition", "holds", "fails"),
    [
        ("sure = yes", [True], [False, None]),
        ("sure != yes", [False], [True, None]),
        ("sure = no", [False], [True, None]),
        ("why = rain", ["rain"], ["snow", None]),
        ("why != rain", ["snow"], ["rain", None]),
        ("kg = 2.5", [2.5], [2, 3, None]),
        ("kg != 2", [3, 2.5], [2, 2.0, None]),
        ("kg < 2", [1.9, -3], [2, 3, None]),
        ("kg <= 2", [2, 1], [2.1, None]),
        ("kg > 2", [2.1], [2, 1, None]),
        ("kg >= 2", [2, 3], [1.9, None]),
        ("kg > -1", [0], [-1, -2, "3"]),
        ("kg <= 2", [True], ["1", ""]),
    ],
)
def test_a_comparison_holds_for_these_answers_and_never_for_none(
    condition: str, holds: list[object], fails: list[object]
) -> None:
    found = comparison(condition, FORM)
    assert [found.holds({found.question: answer}) for answer in holds] == [True] * len(holds)
    assert [found.holds({found.question: answer}) for answer in fails] == [False] * len(fails)
    assert found.holds({}) is False


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("kg", "“kg”不是“open = yes”这样的一次比较"),
        ("kg = 1 = 2", "“kg = 1 = 2”不是“open = yes”这样的一次比较"),
        ("kg = heavy", "“heavy”不是数，而问题“kg”要一个数"),
        ("sure > yes", "“>”比较数，而问题“sure”的类型是 yes_no"),
        ("note = x", "问题“note”的类型是 text，不能用作条件"),
        ("lot = x", "问题“lot”的类型是 code，不能用作条件"),
    ],
)
def test_what_is_no_comparison_is_refused_with_the_reason(condition: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        comparison(condition, FORM)


@pytest.mark.parametrize(
    ("condition", "word", "known"),
    [
        ("kgs = 1", "kgs", ["sure", "why", "kg", "note", "lot"]),
        ("sure = true", "true", ["yes", "no"]),
        ("why = snow", "snow", ["rain"]),
    ],
)
def test_an_unknown_word_is_named_with_what_there_is(condition: str, word: str, known: list[str]) -> None:
    with pytest.raises(UnknownWordError) as refused:
        comparison(condition, FORM)
    assert (refused.value.word, refused.value.known) == (word, known)


def test_what_opens_a_matter_may_be_another_ones_closing_or_a_rule() -> None:
    assert trigger("closed wet", FORM) == Closed("wet")
    assert trigger("rule short_rest", FORM) == Named("short_rest")
    assert trigger("sure = yes", FORM) == Condition("sure", "=", True)
    for wrong, known in (("closed wett", ["wet"]), ("rule long_rest", ["short_rest"])):
        with pytest.raises(UnknownWordError) as refused:
            trigger(wrong, FORM)
        assert refused.value.known == known


def test_an_activity_that_is_not_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownActivity, match="没有名为“venue_closur”的专项；是不是“venue_closure”？"):
        activity("venue_closur")


def test_nothing_may_depend_on_a_personal_answer_sealed_or_not() -> None:
    asks = tuple(msgspec.structs.replace(ask, personal=True, public=False) for ask in FORM.ask)
    counts = ("distinct why", "sum kg", "latest kg", "balance kg kg")
    figure = [FigureRule(f"f{n}", FORM.title, count, FORM.title) for n, count in enumerate(counts)]
    sealed = msgspec.structs.replace(
        FORM, ask=asks, figure=(*figure, FigureRule("g", FORM.title, "records", FORM.title, "sure = yes"))
    )
    with pytest.raises(ValueError, match="个人信息"):
        comparison("sure = yes", sealed)
    refused = {key for key, _ in faults(sealed, ())}
    assert refused >= {*(f"figure[{n}].count" for n in range(4)), "figure[4].when", "matter[0].opens", "matter[0].closes"}
