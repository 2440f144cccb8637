"""Writes of bulletins."""

import hashlib
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import Max

from tongxin.audit.actions import log
from tongxin.base import clock, ids
from tongxin.base.door import Upto120, Upto160
from tongxin.base.problems import BadRequest
from tongxin.base.scope import Scope
from tongxin.base.words import say
from tongxin.bulletin.access import MAY_FREEZE, MAY_PUBLISH
from tongxin.bulletin.models import Bulletin
from tongxin.bulletin.queries import bulletin, spoken
from tongxin.figures.actions import frozen
from tongxin.figures.queries import Narrow, cells, figures_of, values
from tongxin.ledger.queries import versions_used
from tongxin.orders.queries import activities_of, incident
from tongxin.playbook.registry import latest

DRILL_MARKS = ("【演练】", "[DRILL] ")
"""What the text of a drill's bulletin begins with in Chinese and English, so that it is told apart wherever it is copied to."""


class BulletinForm(msgspec.Struct, forbid_unknown_fields=True):
    """A bulletin to be frozen now."""

    incident: UUID
    title: Upto120
    title_en: Upto160


@transaction.atomic
def freeze(scope: Scope, form: BulletinForm) -> Bulletin:
    """Freeze a bulletin at the ledger's end.

    1. bring the figures to the last record and hold them there; 2. read every figure, in all and for today; 3. store values,
    position, sentences with their definitions' hashes, the text of both languages, and a fingerprint over all of it.
    """
    scope.require(say("冻结战报"), MAY_FREEZE)
    if not form.title.strip() or not form.title_en.strip():
        raise BadRequest(say("title、title_en：战报要有中英文标题"))
    found = incident(scope, form.incident)
    whole = scope.whole()
    position, wanted = frozen(scope.ledger), figures_of(scope, found.id)
    now = clock.now()
    content: dict[str, Any] = {
        "incident": found.id, "number": _next_number(scope, found.id), "position": position,
        "title": form.title.strip(), "title_en": form.title_en.strip(),
        "figures": values(cells(whole, found.id), wanted),
        "today": values(cells(whole, found.id, Narrow(day=clock.day_of(now))), wanted),
        "sentences": _sentences(scope, found.id), "definitions": versions_used(scope.ledger, found.id, position),
    }  # fmt: skip
    zh, en = DRILL_MARKS if found.drill else ("", "")
    content["text"] = zh + spoken(content["sentences"], content["figures"], "zh")
    content["text_en"] = en + spoken(content["sentences"], content["figures"], "en")
    fingerprint = hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()
    row = Bulletin(id=ids.uuid7(), ledger=scope.ledger, fingerprint=fingerprint, frozen_at=now, frozen_by=scope.member)
    for field, value in content.items():
        setattr(row, "incident_id" if field == "incident" else field, value)
    row.save(force_insert=True)
    log("bulletin.freeze", member=scope.member, subject=row.id, position=position)
    return row


def _next_number(scope: Scope, incident_id: UUID) -> int:
    issued = Bulletin.objects.filter(ledger=scope.ledger, incident=incident_id)
    return (issued.aggregate(last=Max("number"))["last"] or 0) + 1


def _sentences(scope: Scope, incident_id: UUID) -> list[dict[str, str]]:
    chosen = [found for name in activities_of(scope, incident_id) if (found := latest(name))]
    return [{"activity": a.id, "hash": a.hash, "zh": a.bulletin.zh, "en": a.bulletin.en} for a in chosen]


@transaction.atomic
def publish(scope: Scope, id_: UUID) -> Bulletin:
    """Publish a frozen bulletin; publishing again changes nothing."""
    scope.require(say("发布战报"), MAY_PUBLISH)
    row = bulletin(scope, id_)
    if row.published_at is None:
        row.published_at, row.published_by = clock.now(), scope.member
        row.save(update_fields=["published_at", "published_by"])
        log("bulletin.publish", member=scope.member, subject=row.id)
    return row
