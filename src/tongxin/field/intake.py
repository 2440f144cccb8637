"""The intake: the phones' door for records, in a process of its own. Each call finds its phone and its signature, acts, answers.

It takes in what it can and says at once when it cannot: a wait in ``Retry-After`` instead of a queue without end.
"""

import asyncio
import contextvars
import logging
import math
import zlib
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections
from django.utils import translation
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from tongxin.base import crypto, door
from tongxin.base.problems import BadRequest, NotFound, Problem
from tongxin.base.words import say
from tongxin.field import metrics
from tongxin.field.limits import Limiter
from tongxin.field.problems import Away, Busy, Failed, Later, TooFast
from tongxin.field.signed import phone_of, require_signed
from tongxin.field.writer import AWAY, Writer
from tongxin.ledger.actions import Outcome, Sending, answer, hear
from tongxin.ledger.problems import BadBatch
from tongxin.ledger.queries import head as head_of
from tongxin.ledger.queries import position
from tongxin.people.queries import device
from tongxin.protocol import signature
from tongxin.protocol.messages import Batch, Heartbeat

T = TypeVar("T")
MOST_BYTES = 8_000_000
"""A request's body, packed and unpacked."""
MOST_WAITING = 6000
"""Records that may wait for their transaction: about a second's work."""
PER_PHONE, PER_PHONE_AT_ONCE = 100.0, 4000.0
"""Records a second from one phone, and after a rest at once. Any other call counts as one record."""
MOST_PHONES = 200_000
"""So many phones' keys are kept at hand."""
AGAIN_AFTER = 1.0
"""Seconds after which a phone may try again when nobody can say better."""
_GZIP = 16 + zlib.MAX_WBITS
_SIGNED = (signature.DIGEST, signature.INPUT, signature.SIGNATURE)
_ANY_PAGE = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": ", ".join(("retry-after", *_SIGNED)),
}
"""Any page may call: who speaks is known by signature, never by cookie."""
_PREFLIGHT = _ANY_PAGE | {
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": ", ".join(("accept-language", "content-encoding", "content-type", *_SIGNED)),
    "access-control-max-age": "86400",
}
log = logging.getLogger("tongxin.intake")


