"""Which grids lie beside each other, from their outlines. Pure arithmetic on shapely geometries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import geopandas
import numpy as np
import shapely
from scipy.sparse import csr_array

#: Grids whose borders come this close (in metres) count as neighbours: files rarely meet to the digit.
TOUCH_METRES = 2.0
#: A grid has at most so many neighbours, the nearest ones: a park around a whole town is nobody's cluster.
MOST_NEIGHBOURS = 24
METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True)
class Neighbours:
    """Contiguity of ``n`` grids: ``pairs`` (m, 2), each unordered pair both ways. No grid beside itself."""

    number: int
    pairs: np.ndarray

    @cached_property
    def degrees(self) -> np.ndarray:
        """How many neighbours each grid has; 0 for an island."""
        return np.bincount(self.pairs[:, 0], minlength=self.number)

    @cached_property
    def matrix(self) -> csr_array:
        """Binary, among the grids that have neighbours, in their order."""
        tied = np.flatnonzero(self.degrees > 0)
        place = np.full(self.number, -1)
        place[tied] = np.arange(tied.size)
        rows, columns = place[self.pairs[:, 0]], place[self.pairs[:, 1]]
        ones = np.ones(len(rows), dtype=np.int64)
        return csr_array((ones, (rows, columns)), shape=(tied.size, tied.size))

    @cached_property
    def graph(self) -> Any:
        """The same for PySAL."""
        from libpysal.graph import Graph

        return Graph.from_sparse(self.matrix)

    @cached_property
    def lists(self) -> list[list[int]]:
        """Neighbours of each grid by number."""
        found: list[list[int]] = [[] for _ in range(self.number)]
        for one, other in self.pairs.tolist():
            found[one].append(other)
        return found


def neighbours(outlines: Sequence[shapely.Geometry | None]) -> Neighbours:
    """Neighbours among outlines in WGS-84 (lon, lat) degrees: they share a border or a corner, to within 2 m.

    An outline that is missing or empty is an island. A grid with more than ``MOST_NEIGHBOURS`` keeps those
    whose middles are nearest, so being neighbours need not be mutual there.
    """
    number = len(outlines)
    there = [n for n, shape in enumerate(outlines) if shape is not None and not shape.is_empty]
    if len(there) < 2:
        return Neighbours(number, np.empty((0, 2), dtype=int))
    shapes = _in_metres([outlines[n] for n in there])
    from libpysal.graph import Graph

    graph = Graph.build_fuzzy_contiguity(geopandas.GeoSeries(shapes), buffer=TOUCH_METRES / 2)
    edges = graph.adjacency[graph.adjacency != 0].index
    pairs = np.array([edges.get_level_values(0), edges.get_level_values(1)], dtype=int).T
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    pairs = _nearest(pairs, shapely.centroid(np.array(shapes, dtype=object)))
    return Neighbours(number, np.array(there, dtype=int)[pairs])


def _in_metres(shapes: Sequence[Any]) -> list[shapely.Geometry]:
    """A plane good enough to say what touches: metres east and north, scaled at the middle latitude."""
    middle = np.mean([shapely.bounds(shape)[[1, 3]].mean() for shape in shapes])
    scale = np.array([METRES_PER_DEGREE * math.cos(math.radians(float(middle))), METRES_PER_DEGREE])
    return [shapely.transform(shape, lambda points: points * scale) for shape in shapes]


def _nearest(pairs: np.ndarray, middles: np.ndarray) -> np.ndarray:
    """Only the nearest ``MOST_NEIGHBOURS`` of each, where it has more."""
    far = shapely.distance(middles[pairs[:, 0]], middles[pairs[:, 1]])
    order = np.lexsort((far, pairs[:, 0]))
    ordered = pairs[order]
    first = np.searchsorted(ordered[:, 0], ordered[:, 0])
    rank = np.arange(len(ordered)) - first
    return ordered[rank < MOST_NEIGHBOURS]


def together(members: Sequence[int], near: Sequence[Sequence[int]]) -> list[list[int]]:
    """``members`` in groups that hang together; each group in the members' order, as the groups are."""
    left = dict.fromkeys(members)
    groups = []
    for start in members:
        if start not in left:
            continue
        group, waiting = [], [start]
        left.pop(start)
        while waiting:
            one = waiting.pop()
            group.append(one)
            for other in near[one]:
                if other in left:
                    left.pop(other)
                    waiting.append(other)
        rank = {member: place for place, member in enumerate(members)}
        groups.append(sorted(group, key=rank.__getitem__))
    return groups
