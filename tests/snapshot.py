"""Rows written once and put back for every test that asks for them.

Building the small town takes some hundred queries, of which most are its dictionary of categories; putting
its rows back takes one statement per table. SQLite only: other databases count their keys elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import time_machine
from django.db import connection, transaction
from django.utils import timezone

#: "Now" while the rows are written. Each of its appearances becomes the present when they are put back.
THEN = datetime(2037, 2, 3, 4, 5, 6, 789012, tzinfo=UTC)

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Snapshot:
    """Table → (its columns, the rows), as the database stores them."""

    tables: dict[str, tuple[list[str], list[Row]]]

    @classmethod
    def of(cls, build: Callable[[], object]) -> Snapshot:
        """What ``build`` adds to the database, which is left as it was."""
        with time_machine.travel(THEN, tick=False), transaction.atomic():
            before = _everything()
            build()
            after = _everything()
            transaction.set_rollback(True)
        tables = {}
        for name, (columns, rows) in after.items():
            known = set(before[name][1])
            assert known <= set(rows), f"{name}: rows that were there before have been changed"
            if added := [row for row in rows if row not in known]:
                tables[name] = (columns, added)
        found = cls(tables)
        left = [name for name, (_, rows) in found._as_of(timezone.now()) if "2037-02" in repr(rows)]
        assert left == [], f"{left} hold times that were computed from the moment of writing"
        return found

    def put_back(self) -> None:
        """Write the rows again, as if they were written now."""
        quote = connection.ops.quote_name
        with transaction.atomic(), connection.cursor() as cursor:
            for name, (columns, rows) in self._as_of(timezone.now()):
                names = ", ".join(map(quote, columns))
                places = ", ".join(["%s"] * len(columns))
                cursor.executemany(f"INSERT INTO {quote(name)} ({names}) VALUES ({places})", rows)

    def _as_of(self, now: datetime) -> list[tuple[str, tuple[list[str], list[Row]]]]:
        present = {_stored(THEN): _stored(now), _stored(THEN.date()): _stored(timezone.localdate(now))}
        return [
            (name, (columns, [tuple(present.get(value, value) for value in row) for row in rows]))
            for name, (columns, rows) in self.tables.items()
        ]


def _stored(moment: datetime | date) -> str:
    """As SQLite keeps it."""
    if isinstance(moment, datetime):
        return str(connection.ops.adapt_datetimefield_value(moment))
    return str(connection.ops.adapt_datefield_value(moment))


def _everything() -> dict[str, tuple[list[str], list[Row]]]:
    quote = connection.ops.quote_name
    found = {}
    with connection.cursor() as cursor:
        for name in connection.introspection.django_table_names(only_existing=True, include_views=False):
            columns = [column.name for column in connection.introspection.get_table_description(cursor, name)]
            # An expression instead of a column: SQLite's driver then hands out what is stored, unconverted.
            stored = ", ".join(f"+{quote(column)}" for column in columns)
            cursor.execute(f"SELECT {stored} FROM {quote(name)}")
            found[name] = (columns, cursor.fetchall())
    return found
