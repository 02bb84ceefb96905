"""What the live map is told of cases: whose, where, how many, in which order."""

from __future__ import annotations

import json

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from grid.models import DutyRole, Responsibility, User
from maps.queries import cases
from tests.factories import SINCE, MemberFactory, Town, UserFactory

from .cases import WHOLE_TOWN, at, case, category, hours, spread

pytestmark = pytest.mark.django_db


def ask(client: Client, user: User, **query: object) -> dict:
    client.force_login(user)
    answer = client.get("/map/data/cases/", {"bbox": WHOLE_TOWN, "zoom": 14, **query})
    assert answer.status_code == 200, answer.content
    return answer.json()


def numbers(picture: dict) -> list[str]:
    return [row["number"] for row in picture["rows"]]


def supervisor_of(area) -> User:
    user = UserFactory()
    role = DutyRole.objects.get(pk="supervisor")
    Responsibility.objects.create(member=MemberFactory(user=user), area=area, role=role, since=SINCE)
    return user


# --- Rights ----------------------------------------------------------------------------------------
def test_a_supervisor_sees_the_cases_of_the_own_subtree_and_no_others(client, town: Town):
    mine, theirs = case(town, 1), case(town, 5)
    first, second = supervisor_of(town.communities[0]), supervisor_of(town.communities[1])
    announce_duties()
    assert numbers(ask(client, first)) == [mine.number]
    assert numbers(ask(client, second)) == [theirs.number]
    assert set(numbers(ask(client, town.supervisor))) == {mine.number, theirs.number}


def announce_duties() -> None:
    """Rows written past the actions: the roster in memory has to be told."""
    from django.db import transaction

    from grid import stamp

    with transaction.atomic():
        stamp.bump()


def test_a_supervisors_own_request_elsewhere_is_not_on_the_own_map(client, town: Town):
    supervisor = supervisor_of(town.communities[0])
    announce_duties()
    case(town, 5, reporter=supervisor)
    assert numbers(ask(client, supervisor)) == []


@pytest.mark.parametrize("username", ["resident", "member1", "registrar", "checker"])
def test_whoever_does_not_watch_gets_nothing(client, town: Town, username: str):
    hidden = case(town, 1)
    client.force_login(getattr(town, username))
    for url in ("/map/data/cases/?bbox=1,1,2,2&zoom=9", "/map/data/news/", f"/map/cases/{hidden.number}/"):
        assert client.get(url).status_code == 403


def test_data_answers_401_to_whoever_is_not_signed_in(client, town: Town):
    answer = client.get("/map/data/cases/", {"bbox": WHOLE_TOWN, "zoom": 14})
    assert answer.status_code == 401
    assert answer.json()["error"]


def test_everything_on_the_map_may_also_be_opened(town: Town):
    from maps.policies import watched_requests
    from workflows.policies import visible_requests

    case(town, 1)
    case(town, 7)
    watched = set(watched_requests(town.supervisor).values_list("pk", flat=True))
    assert len(watched) == 2
    assert watched <= set(visible_requests(town.supervisor).values_list("pk", flat=True))


def test_an_area_of_another_district_cannot_be_chosen(client, town: Town):
    client.force_login(supervisor_of(town.communities[0]))
    announce_duties()
    answer = client.get(
        "/map/data/cases/", {"bbox": WHOLE_TOWN, "zoom": 14, "area": town.communities[1].code}
    )
    assert answer.status_code == 404


# --- The viewport ----------------------------------------------------------------------------------
def test_only_cases_inside_the_viewport_are_told(client, town: Town):
    inside, _outside = case(town, 1), case(town, 4)
    lon, lat = town.point_in(1)
    box = f"{lon - 0.001},{lat - 0.001},{lon + 0.001},{lat + 0.001}"
    picture = ask(client, town.supervisor, bbox=box, zoom=17)
    assert numbers(picture) == [inside.number]
    assert picture["counts"]["total"] == 1


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"bbox": "1,2,3", "zoom": "9"},
        {"bbox": "a,b,c,d", "zoom": "9"},
        {"bbox": "2,1,1,2", "zoom": "9"},
        {"bbox": "nan,1,2,3", "zoom": "9"},
        {"bbox": "200,1,210,2", "zoom": "9"},
        {"bbox": "1,1,2,2", "zoom": "inf"},
        {"bbox": "1,1,2,2", "zoom": "9", "cluster": "many"},
    ],
)
def test_a_viewport_that_makes_no_sense_is_refused_with_a_sentence(client, town: Town, query: dict):
    client.force_login(town.supervisor)
    answer = client.get("/map/data/cases/", query)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_few_cases_are_drawn_one_by_one(client, town: Town):
    spread(town, 50)
    picture = ask(client, town.supervisor)
    assert picture["clusters"] == []
    assert len(picture["points"]) == 50


