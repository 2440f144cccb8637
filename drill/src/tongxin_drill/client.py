"""A desk: one person signed in at the desk door, from a program."""

import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Self

import httpx
import msgspec

from tongxin_drill import DrillError

MOST_ROWS = 5_000
"""The door takes so many rows a call."""
PATIENCE = 30.0
"""How many real seconds a call that is safe to repeat is repeated while the server is away."""
DOWN = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})


class DoorError(DrillError):
    """The desk door refused: HTTP status (0: no answer), stable code, what is wrong, what to do next."""

    def __init__(self, status: int, code: str, message: str, next_step: str) -> None:
        super().__init__(f"{status} {code}: {message} {next_step}".rstrip())
        self.status = status
        self.code = code
        self.message = message
        self.next = next_step


class Desk:
    """Calls to ``/api/``; answers are the JSON objects of docs/doors.md. Use it as a context manager."""

    def __init__(self, url: str) -> None:
        """``url`` is the server's, without a path."""
        base = url.rstrip("/") + "/api/"
        # Large lists take the server a while. A drill never goes through a proxy.
        self._client = httpx.Client(base_url=base, timeout=120, trust_env=False, headers={"Referer": base})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def sign_in(self, code: str) -> dict[str, Any]:
        """Sign in; later calls are this member's."""
        return self.post("sign-in", {"code": code})

    def get(self, path: str, **params: str | int) -> dict[str, Any]:
        """Return the answer of a GET."""
        return self._call("GET", path, params=params)

    def post(self, path: str, body: object = None, *, repeatable: bool = True) -> dict[str, Any]:
        """Return the answer of a POST of anything msgspec can write; without an id it is not repeatable."""
        return self._call("POST", path, body=body, repeatable=repeatable)

    def post_rows(self, path: str, name: str, rows: Sequence[object]) -> list[dict[str, Any]]:
        """Post a list under its name, in as many calls as it takes; return their answers."""
        return [self.post(path, {name: rows[first : first + MOST_ROWS]}) for first in range(0, len(rows), MOST_ROWS)]

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str | int] | None = None,
        body: object = None,
        repeatable: bool = True,
    ) -> dict[str, Any]:
        content = msgspec.json.encode({} if body is None else body) if method == "POST" else None
        deadline = time.monotonic() + (PATIENCE if repeatable else 0)
        while True:
            try:
                response = self._client.request(method, path, params=params, content=content, headers=self._headers())
            except httpx.TransportError as error:
                if time.monotonic() >= deadline:
                    raise DoorError(0, "unreachable", f"{method} {path}: {error!r}", "") from error
            else:
                if response.status_code not in DOWN or time.monotonic() >= deadline:
                    return _read(response)
            time.sleep(0.3)

    def _headers(self) -> dict[str, str]:
        """Return the headers of a call; the token changes at sign-in, so it is read anew each time."""
        return {
            "Content-Type": "application/json",
            "X-CSRFToken": self._client.cookies.get("csrftoken") or "",
        }


def _read(response: httpx.Response) -> dict[str, Any]:
    """Return the answer, or raise the refusal."""
    try:
        answer = response.json()
        if response.is_success and isinstance(answer, dict):
            return answer
        problem = answer["problem"]
        raise DoorError(response.status_code, problem["code"], problem["message"], problem["next"])
    except (ValueError, KeyError, TypeError):
        # Not the doors' shape: a proxy, a crash, or no Tongxin at all.
        raise DoorError(response.status_code, "unreadable", response.text[:200], "") from None
