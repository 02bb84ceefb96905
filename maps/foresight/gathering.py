"""Counts of cases by grid, category and local day, from the database. Two queries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import shapely
from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils import timezone

from grid.models import Area
from workflows.models import Category, Request, State

from .counting import ALL, Counts, Place, count


@dataclass(frozen=True)
class Gathered:
    """Counts, with the grids behind their places (by number) and their outlines (WGS-84).

    Categories are the codes of the dictionaries' topmost ones.
    """

    counts: Counts
    areas: list[Area]
    outlines: list[shapely.Geometry | None]


def gather(*, last: date, days: int) -> Gathered:
    """Cases filed in the ``days`` local days up to ``last``, where they would fall by today's borders.

    Duplicates joined with another case are one thing that happened, so they are left out.
    """
    areas = list(Area.objects.in_force().filter(level__is_grid=True).order_by("path"))
    step = Area.steplen
    places = [Place(area.path, area.path[:-step], str(area)) for area in areas]
    known = {area.path for area in areas}
    first = max(last - timedelta(days=days - 1), _earliest(last))
    counts = count(_rows(first, last, known), places, last=last, first=first)
    return Gathered(counts, areas, [area.geometry for area in areas])


def _earliest(last: date) -> date:
    """The local day of the first case: before it nobody filed, which is not the same as nothing happened."""
    filed = Request.objects.order_by("filed_at").values_list("filed_at", flat=True).first()
    return min(timezone.localdate(filed), last) if filed else last


def _rows(first: date, last: date, grids: set[str]) -> Iterator[tuple[str, str, date, int]]:
    codes = dict(Category.objects.filter(depth=1).values_list("path", "code"))
    zone = timezone.get_default_timezone()
    begins = datetime.combine(first, time.min, zone)
    ends = datetime.combine(last + timedelta(days=1), time.min, zone)
    rows = (
        Request.objects.filter(filed_at__gte=begins, filed_at__lt=ends)
        .exclude(path_today="")
        .exclude(state=State.MERGED)
        .order_by()
        .values_list("path_today", "category__path", TruncDate("filed_at", tzinfo=zone))
        .annotate(n=Count("pk"))
    )
    step = Area.steplen
    for path, category, day, n in rows.iterator():
        grid = next((path[:end] for end in range(len(path), 0, -step) if path[:end] in grids), None)
        if grid:
            yield grid, codes.get((category or "")[: Category.steplen], ALL), day, n
