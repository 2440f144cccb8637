"""What every request passes: problems become answers, in the caller's form and language."""

import logging
from collections.abc import Callable
from urllib.parse import quote

from django.core.exceptions import RequestDataTooBig
from django.db import DataError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import redirect, render

from tongxin.base import door
from tongxin.base.problems import BadRequest, Forbidden, NotFound, NotSignedIn, Problem
from tongxin.base.words import say
from tongxin.host.database import DatabaseAway

log = logging.getLogger(__name__)
TEXT = ("text/", "application/json", "image/svg")
"""How the types of what can be packed begin."""


class Failed(Problem):
    """The program itself failed; the cause is in its log. Nothing of the request was written."""

    code = "host.failed"
    status = 500
    next_step = "再试一次；还不行，把 var/logs/web.log 交给维护的人。"


class Pack(GZipMiddleware):
    """Packs text on its way out: pages, styles, scripts. Fonts, pictures and workbooks are packed already and go as they are.

    Against BREACH it adds up to a hundred random bytes, and tokens in pages are masked anew each time.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Pack an answer if it is text; a file's tag stays that by which it is asked for again."""
        if not response.get("Content-Type", "").startswith(TEXT):
            return response
        tag = response.get("ETag")
        packed = super().process_response(request, response)
        if tag:
            packed["ETag"] = tag
        return packed


class AnswerProblems:
    """Turns a Problem, a lost database or an unknown address into an answer that says what to do next."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse:
        """Answer what a view raised."""
        if isinstance(error, Http404):
            return say_problem(request, NotFound(say("没有这一页：{path}", path=request.path)))
        if isinstance(error, OperationalError):
            return say_problem(request, DatabaseAway(say("数据库暂时没有应答"), next=say("稍等几秒再试；手机会自己重发。")))
        if isinstance(error, RequestDataTooBig):
            return say_problem(request, door.TooLarge(say("一次发来的内容太大")))
        if isinstance(error, DataError):
            return say_problem(request, BadRequest(say("有一项数据库存不下：{reason}", reason=error)))
        if not isinstance(error, Problem):
            log.exception("%s %s", request.method, request.path)
            error = Failed(say("程序出错了，这次没有写入任何东西"))
        return say_problem(request, error)


def say_problem(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Return a problem as JSON for programs, as a page for people; who is not signed in is led to the sign-in."""
    if request.path.startswith(("/api/", "/field/")):
        response = HttpResponse(door.write(problem.as_json()), content_type="application/json", status=problem.status)
    elif isinstance(problem, NotSignedIn) and request.method == "GET":
        return redirect(f"/sign-in?next={quote(request.get_full_path())}")
    else:
        response = render(request, "desk/problem.html", {"problem": problem}, status=problem.status)
    if isinstance(problem, DatabaseAway):
        response["Retry-After"] = "1"
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a write whose page is too old or came from elsewhere."""
    return say_problem(
        request,
        Forbidden(say("页面已过期，或请求不是从本站发出"), next=say("刷新页面再做一次。"), reason=reason),
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - a view
    """Answer an address that leads nowhere."""
    return say_problem(request, NotFound(say("没有这一页：{path}", path=request.path)))
