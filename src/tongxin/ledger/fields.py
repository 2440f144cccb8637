"""How the ledger stores hashes."""

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    Stored = models.Field[str, str]
else:
    Stored = models.BinaryField


class DigestField(Stored):
    """A SHA-256 in hex, stored as 32 bytes; empty if there is none."""

    def from_db_value(self, value: bytes | None, *_: object) -> str | None:
        """Return it in hex."""
        return None if value is None else bytes(value).hex()

    def get_prep_value(self, value: Any) -> Any:  # noqa: ANN401 - Django's own shape
        """Return what is stored."""
        return bytes.fromhex(value) if isinstance(value, str) else value
