"""An issue in words of one's own, with pictures, read by two others before it goes out, and corrected by the next."""

import io
from concurrent.futures import Future
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import ProgrammingError, transaction
from PIL import Image
from tests.cast import Cast, id_of
from tests.elsewhere import Elsewhere, There, somebody_waits

from tongxin.base.problems import BadRequest, Conflict, Forbidden
from tongxin.bulletin.actions import add_picture, freeze, publish, review, save_draft
from tongxin.bulletin.forms import BulletinForm, DraftForm, PictureForm, SectionForm
from tongxin.bulletin.models import Bulletin, Picture, Review
from tongxin.bulletin.pictures import BadPicture
from tongxin.bulletin.queries import draft, short
from tongxin.figures.actions import catch_up
from tongxin.people.queries import founder_id, scope_of

OPEN, SHUT = {"open": True, "gathering": False}, {"open": False, "gathering": False}
INCIDENT = id_of("incident")
OWN = SectionForm(
    title="今晚", title_en="Tonight", zh="查了{venue_closure.inspections}次。", en="{venue_closure.inspections} visits."
)
WORDS = {"credit": "通讯员", "caption": "夜间督查", "caption_en": "By night", "alt": "一扇关着的门", "alt_en": "A shut door"}


def form(*sections: SectionForm, pictures: tuple[PictureForm, ...] = ()) -> BulletinForm:
    return BulletinForm(INCIDENT, "首夜", "First night", sections or None, pictures)


def frozen(cast: Cast, role: str = "commander") -> Bulletin:
    return freeze(cast.scope(role), form())


def issued(cast: Cast) -> Bulletin:
    row = frozen(cast)
    for role in ("duty_officer", "secretary"):
        review(cast.scope(role), row.id, agrees=True)
    return publish(cast.scope("commander"), row.id)


def photo(size: tuple[int, int] = (3000, 2000), *, kind: str = "JPEG") -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "Owner's camera"
    exif[0x0112] = 6  # it was held upright
    out = io.BytesIO()
    Image.new("RGB", size, "navy").save(out, kind, exif=exif)
    return out.getvalue()


def test_words_of_ones_own_carry_figures_that_open(cast: Cast) -> None:
    cast.phone().says(cast.night, OPEN)
    row = freeze(cast.scope("secretary"), form(OWN, SectionForm(activity="venue_closure")))
    assert row.text.split("\n")[0] == "【演练】查了1次。"
    assert row.text_en.split("\n")[0] == "[DRILL] 1 visits."
    assert [one["activity"] for one in row.sentences] == ["", "venue_closure"]


@pytest.mark.parametrize(
    ("section", "says"),
    [
        (SectionForm(zh="一句。", en=" "), "中英文都要写"),
        (SectionForm(zh="{venue_closure.inspection}", en="{venue_closure.inspection}"), "venue_closure.inspections"),
        (SectionForm(zh="{venue_closure.inspections}", en="none"), "不一样"),
        (SectionForm(zh="长" * 2001, en="long"), "太长"),
        (SectionForm(activity="dyke_patrol"), "dyke_patrol"),
    ],
)
def test_a_section_that_cannot_be_told_is_refused_with_its_reason(cast: Cast, section: SectionForm, says: str) -> None:
    with pytest.raises(BadRequest) as refused:
        freeze(cast.scope("secretary"), form(section))
    assert says in refused.value.message + refused.value.next
    assert not Bulletin.objects.exists()


def test_the_draft_is_kept_until_it_is_frozen(cast: Cast) -> None:
    save_draft(cast.scope("secretary"), INCIDENT, DraftForm(title="半夜", sections=[OWN]))
    save_draft(cast.scope("duty_officer"), INCIDENT, DraftForm(title="后半夜", sections=[OWN]))
    kept = draft(cast.scope("commander"), INCIDENT)
    assert kept is not None
    assert (kept.content["title"], kept.saved_by) == ("后半夜", cast.scope("duty_officer").member)
    frozen(cast)
    assert draft(cast.scope("commander"), INCIDENT) is None


