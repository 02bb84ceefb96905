"""The public page of a grid: who serves there, its border, the way to file; also once it is history."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import shapely
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from grid.actions.duty import appoint_stand_in
from grid.models import Area, Branch, Member
from tests.factories import Town

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")


def shown(client: Client, area: Area, **headers: str) -> str:
    response = client.get(reverse("grid_page", args=[area.code]), headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def filing(area: Area) -> str:
    return f'href="{reverse("request_new")}?grid={area.code}"'


def test_anyone_sees_who_serves_a_grid_and_can_call_and_file(client: Client, town: Town) -> None:
    page, member = shown(client, town.grids[0]), town.member_of(1)
    for text in (str(town.grids[0]), str(town.communities[0]), str(town.street), member.name):
        assert text in page
    assert member.member.pledge in page
    assert f'href="tel:{member.member.public_phone}"' in page
    assert filing(town.grids[0]) in page


def test_a_number_that_is_not_published_is_nowhere_on_the_page(client: Client, town: Town) -> None:
    member = town.member_of(1)
    Member.objects.update(public_phone="")
    page = shown(client, town.grids[0])
    assert "tel:" not in page
    assert member.phone not in page


def test_the_border_is_drawn_among_neighbours_that_lead_to_their_own_pages(
    client: Client, town: Town
) -> None:
    page = shown(client, town.grids[1])
    drawing = page[page.index('<svg class="portrait"') :]
    drawing = drawing[: drawing.index("</svg>")]
    assert drawing.count("<path") == len(town.grids)
    for neighbour in (town.grids[0], town.grids[2], town.grids[4]):
        assert reverse("grid_page", args=[neighbour.code]) in drawing


def test_somebody_who_is_away_is_shown_with_the_stand_in_and_the_last_day(client: Client, town: Town) -> None:
    today = timezone.localdate()
    back = datetime.combine(today + timedelta(days=3), datetime.min.time(), tzinfo=SHANGHAI)
    appoint_stand_in(
        member=town.member_of(1).member,
        stand_in=town.member_of(2).member,
        since=timezone.now(),
        until=back,
        actor=town.administrator,
    )
    page = shown(client, town.grids[0], accept_language="en")
    last = today + timedelta(days=2)
    assert f"Away until {last.day} {last:%B}: {town.member_of(2).name} stands in" in page
    assert "stands in" not in shown(client, town.grids[2], accept_language="en")


def test_the_nearest_branch_is_named(client: Client, town: Town) -> None:
    assert "清河街道党工委" in shown(client, town.grids[0])
    branch = Branch.objects.add_root({"code": "B2", "name": "和平里社区党支部"})
    branch.areas.add(town.communities[0])
    assert "和平里社区党支部" in shown(client, town.grids[0])
    assert "清河街道党工委" not in shown(client, town.grids[0])
    assert "和平里社区党支部" not in shown(client, town.grids[5])


def test_a_grid_without_a_member_shows_who_answers_for_it(client: Client, town: Town) -> None:
    assert town.leader2.name in shown(client, town.grids[6])


def test_a_building_leads_to_its_grid_and_a_community_to_the_map(client: Client, town: Town) -> None:
    building = Area.objects.add_child(
        town.grids[0],
        {"code": "B-1", "name": "1号楼", "level_id": "building", "valid_from": date(2020, 1, 1)},
    )
    response = client.get(reverse("grid_page", args=[building.code]))
    assert response["Location"] == reverse("grid_page", args=[town.grids[0].code])
    response = client.get(reverse("grid_page", args=[town.communities[0].code]))
    assert response["Location"] == f"{reverse('public_map')}?area={town.communities[0].code}"


def test_a_code_that_never_was_is_not_found(client: Client, town: Town) -> None:
    assert client.get("/grids/no-such-grid/").status_code == 404


def test_a_code_with_any_character_has_a_page(client: Client, town: Town) -> None:
    Area.objects.filter(pk=town.grids[0].pk).update(code="甲/1 #?")
    town.grids[0].refresh_from_db()
    assert "grid=%E7%94%B2%2F1%20%23%3F" in shown(client, town.grids[0])


def retire(area: Area, merged_into: Area | None = None) -> None:
    area.valid_to, area.merged_into = timezone.localdate(), merged_into
    area.save()


def test_a_merged_grid_says_since_when_and_leads_to_the_one_that_took_it_in(
    client: Client, town: Town
) -> None:
    retire(town.grids[0], merged_into=town.grids[1])
    page = shown(client, town.grids[0], accept_language="en")
    assert "There has been no such grid since" in page
    assert reverse("grid_page", args=[town.grids[1].code]) in page
    assert filing(town.grids[1]) in page
    assert filing(town.grids[0]) not in page


def test_what_a_grid_was_merged_into_may_have_been_merged_itself(client: Client, town: Town) -> None:
    retire(town.grids[0], merged_into=town.grids[1])
    retire(town.grids[1], merged_into=town.grids[2])
    assert filing(town.grids[2]) in shown(client, town.grids[0])


def test_a_divided_grid_leads_to_all_that_lie_in_its_place_today(client: Client, town: Town) -> None:
    old = town.grids[0]
    west, south, east, north = old.geometry.bounds
    middle = (west + east) / 2
    retire(old)
    halves = []
    for number, box in enumerate(
        [shapely.box(west, south, middle, north), shapely.box(middle, south, east, north)]
    ):
        edges = dict(zip(("west", "south", "east", "north"), box.bounds, strict=True))
        town.communities[0].refresh_from_db()
        half = {
            "code": f"half-{number}",
            "name": f"第一网格{'西东'[number]}",
            "level_id": "grid",
            "geometry": box,
        }
        halves.append(
            Area.objects.add_child(town.communities[0], half | edges | {"valid_from": date(2020, 1, 1)})
        )
    page = shown(client, old)
    for half in halves:
        assert reverse("grid_page", args=[half.code]) in page
    assert reverse("my_grid") in page
    # A neighbour touches the old border and took nothing over.
    today = page[: page.index('<svg class="portrait"')]
    assert reverse("grid_page", args=[town.grids[1].code]) not in today


def test_the_code_of_a_retired_grid_that_was_given_again_shows_the_new_one(
    client: Client, town: Town
) -> None:
    code = town.grids[0].code
    retire(town.grids[0])
    Area.objects.filter(pk=town.grids[1].pk).update(code=code, name="新的网格")
    assert "新的网格" in client.get(reverse("grid_page", args=[code])).content.decode()


def test_a_hostile_name_stays_text(client: Client, town: Town) -> None:
    Area.objects.filter(pk__in=[town.grids[0].pk, town.grids[1].pk]).update(
        name='"><script>alert(1)</script>'
    )
    assert "<script>alert" not in shown(client, town.grids[0])


def test_the_portal_and_the_public_map_lead_to_the_page(client: Client, town: Town) -> None:
    address = reverse("grid_page", args=[town.grids[0].code])
    client.force_login(town.resident)
    assert address in client.get(reverse("home")).content.decode()
    panel = client.get(reverse("map_area", args=[town.grids[0].code])).content.decode()
    assert address in panel
    assert filing(town.grids[0]) in panel


def test_the_page_takes_as_many_queries_however_many_serve_there(client: Client, town: Town) -> None:
    """Grid 7 has nobody of its own, grid 6 two members besides its leader."""
    numbers = []
    for grid in (town.grids[6], town.grids[5]):
        shown(client, grid)
        with CaptureQueriesContext(connection) as queries:
            shown(client, grid)
        numbers.append(len(queries))
    assert numbers[0] == numbers[1] <= 15
