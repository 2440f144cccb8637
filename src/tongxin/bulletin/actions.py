"""Writes of bulletins: composed, frozen, reviewed, published."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import Max

from tongxin.audit.actions import log
from tongxin.base import clock, ids
from tongxin.base.problems import BadRequest, Conflict, Forbidden
from tongxin.base.scope import Scope
from tongxin.base.words import say
from tongxin.bulletin.access import MAY_FREEZE, MAY_PUBLISH, MAY_REVIEW, REVIEWERS
from tongxin.bulletin.corrections import corrections
from tongxin.bulletin.details import details
from tongxin.bulletin.forms import (
    MOST_PICTURES,
    MOST_SECTIONS,
    PICTURE_WORDS,
    SECTION_WORDS,
    BulletinForm,
    DraftForm,
    PictureForm,
    SectionForm,
)
from tongxin.bulletin.models import Bulletin, Draft, Picture, Review
from tongxin.bulletin.pictures import prepared
from tongxin.bulletin.queries import DRILL_MARKS, FIGURE, bulletin, missing, pictures, reviews, spoken
from tongxin.figures.actions import frozen
from tongxin.figures.queries import Narrow, cells, figures_of, values
from tongxin.ledger.queries import versions_used
from tongxin.orders.queries import activities_of, incident
from tongxin.playbook.faults import nearest
from tongxin.playbook.registry import latest

LONGEST = 2000


@transaction.atomic
def save_draft(scope: Scope, incident_id: UUID, form: DraftForm) -> Draft:
    """Keep an issue as far as it is composed; whoever saves last wins."""
    scope.require(say("编战报"), MAY_FREEZE)
    found = incident(scope, incident_id)
    if len(form.sections) > MOST_SECTIONS or len(form.pictures) > MOST_PICTURES:
        raise BadRequest(say("一期最多 {sections} 段、{pictures} 张图", sections=MOST_SECTIONS, pictures=MOST_PICTURES))
    content = {"ledger": scope.ledger, "content": msgspec.to_builtins(form), "saved_at": clock.now(), "saved_by": scope.member}
    return Draft.objects.update_or_create(incident=found, defaults=content)[0]


@transaction.atomic
def add_picture(scope: Scope, content: bytes) -> Picture:
    """Keep a picture for an issue; raise BadPicture."""
    scope.require(say("编战报"), MAY_FREEZE)
    written, width, height = prepared(content)
    row = Picture.objects.create(
        id=ids.uuid7(), ledger=scope.ledger, digest=hashlib.sha256(written).hexdigest(), bytes=written, width=width,
        height=height, uploaded_at=clock.now(), uploaded_by=scope.member,
    )  # fmt: skip
    log("bulletin.picture", member=scope.member, subject=row.id)
    return row


@transaction.atomic
def freeze(scope: Scope, form: BulletinForm) -> Bulletin:
    """Freeze a bulletin at the ledger's end.

    1. bring the figures to the last record and hold them there; 2. read every figure, in all and for today, by day and by town;
    3. compare the issue before with what was corrected since; 4. store it all with its sentences and pictures, the text of both
    languages, and a fingerprint over everything. The draft is done with.
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
        "sentences": _sentences(scope, found.id, form.sections, {one.key for one in wanted}),
        "details": details(whole, found.id, wanted), "corrections": corrections(whole, found.id),
        "pictures": _pictures(scope, form.pictures), "definitions": versions_used(scope.ledger, found.id, position),
    }  # fmt: skip
    zh, en = DRILL_MARKS if found.drill else ("", "")
    content["text"] = zh + spoken(content["sentences"], content["figures"], "zh")
    content["text_en"] = en + spoken(content["sentences"], content["figures"], "en")
    fingerprint = hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()
    row = Bulletin(id=ids.uuid7(), ledger=scope.ledger, fingerprint=fingerprint, frozen_at=now, frozen_by=scope.member)
    for field, value in content.items():
        setattr(row, "incident_id" if field == "incident" else field, value)
    row.save(force_insert=True)
    Draft.objects.filter(incident=found).delete()
    log("bulletin.freeze", member=scope.member, subject=row.id, position=position)
    return row


def _next_number(scope: Scope, incident_id: UUID) -> int:
    issued = Bulletin.objects.filter(ledger=scope.ledger, incident=incident_id)
    return (issued.aggregate(last=Max("number"))["last"] or 0) + 1


def _sentences(scope: Scope, incident_id: UUID, sections: Sequence[SectionForm] | None, known: set[str]) -> list[dict[str, str]]:
    names = activities_of(scope, incident_id)
    chosen = [SectionForm(activity=name) for name in names if latest(name)] if sections is None else sections
    if not chosen:
        raise BadRequest(say("战报一段话也没有"), next=say("至少选一个专项的话，或者写一段。"))
    return [_declared(one.activity, names) if one.activity else _own(one, at, known) for at, one in enumerate(chosen, 1)]


