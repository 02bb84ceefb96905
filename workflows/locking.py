"""The one lock of a case. Whoever changes it, or writes to its chain of events, holds this first."""

from __future__ import annotations

from django.db import connection
from viewflow.workflow.models import Process

from .models import Request


def lock_case(request_id: int) -> Request:
    """Wait for the case's lock, then read the case. Held until the transaction ends.

    The lock is on the process row; a case without a workflow (imported history) is locked by its own row.
    """
    process_id = Request.objects.values_list("process_id", flat=True).get(pk=request_id)
    if process_id is None:
        return (
            Request.objects.select_for_update(of=("self",))
            .select_related("category", "area")
            .get(pk=request_id)
        )
    Process.objects.select_for_update().get(pk=process_id)
    return Request.objects.select_related("category", "area", "process").get(pk=request_id)


def lock_case_if_free(request_id: int) -> Request | None:
    """The same for a sweep: None when somebody is just moving the case; the next sweep finds it again.

    Databases that lock as a whole (SQLite) wait.
    """
    processes = Process.objects.filter(request=request_id)
    if connection.features.has_select_for_update_skip_locked:
        processes = processes.select_for_update(skip_locked=True, of=("self",))
    if processes.only("pk").first() is None:
        return None
    return Request.objects.select_related("category", "area", "process").get(pk=request_id)


def lock_all_cases() -> None:
    """Wait until no case is being moved, and let none begin to move until the transaction ends.

    A move locks its case's process row first of all, or inserts it; this lock on the table keeps out both,
    and nobody who only reads. For the rare action about everything somebody has open. SQLite lets one
    transaction write at a time anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                f"LOCK TABLE {connection.ops.quote_name(Process._meta.db_table)} IN EXCLUSIVE MODE"
            )
