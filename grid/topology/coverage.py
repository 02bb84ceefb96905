"""The coverage: the grids of a community, the ground without a grid, and what was done to them.

Ground without a grid is kept as cells too (with numbers for keys), so that together the cells always tile the
community: a corner next to a gap moves like any other one, and the gap shrinks or grows by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from . import cleaning, lattice, problems
from .lattice import Cell
from .problems import Problem
from .reasons import Impossible, Reason

#: A grid's code; or a number, for ground without a grid.
Key = str | int


@dataclass(frozen=True)
class Label:
    """What people call a grid, and how many households they count in it."""

    name: str
    households: int | None = None


@dataclass(frozen=True)
class Origin:
    """Where a new grid came from: drawn, or split off the grid ``of``."""

    how: Literal["draw", "split"]
    of: str = ""
    same_members: bool = False


@dataclass(frozen=True)
class Retired:
    """A grid was merged into the grid ``into``; ``same_members``: who served in it goes on serving there."""

    into: str
    same_members: bool = False


@dataclass(frozen=True)
class Coverage:
    """Never changes: :meth:`apply` gives another one. Coordinates in and out are WGS-84 [lon, lat], degrees.

    ``cells``: who has which ground, on the lattice. ``labels``: of every grid, also of those without ground.
    ``added``, ``retired`` and ``touched``: what the operations did so far.
    """

    cells: Mapping[Key, Cell]
    labels: Mapping[str, Label]
    has_outline: bool
    found: tuple[Problem, ...] = ()
    around: tuple[tuple[str, BaseGeometry], ...] = ()
    taken: frozenset[str] = frozenset()
    added: Mapping[str, Origin] = field(default_factory=dict)
    retired: Mapping[str, Retired] = field(default_factory=dict)
    touched: frozenset[str] = frozenset()
    outline_moved: bool = False

    @classmethod
    def build(
        cls,
        grids: Mapping[str, BaseGeometry | None],
        outline: BaseGeometry | None,
        *,
        labels: Mapping[str, Label] | None = None,
        around: Mapping[str, BaseGeometry] | None = None,
    ) -> Coverage:
        """From stored geometries, degrees. Misfits thinner than a metre are mended, others reported.

        ``outline``: the community's own; without one it is the union of its grids. ``around``: neighbouring
        communities by name, whose ground nothing may be moved onto.
        """
        shapes = {code: cleaning.repaired(shape) for code, shape in grids.items()}
        ground = {code: shape for code, shape in sorted(shapes.items()) if shape is not None}
        frame = cleaning.repaired(outline)
        cells, found = _clean(ground, frame) or cleaning.clean(ground, frame)
        missing = [Problem("no_ground", (code,)) for code in sorted(grids) if code not in cells]
        note = [] if frame is not None or not ground else [Problem("no_outline", ())]
        return cls(
            cells=MappingProxyType({key: Cell(shape) for key, shape in cells.items()}),
            labels=MappingProxyType(dict(labels or {code: Label(code) for code in grids})),
            has_outline=frame is not None,
            found=(*note, *found, *missing),
            around=tuple(
                (name, shape)
                for name, given in (around or {}).items()
                if (shape := cleaning.repaired(given)) is not None
            ),
        )

    def apply(self, operation: Mapping[str, Any]) -> Coverage:
        """The coverage after one operation. Raises :class:`Impossible`, and then nothing has changed."""
        from .operations import OPERATIONS

        if not isinstance(operation, Mapping):
            raise Impossible(Reason.MALFORMED, what="operation")
        do = OPERATIONS.get(str(operation.get("do")))
        if do is None:
            raise Impossible(Reason.MALFORMED, what="do")
        return do(self, operation)

    def with_taken(self, codes: Iterable[str]) -> Coverage:
        """The same, knowing that these codes are in use elsewhere."""
        return replace(self, taken=self.taken | frozenset(codes))

    def geometry(self, code: str) -> BaseGeometry | None:
        """A grid's ground in degrees; None when it has none."""
        cell = self.cells.get(code)
        return None if cell is None else lattice.to_degrees(cell.shape)

    def geometries(self) -> dict[str, BaseGeometry]:
        """The ground of every grid that has some, in degrees."""
        return {code: lattice.to_degrees(self.cells[code].shape) for code in self.codes}

    @property
    def codes(self) -> list[str]:
        """Grids with ground."""
        return sorted(key for key in self.cells if isinstance(key, str))

    @property
    def gaps(self) -> list[int]:
        return sorted(key for key in self.cells if isinstance(key, int))

    def outline(self) -> BaseGeometry | None:
        """The ground of the community, gaps included, in degrees."""
        if not self.cells:
            return None
        return lattice.to_degrees(lattice.joined(cell.shape for cell in self.cells.values()))

    def problems(self) -> list[Problem]:
        """What was found when building, and the gaps there are now."""
        gaps = [problems.at("gap", self._beside(gap), self.cells[gap].shape) for gap in self.gaps]
        homeless = {code for code in self.labels if code not in self.cells}
        kept = [one for one in self.found if one.kind != "no_ground" or set(one.grids) & homeless]
        return [*kept, *gaps]

    def is_valid(self) -> bool:
        """Every cell valid, edges matched, no overlap: asked of GEOS, not of how we got here."""
        shapes = np.array([cell.shape for cell in self.cells.values()], dtype=object)
        return bool(shapely.is_valid(shapes).all() and shapely.coverage_is_valid(shapes))

    def near(self, bounds: tuple[float, float, float, float]) -> dict[Key, Cell]:
        """The cells whose bounding boxes touch these bounds."""
        return {key: cell for key, cell in self.cells.items() if cell.near(bounds)}

    def with_cells(
        self, changed: Mapping[Key, Cell | None], *, touched: Iterable[Key], **more: Any
    ) -> Coverage:
        """The coverage with some cells replaced (None: removed), once it is proven to be one.

        ``touched``: those of them that somebody meant to change. The others only got a corner on a border.
        """
        before = [self.cells[key] for key in changed if key in self.cells]
        after = {key: cell for key, cell in changed.items() if cell is not None}
        crossing = sorted(
            key for key, cell in after.items() if isinstance(key, str) and not cell.shape.is_valid
        )
        if crossing:
            raise Impossible(Reason.CROSSES, grids=crossing)
        if not all(cell.shape.is_valid for cell in after.values()):
            raise Impossible(Reason.CROSSES, grids=[])
        cells = {key: cell for key, cell in self.cells.items() if key not in changed} | after
        result = replace(
            self,
            cells=MappingProxyType(cells),
            touched=self.touched | {key for key in touched if isinstance(key, str)},
            **more,
        )
        # The same border around valid cells: nothing can overlap or gape. A border led through a new corner
        # (less than a unit aside) is another one, as is an outline that was moved: ask GEOS about all of it.
        if lattice.chain(before) != lattice.chain(after.values()) and not result.is_valid():
            raise Impossible(Reason.CROSSES, grids=sorted(key for key in after if isinstance(key, str)))
        return result

    def _beside(self, gap: int) -> tuple[str, ...]:
        edges = {(end, start) for start, end in self.cells[gap].edges}
        near = self.near(self.cells[gap].bounds)
        return tuple(sorted(key for key, cell in near.items() if isinstance(key, str) and edges & cell.edges))


def _clean(
    grids: Mapping[str, BaseGeometry], frame: BaseGeometry | None
) -> tuple[dict[Key, BaseGeometry], list[Problem]] | None:
    """The grids as they are, if they are a coverage of the outline already: nearly always, and fast."""
    as_they_are: dict[Key, BaseGeometry] = {code: shape for code, shape in grids.items()}  # noqa: C416
    shapes = np.array(list(grids.values()), dtype=object)
    if not len(shapes) or not shapely.coverage_is_valid(shapes):
        return None
    union = cleaning.from_border(lattice.unmatched(shapes))
    if union is None or union.area != shapely.area(shapes).sum():
        return None
    if frame is None:
        holes = shapely.difference(cleaning.filled(union), union)
        return None if cleaning.has_slivers(holes) else (as_they_are, [])
    return None if cleaning.differ(union, frame) else (as_they_are, [])