@pytest.mark.parametrize("zoom", [9, 12, 14, 14.5, 17])
def test_clusters_and_single_cases_add_up_to_the_count(client, town: Town, monkeypatch, zoom: float):
    monkeypatch.setattr(cases, "SINGLE_CASES", 20)
    for grid in range(1, 8):
        spread(town, 30, grid)
    picture = ask(client, town.supervisor, zoom=zoom)
    assert picture["counts"]["total"] == 210
    assert picture["clusters"]
    assert sum(cluster["count"] for cluster in picture["clusters"]) + len(picture["points"]) == 210
    for cluster in picture["clusters"]:
        assert sum(cluster["lights"]) == cluster["count"] > 1


def test_dragging_the_map_does_not_shuffle_the_clusters(client, town: Town, monkeypatch):
    monkeypatch.setattr(cases, "SINGLE_CASES", 20)
    for grid in range(1, 8):
        spread(town, 30, grid)
    before = ask(client, town.supervisor, bbox="112.54,37.86,112.58,37.88", zoom=14)
    after = ask(client, town.supervisor, bbox="112.5412,37.8613,112.5812,37.8813", zoom=14)
    assert before["clusters"] == after["clusters"]


def test_near_the_ground_cases_are_single_however_many(client, town: Town, monkeypatch):
    monkeypatch.setattr(cases, "SINGLE_CASES", 20)
    spread(town, 60)
    picture = ask(client, town.supervisor, zoom=18)
    assert picture["clusters"] == []
    assert len(picture["points"]) == 60


def test_no_answer_holds_more_than_the_cap(client, town: Town, monkeypatch):
    monkeypatch.setattr(cases, "MOST_FEATURES", 40)
    spread(town, 60)
    picture = ask(client, town.supervisor, zoom=18)
    assert len(picture["points"]) == 40
    assert picture["counts"]["total"] == 60


def test_on_a_small_screen_cases_become_clusters_sooner(client, town: Town):
    for grid in range(1, 8):
        spread(town, 10, grid)
    assert ask(client, town.supervisor, zoom=16)["clusters"] == []
    assert ask(client, town.supervisor, zoom=13)["clusters"]


def test_cases_without_a_place_are_listed_beside_the_map(client, town: Town):
    on_map = case(town, 1)
    late = case(town, 1, lon=None, lat=None, due=-1)
    calm = case(town, 5, lon=None, lat=None, due=24)
    picture = ask(client, town.supervisor)
    assert numbers(picture) == [on_map.number]
    assert [row["number"] for row in picture["off_map"]["rows"]] == [late.number, calm.number]
    assert picture["off_map"]["total"] == 2
    picture = ask(client, town.supervisor, light="red", area=town.communities[1].code)
    assert picture["off_map"] == {"total": 0, "rows": []}


# --- Filters ---------------------------------------------------------------------------------------
def test_without_a_choice_only_open_cases_are_shown(client, town: Town):
    is_open = case(town, 1)
    case(town, 1, state="closed", closed_at=timezone.now())
    assert numbers(ask(client, town.supervisor)) == [is_open.number]


def test_ended_cases_are_shown_on_request(client, town: Town):
    is_open = case(town, 1)
    ended = case(town, 1, state="rated", closed_at=timezone.now())
    assert numbers(ask(client, town.supervisor, state="ended")) == [ended.number]
    assert numbers(ask(client, town.supervisor, state=["open", "ended"])) == [is_open.number, ended.number]


def test_filters_by_state_light_category_and_area(client, town: Town):
    waste = category("T1", "垃圾")
    heap = category("T11", "垃圾堆放", waste)
    noise = category("T2", "噪音")
    late = case(town, 1, due=-1, category=heap)
    soon = case(town, 2, due=0.5, category=noise, state="checking")
    calm = case(town, 5, due=48, category=noise)
    free = case(town, 6, due=None)
    for query, wanted in [
        ({"light": "red"}, {late}),
        ({"light": ["red", "yellow"]}, {late, soon}),
        ({"light": "green"}, {calm}),
        ({"light": "none"}, {free}),
        ({"state": "checking"}, {soon}),
        ({"category": "T1"}, {late}),
        ({"category": "T2"}, {soon, calm}),
        ({"category": "unknown"}, set()),
        ({"area": town.communities[1].code}, {calm, free}),
        ({"area": town.grids[0].code, "light": "red"}, {late}),
        ({"area": town.grids[0].code, "light": "green"}, set()),
    ]:
        assert set(numbers(ask(client, town.supervisor, **query))) == {one.number for one in wanted}, query


def test_the_lights_are_counted_as_if_none_was_chosen(client, town: Town):
    case(town, 1, due=-1)
    case(town, 2, due=48)
    case(town, 3, due=48)
    counts = ask(client, town.supervisor, light="red")["counts"]
    assert counts["lights"] == {"red": 1, "yellow": 0, "green": 2, "none": 0}
    assert counts["total"] == 1
    assert counts["states"] == {"handling": 1}


