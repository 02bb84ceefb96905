"""How many requests are open and how many were closed this month, per area. Public: numbers only.

Counting is by the materialised path of the area that has a case, or of the one it would fall into by the
borders of today, so a street's number holds all of its grids'. The numbers come from the sums that
:mod:`maps.actions.summaries` keeps, put right by what was written since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import TypedDict

from django.core.cache import cache
from django.db.models import Count, F, Q, Value
from django.db.models.functions import Substr
from django.utils import timezone

from grid.models import Area
from maps import models
from maps.queries import summaries
from maps.queries.statements import Where, fetch
from maps.spots import CLOSED_STATES, OPEN_MONTH, OPEN_STATES, month_of
from workflows.models import Request

#: Everyone who looks at the same part of the public map shares one count for this long, in seconds.
KEEP_SECONDS = 1.0
#: Paths asked for in one query.
PATHS = 500

_TALLIES = models.Tally._meta.db_table


class Tally(TypedDict):
    """Requests open now, and closed since the first of the month (local time)."""

    open: int
    closed: int


def month_start(now: datetime | None = None) -> datetime:
    """The first instant of this month, local time."""
    return timezone.localtime(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def tallies(areas: Iterable[tuple[str, str]], *, today: bool = False) -> dict[str, Tally]:
    """Code → tally, for areas given as (code, path); each with everything below it.

    A case counts for the area that has it; with ``today`` where it would fall by the borders of today. A few
    queries however many cases there are, shared for a second.
    """
    wanted = list(areas)
    paths = [path for _, path in wanted]
    same = blake2b("\n".join(paths).encode(), digest_size=12).hexdigest()
    key = f"tallies:{month_of()}:{today}:{same}"
    found = cache.get(key)
    if found is None:
        found = by_path(paths, today=today)
        cache.set(key, found, KEEP_SECONDS)
    none = (0, 0)
    return {
        code: {"open": found.get(path, none)[0], "closed": found.get(path, none)[1]} for code, path in wanted
    }


def by_path(paths: Sequence[str], *, today: bool = False) -> dict[str, tuple[int, int]]:
    """(open, closed this month) of those of these areas that have any, each with everything below it."""
    for _attempt in range(3):
        waiting = summaries.look(timezone.now())
        if waiting is None:
            break
        found = _summed(paths, today, waiting)
        if summaries.is_still(waiting):
            return found
    return recounted(paths, today=today)


def _summed(paths: Sequence[str], today: bool, waiting: summaries.Waiting) -> dict[str, tuple[int, int]]:
    month, step = month_of(), Area.steplen
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for start in range(0, len(paths), PATHS):
        where = Where()
        where.add("today = %s AND (month = %s OR month >= %s)", today, OPEN_MONTH, month)
        where.among("path", paths[start : start + PATHS])
        for path, of_month, n in fetch(f"SELECT path, month, n FROM {_TALLIES} WHERE {where}", where.params):  # noqa: S608
            totals[path][of_month != OPEN_MONTH] += n
    asked = set(paths)
    for spots, sign in ((waiting.old, -1), (waiting.new, 1)):
        for spot in spots.values():
            if spot.month is None or OPEN_MONTH < spot.month < month:
                continue
            where = spot.today if today else spot.area
            for path in asked & {where[:end] for end in range(step, len(where) + 1, step)}:
                totals[path][spot.month != OPEN_MONTH] += sign
    return {path: (open_now, done) for path, (open_now, done) in totals.items()}


def recounted(paths: Sequence[str], *, today: bool = False) -> dict[str, tuple[int, int]]:
    """The same, counted from the cases. A query for each depth among the areas."""
    column = "path_today" if today else "area_path"
    is_open = Q(state__in=OPEN_STATES)
    closed = Q(state__in=CLOSED_STATES, closed_at__gte=month_start())
    found = {}
    for length in sorted({len(path) for path in paths}):
        rows = (
            Request.objects.filter(is_open | closed)
            .exclude(**{column: ""})
            .order_by()
            .annotate(above=Substr(F(column), 1, Value(length)))
            .values_list("above")
            .annotate(open=Count("pk", filter=is_open), closed=Count("pk", filter=closed))
        )
        found |= {path: (open_now, done) for path, open_now, done in rows}
    asked = set(paths)
    return {path: tally for path, tally in found.items() if path in asked}
