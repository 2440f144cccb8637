"""How the intake fares, for Prometheus."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from tongxin.ledger.actions import Outcome
from tongxin.protocol.messages import Answer

CONTENT_TYPE = CONTENT_TYPE_LATEST
_registry = CollectorRegistry()
_requests = Counter("tongxin_intake_requests", "Requests by call and status.", ["call", "status"], registry=_registry)
_seconds = Histogram(
    "tongxin_intake_seconds", "How long requests take.", ["call"], registry=_registry,
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)  # fmt: skip
_records = Counter(
    "tongxin_intake_records", "Records that got a receipt, by whether they are marked.", ["marked"], registry=_registry
)
_waiting = Gauge("tongxin_intake_waiting_records", "Records that wait for their transaction.", registry=_registry)


@cache
def _counter(call: str, status: int) -> Counter:
    return _requests.labels(call, status)


@cache
def _timer(call: str) -> Histogram:
    return _seconds.labels(call)


@dataclass
class Said:
    """The status of an answer."""

    status: int = 500


@contextmanager
def timed(call: str) -> Iterator[Said]:
    """Count a request and measure it."""
    said, began = Said(), time.perf_counter()
    try:
        yield said
    finally:
        _counter(call, said.status).inc()
        _timer(call).observe(time.perf_counter() - began)


def count(outcome: Outcome) -> None:
    """Count a batch's receipts."""
    if isinstance(outcome, Answer):
        marked = sum(receipt.quarantine is not None for receipt in outcome.receipts)
        _records.labels("yes").inc(marked)
        _records.labels("no").inc(len(outcome.receipts) - marked)


def exposed(waiting: int) -> bytes:
    """Return all of it as text."""
    _waiting.set(waiting)
    return generate_latest(_registry)
