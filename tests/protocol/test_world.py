"""Phones and server in virtual worlds: whatever goes wrong, all is told once, and told the same."""

import multiprocessing
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
from tests.protocol import world
from tests.protocol.world import CONSEQUENCES, FAULTS, Outcome, run

from tongxin.protocol.client import Chain, Client
from tongxin.protocol.messages import Batch
from tongxin.protocol.server import Head, Taken
from tongxin.protocol.server import accept as honest_accept

SEEDS = 2_000


@pytest.fixture(scope="module")
def outcomes() -> Sequence[Outcome]:
    """What became of two thousand worlds."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        return pool.map(run, range(SEEDS), chunksize=50)


def test_no_world_ends_badly(outcomes: Sequence[Outcome]) -> None:
    assert {outcome.seed: outcome.complaints for outcome in outcomes if outcome.complaints} == {}


def test_every_fault_befell_some_world_and_every_world_had_one(outcomes: Sequence[Outcome]) -> None:
    assert set(sum((outcome.faults for outcome in outcomes), Counter())) == {*FAULTS, *CONSEQUENCES}
    assert min(outcome.faults.total() for outcome in outcomes) >= 1
    assert min(outcome.records for outcome in outcomes) >= 60


def test_a_seed_replays_to_the_same_world() -> None:
    assert [run(seed).digest for seed in (3, 11)] == [run(seed).digest for seed in (3, 11)]


def is_found_out(**changed: object) -> bool:
    return any(run(seed, **changed).complaints for seed in range(40))  # type: ignore[arg-type]


class Forgetful(Client):
    """Drops at a fork what it should carry over."""

    def _move(self, chain: Chain) -> None:
        chain.records[chain.confirmed :] = []
        super()._move(chain)


class Trusting(Client):
    """Takes a head for a receipt."""

    def _write(self, entries: Sequence[object]) -> None:
        super()._write([entry for entry in entries if getattr(entry, "lost", None) is None])  # type: ignore[misc]


@pytest.mark.parametrize("client", [Forgetful, Trusting])
def test_a_phone_that_loses_records_is_found_out(client: type[Client]) -> None:
    assert is_found_out(client=client)


def test_a_server_that_compares_nothing_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def accept(head: Head, batch: Batch, held: Mapping[int, str], received: int) -> tuple[Head, list[Taken]]:
        """Take whatever comes for what is held."""
        known = batch.records[: max(0, head.last_seq - batch.first_seq + 1)]
        rest = Batch(batch.v, batch.chain, head.last_seq + 1, batch.sent, batch.records[len(known) :])
        return honest_accept(head, rest, held, received) if rest.records and batch.first_seq <= head.last_seq + 1 else (head, [])

    monkeypatch.setattr(world, "accept", accept)
    assert is_found_out()


def test_a_clock_that_runs_faster_than_the_protocol_allows_is_found_out() -> None:
    assert is_found_out(drift=0.05)
