"""What residents see and do: the start page, their requests, one request's story, rating, opening again."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from grid.models import Resident
from tests.factories import Town
from tests.ui.markup import forbidden_in
from tests.workflows.desk_helpers import HOSTILE, filed, open_task, page, signed_in
from workflows.actions.tasks import decide_task
from workflows.models import Request, State, Visibility

pytestmark = pytest.mark.django_db


def closed(town: Town) -> Request:
    """A request of the resident's that has gone through the standard loop."""
    case = filed(town)
    for actor, outcome in ((town.member_of(1), "done"), (town.checker, "pass"), (town.shift_leader, "close")):
        decide_task(task_id=open_task(case).pk, actor=actor, outcome=outcome, opinion="已修好")
    case.refresh_from_db()
    assert case.state == State.CLOSED
    return case


def answers(**changed: str) -> dict[str, str]:
    return {"in_time": "yes", "solved": "yes", "satisfied": "yes", "comment": "谢谢"} | changed


# --- Start page ----------------------------------------------------------------------------------
def test_a_visitor_is_asked_where_they_live_and_told_how_it_goes(town: Town, client: Client) -> None:
    shown = page(client, "home")
    assert reverse("request_new") in shown
    assert reverse("my_grid") in shown
    assert "怎么办" in shown


def test_a_resident_sees_who_serves_their_grid_and_can_call_them(town: Town) -> None:
    shown = page(signed_in(town.resident), "home")
    assert town.member_of(1).name in shown
    assert "网格员" in shown
    assert 'href="tel:0351-5550100"' in shown
    assert "有事找我" in shown


def test_the_start_page_shows_requests_under_way_and_no_others(town: Town) -> None:
    filed(town, text="楼下的垃圾没人收")
    done = closed(town)
    client = signed_in(town.resident)
    shown = page(client, "home")
    assert "楼下的垃圾没人收" in shown
    assert done.number not in shown


def test_a_visitor_s_grid_is_remembered_without_an_account(town: Town, client: Client) -> None:
    lon, lat = town.point_in(3)
    response = client.post(reverse("my_grid"), {"lon": lon, "lat": lat})
    assert response["Location"] == reverse("home")
    assert town.member_of(3).name in page(client, "home")
    assert not Resident.objects.filter(area=town.grids[2]).exists()


def test_a_resident_s_grid_is_kept_with_the_account(town: Town) -> None:
    community, grid = town.communities[1], town.grids[4]
    client = signed_in(town.resident)
    client.post(reverse("my_grid"), {"area": [community.code, grid.code]})
    assert Resident.objects.get(user=town.resident).area == grid


def test_without_scripts_the_grid_is_chosen_list_by_list(town: Town, client: Client) -> None:
    first = page(client, "my_grid")
    assert town.communities[0].code in first
    assert town.grids[0].code not in first
    second = client.post(reverse("my_grid"), {"area": town.communities[0].code, "step": "1"}).content.decode()
    assert town.grids[0].code in second
    assert town.grids[4].code not in second


# --- My requests ---------------------------------------------------------------------------------
def test_one_s_requests_are_asked_for_only_when_signed_in(client: Client) -> None:
    response = client.get(reverse("request_list"))
    assert response["Location"].startswith(reverse("account_login"))


def test_an_empty_list_says_what_it_is_for(town: Town) -> None:
    assert "您还没有提过诉求" in page(signed_in(town.resident), "request_list")


def test_the_list_can_be_narrowed_to_what_is_under_way_or_done(town: Town) -> None:
    under_way, done = filed(town), closed(town)
    client = signed_in(town.resident)
    everything = page(client, "request_list")
    assert under_way.number in everything
    assert done.number in everything
    assert done.number not in page(client, "request_list", show="open")
    assert under_way.number not in page(client, "request_list", show="done")


def test_somebody_else_s_requests_are_not_in_the_list(town: Town) -> None:
    filed(town, reporter=town.stranger, text="别人的事")
    assert "别人的事" not in page(signed_in(town.resident), "request_list")


