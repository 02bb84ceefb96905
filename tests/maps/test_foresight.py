"""What stands out and what to expect: worked out by the command, read on the supervisors' pages."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from grid.models import Area
from maps.foresight import next_week, standing_out
from maps.models import Finding, Foresight
from tests import services
from tests.factories import Town, UserFactory
from workflows.models import Request, State

from .lattice import add_lattice, filed

pytestmark = pytest.mark.django_db

#: Eight grids around number 15 (row 2, column 2 of the lattice) and itself.
CLUSTER = [7, 8, 9, 13, 14, 15, 19, 20, 21]
ENGLISH = {"HTTP_ACCEPT_LANGUAGE": "en"}


def work_out(**options: Any) -> str:
    out = io.StringIO()
    call_command("find_what_stands_out", stdout=out, **options)
    return out.getvalue()


def data(client: Client, path: str = "/map/data/standing-out/", **query: Any) -> dict[str, Any]:
    answer = client.get(path, query, **ENGLISH)
    assert answer.status_code == 200
    found: dict[str, Any] = json.loads(answer.content)
    return found


def watching(town: Town, area: Area, name: str = "watcher") -> Client:
    user = UserFactory(username=name)
    town.assign(user, "supervisor", area)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def grids(town: Town) -> list[Area]:
    return add_lattice(town)


@pytest.fixture
def supervisor(town: Town, client: Client) -> Client:
    client.force_login(town.supervisor)
    return client


@pytest.fixture
def cluster(grids: list[Area]) -> list[Area]:
    """Six cases in each of nine grids, one in every third of the others, and a quiet past before."""
    for place, grid in enumerate(grids):
        if place in CLUSTER:
            filed(grid, range(1, 25, 4))
        elif place % 3 == 0:
            filed(grid, [place % 28])
        filed(grid, [40 + place % 9])
    return grids


def test_grids_whose_cases_lie_together_are_one_item_with_its_numbers(
    supervisor: Client, cluster: list[Area]
) -> None:
    work_out()
    (item,) = data(supervisor, kind="hot_spot", days=28)["items"]
    assert {cluster[place].code for place in CLUSTER} & set(item["grids"])
    inside = {grid.code: grid.pk for grid in cluster}
    n = sum(1 for code in item["grids"] for _ in Request.objects.filter(area_id=inside[code])) - len(
        item["grids"]
    )
    assert item["n"] == n
    assert f"{n} × Noise" in item["sentence"]
    assert "in the last 28 days" in item["sentence"]
    assert "清河街道" in item["sentence"] or "Qinghe" in item["sentence"]
    page = supervisor.get("/map/standing-out/", {"kind": "hot_spot"}, **ENGLISH).content.decode()
    assert item["sentence"] in page


def test_the_map_gets_an_outline_for_every_grid_that_stands_out(
    supervisor: Client, cluster: list[Area]
) -> None:
    work_out()
    found = data(supervisor, kind="hot_spot")
    features = {feature["id"]: feature for feature in found["grids"]["features"]}
    assert set(features) == {code for item in found["items"] for code in item["grids"]}
    west, south, east, north = cluster[14].geometry.bounds
    points = features[cluster[14].code]["geometry"]["coordinates"][0]
    assert all(west - 1e-6 <= x <= east + 1e-6 and south - 1e-6 <= y <= north + 1e-6 for x, y in points)


def test_evenly_spread_cases_flag_nothing(supervisor: Client, grids: list[Area]) -> None:
    for place, grid in enumerate(grids):
        filed(grid, [(place * 5) % 28, (place * 11 + 3) % 28, 30 + place % 30])
    work_out()
    assert data(supervisor)["items"] == []
    page = supervisor.get("/map/standing-out/", **ENGLISH).content.decode()
    assert "Nothing stands out" in page


def test_with_few_grids_or_few_cases_it_says_too_little_data(town: Town, supervisor: Client) -> None:
    filed(town.grids[0], [0] * 12)
    work_out()
    notes = Foresight.objects.get().notes
    assert notes["too_little"]["7"] == {"": "grids", "noise": "grids"} or notes["days"] < 7
    assert data(supervisor, kind="hot_spot")["items"] == []
    page = supervisor.get("/map/standing-out/", **ENGLISH).content.decode()
    assert "too little data to say much" in page


def test_a_grid_without_outline_or_neighbour_is_never_a_hot_spot(
    supervisor: Client, cluster: list[Area]
) -> None:
    island = cluster[35]
    Area.objects.filter(pk=island.pk).update(geometry=None)
    filed(island, [1] * 60)
    work_out()
    assert island.code not in {
        code for item in data(supervisor, kind="hot_spot")["items"] for code in item["grids"]
    }
    assert Foresight.objects.get().notes["islands"] == 1


def test_more_than_in_the_weeks_before_is_said_with_what_is_usual(
    supervisor: Client, grids: list[Area]
) -> None:
    """The issue's own example: 12 in 7 days, usually about 3."""
    for week in range(1, 9):
        filed(grids[4], [7 * week, 7 * week + 2, 7 * week + 4])
    filed(grids[4], [2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 6, 6])
    for grid in grids:
        filed(grid, [70], about="parking")
    work_out()
    (item,) = data(supervisor, kind="rising")["items"]
    assert item["sentence"] == (
        "大营社区 大营第5网格: 12 × Noise in the last 7 days; usually about 3 in that time "
        "(at most 3 in the 8 weeks before)."
    )
    chinese = supervisor.get("/map/data/standing-out/", {"kind": "rising"}).json()["items"][0]["sentence"]
    assert chinese == "大营社区 大营第5网格近 7 天 噪音 12 件，往常同期约 3 件（此前 8 周最多 3 件）。"


