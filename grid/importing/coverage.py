"""Areas side by side: where they overlap, what they leave open, where they reach beyond their parent.

Pure. Works in local metres (an equal-area projection around the data), so that areas are in square metres
and tolerances in metres. Everything is done for all areas at once: a city has tens of thousands.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

#: Slits between areas of a parent without an outline are looked for up to this width, metres.
SLIT_METRES = 20.0
#: Outlines that should meet may miss each other by this much through rounding, metres.
TOUCH_METRES = 0.01


@dataclass(frozen=True)
class Spot:
    """A place where something is wrong: the areas concerned (indexes), its surface and how large it is."""

    areas: tuple[int, ...]
    geometry: BaseGeometry
    area_m2: float


class Ground:
    """Outlines of one level in local metres. ``new``: those that the import brings; the others are there."""

    def __init__(self, outlines: np.ndarray, new: np.ndarray, tolerance: float) -> None:
        self.tolerance, self.new = tolerance, new
        west, south, east, north = shapely.total_bounds(outlines) if len(outlines) else (0, 0, 0, 0)
        local = f"+proj=laea +lon_0={(west + east) / 2} +lat_0={(south + north) / 2} +datum=WGS84 +units=m"
        self._to = pyproj.Transformer.from_crs("EPSG:4326", local, always_xy=True)
        self.outlines = self.metres(outlines)
        self._suspect = self._with_bad_edges()

    def metres(self, geometries: np.ndarray) -> np.ndarray:
        """In local metres, valid."""
        moved = shapely.transform(geometries, lambda xy: np.column_stack(self._to.transform(*xy.T)))
        bad = ~shapely.is_valid(moved) & ~shapely.is_missing(moved)
        if bad.any():
            moved[bad] = shapely.buffer(shapely.make_valid(moved[bad], method="structure"), 0)
        return moved

    def degrees(self, geometry: BaseGeometry) -> BaseGeometry:
        """From local metres back to WGS-84."""
        inverse = pyproj.enums.TransformDirection.INVERSE
        return shapely.transform(
            geometry, lambda xy: np.column_stack(self._to.transform(*xy.T, direction=inverse))
        )

    # --- Overlaps ------------------------------------------------------------------------------
    def overlaps(self) -> Iterator[Spot]:
        """Pairs that share a surface wider than the tolerance; one of the two is new."""
        chosen = np.flatnonzero(self._suspect)
        if not len(chosen):
            return
        left, right = shapely.STRtree(self.outlines).query(self.outlines[chosen], predicate="intersects")
        left = chosen[left]
        # One of the two is enough: an area all of whose edges are its neighbours' may lie inside another one.
        pairs = np.unique(np.sort(np.column_stack((left, right))[left != right], axis=1), axis=0)
        left, right = pairs[:, 0], pairs[:, 1]
        concerned = self.new[left] | self.new[right]
        left, right = left[concerned], right[concerned]
        shared = shapely.intersection(self.outlines[left], self.outlines[right])
        for index in self._wide(shared):
            yield Spot(
                (int(left[index]), int(right[index])),
                self.degrees(shared[index]),
                float(shapely.area(shared[index])),
            )

    def _with_bad_edges(self) -> np.ndarray:
        """Areas with an edge that is not a neighbour's all along. Of two that overlap, one is among them;
        only they can leave slits."""
        edges = shapely.coverage_invalid_edges(self.outlines)
        return ~(shapely.is_missing(edges) | shapely.is_empty(edges))

    def _wide(self, surfaces: np.ndarray) -> np.ndarray:
        """Indexes of those that are wider than the tolerance somewhere."""
        half = self.tolerance / 2
        # A strip of so little surface cannot be that wide over any length worth telling.
        large = np.flatnonzero(shapely.area(surfaces) > max(0.01, self.tolerance**2))
        return large[~shapely.is_empty(shapely.buffer(surfaces[large], -half, quad_segs=2))]

    # --- Gaps ----------------------------------------------------------------------------------
    def gaps(self, groups: list[np.ndarray], parents: np.ndarray) -> Iterator[Spot]:
        """What the areas of each group leave open: of their parent (degrees) if it has an outline, else holes
        between them, and slits up to ``SLIT_METRES``. Told only where it touches a new area."""
        within = self.metres(parents)
        for members, parent in zip(groups, within, strict=True):
            covered = self._union(members)
            if parent is not None:
                # Within the tolerance of the parent's own border nothing is missing.
                open_ground = shapely.difference(parent, covered)
            else:
                open_ground = shapely.difference(_closed(covered), covered)
            parts = shapely.get_parts(open_ground)
            parts = parts[shapely.get_type_id(parts) == 3]
            for index in self._wide(parts):
                beside = self._beside(parts[index], members)
                if self.new[list(beside)].any() and (parent is not None or len(beside) > 1):
                    yield Spot(beside, self.degrees(parts[index]), float(parts[index].area))

    def _union(self, members: np.ndarray) -> BaseGeometry:
        outlines = self.outlines[members]
        if not self._suspect[members].any():
            return shapely.coverage_union_all(outlines)
        return shapely.union_all(outlines)

    def _beside(self, part: BaseGeometry, members: np.ndarray) -> tuple[int, ...]:
        near = shapely.dwithin(self.outlines[members], part, TOUCH_METRES)
        return tuple(int(index) for index in members[near])

    # --- Outside -------------------------------------------------------------------------------
    def outside(self, children: np.ndarray, parents: np.ndarray) -> Iterator[Spot]:
        """Children (indexes) that reach beyond their parents (degrees, one for each) by more than the
        tolerance."""
        places, which = _distinct(parents)
        moved = self.metres(places)[which]
        shapely.prepare(moved)
        out = np.flatnonzero(~shapely.covers(moved, self.outlines[children]))
        beyond = shapely.difference(self.outlines[children[out]], moved[out])
        for index in self._wide(beyond):
            yield Spot(
                (int(children[out[index]]),), self.degrees(beyond[index]), float(shapely.area(beyond[index]))
            )


def _closed(covered: BaseGeometry) -> BaseGeometry:
    """The surface with its holes and its narrow slits filled."""
    half = SLIT_METRES / 2
    sealed = shapely.buffer(shapely.buffer(covered, half, join_style="mitre"), -half, join_style="mitre")
    filled = [shapely.Polygon(part.exterior) for part in shapely.get_parts(shapely.union(sealed, covered))]
    return shapely.union_all(filled)


def _distinct(geometries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different objects among them, and for each which one it is: parents have many children."""
    seen: dict[int, int] = {}
    which = np.array([seen.setdefault(id(each), len(seen)) for each in geometries], dtype=int)
    first = {number: each for each, number in zip(geometries, which, strict=True)}
    distinct = np.empty(len(seen), dtype=object)
    for number, each in first.items():
        distinct[number] = each
    return distinct, which


def best_covering(shapes: np.ndarray, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each shape the index of the candidate that covers most of it (-1: none) and the share it covers."""
    best, share = np.full(len(shapes), -1), np.zeros(len(shapes))
    usable = np.flatnonzero(~shapely.is_missing(shapes))
    if not len(candidates) or not len(usable):
        return best, share
    tree = shapely.STRtree(candidates)
    inside, where = tree.query(shapes[usable], predicate="within")
    best[usable[inside]], share[usable[inside]] = where, 1.0
    rest = np.setdiff1d(usable, usable[inside])
    row, where = tree.query(shapes[rest], predicate="intersects")
    areas = shapely.area(shapely.intersection(shapes[rest[row]], candidates[where]))
    whole = shapely.area(shapes[rest[row]])
    for index in np.argsort(areas, kind="stable"):  # the last one written is the largest
        if areas[index] > 0:
            best[rest[row[index]]], share[rest[row[index]]] = where[index], areas[index] / whole[index]
    return best, share
