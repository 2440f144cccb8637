"""What the public reads: only what is published, the same numbers in every form, and no record."""

import io
import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from PIL import Image
from pypdf import PdfReader
from tests.cast import Cast, id_of

from tongxin.bulletin.actions import add_picture, freeze, publish, review
from tongxin.bulletin.forms import BulletinForm, PictureForm, SectionForm
from tongxin.bulletin.models import Bulletin
from tongxin.residents.printing import printed as made

OPEN, SHUT = {"open": True, "gathering": False}, {"open": False, "gathering": False}
OWN = SectionForm(
    "", "今晚", "Tonight", "今晚查了{venue_closure.inspections}次，镕、喆两处。", "{venue_closure.inspections} visits."
)
FORMS = ("", ".json", ".pdf", ".html", "/figures/venue_closure.inspections")


def frozen(cast: Cast) -> Bulletin:
    out = io.BytesIO()
    Image.new("RGB", (400, 200), "navy").save(out, "PNG")
    held = add_picture(cast.scope("secretary"), out.getvalue())
    picture = PictureForm(held.id, "通讯员", "夜间督查", "By night", "一扇关着的门", "A shut door")
    sections = [OWN, SectionForm("venue_closure"), SectionForm("attendance")]
    return freeze(cast.scope("commander"), BulletinForm(id_of("incident"), "首夜", "First night", sections, [picture]))


@pytest.fixture
def issue(cast: Cast) -> Bulletin:
    """A published issue over two visits."""
    phone, far = cast.phone(), cast.phone("outsider")
    phone.says(cast.night - timedelta(minutes=30), OPEN)
    far.says(cast.night - timedelta(minutes=10), SHUT, place=str(id_of("cinema")))
    return issued(cast)


def issued(cast: Cast) -> Bulletin:
    row = frozen(cast)
    for role in ("duty_officer", "secretary"):
        review(cast.scope(role), row.id, agrees=True)
    return publish(cast.scope("commander"), row.id)


def reader(language: str = "zh-hans") -> Client:
    """Somebody who is not signed in."""
    return Client(headers={"accept-language": language})


def where(row: Bulletin, form: str = "") -> str:
    return f"/public/bulletins/{row.id}{form}"


def words(html: str) -> str:
    """Return what is read, without spaces, which lines and columns put in."""
    html = re.sub(r"(?s)<(head|form|script).*?</\1>", "", html)
    return re.sub(r"\s", "", unescape(re.sub(r"<[^>]+>", "", html)))


def printed(content: bytes) -> str:
    pages = PdfReader(io.BytesIO(content)).pages
    return re.sub(r"\s", "", "".join(page.extract_text() for page in pages))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("reviewers", [(), ("duty_officer",), ("duty_officer", "secretary")])
def test_what_is_not_published_is_not_there(cast: Cast, form: str, reviewers: tuple[str, ...]) -> None:
    row = frozen(cast)
    for role in reviewers:
        review(cast.scope(role), row.id, agrees=True)
    assert reader().get(where(row, form)).status_code == 404
    assert reader().get(f"/public/pictures/{row.pictures[0]['id']}").status_code == 404
    assert "首夜" not in reader().get("/public/bulletins").text


@pytest.mark.parametrize("form", FORMS)
def test_everybody_reads_what_is_published(issue: Bulletin, form: str) -> None:
    assert reader().get(where(issue, form)).status_code == 200


def test_the_list_leads_to_the_issue_and_the_issue_to_each_figure_and_picture(issue: Bulletin) -> None:
    assert where(issue) in reader().get("/public/bulletins").text
    page = reader().get(where(issue)).text
    links = set(re.findall(r'(?:href|src)="(/public/[^"]+)"', page))
    assert {where(issue, form) for form in FORMS[1:]} < links | {where(issue)}
    assert {link for link in links if reader().get(link).status_code != 200} == set()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_page_json_print_and_copy_say_the_same_words_and_numbers(issue: Bulletin, language: str) -> None:
    asked = reader(language)
    data = asked.get(where(issue, ".json")).json()
    text = data["text" if language == "zh-hans" else "text_en"].removeprefix("【演练】").removeprefix("[DRILL] ")
    forms = [words(asked.get(where(issue, form)).text) for form in ("", ".html")] + [
        printed(asked.get(where(issue, ".pdf")).content)
    ]
    for line in text.split("\n"):
        assert [re.sub(r"\s", "", line) in form for form in forms] == [True] * 3, line
    assert data["figures"] == issue.figures


def test_the_print_holds_every_character_even_rare_ones(issue: Bulletin) -> None:
    said = printed(reader().get(where(issue, ".pdf")).content)
    assert "镕、喆两处" in said
    assert "夜间督查" in said
    assert "图：通讯员" in said
    assert issue.fingerprint in said


def test_a_number_opens_to_what_it_counts_and_where_it_came_from(issue: Bulletin) -> None:
    page = words(reader().get(where(issue, "/figures/venue_closure.inspections")).text)
    assert "数记录：每条算一次" in page
    assert "第2条记录" in page
    assert "3月22日2" in page
    assert "张坊镇1" in page
    assert "淮川街道1" in page


def test_an_issue_stays_as_it_was_whatever_comes_later(cast: Cast, issue: Bulletin) -> None:
    pages = [reader().get(where(issue, form)).content for form in ("", "/figures/venue_closure.inspections", ".json")]
    cast.phone().says(cast.night, OPEN)
    frozen(cast)
    strip = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]+"')
    later = [reader().get(where(issue, form)).content for form in ("", "/figures/venue_closure.inspections", ".json")]
    assert [strip.sub(b"", page) for page in later] == [strip.sub(b"", page) for page in pages]


def test_no_form_names_a_person_or_opens_a_record(cast: Cast, issue: Bulletin) -> None:
    people = {str(cast.scope(role).member) for role in ("commander", "secretary", "inspector")}
    for form in ("", ".json", ".html", "/figures/venue_closure.inspections"):
        page = reader().get(where(issue, form)).text
        assert not [one for one in people if one in page]
        assert "/records/" not in page


def test_a_correction_is_told_in_every_form_and_opens_no_record(cast: Cast) -> None:
    phone = cast.phone()
    said = phone.says(cast.night - timedelta(minutes=30), OPEN)
    issued(cast)
    phone.says(cast.night, {}, act="withdraw", target=said["id"])
    row = issued(cast)
    told = next(
        one for one in reader().get(where(row, ".json")).json()["corrections"] if one["key"] == "venue_closure.inspections"
    )
    assert (told["number"], told["said"], told["now"], told["count"], "records" in told) == (1, 1, 0, 1, False)
    sentence = "第1期“督查”1应为0：1条记录此后更正或撤回。"
    forms = [words(reader().get(where(row, form)).text) for form in ("", ".html")]
    assert [sentence in form for form in (*forms, printed(reader().get(where(row, ".pdf")).content))] == [True] * 3
    assert "/records/" not in reader().get(where(row)).text


def test_a_figure_that_the_issue_does_not_hold_is_not_there(issue: Bulletin) -> None:
    answer = reader().get(where(issue, "/figures/dyke_patrol.visits"))
    assert answer.status_code == 404
    assert "door.not_found" in answer.text


def test_nothing_is_fetched_while_printing() -> None:
    assert made('<html lang="en"><title>x</title><img src="http://127.0.0.1:1/a.png" alt="a"><p>b</p></html>', {}).startswith(
        b"%PDF"
    )
