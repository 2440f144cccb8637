"""Writes that every room's actions share: a line in the audit trail, and rows whose ids the caller made."""

from collections.abc import Iterable, Sequence
from typing import TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import AutoField, Model, QuerySet

from tongxin.audit.models import Entry
from tongxin.base import clock
from tongxin.base.arrays import CSV, array, hexed, lines
from tongxin.base.problems import AlreadyExists
from tongxin.base.words import say

M = TypeVar("M", bound=Model)


def log(act: str, *, member: UUID | None, subject: object, **details: object) -> None:
    """Leave one line; call it inside the transaction of the act. ``member`` is None for the program itself."""
    Entry.objects.create(at=clock.now(), member=member, act=act, subject=str(subject), details=details)


def keep(model: type[M], rows: Sequence[M], ignore: frozenset[str] = frozenset()) -> dict[str, int]:
    """Insert rows whose ids the caller made, once: sending them again is safe. Return ``{"created", "unchanged"}``.

    A row whose id exists must equal the stored one (but for the fields in ``ignore``, such as when it was made);
    AlreadyExists if not.
    """
    held: dict[object, M] = {row.pk: row for row in among(model, [row.pk for row in rows])}
    fields = [field.attname for field in model._meta.concrete_fields if field.attname not in ignore]
    fresh: dict[object, M] = {}
    for row in rows:
        known = held.get(row.pk) or fresh.setdefault(row.pk, row)
        if field := _difference(row, known, fields):
            raise AlreadyExists(say("编号 {id} 已存在，但“{field}”不同", id=row.pk, field=field), id=str(row.pk), field=field)
    insert(model, fresh.values())
    return {"created": len(fresh), "unchanged": len(rows) - len(fresh)}


def among(model: type[M], ids: Iterable[UUID]) -> QuerySet[M]:
    """Return the rows with some ids: thousands go over as one array, not as a placeholder each."""
    table = connection.ops.quote_name(model._meta.db_table)
    return model._default_manager.extra(where=[f"{table}.id = ANY(%s::uuid[])"], params=[array(ids)])  # noqa: S610 - our own words


def insert(model: type[M], rows: Iterable[M]) -> None:
    """Insert rows by COPY."""
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, AutoField)]
    names = [field.attname for field in fields]
    copy(
        model._meta.db_table, [field.column for field in fields], [[_text(getattr(row, name)) for name in names] for row in rows]
    )


def copy(table: str, columns: Iterable[str], rows: Iterable[object]) -> None:
    """Insert rows (base/arrays.py), bytes as ``hexed``: an INSERT takes longer to write down than to carry out."""
    names = ", ".join(map(connection.ops.quote_name, columns))
    written = lines(rows)  # before the COPY begins: to write rows down may ask the database
    # Django turns the driver's errors into its own only where it calls the driver itself.
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(f"COPY {connection.ops.quote_name(table)} ({names}) FROM STDIN ({CSV})") as into,
    ):
        into.write(written)


def _text(value: object) -> object:
    """Return what is written down of a field's value."""
    if isinstance(value, list | tuple):
        return array(value)
    return hexed(bytes(value).hex()) if isinstance(value, bytes | memoryview) else value


def _difference(one: Model, other: Model, fields: Sequence[str]) -> str | None:
    return next((field for field in fields if getattr(one, field) != getattr(other, field)), None)
