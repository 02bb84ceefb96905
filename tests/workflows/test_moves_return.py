"""Returns: to earlier steps, onward and straight back, out of and into parallel branches; and reopening."""

from datetime import timedelta

import pytest
from viewflow.workflow.models import Task
from viewflow.workflow.status import PROCESS, STATUS

from grid.errors import NotAllowed, Refused
from realtime.log import Subject, verify
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
    sequence,
    tasks,
    told,
)  # fmt: skip
from workflows.actions.cases import reopen_case
from workflows.actions.tasks import decide_task, return_task
from workflows.actions.timers import fire_timers
from workflows.engine.describe import describe
from workflows.models import Opinion

pytestmark = pytest.mark.django_db

BACK = ["return"]
LATE = [{"after": {"limit": 1, "clock": "urgent_hours"}, "action": "remind"}]


def decide(case, block, actor):
    decide_task(task_id=open_task(case, block).pk, actor=actor, outcome="done")


def send_back(case, block, actor, to_block, resume="onward"):
    return_task(
        task_id=open_task(case, block).pk, actor=actor, to_block=to_block, reason="材料不全", resume=resume
    )


def three_steps(town):
    case = run(
        town,
        approval("one", state="handling", state_on_return="rework"),
        approval("two", "checker", state="checking"),
        approval("three", "shift_leader", moves=BACK),
        approval("four", "shift_leader"),
    )
    decide(case, "one", town.member1)
    decide(case, "two", town.checker)
    return case


def test_a_returned_case_goes_to_the_person_who_did_that_step(town):
    publish(approval("one", state_on_return="rework"), approval("two", "checker", moves=BACK))
    case = begin(town, grid=6)
    decide(case, "one", town.member6b)
    send_back(case, "two", town.checker, "one")
    case.refresh_from_db()
    assert case.state == "rework"
    assert open_task(case, "one").owner == town.member6b
    opinion = Opinion.objects.get(request=case, move="return")
    assert (opinion.block, opinion.text, opinion.actor) == ("two", "材料不全", town.checker)
    (event,) = events(case, "task.returned")
    assert (event.payload["to_block"], event.payload["to_title"]) == ("one", "步骤one")
    assert event.payload["reason"] == "材料不全"
    assert told(events(case, "task.created")[-1]) == {town.member6b}


def test_after_a_return_the_case_goes_on_through_every_step(town):
    case = three_steps(town)
    send_back(case, "three", town.shift_leader, "one")
    assert open_blocks(case) == ["one"]
    decide(case, "one", town.member1)
    assert open_blocks(case) == ["two"]


def test_a_return_can_come_straight_back(town):
    case = three_steps(town)
    send_back(case, "three", town.shift_leader, "one", resume="straight_back")
    decide(case, "one", town.member1)
    assert open_blocks(case) == ["three"]
    assert open_task(case, "three").owner == town.shift_leader
    decide(case, "three", town.shift_leader)
    assert open_blocks(case) == ["four"]


def test_targets_are_the_steps_the_case_came_through_nearest_first(town):
    case = three_steps(town)
    sheet = describe(open_task(case, "three"))
    assert sheet.return_targets == [("two", "步骤two"), ("one", "步骤one")]
    assert "return" in sheet.moves
    for wrong in ("three", "four", "over", "nonsense"):
        with pytest.raises(Refused):
            send_back(case, "three", town.shift_leader, wrong)
    with pytest.raises(Refused):
        return_task(task_id=open_task(case, "three").pk, actor=town.shift_leader, to_block="one", reason="")


def test_a_returned_step_is_not_returned_to_what_comes_after_it(town):
    case = run(town, approval("one", moves=BACK), approval("two", "checker", moves=BACK))
    decide(case, "one", town.member1)
    send_back(case, "two", town.checker, "one")
    assert describe(open_task(case, "one")).return_targets == []
    with pytest.raises(Refused):
        send_back(case, "one", town.member1, "two")


def test_a_definition_may_narrow_the_targets(town):
    publish(approval("one"), approval("two"), approval("three", moves=BACK, return_to=["one"]))
    case = begin(town)
    decide(case, "one", town.member1)
    decide(case, "two", town.member1)
    assert [code for code, _title in describe(open_task(case, "three")).return_targets] == ["one"]


def test_a_step_that_was_skipped_is_no_target(town):
    from tests.workflows.flowing import condition

    publish(
        condition("maybe", "urgent = true", approval("extra")), approval("one"), approval("two", moves=BACK)
    )
    case = begin(town)
    decide(case, "one", town.member1)
    assert [code for code, _title in describe(open_task(case, "two")).return_targets] == ["one"]


