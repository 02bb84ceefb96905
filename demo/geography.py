"""The ground of a town that does not exist: communities and grids between crooked streets.

Pure arithmetic on numpy and shapely, no database. The outline is cut in two along a street, the
halves again, and so on, as towns grow: the first cuts are its main roads, the last its lanes.
The pieces are noded together at the end, so neighbours share every vertex of their common border
(a valid coverage: no gap, no overlap).

Work happens in metres on a plane that touches the earth at ``CENTRE``; what leaves this module is
WGS-84, (lon, lat) in degrees, rounded to seven places (about 1 cm).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import count

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, MultiPolygon, Polygon
from shapely.ops import polygonize, split

#: (lon, lat) of the middle of the town.
CENTRE = (112.55, 37.87)
RADIUS = 1_750.0  # metres
COMMUNITIES = 20
GRIDS = 200
#: Vertices are snapped to this many metres before the borders are shared out.
SNAP = 0.05
METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True)
class Street:
    """A street of the town. ``rank`` 0 is a main road; the higher, the smaller."""

    number: int
    rank: int
    line: LineString


@dataclass(frozen=True)
class Ground:
    """``grids[i]`` lies in ``communities[parent[i]]`` and is addressed by ``streets[street[i]]``."""

    outline: Polygon
    communities: list[Polygon]
    grids: list[Polygon]
    parent: list[int]
    streets: list[Street]
    street: list[int]


def make_ground(seed: int = 7, communities: int = COMMUNITIES, grids: int = GRIDS) -> Ground:
    """The same town for the same seed, on every machine.

    Communities, and the grids in each, are numbered as one reads: rows from the north, each from the west.
    """
    random = np.random.default_rng(seed)
    outline = _outline(random)
    streets: list[Street] = []
    numbers = count()
    towns = _reading_order(_divide([outline], communities, streets, numbers, random))
    shares = _shares([town.area for town in towns], grids)
    pieces: list[Polygon] = []
    parent: list[int] = []
    for index, (town, share) in enumerate(zip(towns, shares, strict=True)):
        inside = _reading_order(_divide([town], share, streets, numbers, random))
        pieces += inside
        parent += [index] * len(inside)
    pieces = _share_borders(pieces)
    return _to_degrees(pieces, parent, streets)


def _outline(random: np.random.Generator) -> Polygon:
    """A blob, wider than high, with a few bays."""
    angles = np.linspace(0, 2 * math.pi, 96, endpoint=False)
    radius = np.ones_like(angles)
    for wave, weight in ((2, 0.10), (3, 0.07), (5, 0.035), (8, 0.015)):
        radius += weight * np.cos(wave * angles + random.uniform(0, 2 * math.pi))
    return Polygon(
        np.column_stack((1.18 * RADIUS * radius * np.cos(angles), RADIUS * radius * np.sin(angles)))
    )


def _divide(
    whole: list[Polygon], parts: int, streets: list[Street], numbers: count, random: np.random.Generator
) -> list[Polygon]:
    """Cut the largest piece in two until there are ``parts`` of them."""
    pieces = list(whole)
    while len(pieces) < parts:
        largest = max(range(len(pieces)), key=lambda index: pieces[index].area)
        piece = pieces.pop(largest)
        halves, line = _cut(piece, random)
        rank = 0 if piece.area > 2.2e6 else 1 if piece.area > 6e5 else 2 if piece.area > 2.5e5 else 3
        streets.append(Street(next(numbers), rank, line))
        pieces += halves
    return pieces


def _cut(piece: Polygon, random: np.random.Generator) -> tuple[list[Polygon], LineString]:
    """Two pieces of similar size, and the crooked street between them."""
    for _ in range(400):
        line = _crooked_line(piece, random)
        halves = [part for part in split(piece, line).geoms if isinstance(part, Polygon)]
        if len(halves) == 2 and min(half.area for half in halves) > 0.34 * piece.area:
            street = line.intersection(piece)
            if isinstance(street, LineString):
                return halves, street
    raise RuntimeError("no street divides this piece")


def _crooked_line(piece: Polygon, random: np.random.Generator) -> LineString:
    """Across the middle of the piece's long side, a little off the right angle, with two kinks."""
    corners = np.asarray(piece.minimum_rotated_rectangle.exterior.coords)[:4]
    sides = [corners[1] - corners[0], corners[2] - corners[1]]
    along, across = sides if np.hypot(*sides[0]) >= np.hypot(*sides[1]) else sides[::-1]
    middle = np.array(piece.centroid.coords[0]) + along * random.uniform(-0.09, 0.09)
    direction = _turned(across, random.normal(0, 0.07))
    normal = np.array([-direction[1], direction[0]])
    steps = np.array([-0.8, -0.22, 0.2, 0.8]) + np.array([0, 1, 1, 0]) * random.uniform(-0.08, 0.08, 4)
    offsets = np.array([0, 1, 1, 0]) * random.normal(0, 0.022, 4)
    return LineString(
        [middle + step * direction + offset * normal for step, offset in zip(steps, offsets, strict=True)]
    )


