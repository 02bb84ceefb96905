"""A bigger town for what needs many grids: 6 × 6 more in a community of its own, and cases by the day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from itertools import count

import shapely
from django.utils import timezone

from grid.models import Area
from maps.actions.foresight import latest_day
from tests.factories import HEIGHT, WIDTH, Town
from workflows.models import Category, Request

SIDE = 6
WEST, NORTH = 112.6, 37.9
_numbers = count(1)


def add_lattice(
    town: Town, name: str = "大营社区", code: str = "149901001009", west: float = WEST
) -> list[Area]:
    """The new community's grids, row by row."""
    cells = [
        shapely.box(
            west + column * WIDTH,
            NORTH - (row + 1) * HEIGHT,
            west + (column + 1) * WIDTH,
            NORTH - row * HEIGHT,
        )
        for row in range(SIDE)
        for column in range(SIDE)
    ]
    street = Area.objects.get(pk=town.street.pk)
    community = Area.objects.add_child(street, _area(code, name, "community", shapely.union_all(cells)))
    grids = []
    for number, cell in enumerate(cells, start=1):
        community = Area.objects.get(pk=community.pk)
        values = _area(f"{code}{number:03}", f"{name[:2]}第{number}网格", "grid", cell)
        grids.append(Area.objects.add_child(community, values))
    return grids


def _area(code: str, name: str, level: str, shape: shapely.Geometry) -> dict[str, object]:
    west, south, east, north = shape.bounds
    return {
        "code": code, "name": name, "level_id": level, "geometry": shape, "valid_from": "2020-01-01",
        "west": west, "south": south, "east": east, "north": north,
    }  # fmt: skip


def category(code: str = "noise") -> Category:
    """A topmost category of the residents' dictionary."""
    return Category.objects.get(code=code)


def filed(area: Area, days_ago: Iterable[int], *, about: str = "noise", **more: object) -> list[Request]:
    """One case in the middle of the area for each entry, filed so many days before the last whole one."""
    kind = category(about)
    middle = area.geometry.representative_point()
    rows = [
        Request(
            number=f"L{next(_numbers):06}",
            text="夜里施工吵人",
            category=kind,
            lon=middle.x,
            lat=middle.y,
            area=area,
            area_path=area.path,
            area_today=area,
            path_today=area.path,
            state="handling",
            filed_at=noon(ago),
            **more,
        )
        for ago in days_ago
    ]
    return Request.objects.bulk_create(rows)


def noon(days_ago: int) -> datetime:
    """Noon of the last whole local day, or of one before it."""
    day = latest_day() - timedelta(days=days_ago)
    return datetime.combine(day, time(12), timezone.get_default_timezone())
