"""What one can do to a coverage. Each gives another coverage, or raises :class:`Impossible`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from . import cleaning, lattice, noding
from .coverage import Coverage, Key, Label, Origin, Retired
from .lattice import Cell, Edge, Point, Ring
from .reasons import Impossible, Reason

Operation = Mapping[str, Any]
#: Units by which a new corner may be off the outline and still count as on it.
_ON_OUTLINE = 1.0
LONGEST_CODE, LONGEST_NAME = 40, 80


# --- Corners -------------------------------------------------------------------------------------
def move(coverage: Coverage, operation: Operation) -> Coverage:
    """Move a corner in every grid that has it."""
    start, end = lattice.point(operation.get("from")), lattice.point(operation.get("to"))
    mine = {key: cell for key, cell in coverage.cells.items() if cell.has(start)}
    if not any(isinstance(key, str) for key in mine):
        raise Impossible(Reason.NO_CORNER)
    if start == end:
        return coverage
    moves_outline = _on_outline(mine, start) and not _slides(mine, start, end)
    if moves_outline:
        _may_move_outline(operation)
    changed = {
        key: _rebuilt(key, cell, lambda corner: [end if corner == start else corner])
        for key, cell in mine.items()
    }
    laid = [(end, other) for edge in _edges_at(mine, start) for other in edge if other not in (start, end)]
    return _finished(coverage, changed, laid, outline_moved=moves_outline)


def insert(coverage: Coverage, operation: Operation) -> Coverage:
    """Give an edge a new corner, in both grids that share it."""
    ends = operation.get("edge")
    if not isinstance(ends, list | tuple) or len(ends) != 2:
        raise Impossible(Reason.MALFORMED, what="edge")
    start, end, place = lattice.point(ends[0]), lattice.point(ends[1]), lattice.point(operation.get("at"))
    near = coverage.near(lattice.bounds_of([start, end]))
    mine = {
        key: cell for key, cell in near.items() if (start, end) in cell.edges or (end, start) in cell.edges
    }
    if not any(isinstance(key, str) for key in mine):
        raise Impossible(Reason.NO_EDGE)
    if place in (start, end):
        raise Impossible(Reason.CORNER_THERE)
    off = shapely.distance(shapely.LineString([start, end]), shapely.Point(place)) > _ON_OUTLINE
    moves_outline = len(mine) == 1 and bool(off)
    if moves_outline:
        _may_move_outline(operation)
    nodes = {lattice.undirected(start, end): [place]}
    changed: dict[Key, Cell | None] = dict(noding.with_nodes(mine, nodes))
    return _finished(coverage, changed, [(start, place), (place, end)], outline_moved=moves_outline)


def remove(coverage: Coverage, operation: Operation) -> Coverage:
    """Take a corner out of the one border it is on."""
    place = lattice.point(operation.get("at"))
    mine = {key: cell for key, cell in coverage.cells.items() if cell.has(place)}
    if not any(isinstance(key, str) for key in mine):
        raise Impossible(Reason.NO_CORNER)
    beside = {other for edge in _edges_at(mine, place) for other in edge if other != place}
    if len(beside) != 2:
        raise Impossible(Reason.JUNCTION)
    one, other = sorted(beside)
    bends = shapely.distance(shapely.LineString([one, other]), shapely.Point(place)) > _ON_OUTLINE
    moves_outline = _on_outline(mine, place) and bool(bends)
    if moves_outline:
        _may_move_outline(operation)
    changed = {
        key: _rebuilt(key, cell, lambda corner: [] if corner == place else [corner])
        for key, cell in mine.items()
    }
    return _finished(coverage, changed, [(one, other)], outline_moved=moves_outline)


# --- Whole grids ---------------------------------------------------------------------------------
def draw(coverage: Coverage, operation: Operation) -> Coverage:
    """A new grid (or the ground of one without), cut out of what is under it."""
    code, label = _newcomer(coverage, operation)
    ring = _ring(operation.get("ring"))
    near = coverage.near(lattice.bounds_of(ring))
    if not near:
        raise Impossible(Reason.RING_OUTSIDE)
    line, bent = noding.thread([*ring, ring[0]], coverage.cells, near)
    area = shapely.Polygon(line)
    if not area.is_valid or not area.area:
        raise Impossible(Reason.RING_CROSSES_ITSELF)
    edges = set(pairwise(line))
    changed: dict[Key, Cell | None] = dict(bent)
    taken: list[BaseGeometry] = []
    under: list[Key] = []
    for key in sorted(coverage.near(area.bounds), key=str):
        cell = bent.get(key) or coverage.cells[key]
        inside, rest = _cut(cell, edges, area)
        if not inside:
            continue
        taken += inside
        under.append(key)
        changed[key] = _what_is_left(key, cell, rest)
    if not taken:
        raise Impossible(Reason.RING_OUTSIDE)
    drawn = lattice.joined(taken)
    if drawn.geom_type != "Polygon":
        raise Impossible(Reason.RING_IN_PIECES)
    changed[code] = Cell(drawn)
    known = code in coverage.labels
    return coverage.with_cells(
        changed,
        touched=[*under, code],
        labels={**coverage.labels, code: coverage.labels[code] if known else label},
        added=coverage.added if known else {**coverage.added, code: Origin("draw")},
    )


def split(coverage: Coverage, operation: Operation) -> Coverage:
    """Cut a grid in two along a line; one piece keeps its code, the other is a new grid."""
    old = _grid(coverage, operation.get("grid"))
    code, label = _newcomer(coverage, operation)
    if code in coverage.labels:
        raise Impossible(Reason.CODE_TAKEN, code=code)
    keep = operation.get("keep", "larger")
    same_members = operation.get("same_members", True)
    if keep not in ("left", "right", "larger") or not isinstance(same_members, bool):
        raise Impossible(Reason.MALFORMED, what="keep")
    line = lattice.points(operation.get("line"))
    if len(line) < 2:
        raise Impossible(Reason.LINE_SHORT)
    line, bent = noding.thread(line, coverage.cells, [old])
    if not shapely.LineString(line).is_simple:
        raise Impossible(Reason.LINE_CROSSES_ITSELF)
    cell = bent.get(old) or coverage.cells[old]
    cut = _the_cut(old, cell, line)
    left, right, others = _halves(old, cell, cut)
    kept, new = (right, left) if keep == "right" else (left, right)
    if keep == "larger" and right.area > left.area:
        kept, new = right, left
    # Parts of the grid elsewhere stay with the piece that keeps the code.
    whole = Cell(shapely.MultiPolygon([kept, *others]) if others else kept)
    return coverage.with_cells(
        {**bent, old: whole, code: Cell(new)},
        touched=[old, code],
        labels={**coverage.labels, code: label},
        added={**coverage.added, code: _origin(coverage, old, same_members)},
    )


def merge(coverage: Coverage, operation: Operation) -> Coverage:
    """Make one grid of several that border on each other; the others are retired."""
    codes = operation.get("grids")
    if not isinstance(codes, list | tuple):
        raise Impossible(Reason.MALFORMED, what="grids")
    merged = list(dict.fromkeys(_grid(coverage, code) for code in codes))
    into, same_members = operation.get("into"), operation.get("same_members", False)
    if not isinstance(same_members, bool):
        raise Impossible(Reason.MALFORMED, what="same_members")
    if len(merged) < 2:
        raise Impossible(Reason.MERGE_ONE)
    if into not in merged:
        raise Impossible(Reason.MERGE_INTO, grid=str(into))
    _must_touch(coverage, merged)
    whole = lattice.joined(coverage.cells[code].shape for code in merged)
    gone = [code for code in merged if code != into]
    changed: dict[Key, Cell | None] = dict.fromkeys(gone)
    changed[into] = Cell(whole)
    labels = {code: label for code, label in coverage.labels.items() if code not in gone}
    # A grid that was only made in this very save leaves no trace; one merged earlier follows the survivor.
    retired = {
        code: replace(end, into=into) if end.into in gone else end for code, end in coverage.retired.items()
    }
    retired |= {code: Retired(into, same_members) for code in gone if code not in coverage.added}
    return coverage.with_cells(
        changed,
        touched=merged,
        labels=labels | {into: _counted_together(coverage, merged, into)},
        retired=retired,
        added={code: origin for code, origin in coverage.added.items() if code not in gone},
        taken=coverage.taken | set(gone),
    )


def rename(coverage: Coverage, operation: Operation) -> Coverage:
    """Another name, or another number of households; what is not said stays."""
    code = operation.get("grid")
    if not isinstance(code, str) or code not in coverage.labels:
        raise Impossible(Reason.UNKNOWN_GRID, grid=str(code))
    label = coverage.labels[code]
    name = _name(operation["name"]) if "name" in operation else label.name
    households = _households(operation["households"]) if "households" in operation else label.households
    labels = {**coverage.labels, code: Label(name, households)}
    return replace(coverage, labels=labels, touched=coverage.touched | {code})


OPERATIONS: dict[str, Callable[[Coverage, Operation], Coverage]] = {
    "move": move,
    "insert": insert,
    "remove": remove,
    "draw": draw,
    "split": split,
    "merge": merge,
    "rename": rename,
}


# --- Steps of moving corners -----------------------------------------------------------------------
def _rebuilt(key: Key, cell: Cell, corners: Callable[[Point], list[Point]]) -> Cell | None:
    """The cell with its corners replaced. A gap may vanish so; a grid may not, nor turn inside out."""
    parts: list[list[Ring]] = []
    for part in cell.parts:
        rings = [tuple(_closed(place for corner in ring for place in corners(corner))) for ring in part]
        if len(rings[0]) < 3 and isinstance(key, int):
            continue  # closed up
        parts.append([ring for ring in rings if len(ring) >= 3] if len(rings[0]) >= 3 else rings)
    if not parts:
        return None
    rebuilt = Cell.of_parts(parts)
    if rebuilt is None:
        raise Impossible(Reason.CROSSES, grids=[key] if isinstance(key, str) else [])
    return rebuilt


def _closed(corners: Iterable[Point]) -> list[Point]:
    ring = lattice.without_repeats(corners)
    while len(ring) > 1 and ring[0] == ring[-1]:
        ring.pop()
    return ring


def _finished(
    coverage: Coverage, changed: dict[Key, Cell | None], laid: list[Edge], *, outline_moved: bool
) -> Coverage:
    """Share what the new edges touch, prove it, and keep off other communities' ground."""
    there = {key: cell for key, cell in changed.items() if cell is not None}
    gone: dict[Key, Cell | None] = {key: None for key, cell in changed.items() if cell is None}
    others = {key: cell for key, cell in coverage.cells.items() if key not in gone}
    noded = noding.node_exactly(others, there, laid)
    after = coverage.with_cells(
        {**noded, **gone},
        touched=changed,
        outline_moved=coverage.outline_moved or outline_moved,
    )
    if outline_moved:
        _keep_off_neighbours(coverage, after, list(changed))
    return after


