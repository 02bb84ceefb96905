"""Deadlines of steps: remind, escalate, decide; armed and disarmed with their step."""

import logging

import pytest
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from tests.workflows.flowing import (
    DONE,
    approval,
    armed,
    begin,
    events,
    open_blocks,
    open_task,
    parallel,
    publish,
    run,
    told,
)  # fmt: skip
from workflows.actions import timers
from workflows.actions.tasks import claim_task, decide_task, transfer_task
from workflows.actions.timers import fire_timers
from workflows.models import Opinion

pytestmark = pytest.mark.django_db

TWO_HOURS = {"limit": 2, "clock": "urgent_hours"}
REMIND = {"after": TWO_HOURS, "action": "remind"}
ESCALATE = {"after": TWO_HOURS, "action": "escalate", "to": [{"role": "grid_leader"}]}
LAPSE = {"after": TWO_HOURS, "action": "outcome", "outcome": "lapse"}
LAPSES = [DONE, {"code": "lapse", "name": "逾期", "by": "timer"}]


@pytest.fixture
def clock(time_machine):
    """``clock(hours)`` goes to so many hours after the cases began."""
    from datetime import datetime, timedelta

    start = datetime.fromisoformat("2026-11-10T09:00:00+08:00")

    def go(hours):
        time_machine.move_to(start + timedelta(hours=hours), tick=False)

    go(0)
    return go


def test_a_reminder_tells_whoever_has_the_step_and_changes_nothing(town, clock):
    case = run(town, approval("one", deadlines=[REMIND]))
    clock(1.99)
    assert fire_timers() == 0
    clock(2)
    assert fire_timers() == 1
    (event,) = events(case, "task.timed_out")
    assert (event.payload["action"], event.payload["block"], event.actor) == ("remind", "one", None)
    assert told(event) == {town.member1}
    assert open_task(case, "one").owner == town.member1
    clock(100)
    assert fire_timers() == 0  # once


def test_a_reminder_tells_everybody_in_the_pool(town, clock):
    case = run(town, approval("one", deadlines=[REMIND]), grid=6)
    clock(3)
    fire_timers()
    assert told(events(case, "task.timed_out")[0]) == {town.member6, town.member6b}


def test_an_escalated_step_goes_to_somebody_else(town, clock):
    case = run(town, approval("one", handler=True, deadlines=[ESCALATE]))
    clock(3)
    fire_timers()
    case.refresh_from_db()
    assert (open_task(case, "one").owner, case.handler) == (town.leader1, town.leader1)
    (event,) = events(case, "task.timed_out")
    assert (event.payload["action"], event.payload["to"]) == ("escalate", town.leader1.name)
    assert told(event) == {town.member1, town.leader1}
    decide_task(task_id=open_task(case, "one").pk, actor=town.leader1, outcome="done")
    case.refresh_from_db()
    assert case.state == "closed"


def test_a_deadline_may_decide(town, clock):
    case = run(town, approval("one", outcomes=LAPSES, deadlines=[LAPSE]), approval("two", "checker"))
    clock(3)
    assert fire_timers() == 1
    assert open_blocks(case) == ["two"]
    assert events(case, "task.timed_out")[0].payload["action"] == "outcome"
    # Nobody said anything, so there is no opinion.
    assert not Opinion.objects.filter(request=case).exists()


def test_a_deadline_may_decide_for_a_pool(town, clock):
    case = run(town, approval("one", outcomes=LAPSES, deadlines=[LAPSE]), approval("two", "checker"), grid=6)
    clock(3)
    assert fire_timers() == 1
    assert open_blocks(case) == ["two"]


def test_a_decided_step_leaves_no_armed_deadline(town, clock):
    case = run(town, approval("one", deadlines=[REMIND, ESCALATE]), approval("two", "checker"))
    assert armed(case) == 2
    decide_task(task_id=open_task(case, "one").pk, actor=town.member1, outcome="done")
    assert armed(case) == 0
    clock(50)
    assert fire_timers() == 0


def test_a_voided_step_leaves_no_armed_deadline(town, clock):
    no = {"code": "no", "name": "否", "ends": {"id": "refused", "name": "不予受理"}}
    both = parallel(
        "both", approval("left", deadlines=[REMIND]), approval("right", "checker", outcomes=[DONE, no])
    )
    case = run(town, both)
    assert armed(case) == 1
    decide_task(task_id=open_task(case, "right").pk, actor=town.checker, outcome="no")
    assert armed(case) == 0
    clock(50)
    assert fire_timers() == 0


