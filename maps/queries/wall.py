"""What a wall says in numbers: today beside the same hour of an earlier day, the lights, the three rates."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from maps.queries.cases import light_of
from maps.spots import LIGHTS
from workflows.models import Request

#: Walls of the same areas share the numbers of the present for so many seconds, and those of the past.
KEEP_NOW, KEEP_THEN = 1, 60
WEEK, DAY = timedelta(days=7), timedelta(days=1)


def numbers(requests: QuerySet[Request], same: str, now: datetime) -> dict[str, Any]:
    """``today`` and ``before``: filed, closed, open, overdue; ``lights``: how many open cases have each.

    ``before`` is the same time of day: of the same weekday a week ago for what comes and goes, since weeks
    have a rhythm; of yesterday for what lies there. It is counted from the cases as they stand now: one that
    was reopened since counts as open then, one given more time as not overdue. ``same`` names the areas.
    """
    known = cache.get(f"wall:now:{same}")
    if known is None:
        known = {"today": at(requests, now), "lights": _lights(requests, now)}
        cache.set(f"wall:now:{same}", known, KEEP_NOW)
    key = f"wall:then:{same}:{now:%Y%m%d%H%M}"
    before = cache.get(key)
    if before is None:
        week, day = at(requests, now - WEEK), at(requests, now - DAY)
        before = {name: week[name] for name in ("filed", "closed")} | {
            name: day[name] for name in ("open", "overdue")
        }
        cache.set(key, before, KEEP_THEN)
    return {**known, "before": before}


def at(requests: QuerySet[Request], moment: datetime) -> dict[str, int]:
    """Filed and closed on the local day of a moment up to it; open and overdue at it. One query."""
    midnight = timezone.localtime(moment).replace(hour=0, minute=0, second=0, microsecond=0)
    was_open = Q(closed_at=None) | Q(closed_at__gt=moment)
    there = requests.order_by().filter(filed_at__lte=moment)
    # Most cases of a city ended long before: they are left out before anything is counted.
    return there.filter(Q(closed_at=None) | Q(closed_at__gte=midnight) | Q(filed_at__gte=midnight)).aggregate(
        filed=Count("pk", filter=Q(filed_at__gte=midnight)),
        closed=Count("pk", filter=Q(closed_at__gte=midnight, closed_at__lte=moment)),
        open=Count("pk", filter=was_open),
        overdue=Count("pk", filter=was_open & Q(due_at__lt=moment)),
    )


def _lights(requests: QuerySet[Request], now: datetime) -> dict[str, int]:
    """Traffic light → open cases that have it now. One query."""
    rows = requests.order_by().filter(closed_at=None).values(light=light_of(now)).annotate(n=Count("pk"))
    found = dict(rows.values_list("light", "n"))
    return {light: found.get(light, 0) for light in LIGHTS}