class Intake:
    """What the calls share: who writes, who reads, what is known of phones, how much may come in."""

    def __init__(self, *, writes: Executor | None = None, reads: Executor | None = None) -> None:
        """Threads of its own unless others are given."""
        self.writer = Writer(writes or ThreadPoolExecutor(1, "writer"))
        self._reads = reads or ThreadPoolExecutor(4, "reader")
        self._phones: dict[UUID, tuple[str, bytes]] = {}
        self._receipts = crypto.key_of(settings.TONGXIN_RECEIPT_SECRET)
        self._receipts_id = crypto.to_text(crypto.public(self._receipts))
        self._per_phone = Limiter(PER_PHONE, PER_PHONE_AT_ONCE)
        rate = float(settings.TONGXIN_INTAKE_RATE)
        self._together = Limiter(rate, rate)

    async def records(self, request: Request) -> Response:
        """Take a batch of records; the answer with its receipts is signed."""
        if self.writer.waiting > MOST_WAITING:
            raise Busy(say("现在发来的记录太多"), AGAIN_AFTER)
        content = await _content(request)
        ledger, phone = await self._phone(request, content)
        try:
            batch = door.read(_unpacked(request, content), Batch)
        except BadRequest as error:
            raise BadBatch(error.message) from None
        sending = Sending(str(phone), batch)
        sending.require()
        self._limit(phone, len(batch.records))
        outcome = await self.writer.append(ledger, sending)
        metrics.count(outcome)
        return self._signed(outcome)

    async def heartbeat(self, request: Request) -> Response:
        """Hear what a phone still holds; tell it where its chains stand."""
        content = await _content(request)
        ledger, phone = await self._phone(request, content)
        self._limit(phone, 1)
        beat = door.read(_unpacked(request, content), Heartbeat)
        return _json(await self._read(hear, ledger, phone, beat))

    async def head(self, request: Request) -> Response:
        """Say where a chain stands."""
        ledger, phone = await self._phone(request, b"")
        self._limit(phone, 1)
        try:
            chain = UUID(request.query_params.get("chain", ""))
        except ValueError:
            raise BadRequest(say("chain：要一个 UUID")) from None
        return _json(await self._read(head_of, ledger, phone, chain))

    async def health(self, request: Request) -> Response:  # noqa: ARG002 - anyone may ask
        """Say that this process runs and reaches its database."""
        await self._read(position, "")
        return PlainTextResponse("ok")

    async def metrics(self, request: Request) -> Response:  # noqa: ARG002 - anyone may ask
        """Say how it goes, for Prometheus."""
        return Response(metrics.exposed(self.writer.waiting), media_type=metrics.CONTENT_TYPE)

    async def _phone(self, request: Request, content: bytes) -> tuple[str, UUID]:
        """Return the ledger and id of the phone that signed a request; a phone's key never changes, so it is looked up once."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.scope["headers"]}
        named = phone_of(headers)
        if named not in self._phones:
            found = await self._read(device, named)
            if len(self._phones) >= MOST_PHONES:
                self._phones.clear()
            self._phones[named] = (found.ledger, bytes(found.key))
        ledger, key = self._phones[named]
        path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
        require_signed(key, headers, request.method, path, query, content)
        return ledger, named

    def _limit(self, phone: UUID, records: int) -> None:
        """Let so many records in, or raise TooFast or Busy with how long to wait."""
        wait = self._per_phone.wait(phone)
        if wait:
            raise TooFast(say("这部手机发得太快"), wait)
        wait = self._together.wait("all")
        if wait:
            raise Busy(say("现在发来的记录太多"), wait)
        self._per_phone.take(phone, records)
        self._together.take("all", records)

    def _signed(self, outcome: Outcome) -> Response:
        content = door.write(answer(outcome))
        headers = signature.sign_answer(self._receipts, self._receipts_id, 200, content)
        return Response(content, headers=headers, media_type="application/json")

    async def _read(self, what: Callable[..., T], *arguments: Any) -> T:  # noqa: ANN401 - whatever it takes
        """Run something that asks the database, in a thread."""
        loop = asyncio.get_running_loop()
        context = contextvars.copy_context()  # the caller's language goes with it
        return await loop.run_in_executor(self._reads, partial(context.run, _asked, what, *arguments))


def _asked(what: Callable[..., T], *arguments: Any) -> T:  # noqa: ANN401 - as above
    try:
        return what(*arguments)
    except AWAY:
        close_old_connections()
        raise


async def _content(request: Request) -> bytes:
    """Return the body as it was sent; raise TooLarge before more of it is read than will do."""
    length = request.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > MOST_BYTES:
        raise door.TooLarge(say("一次发来的内容太大"))
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise door.TooLarge(say("一次发来的内容太大"))
        parts.append(part)
    return b"".join(parts)


def _unpacked(request: Request, content: bytes) -> bytes:
    """Return the body as it was before compression; raise BadRequest or TooLarge."""
    coding = request.headers.get("Content-Encoding", "identity")
    if coding == "identity":
        return content
    if coding != "gzip":
        raise BadRequest(say("Content-Encoding：只收 gzip，这里是“{coding}”", coding=coding))
    unpacker = zlib.decompressobj(_GZIP)
    try:
        plain = unpacker.decompress(content, MOST_BYTES + 1)
    except zlib.error as error:
        raise BadRequest(say("正文不是 gzip：{reason}", reason=error)) from None
    if len(plain) > MOST_BYTES:
        raise door.TooLarge(say("一次发来的内容太大"))
    if not unpacker.eof:
        raise BadRequest(say("正文不是 gzip：{reason}", reason="incomplete"))
    return plain


def _json(found: object) -> Response:
    return Response(door.write(found), media_type="application/json")


async def _nowhere(request: Request) -> Response:
    raise NotFound(say("没有这一页：{path}", path=request.url.path))


@dataclass
class _Call:
    """A call as an application of its own, so that nothing lies between it and the server.

    It answers every problem in the caller's language, and is measured.
    """

    call: Callable[[Request], Awaitable[Response]]
    method: str = "GET"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS":
            await Response(status_code=204, headers=_PREFLIGHT)(scope, receive, send)
            return
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        call = self.call if method == self.method else _nowhere
        response = await _answered(call, Request(scope, receive))
        response.headers.update(_ANY_PAGE)
        await response(scope, receive, send)


async def _answered(call: Callable[[Request], Awaitable[Response]], request: Request) -> Response:
    named = request.scope["path"] if call is not _nowhere else "elsewhere"
    with metrics.timed(named) as said, _speaking(request):
        try:
            response = await call(request)
        except ClientDisconnect:
            response = Response(status_code=499)  # nobody reads it
        except Exception as error:  # noqa: BLE001 - all become answers
            response = _refusal(error)
        said.status = response.status_code
    return response


def _speaking(request: Request) -> AbstractContextManager[None]:
    """Speak the caller's language; Chinese needs no asking for."""
    english = request.headers.get("accept-language", "").lower().startswith("en")
    return translation.override("en") if english else nullcontext()


def _refusal(error: Exception) -> Response:
    if isinstance(error, AWAY):
        error = Away(say("数据库暂时没有应答"), AGAIN_AFTER)
    elif not isinstance(error, Problem):
        log.exception("a call failed", exc_info=error)
        error = Failed(say("程序出错了，这次没有写入任何东西"))
    headers = {"Retry-After": str(math.ceil(error.seconds))} if isinstance(error, Later) else {}
    return Response(door.write(error.as_json()), error.status, headers, "application/json")


def make_app(intake: Intake) -> Router:
    """Return the ASGI application."""
    calls = {
        "/field/records": _Call(intake.records, "POST"), "/field/heartbeat": _Call(intake.heartbeat, "POST"),
        "/field/head": _Call(intake.head), "/health": _Call(intake.health), "/metrics": _Call(intake.metrics),
    }  # fmt: skip
    return Router([Route(path, call) for path, call in calls.items()], default=_Call(_nowhere))
