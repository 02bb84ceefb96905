"""Inclusive: every case that holds, at the same time; goes on when all of those are done."""

import pytest
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from tests.workflows.flowing import (
    DONE,
    approval,
    condition,
    inclusive,
    open_blocks,
    open_task,
    parallel,
    run,
    sequence,
    tasks,
)
from workflows.actions.tasks import decide_task, return_task
from workflows.engine.describe import describe

pytestmark = pytest.mark.django_db

YES, NO = "urgent = false", "urgent = true"


def decide(case, block_id, outcome="done", **more):
    task = open_task(case, block_id)
    decide_task(task_id=task.pk, actor=task.owner, outcome=outcome, **more)
    case.refresh_from_db()


def finished(case):
    """Decide whatever is open until the case is over; no step is left behind and no join waits."""
    while blocks := open_blocks(case):
        decide(case, blocks[0])
    assert case.process.finished is not None
    waiting = Task.objects.filter(process=case.process_id).exclude(status__in=(STATUS.DONE, STATUS.CANCELED))
    assert not waiting.exists()


def test_every_branch_whose_condition_holds_is_taken_and_all_are_waited_for(town):
    case = run(
        town,
        inclusive(
            "some",
            (YES, approval("first")),
            (NO, approval("second")),
            ('source = "portal"', approval("third")),
            otherwise=approval("none"),
        ),
        approval("last"),
    )
    assert open_blocks(case) == ["first", "third"]
    decide(case, "first")
    assert open_blocks(case) == ["third"]
    decide(case, "third")
    assert open_blocks(case) == ["last"]
    finished(case)


def test_a_single_branch_that_holds_is_taken_alone(town):
    case = run(town, inclusive("some", (YES, approval("first")), (NO, approval("second"))), approval("last"))
    assert open_blocks(case) == ["first"]
    decide(case, "first")
    assert open_blocks(case) == ["last"]


def test_otherwise_is_taken_when_no_condition_holds(town):
    case = run(town, inclusive("some", (NO, approval("first")), otherwise=approval("none")), approval("last"))
    assert open_blocks(case) == ["none"]
    decide(case, "none")
    assert open_blocks(case) == ["last"]


@pytest.mark.parametrize("nothing", [None, sequence()])
def test_the_case_goes_on_at_once_when_nothing_holds_and_nothing_else_is_drawn(town, nothing):
    case = run(town, inclusive("some", (NO, approval("first")), otherwise=nothing), approval("last"))
    assert open_blocks(case) == ["last"]
    finished(case)


def test_an_empty_branch_that_holds_keeps_otherwise_from_being_taken(town):
    case = run(town, inclusive("some", (YES, sequence()), otherwise=approval("none")), approval("last"))
    assert open_blocks(case) == ["last"]


def test_inclusive_and_parallel_branches_nest_in_one_another(town):
    inner = inclusive("inner", (YES, approval("deep")), (YES, parallel("both", approval("a"), approval("b"))))
    case = run(
        town,
        inclusive("some", (YES, sequence(inner, approval("next"))), (YES, approval("beside"))),
        approval("last"),
    )
    assert set(open_blocks(case)) == {"deep", "a", "b", "beside"}
    decide(case, "a")
    decide(case, "deep")
    decide(case, "b")
    assert set(open_blocks(case)) == {"beside", "next"}
    finished(case)


def test_conditions_are_asked_once_when_the_case_comes_there(town):
    minor = {"code": "minor", "name": "轻微"}
    case = run(
        town,
        approval("look", outcomes=[DONE, minor], handler=True),
        inclusive(
            "some",
            ('look.outcome = "minor"', approval("small")),
            ('look.outcome = "done"', approval("large", moves=["return"])),
        ),
        approval("last"),
    )
    decide(case, "look", "minor")
    assert open_blocks(case) == ["small"]


def test_sent_back_to_before_the_branches_they_are_chosen_anew(town):
    minor = {"code": "minor", "name": "轻微"}
    case = run(
        town,
        approval("look", outcomes=[DONE, minor]),
        inclusive(
            "some",
            ('look.outcome = "minor"', approval("small")),
            ('look.outcome = "done"', approval("large", moves=["return"])),
            (YES, approval("always")),
        ),
        approval("last"),
    )
    decide(case, "look")
    task = open_task(case, "large")
    return_task(task_id=task.pk, actor=task.owner, to_block="look", reason="再看看")
    assert open_blocks(case) == ["look"]
    decide(case, "look", "minor")
    assert set(open_blocks(case)) == {"small", "always"}
    finished(case)


def test_sent_back_into_a_branch_that_was_taken_the_case_waits_for_it_alone(town):
    case = run(
        town,
        inclusive("some", (YES, approval("first")), (YES, approval("second")), (NO, approval("never"))),
        approval("last", moves=["return"]),
    )
    decide(case, "first")
    decide(case, "second")
    task = open_task(case, "last")
    assert {target for target, _ in describe(task).return_targets} == {"first", "second"}
    return_task(task_id=task.pk, actor=task.owner, to_block="second", reason="再看看")
    assert open_blocks(case) == ["second"]
    decide(case, "second")
    assert open_blocks(case) == ["last"]
    assert len(tasks(case, "first")) == 1


def test_an_end_in_one_branch_ends_the_case_and_voids_the_others(town):
    stop = {"type": "end", "id": "stop", "name": "终止", "state": "rejected"}
    case = run(
        town,
        inclusive(
            "some", (YES, sequence(approval("first"), condition("if", YES, stop))), (YES, approval("second"))
        ),
        approval("last"),
    )
    decide(case, "first")
    assert (open_blocks(case), case.state) == ([], "rejected")
    assert case.process.finished is not None
