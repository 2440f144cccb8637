"""Reads that every room's queries share."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection
from django.db.models import Subquery

from tongxin.audit.models import Entry


def last_act() -> Subquery:
    """Return the number of the last act at the desk, to be asked for beside something else."""
    return Subquery(Entry.objects.order_by("-id").values("id")[:1])


def fetch(query: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Ask or tell much at once, by the driver itself: Django's own cursor writes values down, and reads times, in Python.

    What is often asked on one connection is planned once.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(query, parameters, binary=True)
        return cursor.fetchall() if cursor.description else []
