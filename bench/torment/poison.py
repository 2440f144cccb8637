"""Records that no client should ever write, and what the ledger must say to each."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import msgspec

from tongxin.protocol.client import Client, Entry, Kept
from tongxin.protocol.messages import Stamp
from tongxin.protocol.record import GENESIS, LARGEST_INT, PLAIN, chain_hash

UNREADABLE, NOT_ORDERED = "ledger.unreadable", "ledger.not_ordered"
YEAR = 31_557_600_000
Content = dict[str, Any]


def _written(content: Mapping[str, Any]) -> str:
    """Return JSON in the protocol's form, whatever is in it."""
    return msgspec.json.encode(content, order="sorted").decode()


def _with(**changes: object) -> Callable[[Content], str]:
    return lambda content: _written(content | changes)


def _answering(**answers: object) -> Callable[[Content], str]:
    return lambda content: _written(content | {"body": content["body"] | answers})


def _nested(content: Content) -> str:
    deep = "[" * 20_000 + "]" * 20_000
    return _written(content | {"body": {"open": "DEEP"}}).replace('"DEEP"', deep)


def _later(years: int) -> Callable[[Content], str]:
    return lambda content: _written(content | {"wall": content["wall"] + years * YEAR, "seen": None})


_SPOILED: Mapping[str, tuple[Callable[[Content], str], frozenset[str]]] = {
    "no JSON": (lambda _: "{{ 这不是 JSON", frozenset({UNREADABLE})),
    "half a record": (lambda content: _written(content)[:200], frozenset({UNREADABLE})),
    "empty": (lambda _: "", frozenset({UNREADABLE})),
    "raw NUL": (lambda content: _written(content).replace('"v":1', '"v":\x001'), frozenset({UNREADABLE})),
    "escaped NUL": (_answering(note="a\x00b"), frozenset({UNREADABLE})),
    "lone surrogate": (
        lambda content: _written(content).replace('"open":', '"note":"\\ud800","open":'),
        frozenset({UNREADABLE}),
    ),
    "wrong types": (_with(seq="one", wall=[], body=None), frozenset({UNREADABLE})),
    "spaces": (lambda content: _written(content).replace(",", ", "), frozenset({UNREADABLE})),
    "nested": (_nested, frozenset({UNREADABLE})),
    "1 MB": (lambda content: _written(content | {"body": {"note": _noise(1_000_000)}}), frozenset({"ledger.too_long"})),
    "another's": (lambda content: _written(content | {"device": str(uuid4())}), frozenset({"ledger.wrong_envelope"})),
    "stated time": (_with(at=0), frozenset({"ledger.bad_act"})),
    "unknown form": (_with(activity_hash="f" * 64), frozenset({"ledger.unknown_activity"})),
    "wrong answers": (_answering(open="maybe", gathering=[1]), frozenset({"ledger.bad_answer"})),
    "no such order": (_with(order="00000000-0000-0000-0000-000000000000"), frozenset({"ledger.unknown_reference"})),
    "years ahead": (_later(30), frozenset({""})),
    "years behind": (_later(-30), frozenset({"", NOT_ORDERED})),
    "mono absurd": (_with(mono=-LARGEST_INT, seen=None), frozenset({"", NOT_ORDERED})),
    "seen absurd": (_with(seen=[-LARGEST_INT, 0]), frozenset({"", NOT_ORDERED})),
    "wall absurd": (_with(wall=LARGEST_INT, mono=LARGEST_INT), frozenset({""})),
}  # fmt: skip
"""How each is made, and the marks that it may get; the empty one means none. A wrong clock is no fault of the record: the time
rule copes, and marks only what it must then take for older than its order."""
POISONS = tuple(_SPOILED)


def marks(poison: str) -> frozenset[str]:
    """Return which marks a spoiled record may get."""
    return _SPOILED[poison][1]


def _noise(size: int) -> str:
    """Return text that does not compress."""
    return "".join(str(uuid4()) for _ in range(size // 36 + 1))[:size]


class Careless(Client):
    """A client with a fault: it keeps and sends whatever it is told to, in its chain, and never looks into it."""

    def spoil(self, poison: str, content: Mapping[str, Any], stamp: Stamp) -> Kept:
        """Write what should have been a record of ``content``."""
        good: Content = msgspec.json.decode(self.meant(content, stamp))
        text = _SPOILED[poison][0](good)
        self._write([Entry(self.chain.id, record=text)])
        return self.chain.records[-1]

    def meant(self, content: Mapping[str, Any], stamp: Stamp) -> str:
        """Return the text that ``write`` would keep."""
        clocks = {"wall": stamp.wall, "boot": stamp.boot, "mono": stamp.mono, "seen": None}
        return self._text(self.chain, {**PLAIN, **content, **clocks})

    def _apply(self, entry: Entry) -> None:
        if entry.record is None:
            return super()._apply(entry)
        records, data = self.chains[entry.chain].records, entry.record.encode()
        prev = records[-1].hash if records else GENESIS
        records.append(Kept(len(records) + 1, "", chain_hash(prev, data), entry.record, 0))
        return None
