"""A phone's way to the doors over HTTP: it signs what it sends, and believes no receipt that the server did not sign.

What is sent when is the protocol's client (``tongxin.protocol.client``). Thousands of handsets share one event loop and its
connections.
"""

import asyncio
import gzip
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from tongxin.base import crypto
from tongxin.protocol import signature
from tongxin.protocol.client import Ask
from tongxin_drill import DrillError

DOWN = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})
"""Statuses that mean no more than a lost answer: the server may be restarting."""
WORTH_PACKING = 4_000
"""Bodies of so many bytes are packed."""


@dataclass(frozen=True)
class Wires:
    """What all handsets of a process share: the web server's field door, connections, and how many may speak at a time."""

    url: str
    client: httpx.AsyncClient
    lines: asyncio.Semaphore

    @classmethod
    def to(cls, url: str, connections: int, timeout: float = 10) -> "Wires":
        """Return wires to a server; close ``client`` when done. A drill never goes through a proxy."""
        client = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout, pool=None),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            trust_env=False,
        )
        return cls(url.rstrip("/") + "/field/", client, asyncio.Semaphore(connections))


class ForgedReceiptError(DrillError):
    """An answer says that records were taken in, and the server did not sign it."""


class Handset:
    """One phone: its key, and where it sends."""

    def __init__(self, wires: Wires, device: str) -> None:
        self.device = device
        self._wires, self._key = wires, crypto.new_key()
        self._intake, self._receipt_key = "", b""

    async def enrol(self, code: str) -> httpx.Response | None:
        """Tie this phone to a member; return the answer, None if there is none."""
        body = {"code": code, "device": self.device, "key": crypto.to_text(crypto.public(self._key))}
        response = await self._send("POST", self._wires.url + "enrol", msgspec.json.encode(body), signed=False)
        if response is not None and response.is_success:
            answer = response.json()
            self._intake, self._receipt_key = answer["intake_url"], crypto.from_text(answer["receipt_key"])
        return response

    async def get(self, path: str) -> httpx.Response | None:
        """Ask the web server's field door; None if no answer came."""
        return await self._send("GET", self._wires.url + path, b"")

    async def carry(self, ask: Ask) -> httpx.Response | None:
        """Bring the intake what the protocol's client asks; None if no answer came. Raise ForgedReceiptError."""
        response = await self._send("POST", self._intake + ask.kind, ask.body)
        if response is not None and response.status_code == HTTPStatus.OK and ask.kind == "records":
            try:
                signature.verify_answer(self._receipt_key, response.headers, response.status_code, response.content)
            except signature.BadSignatureError as error:
                raise ForgedReceiptError(str(error)) from error
        return response

    def prepared(self, ask: Ask) -> tuple[str, bytes, dict[str, str]]:
        """Return the address, body and headers with which an ask is sent: for load generators, which prepare beforehand."""
        url = self._intake + ask.kind
        content, headers = self._packed(ask.body)
        return url, content, headers | self._signature("POST", url, content)

    async def _send(self, method: str, url: str, body: bytes, *, signed: bool = True) -> httpx.Response | None:
        content, headers = self._packed(body)
        if signed:
            headers |= self._signature(method, url, content)
        try:
            async with self._wires.lines:  # here they queue cheaply; the client's own pool looks at all who wait, each time
                return await self._wires.client.request(method, url, content=content or None, headers=headers)
        except httpx.TransportError:
            return None

    def _packed(self, body: bytes) -> tuple[bytes, dict[str, str]]:
        headers = {"Content-Type": "application/json"} if body else {}
        if len(body) < WORTH_PACKING:
            return body, headers
        return gzip.compress(body, compresslevel=1), headers | {"Content-Encoding": "gzip"}

    def _signature(self, method: str, url: str, content: bytes) -> dict[str, str]:
        parts = urlsplit(url)
        return signature.sign_request(self._key, self.device, method, parts.path, parts.query, content)


def answer(response: httpx.Response | None) -> dict[str, Any]:
    """Return what an answer says; raise DrillError if it is a refusal or there is none."""
    if response is None or not response.is_success:
        said = "no answer" if response is None else f"{response.url.path}: {response.status_code} {response.text[:300]}"
        raise DrillError(said)
    found: dict[str, Any] = response.json()
    return found


def retry_after(response: httpx.Response) -> int | None:
    """Return for how many ms a busy server asks to be left alone."""
    text = response.headers.get("Retry-After", "")
    return int(text) * 1000 if text.isdigit() else None
