"""A point's grid: inside, on a border, a little outside, nowhere. And the datums it may come in."""

import math
from itertools import pairwise

import numpy as np
import pytest
import shapely
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from grid import datums, locator
from grid.locate import NOWHERE, GridCell, Locator
from tests.factories import HEIGHT, NORTH, WEST, WIDTH, Town

SNAP = 50.0


def cell(number: int, code: str, shape: shapely.Geometry) -> GridCell:
    return GridCell(number, code, f"{number:04}", shape)


def row_of(count: int, *, codes: list[str] | None = None) -> Locator:
    """Unit squares side by side from the origin east."""
    codes = codes or [f"{number:03}" for number in range(count)]
    cells = [cell(number, codes[number], shapely.box(number, 0, number + 1, 1)) for number in range(count)]
    return Locator(cells, snap_metres=SNAP)


# --- The rules -------------------------------------------------------------------------------------


def test_a_point_inside_belongs_to_its_grid():
    located = row_of(3).locate(1.5, 0.5)
    assert (located.area_id, located.code, located.path, located.placed) == (1, "001", "0001", "inside")


@pytest.mark.parametrize(("codes", "winner"), [(["B", "A"], "A"), (["A", "B"], "A"), (["10", "9"], "10")])
def test_a_point_on_a_border_goes_to_the_smaller_code(codes: list[str], winner: str):
    located = row_of(2, codes=codes).locate(1.0, 0.5)
    assert (located.code, located.placed) == (winner, "ambiguous")


def test_a_point_where_four_grids_meet_goes_to_the_smallest_code():
    corners = [(0, 0, "D"), (1, 0, "B"), (0, 1, "C"), (1, 1, "E")]
    cells = [cell(i, code, shapely.box(x, y, x + 1, y + 1)) for i, (x, y, code) in enumerate(corners)]
    assert Locator(cells, snap_metres=SNAP).locate(1, 1)[1::2] == ("B", "ambiguous")


def test_a_point_in_the_hole_of_one_grid_belongs_to_the_grid_that_fills_it():
    inner = shapely.box(1, 1, 2, 2)
    outer = shapely.box(0, 0, 3, 3).difference(inner)
    both = Locator([cell(0, "A", outer), cell(1, "B", inner)], snap_metres=SNAP)
    assert both.locate(1.5, 1.5).code == "B"
    assert both.locate(1.0, 1.5).placed == "ambiguous"


@pytest.mark.parametrize("latitude", [0.0, 39.9, -60.0, 80.0])
@pytest.mark.parametrize("direction", [(1, 0), (-1, 0), (0, 1), (0, -1)])
@pytest.mark.parametrize(("metres", "placed"), [(49.0, "snapped"), (51.0, "unplaced")])
def test_a_near_miss_is_measured_in_metres_whatever_the_latitude(latitude, direction, metres, placed):
    size = 0.01
    square = shapely.box(10 - size, latitude - size, 10 + size, latitude + size)
    east, north = direction
    border = latitude + north * size
    step_north = metres / 111_195
    step_east = step_north / math.cos(math.radians(latitude))
    located = Locator([cell(7, "A", square)], snap_metres=SNAP).locate(
        10 + east * (size + step_east), border + north * step_north
    )
    assert located.placed == placed
    assert located.area_id == (7 if placed == "snapped" else None)


def test_a_near_miss_goes_to_the_nearest_and_on_a_tie_to_the_smaller_code():
    gap = 0.0004
    left, right = shapely.box(0, 0, 1, 1), shapely.box(1 + gap, 0, 2, 1)
    both = Locator([cell(0, "B", left), cell(1, "A", right)], snap_metres=SNAP)
    assert both.locate(1 + gap * 0.4, 0.5).code == "B"
    assert both.locate(1 + gap * 0.6, 0.5).code == "A"
    assert both.locate(1 + gap / 2, 0.5)[1::2] == ("A", "snapped")


@pytest.mark.parametrize(
    ("lon", "lat"),
    [(math.nan, 0), (0, math.nan), (math.inf, 0), (0, -math.inf), (181, 0), (0, 91), (1e300, 1e300)],
)
def test_what_is_no_place_on_earth_is_nowhere(lon: float, lat: float):
    assert row_of(3).locate(lon, lat) == NOWHERE


