"""Signatures: ECDSA over P-256 with SHA-256, as 64 bytes r ‖ s, the form that browsers make and take (WebCrypto; RFC 7518, 3.4).

P-256 rather than Ed25519, which older web views lack. Public keys are uncompressed points (65 bytes); all keys and signatures are
written in base64url without padding.
"""

import base64
import binascii
import hashlib
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PrivateKey = ec.EllipticCurvePrivateKey
PUBLIC_BYTES, SIGNATURE_BYTES = 65, 64
_HALF = SIGNATURE_BYTES // 2
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ECDSA = ec.ECDSA(hashes.SHA256())
_SIGNING = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


class BadKeyError(ValueError):
    """Bytes are not a public key of this curve."""


def new_key() -> PrivateKey:
    """Make a private key."""
    return ec.generate_private_key(ec.SECP256R1())


def key_of(secret: str) -> PrivateKey:
    """Return the private key that belongs to a secret of at least 32 random bytes; always the same."""
    number = int.from_bytes(hashlib.sha512(secret.encode()).digest())
    return ec.derive_private_key(number % (_ORDER - 1) + 1, ec.SECP256R1())


def public(key: PrivateKey) -> bytes:
    """Return the public part of a key."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def require_public(data: bytes) -> None:
    """Return if bytes are a public key; raise BadKeyError."""
    if len(data) != PUBLIC_BYTES:
        raise BadKeyError(f"{len(data)} bytes, not {PUBLIC_BYTES}")
    _loaded(data)


def sign(key: PrivateKey, data: bytes) -> bytes:
    """Return the signature of data; the same data is signed alike every time (RFC 6979)."""
    r, s = decode_dss_signature(key.sign(data, _SIGNING))
    return r.to_bytes(_HALF) + s.to_bytes(_HALF)


def verify(public_key: bytes, signature: bytes, data: bytes) -> bool:
    """Say whether a signature of data was made with the private part of a public key; raise BadKeyError."""
    key = _loaded(public_key)
    if len(signature) != SIGNATURE_BYTES:
        return False
    try:
        key.verify(encode_dss_signature(int.from_bytes(signature[:_HALF]), int.from_bytes(signature[_HALF:])), data, _ECDSA)
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=20_000)
def _loaded(data: bytes) -> ec.EllipticCurvePublicKey:
    """Return a key ready for use: to make it from its bytes takes as long as to verify with it."""
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data)
    except ValueError as error:
        raise BadKeyError(str(error)) from None


def to_text(data: bytes) -> str:
    """Write bytes in base64url."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_text(text: str) -> bytes:
    """Read base64url; raise ValueError."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError(str(error)) from None
