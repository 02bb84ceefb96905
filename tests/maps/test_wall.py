"""What a wall tells: numbers of today beside earlier ones, rates, what stands out; and to whom."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from grid.actions.screens import allow_screen, withdraw_screen
from grid.models import Screen
from tests.factories import Town
from tests.maps.cases import HOSTILE, WHOLE_TOWN, case

pytestmark = pytest.mark.django_db

CASES = f"/wall/cases/?bbox={WHOLE_TOWN}&zoom=16"
#: A Thursday afternoon.
NOON = datetime(2026, 11, 26, 15, 0, tzinfo=timezone.get_default_timezone())
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def watching(town: Town, client: Client) -> Client:
    client.force_login(town.supervisor)
    return client


def news_at(client: Client, monkeypatch: pytest.MonkeyPatch, moment: datetime) -> dict:
    monkeypatch.setattr(timezone, "now", lambda: moment)
    cache.clear()
    answer = client.get("/wall/news/")
    assert answer.status_code == 200
    return answer.json()


def screen_of(town: Town, area) -> tuple[Screen, Client]:
    """A screen that shows an area, opened in a browser of its own."""
    screen, key = allow_screen(area=area, name="指挥中心左侧", days=31, actor=town.administrator)
    browser = Client()
    answer = browser.post("/wall/open/", {"key": key})
    assert (answer.status_code, answer["Location"]) == (302, "/wall/")
    return screen, browser


def test_today_is_compared_with_the_same_time_before(client, town: Town, monkeypatch):
    with_deadline = {"due_at": NOON - 30 * HOUR, "yellow_at": NOON - 40 * HOUR}
    case(town, filed_at=NOON - 2 * HOUR)  # today
    case(town, filed_at=NOON - 3 * HOUR, closed_at=NOON - HOUR, state="closed")  # and closed today
    case(town, filed_at=NOON - 3 * DAY, **with_deadline)  # open and overdue, yesterday too
    case(
        town, filed_at=NOON - 3 * DAY, closed_at=NOON - 20 * HOUR, state="closed", **with_deadline
    )  # then, too
    case(town, filed_at=NOON - 7 * DAY - HOUR)  # a week ago, before this hour
    case(town, filed_at=NOON - 7 * DAY + HOUR)  # a week ago, after it
    news = news_at(watching(town, client), monkeypatch, NOON)
    assert news["today"] == {"filed": 2, "closed": 1, "open": 4, "overdue": 1}
    assert news["before"] == {"filed": 1, "closed": 0, "open": 4, "overdue": 2}
    assert sum(news["lights"].values()) == 4
    assert news["lights"]["red"] == 1


def test_past_midnight_the_counts_of_the_day_begin_anew(client, town: Town, monkeypatch):
    late = NOON.replace(hour=23, minute=59)
    case(town, filed_at=NOON)
    browser = watching(town, client)
    assert news_at(browser, monkeypatch, late)["today"]["filed"] == 1
    news = news_at(browser, monkeypatch, late + timedelta(minutes=2))
    assert news["day"] == "2026-11-27"
    assert (news["today"]["filed"], news["today"]["open"]) == (0, 1)


def test_the_rates_come_with_their_number_and_their_period(client, town: Town):
    outlook = watching(town, client).get("/wall/outlook/").json()
    assert set(outlook["rates"]) == {"responded", "solved", "satisfied"}
    assert outlook["rates"]["solved"] == {"value": None, "count": 0, "of": 0}
    assert outlook["period"]
    assert outlook["findings"] == []


def test_a_wall_tells_nothing_that_a_resident_wrote(client, town: Town):
    case(town)
    browser = watching(town, client)
    for path in ("/wall/", CASES, "/wall/news/", "/wall/outlook/"):
        said = browser.get(path).content.decode()
        for secret in (HOSTILE, "何居民", "13900000000", "幸福里3号楼"):
            assert secret not in said, path


def test_a_screen_shows_its_area_and_nothing_of_another(town: Town):
    here, elsewhere = case(town, 1), case(town, 5)
    _screen, browser = screen_of(town, town.communities[0])
    assert "和平里社区" in browser.get("/wall/").content.decode()
    shown = {one["number"] for one in browser.get(CASES).json()["points"]}
    assert shown == {here.number}
    news = browser.get("/wall/news/").json()
    assert [one["number"] for one in news["waiting"]] == [here.number]
    assert news["today"]["open"] == 1
    assert elsewhere.number not in browser.get("/wall/outlook/").content.decode()


def test_a_screen_is_nobody_everywhere_else(town: Town):
    here = case(town, 1)
    _screen, browser = screen_of(town, town.street)
    for path in (
        "/map/data/news/",
        f"/map/data/cases/?bbox={WHOLE_TOWN}&zoom=16",
        f"/map/cases/{here.number}/",
        "/map/live/",
        "/map/standing-out/",
        "/desk/",
        "/console/screens/",
        "/requests/",
        "/keys/",
    ):
        assert browser.get(path).status_code in {302, 401, 403, 404}, path
    assert browser.post("/requests/new/", {"text": "灯坏了"}).status_code == 302


def test_a_screen_that_was_taken_back_shows_nothing_any_more(town: Town):
    screen, browser = screen_of(town, town.street)
    assert browser.get("/wall/news/").status_code == 200
    withdraw_screen(screen_id=screen.pk, actor=town.administrator)
    assert browser.get("/wall/").status_code == 403
    for path in (CASES, "/wall/news/", "/wall/outlook/"):
        assert browser.get(path).status_code == 401, path


def test_a_screen_whose_time_is_over_shows_nothing_any_more(town: Town):
    screen, browser = screen_of(town, town.street)
    Screen.objects.filter(pk=screen.pk).update(until=timezone.now())
    assert browser.get("/wall/").status_code == 403
    assert browser.get("/wall/news/").status_code == 401


def test_opening_a_screen_signs_out_whoever_was_signed_in(town: Town, client):
    _screen, key = allow_screen(area=town.street, name="左", days=31, actor=town.administrator)
    client.force_login(town.administrator)
    client.post("/wall/open/", {"key": key})
    assert client.get("/console/").status_code == 302
    assert client.get("/wall/").status_code == 200


@pytest.mark.parametrize("key", ["", "linliwall_", "linliwall_" + "x" * 43])
def test_a_wrong_key_opens_nothing(client, town: Town, key: str):
    answer = client.post("/wall/open/", {"key": key})
    assert answer.status_code == 403
    assert client.get("/wall/").status_code == 302