# --- Order and time --------------------------------------------------------------------------------
def test_the_list_begins_with_what_is_most_urgent(client, town: Town):
    free = case(town, 1, due=None)
    calm = case(town, 1, due=72)
    pressing = case(town, 1, due=96, urgency="urgent")
    soon = case(town, 1, due=0.5)
    late = case(town, 1, due=-1)
    latest = case(town, 1, due=-30)
    ended = case(town, 1, due=-50, state="closed", closed_at=timezone.now())
    wanted = [latest, late, soon, pressing, calm, free, ended]
    picture = ask(client, town.supervisor, state=["open", "ended"])
    assert numbers(picture) == [one.number for one in wanted]


def test_lights_turn_with_the_clock_and_the_page_is_told_when(client, town: Town):
    with time_machine.travel(at(2026, 3, 2), tick=False) as clock:
        one = case(town, 1, due=10)
        picture = ask(client, town.supervisor)
        assert picture["counts"]["lights"]["green"] == 1
        assert picture["next_turn"] == one.yellow_at.isoformat()
        clock.shift(hours(9.5))
        picture = ask(client, town.supervisor)
        assert picture["counts"]["lights"]["yellow"] == 1
        assert picture["next_turn"] == one.due_at.isoformat()
        clock.shift(hours(1))
        picture = ask(client, town.supervisor)
        assert picture["counts"]["lights"]["red"] == 1
        assert picture["next_turn"] is None


def test_the_database_and_the_clocks_agree_on_every_light(client, town: Town):
    from workflows.clocks import light

    with time_machine.travel(at(2026, 3, 2), tick=False):
        now = timezone.now()
        rows = [
            case(town, 1, due=due, closed_at=None if closed is None else now + hours(closed))
            for due in (None, -1, 0, 0.5, 1, 24)
            for closed in (None, -3, -0.5, 0)
        ]
        found = {one.pk: one.light for one in type(rows[0]).objects.annotate(light=cases.light_of(now))}
        for one in rows:
            assert found[one.pk] == light(now, one.yellow_at, one.due_at, one.closed_at)


# --- What is not told ------------------------------------------------------------------------------
def test_no_words_and_no_names_of_residents_are_in_the_data(client, town: Town):
    case(town, 1)
    client.force_login(town.supervisor)
    for url in (f"/map/data/cases/?bbox={WHOLE_TOWN}&zoom=14", "/map/data/news/"):
        text = client.get(url).content.decode()
        for secret in ("onerror", "7*7", "何居民", "13900000000", "幸福里"):
            assert secret not in text


# --- Sending ---------------------------------------------------------------------------------------
def test_answers_are_compressed_for_whoever_can_read_that(client, town: Town):
    import gzip

    spread(town, 100)
    client.force_login(town.supervisor)
    url = f"/map/data/cases/?bbox={WHOLE_TOWN}&zoom=16"
    packed = client.get(url, headers={"accept-encoding": "gzip, br"})
    assert packed["Content-Encoding"] == "gzip"
    assert len(json.loads(gzip.decompress(packed.content))["points"]) == 100
    assert "Content-Encoding" not in client.get(url)


def test_asking_again_is_answered_in_few_bytes_until_something_happens(client, town: Town):
    spread(town, 30)
    client.force_login(town.supervisor)
    url = f"/map/data/cases/?bbox={WHOLE_TOWN}&zoom=14"
    with time_machine.travel(timezone.now(), tick=False) as clock:
        first = client.get(url)
        clock.shift(hours(0.1))
        again = client.get(url, headers={"if-none-match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again["Linli-Now"] > first["Linli-Now"]
        case(town, 2)
        assert client.get(url, headers={"if-none-match": first["ETag"]}).status_code == 200


def test_nothing_changes_while_the_map_is_dragged_within_a_cell(client, town: Town):
    spread(town, 30)
    tags = []
    for nudge in (0, 1e-6, 2e-6):
        client.force_login(town.supervisor)
        box = f"{112.5501 + nudge},37.8702,{112.5601 + nudge},37.8752"
        tags.append(client.get("/map/data/cases/", {"bbox": box, "zoom": 16})["ETag"])
    assert len(set(tags)) == 1


# --- Cost ------------------------------------------------------------------------------------------
def test_a_picture_costs_as_many_queries_for_10_as_for_30_cases_and_few_for_1000(
    client, town: Town, django_assert_max_num_queries
):
    client.force_login(town.supervisor)
    url = f"/map/data/cases/?bbox={WHOLE_TOWN}&zoom=14"
    costs = []
    for grid, more in ((1, 10), (2, 20), (3, 970)):
        spread(town, more, grid)
        client.get(url)
        with django_assert_max_num_queries(15) as asked:
            picture = client.get(url).json()
        costs.append(len(asked))
    assert picture["clusters"]
    assert costs[0] == costs[1]
    assert costs[2] <= costs[0] + 3
