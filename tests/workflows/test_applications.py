"""More time, standing still, appeals: who asks, who decides, how often, and what it does to the clock."""

from datetime import timedelta

import pytest
from django.utils import timezone

from grid import stamp
from grid.errors import NotAllowed, Refused
from realtime.log import Subject, verify
from tests.factories import SINCE
from tests.workflows.desk_helpers import open_task
from tests.workflows.flowing import approval, events, run, told
from tests.workflows.lives import closed
from tests.workflows.office import extended, lamp, local, manhole, suspended
from workflows import queries
from workflows.actions.applications import (
    ask_appeal,
    ask_extension,
    ask_suspension,
    decide_application,
)
from workflows.actions.deadlines import tell_deadlines
from workflows.actions.endings import force_close_case
from workflows.actions.ratings import reopen_request
from workflows.actions.suspension import resume_case, resume_due
from workflows.actions.tasks import claim_task, decide_task
from workflows.actions.timers import fire_timers
from workflows.models import Application, Request, State

pytestmark = pytest.mark.django_db


def later(traveller, text):
    traveller.move_to(local(text), tick=False)


# --- 延期 --------------------------------------------------------------------------------------------
def test_more_time_is_one_more_limit_once_two_levels_agree(town, monday):
    case = lamp(town)
    assert case.due_at == local("2026-11-11 09:00")
    asked = ask_extension(request_id=case.pk, actor=town.member1, reason="等配件")
    assert [c.pool for c in asked.consents.all()] == [f"duty.grid_leader.{town.communities[0].pk}"]
    decide_application(application_id=asked.pk, actor=town.leader1, agrees=True, opinion="属实")
    case.refresh_from_db()
    assert (case.extensions, case.due_at) == (0, local("2026-11-11 09:00"))
    decide_application(application_id=asked.pk, actor=town.shift_leader, agrees=True)
    case.refresh_from_db()
    asked.refresh_from_db()
    assert (case.extensions, case.due_at) == (1, local("2026-11-13 09:00"))
    assert case.yellow_at == local("2026-11-12 13:48")  # 80 % of four working days
    assert (asked.status, asked.due_before, asked.due_after) == (
        "granted",
        local("2026-11-11 09:00"),
        local("2026-11-13 09:00"),
    )
    (filed_event,) = events(case, "application.filed")
    (forwarded,) = events(case, "application.forwarded")
    (granted,) = events(case, "application.granted")
    assert (told(filed_event), told(forwarded), told(granted)) == (
        {town.leader1},
        {town.shift_leader},
        {town.member1},
    )
    verify(Subject("request", case.pk))


def test_more_time_is_granted_at_most_twice_and_a_refusal_does_not_count(town, monday):
    case = lamp(town)
    refused = ask_extension(request_id=case.pk, actor=town.member1, reason="忙")
    decide_application(application_id=refused.pk, actor=town.leader1, agrees=False, opinion="理由不足")
    for _time in range(2):
        extended(town, case)
    assert case.due_at == local("2026-11-17 09:00")  # six working days in all
    with pytest.raises(Refused):
        ask_extension(request_id=case.pk, actor=town.member1, reason="还要")
    assert [a.status for a in case.applications.all()] == ["refused", "granted", "granted"]


def test_more_time_is_asked_before_the_deadline_only(town, monday):
    case = lamp(town)
    later(monday, "2026-11-11 09:00")
    asked = ask_extension(request_id=case.pk, actor=town.member1, reason="等配件")
    later(monday, "2026-11-11 12:00")
    tell_deadlines()
    # Decided after the deadline, it counts all the same: the case is not late any more, nor told to be.
    for approver in (town.leader1, town.shift_leader):
        decide_application(application_id=asked.pk, actor=approver, agrees=True)
    case.refresh_from_db()
    assert (case.light_told, case.due_at) == ("", local("2026-11-13 09:00"))
    later(monday, "2026-11-13 09:01")
    with pytest.raises(Refused):
        ask_extension(request_id=case.pk, actor=town.member1, reason="等配件")
    assert tell_deadlines() == 1
    assert [event.kind for event in events(case) if event.kind.startswith("deadline.")] == [
        "deadline.breached",
        "deadline.breached",
    ]


