"""How the ledger stores hashes and bytes."""

from typing import TYPE_CHECKING, Any

from django.db import models

from tongxin.ledger.packing import unpack

if TYPE_CHECKING:
    Stored = models.Field[str, str]
    Packed = models.Field[bytes, bytes]
else:
    Stored = Packed = models.BinaryField


class DigestField(Stored):
    """A SHA-256 in hex, stored as 32 bytes; empty if there is none."""

    def from_db_value(self, value: bytes | None, *_: object) -> str | None:
        """Return it in hex."""
        return None if value is None else bytes(value).hex()

    def get_prep_value(self, value: Any) -> Any:  # noqa: ANN401 - Django's own shape
        """Return what is stored."""
        return bytes.fromhex(value) if isinstance(value, str) else value


class PackedField(Packed):
    """A record's bytes as they came, however they are stored."""

    def from_db_value(self, value: bytes | None, *_: object) -> bytes | None:
        """Return them as they came."""
        return None if value is None else unpack(bytes(value))
