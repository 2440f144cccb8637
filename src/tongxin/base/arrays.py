"""Arrays and rows as PostgreSQL reads them, written at once: by the driver, value by value, thousands take too long."""

import re
from collections.abc import Iterable

import msgspec


def array(values: Iterable[object]) -> str:
    """Write an array down."""
    texts = list(map(str, values))
    inner = "\0".join(texts)  # NUL is in no text that PostgreSQL stores
    return '{"' + inner.replace("\\", "\\\\").replace('"', '\\"').replace("\0", '","') + '"}' if texts else "{}"


def hexed(digits: str) -> str:
    """Write bytes down that are in hex."""
    return r"\x" + digits


def unhexed(text: str) -> str:
    """Return the digits of ``hexed`` bytes."""
    return text[2:]


CSV = r"FORMAT csv, ESCAPE '\', NULL 'null'"
"""How COPY is told to read what ``lines`` writes."""
_write = msgspec.json.Encoder(enc_hook=str).encode_lines
_CONTROL, _ESCAPED = re.compile(rb"\\[bfnrtu]"), re.compile(rb"\\(?:u[0-9a-f]{4}|.)")


def lines(rows: Iterable[object]) -> bytes:
    """Write rows (sequences, or structs like arrays) down for COPY, a line each.

    As JSON, which is such CSV but for brackets and control characters.
    """
    written = _write(rows)[1:-1].replace(b"]\n[", b"\n")[:-1]
    return _ESCAPED.sub(_plain, written) if _CONTROL.search(written) else written


def _plain(escape: re.Match[bytes]) -> bytes:
    """Return what stands for a character in quoted CSV: itself, but quotes and backslashes stay escaped."""
    text = escape.group()
    return text if text in (rb"\"", rb"\\") else str(msgspec.json.decode(b'"' + text + b'"')).encode()
