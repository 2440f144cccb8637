"""Reads JSON that comes through a door, naming the field that is wrong."""

from typing import TypeVar

import msgspec

from tongxin.base.problems import BadRequest
from tongxin.base.words import say

T = TypeVar("T")


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


def write(answer: object) -> bytes:
    """Return an answer's bytes."""
    return msgspec.json.encode(answer)