def test_only_one_application_of_a_kind_waits_at_a_time(town, monday):
    case = lamp(town)
    ask_extension(request_id=case.pk, actor=town.member1, reason="等配件")
    with pytest.raises(Refused):
        ask_extension(request_id=case.pk, actor=town.member1, reason="等配件")


@pytest.mark.parametrize("username", ["resident", "member2", "leader1", "supervisor"])
def test_only_whoever_has_the_case_asks_for_more_time(town, monday, username):
    case = lamp(town)
    with pytest.raises(NotAllowed):
        ask_extension(request_id=case.pk, actor=getattr(town, username), reason="等配件")


def test_nobody_decides_about_their_own_application_or_at_both_levels(town, monday):
    """Grid 7 has no member: the community's leader has the case, so the leader's level goes to the town."""
    town.assign(town.shift_leader, "grid_leader", town.street)
    town.assign(town.supervisor, "shift_leader", town.street)
    case = lamp(town, grid=7)
    task = open_task(case)
    if task.owner is None:
        claim_task(task_id=task.pk, actor=town.dispatcher)
    decide_task(
        task_id=open_task(case).pk,
        actor=town.dispatcher,
        outcome="assign",
        data={"assignee": town.leader2.pk},
    )
    asked = ask_extension(request_id=case.pk, actor=town.leader2, reason="等配件")
    assert asked.consents.get().pool == f"duty.grid_leader.{town.street.pk}"
    with pytest.raises(NotAllowed):
        decide_application(application_id=asked.pk, actor=town.leader2, agrees=True)
    decide_application(application_id=asked.pk, actor=town.shift_leader, agrees=True)
    # The shift leader has decided: at the second level it is the other one's turn.
    with pytest.raises(NotAllowed):
        decide_application(application_id=asked.pk, actor=town.shift_leader, agrees=True)
    assert list(queries.consents_waiting(town.shift_leader)) == []
    decide_application(application_id=asked.pk, actor=town.supervisor, agrees=True)
    asked.refresh_from_db()
    assert asked.status == "granted"


def test_without_a_leader_the_administrator_decides(town, monday):
    case = lamp(town)
    stamp.bump()
    town.leader1.member.responsibilities.update(until=SINCE + timedelta(days=1))
    asked = ask_extension(request_id=case.pk, actor=town.member1, reason="等配件")
    assert asked.consents.get().pool == f"duty.administrator.{town.street.pk}"
    decide_application(application_id=asked.pk, actor=town.administrator, agrees=True)


def test_the_slower_of_two_is_told_who_decided(town, monday):
    case = lamp(town)
    asked = ask_extension(request_id=case.pk, actor=town.member1, reason="等配件")
    decide_application(application_id=asked.pk, actor=town.leader1, agrees=False, opinion="不同意")
    with pytest.raises(Refused, match="王书记"):
        decide_application(application_id=asked.pk, actor=town.leader1, agrees=True)


def test_refusing_needs_words(town, monday):
    asked = ask_extension(request_id=lamp(town).pk, actor=town.member1, reason="等配件")
    with pytest.raises(Refused):
        decide_application(application_id=asked.pk, actor=town.leader1, agrees=False, opinion="  ")


def test_what_was_asked_lapses_when_the_case_ends(town, monday):
    case = lamp(town)
    asked = ask_extension(request_id=case.pk, actor=town.member1, reason="等配件")
    force_close_case(request_id=case.pk, actor=town.shift_leader, reason="重复建设，不再处理")
    asked.refresh_from_db()
    assert asked.status == "lapsed"
    assert list(queries.consents_waiting(town.leader1)) == []
    with pytest.raises(Refused):
        decide_application(application_id=asked.pk, actor=town.leader1, agrees=True)


