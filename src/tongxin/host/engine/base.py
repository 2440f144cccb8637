"""What one request leaves open serves the next, in whichever thread that runs: threads come and go, and opening takes long.

A pool of threads and timers would do more, and worse after a restart of the database: it looks at the connections that broke one
by one, with rests of seconds. Here a broken one costs a look, and while the database is away whoever asks is told at once.
"""

from collections import deque
from typing import Any, ClassVar

import psycopg
from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

MOST_IDLE = 8


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection taken from those that lie idle, and put back there."""

    _idle: ClassVar[deque[tuple[object, psycopg.Connection]]] = deque(maxlen=MOST_IDLE)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:  # noqa: ANN401 - as Django has it
        """Return one that lies idle and still answers, else a new one; raise OperationalError."""
        wanted = self._address()
        while self._idle:
            try:
                address, connection = self._idle.pop()
            except IndexError:  # another thread was quicker
                break
            if address == wanted and _answers(connection):
                return connection
            connection.close()
        return super().get_new_connection(conn_params)

    def _close(self) -> None:
        held: psycopg.Connection | None = self.connection
        if held is not None and held.autocommit and held.info.transaction_status == TransactionStatus.IDLE:
            self._idle.append((self._address(), held))
        elif held is not None:
            held.close()

    def _address(self) -> object:
        return tuple(str(self.settings_dict[part]) for part in ("HOST", "PORT", "NAME", "USER"))


def _answers(connection: psycopg.Connection) -> bool:
    try:
        connection.execute("")
    except psycopg.Error:
        return False
    return True