def test_an_outcome_may_be_a_return(town):
    redo = {"code": "rework", "name": "返工", "returns_to": "one"}
    publish(
        approval("one", handler=True, state_on_return="rework"),
        approval("two", "checker", outcomes=[DONE, redo]),
    )
    case = begin(town)
    decide(case, "one", town.member1)
    task = open_task(case, "two")
    with pytest.raises(Refused, match="返工"):
        decide_task(task_id=task.pk, actor=town.checker, outcome="rework")
    decide_task(task_id=task.pk, actor=town.checker, outcome="rework", opinion="没修好")
    case.refresh_from_db()
    assert (case.state, open_blocks(case)) == ("rework", ["one"])
    opinion = Opinion.objects.get(task=task)
    assert (opinion.move, opinion.outcome, opinion.text) == ("return", "rework", "没修好")
    assert events(case, "task.returned")[0].payload["reason"] == "没修好"
    assert not events(case, "task.decided")[1:]


def test_a_case_may_be_returned_again_and_again(town):
    case = run(town, approval("one"), approval("two", "checker", moves=BACK))
    for _round in range(3):
        decide(case, "one", town.member1)
        send_back(case, "two", town.checker, "one")
    decide(case, "one", town.member1)
    decide(case, "two", town.checker)
    case.refresh_from_db()
    assert case.state == "closed"
    assert len(tasks(case, "one")) == 4


# --- parallel branches -------------------------------------------------------------------------------
def forked(town, **more):
    publish(
        approval("first"),
        parallel(
            "both",
            approval("left", deadlines=LATE),
            sequence(approval("right", "checker", moves=BACK), approval("more", "checker", moves=BACK)),
        ),
        approval("last", "shift_leader", moves=BACK),
    )
    case = begin(town, **more)
    decide(case, "first", town.member1)
    return case


def test_a_return_out_of_a_branch_voids_the_other_branch_and_its_deadlines(town):
    case = forked(town)
    assert armed(case) == 1
    send_back(case, "right", town.checker, "first")
    assert open_blocks(case) == ["first"]
    assert armed(case) == 0
    # The other branch's person sees it leave their list.
    assert town.member1.pk in events(case, "task.returned")[0].user_ids
    decide(case, "first", town.member1)
    assert open_blocks(case) == ["left", "right"]


def test_a_return_out_of_a_branch_forgets_a_branch_that_had_arrived(town):
    case = forked(town)
    decide(case, "left", town.member1)
    send_back(case, "right", town.checker, "first")
    decide(case, "first", town.member1)
    decide(case, "right", town.checker)
    decide(case, "more", town.checker)
    assert open_blocks(case) == ["left"]
    decide(case, "left", town.member1)
    assert open_blocks(case) == ["last"]


def test_a_voided_task_says_who_sent_the_case_back(town):
    case = forked(town)
    left = open_task(case, "left")
    send_back(case, "right", town.checker, "first")
    with pytest.raises(Refused, match="卫核查"):
        decide_task(task_id=left.pk, actor=town.member1, outcome="done")


def test_a_return_within_a_branch_leaves_the_other_alone(town):
    case = forked(town)
    decide(case, "right", town.checker)
    send_back(case, "more", town.checker, "right")
    assert open_blocks(case) == ["left", "right"]
    assert armed(case) == 1
    for block, actor in (("right", town.checker), ("left", town.member1), ("more", town.checker)):
        decide(case, block, actor)
    assert open_blocks(case) == ["last"]


def test_a_return_into_a_finished_branch_reopens_that_branch_alone(town):
    case = forked(town)
    for block, actor in (("left", town.member1), ("right", town.checker), ("more", town.checker)):
        decide(case, block, actor)
    send_back(case, "last", town.shift_leader, "right")
    assert open_blocks(case) == ["right"]
    decide(case, "right", town.checker)
    assert open_blocks(case) == ["more"]
    decide(case, "more", town.checker)
    assert open_blocks(case) == ["last"]
    decide(case, "last", town.shift_leader)
    case.refresh_from_db()
    assert case.process.status == PROCESS.DONE


def test_nothing_is_returned_from_one_branch_into_another(town):
    case = forked(town)
    decide(case, "left", town.member1)
    assert [code for code, _title in describe(open_task(case, "right")).return_targets] == ["first"]
    for block, actor in (("right", town.checker), ("more", town.checker)):
        decide(case, block, actor)
    send_back(case, "last", town.shift_leader, "right")
    assert [code for code, _title in describe(open_task(case, "right")).return_targets] == ["first"]


def test_out_of_a_fork_straight_back_runs_the_branches_again(town):
    case = forked(town)
    send_back(case, "right", town.checker, "first", resume="straight_back")
    decide(case, "first", town.member1)
    assert open_blocks(case) == ["left", "right"]


def test_every_return_leaves_a_chain_of_events_that_verifies(town):
    case = forked(town)
    send_back(case, "right", town.checker, "first")
    assert verify(Subject("request", case.pk)) == len(events(case))