def queries_of(client: Client, url: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


@pytest.mark.parametrize("name", ["request_list", "home"])
def test_a_list_costs_the_same_at_ten_and_at_thirty_rows(
    town: Town, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.views.portal.PER_PAGE", 30)
    monkeypatch.setattr("workflows.views.home.SHOWN", 30)
    client = signed_in(town.resident)
    url = reverse(name)
    for _ in range(10):
        filed(town)
    client.get(url)
    at_ten = queries_of(client, url)
    for _ in range(20):
        filed(town)
    client.get(url)
    at_thirty = queries_of(client, url)
    assert client.get(url).content.decode().count('class="row-link"') == 30
    assert at_ten == at_thirty <= 15


# --- One request -----------------------------------------------------------------------------------
def test_a_request_says_who_has_it_since_when_and_by_when(town: Town) -> None:
    case = filed(town)
    shown = page(signed_in(town.resident), "request_detail", case.number)
    assert town.member_of(1).name in shown
    assert "最迟" in shown
    assert f'data-live="/ws/case/{case.number}/"' in shown


def test_the_fragment_that_follows_the_socket_is_the_same_story(town: Town) -> None:
    case = filed(town)
    client = signed_in(town.resident)
    before = page(client, "request_timeline", case.number)
    assert "<html" not in before
    decide_task(task_id=open_task(case).pk, actor=town.member_of(1), outcome="done", opinion="灯泡已更换")
    assert "灯泡已更换" in page(client, "request_timeline", case.number)


@pytest.mark.parametrize("name", ["request_detail", "request_timeline"])
def test_somebody_else_s_request_does_not_exist(town: Town, name: str) -> None:
    case = filed(town)
    page(signed_in(town.stranger), name, case.number, status=404)


@pytest.mark.parametrize("name", ["request_rate", "request_reopen", "request_urge"])
def test_nobody_else_can_move_a_request(town: Town, name: str) -> None:
    case = closed(town)
    data = answers(reason="没好")
    response = signed_in(town.stranger).post(reverse(name, args=[case.number]), data)
    assert response.status_code == 404
    # The member may see it, but it is not theirs to rate, reopen or urge.
    response = signed_in(town.member_of(1)).post(reverse(name, args=[case.number]), data)
    assert response.status_code in (403, 422)
    case.refresh_from_db()
    assert case.state == State.CLOSED
    assert not case.ratings.exists()


def test_a_neighbour_sees_an_open_request_without_names_and_place(town: Town) -> None:
    case = filed(town, visibility=Visibility.NEIGHBOURS, address="3号楼2单元")
    shown = page(signed_in(town.neighbour), "request_detail", case.number)
    assert case.text in shown
    for hidden in ("3号楼2单元", town.resident.name, town.member_of(1).name):
        assert hidden not in shown


def test_hostile_words_are_shown_as_words(town: Town) -> None:
    case = filed(town, text=HOSTILE)
    client = signed_in(town.resident)
    for shown in (
        page(client, "home"),
        page(client, "request_list"),
        page(client, "request_detail", case.number),
    ):
        assert "<img src=x" not in shown
        assert "&lt;img src=x" in shown
        assert forbidden_in(shown) == []
    assert "${alert(1)} {{ 7*7 }}" in page(client, "request_detail", case.number)


# --- Rating, opening again, urging -------------------------------------------------------------------
def test_a_closed_request_is_rated_in_three_questions(town: Town) -> None:
    case = closed(town)
    client = signed_in(town.resident)
    shown = page(client, "request_detail", case.number)
    assert [name for name in ("in_time", "solved", "satisfied") if f'name="{name}"' in shown] == [
        "in_time", "solved", "satisfied",
    ]  # fmt: skip
    response = client.post(reverse("request_rate", args=[case.number]), answers(satisfied="no"))
    assert response["Location"] == reverse("request_detail", args=[case.number])
    rating = case.ratings.get()
    assert (rating.in_time, rating.solved, rating.satisfied, rating.comment) == (True, True, False, "谢谢")
    assert rating.member == town.member_of(1)
    assert "不满意" in page(client, "request_detail", case.number)


def test_a_rating_with_an_answer_missing_keeps_the_others(town: Town) -> None:
    case = closed(town)
    data = answers(comment="就差这一题")
    del data["solved"]
    response = signed_in(town.resident).post(reverse("request_rate", args=[case.number]), data)
    assert response.status_code == 422
    shown = response.content.decode()
    assert "请选一个" in shown
    assert "就差这一题" in shown
    assert re.search(r'name="in_time" value="yes"[^>]* checked', shown)
    assert not case.ratings.exists()


def test_a_request_under_way_is_not_asked_to_be_rated(town: Town) -> None:
    case = filed(town)
    client = signed_in(town.resident)
    assert 'name="satisfied"' not in page(client, "request_detail", case.number)
    response = client.post(reverse("request_rate", args=[case.number]), answers())
    assert response.status_code == 422
    assert not case.ratings.exists()


def test_what_is_not_solved_is_opened_again_with_a_reason(town: Town) -> None:
    case = closed(town)
    client = signed_in(town.resident)
    url = reverse("request_reopen", args=[case.number])
    assert client.post(url, {"reason": " "}).status_code == 422
    client.post(url, {"reason": "灯又灭了"})
    case.refresh_from_db()
    assert case.is_open
    assert open_task(case).owner == town.member_of(1)
    assert "灯又灭了" in page(client, "request_detail", case.number)


def test_the_offer_to_open_again_ends_after_its_days(town: Town, settings) -> None:
    case = closed(town)
    late = timezone.now() + timedelta(days=settings.LINLI_REOPEN_DAYS + 1)
    with time_machine.travel(late):
        client = signed_in(town.resident)
        url = reverse("request_reopen", args=[case.number])
        assert url not in page(client, "request_detail", case.number)
        response = client.post(url, {"reason": "灯又灭了"})
    assert response.status_code == 422
    case.refresh_from_db()
    assert not case.is_open


def test_a_request_is_urged_once_a_day(town: Town) -> None:
    case = filed(town)
    client = signed_in(town.resident)
    url = reverse("request_urge", args=[case.number])
    assert client.post(url, {"text": "请快一点"}).status_code == 302
    refused = client.post(url, {"text": "再快一点"})
    assert refused.status_code == 422
    assert "再快一点" in refused.content.decode()
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        again = signed_in(town.resident)
        assert again.post(url, {"text": "第二天了"}).status_code == 302
