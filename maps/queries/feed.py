"""What happened lately, for the feed of the live map and the wall."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from realtime.models import Event
from realtime.wire import View, told
from workflows.models import Request

#: Lines the feed begins with.
FEED_LINES = 30
#: Rows of the wall's list of cases that have waited longest.
WAITING_ROWS = 5
#: Kinds that tell a watcher nothing: history brought in from elsewhere, copies and notices for information,
#: word to other systems, what a changed calendar does to all cases at once, an end told to others that has a
#: line of its own.
QUIET_KINDS = (
    "request.imported", "copy.sent", "copy.read", "notice.sent", "hook.called", "hook.failed",
    "deadline.moved", "outcome.shared",
)  # fmt: skip


def latest(events: QuerySet[Event]) -> list[dict[str, Any]]:
    """The newest events just as the socket would send them, newest first. One query.

    The shape is the socket's own (:mod:`realtime.wire`), which also keeps back who filed.
    """
    newest = events.exclude(kind__in=QUIET_KINDS).select_related("actor").order_by("-pk")[:FEED_LINES]
    return [json.loads(told(event).texts[View.CASES]) for event in newest]


def today(requests: QuerySet[Request], now: datetime) -> dict[str, int]:
    """Numbers of the local day for the wall: filed, closed, open now, overdue now. One query."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    is_open = Q(closed_at=None)
    return requests.order_by().aggregate(
        filed=Count("pk", filter=Q(filed_at__gte=midnight)),
        closed=Count("pk", filter=Q(closed_at__gte=midnight)),
        open=Count("pk", filter=is_open),
        overdue=Count("pk", filter=is_open & Q(due_at__lt=now)),
    )


def longest_waiting(requests: QuerySet[Request]) -> QuerySet[Request]:
    """Open cases, the oldest first."""
    return requests.filter(closed_at=None).order_by("filed_at", "pk")[:WAITING_ROWS]
