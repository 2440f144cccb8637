"""Who speaks: requests signed by a phone, receipts signed by the server. One fixed profile of RFC 9421 (HTTP Message Signatures).

A phone signs the method, path and query of a request and the digest of its content (RFC 9530); the server signs the status and
digest of an answer with receipts. ``keyid`` is the device's id, or the server's public key. There is one way to write each
header, so a verifier compares texts instead of parsing them.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache

from tongxin.base import crypto

LABEL = "tongxin"
ALGORITHM = "ecdsa-p256-sha256"
DIGEST, INPUT, SIGNATURE = "content-digest", "signature-input", "signature"
"""Headers, in lower case: a mapping of headers is asked for them so, whether or not it minds the case."""
_REQUEST, _ANSWER = ("@method", "@path", "@query", "content-digest"), ("@status", "content-digest")
_MOST_KEY_ID = 200
_PLAIN = re.compile(r"[ !#-\[\]-~]*")
"""What stands for itself in a string of a header (RFC 9651, 3.3.3): printable ASCII but quotes and backslashes."""


class BadSignatureError(ValueError):
    """A message is not signed, not in this profile's way, or not by this key; the text says which."""


def digest(content: bytes) -> str:
    """Return the ``Content-Digest`` of a body as it is sent (after compression)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


def sign_request(key: crypto.PrivateKey, key_id: str, method: str, path: str, query: str, content: bytes) -> dict[str, str]:
    """Return the headers with which a request is sent; ``path`` as in the URL, ``query`` without the question mark."""
    return _sign(key, _REQUEST, key_id, (method, path, f"?{query}"), content)


def sign_answer(key: crypto.PrivateKey, key_id: str, status: int, content: bytes) -> dict[str, str]:
    """Return the headers with which an answer is sent."""
    return _sign(key, _ANSWER, key_id, (str(status),), content)


def key_id_of(headers: Mapping[str, str]) -> str:
    """Return whom a message names as its signer; raise BadSignatureError. Nothing is verified yet."""
    text = headers.get(INPUT, "")
    for names in (_REQUEST, _ANSWER):
        before, after = _around(names)
        if text.startswith(before) and text.endswith(after) and len(text) <= len(before) + len(after) + _MOST_KEY_ID:
            key_id = text[len(before) : len(text) - len(after)]
            if _PLAIN.fullmatch(key_id):
                return key_id
    raise BadSignatureError(f"{INPUT}: missing, or not in the one form")


def verify_request(public_key: bytes, headers: Mapping[str, str], method: str, path: str, query: str, content: bytes) -> None:
    """Return if a request was signed with a device's key; raise BadSignatureError."""
    _verify(public_key, headers, _REQUEST, (method, path, f"?{query}"), content)


def verify_answer(public_key: bytes, headers: Mapping[str, str], status: int, content: bytes) -> None:
    """Return if an answer was signed with the server's key; raise BadSignatureError."""
    _verify(public_key, headers, _ANSWER, (str(status),), content)


def _sign(key: crypto.PrivateKey, names: tuple[str, ...], key_id: str, values: Sequence[str], content: bytes) -> dict[str, str]:
    said = digest(content)
    signature = crypto.sign(key, _base(names, (*values, said), key_id))
    return {
        DIGEST: said,
        INPUT: _input(names, key_id),
        SIGNATURE: _written(signature),
    }


def _verify(public_key: bytes, headers: Mapping[str, str], names: tuple[str, ...], values: Sequence[str], content: bytes) -> None:
    said = digest(content)
    if headers.get(DIGEST) != said:
        raise BadSignatureError(f"{DIGEST}: missing, or not that of the content")
    key_id = key_id_of(headers)
    if headers[INPUT] != _input(names, key_id):
        raise BadSignatureError(f"{INPUT}: not in the one form")
    if not crypto.verify(public_key, _read(headers.get(SIGNATURE, "")), _base(names, (*values, said), key_id)):
        raise BadSignatureError(f"{SIGNATURE}: not made with this key, or not over this message")


def _base(names: tuple[str, ...], values: Sequence[str], key_id: str) -> bytes:
    """Return what is signed: RFC 9421, 2.5."""
    lines = [f'"{name}": {value}' for name, value in zip(names, values, strict=True)]
    return "\n".join([*lines, f'"@signature-params": {_params(names, key_id)}']).encode()


def _params(names: tuple[str, ...], key_id: str) -> str:
    return f'({_covered(names)});keyid="{key_id}";alg="{ALGORITHM}"'


@cache
def _covered(names: tuple[str, ...]) -> str:
    return " ".join(f'"{name}"' for name in names)


@cache
def _around(names: tuple[str, ...]) -> tuple[str, str]:
    """Return what stands before and after the key's id."""
    before, _, after = _input(names, "\x00").partition("\x00")
    return before, after


def _input(names: tuple[str, ...], key_id: str) -> str:
    return f"{LABEL}={_params(names, key_id)}"


def _read(text: str) -> bytes:
    before, _, rest = text.partition("=:")
    if before != LABEL or not rest.endswith(":"):
        raise BadSignatureError(f"{SIGNATURE}: missing, or not in the one form")
    try:
        data = base64.b64decode(rest[:-1], validate=True)
    except (binascii.Error, ValueError):
        raise BadSignatureError(f"{SIGNATURE}: not base64") from None
    if _written(data) != text:  # base64 has bits to spare at its end
        raise BadSignatureError(f"{SIGNATURE}: not in the one form")
    return data


def _written(signature: bytes) -> str:
    return f"{LABEL}=:{base64.b64encode(signature).decode()}:"
