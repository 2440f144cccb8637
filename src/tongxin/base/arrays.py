"""Arrays and rows as PostgreSQL reads them, written at once: by the driver, value by value, thousands take too long."""

import re
from collections.abc import Iterable


def array(values: Iterable[object]) -> str:
    """Write an array down."""
    texts = list(map(str, values))
    inner = "\0".join(texts)  # NUL is in no text that PostgreSQL stores
    return '{"' + inner.replace("\\", "\\\\").replace('"', '\\"').replace("\0", '","') + '"}' if texts else "{}"


_NOTHING = "\0"
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_TO_ESCAPE = re.compile(r"[\\\n\r\t]")


def line(values: Iterable[object], *digits: str) -> str:
    """Write a row down, with its line end, for COPY in its text form; ``digits`` are those of its last columns, bytes in hex."""
    texts = [_NOTHING if value is None else str(value) for value in values]
    if _TO_ESCAPE.search("".join(texts)):
        texts = [text.translate(_ESCAPES) for text in texts]
    return "\t".join(texts).replace(_NOTHING, r"\N") + "".join([f"\t\\\\x{part}" for part in digits]) + "\n"
