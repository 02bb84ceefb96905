"""What a wall says in numbers: today beside the same hour of an earlier day, the lights, the three rates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from maps.queries import summaries
from maps.queries.cases import light_of
from maps.spots import LIGHTS
from workflows.models import Request

#: Walls of the same areas share the numbers of the present for so many seconds, and those of the past.
KEEP_NOW, KEEP_THEN = 1, 60
WEEK, DAY = timedelta(days=7), timedelta(days=1)


def numbers(requests: QuerySet[Request], roots: Sequence[str], now: datetime) -> dict[str, Any]:
    """``today`` and ``before``: filed, closed, open, overdue; ``lights``: how many open cases have each.

    ``before`` is the same time of day: of the same weekday a week ago for what comes and goes, since weeks
    have a rhythm; of yesterday for what lies there. It is counted from the cases as they stand now: one that
    was reopened since counts as open then, one given more time as not overdue. ``requests`` are those of the
    subtrees ``roots``.
    """
    same = blake2b("\n".join(roots).encode(), digest_size=12).hexdigest()
    known = cache.get(f"wall:now:{same}")
    if known is None:
        known = _present(requests, roots, now)
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


def today(requests: QuerySet[Request], now: datetime) -> dict[str, int]:
    """Filed and closed on the local day up to a moment. Two queries."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "filed": requests.filter(filed_at__range=(midnight, now)).count(),
        "closed": requests.filter(closed_at__range=(midnight, now)).count(),
    }


def at(requests: QuerySet[Request], moment: datetime) -> dict[str, int]:
    """The same at some moment, and open and overdue at it.

    Asked in parts that an index answers: most cases of a city ended long before, and are not looked at.
    """
    still = requests.filter(closed_at=None, filed_at__lte=moment)
    since = requests.filter(closed_at__gt=moment, filed_at__lte=moment)
    late = Q(due_at__lt=moment)
    return {
        **today(requests, moment),
        "open": still.count() + since.count(),
        "overdue": still.filter(late).count() + since.filter(late).count(),
    }


def _present(requests: QuerySet[Request], roots: Sequence[str], now: datetime) -> dict[str, Any]:
    found = summaries.lights(roots, now)
    lights = _recounted(requests, now) if found is None else {light: found[light] for light in LIGHTS}
    counts = {"open": sum(lights.values()), "overdue": lights["red"]}
    return {"today": today(requests, now) | counts, "lights": lights}


def _recounted(requests: QuerySet[Request], now: datetime) -> dict[str, int]:
    """Traffic light → open cases that have it now. One query."""
    rows = requests.order_by().filter(closed_at=None).values(light=light_of(now)).annotate(n=Count("pk"))
    found = dict(rows.values_list("light", "n"))
    return {light: found.get(light, 0) for light in LIGHTS}
