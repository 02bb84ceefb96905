"""Making lines meet in corners: where a new line crosses a border, both get a corner there.

A crossing hardly ever lies on the lattice. Its nearest lattice point does, and the border is led through it:
it moves by less than a unit (1 cm), in every grid that shares it. That may bring it across something else,
so this is repeated until nothing crosses any more.
"""

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from itertools import pairwise
from typing import TypeVar

import numpy as np

from .lattice import Cell, Edge, Point, Ring, bounds_of, pairs, undirected, without_repeats
from .reasons import Impossible, Reason

Key = TypeVar("Key", bound=Hashable)
#: A line's own points this near (units) to a corner or border are meant to be on it.
SNAP = 2.0
_ROUNDS = 12


def thread(
    line: list[Point], cells: Mapping[Key, Cell], borders: Iterable[Key]
) -> tuple[list[Point], dict[Key, Cell]]:
    """Node a line with the borders of some of the cells.

    Gives the line with a corner wherever it meets one of those borders, and all cells (also the other ones)
    that have new corners now. What is between two corners of the line then crosses no border: it lies on
    one side or runs along it. Raises :class:`Impossible` where things lie too close to keep them apart.
    """
    now, borders = dict(cells), list(borders)
    changed: dict[Key, Cell] = {}
    for turn in range(_ROUNDS):
        edges = _Edges({undirected(*edge) for key in borders for edge in now[key].edges}, bounds_of(line))
        nodes: dict[Edge, set[Point]] = defaultdict(set)
        snapped = without_repeats(edges.snap(place, SNAP if turn == 0 else 1.0, nodes) for place in line)
        threaded = without_repeats(_crossed(snapped, edges, nodes))
        if threaded == line and not nodes:
            return line, changed
        line = threaded
        bent = with_nodes(now, nodes)
        now |= bent
        changed |= bent
    raise Impossible(Reason.TOO_CLOSE)


def _crossed(line: list[Point], edges: "_Edges", nodes: dict[Edge, set[Point]]) -> Iterable[Point]:
    yield line[0]
    for start, end in pairwise(line):
        yield from edges.met(start, end, nodes)
        yield end


def with_nodes(cells: Mapping[Key, Cell], nodes: Mapping[Edge, Iterable[Point]]) -> dict[Key, Cell]:
    """The cells that have one of these (undirected) edges, with the new corners on it."""
    changed: dict[Key, Cell] = {}
    wanted = {edge: [place for place in places if place not in edge] for edge, places in nodes.items()}
    wanted = {edge: places for edge, places in wanted.items() if places}
    if not wanted:
        return changed
    for key, cell in cells.items():
        mine = [edge for edge in wanted if edge in cell.edges or (edge[1], edge[0]) in cell.edges]
        if mine:
            parts = [[_longer(ring, wanted) for ring in part] for part in cell.parts]
            longer = Cell.of_parts(parts)
            if longer is None:
                raise Impossible(Reason.TOO_CLOSE)
            changed[key] = longer
    return changed


def _longer(ring: Ring, nodes: Mapping[Edge, list[Point]]) -> Ring:
    longer: list[Point] = []
    for start, end in pairs(ring):
        longer.append(start)
        along = (end[0] - start[0], end[1] - start[1])
        longer += sorted(
            nodes.get(undirected(start, end), ()),
            key=lambda place: (place[0] - start[0]) * along[0] + (place[1] - start[1]) * along[1],
        )
    return tuple(longer)


def node_exactly(cells: Mapping[Key, Cell], changed: dict[Key, Cell], new: Iterable[Edge]) -> dict[Key, Cell]:
    """After edges were laid anew: corners exactly on them, and their ends exactly on others, become shared.

    Rare (somebody moved a corner exactly onto a border), and needed: two grids that touch in a point must
    both have a corner there.
    """
    new = list(new)
    if not new:
        return changed
    around = bounds_of(place for edge in new for place in edge)
    now = {key: changed.get(key, cell) for key, cell in cells.items()} | changed
    near = {key: cell for key, cell in now.items() if cell.near(around)}
    edges = _Edges({undirected(*edge) for cell in near.values() for edge in cell.edges}, around)
    nodes: dict[Edge, set[Point]] = defaultdict(set)
    for start, end in new:
        nodes[undirected(start, end)].update(edges.corners_on(start, end))
        for place in (start, end):
            for edge in edges.through(place):
                nodes[edge].add(place)
    return changed | with_nodes(near, nodes)


