"""What a simulated phone does by itself. What it sends when is the protocol's client, and the rest is tested end to end."""

import json
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest

from tongxin.base import clock
from tongxin.protocol import record
from tongxin_drill.phone import ODDS, Fault
from tongxin_drill.pocket import Pocket
from tongxin_drill.rehearsal import compare
from tongxin_drill.scenario import plan
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
