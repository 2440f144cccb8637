"""Reads that every room's queries share."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection


def fetch(query: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Ask or tell much at once, by the driver itself: Django's own cursor writes values down, and reads times, in Python.

    It is planned anew each time: a plan that was made while a table was nearly empty would be kept while it fills.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(query, parameters, prepare=False, binary=True)
        return cursor.fetchall() if cursor.description else []
