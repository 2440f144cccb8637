"""Which phone signed a request, and whether it truly did."""

from collections.abc import Mapping
from uuid import UUID

from tongxin.base.words import say
from tongxin.people.queries import UnknownDevice
from tongxin.protocol import signature


def phone_of(headers: Mapping[str, str]) -> UUID:
    """Return the id of the phone that a request names as its signer, not verified yet; raise UnknownDevice."""
    try:
        return UUID(signature.key_id_of(headers))
    except signature.BadSignatureError as error:
        raise _not_signed(error) from None
    except ValueError:
        raise _not_signed("keyid") from None


def require_signed(key: bytes, headers: Mapping[str, str], method: str, path: str, query: str, content: bytes) -> None:
    """Return if a request was signed with a phone's key; raise UnknownDevice."""
    try:
        signature.verify_request(key, headers, method, path, query, content)
    except signature.BadSignatureError as error:
        raise _not_signed(error) from None


def _not_signed(reason: object) -> UnknownDevice:
    return UnknownDevice(say("请求的签名不对：{reason}", reason=reason))