def _keep_off_neighbours(before: Coverage, after: Coverage, keys: list[Key]) -> None:
    old = shapely.union_all([before.cells[key].shape for key in keys if key in before.cells])
    new = shapely.union_all([after.cells[key].shape for key in keys if key in after.cells])
    grown = shapely.difference(new, old)
    for name, ground in before.around:
        if cleaning.thick(shapely.intersection(grown, ground)):
            raise Impossible(Reason.FOREIGN, area=name)


def _edges_at(cells: Mapping[Key, Cell], place: Point) -> set[Edge]:
    return {edge for cell in cells.values() for edge in cell.edges if place in edge}


def _on_outline(cells: Mapping[Key, Cell], place: Point) -> bool:
    edges = _edges_at(cells, place)
    return any((end, start) not in edges for start, end in edges)


def _slides(cells: Mapping[Key, Cell], start: Point, end: Point) -> bool:
    """Whether a corner stays on the straight piece of outline it is on: where two grids meet the outline."""
    edges = _edges_at(cells, start)
    beside = [other for edge in edges if edge[::-1] not in edges for other in edge if other != start]
    if len(beside) != 2:
        return False
    straight = shapely.LineString(beside)
    return all(shapely.distance(straight, shapely.Point(place)) <= _ON_OUTLINE for place in (start, end))


