"""The map service: pages of areas as GeoJSON that GIS programs read, conditional, with errors in words."""

import gzip
import io
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import geopandas
import pytest
import shapely
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from grid.actions.areas import retire_area, update_area
from tests import services
from tests.factories import Town

pytestmark = pytest.mark.django_db
ITEMS = "/api/gis/collections/areas/items"


def ask(client: Client, status: int = 200, **query: Any) -> dict[str, Any]:
    response = client.get(ITEMS, query)
    assert response.status_code == status, response.content
    return json.loads(response.content)


def codes(answer: dict[str, Any]) -> list[str]:
    return [feature["properties"]["code"] for feature in answer["features"]]


def test_the_landing_page_leads_to_everything(client: Client, town: Town) -> None:
    seen, waiting = set(), ["http://testserver/api/gis/"]
    while waiting:
        address = waiting.pop()
        seen.add(address)
        response = client.get(address)
        assert response.status_code == 200, address
        answer = response.json()
        described = [answer, *answer.get("collections", [])]
        links = [link["href"] for part in described for link in part.get("links", [])]
        waiting += [link for link in links if link not in seen and link not in waiting]
    assert f"http://testserver{ITEMS}" in seen


def test_every_area_in_force_is_there_with_public_columns_only(client: Client, town: Town) -> None:
    answer = ask(client)
    assert answer["numberMatched"] == answer["numberReturned"] == len(answer["features"]) == 10
    first = answer["features"][0]
    assert first["id"] == town.street.code
    assert first["properties"] == {
        "code": town.street.code, "name": "清河街道", "name_en": "Qinghe Street", "level": "street",
        "level_name": "街道", "parent": "", "valid_from": "2020-01-01", "valid_to": None,
    }  # fmt: skip
    grid = next(feature for feature in answer["features"] if feature["id"] == town.grids[0].code)
    assert grid["properties"]["parent"] == town.communities[0].code
    assert shapely.geometry.shape(grid["geometry"]).equals(town.grids[0].geometry)


def test_outer_rings_run_anticlockwise(client: Client, town: Town) -> None:
    for feature in ask(client)["features"]:
        shape = shapely.geometry.shape(feature["geometry"])
        assert all(part.exterior.is_ccw for part in shapely.get_parts(shape))


def test_pages_follow_one_another_and_miss_nobody(client: Client, town: Town) -> None:
    address: str | None = f"{ITEMS}?limit=3&level=grid"
    found, pages = [], 0
    while address:
        answer = client.get(address).json()
        found += codes(answer)
        pages += 1
        links = {link["rel"]: link["href"] for link in answer["links"]}
        assert ("prev" in links) == (pages > 1)
        assert answer["numberMatched"] == 7
        address = links.get("next")
    assert pages == 3
    assert found == [grid.code for grid in town.grids]


def test_a_page_holds_at_most_a_thousand_and_beyond_the_end_is_nothing(client: Client, town: Town) -> None:
    assert ask(client, limit=100_000)["numberReturned"] == 10
    beyond = ask(client, offset=5_000)
    assert (beyond["numberMatched"], beyond["numberReturned"], beyond["features"]) == (10, 0, [])


def test_a_box_gives_those_that_it_touches(client: Client, town: Town) -> None:
    lon, lat = town.point_in(2)
    box = f"{lon - 1e-5},{lat - 1e-5},{lon + 1e-5},{lat + 1e-5}"
    assert codes(ask(client, bbox=box, level="grid")) == [town.grids[1].code]
    assert codes(ask(client, bbox=f"{lon - 1},{lat - 1},-5,{lon + 1},{lat + 1},9", level="community")) == [
        area.code for area in town.communities
    ]
    assert ask(client, bbox="0,0,1,1")["features"] == []


def test_a_box_in_the_bay_of_an_area_does_not_touch_it(client: Client, town: Town) -> None:
    west, south, east, north = town.grids[0].geometry.bounds
    middle = (west + east) / 2, (south + north) / 2
    bay = shapely.Polygon(
        [(west, south), (east, south), (east, middle[1]), (middle[0], middle[1]), (west, north)]
    )
    update_area(area=town.grids[0], changes={"geometry": bay}, actor=town.administrator)
    inside = (middle[0] + east) / 2, (middle[1] + north) / 2
    box = ",".join(
        str(edge) for edge in (*(edge - 1e-5 for edge in inside), *(edge + 1e-5 for edge in inside))
    )
    assert codes(ask(client, bbox=box, level="grid")) == []


def test_an_area_is_found_by_its_code(client: Client, town: Town) -> None:
    code = town.grids[3].code
    assert codes(ask(client, code=code)) == [code]
    assert client.get(f"{ITEMS}/{code}").json()["id"] == code
    assert client.get(f"{ITEMS}/no-such-code").status_code == 404


def test_areas_can_be_asked_for_as_they_were(client: Client, town: Town, time_machine: Any) -> None:
    before = timezone.localdate()
    time_machine.move_to(timezone.now() + timedelta(days=10))
    update_area(area=town.grids[0], changes={"name": "新名"}, actor=town.administrator)
    retire_area(area=town.grids[1], actor=town.administrator)
    names = {
        day: {
            feature["properties"]["name"] for feature in ask(client, level="grid", datetime=day)["features"]
        }
        for day in (before.isoformat(), timezone.localdate().isoformat(), timezone.now().isoformat())
    }
    then, today, instant = names.values()
    assert {"第1网格", "第2网格"} <= then
    assert today == instant
    assert "新名" in today
    assert not {"第1网格", "第2网格"} & today


