"""From stored outlines to a coverage: slivers closed, shared borders noded, the rest reported.

Files come with borders drawn twice, corners a neighbour lacks, grids that overlap by a hand's breadth or by a
street. Up to :data:`TOLERANCE` that is mended: corners move onto the neighbour's border. What is wider is
a real gap or overlap: somebody has to decide, so it stays and is reported with its place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from . import lattice, problems
from .lattice import METRES_PER_UNIT, Edge
from .problems import Problem

#: Units. A metre: as wide as the import's default tolerance, narrower than any path between houses.
TOLERANCE = 1.0 / METRES_PER_UNIT
#: Units by which a border led through corners on the lattice may be off the outline as stored.
_ROUNDING = 3.0
_POLYGONAL = ("Polygon", "MultiPolygon")


def repaired(geometry: BaseGeometry | None) -> BaseGeometry | None:
    """A stored outline on the lattice, valid, with surface; None when nothing of it has a surface."""
    if geometry is None or geometry.is_empty:
        return None
    return _mended(lattice.to_lattice(geometry))


def _mended(shape: BaseGeometry) -> BaseGeometry | None:
    if shape.is_valid:
        shape = shapely.remove_repeated_points(shape)
    else:
        shape = shapely.set_precision(shapely.make_valid(shape, method="structure"), 1)
    parts = [part for part in shapely.get_parts(shape) if part.geom_type in _POLYGONAL and part.area > 0]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def thick(shape: BaseGeometry, width: float = TOLERANCE) -> bool:
    """Whether a circle of this diameter (units) fits in."""
    return not shapely.buffer(shape, -width / 2, quad_segs=2).is_empty


def filled(shape: BaseGeometry) -> BaseGeometry:
    """Without holes."""
    return shapely.union_all([shapely.Polygon(part.exterior) for part in shapely.get_parts(shape)])


def has_slivers(shape: BaseGeometry) -> bool:
    return any(not thick(part) for part in shapely.get_parts(shape) if part.area)


def from_border(border: set[Edge]) -> BaseGeometry | None:
    """The surface with exactly this border, its ground on the left of every edge."""
    inside = []
    for face in lattice.surface(border):
        shell = lattice.Cell(face).parts[0][0]
        if next(lattice.pairs(shell)) in border:
            inside.append(face)
    if not inside:
        return None
    union = lattice.joined(inside)
    return union if union.is_valid else None


def differ(union: BaseGeometry, frame: BaseGeometry) -> bool:
    """Whether what the grids cover is something else than the community's outline, but for rounding."""
    if shapely.equals(union, frame):
        return False
    return thick(shapely.symmetric_difference(union, frame), _ROUNDING)


def clean(
    grids: Mapping[str, BaseGeometry], frame: BaseGeometry | None
) -> tuple[dict[str | int, BaseGeometry], list[Problem]]:
    """A coverage of these grids and of the ground they leave in the outline, and what did not fit."""
    if not grids:
        gaps = enumerate(shapely.get_parts(frame), start=1) if frame is not None else ()
        return dict(gaps), []
    return _Cleaning(_snapped(grids, frame), frame).result()


def _snapped(grids: Mapping[str, BaseGeometry], frame: BaseGeometry | None) -> dict[str, BaseGeometry]:
    """The grids with corners that nearly lie on an earlier one's border, or on the outline, moved there.

    Only corners of edges that do not match: what is shared exactly already stays as it is.
    """
    cells = {code: lattice.Cell(shape) for code, shape in grids.items()}
    fixed = [] if frame is None else [lattice.Cell(frame)]
    unmatched = lattice.border(cells.values()) - {edge for cell in fixed for edge in cell.edges}
    loose = {corner for edge in unmatched for corner in edge}
    snapped: dict[str, BaseGeometry] = {}
    target = _Target(fixed, loose)
    for code, cell in cells.items():
        moved = target.attract(cell, loose)
        snapped[code] = moved
        target.add(lattice.Cell(moved))
    return snapped


