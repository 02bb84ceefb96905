"""The lattice: every corner of a grid is a pair of whole numbers, in units of 1e-7 degree (about 1 cm).

On whole numbers "is this corner on that edge" and "is this the same corner" have exact answers, so two grids
share a border exactly or not at all. Coordinates outside of this package are WGS-84 (lon, lat) in degrees.
"""

import math
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from .reasons import Impossible, Reason

UNITS_PER_DEGREE = 10_000_000
#: Metres on the mean sphere of one unit of latitude.
METRES_PER_UNIT = 111_195.0 / UNITS_PER_DEGREE

Point = tuple[int, int]
Ring = tuple[Point, ...]
Edge = tuple[Point, Point]


def point(position: Any) -> Point:
    """The lattice point nearest to [lon, lat] in degrees; :class:`Impossible` for anything else."""
    try:
        lon, lat = (float(value) for value in position)
    except (TypeError, ValueError) as error:
        raise Impossible(Reason.MALFORMED, what="coordinates") from error
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):  # also refuses NaN
        raise Impossible(Reason.MALFORMED, what="coordinates")
    return round(lon * UNITS_PER_DEGREE), round(lat * UNITS_PER_DEGREE)


def points(positions: Any) -> list[Point]:
    """Lattice points of a list of positions, without the same one twice in a row."""
    if not isinstance(positions, list | tuple):
        raise Impossible(Reason.MALFORMED, what="coordinates")
    return without_repeats(point(position) for position in positions)


def degrees(place: tuple[float, float]) -> tuple[float, float]:
    return place[0] / UNITS_PER_DEGREE, place[1] / UNITS_PER_DEGREE


def to_lattice(geometry: BaseGeometry) -> BaseGeometry:
    """A geometry in degrees, rounded to the lattice; two dimensions, perhaps no longer valid."""
    return shapely.transform(shapely.force_2d(geometry), lambda xy: np.rint(xy * UNITS_PER_DEGREE))


def to_degrees(geometry: BaseGeometry) -> BaseGeometry:
    return shapely.transform(geometry, lambda units: units / UNITS_PER_DEGREE)


def on_lattice(geometry: BaseGeometry) -> BaseGeometry:
    """The geometry in degrees with its corners moved to the lattice, by 8 mm at most. Perhaps not valid."""
    return to_degrees(to_lattice(geometry))


def square_metres(geometry: BaseGeometry) -> float:
    """Area of a small geometry on the lattice."""
    if geometry.is_empty:
        return 0.0
    latitude = math.radians(geometry.centroid.y / UNITS_PER_DEGREE)
    return float(geometry.area) * METRES_PER_UNIT**2 * math.cos(latitude)


def without_repeats(line: Iterable[Point]) -> list[Point]:
    kept: list[Point] = []
    for place in line:
        if not kept or kept[-1] != place:
            kept.append(place)
    return kept


def undirected(start: Point, end: Point) -> Edge:
    return (start, end) if start <= end else (end, start)


def pairs(ring: Ring) -> Iterator[Edge]:
    """The directed edges of a ring."""
    return zip(ring, ring[1:] + ring[:1], strict=True)


def twice_area(ring: Ring) -> int:
    """Exact; positive when the ring runs counter-clockwise."""
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs(ring))


