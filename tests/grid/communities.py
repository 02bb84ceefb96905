"""Communities made up for the tests of borders: crooked blocks around streets, with holes and in pieces."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

UNITS = 10_000_000
WEST, SOUTH = 1_163_000_000, 399_000_000
#: Units: about 300 m.
BLOCK = 30_000


@dataclass(frozen=True)
class Community:
    """Grids by code and the outline around them, in degrees."""

    grids: dict[str, BaseGeometry]
    outline: BaseGeometry


#: Which blocks of a plan are grids: letters name them, the same letter twice is a grid in two blocks.
PLANS = {
    "a block of nine": ["abc", "def", "ghi"],
    "around a lake": ["abcd", "e..f", "g..h", "ijkl"],
    "a crooked one": ["ab...", "cd...", "efghi", "..jkl"],
    "in two pieces": ["ab.ef", "cd.gh", "cd.ij"],
    "an exclave": ["ab..a", "cd..e"],
    "one grid around another": ["aaab", "acab", "aaad"],
    "a single grid": ["a"],
}


def community(plan: str, *, seed: int = 1, corners: int = 3) -> Community:
    """A plan with its blocks' corners pushed aside and ``corners`` more on every border."""
    rng = random.Random(f"{plan} {seed}")
    rows = PLANS[plan]
    knots: dict[tuple[int, int], tuple[int, int]] = {}
    sides: dict[tuple[tuple[int, int], tuple[int, int]], list[tuple[int, int]]] = {}

    def knot(column: int, row: int) -> tuple[int, int]:
        if (column, row) not in knots:
            aside = [rng.randint(-BLOCK // 5, BLOCK // 5) for _axis in range(2)]
            knots[column, row] = (WEST + column * BLOCK + aside[0], SOUTH + row * BLOCK + aside[1])
        return knots[column, row]

    def side(start: tuple[int, int], end: tuple[int, int]) -> list[tuple[int, int]]:
        if start > end:
            return side(end, start)[::-1]
        if (start, end) not in sides:
            (x0, y0), (x1, y1) = knot(*start), knot(*end)
            shares = [number / (corners + 1) for number in range(1, corners + 1)]
            sides[start, end] = [
                (
                    round(x0 + (x1 - x0) * share) + rng.randint(-BLOCK // 30, BLOCK // 30),
                    round(y0 + (y1 - y0) * share) + rng.randint(-BLOCK // 30, BLOCK // 30),
                )
                for share in shares
            ]
        return sides[start, end]

    blocks: dict[str, list[shapely.Polygon]] = {}
    for row, line in enumerate(reversed(rows)):
        for column, letter in enumerate(line):
            if letter == ".":
                continue
            around = [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)]
            ring = []
            for start, end in zip(around, around[1:] + around[:1], strict=True):
                ring += [knot(*start), *side(start, end)]
            blocks.setdefault(letter, []).append(shapely.Polygon(ring))
    on_lattice = {letter: shapely.coverage_union_all(parts) for letter, parts in blocks.items()}
    outline = shapely.coverage_union_all(list(on_lattice.values()))
    return Community({code: degrees(shape) for code, shape in on_lattice.items()}, degrees(outline))


def degrees(shape: BaseGeometry) -> BaseGeometry:
    return shapely.transform(shape, lambda units: units / UNITS)


def units(shape: BaseGeometry) -> BaseGeometry:
    """On the lattice; fails when a coordinate is not on it."""
    whole = shapely.transform(shape, lambda lonlat: np.rint(lonlat * UNITS))
    assert shapely.equals_exact(degrees(whole), shape, 0), "not on the lattice"
    return whole


def assert_tiled(
    grids: Iterable[BaseGeometry], outline: BaseGeometry, *, gaps: Iterable[BaseGeometry] = ()
) -> None:
    """Valid, edge-matched, no overlap, no gap in the outline: asked of GEOS and of whole numbers.

    ``outline`` in degrees. A border led through new corners may be up to 3 units (3 cm) off it.
    """
    cells = np.array([units(shape) for shape in (*grids, *gaps)], dtype=object)
    assert shapely.is_valid(cells).all()
    assert shapely.coverage_is_valid(cells)
    union = shapely.union_all(cells)
    assert shapely.area(cells).sum() == union.area
    frame = shapely.transform(outline, lambda lonlat: lonlat * UNITS)
    assert shapely.buffer(shapely.symmetric_difference(union, frame), -1.5, quad_segs=2).is_empty


def circle(lon: int, lat: int, radius: int, corners: int, turn: float) -> list[list[float]]:
    """A ring of [lon, lat] in degrees from lattice units."""
    angles = [turn + 2 * math.pi * number / corners for number in range(corners)]
    return [
        [(lon + radius * math.cos(angle)) / UNITS, (lat + radius * math.sin(angle)) / UNITS]
        for angle in angles
    ]
