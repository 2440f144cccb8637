"""For developers: everything that pages are made of, in all of its states, on one page. Not there unless asked for."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tongxin.base import clock
from tongxin.base.problems import BadRequest, NotFound
from tongxin.base.words import say
from tongxin.desk.figures import line
from tongxin.desk.tonight import Slot

NUMBERS = (1, 12, 1_234, 1_234_567, 291.8, 0, None)


@require_GET
def components(request: HttpRequest) -> HttpResponse:
    """Show every component; only where TONGXIN_DEVELOPMENT is set."""
    if not settings.TONGXIN_DEVELOPMENT:
        raise NotFound(say("没有这一页：{path}", path=request.path))
    now = clock.now()
    content = {
        "numbers": NUMBERS,
        "now": now,
        "late": timedelta(hours=3, minutes=42),
        "percents": (0, 37.5, 100),
        "lines": [line([1, 2, 3]), line([9, 4, 6, 1, 7, 7, 2]), line([3, 3])],
        "strip": [
            Slot(now - timedelta(hours=1), 0, late=False, href="", past=True, here=None),
            Slot(now - timedelta(minutes=30), 2, late=True, href="/matters", past=True, here=None),
            Slot(now, 3, late=False, href="/matters", past=False, here=40.0),
            Slot(now + timedelta(minutes=30), 0, late=False, href="", past=False, here=None),
        ],
        "problem": BadRequest(say("title、title_en：战报要有中英文标题")),
        "done": 1,
    }
    return render(request, "desk/components.html", content)
