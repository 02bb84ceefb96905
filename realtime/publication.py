"""What a transaction said, published once it has committed: into the stream, if there is one."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction

from . import hub, stream
from .models import Event
from .transport import all_told, rows


class Publication:
    """The events of one transaction, in order. Many of them are remembered by id only."""

    MOST = stream.BATCH

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.ids: list[int] = []

    def add(self, events: Sequence[Event]) -> None:
        self.events += events
        if len(self.events) > self.MOST:
            self.ids += [event.pk for event in self.events]
            self.events = []

    def __call__(self) -> None:
        for start in range(0, len(self.ids), self.MOST):
            part = self.ids[start : start + self.MOST]
            if not stream.publish(list(all_told(rows().filter(pk__in=part).order_by("pk")))):
                break  # what is left, and what comes after it, is found in the table
        else:
            stream.publish(list(all_told(self.events)))
        hub.wake()


def announce(events: Sequence[Event]) -> None:
    """Publish these rows of the open transaction when it commits; not if it, or its savepoint, is undone."""
    if not stream.is_configured():
        transaction.on_commit(hub.wake, robust=True)
        return
    # What was said just before, under the same savepoints, goes along with it in one call.
    savepoints, last = connection.run_on_commit[-1][:2] if connection.run_on_commit else (None, None)
    if not isinstance(last, Publication) or savepoints != set(connection.savepoint_ids):
        last = Publication()
        transaction.on_commit(last, robust=True)
    last.add(events)
