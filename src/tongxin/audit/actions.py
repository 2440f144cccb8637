"""Writes that every room's actions share: a line in the audit trail, and rows whose ids the caller made."""

from collections.abc import Iterable, Sequence
from typing import TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import AutoField, Model

from tongxin.audit.models import Entry
from tongxin.base import clock
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
    held = model._default_manager.in_bulk([row.pk for row in rows])
    fields = [field.attname for field in model._meta.concrete_fields if field.attname not in ignore]
    fresh: dict[object, M] = {}
    for row in rows:
        known = held.get(row.pk) or fresh.setdefault(row.pk, row)
        if field := _difference(row, known, fields):
            raise AlreadyExists(say("编号 {id} 已存在，但“{field}”不同", id=row.pk, field=field), id=str(row.pk), field=field)
    insert(model, fresh.values())
    return {"created": len(fresh), "unchanged": len(rows) - len(fresh)}


def insert(model: type[M], rows: Iterable[M]) -> None:
    """Insert rows by COPY: placeholders for thousands of rows take the driver longer than the rows take the database."""
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, AutoField)]
    names = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    statement = f"COPY {connection.ops.quote_name(model._meta.db_table)} ({names}) FROM STDIN"
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields])


def _difference(one: Model, other: Model, fields: Sequence[str]) -> str | None:
    return next((field for field in fields if getattr(one, field) != getattr(other, field)), None)
