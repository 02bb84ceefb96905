"""Outlines of areas in a viewport: at most about 2,000, parents above that.

The finest level that fits is drawn, with the level above it as thicker lines. Outlines are simplified
together, so that neighbours go on sharing their borders, and rounded to an eighth of a pixel, at most to
6 places (10 cm). Answers are kept until an area changes (:mod:`grid.stamp`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from django.core.cache import cache
from django.db.models import Avg, Count, F, QuerySet
from django.utils.translation import get_language

from grid import stamp
from grid.models import Area, Level, in_language
from maps.packed import Packed, pack
from maps.viewport import Viewport

#: No answer holds more areas of the level shown than this.
MOST_AREAS = 2_000
#: Areas narrower than this many pixels on average are drawn as their parents.
LEAST_PIXELS = 16
#: What simplifying takes away are corners whose triangle is smaller than the square of this, in pixels.
TOLERANCE_PIXELS = 1.0
#: An answer nobody asks for again is forgotten after this many seconds.
KEEP_SECONDS = 3600


def outlines(areas: QuerySet[Area], view: Viewport, *, name: str) -> Packed:
    """The areas to draw in a viewport (see :func:`drawn`), kept in the cache under ``name``.

    ``name`` tells apart the querysets this is called with.
    """
    view = view.snapped()
    place = ",".join(f"{edge:.5f}" for edge in (view.west, view.south, view.east, view.north))
    key = f"outlines:{stamp.read()}:{name}:{view.zoom:g}:{place}:{get_language()}"
    found = cache.get(key)
    if found is None:
        found = pack(drawn(areas, view))
        cache.set(key, found, KEEP_SECONDS)
    return found


def drawn(areas: QuerySet[Area], view: Viewport) -> dict[str, Any]:
    """The answer itself, for a snapped viewport. Four queries.

    ``bbox`` is in degrees, ``level`` the level shown. An area has ``code``, ``name``, ``level``, ``role``
    ("area" or "parent"), ``label`` (a point inside) and ``polygons``: of each its rings, the outer one first.
    Points and rings are in :class:`Steps`, WGS-84, longitude first, which takes three fifths of what GeoJSON
    takes when both are compressed. ``maps/static/maps/outlines.js`` unpacks it.
    """
    here = _inside(areas, view)
    levels = choose_levels(here, view)
    shapes: list[dict[str, Any]] = []
    for role, level in zip(("area", "parent"), levels, strict=False):
        shapes += _shapes(here.filter(level=level).order_by("code")[:MOST_AREAS], view, role)
    steps = Steps.of(view)
    return {
        "bbox": [view.west, view.south, view.east, view.north],
        "places": steps.places,
        "origin": steps.origin,
        "level": levels[0].code if levels else "",
        "is_grid": bool(levels and levels[0].is_grid),
        "areas": shapes,
    }


def drawn_paths(areas: QuerySet[Area], view: Viewport) -> list[tuple[str, str]]:
    """(code, path) of the areas that :func:`outlines` draws there, without parents. Three queries."""
    view = view.snapped()
    here = _inside(areas, view)
    levels = choose_levels(here, view)
    return list(here.filter(level__in=levels[:1]).order_by("code").values_list("code", "path")[:MOST_AREAS])


def _inside(areas: QuerySet[Area], view: Viewport) -> QuerySet[Area]:
    return areas.filter(
        west__lte=view.east, east__gte=view.west, south__lte=view.north, north__gte=view.south
    ).exclude(geometry=None)


def choose_levels(here: QuerySet[Area], view: Viewport) -> list[Level]:
    """The finest level that is legible at this zoom and within the cap, and the level above it. Two queries.

    Levels below the grid (buildings) are not drawn: they are addresses, not responsibilities.
    """
    levels = list(Level.objects.order_by("order"))
    grid_order = max(
        (level.order for level in levels if level.is_grid), default=levels[-1].order if levels else 0
    )
    sizes = {
        row["level"]: row
        for row in here.order_by().values("level").annotate(n=Count("pk"), width=Avg(F("east") - F("west")))
    }
    drawable = [level for level in levels if level.order <= grid_order and level.code in sizes]
    for position in range(len(drawable) - 1, -1, -1):
        size = sizes[drawable[position].code]
        legible = size["width"] / view.degrees_per_pixel >= LEAST_PIXELS
        if (size["n"] <= MOST_AREAS and legible) or position == 0:
            return [drawable[position], *drawable[max(position - 1, 0) : position]]
    return []


def _shapes(areas: QuerySet[Area], view: Viewport, role: str) -> list[dict[str, Any]]:
    rows = list(areas.values_list("code", "name", "name_en", "level_id", "geometry"))
    if not rows:
        return []
    geometries = np.array([row[4] for row in rows], dtype=object)
    steps = Steps.of(view)
    labels = steps.of_points(shapely.point_on_surface(geometries))
    drawn_as = steps.of_polygons(simplified(geometries, view.degrees_per_pixel * TOLERANCE_PIXELS))
    return [
        {
            "code": code,
            "name": in_language(name, name_en),
            "level": level,
            "role": role,
            "label": label,
            "polygons": polygons,
        }
        for (code, name, name_en, level, _), polygons, label in zip(rows, drawn_as, labels, strict=True)
    ]


def simplified(geometries: np.ndarray, tolerance: float) -> np.ndarray:
    """Polygons simplified together, to within ``tolerance`` degrees; shared borders stay shared.

    Real outlines overlap now and then, and a set that overlaps is no coverage: its polygons are then
    simplified one by one, which may open slivers of less than a pixel.
    """
    if shapely.coverage_is_valid(geometries):
        return shapely.coverage_simplify(geometries, tolerance)
    return shapely.simplify(geometries, tolerance, preserve_topology=True)


@dataclass(frozen=True)
class Steps:
    """Coordinates as whole steps of ``10 ** -places`` degrees from a corner of the viewport."""

    places: int
    origin: tuple[int, int]

    @classmethod
    def of(cls, view: Viewport) -> Steps:
        """Steps of an eighth of a pixel or less, from the south-west."""
        places = min(math.ceil(-math.log10(view.degrees_per_pixel / 8)), 6)
        return cls(places, (round(view.west * 10**places), round(view.south * 10**places)))

    def of_points(self, points: np.ndarray) -> list[list[int]]:
        """[x, y] of each point."""
        return self._whole(shapely.get_coordinates(points)).tolist()

    def of_polygons(self, shapes: np.ndarray) -> list[list[list[list[int]]]]:
        """Of each shape its polygons, of each its rings, the outer one first; none that shrank to nothing.

        A ring is flat: x and y of the first corner, then of each further one how far it is from the last.
        """
        parts, shape_of = shapely.get_parts(shapes, return_index=True)
        is_polygon = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
        parts, shape_of = parts[is_polygon], shape_of[is_polygon]
        rings, part_of = shapely.get_rings(parts, return_index=True)
        corners, ring_of = shapely.get_coordinates(rings, return_index=True)
        whole = self._whole(corners)
        begins = np.flatnonzero(np.diff(ring_of, prepend=-1))
        far = np.diff(whole, axis=0, prepend=0)
        far[begins] = whole[begins]
        found: list[dict[int, list[list[int]]]] = [{} for _ in shapes]
        flat, ends = far.ravel().tolist(), [*begins[1:].tolist(), len(whole)]
        for begin, end, part in zip(begins.tolist(), ends, part_of[ring_of[begins]].tolist(), strict=True):
            if end - begin >= 4:
                found[shape_of[part]].setdefault(part, []).append(flat[2 * begin : 2 * end])
        return [list(polygons.values()) for polygons in found]

    def _whole(self, degrees: np.ndarray) -> np.ndarray:
        return np.round(degrees * 10**self.places).astype(np.int64) - self.origin
