"""A past period of the map, told as what was there when it began and what changed after.

Everything is read from the event log: each event about a case holds what a map needs of it at that moment.
Which cases to look for is asked of their rows (place, filed, closed), which are indexed and carry the rights.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from maps.viewport import Viewport
from realtime.models import Event
from workflows.models import Request, State
from workflows.models.request import ENDED_STATES

#: No answer holds more cases than this, nor events of more than so many kept per answer.
MOST_CASES = 3_000
MOST_CHANGES = 60_000
#: Ids asked for at once (SQLite allows 32,766 variables).
BATCH = 1_000


@dataclass(frozen=True)
class Replay:
    """``cases``: [id, number, category code, lon, lat, urgent] (WGS-84, 6 places); ``changes``, in the order
    in which they happened: [milliseconds after the beginning, place in ``cases``, state, yellow_at, due_at,
    closed_at].

    Instants are ISO 8601 or None. What was there when the period began has 0 milliseconds. ``left_out``:
    cases beyond the cap, the ones filed last being kept.
    """

    cases: list[list[Any]]
    changes: list[list[Any]]
    left_out: int


def replay(requests: QuerySet[Request], view: Viewport, begins: datetime, ends: datetime) -> Replay:
    """What of ``requests`` (limited by a policy) was open at any instant of the period, in the viewport."""
    there = (
        requests.filter(lon__gte=view.west, lon__lte=view.east, lat__gte=view.south, lat__lte=view.north)
        .filter(filed_at__lt=ends)
        .filter(Q(closed_at=None) | Q(closed_at__gte=begins))
    )
    rows = list(
        there.order_by("-filed_at", "-pk").values_list(
            "pk", "number", "category__code", "lon", "lat", "urgency"
        )[: MOST_CASES + 1]
    )
    left_out = there.count() - MOST_CASES if len(rows) > MOST_CASES else 0
    rows = rows[:MOST_CASES]
    places = {row[0]: place for place, row in enumerate(rows)}
    changes = list(_changes(places, begins, ends))
    changes.sort(key=lambda change: change[0])
    return Replay([_case(row) for row in rows], changes[:MOST_CHANGES], left_out)


def _case(row: tuple[Any, ...]) -> list[Any]:
    pk, number, category, lon, lat, urgency = row
    return [pk, number, category or "", round(lon, 6), round(lat, 6), int(urgency == "urgent")]


def _changes(places: dict[int, int], begins: datetime, ends: datetime) -> Iterator[list[Any]]:
    ids = list(places)
    for start in range(0, len(ids), BATCH):
        events = (
            Event.objects.filter(
                subject_type="request", subject_id__in=ids[start : start + BATCH], at__lt=ends
            )
            .order_by("subject_id", "chain_seq")
            .values_list("subject_id", "kind", "at", "payload__case")
        )
        yield from _of_cases(events.iterator(chunk_size=5_000), places, begins)


def _of_cases(
    events: Iterator[tuple[int, str, datetime, dict[str, Any] | None]],
    places: dict[int, int],
    begins: datetime,
) -> Iterator[list[Any]]:
    """Events of several cases, case by case: the last one before the beginning, and those after it that
    change something a map shows."""
    subject, last, pending = 0, None, None
    for subject_id, kind, at, brief in events:
        if subject_id != subject:
            yield from _open(pending)
            subject, last, pending = subject_id, None, None
        if brief is None:
            continue
        seen = _seen(kind, at, brief)
        if seen == last:
            continue
        last = seen
        if at < begins:
            pending = [0, places[subject_id], *seen]
            continue
        yield from _open(pending)
        pending = None
        yield [int((at - begins).total_seconds() * 1000), places[subject_id], *seen]
    yield from _open(pending)


def _open(pending: Sequence[Any] | None) -> Iterator[list[Any]]:
    """What was there when the period began, if it had not ended by then."""
    if pending is not None and pending[2] not in ENDED_STATES:
        yield list(pending)


def _seen(kind: str, at: datetime, brief: dict[str, Any]) -> tuple[Any, ...]:
    """(state, yellow_at, due_at, closed_at) as they were then.

    A case taken over from elsewhere is told with what has become of it since; until its end it was under way.
    """
    closed = brief["closed_at"]
    state = brief["state"]
    if kind == "request.imported" and closed and datetime.fromisoformat(closed) > at:
        state, closed = str(State.REGISTERED), None
    return state, brief["yellow_at"], brief["due_at"], closed
