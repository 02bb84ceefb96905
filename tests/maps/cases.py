"""Cases for the maps' tests: rows as they lie in the database, many at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count

from django.utils import timezone

from tests.factories import Town
from workflows.models import Category, Request

#: All of the tests' town, and some of its surroundings.
WHOLE_TOWN = "112.54,37.86,112.58,37.88"
HOSTILE = "<img src=x onerror=alert(1)> ${alert(1)} {{ 7*7 }}"

_numbers = count(1)


def case(town: Town, grid: int = 1, *, due: float | None = 24, **more: object) -> Request:
    """A case in the middle of grid ``grid`` (1–7), due in ``due`` hours, yellow an hour before that."""
    return _saved(one(town, grid, due=due, **more))


def one(town: Town, grid: int = 1, *, due: float | None = 24, **more: object) -> Request:
    """The same, not saved yet."""
    lon, lat = town.point_in(grid)
    now = timezone.now()
    due_at = None if due is None else now + timedelta(hours=due)
    given: dict[str, object] = {
        "number": f"T{next(_numbers):06}",
        "text": HOSTILE,
        "contact_name": "何居民",
        "contact_phone": "13900000000",
        "address": "幸福里3号楼2单元",
        "lon": lon,
        "lat": lat,
        "area": town.grids[grid - 1],
        "area_path": town.grids[grid - 1].path,
        "state": "handling",
        "due_at": due_at,
        "yellow_at": due_at and due_at - timedelta(hours=1),
        "filed_at": now - timedelta(hours=2),
        **more,
    }
    return Request(**given)


def spread(town: Town, number: int, grid: int = 1) -> list[Request]:
    """That many cases evenly over a grid, all in one write."""
    west, south, east, north = town.grids[grid - 1].geometry.bounds
    side = max(int(number**0.5), 1)
    rows = [
        one(
            town,
            grid,
            lon=west + (east - west) * (n % side + 0.5) / side,
            lat=south + (north - south) * (n // side + 0.5) / (number / side + 1),
        )
        for n in range(number)
    ]
    return Request.objects.bulk_create(rows)


def category(code: str, name: str, parent: Category | None = None) -> Category:
    made = Category(code=code, name=name)
    if parent:
        Category.objects.add_child(parent, instance=made)
    else:
        Category.objects.add_root(instance=made)
    return Category.objects.get(code=code)


def _saved(request: Request) -> Request:
    request.save()
    return request


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def at(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 12, tzinfo=timezone.get_default_timezone())
