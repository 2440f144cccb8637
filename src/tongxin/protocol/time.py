"""When a record happened: settled once, at intake, with bounds. All times are ms since 1970 (UTC).

The wall clock of a phone may be wrong by years; its monotonic clock counts on until the phone reboots, and may stand still
while it sleeps. So what the monotonic clock counted is the least that has passed:

* a record was made at least ``sent.mono - mono`` before its batch was received, if both belong to one boot session;
* and at least ``mono - seen.mono`` after the server said what time it was.

Between these bounds the wall clock is believed. The idea is Cristian's (Probabilistic clock synchronization, 1989).
"""

import msgspec

from tongxin.protocol.messages import Stamp
from tongxin.protocol.record import Envelope

DRIFT = 0.001
"""How far a monotonic clock may run fast: no phone's crystal is ten times better than this."""


class Settled(msgspec.Struct, frozen=True):
    """When it happened as far as anyone will ever know, and between which moments that truly was.

    ``earliest`` is None where nothing bounds it. If the phone's clocks count honestly the truth lies in the bounds;
    ``occurred`` may lie outside them only where the record ahead of it in the chain was settled later.
    """

    occurred: int
    earliest: int | None
    latest: int

    @property
    def uncertainty(self) -> int | None:
        """How far off ``occurred`` can be, in ms; None: unbounded."""
        return None if self.earliest is None else max(self.occurred - self.earliest, self.latest - self.occurred, 0)


def settle(record: Envelope, sent: Stamp, received: int, before: Settled | None) -> Settled:
    """Return when a record happened: never after ``received``, never before the record ahead of it in the chain."""
    latest = received
    if record.boot == sent.boot and sent.mono >= record.mono:
        latest -= _at_least(sent.mono - record.mono)
    earliest = before.earliest if before else None
    if record.seen is not None and record.mono >= record.seen.mono:
        told = record.seen.server + _at_least(record.mono - record.seen.mono)
        earliest = told if earliest is None else max(told, earliest)
    if earliest is not None and earliest > latest:  # somebody's clock ran backwards: what the server saw itself stands
        earliest = None
    believed = min(record.wall, latest) if earliest is None else min(max(record.wall, earliest), latest)
    believed = max(believed, 0)
    occurred = believed if before is None else min(max(believed, before.occurred), received)
    return Settled(occurred, earliest, latest)


def settle_unread(received: int, before: Settled | None) -> Settled:
    """Return the time of bytes that cannot be read: when they were received."""
    return Settled(received, before.earliest if before else None, received)


def stated(record: Envelope, received: int, settled: Settled) -> Settled:
    """Return the time that a record states (``at``) in place of the one settled: never after receipt, bounded by nothing else."""
    return settled if record.at is None else Settled(max(0, min(record.at, received)), None, received)


def _at_least(counted: int) -> int:
    """Return how much has surely passed while a monotonic clock counted so much."""
    return int(counted * (1 - DRIFT))
