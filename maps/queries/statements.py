"""SQL that is written out: a condition with its parameters, and the rows of a statement."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection


class Where:
    """A condition in the making: SQL with its parameters."""

    def __init__(self, start: Where | None = None) -> None:
        self.parts: list[str] = [*start.parts] if start else []
        self.params: list[Any] = [*start.params] if start else []

    def add(self, sql: str, *params: Any) -> None:
        self.parts.append(sql)
        self.params += params

    def among(self, column: str, values: Iterable[Any], *, but: bool = False) -> None:
        """The column has one of these values, or none of them."""
        # Texts with names, such as states, as texts: psycopg takes no list of both.
        chosen = [str(value) if isinstance(value, str) else value for value in values]
        if not chosen:
            self.parts += [] if but else ["0 = 1"]
        elif connection.vendor == "postgresql":
            # One parameter, so that the driver need not read the statement anew each time.
            self.add(f"{column} {'<> ALL' if but else '= ANY'}(%s)", chosen)
        else:
            self.add(f"{column} {'NOT IN' if but else 'IN'} ({', '.join(['%s'] * len(chosen))})", *chosen)

    def __str__(self) -> str:
        return " AND ".join(self.parts) or "1 = 1"


def fetch(sql: str, params: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
    """All that the database says, as it says it."""
    with connection.cursor() as cursor:
        cursor.execute(sql, [*params])
        return cursor.fetchall()
