"""What is read once: rows that nobody can change."""

from collections.abc import Callable, Collection, Iterable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

MOST = 200_000
"""Rows that a process remembers of a kind: at most some 80 MB."""


class Known(Generic[K, V]):
    """Values by key that never change once they are there: a process asks the database for each only once."""

    def __init__(self, ask: Callable[[Collection[K]], Iterable[tuple[K, V]]], most: int = MOST) -> None:
        """``ask`` reads pairs for the keys given; a key that has none is asked for again."""
        self._ask, self._most = ask, most
        self._held: dict[K, V] = {}

    def of(self, keys: Iterable[K]) -> dict[K, V]:
        """Return the values of those keys that have one."""
        wanted, held = set(keys), self._held
        found = {key: held[key] for key in wanted if key in held}
        if missing := wanted - found.keys():
            fresh = dict(self._ask(missing))
            if len(held) + len(fresh) > self._most:
                self._held = fresh  # not emptied: other threads may be reading it
            else:
                held.update(fresh)
            found |= fresh
        return found