class _Edges:
    """Undirected edges near some place, in arrays. Differences stay below 2**31, so products are exact."""

    def __init__(self, edges: set[Edge], bounds: tuple[int, int, int, int], reach: int = 4) -> None:
        found = np.array([(*start, *end) for start, end in edges], dtype=np.int64).reshape(-1, 4)
        west, south, east, north = bounds
        near = (
            (np.minimum(found[:, 0], found[:, 2]) <= east + reach)
            & (np.maximum(found[:, 0], found[:, 2]) >= west - reach)
            & (np.minimum(found[:, 1], found[:, 3]) <= north + reach)
            & (np.maximum(found[:, 1], found[:, 3]) >= south - reach)
        )
        found = found[near]
        self.start, self.end = found[:, :2], found[:, 2:]
        self.along = self.end - self.start
        self.length2 = np.maximum((self.along**2).sum(axis=1), 1)
        self.corners = np.unique(found.reshape(-1, 2), axis=0)
        self.known = set(map(tuple, self.corners.tolist()))

    def edge(self, index: int) -> Edge:
        return tuple(self.start[index].tolist()), tuple(self.end[index].tolist())  # type: ignore[return-value]

    def snap(self, place: Point, reach: float, nodes: dict[Edge, set[Point]]) -> Point:
        """The corner near a point of the line; or the border near it, which then gets a corner there."""
        if place in self.known or not len(self.start):
            return place
        apart = ((self.corners - place) ** 2).sum(axis=1)
        nearest = int(apart.argmin())
        if apart[nearest] <= reach**2:
            return _point(self.corners[nearest])
        share = np.clip(((place - self.start) * self.along).sum(axis=1) / self.length2, 0, 1)
        foot = self.start + self.along * share[:, None]
        away = ((foot - place) ** 2).sum(axis=1)
        nearest = int(away.argmin())
        if away[nearest] > reach**2:
            return place
        on_border = (round(float(foot[nearest][0])), round(float(foot[nearest][1])))
        if on_border not in self.known:
            nodes[self.edge(nearest)].add(on_border)
        return on_border

    def met(self, start: Point, end: Point, nodes: dict[Edge, set[Point]]) -> list[Point]:
        """What a piece of the line meets between its ends, in order. Crossed borders get a corner."""
        here, way = np.array(start), np.array((end[0] - start[0], end[1] - start[1]))
        length2 = int((way**2).sum())
        hits: set[Point] = set()
        offset = self.corners - here
        ahead = (offset * way).sum(axis=1)
        beside = way[0] * offset[:, 1] - way[1] * offset[:, 0]
        close = (ahead > 0) & (ahead < length2) & (np.abs(beside) < math.sqrt(length2))
        hits.update(map(_point, self.corners[close]))
        one = way[0] * (self.start - here)[:, 1] - way[1] * (self.start - here)[:, 0]
        other = way[0] * (self.end - here)[:, 1] - way[1] * (self.end - here)[:, 0]
        back = self.along[:, 0] * (start[1] - self.start[:, 1]) - self.along[:, 1] * (
            start[0] - self.start[:, 0]
        )
        forth = self.along[:, 0] * (end[1] - self.start[:, 1]) - self.along[:, 1] * (
            end[0] - self.start[:, 0]
        )
        crossing = (np.sign(one) * np.sign(other) < 0) & (np.sign(back) * np.sign(forth) < 0)
        for index in np.flatnonzero(crossing):
            share = int(back[index]) / (int(back[index]) - int(forth[index]))
            place = (round(start[0] + int(way[0]) * share), round(start[1] + int(way[1]) * share))
            hits.add(place)
            nodes[self.edge(int(index))].add(place)
        hits -= {start, end}
        return sorted(
            hits, key=lambda hit: (hit[0] - start[0]) * int(way[0]) + (hit[1] - start[1]) * int(way[1])
        )

    def corners_on(self, start: Point, end: Point) -> list[Point]:
        """Corners exactly on the straight line between two points, the ends left out."""
        way, offset = (end[0] - start[0], end[1] - start[1]), self.corners - start
        ahead = offset[:, 0] * way[0] + offset[:, 1] * way[1]
        beside = way[0] * offset[:, 1] - way[1] * offset[:, 0]
        on = (beside == 0) & (ahead > 0) & (ahead < way[0] ** 2 + way[1] ** 2)
        return [_point(corner) for corner in self.corners[on]]

    def through(self, place: Point) -> list[Edge]:
        """Edges on which a point lies exactly, not as one of their ends."""
        offset = np.array(place) - self.start
        ahead = (offset * self.along).sum(axis=1)
        beside = self.along[:, 0] * offset[:, 1] - self.along[:, 1] * offset[:, 0]
        on = (beside == 0) & (ahead > 0) & (ahead < self.length2)
        return [self.edge(int(index)) for index in np.flatnonzero(on)]


def _point(corner: np.ndarray) -> Point:
    return int(corner[0]), int(corner[1])
