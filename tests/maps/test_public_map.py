"""The public map: who serves where and how much is open, and nothing of any resident."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.utils import timezone

from maps.queries import counts
from tests.factories import Town

from .cases import WHOLE_TOWN, at, case

pytestmark = pytest.mark.django_db


def tallies(client, zoom: float = 16) -> dict:
    cache.clear()
    return client.get("/map/data/tallies/", {"bbox": WHOLE_TOWN, "zoom": zoom}).json()


def test_anyone_may_see_the_public_map(client, town: Town):
    page = client.get("/map/")
    assert page.status_code == 200
    assert "folium-map" in page.content.decode()


def test_public_answers_hold_no_place_no_words_and_no_names_of_residents(client, town: Town):
    one = case(town, 1)
    grid = town.grids[0].code
    urls = [
        "/map/", f"/map/?area={grid}", f"/map/areas/{grid}/",
        "/map/data/areas/", f"/map/data/names/?code={grid}",
        f"/map/data/outlines/?bbox={WHOLE_TOWN}&zoom=16", f"/map/data/tallies/?bbox={WHOLE_TOWN}&zoom=16",
    ]  # fmt: skip
    for url in urls:
        answer = client.get(url)
        assert answer.status_code == 200, url
        text = answer.content.decode()
        for secret in (one.number, "onerror", "7*7", "何居民", "13900000000", "幸福里"):
            assert secret not in text, (url, secret)


def test_tallies_hold_numbers_only(client, town: Town):
    case(town, 1)
    found = tallies(client)
    assert found[town.grids[0].code] == {"open": 1, "closed": 0}
    assert {frozenset(tally) for tally in found.values()} == {frozenset({"open", "closed"})}


def test_a_community_counts_what_lies_in_its_grids(client, town: Town):
    case(town, 1)
    case(town, 2)
    case(town, 5)
    found = tallies(client, zoom=12)
    assert found[town.communities[0].code]["open"] == 2
    assert found[town.communities[1].code]["open"] == 1


def test_closed_counts_from_the_first_of_the_month_in_local_time(town: Town):
    with time_machine.travel(at(2026, 3, 2), tick=False):
        first = counts.month_start()
        case(town, 1, state="closed", closed_at=first)
        case(town, 1, state="closed", closed_at=first - timedelta(seconds=1))
        case(town, 1, state="rejected", closed_at=first + timedelta(hours=1))
        grid = town.grids[0]
        assert timezone.localtime(first).day == 1
        assert counts.tallies([(grid.code, grid.path)]) == {grid.code: {"open": 0, "closed": 1}}


def test_the_panel_names_who_is_on_duty_with_their_published_phone(client, town: Town):
    panel = client.get(f"/map/areas/{town.grids[0].code}/").content.decode()
    assert town.member_of(1).name in panel
    assert 'href="tel:0351-5550100"' in panel
    assert "有事找我" in panel


def test_a_grid_without_members_shows_who_answers_for_it(client, town: Town):
    panel = client.get(f"/map/areas/{town.grids[6].code}/").content.decode()
    assert town.leader2.name in panel


def test_an_unknown_area_is_not_found(client, town: Town):
    assert client.get("/map/areas/nowhere/").status_code == 404
    assert client.get("/map/data/areas/?parent=nowhere").status_code == 404


def test_areas_can_be_chosen_from_lists_alone(client, town: Town):
    top = client.get("/map/data/areas/").json()["areas"]
    assert [one["code"] for one in top] == [town.street.code]
    below = client.get("/map/data/areas/", {"parent": town.street.code}).json()["areas"]
    assert {one["code"] for one in below} == {community.code for community in town.communities}
    grids = client.get("/map/data/areas/", {"parent": town.communities[0].code}).json()["areas"]
    assert len(grids) == 4
    assert all(one["leaf"] and one["is_grid"] for one in grids)


def test_a_name_says_in_which_community_a_grid_lies(client, town: Town):
    found = client.get("/map/data/names/", {"code": [town.grids[0].code, "nowhere"]}).json()["names"]
    assert found == {town.grids[0].code: "和平里社区 第1网格"}


def test_the_public_map_costs_the_same_queries_whatever_is_open(
    client, town: Town, django_assert_max_num_queries
):
    client.get("/map/")
    with django_assert_max_num_queries(15) as few:
        client.get("/map/")
    for _ in range(20):
        case(town, 1)
    with django_assert_max_num_queries(15) as many:
        client.get("/map/")
    assert len(many) == len(few)
