"""Moves about a case as a whole: urge, order, withdraw, close by order, reassign."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from viewflow.workflow.models import Task

from grid.errors import NotAllowed, Refused
from realtime.log import Subject, verify
from tests.workflows.desk_helpers import open_task
from tests.workflows.flowing import (
    approval,
    armed,
    events,
    open_blocks,
    parallel,
    run,
    told,
)
from tests.workflows.flowing import open_task as task_of
from tests.workflows.lives import closed, handled
from tests.workflows.office import lamp, local, suspended
from workflows import queries
from workflows.actions.endings import force_close_case, withdraw_request
from workflows.actions.ratings import reopen_request
from workflows.actions.reassign import reassign_task
from workflows.actions.supervision import answer_order, supervise_case, tell_unanswered
from workflows.actions.tasks import claim_task, decide_task
from workflows.actions.urging import urge_request
from workflows.engine.move import OPEN
from workflows.models import Opinion, State

pytestmark = pytest.mark.django_db


def open_tasks(case):
    return Task.objects.filter(process_id=case.process_id, status__in=[*OPEN, "SCHEDULED"])


# --- 催办 --------------------------------------------------------------------------------------------
def test_a_superior_urges_besides_the_requester_each_in_their_own_rhythm(town):
    case = lamp(town)
    urge_request(request_id=case.pk, actor=town.resident)
    urge_request(request_id=case.pk, actor=town.supervisor, text="尽快")
    for actor in (town.resident, town.shift_leader):
        with pytest.raises(Refused):
            urge_request(request_id=case.pk, actor=actor)
    by_resident, by_office = events(case, "request.urged")
    assert (by_resident.payload["by_office"], by_office.payload["by_office"]) == (False, True)
    assert told(by_office) == {town.member1}


def test_how_often_one_may_urge_is_a_setting(town, settings):
    settings.LINLI_URGE_HOURS = 2
    case = lamp(town)
    urge_request(request_id=case.pk, actor=town.resident)
    with time_machine.travel(timezone.now() + timedelta(hours=2, seconds=1), tick=False):
        urge_request(request_id=case.pk, actor=town.resident)


def test_urging_reaches_whoever_has_it_by_then(town):
    case = lamp(town)
    reassign_task(task_id=open_task(case).pk, actor=town.supervisor, to=town.member2, reason="顺路")
    urge_request(request_id=case.pk, actor=town.resident)
    assert told(events(case, "request.urged")[0]) == {town.member2}


# --- 督办 --------------------------------------------------------------------------------------------
def test_an_order_reaches_whoever_has_the_case_and_their_leader(town):
    case = lamp(town)
    supervise_case(request_id=case.pk, actor=town.supervisor, level=2, text="今日办结")
    (event,) = events(case, "order.given")
    assert told(event) == {town.member1, town.leader1}
    assert list(queries.unanswered_orders()) == []  # no answer was asked for
    verify(Subject("request", case.pk))


def test_an_order_is_answered_once_by_whoever_has_the_case(town):
    case = lamp(town)
    order = supervise_case(
        request_id=case.pk, actor=town.supervisor, level=3, text="报进展", reply_by=timezone.localdate()
    )
    assert list(queries.orders_watched(town.supervisor)) == [order]
    assert list(queries.orders_watched(town.member1)) == []
    with pytest.raises(NotAllowed):
        answer_order(order_id=order.pk, actor=town.member2, text="好")
    with pytest.raises(Refused):
        answer_order(order_id=order.pk, actor=town.member1, text=" ")
    answer_order(order_id=order.pk, actor=town.member1, text="已联系电力公司")
    with pytest.raises(Refused, match="赵网格"):
        answer_order(order_id=order.pk, actor=town.member1, text="再说")
    (event,) = events(case, "order.answered")
    assert (event.payload["in_time"], told(event)) == (True, {town.supervisor})
    assert list(queries.orders_watched(town.supervisor)) == []


def test_an_answer_that_does_not_come_is_called_for_once(town):
    with time_machine.travel(local("2026-11-09 09:00"), tick=False) as traveller:
        case = lamp(town)
        supervise_case(
            request_id=case.pk, actor=town.supervisor, level=1, text="报进展", reply_by=timezone.localdate()
        )
        traveller.move_to(local("2026-11-09 23:59"), tick=False)
        assert tell_unanswered() == 0
        traveller.move_to(local("2026-11-10 00:00"), tick=False)
        assert (tell_unanswered(), tell_unanswered()) == (1, 0)
    (event,) = events(case, "order.overdue")
    assert told(event) == {town.member1, town.leader1, town.supervisor}


def test_orders_about_an_ended_case_wait_for_nothing(town):
    case = lamp(town)
    supervise_case(
        request_id=case.pk, actor=town.supervisor, level=1, text="报进展", reply_by=timezone.localdate()
    )
    closed(town, case)
    assert list(queries.unanswered_orders()) == []


@pytest.mark.parametrize("username", ["resident", "member1", "leader1", "registrar"])
def test_only_superiors_give_orders(town, username):
    case = lamp(town)
    with pytest.raises(NotAllowed):
        supervise_case(request_id=case.pk, actor=getattr(town, username), level=1, text="快")


def test_a_superior_of_elsewhere_gives_no_orders_here(town):
    town.assign(town.stranger, "supervisor", town.communities[1])
    with pytest.raises(NotAllowed):
        supervise_case(request_id=lamp(town).pk, actor=town.stranger, level=1, text="快")
    supervise_case(request_id=lamp(town, grid=5).pk, actor=town.stranger, level=1, text="快")


@pytest.mark.parametrize("days", [-1, 366])
def test_the_day_of_the_answer_must_make_sense(town, days):
    day = timezone.localdate() + timedelta(days=days)
    with pytest.raises(Refused):
        supervise_case(request_id=lamp(town).pk, actor=town.supervisor, level=1, text="快", reply_by=day)


# --- 撤回 --------------------------------------------------------------------------------------------
def test_the_requester_withdraws_while_nobody_has_worked_on_it(town):
    case = lamp(town)
    withdraw_request(request_id=case.pk, actor=town.resident, reason="自己修好了")
    case.refresh_from_db()
    case.process.refresh_from_db()
    assert (case.state, case.process.status) == (State.WITHDRAWN, "CANCELED")
    assert case.closed_at is not None
    assert (open_tasks(case).count(), armed(case)) == (0, 0)
    withdrawn, ended = events(case, "request.withdrawn", "request.closed")
    assert told(withdrawn) == {town.member1}
    assert ended.payload["state"] == "withdrawn"
    verify(Subject("request", case.pk))


def test_after_somebody_has_worked_on_it_it_cannot_be_withdrawn(town):
    case = handled(town, lamp(town))
    with pytest.raises(Refused):
        withdraw_request(request_id=case.pk, actor=town.resident)
    assert open_tasks(case).exists()


@pytest.mark.parametrize("username", ["neighbour", "member1", "supervisor"])
def test_nobody_else_withdraws_a_request(town, username):
    case = lamp(town)
    with pytest.raises(NotAllowed):
        withdraw_request(request_id=case.pk, actor=getattr(town, username))


def test_withdrawing_voids_every_branch(town):
    deadline = {"after": {"limit": 2, "clock": "urgent_hours"}, "action": "remind"}
    branches = [approval("left", deadlines=[deadline]), approval("right", "checker", deadlines=[deadline])]
    case = run(town, parallel("both", *branches))
    assert (sorted(open_blocks(case)), armed(case)) == (["left", "right"], 2)
    withdraw_request(request_id=case.pk, actor=town.resident)
    assert (open_tasks(case).count(), armed(case)) == (0, 0)
    with pytest.raises(Refused):
        decide_task(
            task_id=Task.objects.filter(process=case.process_id, flow_task_type="HUMAN").first().pk,
            actor=town.member1,
            outcome="done",
        )


# --- 强制结案 ------------------------------------------------------------------------------------------
def test_the_shift_leader_closes_a_case_where_it_stands(town):
    case = handled(town, lamp(town))
    force_close_case(request_id=case.pk, actor=town.shift_leader, reason="居民已搬走")
    case.refresh_from_db()
    assert (case.state, open_tasks(case).count()) == (State.FORCE_CLOSED, 0)
    forced, ended = events(case, "request.force_closed", "request.closed")
    assert (forced.payload["reason"], told(forced)) == ("居民已搬走", {town.checker})
    assert told(ended) == {town.resident}


def test_a_case_closed_by_order_is_reopened_like_any_other(town):
    case = handled(town, lamp(town))
    force_close_case(request_id=case.pk, actor=town.shift_leader, reason="居民已搬走")
    reopen_request(request_id=case.pk, actor=town.resident, reason="没有搬走")
    case.refresh_from_db()
    assert (case.state, open_task(case).owner) == (State.REOPENED, town.member1)


@pytest.mark.parametrize("username", ["resident", "member1", "supervisor"])
def test_nobody_else_closes_by_order(town, username):
    with pytest.raises(NotAllowed):
        force_close_case(request_id=lamp(town).pk, actor=getattr(town, username), reason="x")


# --- 改派 --------------------------------------------------------------------------------------------
def test_a_superior_gives_a_step_to_somebody_else(town):
    case = lamp(town)
    reassign_task(task_id=open_task(case).pk, actor=town.supervisor, to=town.member2, reason="赵网格休假")
    case.refresh_from_db()
    assert (open_task(case).owner, case.handler) == (town.member2, town.member2)
    (event,) = events(case, "task.transferred")
    assert (event.payload["reason"], told(event)) == ("赵网格休假", {town.member1, town.member2})
    assert Opinion.objects.get(request=case).move == "reassign"
    decide_task(task_id=open_task(case).pk, actor=town.member2, outcome="done", opinion="好了")


def test_a_step_in_a_pool_is_given_to_somebody(town):
    case = run(town, approval("one", moves=[]), grid=6)
    reassign_task(task_id=task_of(case, "one").pk, actor=town.supervisor, to=town.member1, reason="没人接")
    with pytest.raises(Refused):
        claim_task(task_id=task_of(case, "one").pk, actor=town.member6)


def test_work_is_given_to_people_on_duty_only_and_never_the_residents_own_step(town):
    case = lamp(town)
    with pytest.raises(Refused):
        reassign_task(task_id=open_task(case).pk, actor=town.supervisor, to=town.neighbour, reason="x")
    with pytest.raises(NotAllowed):
        reassign_task(task_id=open_task(case).pk, actor=town.leader2, to=town.member2, reason="x")
    case = closed(town, case)
    with pytest.raises(Refused):
        reassign_task(task_id=open_task(case).pk, actor=town.supervisor, to=town.member2, reason="x")


@pytest.mark.parametrize("mode", ["all", "in_turn", "any"])
def test_a_step_for_several_people_is_void_with_all_its_seats(town, mode):
    people = [{"role": "checker"}, {"role": "shift_leader"}, {"role": "supervisor"}]
    yes = {"code": "yes", "name": "同意", "agrees": True}
    no = {"code": "no", "name": "不同意"}
    case = run(town, approval("together", people, mode=mode, outcomes=[yes, no]))
    assert open_tasks(case).exists()
    withdraw_request(request_id=case.pk, actor=town.resident)
    case.refresh_from_db()
    assert (case.state, open_tasks(case).count()) == (State.WITHDRAWN, 0)
    unfinished = Task.objects.filter(process=case.process_id).exclude(status__in=["DONE", "CANCELED"])
    assert not unfinished.exists()


def test_a_request_that_stands_still_is_withdrawn_with_its_pause(town):
    case = lamp(town)
    asked = suspended(town, case)
    withdraw_request(request_id=case.pk, actor=town.resident)
    asked.refresh_from_db()
    case.refresh_from_db()
    assert (case.state, asked.ended_at is not None) == (State.WITHDRAWN, True)
