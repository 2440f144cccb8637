"""How a record's bytes are stored: packed by a dictionary trained on earlier records, which brings them to about a third.

What is packed is a Zstandard frame (RFC 8878) that names its dictionary; ``zstd -D`` reads it, too. Dictionaries lie beside the
records, in the table ``ledger_dictionary``, for as long as these. What came before the first of them is stored as it came; no
record can be mistaken for a frame, since records are UTF-8 and frames begin with what is not.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from random import Random
from threading import local
from typing import Any

import zstandard
from django.db import connection

FRAME = zstandard.FRAME_HEADER
"""How a frame begins."""
LEVEL = 2
"""The first that looks for the best of two matches; on records as small in 2.6 us as the next in 3.4."""
SIZE = 64 * 1024
"""Bytes of a dictionary."""
_NAMED = re.compile(r"[a-z][a-z0-9_]*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Answers that can be chosen, and ids."""
_SAID = ("subject", "body")
"""Where a record may say what somebody wrote."""


class _Tools(local):
    """What packs and unpacks, by dictionary: each thread's own, for no two may use one at a time."""

    def __init__(self) -> None:
        self.packers: dict[int, zstandard.ZstdCompressor] = {}
        self.unpackers: dict[int, zstandard.ZstdDecompressor] = {}


_tools = _Tools()


def pack(records: Sequence[bytes], dictionary: int | None) -> list[bytes]:
    """Return records' bytes as they are stored, by the dictionary of a number.

    All at once: packing lets other threads run meanwhile, and to wait for one's turn after each record takes longer than to pack.
    """
    if dictionary is None or not records:
        return list(records)
    if dictionary not in _tools.packers:
        _tools.packers[dictionary] = zstandard.ZstdCompressor(level=LEVEL, dict_data=_read(dictionary))
    packed = _tools.packers[dictionary].multi_compress_to_buffer([*records])
    return [packed[n].tobytes() for n in range(len(packed))]


def unpack(stored: bytes) -> bytes:
    """Return a record's bytes as they came."""
    if not stored.startswith(FRAME):
        return stored
    dictionary = zstandard.get_frame_parameters(stored).dict_id
    if dictionary not in _tools.unpackers:
        _tools.unpackers[dictionary] = zstandard.ZstdDecompressor(dict_data=_read(dictionary))
    return _tools.unpackers[dictionary].decompress(stored)


def _read(number: int) -> zstandard.ZstdCompressionDict:
    with connection.cursor() as cursor:
        cursor.execute("SELECT bytes FROM ledger_dictionary WHERE number = %s", [number])
        row = cursor.fetchone()
    if row is None:
        raise LookupError(f"records were packed by dictionary {number}, which is not in ledger_dictionary")
    return zstandard.ZstdCompressionDict(bytes(row[0]))


def trained(records: Iterable[bytes]) -> zstandard.ZstdCompressionDict:
    """Return a dictionary for records like these. Its number is made from what it holds.

    What people wrote is shuffled before, character by character, over all the records: a dictionary knows which characters are
    written often, and nothing that was said. It is kept for ever, whatever becomes of the records.
    """
    return zstandard.train_dictionary(SIZE, _shuffled([json.loads(data) for data in records]))


def _shuffled(records: Sequence[dict[str, Any]]) -> list[bytes | bytearray | memoryview]:
    written = [character for record in records for name in _SAID for text in _written(record[name]) for character in text]
    Random(0).shuffle(written)  # noqa: S311 - no secret: it is enough that a dictionary cannot show what was beside what
    left = iter(written)
    mixed = [record | {name: _replaced(record[name], left) for name in _SAID} for record in records]
    return [json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() for record in mixed]


def _written(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        if not _NAMED.fullmatch(value):
            yield value
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _written(part)


def _replaced(value: Any, characters: Iterator[str]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return value if _NAMED.fullmatch(value) else "".join(next(characters) for _ in value)
    if isinstance(value, list):
        return [_replaced(part, characters) for part in value]
    if isinstance(value, dict):
        return {name: _replaced(part, characters) for name, part in value.items()}
    return value
