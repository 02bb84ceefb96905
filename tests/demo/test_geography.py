"""The demo town's ground: deterministic, nested, without gaps or overlaps."""

import pytest
import shapely

from demo.geography import CENTRE, Ground, make_ground
from demo.names import COMMUNITIES, People, numeral, street_names


@pytest.fixture(scope="module")
def ground() -> Ground:
    return make_ground()


def test_the_same_seed_gives_the_same_town_and_another_one_another(ground: Ground) -> None:
    assert [grid.wkb for grid in make_ground().grids] == [grid.wkb for grid in ground.grids]
    assert [grid.wkb for grid in make_ground(seed=8).grids] != [grid.wkb for grid in ground.grids]


def test_there_are_about_20_communities_and_200_grids_with_a_name_each(ground: Ground) -> None:
    assert len(ground.communities) == len(COMMUNITIES) == 20
    assert len(ground.grids) == 200
    names = street_names([street.rank for street in ground.streets])
    assert len(set(names)) == len(ground.streets)


@pytest.mark.parametrize("seed", [7, 8, 11, 23])
def test_grids_and_communities_cover_the_town_without_gap_or_overlap(seed: int) -> None:
    ground = make_ground(seed)
    assert shapely.coverage_is_valid(ground.grids)
    assert shapely.coverage_is_valid(ground.communities)
    assert all(grid.is_valid and grid.area > 0 for grid in ground.grids)
    assert sum(grid.area for grid in ground.grids) == pytest.approx(ground.outline.area, rel=1e-9)
    assert len(ground.outline.interiors) == 0


def test_each_community_is_exactly_its_grids(ground: Ground) -> None:
    for number, community in enumerate(ground.communities):
        inside = [grid for grid, parent in zip(ground.grids, ground.parent, strict=True) if parent == number]
        assert shapely.equals(shapely.union_all(inside), community)


def test_grids_are_of_similar_size_and_lie_where_the_town_does(ground: Ground) -> None:
    areas = [grid.area for grid in ground.grids]
    mean = sum(areas) / len(areas)
    assert 0.4 * mean < min(areas)
    assert max(areas) < 2 * mean
    assert ground.outline.distance(shapely.Point(CENTRE)) == 0


def test_numerals_and_names() -> None:
    assert [numeral(number) for number in (1, 10, 12, 20, 21)] == ["一", "十", "十二", "二十", "二十一"]
    first, again = People(3), People(3)
    drawn = [first.name() for _ in range(300)]
    assert drawn == [again.name() for _ in range(300)]
    assert len(set(drawn)) == 300
