"""Blocks at work: sequence, condition, parallel, copy, milestone, timer, end."""

from datetime import timedelta

import pytest
from django.utils import timezone
from viewflow.workflow.models import Process, Task
from viewflow.workflow.status import PROCESS

from tests.workflows.flowing import (
    DONE,
    approval,
    begin,
    condition,
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
from workflows.actions.tasks import decide_task
from workflows.actions.timers import fire_timers
from workflows.engine.describe import describe, step_of, title_of
from workflows.models import CarbonCopy, Request, WorkflowVersion

pytestmark = pytest.mark.django_db


def test_steps_follow_each_other_and_the_end_closes_the_case(town):
    case = run(town, approval("one", state="handling"), approval("two", "checker", state="checking"))
    assert (case.state, open_blocks(case)) == ("handling", ["one"])

    decide_task(task_id=open_task(case, "one").pk, actor=town.member1, outcome="done")
    case.refresh_from_db()
    assert (case.state, open_blocks(case)) == ("checking", ["two"])

    decide_task(task_id=open_task(case, "two").pk, actor=town.checker, outcome="done")
    case.refresh_from_db()
    assert (case.state, open_blocks(case)) == ("closed", [])
    assert case.closed_at is not None
    assert case.process.status == PROCESS.DONE
    assert case.process.finished is not None
    assert not Task.objects.filter(process=case.process, finished=None).exists()


def test_the_rows_left_are_a_viewflow_process(town):
    case = run(town, approval("one"), approval("two", "checker"))
    decide_task(task_id=open_task(case, "one").pk, actor=town.member1, outcome="done")
    process = Process.objects.get(pk=case.process_id)
    assert process.flow_class is WorkflowVersion.objects.get(definition__key="trial").flow_class
    one, two = tasks(case)
    start = Task.objects.get(process=process, flow_task_type="START")
    assert [list(task.previous.all()) for task in (one, two)] == [[start], [one]]
    assert one.owner == town.member1
    assert one.assigned
    assert one.started
    assert one.finished


@pytest.mark.parametrize(("urgency", "goes_to"), [("urgent", "fast"), ("normal", "slow")])
def test_a_condition_takes_the_first_case_that_holds(town, urgency, goes_to):
    blocks = condition("fork", "urgent = true", approval("fast"), approval("slow"))
    assert open_blocks(run(town, blocks, urgency=urgency)) == [goes_to]


def test_a_condition_may_ask_how_an_earlier_step_was_decided(town):
    outcomes = [DONE, {"code": "doubt", "name": "存疑"}]
    second = condition("ask", 'one.outcome = "doubt"', approval("extra", "checker"))
    publish(approval("one", outcomes=outcomes), second, approval("last", "shift_leader"))
    for outcome, then in (("done", "last"), ("doubt", "extra")):
        case = begin(town)
        decide_task(task_id=open_task(case, "one").pk, actor=town.member1, outcome=outcome)
        assert open_blocks(case) == [then]


def test_parallel_branches_go_on_when_the_last_is_done(town):
    both = parallel(
        "both", approval("left"), sequence(approval("right", "checker"), approval("more", "checker"))
    )
    case = run(town, both, approval("after", "shift_leader"))
    assert open_blocks(case) == ["left", "right"]
    decide_task(task_id=open_task(case, "right").pk, actor=town.checker, outcome="done")
    decide_task(task_id=open_task(case, "left").pk, actor=town.member1, outcome="done")
    assert open_blocks(case) == ["more"]
    decide_task(task_id=open_task(case, "more").pk, actor=town.checker, outcome="done")
    assert open_blocks(case) == ["after"]
    assert Task.objects.filter(process=case.process, flow_task_type="JOIN").count() == 1


def test_parallel_branches_may_hold_forks_of_their_own(town):
    inner = parallel("inner", approval("a"), approval("b", "checker"))
    case = run(town, parallel("outer", sequence(inner, approval("c")), approval("d", "checker")))
    for block, actor in (("a", town.member1), ("d", town.checker), ("b", town.checker)):
        decide_task(task_id=open_task(case, block).pk, actor=actor, outcome="done")
    assert open_blocks(case) == ["c"]
    decide_task(task_id=open_task(case, "c").pk, actor=town.member1, outcome="done")
    case.refresh_from_db()
    assert case.process.status == PROCESS.DONE


def test_branches_without_people_join_at_once(town):
    copies = [
        {"type": "cc", "id": f"copy{n}", "name": "抄送", "who": [{"role": role}]}
        for n, role in ((1, "supervisor"), (2, "checker"))
    ]
    case = run(town, parallel("both", *copies), approval("after"))
    assert open_blocks(case) == ["after"]
    assert Task.objects.filter(process=case.process, flow_task_type="JOIN").count() == 1


def test_an_outcome_that_ends_the_case_inside_a_branch_voids_the_other_branches(town):
    no = {"code": "no", "name": "否", "ends": {"id": "refused", "name": "不予受理", "state": "rejected"}}
    case = run(town, parallel("both", approval("left", outcomes=[DONE, no]), approval("right", "checker")))
    decide_task(task_id=open_task(case, "left").pk, actor=town.member1, outcome="no")
    case.refresh_from_db()
    assert (case.state, open_blocks(case)) == ("rejected", [])
    assert case.process.status == PROCESS.DONE
    # Whoever had the voided step is on the audience, so that it leaves their list.
    assert all(town.checker.pk in event.user_ids for event in events(case, "task.decided"))


def test_a_copy_reaches_everybody_in_the_role_once(town):
    town.assign(town.neighbour, "supervisor", town.street)
    copy = {"type": "cc", "id": "copy", "name": "抄送", "who": [{"role": "supervisor"}]}
    case = run(town, copy, approval("one"))
    copies = CarbonCopy.objects.filter(request=case)
    assert {copy.user for copy in copies} == {town.supervisor, town.neighbour}
    (event,) = events(case, "copy.sent")
    assert told(event) == {town.supervisor, town.neighbour}
    assert sorted(event.payload["to"]) == sorted([town.supervisor.name, town.neighbour.name])


def test_milestones_set_their_moments_and_say_so(town):
    marks = [
        {"type": "milestone", "id": "m_registered", "mark": "registered", "state": "registered"},
        approval("one", state="handling"),
        {"type": "milestone", "id": "m_handled", "mark": "handled"},
        {"type": "milestone", "id": "m_closed", "mark": "closed", "state": "closed"},
        approval("two", "checker"),
    ]
    case = run(town, *marks)
    assert case.registered_at is not None
    assert case.handled_at is None
    decide_task(task_id=open_task(case, "one").pk, actor=town.member1, outcome="done")
    case.refresh_from_db()
    assert case.handled_at is not None
    assert (case.closed_at, case.state) == (case.handled_at, "closed")
    decide_task(task_id=open_task(case, "two").pk, actor=town.checker, outcome="done")
    kinds = [event.kind for event in events(case)]
    assert kinds.count("request.registered") == kinds.count("request.closed") == 1


@pytest.mark.parametrize(("late", "on_time"), [(False, True), (True, False)])
def test_the_closing_event_says_whether_it_was_in_time(town, late, on_time):
    due = timezone.now() + timedelta(hours=-1 if late else 1)
    case = run(town, approval("one"), due_at=due)
    decide_task(task_id=open_task(case, "one").pk, actor=town.member1, outcome="done")
    (event,) = events(case, "request.closed")
    assert event.payload["on_time"] is on_time


def test_a_timer_block_waits_on_its_clock(town, time_machine):
    time_machine.move_to("2026-11-06 16:00:00+08:00", tick=False)  # a Friday
    wait = {"type": "timer", "id": "pause", "name": "等待", "after": {"limit": 4, "clock": "work_hours"}}
    case = run(town, wait, approval("one"))
    time_machine.move_to("2026-11-09 09:59:00+08:00", tick=False)  # Monday: two hours ran on Friday
    assert (fire_timers(), open_blocks(case)) == (0, [])
    time_machine.move_to("2026-11-09 10:00:00+08:00", tick=False)
    assert (fire_timers(), open_blocks(case)) == (1, ["one"])


def test_the_nearest_area_with_somebody_in_the_role_answers(town):
    assert [task.owner for task in tasks(run(town, approval("one", "grid_leader"), grid=1))] == [town.leader1]
    case = begin(town, grid=7)  # no member of its own
    assert [task.owner for task in tasks(case)] == [town.leader2]


def test_several_on_duty_make_a_pool_that_names_the_area(town):
    case = run(town, approval("one"), grid=6)
    task = open_task(case, "one")
    assert task.owner is None
    assert task.owner_permission == f"duty.grid_member.{town.grids[5].pk}"
    (event,) = events(case, "task.created")
    assert told(event) == {town.member6, town.member6b}


def test_a_case_nobody_answers_for_goes_to_the_administrators(town):
    case = run(town, approval("one", "grid_member"), grid=7)
    assert open_task(case, "one").owner == town.administrator


def test_a_case_without_a_place_goes_to_the_highest_in_the_role(town):
    case = run(town, approval("one", "registrar"), grid=None)
    assert open_task(case, "one").owner == town.registrar


def test_a_case_is_not_orphaned_when_there_are_no_administrators_either(town):
    town.administrator.member.responsibilities.all().delete()
    case = run(town, approval("one", "grid_member"), grid=7)
    task = open_task(case, "one")
    assert task.owner is None
    assert task.owner_permission == f"duty.administrator.{town.street.pk}"


def test_a_step_may_go_to_a_named_level(town):
    case = run(town, approval("one", [{"role": "grid_leader", "at": "community"}]), grid=5)
    assert open_task(case, "one").owner == town.leader2


def test_a_step_may_go_to_a_person_by_what_happened(town):
    publish(
        approval("ask", [{"person": "reporter"}]),
        approval("one", handler=True),
        approval("again", [{"doer_of": "one"}]),
        approval("same", [{"person": "handler"}]),
    )
    case = begin(town)
    for block, actor in (("ask", town.resident), ("one", town.member1), ("again", town.member1)):
        decide_task(task_id=open_task(case, block).pk, actor=actor, outcome="done")
    assert open_task(case, "same").owner == town.member1


def test_the_first_of_whom_a_step_names_that_is_there_gets_it(town):
    whom = [{"person": "reporter"}, {"person": "filer"}, {"role": "checker"}]
    publish(approval("one", whom))
    assert open_task(begin(town), "one").owner == town.resident
    assert open_task(begin(town, reporter=None, filed_by=town.member1), "one").owner == town.member1
    assert open_task(begin(town, reporter=None), "one").owner == town.checker


def test_the_handler_follows_whoever_has_the_step(town):
    case = run(town, approval("one", handler=True))
    case.refresh_from_db()
    assert case.handler == town.member1


def test_titles_come_in_the_language_of_the_reader(town):
    from django.utils.translation import override

    case = run(town, approval("one", name="处置", name_en="Handle"))
    task = open_task(case, "one")
    with override("zh-hans"):
        assert (step_of(task).title, describe(task).outcomes[0].title) == ("处置", "完成")
    with override("en"):
        assert (describe(task).title, describe(task).outcomes[0].title) == ("Handle", "Done")
        assert title_of(case.process.flow_class, "one") == "Handle"


HOSTILE = "{{ 7|add:7 }}{% debug %}${alert(1)}<img onerror=alert(1)>"


def test_hostile_titles_stay_text_wherever_viewflow_renders_templates(town):
    case = run(town, approval("one", name=HOSTILE), text=HOSTILE)
    task = open_task(case, "one")
    assert step_of(task).title == HOSTILE
    rendered = [task.brief, task.title, str(task), case.process.brief, str(case.process)]
    assert all("14" not in text and "alert" not in text for text in rendered)
    assert events(case, "task.created")[0].payload["title"] == HOSTILE


def test_state_is_written_by_the_workflow_only():
    """The only places that set a request's state are the engine and the import of other systems' history."""
    import re
    from pathlib import Path

    import workflows

    root = Path(workflows.__file__).parent
    writes = re.compile(r"\brequest\.state\s*=[^=]|\bcase\.state\s*=[^=]|\.update\([^)]*\bstate=")
    found = [
        str(file.relative_to(root))
        for file in root.rglob("*.py")
        if writes.search(file.read_text(encoding="utf-8"))
    ]
    assert found == []
    assert Request._meta.get_field("state").default == "reported"
