"""Reads JSON that comes through a door, naming the field that is wrong."""

from collections.abc import Hashable
from datetime import datetime
from functools import cache
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from tongxin.base.problems import BadRequest, Problem
from tongxin.base.words import say

T = TypeVar("T")
MOST_ROWS = 5000
_STORED = r"^[^\x00]*$"
"""PostgreSQL stores no NUL. Written so that other languages read it alike: it is published."""

Text = Annotated[str, Meta(min_length=1, pattern=_STORED)]
Upto20 = Annotated[str, Meta(min_length=1, max_length=20, pattern=_STORED)]
Upto40 = Annotated[str, Meta(min_length=1, max_length=40, pattern=_STORED)]
Upto60 = Annotated[str, Meta(min_length=1, max_length=60, pattern=_STORED)]
Upto80 = Annotated[str, Meta(min_length=1, max_length=80, pattern=_STORED)]
Upto120 = Annotated[str, Meta(min_length=1, max_length=120, pattern=_STORED)]
Upto160 = Annotated[str, Meta(min_length=1, max_length=160, pattern=_STORED)]
Moment = Annotated[datetime, Meta(tz=True)]


class TooLarge(Problem):
    """The body of the request is larger than the door takes; nothing of it was read."""

    code = "door.too_large"
    status = 413
    next_step = "分几次发。"


def read(data: bytes, form: type[T]) -> T:
    """Return a request's body as the form it must have; raise BadRequest with the place and the reason."""
    try:
        return msgspec.json.decode(data or b"{}", type=form)
    except msgspec.ValidationError as error:
        reason, _, at = str(error).partition(" - at ")
        place = at.strip("`").removeprefix("$").removeprefix(".") or "body"
        raise BadRequest(say("{place}：{reason}", place=place, reason=reason), place=place, reason=reason) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(say("正文不是 JSON：{reason}", reason=error)) from None


def read_rows(data: bytes, name: str, row: type[T]) -> list[T]:
    """Return the rows of a body ``{name: [row, …]}``; raise BadRequest with the place and the reason."""
    rows: list[T] = getattr(read(data, _table(name, row)), name)  # type: ignore[arg-type]
    if len(rows) > MOST_ROWS:
        raise BadRequest(say("一次最多 {most} 行，这里有 {n} 行", most=MOST_ROWS, n=len(rows)), next=say("分几次发。"))
    return rows


@cache
def _table(name: str, row: Hashable) -> type[msgspec.Struct]:
    return msgspec.defstruct(name, [(name, list[row])], forbid_unknown_fields=True)  # type: ignore[valid-type]


def write(answer: object) -> bytes:
    """Return an answer's bytes."""
    return msgspec.json.encode(answer)