def _declared(name: str, ordered: Sequence[str]) -> dict[str, str]:
    found = latest(name) if name in ordered else None
    if found is None:
        raise BadRequest(say("这个事件的令没有专项“{name}”；{hint}", name=name, hint=nearest(name, ordered)))
    words = {"title": found.title.zh, "title_en": found.title.en, "zh": found.bulletin.zh, "en": found.bulletin.en}
    return {"activity": found.id, "hash": found.hash, **words}


def _own(one: SectionForm, at: int, known: set[str]) -> dict[str, str]:
    """Return a section in words of one's own; each number in braces must be a figure, and both languages must tell the same."""
    if not one.zh.strip() or not one.en.strip():
        raise BadRequest(say("第{at}段：中英文都要写", at=at))
    if max(len(one.zh), len(one.en)) > LONGEST:
        raise BadRequest(say("第{at}段太长：最多 {most} 字", at=at, most=LONGEST))
    told = {language: set(FIGURE.findall(text)) for language, text in (("zh", one.zh), ("en", one.en))}
    for key in sorted((told["zh"] | told["en"]) - known):
        raise BadRequest(say("第{at}段：没有数字“{key}”；{hint}", at=at, key=key, hint=nearest(key, known)))
    if told["zh"] != told["en"]:
        odd = "、".join(sorted(told["zh"] ^ told["en"]))
        raise BadRequest(say("第{at}段：中英文说的数字不一样：{keys}", at=at, keys=odd))
    return {"activity": "", "hash": "", **{name: getattr(one, name).strip() for name in SECTION_WORDS}}


def _pictures(scope: Scope, forms: Sequence[PictureForm]) -> list[dict[str, Any]]:
    held = pictures(form.id for form in forms)
    for at, form in enumerate(forms, 1):
        if form.id not in held or held[form.id].ledger != scope.ledger:
            raise BadRequest(say("第{at}张图没有上传", at=at))
        empty = [name for name, said in _said(form).items() if not said]
        if empty:
            raise BadRequest(say("第{at}张图：{fields} 还没有写", at=at, fields="、".join(empty)))
    return [
        {"id": str(form.id), "digest": held[form.id].digest, "width": held[form.id].width, "height": held[form.id].height}
        | _said(form)
        for form in forms
    ]


def _said(form: PictureForm) -> dict[str, str]:
    return {name: getattr(form, name).strip() for name in PICTURE_WORDS}


@transaction.atomic
def review(scope: Scope, id_: UUID, *, agrees: bool, reason: str = "") -> Review:
    """Say once that an issue may go out, or that it goes back and why; saying the same again changes nothing."""
    scope.require(say("审核战报"), MAY_REVIEW)
    row = _held(scope, id_)
    if row.frozen_by == scope.member:
        raise Forbidden(say("自己冻结的战报，要由别人审核"), next=say("请另外两个人来审核。"))
    said = reason.strip()[:200]
    if not agrees and not said:
        raise BadRequest(say("退回要写明原因"))
    before = next((one for one in reviews(row) if one.member == scope.member), None)
    if before is not None:
        if (before.agrees, before.reason) != (agrees, said):
            raise Conflict(say("您已经审核过这一期"), next=say("要改，就重新冻结一期。"))
        return before
    if row.published_at is not None:
        raise Conflict(say("这一期已经发布"), next=say("有误，在下一期更正。"))
    written = Review.objects.create(bulletin=row, member=scope.member, agrees=agrees, reason=said, at=clock.now())
    log("bulletin.review", member=scope.member, subject=row.id, agrees=agrees)
    return written


@transaction.atomic
def publish(scope: Scope, id_: UUID) -> Bulletin:
    """Publish a frozen bulletin that two others agreed to; publishing again changes nothing."""
    scope.require(say("发布战报"), MAY_PUBLISH)
    row = _held(scope, id_)
    if row.published_at is None:
        _require_agreed(reviews(row))
        row.published_at, row.published_by = clock.now(), scope.member
        row.save(update_fields=["published_at", "published_by"])
        log("bulletin.publish", member=scope.member, subject=row.id)
    return row


def _held(scope: Scope, id_: UUID) -> Bulletin:
    """Return an issue that nobody else reviews or publishes meanwhile: none goes out that is being sent back."""
    Bulletin.objects.select_for_update().filter(ledger=scope.ledger, id=id_).first()
    return bulletin(scope, id_)


def _require_agreed(said: Iterable[Review]) -> None:
    wanting = missing(said)
    if wanting is None:
        raise Conflict(say("这一期被退回了"), next=say("照退回的原因改好，重新冻结一期。"))
    if wanting:
        raise Conflict(
            say("还差{n}人审核，才能发布", n=wanting),
            next=say("请冻结人以外的{most}个人审核：指挥长、值班长、秘书都行。", most=REVIEWERS),
        )