def _turned(vector: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    sine, cosine = math.sin(angle), math.cos(angle)
    return np.array([cosine * vector[0] - sine * vector[1], sine * vector[0] + cosine * vector[1]])


def _reading_order(pieces: list[Polygon]) -> list[Polygon]:
    """From north to south in broad bands, in each from west to east: the way people number things."""
    points = [piece.representative_point() for piece in pieces]
    band = math.sqrt(sum(piece.area for piece in pieces) / len(pieces))
    return [
        pieces[index]
        for index in sorted(range(len(pieces)), key=lambda i: (-round(points[i].y / band), points[i].x))
    ]


def _shares(areas: list[float], total: int) -> list[int]:
    """Share ``total`` out in proportion (largest remainders)."""
    exact = [area / sum(areas) * total for area in areas]
    shares = [int(value) for value in exact]
    by_remainder = sorted(range(len(areas)), key=lambda index: shares[index] - exact[index])
    for index in by_remainder[: total - sum(shares)]:
        shares[index] += 1
    return shares


def _share_borders(pieces: list[Polygon]) -> list[Polygon]:
    """The same pieces, rebuilt from one noded set of lines, so that neighbours share all vertices."""
    lines = shapely.unary_union([piece.boundary for piece in pieces], grid_size=SNAP)
    faces = list(polygonize(lines))
    tree = shapely.STRtree(faces)
    rebuilt = []
    for piece in pieces:
        found = tree.query(piece.representative_point(), predicate="within")
        if len(found) != 1:
            raise RuntimeError("the borders do not close")
        rebuilt.append(faces[found[0]])
    if len({id(face) for face in rebuilt}) != len(faces):
        raise RuntimeError("a sliver was left between the grids")
    return rebuilt


def _to_degrees(pieces: list[Polygon], parent: list[int], streets: list[Street]) -> Ground:
    lon, lat = CENTRE
    scale = np.array([1 / (METRES_PER_DEGREE * math.cos(math.radians(lat))), 1 / METRES_PER_DEGREE])

    def degrees(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.round(coordinates * scale + np.array([lon, lat]), 7)

    grids = [shapely.transform(piece, degrees).normalize() for piece in pieces]
    communities = [
        _one(
            shapely.coverage_union_all(
                [grid for grid, home in zip(grids, parent, strict=True) if home == index]
            )
        )
        for index in range(max(parent) + 1)
    ]
    lines = [
        Street(street.number, street.rank, shapely.transform(street.line, degrees)) for street in streets
    ]
    tree = shapely.STRtree([street.line for street in lines])
    nearest = [int(tree.nearest(grid)) for grid in grids]
    return Ground(
        outline=_one(shapely.coverage_union_all(grids)),
        communities=communities,
        grids=grids,
        parent=parent,
        streets=lines,
        street=nearest,
    )


def _one(geometry: Polygon | MultiPolygon) -> Polygon:
    if not isinstance(geometry, Polygon):
        raise RuntimeError("a community fell apart")
    return geometry.normalize()