def _may_move_outline(operation: Operation) -> None:
    if operation.get("outline") is not True:
        raise Impossible(Reason.OUTLINE)


# --- Steps of cutting ------------------------------------------------------------------------------
def _cut(cell: Cell, edges: set[Edge], area: BaseGeometry) -> tuple[list[BaseGeometry], list[BaseGeometry]]:
    """A cell's faces inside a ring and outside of it. The ring has been noded with the cell's border."""
    own = {lattice.undirected(*edge) for edge in cell.edges}
    within = [edge for edge in edges if lattice.undirected(*edge) not in own and _inside(cell, edge)]
    faces = [face for face in lattice.surface([*own, *within]) if _covers(cell.shape, face)]
    inside = [face for face in faces if _covers(area, face)]
    return inside, [face for face in faces if face not in inside]


def _covers(shape: BaseGeometry, face: BaseGeometry) -> bool:
    return bool(shapely.contains(shape, face.representative_point()))


def _inside(cell: Cell, edge: Edge) -> bool:
    (x0, y0), (x1, y1) = edge
    return bool(shapely.contains(cell.shape, shapely.Point((x0 + x1) / 2, (y0 + y1) / 2)))


def _what_is_left(key: Key, cell: Cell, rest: list[BaseGeometry]) -> Cell | None:
    """What a drawn grid leaves of the one under it: not nothing, and not more pieces than before."""
    if not rest:
        if isinstance(key, str):
            raise Impossible(Reason.VANISHES, grid=key)
        return None
    left = lattice.joined(rest)
    if isinstance(key, str) and len(shapely.get_parts(left)) > len(cell.parts):
        raise Impossible(Reason.FALLS_APART, grid=key)
    return Cell(left)