def test_a_sudden_burst_and_a_grid_gone_quiet_are_told_apart(supervisor: Client, grids: list[Area]) -> None:
    filed(grids[1], [0, 0, 0, 1, 1, 1], about="parking")
    filed(grids[2], range(30, 84, 2))
    for grid in grids:
        filed(grid, [70], about="care")
    work_out()
    items = data(supervisor)["items"]
    assert {(item["kind"], item["grids"][0]) for item in items} == {
        ("sudden", grids[1].code),
        ("silent", grids[2].code),
    }
    assert all(item["n"] == {"sudden": 6, "silent": 0}[item["kind"]] for item in items)


def test_the_cases_behind_an_item_are_listed_and_counted_by_week(
    supervisor: Client, grids: list[Area]
) -> None:
    burst = filed(grids[1], [0, 0, 0, 1, 1, 1])
    old = filed(grids[1], [40])
    other = filed(grids[1], [0], about="parking")
    Request.objects.filter(pk=burst[0].pk).update(state=State.MERGED)
    filed(grids[1], [1])
    work_out()
    (item,) = data(supervisor, kind="sudden")["items"]
    page = supervisor.get(item["url"], **ENGLISH).content.decode()
    listed = set(re.findall(r'data-number="(\w+)"', page))
    assert len(listed) == item["n"] == 6
    assert not listed & {old[0].number, other[0].number, burst[0].number}
    assert "夜里施工" not in page
    weeks = [int(n) for n in re.findall(r'foresight-n">(\d+)<', page)]
    assert weeks == [0] * 6 + [1] + [0] * 4 + [6]


def test_a_supervisor_reads_of_their_own_subtree_only(town: Town, cluster: list[Area]) -> None:
    filed(town.grids[0], [0, 0, 0, 1, 1, 1], about="parking")
    work_out()
    community = Area.objects.get(path=cluster[0].path[: -Area.steplen])
    here, there = watching(town, community), watching(town, town.communities[0], "other")
    mine, theirs = data(here), data(there)
    assert {code[:12] for item in mine["items"] for code in item["grids"]} == {community.code}
    assert {code for item in theirs["items"] for code in item["grids"]} == {town.grids[0].code}
    for item in mine["items"]:
        assert there.get(item["url"]).status_code == 404
    # Compared is with the reader's own community: nothing of the street beyond it is told.
    (spot,) = [item for item in mine["items"] if item["kind"] == "hot_spot" and item["days"] == 28]
    assert f"Other grids in {community.name}" in spot["sentence"]


def test_whoever_watches_a_part_of_a_hot_spot_reads_that_part_alone(town: Town, cluster: list[Area]) -> None:
    work_out()
    reader = watching(town, cluster[14])
    (item,) = data(reader, kind="hot_spot", days=28)["items"]
    assert item["grids"] == [cluster[14].code]
    assert item["n"] == 6
    assert "average" not in item["sentence"]


def test_residents_and_members_read_nothing_of_it(town: Town, cluster: list[Area], client: Client) -> None:
    work_out()
    pages = ["/map/standing-out/", "/map/next-week/", "/map/data/standing-out/", "/map/data/next-week/"]
    finding = Finding.objects.values_list("pk", flat=True)[0]
    pages.append(f"/map/standing-out/{finding}/")
    for page in pages:
        assert client.get(page).status_code in (302, 401)
    for person in (town.resident, town.member1):
        client.force_login(person)
        assert {client.get(page).status_code for page in pages} == {403}
        assert standing_out(person).items == []
        assert next_week(person) == ([], 0)


def test_next_week_is_told_with_its_interval_and_how_far_such_forecasts_were_off(
    supervisor: Client, grids: list[Area]
) -> None:
    for place, grid in enumerate(grids):
        filed(grid, [day for week in range(12) for day in [7 * week + place % 7] * (1 + (place == 0) * 4)])
    work_out()
    rows = data(supervisor, "/map/data/next-week/")["grids"]
    first, second = rows[0], rows[1]
    assert first["code"] == grids[0].code
    assert 3 < first["mean"] <= 5
    assert first["least"] <= first["mean"] <= first["most"]
    assert second["mean"] == pytest.approx(1, abs=0.35)
    assert first["last_week"] == 5
    page = supervisor.get("/map/next-week/", **ENGLISH).content.decode()
    assert "In the last 4 weeks such forecasts were off by" in page
    of_noise = data(supervisor, "/map/data/next-week/", category="noise")
    assert of_noise["total"] == len(grids)
    assert data(supervisor, "/map/data/next-week/", category="parking")["total"] == 0


