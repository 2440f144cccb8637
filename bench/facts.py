"""What is known of the busy county: what a benchmark asks for by id, and how much there is of each thing."""

from dataclasses import asdict, dataclass, field

import msgspec
from bench.rig import Bench

from tongxin.base import clock


@dataclass
class Facts:
    """What is measured needs to know of a county; kept beside a home that stays."""

    incident: str
    orders: list[str]
    places: list[str]
    organisations: list[str]
    matters: list[str] = field(default_factory=list)
    bulletins: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


def counts(bench: Bench) -> dict[str, int]:
    """Return what there is of each thing in a county."""
    present = "SELECT count(*) FROM ledger_matter WHERE until IS NULL AND NOT merged"
    now = clock.wall().isoformat()
    questions = {
        "records": "SELECT count(*) FROM ledger_record",
        "marked": "SELECT count(*) FROM ledger_record WHERE quarantine <> ''",
        "matters": present, "open": f"{present} AND closed IS NULL",
        "overdue": f"{present} AND closed IS NULL AND due_at <= '{now}'",
        "effects": "SELECT count(*) FROM ledger_effect WHERE until IS NULL", "cells": "SELECT count(*) FROM figures_cell",
        "places": "SELECT count(*) FROM places_place", "members": "SELECT count(*) FROM people_member",
        "visits": "SELECT count(*) FROM orders_duty WHERE kind = 'visit'",
        "posts": "SELECT count(*) FROM orders_duty WHERE kind = 'post'", "orders": "SELECT count(*) FROM orders_order",
        "bulletins": "SELECT count(*) FROM bulletin_bulletin",
    }  # fmt: skip
    return {name: int(bench.sql(question)) for name, question in questions.items()}


def write(facts: Facts) -> bytes:
    """Return facts as they are kept."""
    return msgspec.json.encode(asdict(facts))


def read(kept: bytes) -> Facts:
    """Return facts that were kept."""
    return Facts(**msgspec.json.decode(kept))
