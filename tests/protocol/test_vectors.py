"""The vectors are what the Python implementation does; and the simplest of them hold without it."""

import hashlib
import json
from typing import Any

import pytest
from tests.vectors import build

STORED = {file.stem: json.loads(file.read_text("utf-8")) for file in build.FOLDER.glob("*.json")}


@pytest.mark.parametrize("name", ["record", "time", "batch", "client", "answers", "fold"])
def test_a_stored_vector_is_what_comes_out_today(name: str) -> None:
    assert STORED[name] == json.loads(build.text(build.everything()[name])), "the protocol has changed: run make vectors"


def test_the_bytes_of_a_record_need_nothing_but_json_and_sha256() -> None:
    prev = ""
    for vector in STORED["record"]["records"]:
        written = json.dumps(_whole(vector["record"]), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert written == vector["bytes"]
        assert hashlib.sha256((prev + written).encode()).hexdigest() == vector["hash"]
        prev = vector["hash"]


def _whole(value: Any) -> Any:
    """Write whole numbers without a point."""
    if isinstance(value, dict):
        return {key: _whole(part) for key, part in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def test_every_kind_of_outcome_is_among_the_vectors() -> None:
    assert {case.get("refused", "taken") for case in STORED["batch"]} == {
        "taken",
        "ledger.bad_batch",
        "ledger.gap",
        "ledger.fork",
    }
    steps = [step for story in STORED["client"] for step in story["steps"]]
    assert {step["do"] for step in steps} == {"write", "next", "heard", "missed", "restart"}
    assert {(step["result"] or {}).get("kind") for step in steps if step["do"] == "next"} == {None, "records", "heartbeat"}
    names = {matter["name"] for case in STORED["fold"] for matter in case["matters"]}
    assert names >= {"venue_open", "conflict_copies", "conflict_corrections", "conflict_decision"}
