"""Stored borders that do not fit: what is thinner than a metre is mended, what is wider is reported."""

from __future__ import annotations

import random
from collections import defaultdict

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from grid.topology import Coverage, Impossible, Reason
from tests.grid.communities import PLANS, UNITS, assert_tiled, community, degrees, units

#: Lattice units; a metre is about 90.
LON, LAT, SIDE = 1_163_000_000, 399_000_000, 30_000


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """In degrees, from sides counted in blocks of 300 m."""
    return degrees(shapely.box(LON + west * SIDE, LAT + south * SIDE, LON + east * SIDE, LAT + north * SIDE))


def polygon(*corners: tuple[float, float]) -> shapely.Polygon:
    return degrees(shapely.Polygon([(LON + x * SIDE, LAT + y * SIDE) for x, y in corners]))


def place(x: float, y: float) -> list[float]:
    return [(LON + x * SIDE) / UNITS, (LAT + y * SIDE) / UNITS]


OUTLINE = box(0, 0, 2, 2)
WEST, EAST = box(0, 0, 1, 2), box(1, 0, 2, 2)
METRE = 90 / SIDE


def kinds(coverage: Coverage) -> list[tuple]:
    return [(problem.kind, problem.grids) for problem in coverage.problems()]


def test_a_corner_the_neighbour_lacks_is_shared():
    coverage = Coverage.build({"w": WEST, "a": box(1, 0, 2, 1), "b": box(1, 1, 2, 2)}, OUTLINE)
    assert not coverage.problems()
    assert shapely.get_num_coordinates(coverage.geometry("w")) == 6
    assert_tiled(coverage.geometries().values(), OUTLINE)
    moved = coverage.apply({"do": "move", "from": place(1, 1), "to": place(1.1, 1)})
    assert moved.touched == {"w", "a", "b"}
    assert_tiled(moved.geometries().values(), OUTLINE)


@pytest.mark.parametrize("width", [-0.9, -0.3, 0.02, 0.4, 0.9])
def test_a_sliver_between_two_grids_is_closed(width):
    """A gap when positive, an overlap when negative, in metres."""
    coverage = Coverage.build({"w": WEST, "e": box(1 + width * METRE, 0, 2, 2)}, OUTLINE)
    assert not coverage.problems()
    assert_tiled(coverage.geometries().values(), OUTLINE)
    assert len(coverage.codes) == 2


def test_a_corner_on_the_outline_stays_where_it_is_though_another_one_is_near():
    """A grid meets the outline 60 cm from a corner of it, and something else is in need of mending."""
    near = 1 + 0.6 * METRE
    grids = {
        "w": polygon((0, 0), (near, 0), (1, 2), (0, 2)),
        "e": polygon((near, 0), (2, 0), (2, 2), (1.0001, 2), (1, 2)),
    }
    outline = polygon((0, 0), (1, 0), (2, 0), (2, 2.0001), (0, 2.0001))
    coverage = Coverage.build(grids, outline)
    assert not coverage.problems()
    assert_tiled(coverage.geometries().values(), outline)
    assert tuple(place(near, 0)) in coverage.geometry("w").exterior.coords


def test_a_long_sliver_along_the_outline_is_shared_out_among_its_neighbours():
    grids = {f"g{number}": box(number, 0.5 * METRE, number + 1, 2) for number in range(4)}
    outline = box(0, 0, 4, 2)
    coverage = Coverage.build(grids, outline)
    assert not coverage.problems()
    assert_tiled(coverage.geometries().values(), outline)
    for code, shape in grids.items():
        assert shapely.hausdorff_distance(coverage.geometry(code), shape) < 1.5 * 90 / UNITS


def test_grids_that_stick_out_by_less_than_a_metre_end_at_the_outline():
    coverage = Coverage.build({"w": box(-0.6 * METRE, 0, 1, 2), "e": EAST}, OUTLINE)
    assert not coverage.problems()
    assert_tiled(coverage.geometries().values(), OUTLINE)


def test_a_real_gap_stays_and_is_reported_with_its_place():
    coverage = Coverage.build({"w": WEST, "e": box(1.1, 0, 2, 2)}, OUTLINE)
    (problem,) = coverage.problems()
    assert (problem.kind, problem.grids) == ("gap", ("e", "w"))
    assert shapely.contains(box(1, 0, 1.1, 2), shapely.Point(problem.place))
    assert problem.area == pytest.approx(33.4 * 667 * 0.767, rel=0.01)
    assert coverage.geometry("w").equals(WEST)


def test_a_gap_is_closed_by_moving_the_border_or_by_drawing_a_grid_there():
    coverage = Coverage.build({"w": WEST, "e": polygon((1.1, 0), (2, 0), (2, 2), (1, 2))}, OUTLINE)
    assert kinds(coverage) == [("gap", ("e", "w"))]
    ring = [place(0.9, -1), place(3, -1), place(3, 3), place(0.9, 3)]
    with pytest.raises(Impossible) as whole:
        coverage.apply({"do": "draw", "ring": ring, "code": "n", "name": "n"})
    assert whole.value.reason == Reason.VANISHES
    ring = [place(0.99, -0.1), place(1.2, -0.1), place(1.2, 1), place(0.99, 1.9)]
    drawn = coverage.apply({"do": "draw", "ring": ring, "code": "n", "name": "n"})
    assert drawn.codes == ["e", "n", "w"]
    slid = coverage.apply({"do": "move", "from": place(1.1, 0), "to": place(1, 0)})
    assert not slid.problems()
    assert not slid.gaps
    assert_tiled(slid.geometries().values(), OUTLINE)