@pytest.mark.parametrize("role", ["leader", "inspector"])
def test_whoever_may_not_compose_is_refused(cast: Cast, role: str) -> None:
    with pytest.raises(Forbidden):
        save_draft(cast.scope(role), INCIDENT, DraftForm())
    with pytest.raises(Forbidden):
        add_picture(cast.scope(role), photo())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_made_smaller_turned_upright_and_stripped_of_what_the_camera_wrote(cast: Cast, kind: str) -> None:
    row = add_picture(cast.scope("secretary"), photo(kind=kind))
    assert b"camera" not in bytes(row.bytes)
    with Image.open(io.BytesIO(bytes(row.bytes))) as kept:
        assert (kept.format, kept.size, dict(kept.getexif())) == ("JPEG", (1067, 1600), {})
        assert (row.width, row.height) == kept.size


@pytest.mark.parametrize("content", [b"", b"<svg/>", photo()[:400], photo((20000, 20000), kind="PNG")])
def test_what_is_no_picture_is_refused_and_not_kept(cast: Cast, content: bytes) -> None:
    with pytest.raises(BadPicture):
        add_picture(cast.scope("secretary"), content)
    assert not Picture.objects.exists()


def test_an_issue_keeps_its_pictures_with_their_words_and_none_may_be_missing(cast: Cast) -> None:
    held = add_picture(cast.scope("secretary"), photo())
    with pytest.raises(BadRequest, match="credit"):
        freeze(cast.scope("secretary"), form(pictures=(PictureForm(id=held.id, **WORDS | {"credit": " "}),)))
    with pytest.raises(BadRequest, match="没有上传"):
        freeze(cast.scope("secretary"), form(pictures=(PictureForm(id=uuid4(), **WORDS),)))
    row = freeze(cast.scope("secretary"), form(pictures=(PictureForm(id=held.id, **WORDS),)))
    assert row.pictures == [{"id": str(held.id), "digest": held.digest, "width": 1067, "height": 1600, **WORDS}]


def test_two_others_agree_before_an_issue_is_published(cast: Cast) -> None:
    row = frozen(cast)
    for role, wanting in (("duty_officer", "还差2人"), ("secretary", "还差1人")):
        with pytest.raises(Conflict, match=wanting):
            publish(cast.scope("commander"), row.id)
        review(cast.scope(role), row.id, agrees=True)
        review(cast.scope(role), row.id, agrees=True)  # again: nothing new
    assert publish(cast.scope("commander"), row.id).published_at == cast.night
    assert Review.objects.count() == 2


def test_nobody_reviews_what_they_froze_themselves(cast: Cast) -> None:
    row = frozen(cast, "duty_officer")
    with pytest.raises(Forbidden):
        review(cast.scope("duty_officer"), row.id, agrees=True)
    with pytest.raises(Forbidden):
        review(cast.scope("leader"), row.id, agrees=True)


def test_an_issue_that_was_sent_back_is_never_published(cast: Cast) -> None:
    row = frozen(cast)
    with pytest.raises(BadRequest):
        review(cast.scope("secretary"), row.id, agrees=False, reason=" ")
    review(cast.scope("secretary"), row.id, agrees=False, reason="标题不对")
    with pytest.raises(Conflict):
        review(cast.scope("secretary"), row.id, agrees=True)
    review(cast.scope("duty_officer"), row.id, agrees=True)
    with pytest.raises(Conflict, match="退回"):
        publish(cast.scope("commander"), row.id)


