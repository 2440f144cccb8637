"""The one who writes: batches that wait while a transaction runs go into the next one together."""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from django.db import OperationalError, close_old_connections

from tongxin.ledger.actions import Outcome, Sending, append_all

MOST_TOGETHER = 2000
"""Records in one transaction; the last batch may exceed it."""
LINGER, MOST_LINGERS, ENOUGH = 0.003, 4, 400
"""Before a transaction of fewer records some seconds pass in which others may join it, and again if some did (PostgreSQL's
commit_delay)."""
AWAY = OperationalError
"""What a database that is being restarted raises: nothing is wrong with the batches."""
log = logging.getLogger("tongxin.intake")


@dataclass
class _Waiting:
    ledger: str
    sending: Sending
    outcome: "asyncio.Future[Outcome]"


class Writer:
    """Appends batches, one transaction at a time, in the order in which they came."""

    def __init__(self, executor: Executor) -> None:
        """``executor`` has one thread, so that its connection is the only one that writes."""
        self._executor = executor
        self._queue: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many records wait for their transaction."""
        return sum(len(one.sending.batch.records) for one in self._queue)

    async def append(self, ledger: str, sending: Sending) -> Outcome:
        """Return what comes of a batch once it is committed; raise what the database raises."""
        one = _Waiting(ledger, sending, asyncio.get_running_loop().create_future())
        self._queue.append(one)
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        return await one.outcome

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._queue:
                await self._linger()
                group = self._next()
                try:
                    outcomes = await loop.run_in_executor(self._executor, write, group[0].ledger, [one.sending for one in group])
                except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
                    outcomes = [error] * len(group)
                for one, outcome in zip(group, outcomes, strict=True):
                    _tell(one, outcome)
        finally:
            self._task = None

    async def _linger(self) -> None:
        for _ in range(MOST_LINGERS):
            before = len(self._queue)
            if self.waiting >= ENOUGH:
                return
            await asyncio.sleep(LINGER)
            if len(self._queue) == before:
                return

    def _next(self) -> list[_Waiting]:
        """Take what goes into one transaction: of one ledger, a batch a chain, not too much."""
        group: list[_Waiting] = []
        rest: list[_Waiting] = []
        chains: set[object] = set()
        records = 0
        for one in self._queue:
            chain = (one.sending.device, one.sending.batch.chain)
            fits = records < MOST_TOGETHER and one.ledger == self._queue[0].ledger and chain not in chains
            (group if fits else rest).append(one)
            chains.add(chain)
            records += len(one.sending.batch.records) if fits else 0
        self._queue = rest
        return group


def _tell(one: _Waiting, outcome: Outcome | Exception) -> None:
    if one.outcome.done():  # whoever waited has gone
        return
    if isinstance(outcome, Exception) and not isinstance(outcome, Outcome):
        one.outcome.set_exception(outcome)
    else:
        one.outcome.set_result(outcome)


def write(ledger: str, sendings: Sequence[Sending]) -> list[Outcome | Exception]:
    """Append batches together; if that fails, each by itself, so that only the one to blame fails."""
    try:
        return list(append_all(ledger, sendings))
    except AWAY as error:
        close_old_connections()
        return [error] * len(sendings)
    except Exception as error:  # noqa: BLE001 - whatever a batch causes, only that one must fail
        if len(sendings) == 1:
            return [error]
        log.warning("%d batches did not go in together: %s", len(sendings), error)
        return [outcome for sending in sendings for outcome in write(ledger, [sending])]