# --- reopening ---------------------------------------------------------------------------------------
@pytest.fixture
def closed(town):
    """A closed case on the standard loop, waiting for its rating."""
    case = begin(town, key="standard", category=_category())
    decide_task(task_id=open_task(case, "handle").pk, actor=town.member1, outcome="done", opinion="修好了")
    decide_task(task_id=open_task(case, "check").pk, actor=town.checker, outcome="pass")
    decide_task(task_id=open_task(case, "close").pk, actor=town.shift_leader, outcome="close")
    case.refresh_from_db()
    assert case.state == "closed"
    return case


def _category():
    from workflows.models import Category

    return Category.objects.filter(dictionary="resident", is_active=True).first()


def test_reopening_from_the_rating_goes_back_to_the_handler(town, closed):
    reopen_case(request_id=closed.pk, actor=town.resident, reason="又不亮了")
    closed.refresh_from_db()
    assert (closed.state, closed.closed_at, closed.handled_at, closed.reopened_count) == (
        "reopened",
        None,
        None,
        1,
    )
    assert open_blocks(closed) == ["handle"]
    assert open_task(closed, "handle").owner == town.member1
    assert tasks(closed, "rate")[0].status == STATUS.CANCELED
    assert armed(closed) == 2  # the handler's, none of the rating
    (event,) = events(closed, "request.reopened")
    assert (event.payload["reason"], event.payload["to"]) == ("又不亮了", town.member1.name)
    opinion = Opinion.objects.get(request=closed, move="reopen")
    assert (opinion.actor, opinion.text) == (town.resident, "又不亮了")


def test_reopening_revives_the_ended_process(town, closed, time_machine):
    from workflows.actions.ratings import rate_request

    rate_request(request_id=closed.pk, actor=town.resident, in_time=True, solved=True, satisfied=True)
    closed.refresh_from_db()
    assert closed.process.status == PROCESS.DONE
    reopen_case(request_id=closed.pk, actor=town.resident, reason="又不亮了")
    closed.refresh_from_db()
    assert (closed.process.status, closed.process.finished) == (PROCESS.NEW, None)
    assert open_task(closed, "handle").owner == town.member1
    # It runs to its end once more, on the same process.
    decide_task(task_id=open_task(closed, "handle").pk, actor=town.member1, outcome="done", opinion="换了灯")
    decide_task(task_id=open_task(closed, "check").pk, actor=town.checker, outcome="pass")
    decide_task(task_id=open_task(closed, "close").pk, actor=town.shift_leader, outcome="close")
    closed.refresh_from_db()
    assert (closed.state, open_blocks(closed)) == ("closed", ["rate"])
    assert verify(Subject("request", closed.pk)) == len(events(closed))


def test_a_rating_that_lapsed_leaves_the_case_closed(town, closed, time_machine):
    time_machine.move_to(closed.closed_at + timedelta(days=14))
    fire_timers()
    assert open_blocks(closed) == ["rate"]
    time_machine.move_to(closed.closed_at + timedelta(days=16))
    assert fire_timers() == 1
    closed.refresh_from_db()
    assert (closed.state, closed.process.status, open_blocks(closed)) == ("closed", PROCESS.DONE, [])


def test_the_rating_step_wants_the_three_answers(town, closed):
    with pytest.raises(Refused):
        decide_task(task_id=open_task(closed, "rate").pk, actor=town.resident, outcome="rated")


def test_only_the_requester_reopens_and_only_what_is_closed(town, closed):
    for stranger in (town.neighbour, town.member1, town.supervisor):
        with pytest.raises(NotAllowed):
            reopen_case(request_id=closed.pk, actor=stranger, reason="再来")
    with pytest.raises(Refused):
        reopen_case(request_id=closed.pk, actor=town.resident, reason=" ")
    reopen_case(request_id=closed.pk, actor=town.resident, reason="又不亮了")
    with pytest.raises(Refused):
        reopen_case(request_id=closed.pk, actor=town.resident, reason="又不亮了")


def test_a_case_that_nobody_handled_cannot_be_reopened(town):
    case = run(town, approval("one", "registrar"), reporter=town.resident)
    decide(case, "one", town.registrar)
    with pytest.raises(Refused):
        reopen_case(request_id=case.pk, actor=town.resident, reason="再来")


def test_a_reopened_case_goes_to_whoever_is_on_duty_when_the_handler_left(town, closed):
    town.member1.is_active = False
    town.member1.save(update_fields=["is_active"])
    town.assign(town.neighbour, "grid_member", town.grids[0])
    town.member1.member.responsibilities.all().delete()
    reopen_case(request_id=closed.pk, actor=town.resident, reason="又不亮了")
    assert open_task(closed, "handle").owner == town.neighbour


def test_one_process_keeps_the_whole_history(town, closed):
    reopen_case(request_id=closed.pk, actor=town.resident, reason="又不亮了")
    assert Task.objects.filter(process=closed.process, flow_task_type="START").count() == 1
    assert len(tasks(closed, "handle")) == 2
