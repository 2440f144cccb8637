"""What holds a phone's store against what was shown finds each way in which records can be missing."""

import hashlib
import json
from typing import Any

from bench.bare.truth import Truth, chain_faults


def rows(seqs: range, chain: str = "a") -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    prev = ""
    for seq in seqs:
        text = json.dumps({"chain": chain, "seq": seq, "prev": prev, "id": f"{chain}{seq}"})
        prev = hashlib.sha256((prev + text).encode()).hexdigest()
        made.append({"chain": chain, "seq": seq, "hash": prev, "text": text})
    return made


def start(records: list[dict[str, Any]], *losses: dict[str, Any]) -> dict[str, Any]:
    """What a page reports that holds these records of chain a."""
    last = records[-1] if records else {"seq": 0, "hash": ""}
    chains = [{"id": "a", "seq": last["seq"], "hash": last["hash"]}] if records else []
    receipts = [{"chain": "a", "receipt": {"seq": record["seq"] - 1}} for record in records[1:]]
    held = {"chains": chains, "records": records, "receipts": receipts, "drafts": []}
    return {"held": held, "damage": [], "opening": {"losses": list(losses)}}


def loss(held: int, shown: int, missing: int | None = None) -> dict[str, Any]:
    missing = shown - held if missing is None else missing
    return {
        "id": f"a/{held}-{shown}",
        "chain": "a",
        "held": held,
        "shown": shown,
        "missing": missing,
        "since": 1,
        "until": 2,
        "found": 3,
    }


def truth(shown: int) -> Truth:
    made = Truth()
    assert made.hear(rows(range(1, shown + 1))) == []
    return made


def test_all_that_was_shown_is_there_and_more_does_no_harm() -> None:
    assert truth(5).compare(start(rows(range(1, 7))), tampered=False) == []


def test_what_is_gone_without_a_word_is_lost() -> None:
    held = truth(5)
    (said,) = held.compare(start(rows(range(1, 4))), tampered=True)
    assert "2 records that were shown are gone and not named" in said
    assert held.lost == 2


def test_what_is_gone_and_named_is_not_lost_and_need_not_be_named_again() -> None:
    held = truth(5)
    assert held.compare(start(rows(range(1, 4)), loss(3, 5)), tampered=True) == []
    assert held.compare(start(rows(range(1, 4)), loss(3, 5)), tampered=False) == []
    assert held.lost == 0


def test_a_loss_named_too_small_in_vain_or_out_of_nothing_is_a_complaint() -> None:
    assert "gone and not named" in truth(9).compare(start(rows(range(1, 4)), loss(3, 8)), tampered=True)[0]
    assert "more were named" in truth(5).compare(start(rows(range(1, 4)), loss(3, 50)), tampered=True)[0]
    assert "nobody touched" in truth(5).compare(start(rows(range(1, 4)), loss(3, 5)), tampered=False)[0]
    assert "does not add up" in truth(5).compare(start(rows(range(1, 4)), loss(3, 5, missing=1)), tampered=True)[0]


def test_a_number_shown_for_two_records_is_a_complaint() -> None:
    held = truth(2)
    assert "shown twice" in held.hear([*rows(range(1, 3)), {"chain": "a", "seq": 2, "hash": "other"}])[0]


def test_a_hole_a_spoiled_text_a_wrong_head_and_a_part_of_a_transaction_are_found() -> None:
    whole = rows(range(1, 4))
    assert chain_faults(start(whole)["held"]) == []
    assert "breaks at 2" in chain_faults(start([whole[0], whole[2]])["held"])[0]
    spoiled = [whole[0], {**whole[1], "text": whole[1]["text"].replace('"a2"', '"a3"')}, whole[2]]
    assert "not what its hash says" in chain_faults(start(spoiled)["held"])[0]
    headless = start(whole)
    headless["held"]["chains"][0]["seq"] = 2
    assert "the head is 2" in chain_faults(headless["held"])[0]
    partial = start(whole)
    partial["held"]["receipts"].pop()
    assert truth(3).compare(partial, tampered=False) == ["a transaction is there in part: receipts"]
    doubled = start(whole)
    doubled["held"]["drafts"] = [{"id": "a2"}]
    assert truth(3).compare(doubled, tampered=False) == ["a transaction is there in part: a draft beside its record"]
