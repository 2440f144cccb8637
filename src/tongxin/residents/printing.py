"""A page as PDF. Whole system fonts only: a subset of a web font prints wrong characters without a word."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tongxin.base.problems import Problem
from tongxin.base.words import say

STYLE = Path(__file__).parent / "static" / "residents" / "print.css"


class CannotPrint(Problem):
    """This machine lacks what PDF is made with: the Pango library. Nothing else is wrong."""

    code = "residents.cannot_print"
    status = 503
    next_step = "请维护的人安装 libpango-1.0-0、libpangoft2-1.0-0 和 fonts-noto-cjk；网页可以照常打印。"


def printed(html: str, pictures: Mapping[str, bytes]) -> bytes:
    """Return a page as PDF; raise CannotPrint.

    The page asks for its style as ``sheet:print.css`` and for its pictures as ``picture:ID``; nothing else is ever fetched.
    """
    held = {f"picture:{id_}": (content, "image/jpeg") for id_, content in pictures.items()}
    held["sheet:print.css"] = (STYLE.read_bytes(), "text/css")
    made_by = library()

    class Held(made_by.urls.URLFetcher):  # type: ignore[misc,name-defined]
        def fetch(self, url: str, headers: object = None) -> Any:  # noqa: ANN401, ARG002 - as the library calls it
            content, kind = held[url]
            return made_by.urls.URLFetcherResponse(url, content, {"Content-Type": kind})

    found: bytes = made_by.HTML(string=html, url_fetcher=Held()).write_pdf(pdf_variant="pdf/ua-1")
    return found


@cache
def library() -> Any:  # noqa: ANN401 - it has no types
    """Return what PDF is made with, loaded once; raise CannotPrint."""
    try:
        import weasyprint  # noqa: PLC0415 - heavy, and what it needs of the system may be missing
    except OSError as error:
        raise CannotPrint(say("这里做不出 PDF"), reason=str(error).split("\n", 1)[0]) from None
    return weasyprint
