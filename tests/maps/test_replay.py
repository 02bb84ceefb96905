"""A past period of the live map: what was open when, as the cases really went."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from maps.queries import replay as queries
from tests.factories import Town, UserFactory
from tests.workflows.desk_helpers import filed as file_case
from tests.workflows.desk_helpers import open_task
from workflows.actions.tasks import decide_task
from workflows.models import Request

from .cases import WHOLE_TOWN, case

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 2, 1, tzinfo=UTC)  # Monday, 9:00 in the office


def play(
    client: Client, begins: object = "2026-03-01", ends: object = "2026-03-07", **query: str
) -> dict[str, Any]:
    answer = client.get("/map/data/replay/", {"from": begins, "to": ends, "bbox": WHOLE_TOWN, **query})
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = json.loads(answer.content)
    return found


def states_at(film: dict[str, Any], instant: datetime) -> dict[str, str]:
    """Number of each case → its state then, as the browser works it out."""
    elapsed = (instant - datetime.fromisoformat(film["from"])).total_seconds() * 1000
    shown = {}
    for at, place, state, *_ in film["changes"]:
        if at <= elapsed:
            shown[film["cases"][place][1]] = state
    return shown


@pytest.fixture
def lived(town: Town) -> Request:
    """Filed on Monday at nine, handled after two hours, checked after four."""
    with time_machine.travel(START, tick=False) as clock:
        one = file_case(town)
        clock.move_to(START + timedelta(hours=2))
        decide_task(task_id=open_task(one).pk, actor=town.member1, outcome="done", opinion="好了")
        clock.move_to(START + timedelta(hours=4))
        decide_task(task_id=open_task(one).pk, actor=town.checker, outcome="pass", opinion="属实")
    return one


@pytest.fixture
def supervisor(town: Town, client: Client) -> Client:
    client.force_login(town.supervisor)
    return client


def test_each_state_is_shown_from_the_instant_it_began(lived: Request, supervisor: Client) -> None:
    film = play(supervisor)
    assert states_at(film, START - timedelta(minutes=1)) == {}
    assert states_at(film, START + timedelta(hours=1)) == {lived.number: "handling"}
    assert states_at(film, START + timedelta(hours=3)) == {lived.number: "checking"}
    lived.refresh_from_db()
    assert states_at(film, START + timedelta(hours=5)) == {lived.number: lived.state}


def test_what_was_open_when_the_period_began_is_there_from_its_start(
    lived: Request, supervisor: Client
) -> None:
    begins = (START + timedelta(hours=3)).isoformat()
    film = play(supervisor, begins)
    assert film["changes"][0][:3] == [0, 0, "checking"]
    assert film["cases"][0][:2] == [lived.pk, lived.number]


def test_what_had_ended_before_is_not_shown(town: Town, supervisor: Client) -> None:
    with time_machine.travel(START, tick=False):
        one = file_case(town)
    Request.objects.filter(pk=one.pk).update(closed_at=START + timedelta(days=1), state="closed")
    assert play(supervisor, "2026-03-05")["cases"] == []
    assert len(play(supervisor, "2026-03-02")["cases"]) == 1


def test_the_light_of_then_follows_from_what_is_sent(lived: Request, supervisor: Client) -> None:
    film = play(supervisor)
    _, _, _, yellow_at, due_at, closed_at = film["changes"][0]
    assert datetime.fromisoformat(yellow_at) < datetime.fromisoformat(due_at)
    assert closed_at is None


def test_a_case_of_another_place_or_category_is_left_out(lived: Request, supervisor: Client) -> None:
    assert play(supervisor, bbox="112.0,37.0,112.1,37.1")["cases"] == []
    assert play(supervisor, area="149901001002")["cases"] == []
    assert len(play(supervisor, area="149901001001")["cases"]) == 1
    assert play(supervisor, category="no-such-category")["cases"] == []


def test_a_supervisor_plays_their_own_subtree_only(town: Town, lived: Request, client: Client) -> None:
    other = UserFactory(username="elsewhere")
    town.assign(other, "supervisor", town.communities[1])
    client.force_login(other)
    assert play(client)["cases"] == []
    client.force_login(town.resident)
    query = {"from": "2026-03-01", "to": "2026-03-07", "bbox": WHOLE_TOWN}
    assert client.get("/map/data/replay/", query).status_code == 403
    client.logout()
    assert client.get("/map/data/replay/", query).status_code == 401


def test_nobody_s_words_are_sent(lived: Request, supervisor: Client) -> None:
    text = json.dumps(play(supervisor), ensure_ascii=False)
    assert lived.text[:4] not in text
    assert "好了" not in text


def test_a_case_taken_over_from_elsewhere_was_under_way_until_its_end(town: Town, supervisor: Client) -> None:
    from realtime.events import RequestImported
    from realtime.log import Audience, Said, Subject, emit_all
    from workflows.brief import case_brief

    ended = START + timedelta(days=1)
    one = case(town, filed_at=START, closed_at=ended, state="closed", due=None)
    told = RequestImported(case=case_brief(one), system="old", external_id="1", imported_at=ended)
    emit_all([Said(told, Subject("request", one.pk), audience=Audience(one.area_path), at=START)])
    assert states_at(play(supervisor), START + timedelta(hours=1)) == {one.number: "registered"}


def test_more_cases_than_the_cap_are_counted_not_sent(
    town: Town, supervisor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_CASES", 3)
    with time_machine.travel(START, tick=False):
        numbers = [file_case(town).number for _ in range(5)]
    film = play(supervisor)
    assert film["left_out"] == 2
    assert {row[1] for row in film["cases"]} == set(numbers[2:])


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-03-07", "to": "2026-03-01"},
        {"from": "2026-01-01", "to": "2026-06-01"},
        {"from": "yesterday", "to": "2026-03-01"},
        {"from": "2026-03-01T08:00:00", "to": "2026-03-02"},
        {"from": "2026-02-30", "to": "2026-03-02"},
        {"from": "2999-01-01", "to": "2999-01-02"},
        {"from": "", "to": ""},
    ],
)
def test_a_period_that_makes_no_sense_is_answered_with_a_sentence(
    query: dict[str, str], supervisor: Client
) -> None:
    answer = supervisor.get("/map/data/replay/", {"bbox": WHOLE_TOWN, **query})
    assert answer.status_code == 400
    assert answer.json()["error"]