def test_claiming_and_transferring_keep_the_deadline(town, clock):
    case = run(town, approval("one", deadlines=[REMIND], moves=["transfer"]), grid=6)
    claim_task(task_id=open_task(case, "one").pk, actor=town.member6)
    transfer_task(task_id=open_task(case, "one").pk, actor=town.member6, to=town.member1, reason="忙")
    assert armed(case) == 1
    clock(3)
    fire_timers()
    assert told(events(case, "task.timed_out")[0]) == {town.member1}


def test_limits_run_on_their_clock(town, time_machine):
    time_machine.move_to("2026-11-13T17:00:00+08:00", tick=False)  # Friday, an hour before the end of work
    case = run(town, approval("one", deadlines=[{**REMIND, "after": {"limit": 2, "clock": "work_hours"}}]))
    timer = Task.objects.get(process=case.process, flow_task_type="TIMER")
    assert timer.scheduled.isoformat() == "2026-11-16T01:00:00+00:00"  # Monday at 9:00


def test_one_failing_timer_stops_nobody_elses(town, clock, monkeypatch, caplog):
    publish(approval("one", deadlines=[REMIND]))
    first, second = begin(town), begin(town)
    fire, broken = timers._fire, Task.objects.get(process=first.process, flow_task_type="TIMER").pk

    def fails_for_the_first(task_id):
        if task_id == broken:
            raise RuntimeError("disk full")
        return fire(task_id)

    clock(3)
    with monkeypatch.context() as patched, caplog.at_level(logging.ERROR):
        patched.setattr(timers, "_fire", fails_for_the_first)
        assert fire_timers() == 1
    assert str(broken) in caplog.text
    assert not events(first, "task.timed_out")
    assert events(second, "task.timed_out")
    assert fire_timers() == 1  # tried again
    assert events(first, "task.timed_out")


def test_a_timer_that_another_sweep_took_is_left_alone(town, clock):
    case = run(town, approval("one", deadlines=[REMIND]))
    timer = Task.objects.get(process=case.process, flow_task_type="TIMER")
    clock(3)
    assert timers._fire(timer.pk) is True
    assert timers._fire(timer.pk) is False
    timer.refresh_from_db()
    assert timer.status == STATUS.DONE


EVERY_HOUR = REMIND | {"every": {"limit": 1, "clock": "urgent_hours"}}


def test_a_reminder_is_repeated_in_its_rhythm_until_the_step_is_over(town, clock):
    case = run(town, approval("one", deadlines=[EVERY_HOUR]), approval("two", "checker"))
    for hours, so_far in ((2, 1), (2.5, 1), (3.1, 2), (4, 3), (4.9, 3)):
        clock(hours)
        fire_timers()
        assert len(events(case, "task.timed_out")) == so_far
        assert armed(case) == 1
    decide_task(task_id=open_task(case, "one").pk, actor=town.member1, outcome="done")
    assert armed(case) == 0
    clock(50)
    assert fire_timers() == 0


def test_reminders_that_were_missed_while_nothing_ran_are_not_made_up_for(town, clock):
    case = run(town, approval("one", deadlines=[EVERY_HOUR]))
    clock(30)
    assert fire_timers() == 1
    assert fire_timers() == 0
    clock(31)
    assert fire_timers() == 1
    assert len(events(case, "task.timed_out")) == 2


def test_a_repeated_reminder_follows_the_step_to_whoever_has_it(town, clock):
    case = run(town, approval("one", deadlines=[EVERY_HOUR], moves=["transfer"]))
    clock(2)
    fire_timers()
    transfer_task(task_id=open_task(case, "one").pk, actor=town.member1, to=town.member2, reason="忙")
    clock(3)
    fire_timers()
    assert [told(event) for event in events(case, "task.timed_out")] == [{town.member1}, {town.member2}]


def test_a_reminder_may_tell_others_as_well_and_the_step_stays_where_it_is(town, clock):
    case = run(town, approval("one", deadlines=[REMIND | {"to": [{"role": "grid_leader"}]}]))
    clock(3)
    fire_timers()
    (event,) = events(case, "task.timed_out")
    assert told(event) == {town.member1, town.leader1}
    assert event.payload["to"] == town.leader1.name
    assert open_task(case, "one").owner == town.member1