def _the_cut(grid: str, cell: Cell, line: list[Point]) -> list[Edge]:
    """The one piece of the line that runs through the grid from border to border."""
    chains: list[list[Edge]] = []
    for edge in pairwise(line):
        if edge in cell.edges or edge[::-1] in cell.edges:
            continue
        if not _inside(cell, edge):
            continue
        if chains and chains[-1][-1][1] == edge[0] and edge[0] not in cell.corners:
            chains[-1].append(edge)
        else:
            chains.append([edge])
    if not chains:
        raise Impossible(Reason.LINE_MISSES, grid=grid)
    if any(end not in cell.corners for chain in chains for end in (chain[0][0], chain[-1][1])):
        raise Impossible(Reason.LINE_ENDS_INSIDE, grid=grid)
    if len(chains) > 1:
        raise Impossible(Reason.LINE_CUTS_MORE, grid=grid)
    return chains[0]


def _origin(coverage: Coverage, old: str, same_members: bool) -> Origin:
    """Where the new piece came from; split off a grid that is itself new, from where that one came."""
    first = coverage.added.get(old)
    if first is None:
        return Origin("split", of=old, same_members=same_members)
    return replace(first, same_members=first.same_members and same_members)


def _halves(grid: str, cell: Cell, cut: list[Edge]) -> tuple[BaseGeometry, BaseGeometry, list[BaseGeometry]]:
    """What lies left of the cut, right of it, and the grid's other parts."""
    faces = [face for face in lattice.surface([*cell.edges, *cut]) if _covers(cell.shape, face)]
    ahead, back = set(cut), {(end, start) for start, end in cut}
    left = [face for face in faces if ahead & Cell(face).edges]
    right = [face for face in faces if back & Cell(face).edges]
    if len(left) != 1 or len(right) != 1 or left[0] is right[0]:
        raise Impossible(Reason.LINE_CUTS_NOTHING, grid=grid)
    return left[0], right[0], [face for face in faces if face not in (left[0], right[0])]


def _must_touch(coverage: Coverage, codes: list[str]) -> None:
    reached, rest = {codes[0]}, set(codes[1:])
    while rest:
        border = {(end, start) for code in reached for start, end in coverage.cells[code].edges}
        beside = {code for code in rest if border & coverage.cells[code].edges}
        if not beside:
            raise Impossible(Reason.MERGE_APART, grids=sorted(rest))
        reached |= beside
        rest -= beside


# --- Reading operations ----------------------------------------------------------------------------
def _grid(coverage: Coverage, code: Any) -> str:
    if not isinstance(code, str) or code not in coverage.labels:
        raise Impossible(Reason.UNKNOWN_GRID, grid=str(code))
    if code not in coverage.cells:
        raise Impossible(Reason.NO_GROUND, grid=code)
    return code


def _newcomer(coverage: Coverage, operation: Operation) -> tuple[str, Label]:
    """Code and name of a new grid; drawing may name a known one that has no ground yet."""
    code = operation.get("code")
    code = code.strip() if isinstance(code, str) else ""
    if not code:
        raise Impossible(Reason.CODE_MISSING)
    if len(code) > LONGEST_CODE:
        raise Impossible(Reason.CODE_TOO_LONG, length=LONGEST_CODE)
    if code in coverage.cells or (code in coverage.taken and code not in coverage.labels):
        raise Impossible(Reason.CODE_TAKEN, code=code)
    if code in coverage.labels:
        return code, coverage.labels[code]
    return code, Label(_name(operation.get("name")), _households(operation.get("households")))


def _name(name: Any) -> str:
    name = name.strip() if isinstance(name, str) else ""
    if not name:
        raise Impossible(Reason.NAME_MISSING)
    if len(name) > LONGEST_NAME:
        raise Impossible(Reason.NAME_TOO_LONG, length=LONGEST_NAME)
    return name


def _households(number: Any) -> int | None:
    if number is None:
        return None
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= 1_000_000:
        raise Impossible(Reason.HOUSEHOLDS)
    return number


def _ring(positions: Any) -> list[Point]:
    ring = _closed(lattice.points(positions))
    if len(ring) < 3:
        raise Impossible(Reason.RING_SHORT)
    return ring


def _counted_together(coverage: Coverage, merged: list[str], into: str) -> Label:
    """The survivor's name; the households of all, if each is known."""
    counts = [coverage.labels[code].households for code in merged]
    known = [count for count in counts if count is not None]
    return Label(coverage.labels[into].name, sum(known) if len(known) == len(counts) else None)
