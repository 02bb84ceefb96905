"""How many requests are open and how many were closed this month, per area. Public: numbers only.

Counting is by the materialised path of the area that has a case, or of the one it would fall into by the
borders of today, so a street's number holds all of its grids'.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import TypedDict

from django.core.cache import cache
from django.db.models import Count, Q
from django.utils import timezone

from grid.models import Area
from maps.queries.cases import OPEN_STATES
from workflows.models import Request, State

#: Everyone who looks at the public map shares one count for this long, in seconds.
KEEP_SECONDS = 1.0
#: What "closed" counts: done for the resident. A request that was not accepted is neither.
CLOSED_STATES = (State.CLOSED, State.FORCE_CLOSED, State.RATED)


class Tally(TypedDict):
    """Requests open now, and closed since the first of the month (local time)."""

    open: int
    closed: int


def month_start(now: datetime | None = None) -> datetime:
    """The first instant of this month, local time."""
    return timezone.localtime(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def by_path(*, today: bool = False) -> dict[str, tuple[int, int]]:
    """(open, closed this month) of every area path that has any. One query, shared for a second."""
    since = month_start()
    column = "path_today" if today else "area_path"
    key = f"tallies:{since:%Y%m}:{column}"
    found = cache.get(key)
    if found is None:
        is_open = Q(state__in=OPEN_STATES)
        closed = Q(state__in=CLOSED_STATES, closed_at__gte=since)
        rows = (
            Request.objects.filter(is_open | closed)
            .exclude(**{column: ""})
            .order_by()
            .values_list(column)
            .annotate(open=Count("pk", filter=is_open), closed=Count("pk", filter=closed))
        )
        found = {path: (open_now, done) for path, open_now, done in rows}
        cache.set(key, found, KEEP_SECONDS)
    return found


def tallies(areas: Iterable[tuple[str, str]], *, today: bool = False) -> dict[str, Tally]:
    """Code → tally, for areas given as (code, path); each with everything below it. One query at most.

    A case counts for the area that has it; with ``today`` where it would fall by the borders of today.
    """
    step = Area.steplen
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for path, (open_now, done) in by_path(today=today).items():
        for end in range(step, len(path) + 1, step):
            total = totals[path[:end]]
            total[0] += open_now
            total[1] += done
    return {
        code: {"open": totals[path][0], "closed": totals[path][1]}
        if path in totals
        else {"open": 0, "closed": 0}
        for code, path in areas
    }