class _Target:
    """Borders that are settled. Corners that come within the tolerance of one are moved onto it."""

    def __init__(self, fixed: Iterable[lattice.Cell], loose: set[lattice.Point]) -> None:
        self.loose = loose
        self.lines = np.empty((0, 4))
        for cell in fixed:
            self._take(list(cell.edges))

    def add(self, cell: lattice.Cell) -> None:
        self._take([edge for edge in cell.edges if edge[0] in self.loose or edge[1] in self.loose])

    def _take(self, edges: list[Edge]) -> None:
        new = np.array([(*start, *end) for start, end in edges], dtype=float).reshape(-1, 4)
        self.lines = np.concatenate([self.lines, new])

    def attract(self, cell: lattice.Cell, loose: set[lattice.Point]) -> BaseGeometry:
        """The cell with its loose corners on these borders, where they are near: on a corner if one is near.

        A corner that is on a border already, but for rounding, stays: there a neighbour lacks one.
        """
        own = sorted(corner for corner in cell.corners if corner in loose)
        near = self._near(cell.bounds)
        if not own or not len(near):
            return cell.shape
        moves = _feet(own, near, TOLERANCE)
        there = [corner for corner in own if corner in moves and _apart(corner, moves[corner]) <= _ROUNDING]
        away = [corner for corner in own if corner not in set(there)]
        ends = np.unique(near.reshape(-1, 2), axis=0)[:, [0, 1, 0, 1]]
        moves |= _feet(away, ends, TOLERANCE) | _feet(there, ends, _ROUNDING)
        shape = shapely.transform(
            cell.shape, lambda xy: np.array([moves.get((int(x), int(y)), (x, y)) for x, y in xy])
        )
        mended = _mended(shape)
        # Thinner than the tolerance as a whole: better left alone than lost.
        return cell.shape if mended is None else mended

    def _near(self, bounds: tuple[float, float, float, float]) -> np.ndarray:
        west, south, east, north = bounds
        x, y = self.lines[:, 0::2], self.lines[:, 1::2]
        return self.lines[
            (x.min(axis=1) <= east + TOLERANCE)
            & (x.max(axis=1) >= west - TOLERANCE)
            & (y.min(axis=1) <= north + TOLERANCE)
            & (y.max(axis=1) >= south - TOLERANCE)
        ]


