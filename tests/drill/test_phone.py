"""What a simulated phone does by itself. What it sends when is the protocol's client, and the rest is tested end to end."""

import json
from datetime import timedelta
from random import Random
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from tongxin.base import clock, ids
from tongxin.ledger import fold
from tongxin.protocol import record
from tongxin_drill.phone import ODDS, Fault
from tongxin_drill.pocket import Pocket, matter_id
from tongxin_drill.rehearsal import compare
from tongxin_drill.scenario import plan
from tongxin_drill.shapes import Act
from tongxin_drill.timetable import NIGHT, VISITING, Finding, visit

DEVICE = "6f1de3c4-6d0c-4f4e-9a50-000000000001"
DUTY = {
    "id": "duty",
    "order": {"id": "order"},
    "activity": {"id": "venue_closure", "hash": "f" * 64},
    "place": {"id": "temple"},
}


def test_a_record_is_canonical_and_says_what_was_planned() -> None:
    pocket = Pocket(DEVICE, NIGHT, Random(1), 20)
    kept = pocket.add(visit("chen", NIGHT + timedelta(hours=19), "temple", Finding(open=True, gathering=False)), DUTY, "place")
    content = json.loads(kept.text)
    envelope = record.decode(kept.text.encode())
    assert kept.text == json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert envelope.wall == clock.to_ms(NIGHT + timedelta(hours=19))
    assert envelope.mono == 19 * 3_600_000
    assert UUID(envelope.id).version == 7
    assert (envelope.seq, envelope.prev, envelope.chain, envelope.device) == (1, "", pocket.client.chain.id, DEVICE)
    assert (envelope.order, envelope.duty, envelope.place) == ("order", "duty", "temple")
    assert envelope.body == {"open": True, "gathering": False}
    assert (pocket.waiting, pocket.confirmed) == (True, 0)


def test_what_is_done_to_a_record_names_it_and_what_it_is_about() -> None:
    pocket = Pocket(DEVICE, NIGHT, Random(1), 20)
    asked = Act("chen", NIGHT, "suggestion", "hall", {"outcome": "submitted"}, id=str(ids.uuid7()))
    answered = Act("li", NIGHT, "suggestion", "hall", {"outcome": "adopted"}, target=asked)
    corrected = Act("wang", NIGHT, "suggestion", "hall", {}, kind="correct", target=asked, stated=NIGHT, speaker="chen")
    approved = Act("wang", NIGHT, "suggestion", "hall", {}, kind="approve", target=asked, matter="pending")
    said = [record.decode(pocket.add(act, DUTY, "record").text.encode()) for act in (asked, answered, corrected, approved)]
    assert [(e.act, e.target, e.subject) for e in said] == [
        ("report", None, None),
        ("report", None, asked.id),
        ("correct", asked.id, asked.id),
        ("approve", matter_id(asked.id, "pending"), asked.id),
    ]
    assert (said[0].id, said[2].at, said[2].speaker) == (asked.id, clock.to_ms(NIGHT), "chen")


def test_a_phone_names_a_matter_as_the_ledger_does() -> None:
    opened = ids.uuid7()
    fact: Any = SimpleNamespace(id=opened)
    assert matter_id(str(opened), "held") == str(fold.matter_id(fact, "held"))


def test_every_fault_has_its_odds_in_a_hundred() -> None:
    assert set(ODDS) == set(Fault)
    assert sum(ODDS.values()) == 100


def test_the_figures_compared_are_named_where_they_differ() -> None:
    lines = compare({"a": 1, "b": 2.0, "d": 4}, {"a": 1, "b": 2.1, "c": 3}, "live")
    assert lines == ["live b: 2.0, truth 2.1", "live c: missing, truth 3", "live d: 4, truth unknown"]
    assert compare({"a": 1}, {"a": 1.0}, "live") == []


def test_a_usual_night_takes_28_seconds_and_a_full_one_as_long_as_it_needs() -> None:
    usual, full = plan(1, 1), plan(1, 200)
    assert (usual.until - usual.start).total_seconds() / usual.factor == pytest.approx(28)
    full_seconds = VISITING / full.factor
    assert len(full.acts) / full_seconds == pytest.approx(1500)
