"""The stamp: one row whose value changes with every change of areas, responsibilities or stand-ins.

The value is random rather than counted, so that a value seen inside a transaction that was rolled back
is never seen again with another meaning.
"""

import secrets
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from django.db import connection, transaction

from realtime.prepared import cursor_for

from .models import AreaStamp

#: The value before the first change.
NEVER = 0
_ROW = 1
#: PostgreSQL's advisory lock on the borders; any number will do that nobody else uses.
_BORDERS = 0x6C696E6C69
#: Called in the process that makes a change: inside its transaction, and again when it has committed.
on_change: list[Callable[[], None]] = []
#: Values this process gave that have not been committed, or never will be.
_uncommitted: set[int] = set()


class Stamp(NamedTuple):
    """``value`` changes with every change; ``duties`` only where duties may have changed."""

    value: int
    duties: int


def read() -> int:
    """The present value, as part of a key for what was made from areas or duties."""
    return now().value


def now() -> Stamp:
    """The present values. One query, written out: every move of every case asks."""
    with cursor_for(connection) as cursor:
        cursor.execute(f"SELECT value, duties FROM {AreaStamp._meta.db_table} WHERE id = %s", [_ROW])  # noqa: S608
        row = cursor.fetchone()
    return Stamp(int(row[0]), int(row[1])) if row else Stamp(NEVER, NEVER)


def bump(*, duties: bool = True) -> None:
    """Announce a change. Called by an action before its first write: it also makes writers queue up.

    ``duties=False`` promises that no responsibility, stand-in or account is touched: what is known of them
    is then kept. A change of areas is told by :func:`grid.actions.history.begin_edit` besides.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("bump() belongs inside the transaction of an action")
    value = secrets.randbits(62) + 1
    AreaStamp.objects.update_or_create(
        pk=_ROW, defaults={"value": value} | ({"duties": value} if duties else {})
    )
    _uncommitted.add(value)
    transaction.on_commit(partial(_uncommitted.discard, value))
    for listener in on_change:
        listener()
        transaction.on_commit(listener)


def is_settled(value: int) -> bool:
    """Whether what was seen under a value is in the database for good: no transaction may take it back."""
    return value not in _uncommitted


def hold_borders() -> None:
    """Until this transaction ends no edit of areas is finished: a place it writes is right when it commits.

    Called before asking for a place that is going to be written. Many may hold at once. SQLite lets one
    transaction write at a time, and needs nothing more.
    """
    _lock_borders("pg_advisory_xact_lock_shared")


def move_borders() -> None:
    """Wait for those who hold the borders; who comes after them waits until this transaction ends."""
    _lock_borders("pg_advisory_xact_lock")


def _lock_borders(function: str) -> None:
    if connection.vendor == "postgresql" and connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s)", [_BORDERS])
