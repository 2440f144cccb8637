"""What was shown as saved, held against what a page finds as it starts. It believes nothing of the page's own checks."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

UNHEARD = 5
"""Records that may have been saved and witnessed though their report never came: one being saved, and those on their way."""


@dataclass
class Truth:
    """Everything that a page ever showed on one profile: hashes by chain and number, without what is gone since."""

    shown: dict[str, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    losses: dict[str, dict[str, Any]] = field(default_factory=dict)
    named: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    saved: set[str] = field(default_factory=set)
    lost: int = 0
    twice: int = 0
    _heard: int = 0

    def hear(self, said: Sequence[dict[str, Any]]) -> list[str]:
        """Take in what was shown since the last time; return what cannot be."""
        wrong = []
        for one in said[self._heard :]:
            self.saved.add(one["hash"])
            before = self.shown[one["chain"]].setdefault(one["seq"], one["hash"])
            if before != one["hash"]:
                self.twice += 1
                wrong.append(f"number {one['seq']} of chain {one['chain']} was shown twice, for two records")
        self._heard = len(said)
        return wrong

    def compare(self, start: dict[str, Any], *, tampered: bool) -> list[str]:
        """Return what is wrong with what a page found; ``tampered``: somebody cleared the store or put an older one back."""
        held = start["held"]
        wrong = [*chain_faults(held), *_partial(held)]
        if start["damage"] != []:
            wrong.append(f"the page's own audit says {start['damage']}")
        fresh = [loss for loss in start["opening"]["losses"] if loss["id"] not in self.losses]
        self.losses |= {loss["id"]: loss for loss in fresh}
        if fresh and not tampered:
            wrong.append(f"a loss was named though nobody touched the store: {fresh}")
        wrong += [f"a loss that does not add up: {loss}" for loss in fresh if not _adds_up(loss)]
        kept: dict[str, dict[int, str]] = defaultdict(dict)
        for record in held["records"]:
            kept[record["chain"]][record["seq"]] = record["hash"]
            self.saved.add(record["hash"])
        for chain in {*self.shown, *(loss["chain"] for loss in fresh)}:
            wrong += self._of_chain(chain, kept[chain], [loss for loss in fresh if loss["chain"] == chain])
        return wrong

    def _of_chain(self, chain: str, kept: dict[int, str], fresh: Sequence[dict[str, Any]]) -> list[str]:
        """Find what was shown and is not kept; it must be named now, and not much more than it."""
        shown = self.shown[chain]
        gone = {seq for seq, hash_ in shown.items() if kept.get(seq) != hash_}
        named = {seq for loss in fresh for seq in range(loss["held"] + 1, loss["shown"] + 1)}
        unnamed, more = gone - named, named - gone - self.named[chain]
        self.named[chain] |= named
        for seq in gone:
            del shown[seq]
        wrong = []
        if unnamed:
            self.lost += len(unnamed)
            wrong.append(
                f"chain {chain}: {len(unnamed)} records that were shown are gone and not named, the first {min(unnamed)}"
            )
        if len(more) > UNHEARD:
            wrong.append(f"chain {chain}: {len(gone)} are gone, and {len(more)} more were named")
        return wrong


def _adds_up(loss: dict[str, Any]) -> bool:
    return bool(loss["missing"] == loss["shown"] - loss["held"] > 0 and loss["since"] <= loss["until"] <= loss["found"])


def chain_faults(held: dict[str, Any]) -> list[str]:
    """Return where a chain breaks: a number missing or twice, a text under a wrong hash, a head that is not the last record."""
    wrong = []
    for chain in held["chains"]:
        records = sorted((r for r in held["records"] if r["chain"] == chain["id"]), key=lambda record: record["seq"])
        prev = ""
        for number, record in enumerate(records, 1):
            said = json.loads(record["text"])
            if (record["seq"], said["seq"], said["prev"], said["chain"]) != (number, number, prev, chain["id"]):
                wrong.append(f"chain {chain['id']} breaks at {number}")
                break
            prev = hashlib.sha256((prev + record["text"]).encode()).hexdigest()
            if prev != record["hash"]:
                wrong.append(f"chain {chain['id']}: the text of {number} is not what its hash says")
                break
        else:
            if (chain["seq"], chain["hash"]) != (len(records), prev):
                wrong.append(f"chain {chain['id']}: the head is {chain['seq']}, the last record {len(records)}")
    strangers = {record["chain"] for record in held["records"]} - {chain["id"] for chain in held["chains"]}
    return wrong + [f"records of chain {chain}, which is not there" for chain in strangers]


def _partial(held: dict[str, Any]) -> list[str]:
    """Return what was written together and is there in part: a record without the receipt before it, or beside its draft."""
    receipts = {(row["chain"], row["receipt"]["seq"]) for row in held["receipts"]}
    wanted = {(record["chain"], record["seq"] - 1) for record in held["records"] if record["seq"] > 1}
    drafts = {draft["id"] for draft in held["drafts"]}
    wrong = ["a transaction is there in part: receipts"] if receipts != wanted else []
    ids = {json.loads(record["text"])["id"] for record in held["records"]} if drafts else set()
    return wrong + (["a transaction is there in part: a draft beside its record"] if drafts & ids else [])
