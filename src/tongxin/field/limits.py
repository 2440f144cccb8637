"""How much is taken in: the generic cell rate algorithm (ITU-T I.371), in the form that lets a batch go into debt."""

import time
from collections.abc import Callable, Hashable

MOST_KEYS = 10_000


class Limiter:
    """``rate`` records a second for each key, and after a rest ``burst`` at once.

    A batch is let in whole while its key owes nothing, and its records are owed afterwards: so a batch larger than the burst
    comes in too, and the rate holds in the long run.
    """

    def __init__(self, rate: float, burst: float, now: Callable[[], float] = time.monotonic) -> None:
        self._each, self._grace, self._now = 1 / rate, burst / rate, now
        self._due: dict[Hashable, float] = {}

    def wait(self, key: Hashable) -> float:
        """Return how many seconds a key must wait before its next batch; 0 if it may come in now."""
        return max(0.0, self._due.get(key, 0.0) - self._grace - self._now())

    def take(self, key: Hashable, records: int) -> None:
        """Note that so many records were let in."""
        now = self._now()
        if len(self._due) > MOST_KEYS:
            self._due = {held: due for held, due in self._due.items() if due > now}
        self._due[key] = max(self._due.get(key, 0.0), now) + records * self._each