def test_without_any_grid_everything_is_nowhere():
    assert Locator([], snap_metres=SNAP).locate(116, 40) == NOWHERE


@settings(max_examples=300, deadline=None)
@given(st.floats(-0.5, 10.5), st.floats(-0.5, 3.5), st.permutations(range(30)))
def test_the_tree_agrees_with_asking_every_grid(lon: float, lat: float, order: list[int]):
    """Against the plainest implementation there is, over a lattice whose codes are in any order."""
    cells = [
        cell(n, f"{order[n]:02}", shapely.box(n % 10, n // 10, n % 10 + 1, n // 10 + 1)) for n in range(30)
    ]
    point = shapely.Point(lon, lat)
    hits = sorted((one.code, one.area_id) for one in cells if shapely.intersects(one.geometry, point))
    located = Locator(cells, snap_metres=SNAP).locate(lon, lat)
    if hits:
        assert (located.code, located.area_id) == hits[0]
        assert located.placed == ("inside" if len(hits) == 1 else "ambiguous")
    else:
        assert located.placed in ("snapped", "unplaced")


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_no_point_falls_between_two_neighbours(seed: int):
    """Also on borders that are no neat numbers: every point of a partition has a grid."""
    random = np.random.default_rng(seed)
    cuts = np.concatenate(([0.0], np.sort(random.random(5)), [1.0]))
    cells = [
        cell(i, f"{i:02}", shapely.box(116 + west, 40, 116 + east, 41))
        for i, (west, east) in enumerate(pairwise(cuts))
        if east > west
    ]
    locator_ = Locator(cells, snap_metres=SNAP)
    for cut in cuts[1:-1]:
        assert locator_.locate(116 + cut, 40.5).placed in ("inside", "ambiguous")


# --- In the town -----------------------------------------------------------------------------------


def test_each_grid_of_the_town_finds_its_own_points(town: Town):
    for number, grid in enumerate(town.grids, start=1):
        located = locator.locate(*town.point_in(number))
        assert (located.area_id, located.path, located.placed) == (grid.pk, grid.path, "inside")


def test_a_border_of_the_town_goes_to_the_smaller_code(town: Town):
    located = locator.locate(WEST + WIDTH, NORTH - HEIGHT / 2)
    assert (located.area_id, located.placed) == (town.grids[0].pk, "ambiguous")


def test_the_chain_runs_from_the_root_to_the_area(town: Town):
    assert locator.chain(town.grids[4]) == [town.street, town.communities[1], town.grids[4]]


# --- The public interface --------------------------------------------------------------------------


def test_anyone_may_ask_who_serves_a_point(client, town: Town):
    lon, lat = town.point_in(1)
    answer = client.get(reverse("locate"), {"lon": lon, "lat": lat}).json()
    assert answer["placed"] == "inside"
    assert answer["grid"]["name"] == "第1网格"
    assert [area["name"] for area in answer["grid"]["chain"]] == ["清河街道", "和平里社区", "第1网格"]
    assert [(person["name"], person["role"]) for person in answer["people"]] == [
        ("赵网格", "网格员"),
        ("王书记", "网格长"),
    ]
    said = str(answer)
    assert town.member1.phone not in said
    assert town.member1.email not in said
    assert town.member1.username not in said


def test_a_point_in_another_datum_is_moved_first(client, town: Town):
    """200 m east of the border in GCJ-02 is still west of it in truth."""
    lon, lat = datums.from_wgs84(*town.point_in(2), "gcj02")
    plain = client.get(reverse("locate"), {"lon": lon, "lat": lat}).json()
    moved = client.get(reverse("locate"), {"lon": lon, "lat": lat, "datum": "gcj02"}).json()
    assert moved["grid"]["code"] == town.grids[1].code
    assert plain["grid"] is None or plain["grid"]["code"] != moved["grid"]["code"]


def test_far_away_there_is_no_grid_and_nobody(client, town: Town):
    answer = client.get(reverse("locate"), {"lon": 0, "lat": 0}).json()
    assert answer == {"grid": None, "placed": "unplaced", "people": []}


@pytest.mark.parametrize(
    "query",
    [
        {}, {"lon": "x", "lat": "1"}, {"lon": "nan", "lat": "1"}, {"lon": "1e400", "lat": "0"},
        {"lon": "200", "lat": "0"}, {"lon": "1", "lat": "2", "datum": "mars"},
    ],
)  # fmt: skip
def test_a_senseless_question_is_answered_with_a_reason(client, town: Town, query: dict):
    response = client.get(reverse("locate"), query)
    assert response.status_code == 400
    assert response.json()["error"]


def test_the_tree_of_areas_opens_level_by_level(client, town: Town, django_assert_max_num_queries):
    top = client.get(reverse("areas_tree")).json()
    assert top["parent"] is None
    assert [(area["name"], area["opens"], area["is_grid"]) for area in top["areas"]] == [
        ("清河街道", True, False)
    ]
    with django_assert_max_num_queries(4):
        below = client.get(reverse("areas_tree"), {"parent": town.communities[1].code}).json()
    assert [area["name"] for area in below["areas"]] == ["第5网格", "第6网格", "第7网格"]
    assert {area["opens"] for area in below["areas"]} == {False}
    assert client.get(reverse("areas_tree"), {"parent": "nowhere"}).status_code == 404


def test_the_interface_speaks_english_when_asked(client, town: Town):
    lon, lat = town.point_in(1)
    answer = client.get(reverse("locate"), {"lon": lon, "lat": lat}, headers={"accept-language": "en"}).json()
    assert answer["grid"]["name"] == "Grid 1"
    assert answer["people"][0]["role"] == "Grid member"


# --- Datums ----------------------------------------------------------------------------------------

#: WGS-84 and GCJ-02 of the same places, from the test cases of googollee/eviltransform.
KNOWN = [
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
]


@pytest.mark.parametrize(("true", "shown"), KNOWN)
def test_known_places_agree_with_the_published_pairs(true, shown):
    assert datums.from_wgs84(*true, "gcj02") == pytest.approx(shown, abs=1e-9)
    assert datums.to_wgs84(*shown, "gcj02") == pytest.approx(true, abs=1e-9)


CHINA = st.tuples(st.floats(73.6, 134.7), st.floats(18.2, 53.5))


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
@settings(max_examples=300, deadline=None)
@given(point=CHINA)
def test_there_and_back_is_good_to_a_millimetre(datum: str, point: tuple[float, float]):
    """A hundred-millionth of a degree is a millimetre."""
    back = datums.to_wgs84(*datums.from_wgs84(*point, datum), datum)
    assert back == pytest.approx(point, abs=1e-8)


@given(point=CHINA)
def test_the_shift_is_of_the_size_that_sends_a_request_to_the_wrong_grid(point: tuple[float, float]):
    lon, lat = datums.from_wgs84(*point, "gcj02")
    metres = 111_195 * math.hypot((lon - point[0]) * math.cos(math.radians(point[1])), lat - point[1])
    assert metres < 1500


def test_arrays_come_out_as_arrays_and_equal_the_single_numbers():
    lon, lat = np.array([true[0] for true, _ in KNOWN]), np.array([true[1] for true, _ in KNOWN])
    shown = datums.from_wgs84(lon, lat, "bd09")
    assert isinstance(shown[0], np.ndarray)
    for index in range(len(KNOWN)):
        assert (shown[0][index], shown[1][index]) == datums.from_wgs84(lon[index], lat[index], "bd09")


@pytest.mark.parametrize("datum", ["wgs84", "cgcs2000"])
def test_what_is_wgs84_already_stays_as_it_is(datum: str):
    assert datums.to_wgs84(116.1, 39.9, datum) == (116.1, 39.9)


def test_outside_of_china_nothing_is_shifted():
    assert datums.from_wgs84(-87.6, 41.8, "gcj02") == (-87.6, 41.8)


def test_an_unknown_datum_is_an_error():
    with pytest.raises(ValueError, match="mars"):
        datums.to_wgs84(1, 2, "mars")
