"""A point's grid, in memory: arrays in, no database, no Django.

All coordinates are WGS-84 longitude and latitude in degrees. The rules for borders and near misses are
those of docs/explanation/architecture.md §3: a point on a shared border belongs to the grid with the
smallest code and is marked ambiguous; a point in no grid goes to the nearest one within the tolerance
and is marked snapped.
"""

import math
from collections.abc import Collection, Sequence
from itertools import compress
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
import shapely

#: Length of one degree of latitude on the mean sphere, in metres.
METRES_PER_DEGREE = 111_195.0

INSIDE, AMBIGUOUS, SNAPPED, UNPLACED = "inside", "ambiguous", "snapped", "unplaced"


class Located(NamedTuple):
    """Where a point fell. ``placed`` is one of inside, ambiguous, snapped, unplaced."""

    area_id: int | None
    code: str
    path: str
    placed: str


NOWHERE = Located(None, "", "", UNPLACED)


class GridCell(NamedTuple):
    """One grid: its row, its code, its place in the tree, and its polygon or multipolygon."""

    area_id: int
    code: str
    path: str
    geometry: Any


_code = attrgetter("code")


class Locator:
    """An immutable index over grids. Safe to share between threads."""

    def __init__(self, cells: Sequence[GridCell], *, snap_metres: float) -> None:
        # In order of code, so that the smallest index among several hits is the smallest code.
        ordered = sorted(cells, key=_code)
        self._set(
            [Located(cell.area_id, cell.code, cell.path, INSIDE) for cell in ordered],
            np.array([cell.geometry for cell in ordered], dtype=object),
            snap_metres,
        )

    def _set(self, inside: list[Located], geometries: np.ndarray, snap_metres: float) -> None:
        self._inside = inside
        self._geometries = geometries
        self._tree = shapely.STRtree(geometries)
        self._snap_metres = snap_metres

    def changed(self, areas: Collection[int], cells: Sequence[GridCell]) -> "Locator":
        """Another index, in which these areas are no longer what they were but these cells, if any.

        It shares the outlines of all others with this one.
        """
        stay = np.array([located.area_id not in areas for located in self._inside], dtype=bool)
        new = Locator(cells, snap_metres=self._snap_metres)
        inside = [*compress(self._inside, stay), *new._inside]
        geometries = np.concatenate([self._geometries[stay], new._geometries])
        # Nearly in order already, which makes sorting quick.
        order = sorted(range(len(inside)), key=lambda index: inside[index].code)
        changed = Locator.__new__(Locator)
        changed._set([inside[index] for index in order], geometries[order], self._snap_metres)
        return changed

    def __len__(self) -> int:
        return len(self._inside)

    def locate(self, lon: float, lat: float) -> Located:
        """The grid of a point; :data:`NOWHERE` when no grid is near or the point is not on the globe."""
        hits = self._tree.query(shapely.Point(lon, lat), "intersects")
        if len(hits) == 1:
            return self._inside[hits[0]]
        if len(hits) > 1:
            return self._inside[hits.min()]._replace(placed=AMBIGUOUS)
        return self._nearest(lon, lat)

    def locate_many(self, lons: Sequence[float], lats: Sequence[float]) -> list[Located]:
        """:meth:`locate` for many points at once, several times as fast where most lie in a grid."""
        found: list[Located | None] = [None] * len(lons)
        hits = self._tree.query(shapely.points(lons, lats), "intersects")
        for point, cell in sorted(hits.T.tolist()):
            here = found[point]
            # In order of code: the first is the one that counts, a second one tells that it is not alone.
            found[point] = self._inside[cell] if here is None else here._replace(placed=AMBIGUOUS)
        return [
            located or self._nearest(lon, lat) for located, lon, lat in zip(found, lons, lats, strict=True)
        ]

    def _nearest(self, lon: float, lat: float) -> Located:
        """The grid whose border is nearest in metres, if within the tolerance; the smallest code on a tie."""
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            return NOWHERE
        # Close to the poles a degree of longitude shrinks to nothing; no grid is there.
        shrink = max(math.cos(math.radians(lat)), 1e-6)
        reach = self._snap_metres / METRES_PER_DEGREE
        around = shapely.box(lon - reach / shrink, lat - reach, lon + reach / shrink, lat + reach)
        near = np.sort(self._tree.query(around))
        if not len(near):
            return NOWHERE
        scale = np.array([shrink, 1.0]) * METRES_PER_DEGREE
        local = shapely.transform(self._geometries[near], lambda xy: (xy - (lon, lat)) * scale)
        metres = shapely.distance(local, shapely.Point(0, 0))
        best = int(np.argmin(metres))
        if metres[best] > self._snap_metres:
            return NOWHERE
        return self._inside[near[best]]._replace(placed=SNAPPED)
