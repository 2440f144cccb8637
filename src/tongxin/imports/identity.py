"""Who is who: rows that are held already, rows that stand twice in a file, and rows that only look like another."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

from tongxin.base.words import say
from tongxin.imports.verdict import AlikeError, RefusedError
from tongxin.sheets.text import fold

_NAMED = 3
_HELD = 0
"""Stands for the row of what is held already."""
Facts = Mapping[str, str]
"""What is said of somebody or something, by field; an empty text says nothing."""


class Identities:
    """Everything held of one kind, and every row of the file so far, by name within a group (an area, an organisation).

    ``likeness`` makes two names equal that may be one; ``answered`` are the rows of which a person said that they are others.
    """

    def __init__(
        self, likeness: Callable[[str], str], answered: Collection[int], difference: Callable[[str, str, str], str]
    ) -> None:
        self._likeness, self._answered, self._difference = likeness, answered, difference
        self._held: dict[tuple[str, str], list[Sequence[Facts]]] = {}
        self._alike: dict[tuple[str, str], list[tuple[int, str]]] = {}
        self._count: Counter[tuple[str, str]] = Counter()
        self._needed: set[int] = set()

    def unneeded(self) -> list[int]:
        """Return the rows that were answered although they look like no other."""
        return sorted(set(self._answered) - self._needed)

    def hold(self, group: str, name: str, alternatives: Sequence[Facts]) -> None:
        """Remember what is held; of several ``alternatives`` (roles) each is true. None: it was held once."""
        key = (group, fold(name))
        self._held.setdefault(key, []).append(alternatives)
        self._count[key] += 1
        self._alike.setdefault((group, self._likeness(name)), []).append((_HELD, name))

    def nth(self, row: int, group: str, name: str, facts: Facts) -> int | None:
        """Return which of that name in its group a new one is, from 0; None if it is held already, just so.

        Raise RefusedError if it is held with other facts, AlikeError if it looks like another.
        """
        key = (group, fold(name))
        held = self._held.get(key, [])
        if held:
            held.remove(self._same(held, facts))
            return None
        before = self._alike.setdefault((group, self._likeness(name)), [])
        if before and row in self._answered:
            self._needed.add(row)
        elif before:
            others = say("、").join(_named(where, other) for where, other in before[:_NAMED])
            raise AlikeError(say("像是同一个：{others}；是，就从表里删去这一行；不是，就答复它是另一个", others=others))
        before.append((row, name))
        self._count[key] += 1
        return self._count[key] - 1

    def _same(self, held: Sequence[Sequence[Facts]], facts: Facts) -> Sequence[Facts]:
        for alternatives in held:
            if any(not list(_differing(known, facts)) for known in alternatives):
                return alternatives
        if not held[0]:
            raise RefusedError(say("曾在册，职责已经结束；导入不恢复"))
        field = next(_differing(held[0][0], facts))
        raise RefusedError(self._difference(field, held[0][0][field], facts[field]))


def _named(row: int, name: str) -> str:
    return say("已在册的“{name}”", name=name) if row == _HELD else say("第 {row} 行“{name}”", row=row, name=name)


def _differing(known: Facts, facts: Facts) -> "filter[str]":
    return filter(lambda field: facts[field] and facts[field] != known.get(field, ""), facts)
