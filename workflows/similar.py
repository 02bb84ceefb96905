"""Cases that may be about the same thing: same category, near by, lately (docs/explanation/domain.md §2).

A hint for people, never a decision. What residents see of it while filing is that there is such a case, where
it stands and since when: no words, no name, no place.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import cos, radians

from django.db.models import QuerySet
from django.utils import timezone

from grid.locate import METRES_PER_DEGREE

from .models import Category, Request
from .models.request import ENDED_STATES

METRES, WITHIN = 50.0, timedelta(hours=24)
MOST = 5


def like(case: Request) -> list[Request]:
    """Open cases that may be the same as this one, the nearest first; for those who work on it."""
    return near(case.category, case.lon, case.lat, case.filed_at, but=case.pk)


def to_join(category: Category | None, lon: float | None, lat: float | None) -> list[Request]:
    """Cases a resident may join instead of filing again; WGS-84 degrees."""
    return [case for case in near(category, lon, lat, timezone.now()) if open_to_join(case)]


def open_to_join(case: Request) -> bool:
    """Public matters only, which the city's own standard knows; and nobody's who hides their name.

    A quarrel, a hardship, an application for a certificate is nobody else's business, not even that it is.
    """
    return (
        case.is_open
        and case.closed_at is None
        and not case.anonymous
        and case.category is not None
        and case.category.maps_to_id is not None
    )


def near(
    category: Category | None, lon: float | None, lat: float | None, at: datetime, *, but: int | None = None
) -> list[Request]:
    """Open cases of a category within ``METRES`` of a WGS-84 point and ``WITHIN`` of an instant."""
    if category is None or lon is None or lat is None:
        return []
    around = _boxed(Request.objects.exclude(state__in=ENDED_STATES), lon, lat)
    around = around.filter(
        category=category, filed_at__gte=at - WITHIN, filed_at__lte=at + WITHIN, closed_at=None
    )
    found = around.exclude(pk=but).select_related("category", "area").order_by("pk")
    return _nearest(list(found), lon, lat)


def metres(case: Request, lon: float, lat: float) -> float:
    """How far a case's point is from another, on the plane that the ground is at this size."""
    assert case.lon is not None
    assert case.lat is not None
    east = (case.lon - lon) * cos(radians(lat)) * METRES_PER_DEGREE
    north = (case.lat - lat) * METRES_PER_DEGREE
    return (east * east + north * north) ** 0.5


def _boxed(cases: QuerySet[Request], lon: float, lat: float) -> QuerySet[Request]:
    high = METRES / METRES_PER_DEGREE
    wide = high / max(cos(radians(lat)), 1e-6)
    return cases.filter(lon__gte=lon - wide, lon__lte=lon + wide, lat__gte=lat - high, lat__lte=lat + high)


def _nearest(cases: Sequence[Request], lon: float, lat: float) -> list[Request]:
    by_distance = [(metres(case, lon, lat), case) for case in cases]
    near_enough = sorted((pair for pair in by_distance if pair[0] <= METRES), key=lambda pair: pair[0])
    return [case for _distance, case in near_enough[:MOST]]