# --- 挂账 --------------------------------------------------------------------------------------------
def test_while_a_case_stands_still_nothing_runs_and_what_was_left_is_left(town, monday):
    case = lamp(town)
    later(monday, "2026-11-10 10:00")  # a day and an hour have run, 23 hours are left
    asked = suspended(town, case, days=10)
    assert (case.state, asked.until) == (State.SUSPENDED, local("2026-11-20 00:00"))
    assert case.due_at == local("2026-11-20 23:00")
    later(monday, "2026-11-19 23:59")
    assert (resume_due(), tell_deadlines(), fire_timers()) == (0, 0, 0)
    later(monday, "2026-11-20 00:07")  # the sweep is late, the clock is not
    assert (resume_due(), resume_due()) == (1, 0)
    case.refresh_from_db()
    asked.refresh_from_db()
    assert (case.state, case.due_at) == (State.HANDLING, local("2026-11-20 23:00"))
    assert asked.ended_at == local("2026-11-20 00:00")
    (resumed,) = events(case, "request.resumed")
    assert resumed.payload["planned"] is True
    assert told(resumed) == {town.member1, town.resident}


def test_a_case_goes_on_early_when_somebody_says_so(town, monday):
    case = lamp(town)
    later(monday, "2026-11-10 10:00")
    suspended(town, case, days=10)
    later(monday, "2026-11-12 10:00")
    resume_case(request_id=case.pk, actor=town.member1, reason="配件到了")
    case.refresh_from_db()
    assert (case.state, case.due_at) == (State.HANDLING, local("2026-11-13 09:00"))
    with pytest.raises(Refused):
        resume_case(request_id=case.pk, actor=town.member1)
    later(monday, "2026-11-20 00:01")
    assert resume_due() == 0


def test_deadlines_of_steps_stand_still_with_the_case(town, monday):
    """Handling is reminded after two working days and escalated after five."""
    case = lamp(town)
    later(monday, "2026-11-10 09:00")
    suspended(town, case, days=7)  # until Tuesday 17
    later(monday, "2026-11-17 00:00")
    resume_due()
    later(monday, "2026-11-17 23:59")
    assert fire_timers() == 0
    later(monday, "2026-11-18 00:00")  # one working day before the pause and one after it
    assert fire_timers() == 1
    later(monday, "2026-11-20 23:59")
    assert fire_timers() == 0
    later(monday, "2026-11-23 00:00")
    assert fire_timers() == 1
    assert open_task(case).owner == town.leader1


def test_a_timer_that_fell_due_before_the_pause_waits_until_the_case_goes_on(town, monday):
    case = lamp(town)
    later(monday, "2026-11-11 09:00")  # the reminder is due now; no sweep has come by
    suspended(town, case, days=5)
    assert fire_timers() == 0
    later(monday, "2026-11-16 00:00")
    resume_due()
    assert fire_timers() == 1


def test_steps_wait_while_the_case_stands_still(town, monday):
    case = lamp(town)
    suspended(town, case)
    with pytest.raises(Refused):
        decide_task(task_id=open_task(case).pk, actor=town.member1, outcome="done", opinion="好了")
    resume_case(request_id=case.pk, actor=town.member1)
    decide_task(task_id=open_task(case).pk, actor=town.member1, outcome="done", opinion="好了")


def test_a_case_stands_still_at_most_once(town, monday):
    case = lamp(town)
    suspended(town, case)
    resume_case(request_id=case.pk, actor=town.member1)
    with pytest.raises(Refused):
        ask_suspension(
            request_id=case.pk,
            actor=town.member1,
            reason="再等等",
            until=timezone.localdate() + timedelta(days=3),
        )


@pytest.mark.parametrize(("days", "allowed"), [(0, False), (1, True), (365, True), (366, False)])
def test_a_case_stands_still_for_at_most_365_days(town, monday, days, allowed):
    case = lamp(town)
    until = timezone.localdate() + timedelta(days=days)

    def ask():
        return ask_suspension(request_id=case.pk, actor=town.member1, reason="等审批", until=until)

    if allowed:
        assert ask().until == local(f"{until} 00:00")
    else:
        with pytest.raises(Refused):
            ask()


def test_a_suspension_decided_too_late_cannot_be_granted_any_more(town, monday):
    case = lamp(town)
    tomorrow = timezone.localdate() + timedelta(days=1)
    asked = ask_suspension(request_id=case.pk, actor=town.member1, reason="等审批", until=tomorrow)
    later(monday, "2026-11-10 08:00")
    with pytest.raises(Refused):
        decide_application(application_id=asked.pk, actor=town.shift_leader, agrees=True)
    asked.refresh_from_db()
    assert asked.status == "open"
    decide_application(application_id=asked.pk, actor=town.shift_leader, agrees=False, opinion="已过期")


