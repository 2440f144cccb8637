"""What the page of one order shows: its text and authority, how far it has come, what the bulletin will say."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tongxin.base import clock
from tongxin.base.scope import Scope
from tongxin.base.words import pick, say
from tongxin.bulletin.queries import parts
from tongxin.desk import progress, wording
from tongxin.desk.lists import record_rows
from tongxin.figures.queries import cells, figures, values
from tongxin.ledger.queries import records
from tongxin.people.queries import organisation_names
from tongxin.places.queries import area_names
from tongxin.playbook.registry import latest

if TYPE_CHECKING:
    from tongxin.orders.models import Order

LATEST, MOST_NAMED = 6, 5


def content(scope: Scope, order: "Order", position: int) -> dict[str, Any]:
    """Return the page's content; ``position`` is that up to which the figures are added up."""
    wanted = figures(order.activities)
    found = values(cells(scope, order.incident_id).filter(figure__in=[one.key for one in wanted]), wanted)
    return {
        "order": order,
        "title": pick(order.title, order.title_en),
        "values": found,
        "position": position,
        "muster": progress.muster(scope, order, clock.day_of(clock.now())),
        "posted": any(activity.kind == "post" for activity in _known(order)),
        **_authority(order, clock.now()),
        **_coverage(scope, order),
        "sentences": [parts(a.id, pick(a.bulletin.zh, a.bulletin.en), found) for a in _known(order)],
    }


def _known(order: "Order") -> list[Any]:
    return [found for name in order.activities if (found := latest(name))]


def _authority(order: "Order", now: datetime) -> dict[str, Any]:
    """Return who says so, over what, and until when."""
    spent = (now - order.starts_at) / (order.ends_at - order.starts_at)
    return {
        "text": pick(order.text, order.text_en),
        "issuer": pick(order.issuer.name, order.issuer.name_en),
        "state": _state(order, now),
        "remaining": max(order.ends_at - now, timedelta()),
        "spent": min(100, max(0, round(100 * spent))),
        "asks": [pick(ask.label.zh, ask.label.en) for activity in _known(order) for ask in activity.ask],
        "scope_words": _scope_words(order),
    }


def _state(order: "Order", now: datetime) -> str:
    if now < order.starts_at:
        return say("未生效")
    return say("生效中") if now < order.ends_at else say("已失效")


def _scope_words(order: "Order") -> str:
    """Return areas × categories × organisations in words: each by name, or how many they are."""
    words = (
        (area_names(order.areas).values(), say("{n}个区域", n=len(order.areas))),
        ([wording.category(name) for name in order.categories], say("{n}类场所", n=len(order.categories))),
        (organisation_names(order.organisations).values(), say("{n}个单位", n=len(order.organisations))),
    )
    return say("×").join(say("、").join(names) if len(names) <= MOST_NAMED else many for names, many in words)


def _coverage(scope: Scope, order: "Order") -> dict[str, Any]:
    """Return the chain from list to second look, by team and by category, and what just arrived."""
    coverage, chains = progress.coverage(order), progress.Chains(scope, [order])
    teams = chains.teams(order)
    newest = records(scope, order.incident_id).filter(order=order.id).order_by("-position")
    if coverage is not None:
        newest = newest.filter(activity=coverage.activity.id, quarantine="")
    return {
        "coverage": coverage,
        "visits": next((figure for figure in figures(order.activities) if figure.rule.count == "records"), None),
        "teams": teams,
        "kinds": chains.kinds(order),
        "total": progress.summed(teams),
        "newest": record_rows(list(newest[:LATEST]), {}),  # what they came to is not shown
    }
