"""Which phone signed a request."""

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
        raise UnknownDevice(say("请求的签名不对：{reason}", reason=error)) from None
    except ValueError:
        raise UnknownDevice(say("请求的签名不对：{reason}", reason="keyid")) from None
