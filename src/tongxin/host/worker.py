"""The process behind the doors: brings matters and figures up to the ledger's end, for ever, and trains how records are packed.

A database that is being restarted is waited for; nothing is lost, because the cursor moves in the same transaction as the cells.
"""

import logging
import os
import time

import django
from django.db import Error, close_old_connections

from tongxin.host.processes import collect_seldom

IDLE_SECONDS = 0.2
"""How long it rests at least, unless a whole slice waited: many records at once cost less each than few."""
log = logging.getLogger("tongxin.worker")


def run() -> None:
    """Pull from every ledger, rest unless more may wait, try again when the database is away."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongxin.host.settings")
    django.setup()
    from tongxin.figures.actions import SLICE, pull  # noqa: PLC0415 - rooms can be imported only now
    from tongxin.ledger.actions import renew_dictionary  # noqa: PLC0415
    from tongxin.ledger.queries import ledgers  # noqa: PLC0415

    collect_seldom()
    while True:
        began = time.monotonic()
        try:
            moved = 0
            for ledger in ledgers():
                moved += pull(ledger)
                renew_dictionary(ledger)
        except Error as error:
            log.warning("the database is away: %s", str(error).strip().partition("\n")[0])
            close_old_connections()
            moved = 0
        if moved < SLICE:  # it works half the time at most, and leaves the other half to phones and desk
            time.sleep(max(IDLE_SECONDS, time.monotonic() - began))


if __name__ == "__main__":
    run()
