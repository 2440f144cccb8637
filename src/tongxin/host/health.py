"""How the whole fares: for people and load balancers (``/health``) and for Prometheus (``/metrics``)."""

import msgspec
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from tongxin.figures.queries import lag
from tongxin.ledger.queries import holding, ledgers, position


class Ledger(msgspec.Struct, frozen=True):
    """A county's ledger: its last position, how far the figures are behind it, what phones said that they still hold."""

    ledger: str
    position: int
    behind_records: int
    behind_seconds: float
    phones_hold: int


def look() -> list[Ledger]:
    """Look at every ledger."""
    return [Ledger(ledger, position(ledger), *lag(ledger), holding(ledger)) for ledger in ledgers()]


def health(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
    """Say that this process reaches its database, and how far the figures are."""
    return HttpResponse(msgspec.json.encode({"ok": True, "ledgers": look()}), content_type="application/json")


def metrics(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
    """Say the same for Prometheus."""
    registry, by = CollectorRegistry(), ["ledger"]
    shown = {
        "position": Gauge("tongxin_ledger_position", "Records in the ledger.", by, registry=registry),
        "behind_records": Gauge("tongxin_figures_behind_records", "Records not in the figures yet.", by, registry=registry),
        "behind_seconds": Gauge("tongxin_figures_behind_seconds", "Age of the oldest of them.", by, registry=registry),
        "phones_hold": Gauge("tongxin_phones_hold_records", "Records that phones said they hold.", by, registry=registry),
    }
    for found in look():
        for name, gauge in shown.items():
            gauge.labels(found.ledger).set(getattr(found, name))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