def test_the_shift_leader_closes_a_case_that_stands_still(town, monday):
    case = lamp(town)
    asked = suspended(town, case)
    later(monday, "2026-11-12 10:00")
    force_close_case(request_id=case.pk, actor=town.shift_leader, reason="不再需要")
    case.refresh_from_db()
    asked.refresh_from_db()
    assert (case.state, asked.ended_at) == (State.FORCE_CLOSED, local("2026-11-12 10:00"))


def test_lateness_before_a_pause_stays(town, monday):
    case = manhole(town)
    later(monday, "2026-11-09 12:00")
    suspended(town, case)
    assert case.due_at == local("2026-11-09 11:00")


# --- 申诉 --------------------------------------------------------------------------------------------
def closed_late(town, monday) -> Request:
    case = manhole(town)
    later(monday, "2026-11-09 15:00")
    return closed(town, case)


def test_an_appeal_excuses_the_lateness_and_keeps_it_on_record(town, monday):
    case = closed_late(town, monday)
    due_at, closed_at = case.due_at, case.closed_at
    asked = ask_appeal(request_id=case.pk, actor=town.member1, reason="道路封闭")
    decide_application(application_id=asked.pk, actor=town.supervisor, agrees=True, opinion="属实")
    case.refresh_from_db()
    assert case.lateness_excused
    assert (case.due_at, case.closed_at) == (due_at, closed_at)
    assert events(case, "request.closed")[0].payload["on_time"] is False


def test_there_is_one_appeal_even_when_it_was_refused(town, monday):
    case = closed_late(town, monday)
    asked = ask_appeal(request_id=case.pk, actor=town.member1, reason="道路封闭")
    decide_application(application_id=asked.pk, actor=town.supervisor, agrees=False, opinion="不属实")
    case.refresh_from_db()
    assert not case.lateness_excused
    with pytest.raises(Refused):
        ask_appeal(request_id=case.pk, actor=town.member1, reason="真的")


def test_only_a_closed_and_late_case_is_appealed_and_only_by_its_handler(town, monday):
    with pytest.raises(Refused):
        ask_appeal(request_id=closed(town, lamp(town)).pk, actor=town.member1, reason="x")
    late = manhole(town, grid=2)
    later(monday, "2026-11-09 15:00")
    with pytest.raises(Refused):
        ask_appeal(request_id=late.pk, actor=town.member2, reason="x")
    closed(town, late)
    with pytest.raises(NotAllowed):
        ask_appeal(request_id=late.pk, actor=town.member1, reason="x")


def test_reopening_begins_the_limit_without_old_extensions_or_excuses(town, monday):
    case = lamp(town)
    extended(town, case)
    later(monday, "2026-11-16 09:00")
    closed(town, case)
    asked = ask_appeal(request_id=case.pk, actor=town.member1, reason="封路")
    decide_application(application_id=asked.pk, actor=town.supervisor, agrees=True)
    reopen_request(request_id=case.pk, actor=town.resident, reason="又不亮了")
    case.refresh_from_db()
    assert (case.extensions, case.lateness_excused) == (0, False)
    assert (case.limit_from, case.due_at) == (local("2026-11-16 09:00"), local("2026-11-18 09:00"))
    assert Application.objects.filter(request=case).count() == 2


def test_a_reminder_that_repeats_keeps_its_rhythm_through_a_pause(town, monday):
    """First after two urgent hours, then every hour."""
    hours = {"limit": 2, "clock": "urgent_hours"}
    remind = {"after": hours, "action": "remind", "every": {"limit": 1, "clock": "urgent_hours"}}
    case = run(town, approval("one", handler=True, deadlines=[remind]))
    later(monday, "2026-11-09 11:00")
    assert fire_timers() == 1
    later(monday, "2026-11-09 11:30")  # half an hour is left until the next
    suspended(town, case, days=1)
    later(monday, "2026-11-10 00:00")
    resume_due()
    later(monday, "2026-11-10 00:29")
    assert fire_timers() == 0
    later(monday, "2026-11-10 00:30")
    assert fire_timers() == 1
    later(monday, "2026-11-10 01:30")
    assert fire_timers() == 1
