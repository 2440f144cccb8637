"""Reads that every room's queries share."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection
from django.db.models import QuerySet, Subquery, Value
from django.db.models.lookups import IsNull

from tongxin.audit.models import Entry


def last_act() -> Subquery:
    """Return the number of the last act at the desk, to be asked for beside something else."""
    return Subquery(Entry.objects.order_by("-id").values("id")[:1])


def probed(rows: QuerySet[Any]) -> IsNull:
    """Return the condition that some of these rows exists, looked for anew each time.

    Of ``Exists`` PostgreSQL makes a join, for which it reads the whole table where it guesses that many rows ask.
    """
    return IsNull(Subquery(rows.order_by().values(one=Value(1))[:1]), False)  # noqa: FBT003 - as Django has it


def fetch(query: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Ask or tell much at once, by the driver itself: Django's own cursor writes values down, and reads times, in Python.

    What is often asked on one connection is planned once.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(query, parameters, binary=True)
        return cursor.fetchall() if cursor.description else []
