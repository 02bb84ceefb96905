"""After any sequence of edits the grids of a community are valid, do not overlap, and leave no gap."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from grid.locate import AMBIGUOUS, INSIDE, SNAPPED, UNPLACED, GridCell, Locator
from grid.topology import Coverage, Impossible
from tests.grid.communities import BLOCK, PLANS, UNITS, Community, assert_tiled, circle, community, degrees

#: Metres. Borders led through new corners may leave the stored outline by less.
SNAP_METRES = 0.05


class Editor:
    """Somebody who tries things on the map. What is refused leaves everything as it was."""

    def __init__(self, made: Community, grids: dict[str, BaseGeometry] | None = None) -> None:
        self.made = made
        self.coverage = Coverage.build(grids or made.grids, made.outline)
        self.may_gape = bool(self.coverage.gaps)
        self.numbers, self.prefix = itertools.count(1), "n"
        self.operations: list[dict[str, Any]] = []
        self.tried: Counter[tuple[str, str]] = Counter()

    def try_out(self, operation: dict[str, Any]) -> bool:
        before = self.coverage.geometries()
        try:
            after = self.coverage.apply(operation)
        except Impossible as impossible:
            self.tried[operation["do"], impossible.reason] += 1
            assert self.coverage.geometries() == before
            return False
        self.tried[operation["do"], "done"] += 1
        self.operations.append(operation)
        self.coverage = after
        return True

    def corner(self, pick: int) -> tuple[int, int]:
        corners = sorted({corner for cell in self.coverage.cells.values() for corner in cell.corners})
        return corners[pick % len(corners)]

    def edge(self, pick: int) -> tuple[tuple[int, int], tuple[int, int]]:
        edges = sorted({edge for cell in self.coverage.cells.values() for edge in cell.edges})
        return edges[pick % len(edges)]

    def grid(self, pick: int) -> str:
        return self.coverage.codes[pick % len(self.coverage.codes)]

    def beside(self, code: str, pick: int) -> str | None:
        border = {(end, start) for start, end in self.coverage.cells[code].edges}
        near = [one for one in self.coverage.codes if border & self.coverage.cells[one].edges]
        return near[pick % len(near)] if near else None

    def move(self, pick: int, aside: tuple[int, int]) -> bool:
        x, y = self.corner(pick)
        return self.try_out({"do": "move", "from": lonlat(x, y), "to": lonlat(x + aside[0], y + aside[1])})

    def move_onto(self, pick: int, other: int) -> bool:
        """Onto another corner, as snapping does."""
        return self.try_out(
            {"do": "move", "from": lonlat(*self.corner(pick)), "to": lonlat(*self.corner(other))}
        )

    def insert(self, pick: int, share: float, aside: int) -> bool:
        (x0, y0), (x1, y1) = self.edge(pick)
        place = (round(x0 + (x1 - x0) * share) + aside, round(y0 + (y1 - y0) * share) - aside)
        return self.try_out({"do": "insert", "edge": [lonlat(x0, y0), lonlat(x1, y1)], "at": lonlat(*place)})

    def remove(self, pick: int) -> bool:
        return self.try_out({"do": "remove", "at": lonlat(*self.corner(pick))})

    def split(self, pick: int, angle: float, off: int, bend: int, keep: str) -> bool:
        code = self.grid(pick)
        middle = self.coverage.cells[code].shape.representative_point()
        x, y = middle.x - off * math.sin(angle), middle.y + off * math.cos(angle)
        far = 6 * BLOCK
        line = [
            (x - far * math.cos(angle), y - far * math.sin(angle)),
            (x - bend * math.sin(angle), y + bend * math.cos(angle)),
            (x + far * math.cos(angle), y + far * math.sin(angle)),
        ]
        return self.try_out(
            {"do": "split", "grid": code, "line": [lonlat(*place) for place in line], "keep": keep}
            | self.new()
        )

    def draw(self, pick: int, radius: int, corners: int, turn: float) -> bool:
        x, y = self.corner(pick)
        return self.try_out({"do": "draw", "ring": circle(x, y, radius, corners, turn)} | self.new())

    def split_between(self, pick: int, one: int, other: int, over: int) -> bool:
        """From corner to corner, as snapping does; perhaps over a corner of another grid."""
        code = self.grid(pick)
        own = sorted(self.coverage.cells[code].corners)
        line = [own[one % len(own)], self.corner(over), own[other % len(own)]]
        if over % 3:
            del line[1]
        return self.try_out(
            {"do": "split", "grid": code, "line": [lonlat(*place) for place in line]} | self.new()
        )

    def draw_through(self, pick: int, reach: int) -> bool:
        """A ring through corners that are there already, around one of them."""
        x, y = self.corner(pick)
        everywhere = {corner for cell in self.coverage.cells.values() for corner in cell.corners}
        near = [corner for corner in sorted(everywhere) if abs(corner[0] - x) + abs(corner[1] - y) < reach]
        ring = sorted(near[:: max(1, len(near) // 6)], key=lambda at: math.atan2(at[1] - y, at[0] - x))
        return self.try_out({"do": "draw", "ring": [lonlat(*place) for place in ring]} | self.new())

    def merge(self, pick: int, other: int) -> bool:
        code = self.grid(pick)
        beside = self.beside(code, other) or self.grid(other)
        return self.try_out({"do": "merge", "grids": [code, beside], "into": code})

    def new(self) -> dict[str, str]:
        code = f"{self.prefix}{next(self.numbers)}"
        return {"code": code, "name": code}

    def assert_sound(self) -> None:
        """Tiled on the lattice, with what was a gap from the beginning and is not filled yet."""
        assert set(self.coverage.labels) == set(self.coverage.codes)
        assert_tiled(self.coverage.geometries().values(), self.made.outline, gaps=self.gaps())

    def gaps(self) -> list[BaseGeometry]:
        assert self.may_gape or not self.coverage.gaps
        return [degrees(self.coverage.cells[gap].shape) for gap in self.coverage.gaps]

    def assert_located(self, rng: random.Random, number: int = 60) -> None:
        """What a locator says of points agrees with the borders."""
        grids = self.coverage.geometries()
        cells = [GridCell(index, code, code, grids[code]) for index, code in enumerate(grids)]
        locator = Locator(cells, snap_metres=SNAP_METRES)
        outline, gaps = self.made.outline, self.gaps()
        west, south, east, north = outline.bounds
        places = [
            shapely.Point(rng.uniform(west - 1e-3, east + 1e-3), rng.uniform(south - 1e-3, north + 1e-3))
            for _place in range(number)
        ]
        places += [
            shapely.Point(lonlat(*self.corner(rng.randrange(10**6)))) for _corner in range(number // 4)
        ]
        for place in places:
            located = locator.locate(place.x, place.y)
            over = [code for code, shape in grids.items() if shapely.intersects(shape, place)]
            assert located.placed == {0: located.placed, 1: INSIDE}.get(len(over), AMBIGUOUS)
            if over:
                assert located.code == min(over)
            far = shapely.distance(outline.boundary, place) > 1e-6
            if far and shapely.contains(outline, place):
                gape = any(shapely.intersects(gap, place) for gap in gaps)
                assert over or gape, "a point of the community in no grid"
            elif far:
                assert (located.placed, located.code) == (UNPLACED, "")
            elif not over:
                assert located.placed in (SNAPPED, UNPLACED)


def lonlat(x: float, y: float) -> list[float]:
    return [x / UNITS, y / UNITS]


picks = st.integers(0, 10**6)
angles = st.floats(0, 2 * math.pi, allow_nan=False)
small = st.integers(-40, 40)
medium = st.integers(-BLOCK // 3, BLOCK // 3)
keeps = st.sampled_from(["left", "right", "larger"])
asides = st.tuples(small | medium, small | medium)


class AnyEdits(RuleBasedStateMachine):
    """Whatever somebody does to whichever community."""

    @initialize(
        plan=st.sampled_from(sorted(PLANS)),
        seed=st.integers(0, 50),
        corners=st.integers(0, 5),
        missing=st.sampled_from(["", "", "a", "d"]),
    )
    def begin(self, plan: str, seed: int, corners: int, missing: str) -> None:
        made = community(plan, seed=seed, corners=corners)
        grids = {code: shape for code, shape in made.grids.items() if code != missing or len(made.grids) == 1}
        self.editor = Editor(made, grids)

    @rule(pick=picks, aside=asides)
    def move(self, pick: int, aside: tuple[int, int]) -> None:
        self.editor.move(pick, aside)

    @rule(pick=picks, other=picks)
    def move_onto(self, pick: int, other: int) -> None:
        self.editor.move_onto(pick, other)

    @rule(pick=picks, share=st.floats(0, 1), aside=small)
    def insert(self, pick: int, share: float, aside: int) -> None:
        self.editor.insert(pick, share, aside)

    @rule(pick=picks)
    def remove(self, pick: int) -> None:
        self.editor.remove(pick)

    @rule(
        pick=picks,
        angle=angles,
        off=small | medium,
        bend=medium,
        keep=keeps,
    )
    def split(self, pick: int, angle: float, off: int, bend: int, keep: str) -> None:
        self.editor.split(pick, angle, off, bend, keep)

    @rule(pick=picks, radius=st.integers(3, BLOCK), corners=st.integers(3, 9), turn=angles)
    def draw(self, pick: int, radius: int, corners: int, turn: float) -> None:
        self.editor.draw(pick, radius, corners, turn)

    @rule(pick=picks, one=picks, other=picks, over=picks)
    def split_between(self, pick: int, one: int, other: int, over: int) -> None:
        self.editor.split_between(pick, one, other, over)

    @rule(pick=picks, reach=st.integers(1000, 2 * BLOCK))
    def draw_through(self, pick: int, reach: int) -> None:
        self.editor.draw_through(pick, reach)

    @rule(pick=picks, other=picks)
    def merge(self, pick: int, other: int) -> None:
        self.editor.merge(pick, other)

    @invariant()
    def sound(self) -> None:
        if hasattr(self, "editor"):
            self.editor.assert_sound()

    def teardown(self) -> None:
        if hasattr(self, "editor"):
            self.editor.assert_located(random.Random(7))


TestAnyEdits = AnyEdits.TestCase
TestAnyEdits.settings = settings(
    max_examples=45,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def a_long_day(editor: Editor, rng: random.Random, turns: int, reach: int) -> None:
    """Many edits in a row, of every kind, each looked at."""

    def any_one() -> int:
        return rng.randrange(10**6)

    def aside() -> int:
        return rng.randint(-reach, reach)

    for _turn in range(turns):
        match rng.choice(["move", "move", "insert", "remove", "split", "split", "draw", "merge"]):
            case "move":
                editor.move(any_one(), (aside(), aside()))
            case "insert":
                editor.insert(any_one(), rng.random(), rng.randint(-30, 30))
            case "remove":
                editor.remove(any_one())
            case "split":
                editor.split(any_one(), rng.uniform(0, 6.28), aside(), aside(), "left")
            case "draw":
                editor.draw(any_one(), rng.randint(500, 3 * reach), rng.randint(3, 8), rng.uniform(0, 6))
            case "merge":
                editor.merge(any_one(), any_one())
        editor.assert_sound()
    editor.assert_located(rng, 200)


def done(editor: Editor) -> Counter[str]:
    counted: Counter[str] = Counter()
    for (do, outcome), times in editor.tried.items():
        if outcome == "done":
            counted[do] += times
    return counted


@pytest.mark.parametrize("plan", sorted(PLANS))
def test_a_long_day_of_edits_leaves_every_community_whole(plan):
    """Counted, so that it cannot pass by everything being refused."""
    editor = Editor(community(plan, seed=3))
    a_long_day(editor, random.Random(plan), turns=60, reach=3000)
    assert set(done(editor)) >= {"move", "insert", "split", "draw", "merge"}, editor.tried
    assert done(editor).total() >= 20, editor.tried


@pytest.mark.realdata
def test_edits_leave_the_real_subdistricts_of_beijing_whole(real_data):
    """111 subdistricts as the grids of one community, 16,000 corners."""
    shapes = subdistricts(real_data / "beijing_subdistricts_utm50n.gpkg")
    grids = {f"{number:03}": shape for number, shape in enumerate(shapes)}
    built = Coverage.build(grids, None)
    assert [problem.kind for problem in built.problems()] == ["no_outline"]
    outline = built.outline()
    assert outline is not None
    assert shapely.symmetric_difference(shapely.union_all(shapes), outline).area < 1e-6 * outline.area
    editor = Editor(Community(built.geometries(), outline))
    a_long_day(editor, random.Random(111), turns=16, reach=6000)
    assert set(done(editor)) >= {"move", "insert", "split", "draw", "merge"}, editor.tried


def subdistricts(file: Path) -> list[BaseGeometry]:
    """In WGS-84 degrees."""
    _meta, _ids, wkb, _fields = pyogrio.raw.read(file)
    to_wgs84 = Transformer.from_crs("EPSG:32650", "EPSG:4326", always_xy=True)
    return list(
        shapely.transform(
            shapely.force_2d(shapely.from_wkb(wkb)), lambda xy: np.stack(to_wgs84.transform(*xy.T), axis=1)
        )
    )