@pytest.mark.parametrize(
    "query",
    [
        {"bbox": "1,2,3"}, {"bbox": "a,b,c,d"}, {"bbox": "3,2,1,4"}, {"bbox": "nan,1,2,3"},
        {"bbox": "-200,0,0,1"}, {"limit": "0"}, {"limit": "-1"}, {"limit": "x"}, {"limit": "1e3"},
        {"offset": "-1"}, {"offset": "٣"}, {"level": "galaxy"}, {"datetime": "yesterday"},
        {"datetime": "2026-13-01"}, {"datetime": "2026-01-01/.."}, {"datetime": "9999-12-31T23:00:00Z"},
        {"datetime": "9999-12-31"}, {"datetime": "0001-01-01"}, {"limt": "3"}, {"crs": "EPSG:4547"},
    ],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_answered_in_words(
    client: Client, town: Town, query: dict[str, str]
) -> None:
    response = client.get(ITEMS, query)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert len(response.json()["detail"]) > 10
    assert "ETag" not in response


def test_an_unchanged_answer_is_not_sent_again_until_an_area_changes(client: Client, town: Town) -> None:
    first = client.get(ITEMS, {"level": "grid"})
    tag = first["ETag"]
    again = client.get(ITEMS, {"level": "grid"}, headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(ITEMS, {"level": "community"})["ETag"] != tag
    update_area(area=town.grids[0], changes={"name": "新名"}, actor=town.administrator)
    changed = client.get(ITEMS, {"level": "grid"}, headers={"if-none-match": tag})
    assert changed.status_code == 200
    assert changed["ETag"] != tag
    assert "新名" in changed.content.decode()


def test_a_change_that_was_taken_back_leaves_the_answer_as_it_was(client: Client, town: Town) -> None:
    tag = client.get(ITEMS)["ETag"]
    with transaction.atomic():
        update_area(area=town.grids[0], changes={"name": "新名"}, actor=town.administrator)
        transaction.set_rollback(True)
    assert client.get(ITEMS)["ETag"] == tag


def test_answers_grow_old_at_midnight_when_areas_may_come_into_force(
    client: Client, town: Town, time_machine: Any
) -> None:
    tag = client.get(ITEMS)["ETag"]
    time_machine.move_to(timezone.now() + timedelta(days=1))
    assert client.get(ITEMS)["ETag"] != tag


def test_answers_are_compressed_and_open_to_scripts_of_other_sites(client: Client, town: Town) -> None:
    response = client.get(ITEMS, headers={"accept-encoding": "gzip"})
    assert response["Content-Encoding"] == "gzip"
    assert len(json.loads(gzip.decompress(response.content))["features"]) == 10
    assert response["Access-Control-Allow-Origin"] == "*"


def test_the_service_is_read_only(client: Client, town: Town) -> None:
    assert client.post(ITEMS, {}).status_code == 405


def test_geopandas_reads_a_page(client: Client, town: Town) -> None:
    frame = geopandas.read_file(io.BytesIO(client.get(ITEMS, {"level": "grid"}).content))
    assert list(frame["code"]) == [grid.code for grid in town.grids]
    assert frame.crs.to_epsg() == 4326
    assert all(shape.equals(grid.geometry) for shape, grid in zip(frame.geometry, town.grids, strict=True))


def test_gdal_connects_as_to_any_such_service_and_reads_page_by_page(
    start_product: Callable[..., services.Product],
) -> None:
    address = start_product().url
    frame = geopandas.read_file(f"OAPIF:{address}/api/gis/", layer="areas", PAGE_SIZE="3")
    assert len(frame) == 10
    assert frame["code"].is_unique
    assert set(frame["level"]) == {"street", "community", "grid"}


def test_a_day_is_understood_in_local_time(client: Client, town: Town, time_machine: Any) -> None:
    """Renamed at 23:30 in Shanghai, 15:30 in London: the day has the new name, its noon the old."""
    day = date(2027, 3, 1)
    time_machine.move_to(datetime.fromisoformat("2027-03-01T23:30:00+08:00"))
    update_area(area=town.grids[0], changes={"name": "新名"}, actor=town.administrator)
    time_machine.move_to(datetime.fromisoformat("2027-03-05T12:00:00+08:00"))
    code = town.grids[0].code
    for asked, name in (
        (day.isoformat(), "新名"), ("2027-02-28", "第1网格"), ("2027-03-01T12:00:00+08:00", "第1网格"),
        ("2027-03-01T15:31:00Z", "新名"),
    ):  # fmt: skip
        (feature,) = ask(client, code=code, datetime=asked)["features"]
        assert feature["properties"]["name"] == name, asked


def test_the_page_of_exports_leads_here(client: Client, town: Town) -> None:
    client.force_login(town.administrator)
    assert reverse("gis_landing") in client.get(reverse("console_export")).content.decode()
