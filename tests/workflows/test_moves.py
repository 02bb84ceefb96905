"""Moves people make: decide, claim, unclaim, transfer, and what stops them."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from grid import stamp
from grid.errors import NotAllowed, Refused
from grid.models import StandIn
from realtime.models import Event, Notification
from tests.factories import photo
from tests.workflows.flowing import DONE, approval, begin, events, open_task, publish, run, tasks, told
from workflows.actions.tasks import claim_task, decide_task, return_task, transfer_task, unclaim_task
from workflows.engine.describe import describe
from workflows.models import Attachment, Opinion

pytestmark = pytest.mark.django_db

HANDLE = approval("handle", handler=True, moves=["transfer", "return"])


def stand_in(town, absent, present):
    now = timezone.now()
    StandIn.objects.create(
        member=absent.member,
        stand_in=present.member,
        since=now - timedelta(days=1),
        until=now + timedelta(days=1),
    )
    with transaction.atomic():
        stamp.bump()


# --- decide ------------------------------------------------------------------------------------------
def test_deciding_writes_an_opinion_and_tells(town):
    case = run(town, HANDLE, approval("check", "checker"))
    task = open_task(case, "handle")
    decide_task(task_id=task.pk, actor=town.member1, outcome="done", opinion=" 修好了 ")

    opinion = Opinion.objects.get(task=task)
    assert (opinion.move, opinion.outcome, opinion.text) == ("decide", "done", "修好了")
    assert (opinion.actor, opinion.on_behalf_of, opinion.request, opinion.block) == (
        town.member1, None, case, "handle",
    )  # fmt: skip

    decided, created = events(case, "task.decided", "task.created")[1:]
    assert decided.actor == town.member1
    said = {
        "task": task.pk, "block": "handle", "title": "步骤handle",
        "outcome": "done", "outcome_title": "完成", "opinion": "修好了",
    }  # fmt: skip
    assert said.items() <= decided.payload.items()
    assert decided.payload["took"] >= 0
    assert decided.payload["case"]["number"] == case.number
    assert told(decided) == set()
    assert told(created) == {town.checker}
    for event in (decided, created):
        assert event.area_path == town.grids[0].path
        assert {town.resident.pk, town.member1.pk, town.checker.pk} <= set(event.user_ids)


def test_an_outcome_may_ask_for_words_and_for_a_photo(town):
    strict = DONE | {"needs_opinion": True, "needs_photo": True}
    case = run(town, approval("one", outcomes=[strict]))
    task = open_task(case, "one")
    with pytest.raises(Refused, match="完成"):
        decide_task(task_id=task.pk, actor=town.member1, outcome="done", photos=[photo()])
    with pytest.raises(Refused, match="完成"):
        decide_task(task_id=task.pk, actor=town.member1, outcome="done", opinion="修好了")
    decide_task(task_id=task.pk, actor=town.member1, outcome="done", opinion="修好了", photos=[photo()])
    attached = Attachment.objects.get(request=case)
    assert (attached.moment, attached.added_by) == ("after", town.member1)
    assert events(case, "task.decided")[0].payload["photos"] == 1


@pytest.mark.parametrize("outcome", ["", "nonsense", "lapse"])
def test_only_outcomes_offered_to_people_can_be_chosen(town, outcome):
    lapse = {"code": "lapse", "name": "逾期", "by": "timer"}
    late = {"after": {"limit": 1, "clock": "work_days"}, "action": "outcome", "outcome": "lapse"}
    case = run(town, approval("one", outcomes=[DONE, lapse], deadlines=[late]))
    assert [offered.code for offered in describe(open_task(case, "one")).outcomes] == ["done"]
    with pytest.raises(Refused):
        decide_task(task_id=open_task(case, "one").pk, actor=town.member1, outcome=outcome)
    assert not Opinion.objects.exists()


def test_nobody_else_may_decide(town):
    case = run(town, HANDLE)
    task = open_task(case, "handle")
    for stranger in (town.member2, town.resident, town.stranger):
        with pytest.raises(Refused):
            decide_task(task_id=task.pk, actor=stranger, outcome="done")
    with pytest.raises(NotAllowed):
        decide_task(task_id=task.pk, actor=town.stranger, outcome="done")
    assert open_task(case, "handle").owner == town.member1


def test_whoever_comes_second_learns_who_was_first_and_when(town, time_machine):
    case = run(town, HANDLE, grid=6)
    task = open_task(case, "handle")
    time_machine.move_to("2027-03-01 09:30:00+08:00", tick=False)
    decide_task(task_id=task.pk, actor=town.member6, outcome="done")
    with pytest.raises(Refused, match=r"吴网格.*完成.*2027.*9:30"):
        decide_task(task_id=task.pk, actor=town.member6b, outcome="done")
    with pytest.raises(Refused, match="吴网格"):
        claim_task(task_id=task.pk, actor=town.member6b)


def test_a_task_that_is_not_there_is_refused(town):
    with pytest.raises(Refused):
        decide_task(task_id=987654, actor=town.member1, outcome="done")


def test_a_stand_in_decides_and_both_are_recorded(town):
    stand_in(town, town.member1, town.member2)
    case = run(town, HANDLE)
    assert told(events(case, "task.created")[0]) == {town.member1, town.member2}
    decide_task(task_id=open_task(case, "handle").pk, actor=town.member2, outcome="done")
    opinion = Opinion.objects.get(request=case)
    assert (opinion.actor, opinion.on_behalf_of) == (town.member2, town.member1)
    assert events(case, "task.decided")[0].payload["on_behalf_of"] == town.member1.name
    assert tasks(case)[0].owner == town.member1


def test_nothing_is_told_when_the_transaction_is_rolled_back(town):
    case = run(town, HANDLE, approval("check", "checker"))
    before = (Event.objects.count(), Notification.objects.count(), Opinion.objects.count())

    @transaction.atomic
    def decide_and_fail():
        decide_task(task_id=open_task(case, "handle").pk, actor=town.member1, outcome="done")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        decide_and_fail()
    assert (Event.objects.count(), Notification.objects.count(), Opinion.objects.count()) == before
    case.refresh_from_db()
    assert open_task(case, "handle").owner == town.member1


# --- form fields -------------------------------------------------------------------------------------
def test_a_chosen_person_gets_a_later_step(town):
    field = {"code": "assignee", "name": "处置人", "type": "person", "required": True}
    publish(approval("dispatch", "dispatcher", fields=[field]), approval("handle", [{"field": "assignee"}]))
    case = begin(town)
    task = open_task(case, "dispatch")
    with pytest.raises(Refused, match="处置人"):
        decide_task(task_id=task.pk, actor=town.dispatcher, outcome="done")
    with pytest.raises(Refused, match="处置人"):
        decide_task(
            task_id=task.pk, actor=town.dispatcher, outcome="done", data={"assignee": town.stranger.pk}
        )
    decide_task(
        task_id=task.pk, actor=town.dispatcher, outcome="done", data={"assignee": str(town.member3.pk)}
    )
    assert open_task(case, "handle").owner == town.member3


def test_a_registrar_places_and_classifies_the_case(town):
    from workflows.models import Category

    category = Category.objects.filter(conditions__is_default=True).first()
    fields = [
        {"code": "area", "name": "网格", "type": "area", "sets": "area"},
        {"code": "category", "name": "类别", "type": "category", "sets": "category"},
    ]
    publish(approval("register", "registrar", fields=fields), approval("handle"))
    case = begin(town, grid=None)
    decide_task(
        task_id=open_task(case, "register").pk, actor=town.registrar, outcome="done",
        data={"area": town.grids[3].code, "category": category.code},
    )  # fmt: skip
    case.refresh_from_db()
    assert (case.area, case.area_path, case.placed) == (town.grids[3], town.grids[3].path, "chosen")
    assert (case.category, case.limit) == (category, category.conditions.get(is_default=True).limit)
    assert case.due_at is not None
    assert open_task(case, "handle").owner == town.member4
    assert events(case)[-1].area_path == town.grids[3].path


@pytest.mark.parametrize(
    ("kind", "sent", "kept"),
    [("text", "三楼", "三楼"), ("number", "3.5", 3.5), ("bool", "on", True), ("choice", "big", "big")],
)
def test_other_fields_are_kept_with_the_process(town, kind, sent, kept):
    field = {"code": "extra", "name": "补充", "type": kind}
    if kind == "choice":
        field["choices"] = [{"code": "big", "name": "大"}, {"code": "small", "name": "小"}]
    case = run(town, approval("one", fields=[field]), approval("two"))
    decide_task(task_id=open_task(case, "one").pk, actor=town.member1, outcome="done", data={"extra": sent})
    case.process.refresh_from_db()
    assert case.process.data["fields"] == {"extra": kept}


@pytest.mark.parametrize(
    ("kind", "sent"), [("number", "viel"), ("choice", "huge"), ("area", "0"), ("person", "x")]
)
def test_a_field_that_makes_no_sense_is_refused_by_name(town, kind, sent):
    field = {"code": "extra", "name": "补充", "type": kind, "choices": [{"code": "big", "name": "大"}]}
    case = run(town, approval("one", fields=[field]))
    with pytest.raises(Refused, match="补充"):
        decide_task(
            task_id=open_task(case, "one").pk, actor=town.member1, outcome="done", data={"extra": sent}
        )


# --- claim and unclaim -------------------------------------------------------------------------------
def test_a_claimed_task_leaves_the_pool_and_comes_back(town):
    case = run(town, HANDLE, grid=6)
    task = open_task(case, "handle")
    assert describe(task).moves == {"claim"}

    claim_task(task_id=task.pk, actor=town.member6)
    case.refresh_from_db()
    assert (open_task(case, "handle").owner, case.handler) == (town.member6, town.member6)
    assert describe(open_task(case, "handle")).moves == {"transfer", "unclaim"}
    with pytest.raises(Refused, match="吴网格"):
        claim_task(task_id=task.pk, actor=town.member6b)
    with pytest.raises(Refused):
        claim_task(task_id=task.pk, actor=town.member6)
    with pytest.raises(Refused, match="吴网格"):
        decide_task(task_id=task.pk, actor=town.member6b, outcome="done")

    unclaim_task(task_id=task.pk, actor=town.member6)
    case.refresh_from_db()
    assert (open_task(case, "handle").owner, case.handler) == (None, None)
    claim_task(task_id=task.pk, actor=town.member6b)
    assert [opinion.move for opinion in Opinion.objects.filter(task=task)] == ["claim", "unclaim", "claim"]
    kinds = [event.kind for event in events(case)][-3:]
    assert kinds == ["task.claimed", "task.unclaimed", "task.claimed"]
    # The others of the pool see it go and come back.
    assert all(town.member6b.pk in event.user_ids for event in events(case)[-3:])


def test_a_task_that_came_to_one_person_has_no_pool_to_go_back_to(town):
    case = run(town, HANDLE)
    with pytest.raises(Refused):
        unclaim_task(task_id=open_task(case, "handle").pk, actor=town.member1)
    assert open_task(case, "handle").owner == town.member1


def test_deciding_from_the_pool_needs_no_claim(town):
    case = run(town, HANDLE, grid=6)
    decide_task(task_id=open_task(case, "handle").pk, actor=town.member6b, outcome="done")
    case.refresh_from_db()
    assert (tasks(case)[0].owner, case.handler) == (town.member6b, town.member6b)


def test_a_stand_in_takes_a_principals_seat_in_the_pool(town):
    stand_in(town, town.member6, town.member1)
    case = run(town, HANDLE, grid=6)
    claim_task(task_id=open_task(case, "handle").pk, actor=town.member1)
    assert open_task(case, "handle").owner == town.member6
    decide_task(task_id=open_task(case, "handle").pk, actor=town.member1, outcome="done")
    said = Opinion.objects.filter(request=case)
    assert [(one.actor, one.on_behalf_of) for one in said] == [(town.member1, town.member6)] * 2


# --- transfer ----------------------------------------------------------------------------------------
def test_a_transferred_task_is_the_other_persons(town):
    case = run(town, HANDLE, approval("check", "checker"))
    task = open_task(case, "handle")
    transfer_task(task_id=task.pk, actor=town.member1, to=town.member2, reason="我在休假")
    case.refresh_from_db()
    assert (open_task(case, "handle").owner, case.handler) == (town.member2, town.member2)
    opinion = Opinion.objects.get(task=task)
    assert (opinion.move, opinion.text) == ("transfer", "我在休假")
    (event,) = events(case, "task.transferred")
    assert (event.payload["to"], event.payload["reason"]) == (town.member2.name, "我在休假")
    assert told(event) == {town.member2}
    assert {town.member1.pk, town.member2.pk} <= set(event.user_ids)
    with pytest.raises(Refused, match="钱网格"):
        decide_task(task_id=task.pk, actor=town.member1, outcome="done")
    decide_task(task_id=task.pk, actor=town.member2, outcome="done")
    assert open_task(case, "check").owner == town.checker


def test_a_transfer_needs_a_reason_and_somebody_on_duty(town):
    case = run(town, HANDLE)
    task = open_task(case, "handle")
    for to, reason in ((town.member2, "  "), (town.stranger, "忙"), (town.member1, "忙")):
        with pytest.raises(Refused):
            transfer_task(task_id=task.pk, actor=town.member1, to=to, reason=reason)
    assert open_task(case, "handle").owner == town.member1


def test_a_step_says_which_moves_it_has(town):
    case = run(town, approval("one"), approval("two"))
    task = open_task(case, "one")
    assert describe(task).moves == set()
    with pytest.raises(Refused):
        transfer_task(task_id=task.pk, actor=town.member1, to=town.member2, reason="忙")
    decide_task(task_id=task.pk, actor=town.member1, outcome="done")
    with pytest.raises(Refused):
        return_task(task_id=open_task(case, "two").pk, actor=town.member1, to_block="one", reason="不清楚")
    assert describe(tasks(case, "one")[0]).outcomes == []
