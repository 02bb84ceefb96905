"""Acting about several cases chosen on the live map: whose, what becomes of each, what is told to whom."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from grid.models import User
from realtime import notifications
from realtime.models import Event
from tests.factories import Town
from tests.workflows.desk_helpers import filed, open_task
from workflows.actions import case_batch, messages
from workflows.actions.messages import message_member
from workflows.models import Request, Supervision

from .cases import case
from .test_case_data import announce_duties, supervisor_of

pytestmark = pytest.mark.django_db


def around(town: Town, *grids: int) -> str:
    """A shape around these grids, as the map sends it."""
    bounds = [town.grids[number - 1].geometry.bounds for number in grids]
    west, south = (min(edges[n] for edges in bounds) for n in (0, 1))
    east, north = (max(edges[n] for edges in bounds) for n in (2, 3))
    corners = [(west, south), (east, south), (east, north), (west, north)]
    return ";".join(f"{lon},{lat}" for lon, lat in corners)


def chosen(client: Client, user: User, **query: object) -> list[str]:
    client.force_login(user)
    answer = client.get("/map/chosen/", query)
    assert answer.status_code == 200, answer.content
    return re.findall(r'name="number" value="([^"]+)"', answer.content.decode())


def acts(client: Client, user: User, act: str, cases: list[Request], **more: object) -> dict[str, bool]:
    """Number → whether it was done, as the page says it."""
    client.force_login(user)
    answer = client.post(f"/map/chosen/{act}/", {"number": [one.number for one in cases], **more})
    assert answer.status_code == 200, answer.content
    said = re.findall(r'class="is-(\w+)" data-result="([^"]+)"', answer.content.decode())
    return {number: how == "done" for how, number in said}


def told(user: User) -> list[str]:
    return [notifications.sentence(one.event) for one in notifications.latest(user)]


# --- Choosing --------------------------------------------------------------------------------------
def test_what_lies_in_the_shape_is_chosen_the_most_urgent_first(client, town: Town):
    late, early = case(town, 1, due=-5), case(town, 2, due=20)
    case(town, 4), case(town, 1, state="closed"), case(town, 1, lon=None, lat=None)
    assert chosen(client, town.supervisor, shape=around(town, 1, 2)) == [late.number, early.number]


def test_the_maps_filters_hold_for_a_shape(client, town: Town):
    late = case(town, 1, due=-5)
    case(town, 1, due=20)
    assert chosen(client, town.supervisor, shape=around(town, 1), light="red") == [late.number]


def test_those_of_the_list_are_chosen_by_number(client, town: Town):
    one, other = case(town, 1), case(town, 5)
    assert chosen(client, town.supervisor, number=[other.number, one.number, "x"]) == [
        other.number,
        one.number,
    ]


def test_cases_of_another_district_are_never_chosen(client, town: Town):
    mine, theirs = case(town, 1), case(town, 5)
    watcher = supervisor_of(town.communities[0])
    announce_duties()
    assert chosen(client, watcher, shape=around(town, 1, 2, 3, 4, 5, 6, 7)) == [mine.number]
    assert chosen(client, watcher, number=[mine.number, theirs.number]) == [mine.number]


def test_of_too_many_the_most_urgent_are_chosen_and_it_says_so(client, town: Town):
    for _ in range(case_batch.MOST + 3):
        case(town, 1)
    assert len(chosen(client, town.supervisor, shape=around(town, 1))) == case_batch.MOST
    page = client.get("/map/chosen/", {"shape": around(town, 1)}).content.decode()
    assert str(case_batch.MOST + 3) in page


@pytest.mark.parametrize(
    "shape",
    ["1,1", "1,1;2,2", "a,b;c,d;e,f", "1,1;2,2;nan,1", "1,1,1;2,2,2;3,3,3", "900,1;2,2;3,3", "1,1;" * 101],
)
def test_what_is_no_shape_is_refused_with_a_sentence(client, town: Town, shape: str):
    client.force_login(town.supervisor)
    answer = client.get("/map/chosen/", {"shape": shape})
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_line_that_crosses_itself_chooses_both_sides(client, town: Town):
    west, _south, east, _north = town.grids[0].geometry.bounds
    lat = town.point_in(1)[1]
    left, right = case(town, 1, lon=west + 0.0005), case(town, 1, lon=east - 0.0005)
    bow = f"{west},{lat - 0.001};{west},{lat + 0.001};{east},{lat - 0.001};{east},{lat + 0.001}"
    assert sorted(chosen(client, town.supervisor, shape=bow)) == sorted([left.number, right.number])


# --- The moves -------------------------------------------------------------------------------------
def test_urging_says_of_each_case_what_became_of_it(client, town: Town):
    first, second = filed(town, 1), filed(town, 2)
    assert acts(client, town.supervisor, "urge", [first]) == {first.number: True}
    assert acts(client, town.supervisor, "urge", [first, second]) == {
        first.number: False,
        second.number: True,
    }
    assert Event.objects.filter(kind="request.urged").count() == 2
    assert any(second.number in sentence for sentence in told(town.member_of(2)))


def test_an_order_is_given_about_each(client, town: Town):
    cases = [filed(town, 1), filed(town, 5)]
    done = acts(client, town.supervisor, "order", cases, level=2, text="今天去看", reply_by="")
    assert set(done.values()) == {True}
    assert sorted(Supervision.objects.values_list("request", flat=True)) == sorted(one.pk for one in cases)


def test_the_open_step_of_each_goes_to_one_person(client, town: Town):
    cases = [filed(town, 1), filed(town, 2)]
    to = town.member_of(3)
    done = acts(client, town.supervisor, "reassign", cases, to=to.pk, reason="他今天在场")
    assert set(done.values()) == {True}
    assert {open_task_owner(one) for one in cases} == {to.pk}


def open_task_owner(one: Request) -> int:
    from viewflow.workflow.models import Task

    from workflows.policies import OPEN_TASK

    return Task.objects.get(
        process=Request.objects.get(pk=one.pk).process, status__in=OPEN_TASK, owner__isnull=False
    ).owner_id


@pytest.mark.parametrize("act", ["order", "reassign", "message"])
def test_without_words_nothing_happens(client, town: Town, act: str):
    one = filed(town, 1)
    before = Event.objects.count()
    client.force_login(town.supervisor)
    to = town.member_of(3).pk
    answer = client.post(f"/map/chosen/{act}/", {"number": one.number, "level": 1, "to": to, "text": " "})
    assert 'role="alert"' in answer.content.decode()
    assert Event.objects.count() == before


def test_nobody_acts_in_another_district(client, town: Town):
    theirs = filed(town, 5)
    watcher = supervisor_of(town.communities[0])
    announce_duties()
    before = Event.objects.count()
    for act in ("urge", "order", "message", "reassign"):
        more = {"level": 1, "text": "请抓紧", "to": town.member_of(1).pk, "reason": "请抓紧"}
        assert acts(client, watcher, act, [theirs], **more) == {}
    assert Event.objects.count() == before


def test_whoever_does_not_watch_cannot_act(client, town: Town):
    one = filed(town, 1)
    before = Event.objects.count()
    for who in ("resident", "member1", "registrar"):
        client.force_login(getattr(town, who))
        answer = client.post("/map/chosen/urge/", {"number": one.number})
        assert answer.status_code == 403, who
    assert Event.objects.count() == before


def test_there_is_no_other_move(client, town: Town):
    client.force_login(town.supervisor)
    assert client.post("/map/chosen/close/", {"number": filed(town, 1).number}).status_code == 404
    assert client.get("/map/chosen/urge/").status_code == 405


# --- Messages --------------------------------------------------------------------------------------
def test_a_message_reaches_the_member_on_duty_with_its_sender_and_not_the_resident(client, town: Town):
    one = filed(town, 1)
    before = len(told(town.resident))
    assert acts(client, town.supervisor, "message", [one], text="带上钥匙\0去看看") == {one.number: True}
    sentence = told(town.member_of(1))[0]
    assert one.number in sentence
    assert str(town.supervisor) in sentence
    assert "钥匙" not in sentence
    assert len(told(town.resident)) == before
    client.force_login(town.member_of(1))
    assert "带上钥匙去看看" in client.get(f"/cases/{one.number}/").content.decode()
    client.force_login(town.resident)
    assert "钥匙" not in client.get(f"/requests/{one.number}/").content.decode()


def test_messages_about_a_case_are_limited(client, town: Town):
    one, other = filed(town, 1), filed(town, 2)
    for _ in range(messages.MOST_A_CASE):
        assert acts(client, town.supervisor, "message", [one], text="去看看") == {one.number: True}
    done = acts(client, town.supervisor, "message", [one, other], text="去看看")
    assert done == {one.number: False, other.number: True}


def test_messages_of_one_person_are_limited(client, town: Town, monkeypatch):
    monkeypatch.setattr(messages, "MOST", 1)
    one, other = filed(town, 1), filed(town, 2)
    done = acts(client, town.supervisor, "message", [one, other], text="去看看")
    assert done == {one.number: True, other.number: False}
    assert acts(client, town.administrator, "message", [other], text="去看看") == {other.number: True}


def test_a_case_nobody_is_on_duty_for_is_told_apart(client, town: Town):
    unplaced = case(town, 1, area=None, area_path="")
    assert acts(client, town.administrator, "message", [unplaced], text="去看看") == {unplaced.number: False}


def test_only_superiors_write_from_there(town: Town):
    from grid.errors import NotAllowed

    one = filed(town, 1)
    for who in (town.member_of(1), town.resident, town.registrar):
        with pytest.raises(NotAllowed):
            message_member(request_id=one.pk, actor=who, text="去看看")
    assert not Event.objects.filter(kind="message.sent").exists()


# --- The drawer of one case ------------------------------------------------------------------------
def test_the_drawer_offers_the_same_moves_for_one_case(client, town: Town):
    one = filed(town, 1)
    client.force_login(town.supervisor)
    drawer = client.get(f"/map/cases/{one.number}/").content.decode()
    for move in ("urge", "order", "message", f"tasks/{open_task_pk(one)}"):
        assert f"/{move}/" in drawer, move
    answer = client.post(
        f"/cases/{one.number}/message/", {"text": "去看看", "beside_map": "1"}, headers={"hx-request": "true"}
    )
    assert 'role="status"' in answer.content.decode()
    assert Event.objects.filter(kind="message.sent", subject_id=one.pk).count() == 1


def open_task_pk(one: Request) -> int:
    return open_task(one).pk
