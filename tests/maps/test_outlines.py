"""Outlines of areas by viewport: which level, how simplified, how long kept."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from django.core.cache import cache
from django.db import transaction

from grid import stamp
from grid.models import Area
from maps.queries import outlines
from maps.viewport import Viewport
from tests.factories import Town

from .cases import WHOLE_TOWN

pytestmark = pytest.mark.django_db


def ask(client, bbox: str = WHOLE_TOWN, zoom: float = 16) -> dict:
    answer = client.get("/map/data/outlines/", {"bbox": bbox, "zoom": zoom})
    assert answer.status_code == 200
    return answer.json()


def codes(told: dict, role: str = "area") -> set[str]:
    return {one["code"] for one in told["areas"] if one["role"] == role}


def degrees(told: dict, steps: list[list[int]]) -> np.ndarray:
    """Corners in degrees, by the rule that ``Steps`` states."""
    return (np.array(steps) + told["origin"]) / 10 ** told["places"]


def shape(told: dict, area: dict) -> shapely.MultiPolygon:
    rings = [
        [degrees(told, np.cumsum(np.reshape(ring, (-1, 2)), axis=0)) for ring in polygon]
        for polygon in area["polygons"]
    ]
    return shapely.MultiPolygon([(outer, holes) for outer, *holes in rings])


def test_anyone_may_see_where_the_grids_are(client, town: Town):
    collection = ask(client)
    assert codes(collection) == {grid.code for grid in town.grids}
    assert codes(collection, "parent") == {community.code for community in town.communities}
    assert collection["is_grid"] is True


def test_an_area_carries_its_name_in_the_language_of_the_page(client, town: Town):
    client.cookies["django_language"] = "en"
    names = {one["name"] for one in ask(client)["areas"]}
    assert {"Grid 1", "Hepingli"} <= names


def test_a_label_lies_inside_its_area(client, town: Town):
    told = ask(client)
    for one in told["areas"]:
        assert shape(told, one).contains(shapely.Point(degrees(told, [one["label"]])[0]))


def test_from_far_away_parents_stand_for_their_grids(client, town: Town):
    assert codes(ask(client, zoom=12)) == {community.code for community in town.communities}
    assert codes(ask(client, zoom=8)) == {town.street.code}


def test_more_areas_than_the_cap_are_drawn_as_their_parents(client, town: Town, monkeypatch):
    monkeypatch.setattr(outlines, "MOST_AREAS", 5)
    collection = ask(client)
    assert codes(collection) == {community.code for community in town.communities}
    assert len(collection["areas"]) <= 10


def test_areas_outside_the_viewport_stay_at_home(client, town: Town):
    west, south, east, north = town.grids[0].geometry.bounds
    collection = ask(client, f"{west + 0.001},{south + 0.001},{east - 0.002},{north - 0.001}", zoom=18)
    assert town.grids[0].code in codes(collection)
    assert town.grids[3].code not in codes(collection)


def test_an_outline_is_where_the_area_is_to_within_a_pixel(client, town: Town):
    told = ask(client, zoom=20)
    drawn = {one["code"]: shape(told, one) for one in told["areas"]}
    pixel = 360 / 256 / 2**20
    assert told["places"] == 6  # 10 cm, and no more
    for grid in town.grids:
        assert drawn[grid.code].hausdorff_distance(grid.geometry) <= pixel


def test_a_hole_and_an_island_are_drawn(client, town: Town):
    grid = town.grids[0]
    west, south, east, north = grid.geometry.bounds
    lon, lat, size = (west + east) / 2, (south + north) / 2, (east - west) / 4
    hole = shapely.box(lon, lat, lon + size, lat + size)
    island = shapely.box(east + 0.001, south, east + 0.002, south + 0.001)
    odd = shapely.MultiPolygon([grid.geometry.difference(hole), island])
    Area.objects.filter(pk=grid.pk).update(geometry=odd, east=odd.bounds[2])
    with transaction.atomic():
        stamp.bump()
    told = ask(client)
    (one,) = (one for one in told["areas"] if one["code"] == grid.code)
    assert [len(rings) for rings in one["polygons"]] == [2, 1]
    assert shape(told, one).symmetric_difference(odd).area < odd.area / 1000


def test_neighbours_share_their_simplified_border():
    wiggle = [(1 + (0.02 if n % 2 else -0.02), n / 50) for n in range(51)]
    left = shapely.Polygon([(0, 0), *wiggle, (0, 1)])
    right = shapely.Polygon([(2, 0), *wiggle, (2, 1)])
    one, other = outlines.simplified(np.array([left, right]), 0.1)
    assert len(one.exterior.coords) < 20
    assert one.intersection(other).length == pytest.approx(1.0, abs=0.05)
    assert shapely.union_all([one, other]).area == pytest.approx(one.area + other.area)


def test_outlines_that_overlap_are_drawn_all_the_same():
    overlapping = np.array([shapely.box(0, 0, 2, 2), shapely.box(1, 1, 3, 3)])
    assert [one.is_valid for one in outlines.simplified(overlapping, 0.01)] == [True, True]


def test_an_answer_is_kept_until_an_area_changes(client, town: Town, django_assert_num_queries):
    ask(client)
    with django_assert_num_queries(1):  # the stamp
        ask(client)
    Area.objects.filter(pk=town.grids[0].pk).update(name="新名字")
    with transaction.atomic():
        stamp.bump()
    assert "新名字" in {one["name"] for one in ask(client)["areas"]}


def test_the_browser_is_told_that_nothing_changed(client, town: Town):
    query = {"bbox": WHOLE_TOWN, "zoom": 16}
    first = client.get("/map/data/outlines/", query)
    again = client.get("/map/data/outlines/", query, headers={"if-none-match": first["ETag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_viewers_of_nearly_the_same_place_share_one_answer(client, town: Town, django_assert_num_queries):
    cache.clear()
    ask(client, "112.551,37.870,112.559,37.875")
    with django_assert_num_queries(1):
        ask(client, "112.5511,37.8701,112.5589,37.8749")


def test_a_snapped_viewport_holds_the_one_asked_for():
    view = Viewport.parse("112.551,37.870,112.559,37.875", "15.5")
    snapped = view.snapped()
    assert snapped.west <= view.west < view.east <= snapped.east
    assert snapped.south <= view.south < view.north <= snapped.north


def test_without_areas_the_map_is_empty(client, db):
    collection = ask(client, "-10,-10,10,10", 5)
    assert collection["areas"] == []
