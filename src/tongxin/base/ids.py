"""Identifiers and codes."""

import secrets
from uuid import UUID

from tongxin.base import clock

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""What a code is read out in: no I, L, O, 0 or 1, so that it survives a telephone."""


def uuid7() -> UUID:
    """Return a new UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then random, so that ids sort by age."""
    ms = clock.to_ms(clock.wall())
    value = (ms & (1 << 48) - 1) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)


def code() -> str:
    """Return a fresh sign-in code such as ``K7QF-2MWX-9RTA``: 12 characters, 59 bits."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(3))
