"""The pages of supervisors, and the drawer with one case, on cases that really run."""

from __future__ import annotations

import pytest

from tests.factories import Town
from workflows.actions.requests import file_request
from workflows.models import Category

from .cases import HOSTILE

pytestmark = pytest.mark.django_db


@pytest.fixture
def filed(town: Town):
    lon, lat = town.point_in(1)
    return file_request(
        reporter=town.resident,
        text=HOSTILE,
        category=Category.objects.filter(numchild=0).first(),
        lon=lon,
        lat=lat,
        address="<b>3号楼</b>",
    )


@pytest.mark.parametrize("path", ["/map/live/", "/wall/"])
def test_supervisors_and_administrators_may_watch(client, town: Town, path: str):
    for user in (town.supervisor, town.administrator):
        client.force_login(user)
        assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/map/live/", "/wall/"])
def test_others_are_told_that_the_map_is_not_for_them(client, town: Town, path: str):
    assert client.get(path).status_code == 302
    client.force_login(town.resident)
    answer = client.get(path)
    assert answer.status_code == 403


def test_the_drawer_tells_who_has_the_case_and_its_story(client, town: Town, filed):
    client.force_login(town.supervisor)
    drawer = client.get(f"/map/cases/{filed.number}/").content.decode()
    assert filed.number in drawer
    assert town.member_of(1).name in drawer
    assert "story-step" in drawer


def test_a_residents_text_is_only_ever_text(client, town: Town, filed):
    client.force_login(town.supervisor)
    drawer = client.get(f"/map/cases/{filed.number}/").content.decode()
    assert "&lt;img src=x onerror=alert(1)&gt;" in drawer
    assert "<img src=x" not in drawer
    assert "{{ 7*7 }}" in drawer
    assert "<b>3号楼" not in drawer
    for path in ("/map/live/", "/wall/", "/map/"):
        assert "onerror" not in client.get(path).content.decode()


def test_a_case_of_another_district_has_no_drawer(client, town: Town, filed):
    from .test_case_data import announce_duties, supervisor_of

    client.force_login(supervisor_of(town.communities[1]))
    announce_duties()
    assert client.get(f"/map/cases/{filed.number}/").status_code == 404


def test_the_feed_begins_with_what_the_socket_would_have_said(client, town: Town, filed):
    client.force_login(town.supervisor)
    news = client.get("/map/data/news/").json()
    kinds = [event["kind"] for event in news["events"]]
    assert kinds[-1] == "request.filed"
    assert {event["case"]["number"] for event in news["events"]} == {filed.number}
    assert [one["number"] for one in news["waiting"]] == [filed.number]


def test_the_feed_never_says_who_filed(client, town: Town, filed):
    client.force_login(town.supervisor)
    events = client.get("/map/data/news/").json()["events"]
    assert all(event.get("actor") != town.resident.name for event in events)


def test_every_kind_of_event_on_the_feed_has_words(town: Town):
    from maps.queries.feed import QUIET_KINDS
    from maps.words import kinds
    from realtime.events import KINDS, CasePayload

    told = {kind for kind, payload in KINDS.items() if issubclass(payload, CasePayload)}
    assert told - set(QUIET_KINDS) == set(kinds())


@pytest.mark.parametrize("path", ["/map/live/", "/wall/", "/map/data/news/"])
def test_pages_cost_the_same_queries_for_10_and_30_cases(
    client, town: Town, path: str, django_assert_max_num_queries
):
    from .cases import spread

    client.force_login(town.supervisor)
    spread(town, 10)
    client.get(path)
    with django_assert_max_num_queries(15) as few:
        client.get(path)
    spread(town, 20)
    with django_assert_max_num_queries(15) as many:
        client.get(path)
    assert len(many) == len(few)