def test_an_issue_that_is_being_sent_back_at_that_moment_does_not_go_out(elsewhere: Elsewhere, db: None) -> None:
    def agreed() -> UUID:
        id_ = frozen(elsewhere.cast, "secretary").id
        for role in ("commander", "duty_officer"):
            review(elsewhere.cast.scope(role), id_, agrees=True)
        return id_

    def sent_back() -> None:
        with transaction.atomic():
            review(scope_of(founder_id("430181")), id_, agrees=False, reason="标题不对")
            published.append(other.submit(publish, elsewhere.cast.scope("commander"), id_))
            while not published[0].done() and not somebody_waits():
                pass

    published: list[Future[Bulletin]] = []
    with There(elsewhere.database.app_url) as one, There(elsewhere.database.app_url) as other:
        id_ = one.do(agreed)
        one.do(sent_back)
        with pytest.raises(Conflict, match="退回"):
            published[0].result()


def test_a_review_cannot_be_changed_or_removed(cast: Cast) -> None:
    review(cast.scope("secretary"), frozen(cast).id, agrees=True)
    for table, change in ((Review, {"agrees": False}), (Picture, {"digest": ""})):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            table._default_manager.update(**change)


def test_the_next_issue_lists_what_was_corrected_since(cast: Cast) -> None:
    phone, far = cast.phone(), cast.phone("outsider")
    said = phone.says(cast.night - timedelta(minutes=30), OPEN)
    far.says(cast.night - timedelta(minutes=20), OPEN, place=str(id_of("cinema")))
    first = issued(cast)
    assert first.corrections == []
    phone.says(cast.night, {}, act="withdraw", target=said["id"])
    second = frozen(cast)
    told = {one["key"]: (one["number"], one["said"], one["now"], one["records"]) for one in second.corrections}
    assert told["venue_closure.inspections"] == (1, 2, 1, [1])
    assert told["venue_closure.venues_inspected"] == (1, 2, 1, [1])
    assert told["venue_closure.found_open"][3] == [1]
    assert first.figures["venue_closure.inspections"] == 2
    assert second.figures["venue_closure.inspections"] == 1


def test_what_only_came_later_is_no_correction(cast: Cast) -> None:
    phone, offline = cast.phone(), cast.phone()
    said = phone.says(cast.night - timedelta(minutes=30), OPEN)
    issued(cast)
    offline.says(cast.night - timedelta(minutes=40), SHUT)
    phone.says(cast.night, OPEN | {"gathering": True}, act="correct", target=said["id"])
    told = {one["key"]: one["now"] for one in frozen(cast).corrections}
    assert "venue_closure.inspections" not in told, "a corrected visit is still one visit"


def test_an_issue_keeps_each_figure_by_day_and_town(cast: Cast) -> None:
    cast.phone().says(cast.night, OPEN)
    row = frozen(cast)
    one = next(one for one in row.details if one["key"] == "venue_closure.inspections")
    assert one["by_day"] == [["2022-03-22", 1]]
    assert one["by_town"] == [["张坊镇", "Zhangfang", 1]]
    assert "每条算一次" in one["counted"]
    assert one["counted_en"].isascii()


def test_the_short_text_fits_a_chat_and_ends_with_a_whole_sentence(cast: Cast) -> None:
    cast.phone().says(cast.night, OPEN)
    long = [SectionForm(zh=f"第{n}段" + "说" * 90 + "。", en=f"Section {n}.") for n in range(9)]
    row = freeze(cast.scope("secretary"), form(*long))
    text = short(row)
    assert len(text) <= 500
    assert text.startswith("【演练】首夜\n截至2022-03-22 ")
    assert text.endswith("。\n…")


def test_a_fingerprint_covers_words_and_pictures(cast: Cast) -> None:
    held = add_picture(cast.scope("secretary"), photo())
    one = freeze(cast.scope("secretary"), form(pictures=(PictureForm(id=held.id, **WORDS),)))
    two = freeze(cast.scope("secretary"), form(pictures=(PictureForm(id=held.id, **WORDS | {"credit": "别人"}),)))
    assert one.fingerprint != two.fingerprint
    assert isinstance(one.id, UUID)
    catch_up("430181")
