"""Ten schedules of `make torture` on a real Tongxin: whatever is killed, lost, doubled, spoiled or full, all ends well."""

import os
from collections import Counter

from bench.torment.plan import FATES, GARBAGE, PREY, SENDINGS
from bench.torment.poison import POISONS
from bench.torture import pass_all

SEEDS = range(846, 856)
"""Ten in a row that draw every kill, every fate, every garbage and every poison, and one full disk."""


def test_ten_schedules_lose_nothing_and_count_nothing_twice_and_each_fault_is_among_them() -> None:
    ended, against = pass_all(SEEDS, 2, lambda _: None)
    assert {outcome.seed: outcome.complaints for outcome in ended if outcome.complaints} == {}
    assert against == []
    assert sum(outcome.records for outcome in ended) > 500
    kills, faults = sum((o.kills for o in ended), Counter[str]()), sum((o.faults for o in ended), Counter[str]())
    assert set(kills) == set(PREY)
    wanted = {*SENDINGS, *FATES, *(f"garbage: {what}" for what in GARBAGE), *(f"poison: {what}" for what in POISONS), "fork"} - {
        ""
    }
    assert wanted - set(faults) == set()
    assert os.geteuid() or faults["full disk"] == 1