def test_overlapping_ground_goes_to_the_smaller_code_and_is_reported():
    coverage = Coverage.build({"b": WEST, "a": box(0.8, 0, 2, 2)}, OUTLINE)
    (problem,) = coverage.problems()
    assert (problem.kind, problem.grids) == ("overlap", ("a", "b"))
    assert coverage.geometry("a").equals(box(0.8, 0, 2, 2))
    assert_tiled(coverage.geometries().values(), OUTLINE)


def test_a_grid_inside_another_one_keeps_its_ground():
    coverage = Coverage.build({"a": OUTLINE, "b": box(0.5, 0.5, 1, 1)}, OUTLINE)
    assert kinds(coverage) == [("overlap", ("b", "a"))]
    assert coverage.geometry("b").equals(box(0.5, 0.5, 1, 1))
    assert_tiled(coverage.geometries().values(), OUTLINE)


def test_of_two_grids_on_the_same_ground_one_is_without():
    coverage = Coverage.build({"a": OUTLINE, "b": OUTLINE, "c": None}, OUTLINE)
    assert kinds(coverage) == [("overlap", ("a", "b")), ("no_ground", ("b",)), ("no_ground", ("c",))]
    cut = {"do": "split", "grid": "b", "line": [place(0, 0), place(2, 2)], "code": "n", "name": "n"}
    for operation in (cut, {"do": "merge", "grids": ["a", "c"], "into": "a"}):
        with pytest.raises(Impossible) as none:
            coverage.apply(operation)
        assert none.value.reason == Reason.NO_GROUND
    ring = [place(0, 0), place(1, 0), place(1, 2), place(0, 2)]
    drawn = coverage.apply({"do": "draw", "ring": ring, "code": "c"})
    assert (drawn.geometry("c").equals(WEST), drawn.added) == (True, {})
    assert kinds(drawn) == [("overlap", ("a", "b")), ("no_ground", ("b",))]


def test_ground_outside_of_the_community_is_kept_and_reported():
    coverage = Coverage.build({"w": WEST, "e": box(1, 0, 2.5, 2)}, OUTLINE)
    assert kinds(coverage) == [("outside", ("e",))]
    assert coverage.geometry("e").equals(box(1, 0, 2.5, 2))


def test_a_damaged_ring_is_repaired():
    bow = polygon((0, 0), (1, 2), (1, 0), (0, 2))
    coverage = Coverage.build({"w": bow, "e": EAST}, OUTLINE)
    assert coverage.is_valid()
    assert {kind for kind, _grids in kinds(coverage)} == {"gap"}


def test_a_community_without_an_outline_takes_the_union_and_keeps_its_lake():
    made = community("around a lake")
    coverage = Coverage.build(made.grids, None)
    assert kinds(coverage) == [("no_outline", ())]
    assert_tiled(coverage.geometries().values(), made.outline)
    assert coverage.outline().equals(made.outline)


def test_nothing_at_all_is_a_coverage_too():
    assert not Coverage.build({}, None).problems()
    empty = Coverage.build({}, OUTLINE)
    assert kinds(empty) == [("gap", ())]
    ring = [place(-1, -1), place(3, -1), place(3, 3), place(-1, 3)]
    first = empty.apply({"do": "draw", "ring": ring, "code": "n", "name": "n"})
    assert first.geometry("n").equals(OUTLINE)
    assert not first.problems()


def shaken_by_hand(shape: BaseGeometry, rng: random.Random) -> BaseGeometry:
    """Each corner up to 20 cm aside; the same one, where a ring closes, by the same."""
    aside = defaultdict(lambda: (rng.randint(-18, 18), rng.randint(-18, 18)))
    return degrees(
        shapely.transform(
            units(shape), lambda xy: np.array([(x + aside[x, y][0], y + aside[x, y][1]) for x, y in xy])
        )
    )


@given(seed=st.integers(0, 10**6), plan=st.sampled_from(sorted(PLANS)))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_borders_drawn_twice_with_an_unsteady_hand_are_mended(seed, plan):
    """Every grid's corners shaken by up to 20 cm, each on its own: as if each had been surveyed alone."""
    made, rng = community(plan, seed=seed % 7), random.Random(seed)
    shaken = {code: shaken_by_hand(shape, rng) for code, shape in made.grids.items()}
    coverage = Coverage.build(shaken, made.outline)
    assert not coverage.problems()
    assert coverage.codes == sorted(made.grids)
    assert_tiled(coverage.geometries().values(), made.outline)
    for code, shape in made.grids.items():
        assert shapely.hausdorff_distance(coverage.geometry(code).boundary, shape.boundary) < 150 / UNITS
    again = Coverage.build(coverage.geometries(), made.outline)
    assert again.geometries() == coverage.geometries()
