"""The app on people's phones: files that `make app` builds and the web server gives out at ``/phone/``."""

from pathlib import Path

from django.http import HttpRequest, HttpResponse

from tongxin.base.problems import Problem
from tongxin.base.words import say

FILES = Path(__file__).resolve().parent / "files"
"""What is served beside Django's addresses, each file under its own path."""
PAGE = "/phone/"
FOREVER = r"^/phone/assets/"
"""Addresses with a hash of the content in them: what lies there never changes."""
_POLICY = "; ".join((
    "default-src 'self'",
    "connect-src 'self' http: https:",  # the intake has a port or a host of its own
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
))  # fmt: skip


class PhoneNotBuilt(Problem):
    """The phone's app was not built into this installation."""

    code = "host.phone_not_built"
    status = 503
    next_step = "在源码目录里运行 make app，再重新启动。"


def add_headers(headers: dict[str, str], path: str, url: str) -> None:  # noqa: ARG001 - as WhiteNoise calls it
    """Let no old page name files that are gone, and run nothing but what is the app's own."""
    if url == PAGE:
        headers["Cache-Control"] = "no-cache"
        headers["Content-Security-Policy"] = _POLICY


def not_built(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
    """Say what to type: this is reached only where the files are not there."""
    raise PhoneNotBuilt(say("手机应用还没有生成"))
