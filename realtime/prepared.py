"""Statements compiled once: what every move of every case reads and writes.

Building SQL takes Django several times as long as the database takes to answer; it was most of a move.

* :class:`Prepared` reads. Rows come out exactly as from the queryset itself: Django's own compiler,
  converters, ``from_db`` and ``select_related`` make them.
* :func:`insert` and :func:`update` write what ``bulk_create`` and ``save(update_fields=…)`` write: each
  value goes through its field's own ``pre_save`` and ``get_db_prep_save``. They send no signals and take
  plain values only, no expressions.

``tests/workflows/test_engine_prepared.py`` holds each side by side with Django's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections, models
from django.db.models.constants import OnConflict
from django.db.models.query import get_related_populators

Row = TypeVar("Row", bound=models.Model)


def cursor_for(connection: Any) -> Any:
    """A cursor for statements that stay the same: PostgreSQL reads and plans them once a connection.

    Django's own puts the values into the text, so that each time it is another statement. The server keeps
    one after so many times as ``prepare_threshold`` says (``LINLI_DB_PREPARE``).
    """
    if connection.vendor != "postgresql":
        return connection.cursor()
    from django.db.backends.postgresql.base import ServerBindingCursor

    connection.ensure_connection()
    server_side: Any = ServerBindingCursor
    return connection._prepare_cursor(server_side(connection.connection))


def insert(rows: Sequence[models.Model], *, ignore_conflicts: bool = False) -> None:
    """Insert new rows of one model and give them their ids: one statement, or as few as the database takes.

    With ``ignore_conflicts`` rows that are there already are passed over, and none gets an id.
    """
    if not rows:
        return
    connection = connections[DEFAULT_DB_ALIAS]
    head, fields, tail = _insertion(type(rows[0]), connection.vendor, ignore_conflicts)
    size = connection.ops.bulk_batch_size(fields, rows)
    places = f"({', '.join(['%s'] * len(fields))})"
    for start in range(0, len(rows), size):
        batch = rows[start : start + size]
        values = [
            field.get_db_prep_save(field.pre_save(row, True), connection) for row in batch for field in fields
        ]
        with cursor_for(connection) as cursor:
            cursor.execute(f"{head} {', '.join([places] * len(batch))} {tail}", values)
            ids = [] if ignore_conflicts else cursor.fetchall()
        for row, (pk,) in zip(batch, ids, strict=not ignore_conflicts):
            row.pk = pk
            row._state.adding, row._state.db = False, connection.alias


def update(row: models.Model, names: Iterable[str]) -> None:
    """Write these fields of a row. Raises ``DatabaseError`` when the row is not there any more."""
    connection = connections[DEFAULT_DB_ALIAS]
    sql, fields = _updating(type(row), connection.vendor, tuple(sorted(names)))
    values = [field.get_db_prep_save(field.pre_save(row, False), connection) for field in fields]
    with cursor_for(connection) as cursor:
        cursor.execute(sql, [*values, row.pk])
        if cursor.rowcount != 1:
            raise DatabaseError(f"{row._meta.label} {row.pk} is not there to be updated")


@lru_cache(maxsize=64)
def _insertion(model: type[models.Model], vendor: str, ignore_conflicts: bool) -> tuple[str, list[Any], str]:
    """What stands before the values, the fields they are of, and what stands after them."""
    meta: Any = model._meta
    quote, ops = connection.ops.quote_name, connection.ops
    fields = [field for field in meta.local_concrete_fields if not field.primary_key]
    conflict = OnConflict.IGNORE if ignore_conflicts else None
    columns = ", ".join(quote(field.column) for field in fields)
    start = ops.insert_statement(on_conflict=conflict)
    head = f"{start} {quote(meta.db_table)} ({columns}) VALUES"
    if not ignore_conflicts:
        return head, fields, f"RETURNING {quote(meta.pk.column)}"
    return head, fields, ops.on_conflict_suffix_sql(fields, conflict, [], [])


@lru_cache(maxsize=256)
def _updating(model: type[models.Model], vendor: str, names: tuple[str, ...]) -> tuple[str, list[Any]]:
    meta: Any = model._meta
    quote = connection.ops.quote_name
    # A foreign key goes by two names.
    fields = list(dict.fromkeys(meta.get_field(name) for name in names))
    columns = ", ".join(f"{quote(field.column)} = %s" for field in fields)
    table, key = quote(meta.db_table), quote(meta.pk.column)
    return f"UPDATE {table} SET {columns} WHERE {key} = %s", fields  # noqa: S608  (names of our own)


class Prepared(Generic[Row]):
    """``Prepared(lambda: Thing.objects.filter(pk=0))``: ``get(7)`` puts 7 in the place of the 0.

    ``build`` gives a queryset and is called once per kind of database. ``get`` takes as many values as it has
    parameters, in the order of its SQL.
    """

    def __init__(self, build: Callable[[], models.QuerySet[Row]]) -> None:
        self.build = build
        self.made: dict[str, _Reading] = {}

    def get(self, *parameters: int | str) -> Row | None:
        """The first row, or None."""
        connection = connections[DEFAULT_DB_ALIAS]
        reading = self.made.get(connection.vendor)
        if reading is None:
            reading = self.made[connection.vendor] = _Reading(self.build())
        if len(parameters) != reading.count:
            raise ValueError(f"this query has {reading.count} parameters, not {len(parameters)}")
        with cursor_for(connection) as cursor:
            cursor.execute(reading.sql, parameters)
            row = cursor.fetchone()
        return None if row is None else reading.instance(row, connection)


class _Reading:
    """All that Django's ``ModelIterable`` works out anew for every queryset: the SQL, and how a row becomes
    an instance with its related ones."""

    def __init__(self, queryset: models.QuerySet[Any]) -> None:
        self.db = queryset.db
        compiler: Any = queryset.query.get_compiler(using=self.db)
        self.sql, parameters = compiler.as_sql()
        self.count = len(parameters)
        select, info = compiler.select, compiler.klass_info
        self.converters = compiler.get_converters([column for column, *_how in select])
        self.model, own = info["model"], info["select_fields"]
        self.own = slice(own[0], own[-1] + 1)
        self.names = [column.target.attname for column, *_how in select[self.own]]
        self.related = get_related_populators(info, select, self.db)  # type: ignore[call-arg]

    def instance(self, row: Sequence[Any], connection: Any) -> Any:
        values = list(row)
        for place, (converters, column) in self.converters.items():
            for convert in converters:
                values[place] = convert(values[place], column, connection)
        instance = self.model.from_db(self.db, self.names, values[self.own])
        for populator in self.related:
            populator.populate(values, instance)
        return instance
