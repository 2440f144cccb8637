"""How a record's bytes are stored: packed by a dictionary trained on earlier records, which brings them to about a third.

What is packed is a Zstandard frame (RFC 8878) that names its dictionary; ``zstd -D`` reads it, too. Dictionaries lie beside the
records, in the table ``ledger_dictionary``, for as long as these. What came before the first of them is stored as it came; no
record can be mistaken for a frame, since records are UTF-8 and frames begin with what is not.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence, Set
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
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
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
    full = [data for data in records if data]  # the library packs nothing that is empty
    if dictionary is None or not full:
        return list(records)
    if dictionary not in _tools.packers:
        _tools.packers[dictionary] = zstandard.ZstdCompressor(level=LEVEL, dict_data=_read(dictionary))
    packed = iter(_tools.packers[dictionary].multi_compress_to_buffer([*full]))
    return [next(packed).tobytes() if data else b"" for data in records]


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


def trained(records: Iterable[bytes], words: Set[str]) -> zstandard.ZstdCompressionDict | None:
    """Return a dictionary for records like these, its number made from what it holds; None if they are too few or too alike.

    What people wrote is shuffled before, character by character, over all the records: a dictionary knows which characters are
    written often, and nothing that was said. It is kept for ever, whatever becomes of the records. ``words`` are the answers that
    forms offer; they stay.
    """
    try:
        return zstandard.train_dictionary(SIZE, _shuffled([json.loads(data) for data in records], words))
    except zstandard.ZstdError:
        return None


def _shuffled(records: Sequence[dict[str, Any]], words: Set[str]) -> list[bytes | bytearray | memoryview]:
    texts = {text for record in records for name in _SAID for text in _texts(record[name])}
    written = {text for text in texts if text not in words and not _ID.fullmatch(text)}
    said = (text for record in records for name in _SAID for text in _texts(record[name]))
    characters = [character for text in said if text in written for character in text]
    Random(0).shuffle(characters)  # noqa: S311 - no secret: it is enough that a dictionary cannot show what was beside what
    left = iter(characters)
    mixed = [record | {name: _replaced(record[name], written, left) for name in _SAID} for record in records]
    return [json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() for record in mixed]


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def _replaced(value: Any, written: Set[str], characters: Iterator[str]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return "".join(next(characters) for _ in value) if value in written else value
    if isinstance(value, list):
        return [_replaced(part, written, characters) for part in value]
    if isinstance(value, dict):
        return {name: _replaced(part, written, characters) for name, part in value.items()}
    return value