def _feet(
    corners: list[lattice.Point], lines: np.ndarray, reach: float
) -> dict[lattice.Point, lattice.Point]:
    """The nearest lattice point on the nearest of some lines, for the corners that have one in reach.

    A line whose ends are the same is a point. Corners by lines in one matrix: both are few.
    """
    if not corners:
        return {}
    places = np.array(corners, dtype=float)
    feet: dict[lattice.Point, lattice.Point] = {}
    for part in np.array_split(np.arange(len(corners)), len(corners) * len(lines) // 1_000_000 + 1):
        offset = places[part, None, :] - lines[None, :, :2]
        along = lines[:, 2:] - lines[:, :2]
        length2 = np.maximum((along**2).sum(axis=1), 1)
        share = np.clip((offset * along).sum(axis=2) / length2, 0, 1)
        beside = offset - share[:, :, None] * along
        apart2 = (beside**2).sum(axis=2)
        nearest = apart2.argmin(axis=1)
        for row, index in enumerate(part.tolist()):
            if apart2[row, nearest[row]] <= reach**2:
                x, y = places[index] - beside[row, nearest[row]]
                feet[corners[index]] = (round(x), round(y))
    return feet


def _apart(one: lattice.Point, other: lattice.Point) -> float:
    return ((one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2) ** 0.5


class _Cleaning:
    """Everything cut into faces along every border; then each face is given to one grid, or to none."""

    def __init__(self, grids: Mapping[str, BaseGeometry], frame: BaseGeometry | None) -> None:
        self.codes = list(grids)
        shapes = np.array(list(grids.values()), dtype=object)
        lines = [*shapely.boundary(shapes), *([] if frame is None else [frame.boundary])]
        noded = shapely.unary_union(lines, grid_size=1)
        self.faces = np.array(shapely.get_parts(shapely.polygonize(shapely.get_parts(noded))), dtype=object)
        places = shapely.point_on_surface(self.faces)
        self.owners: list[list[int]] = [[] for _face in self.faces]
        tree = shapely.STRtree(places)
        for grid, face in sorted(tree.query(shapes, "contains").T.tolist()):
            self.owners[face].append(grid)
        inside = np.zeros(len(self.faces), dtype=bool)
        if frame is None:
            inside[:] = [bool(owners) for owners in self.owners]
            self._enclosed(inside)
        else:
            inside[tree.query(frame, "contains")] = True
        self.inside = inside
        self.holder: list[int | None] = [None] * len(self.faces)
        self.found: list[Problem] = []

    def result(self) -> tuple[dict[str | int, BaseGeometry], list[Problem]]:
        self._give()
        self._drop_outside()
        self._absorb_slivers()
        held = defaultdict(list)
        for face, grid in enumerate(self.holder):
            if grid is not None:
                held[grid].append(face)
        cells: dict[str | int, BaseGeometry] = {
            self.codes[grid]: self._joined(faces) for grid, faces in sorted(held.items())
        }
        empty = [face for face, grid in enumerate(self.holder) if grid is None and self.inside[face]]
        for number, gap in enumerate(self._components(empty), start=1):
            cells[number] = self._joined(gap)
        return cells, self.found

    def _enclosed(self, inside: np.ndarray) -> None:
        """Without an outline, slivers that grids enclose are ground; wide holes may be a lake."""
        for hole in self._components([face for face in range(len(self.faces)) if not inside[face]]):
            if not thick(self._joined(hole)):
                inside[hole] = True

    def _give(self) -> None:
        """Each face to its grid, to the smallest code of several unless another would be left without any."""
        overlaps: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for face, owners in enumerate(self.owners):
            if owners:
                self.holder[face] = owners[0]
            if len(owners) > 1:
                overlaps[tuple(owners)].append(face)
        for grid in range(len(self.codes)):
            if grid not in self.holder:
                for face, owners in enumerate(self.owners):
                    others = self.holder.count(self.holder[face]) > 1
                    if grid in owners and others:
                        self.holder[face] = grid
        for sharing, faces in overlaps.items():
            for part in self._components(faces):
                shape = self._joined(part)
                if thick(shape):
                    kept = self.holder[part[0]]
                    order = sorted(sharing, key=lambda grid: (grid != kept, grid))
                    self.found.append(
                        problems.at("overlap", tuple(self.codes[grid] for grid in order), shape)
                    )

    def _drop_outside(self) -> None:
        """What sticks out of the outline by less than the tolerance ends at the outline."""
        for grid in range(len(self.codes)):
            out = [
                face for face, holder in enumerate(self.holder) if holder == grid and not self.inside[face]
            ]
            for part in self._components(out):
                shape = self._joined(part)
                if thick(shape):
                    self.found.append(problems.at("outside", (self.codes[grid],), shape))
                elif len(part) < self.holder.count(grid):
                    for face in part:
                        self.holder[face] = None

    def _absorb_slivers(self) -> None:
        """Slivers without a grid, and slivers a grid has beside its real ground, go to a neighbour."""
        for grid in range(len(self.codes)):
            own = [face for face, holder in enumerate(self.holder) if holder == grid]
            parts = self._components(own)
            solid = [part for part in parts if thick(self._joined(part))]
            for part in parts:
                if solid and part not in solid and all(self.inside[face] for face in part):
                    for face in part:
                        self.holder[face] = None
        empty = [face for face, holder in enumerate(self.holder) if holder is None and self.inside[face]]
        for gap in self._components(empty):
            if not thick(self._joined(gap)):
                self._absorb(gap)

    def _absorb(self, faces: list[int]) -> None:
        """Face by face, to whom it has the longest border with: a strip is shared out among many."""
        waiting = set(faces)
        while waiting:
            best = max(
                ((length, face, grid) for face in waiting for grid, length in self._borders(face).items()),
                default=None,
            )
            if best is None:
                return
            self.holder[best[1]] = best[2]
            waiting.remove(best[1])

    def _borders(self, face: int) -> dict[int, float]:
        lengths: dict[int, float] = defaultdict(float)
        for start, end in self._cell(face).edges:
            for other in self._by_edge().get((end, start), ()):
                grid = self.holder[other]
                if grid is not None:
                    lengths[grid] += ((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5
        return lengths

    def _components(self, faces: list[int]) -> list[list[int]]:
        """Faces that hang together by edges."""
        rest, found = set(faces), []
        while rest:
            part, todo = [], [rest.pop()]
            while todo:
                face = todo.pop()
                part.append(face)
                for start, end in self._cell(face).edges:
                    for other in self._by_edge().get((end, start), ()):
                        if other in rest:
                            rest.remove(other)
                            todo.append(other)
            found.append(sorted(part))
        return sorted(found)

    def _joined(self, faces: list[int]) -> BaseGeometry:
        return lattice.joined(self.faces[face] for face in faces)

    def _cell(self, face: int) -> lattice.Cell:
        if not hasattr(self, "_cells"):
            self._cells = [lattice.Cell(shape) for shape in self.faces]
        return self._cells[face]

    def _by_edge(self) -> dict[Edge, list[int]]:
        if not hasattr(self, "_edges"):
            self._edges: dict[Edge, list[int]] = defaultdict(list)
            for face in range(len(self.faces)):
                for edge in self._cell(face).edges:
                    self._edges[edge].append(face)
        return self._edges