def test_a_day_is_worked_out_once_and_again_only_when_asked(supervisor: Client, cluster: list[Area]) -> None:
    assert "cases in" in work_out()
    assert "already" in work_out()
    before = data(supervisor)["total"]
    filed(cluster[0], [0, 0, 0, 1, 1, 1], about="parking")
    assert data(supervisor)["total"] == before
    work_out(again=True)
    assert data(supervisor)["total"] > before
    assert Foresight.objects.count() == 1


def test_a_result_that_is_not_of_yesterday_says_of_when_it_is(
    supervisor: Client, cluster: list[Area]
) -> None:
    work_out()
    assert data(supervisor)["stale"] is False
    assert "This is not of yesterday" not in supervisor.get("/map/standing-out/", **ENGLISH).content.decode()
    Foresight.objects.update(day=Foresight.objects.get().day - timedelta(days=2))
    assert data(supervisor)["stale"] is True
    assert "This is not of yesterday" in supervisor.get("/map/standing-out/", **ENGLISH).content.decode()


def test_before_anything_is_worked_out_the_pages_say_so(supervisor: Client) -> None:
    for page in ("/map/standing-out/", "/map/next-week/"):
        assert "Nothing has been worked out yet" in supervisor.get(page, **ENGLISH).content.decode()


def test_the_pages_cost_as_many_queries_for_many_grids_as_for_few(
    supervisor: Client, grids: list[Area]
) -> None:
    def queries() -> list[int]:
        found = []
        for page in ("/map/standing-out/", "/map/next-week/", "/map/data/standing-out/"):
            supervisor.get(page)
            with CaptureQueriesContext(
                connection,
            ) as seen:
                supervisor.get(page)
            found.append(len(seen))
        return found

    for grid in grids[:5]:
        filed(grid, [0, 0, 0, 0, 1, 1, 1, 1, 50])
    work_out()
    few, shown = queries(), data(supervisor, kind="sudden")["total"]
    for grid in grids[5:25]:
        filed(grid, [0, 0, 0, 0, 1, 1, 1, 1, 50])
    work_out(again=True)
    assert data(supervisor, kind="sudden")["total"] > shown
    assert queries() == few
    assert max(few) <= 15


ONE_ROUND = """
import sys
import config.asgi
from django.urls import get_resolver
get_resolver().url_patterns
from maps.actions import foresight
from maps.models import Foresight
from tests.maps.lattice import filed
from grid.models import Area
from tests.factories import Town
filed(Town.found().grids[0], range(0, 60, 3))
foresight.follow_days()
foresight._thread.join()
heavy = sorted({"esda", "libpysal", "sklearn"} & set(sys.modules))
foresight.follow_days()
answer = [heavy, Foresight.objects.get().notes["cases"], foresight._thread.is_alive()]
print("ANSWER", answer)
"""


def test_background_work_does_the_day_in_a_process_that_ends_and_loads_nothing_heavy_itself(
    environment_of,
) -> None:
    environment = environment_of("sqlite", LINLI_FORESIGHT="1")
    assert "ANSWER [[], 20, False]" in services.python(ONE_ROUND, environment)


ON_POSTGRES = """
from datetime import timedelta
from django.core.management import call_command
from django.utils import timezone
from maps.foresight import next_week, standing_out
from maps.policies import watched_requests
from maps.queries.replay import replay
from maps.viewport import Viewport
from tests.factories import Town
from tests.maps.lattice import add_lattice, filed
from tests.workflows.desk_helpers import filed as file_case
town = Town.found()
for place, grid in enumerate(add_lattice(town)):
    filed(grid, range(1, 25, 4) if place in (7, 8, 9, 13, 14, 15, 19, 20, 21) else [40 + place % 9])
one = file_case(town)
call_command("find_what_stands_out", verbosity=0)
found = standing_out(town.supervisor, kind="hot_spot", days=28)
now = timezone.now()
film = replay(
    watched_requests(town.supervisor).filter(pk=one.pk),
    Viewport(112, 37, 113, 38, 10),
    now - timedelta(days=1),
    now,
)
print("ANSWER", len(found.items), next_week(town.supervisor)[1], film.changes[-1][2])
"""


@pytest.mark.postgres
def test_it_is_worked_out_and_played_back_on_postgresql_too(environment_of) -> None:
    said = services.python(ON_POSTGRES, environment_of("postgres")).splitlines()[-1]
    assert said == "ANSWER 1 43 handling"
