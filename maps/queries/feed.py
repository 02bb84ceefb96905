"""What happened lately, for the feed of the live map and the wall."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import QuerySet

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


def longest_waiting(requests: QuerySet[Request]) -> QuerySet[Request]:
    """Open cases, the oldest first."""
    return requests.filter(closed_at=None).order_by("filed_at", "pk")[:WAITING_ROWS]
