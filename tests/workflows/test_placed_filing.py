"""Filing from a link or a QR code that names the grid, and by the address tree down to the building."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import shapely
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from grid.models import Area
from tests.factories import PASSWORD, Town
from tests.workflows.desk_helpers import page, signed_in
from workflows.actions.requests import file_request
from workflows.models import Request

pytestmark = pytest.mark.django_db


@pytest.fixture
def building(town: Town) -> Area:
    return Area.objects.add_child(
        town.grids[3],
        {"code": "B1-3", "name": "3号楼", "level_id": "building", "valid_from": town.grids[3].valid_from},
    )


def chosen(shown: str) -> list[str]:
    """Codes chosen in the address lists of a page."""
    return [
        option.split('value="')[1].split('"')[0]
        for option in shown.split("<option ")
        if " selected>" in option and 'value="' in option and option.split('value="')[1][0].isalnum()
    ]


def retire(area: Area, merged_into: Area | None = None) -> None:
    area.valid_to, area.merged_into = timezone.localdate(), merged_into
    area.save()


def test_a_link_opens_the_form_in_its_grid_with_the_map_on_it(town: Town, client: Client) -> None:
    grid = town.grids[4]
    shown = page(client, "request_new", grid=grid.code)
    assert [town.communities[1].code, grid.code] == [
        code for code in chosen(shown) if code.startswith("1499")
    ]
    assert town.member_of(5).name in shown
    assert f'data-view="{grid.west},{grid.south},{grid.east},{grid.north}"' in shown
    assert f'data-chosen="{grid.code}"' in shown
    assert f'<input type="hidden" name="grid" value="{grid.code}"' in shown


def test_a_link_is_nearer_than_home(town: Town) -> None:
    shown = page(signed_in(town.resident), "request_new", grid=town.grids[4].code)
    assert f'value="{town.grids[4].code}" selected' in shown
    assert f'value="{town.grids[0].code}" selected' in page(signed_in(town.resident), "request_new")


def test_a_link_to_a_building_chooses_it_in_its_grid(town: Town, building: Area, client: Client) -> None:
    shown = page(client, "request_new", grid=building.code)
    assert f'value="{building.code}" selected' in shown
    assert f'value="{town.grids[3].code}" selected' in shown


def test_a_link_of_a_merged_grid_opens_the_one_that_took_it_in(town: Town, client: Client) -> None:
    retire(town.grids[0], merged_into=town.grids[1])
    shown = page(client, "request_new", grid=town.grids[0].code)
    assert f'value="{town.grids[1].code}" selected' in shown
    assert "第1网格现在是第2网格" in shown


def test_a_link_of_a_divided_grid_asks_which_of_its_community_is_meant(town: Town, client: Client) -> None:
    old = town.grids[0]
    retire(old)
    west, south, east, north = old.geometry.bounds
    middle = (west + east) / 2
    for number, box in enumerate(
        [shapely.box(west, south, middle, north), shapely.box(middle, south, east, north)]
    ):
        edges = dict(zip(("west", "south", "east", "north"), box.bounds, strict=True))
        row = {"code": f"half-{number}", "name": f"新{number}", "level_id": "grid", "geometry": box, **edges}
        town.communities[0].refresh_from_db()
        Area.objects.add_child(town.communities[0], row)
    shown = page(client, "request_new", grid=old.code)
    assert f'value="{town.communities[0].code}" selected' in shown
    assert "第1网格已经撤销" in shown
    assert "half-0" in shown
    assert "half-0" not in chosen(shown)


@pytest.mark.parametrize("code", ["no-such-grid", "'\"><script>alert(1)</script>", "长" * 500])
def test_a_link_to_nowhere_says_so_and_lets_the_place_be_chosen(
    town: Town, client: Client, code: str
) -> None:
    shown = page(client, "request_new", grid=code)
    assert "没有找到链接里的网格" in shown
    assert "<script>alert" not in shown
    assert town.communities[1].code in shown


def words(**more: Any) -> dict[str, Any]:
    return {"text": "路灯不亮，晚上看不见路", "client_key": str(uuid.uuid4()), **more}


def test_the_place_of_the_link_survives_signing_in(town: Town, client: Client) -> None:
    grid = town.grids[4]
    place = {"area": [town.communities[1].code, grid.code], "grid": grid.code}
    response = client.post(f"{reverse('request_new')}?grid={grid.code}", words(**place))
    assert response["Location"].startswith(reverse("account_login"))
    client.post(response["Location"], {"login": "resident", "password": PASSWORD})
    for query in ({}, {"grid": grid.code}):
        shown = page(client, "request_new", **query)
        assert f'value="{grid.code}" selected' in shown
        assert "路灯不亮" in shown


def test_a_place_changed_by_hand_stays_when_the_same_link_is_opened_again(town: Town, client: Client) -> None:
    link, other = town.grids[4], town.grids[5]
    place = {"area": [town.communities[1].code, other.code], "grid": link.code}
    client.post(f"{reverse('request_new')}?grid={link.code}", words(**place))
    assert f'value="{other.code}" selected' in page(client, "request_new", grid=link.code)


def test_what_was_begun_takes_the_place_of_a_link_opened_since(town: Town, client: Client) -> None:
    lon, lat = town.point_in(1)
    client.post(reverse("request_new"), words(lon=lon, lat=lat))
    shown = page(client, "request_new", grid=town.grids[4].code)
    assert "路灯不亮" in shown
    assert f'value="{town.grids[4].code}" selected' in shown
    assert str(lon) not in shown


# --- The address tree down to the building -----------------------------------------------------------
def test_the_lists_go_down_to_the_building_without_scripts(town: Town, building: Area) -> None:
    """As a browser without scripts does it: the button after each choice, then send."""
    client, data = signed_in(town.stranger), words()
    for code in (town.communities[0].code, town.grids[3].code, building.code):
        shown = client.post(reverse("request_new"), {**data, "step": "1"}).content.decode()
        assert f'value="{code}"' in shown
        data["area"] = [*data.get("area", []), code]
    client.post(reverse("request_new"), data)
    filed = Request.objects.get()
    assert (filed.area, filed.placed, filed.address) == (town.grids[3], Request.Placed.CHOSEN, "3号楼")


def test_who_comes_is_known_before_a_building_is_chosen(town: Town, building: Area, client: Client) -> None:
    shown = page(client, "request_place", area=[town.communities[0].code, town.grids[3].code])
    assert town.member_of(4).name in shown
    assert building.code in shown
    label = shown.split('for="area-3">')[1].split("</label>")[0]
    assert "选填" in label


def test_the_building_goes_before_what_was_typed_and_is_not_said_twice(town: Town, building: Area) -> None:
    def address(typed: str) -> str:
        return file_request(reporter=town.resident, text="电梯坏了", area=building, address=typed).address

    assert address("2单元5层") == "3号楼 2单元5层"
    assert address("3号楼2单元") == "3号楼2单元"
    assert address("长" * 200) == "长" * 200


def test_a_pin_says_nothing_of_a_building(town: Town, building: Area) -> None:
    lon, lat = town.point_in(4)
    filed = file_request(reporter=town.resident, text="电梯坏了", lon=lon, lat=lat, area=building)
    assert filed.address == ""
