"""The desk's lists over HTTP: what came back, what is under way, copies, standing in, several at once."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from grid.actions.duty import appoint_stand_in
from grid.models import Member
from tests.factories import Town
from tests.workflows.desk_helpers import HOSTILE, filed, open_task, page, signed_in
from tests.workflows.flowing import events
from workflows.actions.tasks import decide_task
from workflows.models import CarbonCopy, Opinion, Request

pytestmark = pytest.mark.django_db


def handled(town: Town, **more) -> Request:
    case = filed(town, **more)
    decide_task(task_id=open_task(case).pk, actor=town.member1, outcome="done", opinion="修好了")
    return case


def stands_in(town: Town, stand_in, principal) -> None:
    now = timezone.now()
    appoint_stand_in(
        member=Member.objects.get(user=principal),
        stand_in=Member.objects.get(user=stand_in),
        since=now - timedelta(hours=1),
        until=now + timedelta(days=3),
        actor=principal,
    )


def decided_together(town: Town, cases: list[Request], **more):
    tasks = [open_task(case).pk for case in cases]
    return signed_in(town.checker).post(reverse("desk_batch_decide"), {"task": tasks} | more)


# --- Lists ------------------------------------------------------------------------------------------
def test_what_a_colleague_sends_back_is_listed_as_come_back(town: Town):
    case, other = handled(town), filed(town, text="别的事情")
    decide_task(task_id=open_task(case).pk, actor=town.checker, outcome="rework", opinion="灯还是坏的")
    text = page(signed_in(town.member1), "desk", tab="returned")
    assert case.number in text
    assert other.number not in text


def test_what_was_handed_on_is_under_way_and_says_who_has_it_until_it_is_closed(town: Town):
    case = handled(town)
    client = signed_in(town.member1)
    text = page(client, "desk", tab="progress")
    assert case.number in text
    assert str(town.checker) in text
    decide_task(task_id=open_task(case).pk, actor=town.checker, outcome="pass")
    decide_task(task_id=open_task(case).pk, actor=town.shift_leader, outcome="close")
    assert case.number not in page(client, "desk", tab="progress")


def test_what_is_on_the_desk_to_do_is_not_under_way_as_well(town: Town):
    case = handled(town)
    decide_task(task_id=open_task(case).pk, actor=town.checker, outcome="rework", opinion="没好")
    assert case.number not in page(signed_in(town.member1), "desk", tab="progress")


def test_an_urgent_case_is_copied_to_the_supervisor_who_marks_it_read_once(town: Town):
    case = filed(town, urgency="urgent")
    client = signed_in(town.supervisor)
    assert "is-unread" in page(client, "desk", tab="copies")
    assert reverse("copy_read", args=[case.number]) in page(client, "case_detail", case.number)
    for _twice in range(2):
        answer = client.post(reverse("copy_read", args=[case.number]))
        assert answer["Location"] == reverse("case_detail", args=[case.number])
    assert "is-unread" not in page(client, "desk", tab="copies")
    assert reverse("copy_read", args=[case.number]) not in page(client, "case_detail", case.number)
    (read,) = events(case, "copy.read")
    assert read.actor == town.supervisor
    assert "已阅" in page(client, "case_story", case.number)


def test_only_whoever_got_the_copy_can_mark_it_read(town: Town):
    case = filed(town, urgency="urgent")
    signed_in(town.member1).post(reverse("copy_read", args=[case.number]))
    assert CarbonCopy.objects.get(request=case).read_at is None
    assert not events(case, "copy.read")


def test_a_copy_of_a_case_nobody_showed_them_does_not_exist(town: Town):
    case = filed(town, urgency="urgent")
    assert signed_in(town.member5).post(reverse("copy_read", args=[case.number])).status_code == 404


@pytest.mark.parametrize("tab", ["returned", "progress", "copies"])
def test_words_narrow_every_list(town: Town, tab: str):
    lamp, noise = handled(town, urgency="urgent"), handled(town, text="半夜有噪音", urgency="urgent")
    if tab == "returned":
        for case in (lamp, noise):
            decide_task(task_id=open_task(case).pk, actor=town.checker, outcome="rework", opinion="没好")
    client = signed_in(town.supervisor if tab == "copies" else town.member1)
    text = page(client, "desk", tab=tab, q="噪音")
    assert noise.number in text
    assert lamp.number not in text


# --- Standing in ------------------------------------------------------------------------------------
def test_a_stand_in_can_look_at_one_persons_tasks_only(town: Town):
    own, principals = filed(town, grid=2), filed(town, grid=1)
    stands_in(town, town.member2, town.member1)
    client = signed_in(town.member2)
    both = page(client, "desk")
    assert own.number in both
    assert principals.number in both
    assert f"{town.member1}" in both
    only_own = page(client, "desk", whom=town.member2.pk)
    assert own.number in only_own
    assert principals.number not in only_own
    only_theirs = page(client, "desk", whom=town.member1.pk)
    assert principals.number in only_theirs
    assert own.number not in only_theirs


def test_nobody_sees_the_tasks_of_somebody_they_do_not_stand_in_for(town: Town):
    case = filed(town, grid=1)
    for tab in ("todo", "claim", "returned"):
        assert case.number not in page(signed_in(town.member2), "desk", tab=tab, whom=town.member1.pk)


# --- Several at once --------------------------------------------------------------------------------
def test_several_tasks_are_decided_together_with_the_same_words(town: Town):
    cases = [handled(town) for _ in range(3)]
    tasks = [open_task(case) for case in cases]
    shown = page(signed_in(town.checker), "desk_batch", task=[task.pk for task in tasks])
    assert all(case.number in shown for case in cases)
    answer = decided_together(town, cases, outcome="pass", opinion="都去看过了")
    assert answer.status_code == 200
    for task in tasks:
        assert task.opinions.get().text == "都去看过了"
        assert task.opinions.get().outcome == "pass"


def test_of_several_tasks_each_says_what_became_of_it(town: Town):
    cases = [handled(town) for _ in range(3)]
    first = open_task(cases[0])
    answer = signed_in(town.checker).post(
        reverse("desk_batch_decide"),
        {"task": [open_task(case).pk for case in cases], "outcome": "rework", "opinion": "没好"},
    )
    assert answer.content.decode().count("is-done") == 3
    assert Opinion.objects.get(task=first).move == "return"


def test_a_task_that_has_gone_meanwhile_stops_none_of_the_others(town: Town, monkeypatch):
    from workflows.views import batch

    cases = [handled(town) for _ in range(2)]
    gone = open_task(cases[0])
    decide = batch.decide_tasks

    def somebody_was_faster(**given):
        decide_task(task_id=gone.pk, actor=town.checker, outcome="pass")
        return decide(**given)

    monkeypatch.setattr(batch, "decide_tasks", somebody_was_faster)
    answer = decided_together(town, cases, outcome="pass").content.decode()
    assert answer.count("is-refused") == 1
    assert answer.count("is-done") == 1
    assert str(town.checker) in answer


def test_tasks_that_offer_different_ways_are_not_decided_together(town: Town):
    cases = [handled(town), handled(town)]
    decide_task(task_id=open_task(cases[1]).pk, actor=town.checker, outcome="pass")
    stands_in(town, town.checker, town.shift_leader)
    shown = page(signed_in(town.checker), "desk_batch", task=[open_task(case).pk for case in cases])
    assert 'name="outcome"' not in shown
    assert decided_together(town, cases, outcome="pass").status_code == 409


def test_words_are_asked_for_once_where_one_of_the_tasks_needs_them(town: Town):
    cases = [handled(town), handled(town)]
    answer = decided_together(town, cases, outcome="rework")
    assert answer.status_code == 409
    assert all(open_task(case).flow_task.block.id == "check" for case in cases)


def test_tasks_of_others_cannot_be_slipped_in(town: Town):
    mine, theirs = handled(town), filed(town, grid=2)
    answer = signed_in(town.checker).post(
        reverse("desk_batch_decide"),
        {"task": [open_task(mine).pk, open_task(theirs).pk, "x", "99999999999999999999"], "outcome": "pass"},
    )
    assert answer.status_code == 200
    assert open_task(theirs).flow_task.block.id == "handle"
    assert theirs.number not in answer.content.decode()


def test_what_residents_wrote_is_text_on_the_pages_for_several(town: Town):
    cases = [handled(town, text=HOSTILE) for _ in range(2)]
    shown = page(signed_in(town.checker), "desk_batch", task=[open_task(case).pk for case in cases])
    assert "<img src=x" not in shown
    assert "<img src=x" not in decided_together(town, cases, outcome="pass").content.decode()
