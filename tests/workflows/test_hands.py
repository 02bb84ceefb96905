"""Moves by which a step goes through several hands: delegate, sign before and after, help, take back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from grid.errors import NotAllowed, Refused
from tests.factories import photo
from tests.workflows.flowing import (
    DONE,
    approval,
    armed,
    events,
    open_blocks,
    open_task,
    parallel,
    run,
    tasks,
    told,
)
from tests.workflows.machine import broken
from tests.workflows.test_moves import stand_in
from workflows.actions.delegation import answer_task, ask_for_help, delegate_task
from workflows.actions.signers import add_signer, remove_signer
from workflows.actions.taking_back import take_back_task
from workflows.actions.tasks import decide_task, return_task, transfer_task
from workflows.actions.timers import fire_timers
from workflows.engine.describe import describe
from workflows.engine.schema import Limit
from workflows.models import Opinion

pytestmark = pytest.mark.django_db

MOVES = ["transfer", "return", "delegate", "sign_before", "sign_after", "remove_signer", "co_handle"]
LATE = {"after": {"limit": 4, "clock": "urgent_hours"}, "action": "remind"}
HANDLE = approval("handle", handler=True, moves=MOVES, deadlines=[LATE])
CHECK = approval("check", "checker", moves=MOVES)


@pytest.fixture
def case(town):
    return run(town, HANDLE, CHECK)


def delegate(case, actor, to, block="handle"):
    return delegate_task(task_id=open_task(case, block).pk, actor=actor, to=to, reason="请你去看看")


def sign(case, actor, to, place, block="handle"):
    return add_signer(task_id=open_task(case, block).pk, actor=actor, to=to, place=place, reason="请会签")


def decide(case, actor, block="handle"):
    return decide_task(task_id=open_task(case, block).pk, actor=actor, outcome="done")


def answer(case, actor, block="handle", **more):
    return answer_task(task_id=open_task(case, block).pk, actor=actor, opinion="看过了", **more)


def take_back(task, actor):
    return take_back_task(task_id=task.pk, actor=actor)


# --- delegate ----------------------------------------------------------------------------------------
def test_a_delegated_step_comes_back_to_be_confirmed(town, case):
    task = delegate(case, town.member1, town.member2)
    case.refresh_from_db()
    assert (open_task(case, "handle").owner, case.handler) == (town.member2, town.member1)
    (event,) = events(case, "task.delegated")
    assert (event.payload["to"], told(event)) == (town.member2.name, {town.member2})
    sheet = describe(open_task(case, "handle"))
    assert (sheet.outcomes, sheet.moves) == ([], {"answer"})

    answer(case, town.member2)
    assert open_task(case, "handle").owner == town.member1
    (event,) = events(case, "task.answered")
    assert (event.payload["to"], event.payload["opinion"], told(event)) == (
        town.member1.name, "看过了", {town.member1},
    )  # fmt: skip
    assert armed(case) == 1
    decide(case, town.member1)
    assert open_blocks(case) == ["check"]
    assert [said.move for said in Opinion.objects.filter(task=task)] == ["delegate", "answer", "decide"]


def test_whoever_answers_neither_decides_nor_passes_it_on(town, case):
    task = delegate(case, town.member1, town.member2)
    with pytest.raises(Refused):
        decide_task(task_id=task.pk, actor=town.member2, outcome="done")
    with pytest.raises(Refused):
        transfer_task(task_id=task.pk, actor=town.member2, to=town.member3, reason="忙")
    with pytest.raises(Refused, match="钱网格"):
        decide_task(task_id=task.pk, actor=town.member1, outcome="done")
    with pytest.raises(Refused):
        answer_task(task_id=task.pk, actor=town.member2, opinion=" ")
    assert open_task(case, "handle").owner == town.member2


def test_photos_of_an_answer_count_for_the_decision(town):
    case = run(town, approval("handle", moves=MOVES, outcomes=[DONE | {"needs_photo": True}]))
    delegate(case, town.member1, town.member2)
    answer(case, town.member2, photos=[photo()])
    decide(case, town.member1)
    assert open_blocks(case) == []


def test_a_stand_in_answers_for_the_one_who_was_asked(town, case):
    stand_in(town, town.member2, town.member3)
    delegate(case, town.member1, town.member2)
    answer(case, town.member3)
    said = Opinion.objects.get(move="answer")
    assert (said.actor, said.on_behalf_of) == (town.member3, town.member2)


def test_only_a_step_that_allows_it_is_delegated_and_only_to_somebody_on_duty(town, case):
    for to in (town.stranger, town.member1):
        with pytest.raises(Refused):
            delegate(case, town.member1, to)
    plain = run(town, approval("handle"))
    with pytest.raises(Refused):
        delegate(plain, town.member1, town.member2)


def test_whoever_delegated_still_sees_the_case(town):
    from workflows.policies import may_view_request

    case = run(town, approval("handle", [{"people": ["department"]}], moves=MOVES), grid=7)
    town.department.member.responsibilities.all().delete()
    town.assign(town.department, "department", town.grids[0])
    delegate(case, town.department, town.member2)
    assert may_view_request(town.department, case)


def test_a_deadline_that_escalates_takes_a_delegated_step_from_both(town, time_machine):
    late = LATE | {"action": "escalate", "to": [{"role": "supervisor"}]}
    case = run(town, HANDLE | {"deadlines": [late]}, CHECK)
    delegate(case, town.member1, town.member2)
    time_machine.move_to(timezone.now() + timedelta(hours=5))
    fire_timers()
    assert open_task(case, "handle").owner == town.supervisor
    decide(case, town.supervisor)
    assert open_blocks(case) == ["check"]


# --- signers at a step of one person -----------------------------------------------------------------
def test_a_signer_before_answers_first(town, case):
    sign(case, town.member1, town.leader1, "before")
    case.refresh_from_db()
    assert (open_task(case, "handle").owner, case.handler) == (town.leader1, town.member1)
    (event,) = events(case, "signer.added")
    assert (event.payload["place"], told(event)) == ("before", {town.leader1})
    answer(case, town.leader1)
    decide(case, town.member1)
    assert open_blocks(case) == ["check"]


def test_signers_after_sign_once_the_holder_has_decided(town, case):
    sign(case, town.member1, town.leader1, "after")
    sign(case, town.member1, town.supervisor, "after")
    assert open_task(case, "handle").owner == town.member1
    task = decide(case, town.member1)
    case.refresh_from_db()
    assert (open_task(case, "handle").owner, case.handler) == (town.leader1, town.member1)
    assert told(events(case, "task.transferred")[-1]) == {town.leader1}
    decide(case, town.leader1)
    assert open_task(case, "handle").owner == town.supervisor
    decide(case, town.supervisor)
    assert open_blocks(case) == ["check"]
    assert [said.actor for said in Opinion.objects.filter(task=task, move="decide")] == [
        town.member1, town.leader1, town.supervisor,
    ]  # fmt: skip


def test_a_signer_who_returns_a_case_gets_it_straight_back(town):
    case = run(town, approval("draft"), HANDLE, CHECK)
    decide(case, town.member1, "draft")
    sign(case, town.member1, town.leader1, "after")
    decide(case, town.member1)
    task = open_task(case, "handle")
    return_task(
        task_id=task.pk, actor=town.leader1, to_block="draft", reason="缺附件", resume="straight_back"
    )
    decide(case, town.member1, "draft")
    assert open_task(case, "handle").owner == town.leader1
    decide(case, town.leader1)
    return_task(task_id=open_task(case, "check").pk, actor=town.checker, to_block="handle", reason="重做")
    assert open_task(case, "handle").owner == town.member1


def test_an_answer_goes_to_whoever_is_on_duty_when_the_one_who_waited_has_left(town, case):
    delegate(case, town.member1, town.member2)
    town.assign(town.member3, "grid_member", town.grids[0])
    town.member1.member.responsibilities.all().delete()
    town.member1.is_active = False
    town.member1.save(update_fields=["is_active"])
    answer(case, town.member2)
    assert open_task(case, "handle").owner == town.member3


def test_a_refusal_ends_the_step_before_the_signers_get_it(town):
    yes = DONE | {"agrees": True}
    no = {"code": "no", "name": "不同意"}
    case = run(town, HANDLE | {"outcomes": [yes, no]}, CHECK)
    sign(case, town.member1, town.leader1, "after")
    decide_task(task_id=open_task(case, "handle").pk, actor=town.member1, outcome="no")
    assert open_blocks(case) == ["check"]


def test_a_step_that_others_signed_is_returned_to_the_one_whose_it_was(town, case):
    sign(case, town.member1, town.leader1, "after")
    decide(case, town.member1)
    decide(case, town.leader1)
    return_task(task_id=open_task(case, "check").pk, actor=town.checker, to_block="handle", reason="重做")
    assert open_task(case, "handle").owner == town.member1


def test_a_signer_who_has_not_signed_may_be_taken_out(town, case):
    assert "remove_signer" not in describe(open_task(case, "handle")).moves
    task = sign(case, town.member1, town.leader1, "after")
    assert "remove_signer" in describe(open_task(case, "handle")).moves
    with pytest.raises(Refused):
        sign(case, town.member1, town.leader1, "after")
    with pytest.raises(Refused):
        remove_signer(task_id=task.pk, actor=town.member1, signer=town.member3, reason="错了")
    remove_signer(task_id=task.pk, actor=town.member1, signer=town.leader1, reason="错了")
    (event,) = events(case, "signer.removed")
    assert (event.payload["signer"], told(event)) == (town.leader1.name, {town.leader1})
    decide(case, town.member1)
    assert open_blocks(case) == ["check"]


# --- help --------------------------------------------------------------------------------------------
def ask(case, actor, to, **more):
    return ask_for_help(task_id=open_task(case, "handle").pk, actor=actor, to=to, reason="请带梯子来", **more)


def test_help_is_a_task_beside_the_step(town, case):
    asked = ask(case, town.member1, town.member2)
    assert open_blocks(case) == ["handle", "handle__help"]
    case.refresh_from_db()
    assert case.handler == town.member1
    assert told(events(case, "task.created")[-1]) == {town.member2}
    sheet = describe(asked)
    assert (sheet.title, sheet.outcomes, sheet.moves) == ("协办：步骤handle", [], {"answer"})
    answer_task(task_id=asked.pk, actor=town.member2, opinion="带到了")
    assert open_blocks(case) == ["handle"]
    assert told(events(case, "task.answered")[0]) == {town.member1}
    decide(case, town.member1)
    assert open_blocks(case) == ["check"]


def test_whoever_helps_is_not_told_who_asked_to_stay_anonymous(town):
    from workflows.policies import sight

    case = run(town, HANDLE, CHECK, anonymous=True)
    ask(case, town.member1, town.member2)
    assert sight(town.member1, case).identity
    assert not sight(town.member2, case).identity


def test_the_case_does_not_wait_for_help_that_has_not_come(town, case):
    asked = ask(case, town.member1, town.member2, limit=Limit(limit=2, clock="urgent_hours"))
    assert armed(case) == 2
    decide(case, town.member1)
    assert (open_blocks(case), armed(case)) == (["check"], 0)
    with pytest.raises(Refused, match="赵网格"):
        answer_task(task_id=asked.pk, actor=town.member2, opinion="来晚了")


def test_both_hear_when_the_time_for_help_has_run_out(town, case, time_machine):
    asked = ask(case, town.member1, town.member2, limit=Limit(limit=2, clock="urgent_hours"))
    assert events(case, "help.asked")[0].payload["due_at"]
    with pytest.raises(Refused):
        ask(case, town.member1, town.member2)
    time_machine.move_to(timezone.now() + timedelta(hours=3))
    assert fire_timers() == 1
    (event,) = events(case, "task.timed_out")
    assert (event.payload["task"], told(event)) == (asked.pk, {town.member1, town.member2})
    assert open_blocks(case) == ["handle", "handle__help"]


# --- take back ---------------------------------------------------------------------------------------
def test_a_decision_is_taken_back_before_the_next_has_acted(town, case):
    due = {task.scheduled for task in _timers(case)}
    task = decide(case, town.member1)
    take_back(task, town.member1)
    assert open_blocks(case) == ["handle"]
    assert open_task(case, "handle").pk == task.pk
    # With the deadline it had.
    assert (armed(case), {task.scheduled for task in _timers(case)}) == (1, due)
    (event,) = events(case, "task.taken_back")
    assert (event.payload["block"], told(event)) == ("handle", {town.checker})
    decide(case, town.member1)
    decide(case, town.checker, "check")
    case.refresh_from_db()
    assert case.state == "closed"


def _timers(case):
    from viewflow.workflow.models import Task

    return Task.objects.filter(process=case.process_id, flow_task_type="TIMER", status="SCHEDULED")


def test_a_join_at_which_only_automatic_branches_had_arrived_is_void_with_them(town):
    notice = {"type": "cc", "id": "copy", "name": "抄送", "who": [{"role": "supervisor"}]}
    case = run(town, approval("one", handler=True), parallel("both", notice, approval("two", "checker")))
    decide(case, town.member1, "one")
    take_back(tasks(case, "one")[-1], town.member1)
    assert open_blocks(case) == ["one"]
    assert broken(case) == []
    decide(case, town.member1, "one")
    decide(case, town.checker, "two")
    case.refresh_from_db()
    assert case.closed_at is not None


def test_nothing_is_taken_back_once_the_next_has_acted(town, case):
    task = decide(case, town.member1)
    transfer_task(task_id=open_task(case, "check").pk, actor=town.checker, to=town.leader1, reason="忙")
    with pytest.raises(Refused, match="卫核查"):
        take_back(task, town.member1)
    decide(case, town.leader1, "check")
    with pytest.raises(Refused):
        take_back(task, town.member1)


def test_only_the_last_actor_takes_back(town, case):
    task = decide(case, town.member1)
    for other in (town.member2, town.checker, town.supervisor):
        with pytest.raises(NotAllowed):
            take_back(task, other)
    stand_in(town, town.member1, town.member2)
    take_back(task, town.member2)
    assert open_task(case, "handle").owner == town.member1


def test_a_return_is_not_taken_back(town, case):
    decide(case, town.member1)
    check = open_task(case, "check")
    return_task(task_id=check.pk, actor=town.checker, to_block="handle", reason="重做")
    with pytest.raises(Refused):
        take_back(check, town.checker)
    assert open_blocks(case) == ["handle"]


def test_a_step_passed_on_is_taken_back_by_whoever_did_it(town, case):
    task = open_task(case, "handle")
    transfer_task(task_id=task.pk, actor=town.member1, to=town.member2, reason="忙")
    take_back(task, town.member1)
    delegate(case, town.member1, town.member2)
    take_back(task, town.member1)
    sign(case, town.member1, town.leader1, "before")
    take_back(task, town.member1)
    sign(case, town.member1, town.leader1, "after")
    decide(case, town.member1)
    assert open_task(case, "handle").owner == town.leader1
    take_back(task, town.member1)
    case.refresh_from_db()
    assert (open_task(case, "handle").owner, case.handler) == (town.member1, town.member1)
    decide(case, town.member1)
    decide(case, town.leader1)
    assert open_blocks(case) == ["check"]


def test_what_was_answered_is_not_taken_back(town, case):
    task = delegate(case, town.member1, town.member2)
    answer(case, town.member2)
    for actor in (town.member1, town.member2):
        with pytest.raises(Refused):
            take_back(task, actor)


def test_a_closed_case_is_not_taken_back(town):
    case = run(town, HANDLE)
    task = decide(case, town.member1)
    with pytest.raises(Refused):
        take_back(task, town.member1)
