"""``/healthz``: whether this process can do its work."""

from __future__ import annotations

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from realtime import hub

# Migrations are never taken back under a running process, so one look that finds none missing is enough.
_migrated = False


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 once the database answers, is migrated, and the hub follows events; else 503 with the reasons.

    Without the stream the process tells everything from the database: it says so, and stays in service.
    """
    checks = {"database": _database(), "hub": _hub()}
    healthy = all(answer == "ok" for answer in checks.values())
    status = "ok" if healthy else "unavailable"
    if settings.LINLI_REDIS_URL:
        checks["stream"] = _stream()
        if healthy and checks["stream"] != "ok":
            status = "degraded"
    return JsonResponse({"status": status, **checks}, status=200 if healthy else 503)


def _database() -> str:
    global _migrated
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not _migrated:
            executor = MigrationExecutor(connection)
            _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "does not answer"
    return "ok" if _migrated else "migrations are missing: run manage.py migrate"


def _hub() -> str:
    running = hub.running()
    if running is None:
        return "not running: start the server with manage.py serve"
    return "ok" if running.is_healthy else "does not follow events"


def _stream() -> str:
    running = hub.running()
    joined = running is not None and running.transport.is_joined
    return "ok" if joined else "Redis does not answer: events come from the database"