class Cell:
    """One grid, or one gap: a polygon or multipolygon on the lattice. Never changes.

    Shells run counter-clockwise and holes clockwise, so the ground is to the left of every edge.
    """

    def __init__(self, shape: BaseGeometry) -> None:
        self.shape = shapely.orient_polygons(shape, exterior_cw=False)
        self.bounds: tuple[float, float, float, float] = self.shape.bounds

    @classmethod
    def of_parts(cls, parts: Iterable[Iterable[Ring]]) -> "Cell | None":
        """From rings; None when a ring has fewer than three corners or runs the wrong way round."""
        polygons = []
        for rings in parts:
            shell, *holes = rings
            if len(shell) < 3 or twice_area(shell) <= 0:
                return None
            if any(len(hole) < 3 or twice_area(hole) >= 0 for hole in holes):
                return None
            polygons.append(shapely.Polygon(shell, holes))
        return cls(polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons))

    @cached_property
    def parts(self) -> tuple[tuple[Ring, ...], ...]:
        return tuple(
            (_ring(part.exterior), *(_ring(hole) for hole in part.interiors))
            for part in shapely.get_parts(self.shape)
        )

    @cached_property
    def edges(self) -> frozenset[Edge]:
        """Directed, the cell on their left."""
        return frozenset(edge for part in self.parts for ring in part for edge in pairs(ring))

    @cached_property
    def corners(self) -> frozenset[Point]:
        return frozenset(corner for part in self.parts for ring in part for corner in ring)

    def has(self, corner: Point) -> bool:
        west, south, east, north = self.bounds
        return west <= corner[0] <= east and south <= corner[1] <= north and corner in self.corners

    def near(self, bounds: tuple[float, float, float, float], reach: float = 2) -> bool:
        """Whether the bounding boxes come within ``reach`` units of each other."""
        west, south, east, north = self.bounds
        return (
            west - reach <= bounds[2]
            and east + reach >= bounds[0]
            and south - reach <= bounds[3]
            and north + reach >= bounds[1]
        )


def _ring(ring: Any) -> Ring:
    coordinates = shapely.get_coordinates(ring)[:-1].astype(np.int64).tolist()
    return tuple((x, y) for x, y in coordinates)


def chain(cells: Iterable[Cell]) -> dict[Edge, int]:
    """The sum of the borders of some cells: an edge that two of them share from either side cancels out.

    The number of cells that lie over a point is how often this sum goes round it. So if every cell is valid
    and the sum is what it was before, they cover the same ground as before, and every point of it once.
    """
    total: dict[Edge, int] = {}
    for cell in cells:
        for start, end in cell.edges:
            key, way = ((start, end), 1) if start < end else ((end, start), -1)
            total[key] = total.get(key, 0) + way
    return {edge: times for edge, times in total.items() if times}


def border(cells: Iterable[Cell]) -> set[Edge]:
    """The directed edges that are left in the sum of the borders: the cells' ground is on their left."""
    return {(start, end) if times > 0 else (end, start) for (start, end), times in chain(cells).items()}


def unmatched(shapes: np.ndarray) -> set[Edge]:
    """:func:`border` of many shapes that share edges exactly, in arrays: a community in milliseconds."""
    polygons = shapely.get_parts(shapely.orient_polygons(shapes, exterior_cw=False))
    rings = shapely.get_rings(polygons)
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    corners = corners.astype(np.int64)
    along = ring[:-1] == ring[1:]
    start, end = corners[:-1][along], corners[1:][along]
    low = corners.min(axis=0)
    _places, number = np.unique((corners - low) @ (1, int(np.ptp(corners[:, 0])) + 1), return_inverse=True)
    one, other = number[:-1][along], number[1:][along]
    same = np.minimum(one, other) * len(corners) + np.maximum(one, other)
    _edges, which, times = np.unique(same, return_inverse=True, return_counts=True)
    alone = times[which] == 1
    return {
        ((x0, y0), (x1, y1))
        for (x0, y0), (x1, y1) in zip(start[alone].tolist(), end[alone].tolist(), strict=True)
    }


def bounds_of(line: Iterable[Point]) -> tuple[int, int, int, int]:
    xs, ys = zip(*line, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def surface(lines: Iterable[Edge]) -> list[BaseGeometry]:
    """The faces between edges that meet at corners only."""
    distinct = {undirected(*edge) for edge in lines}
    if not distinct:
        return []
    return list(shapely.get_parts(shapely.polygonize(shapely.linestrings(list(distinct)))))


def joined(shapes: Iterable[BaseGeometry]) -> BaseGeometry:
    """The union of surfaces that share edges exactly; adds no corner, loses none that others need."""
    return shapely.coverage_union_all(list(shapes))
