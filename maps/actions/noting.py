"""The database itself notes which cases were written, so that no way of writing can forget to.

Triggers on the cases' table: one row into ``Change`` for each case inserted, deleted, or changed in a column
that a map depends on, in the transaction that writes it. Installed after every ``migrate``, because Django
makes SQLite's tables anew for some migrations and their triggers are gone then.
"""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction

from maps.models import Change, Fold
from maps.spots import WATCHED
from workflows.models import Request

from .summaries import begin_rebuild

_CASES, _CHANGES = Request._meta.db_table, Change._meta.db_table
_NAME = "maps_note"
_EVENTS = {"insert": "INSERT", "delete": "DELETE", "update": "UPDATE OF {columns}"}
#: PostgreSQL's triggers call functions, one for what is there now and one for what was.
_FUNCTION = """
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO {changes} (request_id) VALUES ({row}.id); RETURN NULL; END $$
"""


def forget_cases(plan: list[Any], **_signal: Any) -> None:
    """Before migrations: what a trigger names cannot be altered, what it fills not be replaced."""
    if plan:
        with connection.cursor() as cursor:
            for event in _EVENTS:
                cursor.execute(_drop(event))


def watch_cases(**_signal: Any) -> None:
    """After migrations: see to it that changes are noted; where they were not, have the sums built anew."""
    if {_CASES, _CHANGES} <= set(connection.introspection.table_names()):
        with transaction.atomic():
            was_watching = _is_watching() and Fold.objects.exists()
            _install()
            if not was_watching or not Request.objects.exists():
                begin_rebuild()


def _is_watching() -> bool:
    catalogue = {"postgresql": "SELECT tgname FROM pg_trigger", "sqlite": "SELECT name FROM sqlite_master"}
    with connection.cursor() as cursor:
        cursor.execute(catalogue[connection.vendor])
        return f"{_NAME}_update" in {name for (name,) in cursor.fetchall()}


def _install() -> None:
    names = [Request._meta.get_field(name).column for name in WATCHED]
    columns = ", ".join(f'"{name}"' for name in names)
    with connection.cursor() as cursor:
        for event, when in _EVENTS.items():
            cursor.execute(_drop(event))
            row = "OLD" if event == "delete" else "NEW"
            if connection.vendor == "postgresql":
                cursor.execute(_FUNCTION.format(name=f"{_NAME}_{event}", changes=_CHANGES, row=row))
                body = f"EXECUTE FUNCTION {_NAME}_{event}()"
            else:
                body = f"BEGIN INSERT INTO {_CHANGES} (request_id) VALUES ({row}.id); END"  # noqa: S608 - names of ours
            changed = f"WHEN ({_changed(names)})" if event == "update" else ""
            cursor.execute(
                f"CREATE TRIGGER {_NAME}_{event} AFTER {when.format(columns=columns)} ON {_CASES}"
                f" FOR EACH ROW {changed} {body}"
            )


def _changed(columns: list[str]) -> str:
    differs = "IS DISTINCT FROM" if connection.vendor == "postgresql" else "IS NOT"
    return " OR ".join(f'OLD."{column}" {differs} NEW."{column}"' for column in columns)


def _drop(event: str) -> str:
    where = f" ON {_CASES}" if connection.vendor == "postgresql" else ""
    return f"DROP TRIGGER IF EXISTS {_NAME}_{event}{where}"
