"""Sub-processes and whistles: what they are written out as, and how cases run through them."""

import pytest

from grid.errors import Refused
from tests.workflows.flowing import (
    DONE,
    approval,
    armed,
    condition,
    definition,
    events,
    open_blocks,
    open_task,
    parallel,
    run,
    sequence,
    subprocess,
    tasks,
    told,
)
from workflows.actions.tasks import decide_task, return_task
from workflows.actions.timers import fire_timers
from workflows.engine import expand as expansion
from workflows.engine import schema
from workflows.engine.describe import describe
from workflows.models import CarbonCopy, Opinion
from workflows.timeline import timeline

pytestmark = pytest.mark.django_db

OUT = {"type": "end", "id": "out", "name": "子流程结束", "state": "closed"}


def expanded(*blocks):
    return expansion.expand(schema.Definition.model_validate(definition(*blocks)))


def ids(written_out):
    return [block.id for block in schema.blocks(written_out.body) if getattr(block, "id", None)]


def block(written_out, block_id):
    (found,) = [one for one in schema.blocks(written_out.body) if getattr(one, "id", None) == block_id]
    return found


def decide(case, block_id, outcome="done", **more):
    task = open_task(case, block_id)
    owner = task.owner
    decide_task(task_id=task.pk, actor=owner, outcome=outcome, **more)
    case.refresh_from_db()


# --- what it is written out as -----------------------------------------------------------------------
def test_blocks_of_a_subprocess_are_named_and_titled_after_it():
    written_out = expanded(
        approval("handle"),
        subprocess(
            "repair", approval("handle", name="处置", name_en="Handle"), name="处置子流程", name_en="Repair"
        ),
    )
    assert ids(written_out) == ["handle", "repair", "handle_IN_repair", "over"]
    inner = block(written_out, "handle_IN_repair")
    assert (inner.name, inner.name_en) == ("处置子流程 · 处置", "Repair · Handle")


def test_references_inside_a_subprocess_follow_and_those_to_the_outside_stay():
    back = {"code": "back", "name": "退回", "returns_to": "look"}
    written_out = expanded(
        approval("first"),
        subprocess(
            "repair",
            approval("look"),
            approval(
                "check",
                [{"doer_of": "look"}, {"doer_of": "first"}],
                outcomes=[DONE, back],
                moves=["return"],
                return_to=["look"],
                deadlines=[
                    {
                        "after": {"limit": 1, "clock": "work_days"},
                        "action": "escalate",
                        "to": [{"doer_of": "look"}],
                    }
                ],
            ),
            condition("how", 'look.outcome = "done" and fields.note = "look.outcome"', approval("more")),
        ),
    )
    check = block(written_out, "check_IN_repair")
    assert [who.doer_of for who in check.who] == ["look_IN_repair", "first"]
    assert check.outcomes[1].returns_to == "look_IN_repair"
    assert check.return_to == ("look_IN_repair",)
    assert check.deadlines[0].to[0].doer_of == "look_IN_repair"
    how = block(written_out, "how_IN_repair")
    assert how.cases[0].when == 'look_IN_repair.outcome = "done" and fields.note = "look.outcome"'


def test_subprocesses_nest_and_the_same_one_may_be_used_twice():
    inner = subprocess("two", approval("step"), of="deep")
    written_out = expanded(subprocess("one", inner), subprocess("other", inner, of="inner"))
    assert "step_IN_two_IN_one" in ids(written_out)
    assert "step_IN_two_IN_other" in ids(written_out)
    assert len(ids(written_out)) == len(set(ids(written_out)))


@pytest.mark.parametrize("chain", [["trial"], ["a", "a"], ["a", "b", "a"]])
def test_a_subprocess_inside_itself_is_refused(chain):
    body = approval("step")
    for number, key in enumerate(reversed(chain)):
        body = subprocess(f"sub{number}", body, of=key)
    with pytest.raises(Refused):
        expanded(body)


def test_a_subprocess_without_content_or_nested_too_deeply_is_refused():
    with pytest.raises(expansion.CannotExpand):
        expanded({"type": "subprocess", "id": "empty", "name": "空", "definition": "inner"})
    body = approval("step")
    for number in range(expansion.MAX_NESTING + 1):
        body = subprocess(f"sub{number}", body, of=f"key{number}")
    with pytest.raises(expansion.CannotExpand):
        expanded(body)


def test_forks_nested_deeper_than_their_tokens_can_tell_are_refused():
    body = approval("step0")
    for number in range(expansion.MAX_FORKS + 1):
        body = parallel(f"fork{number}", body, approval(f"beside{number}"))
    with pytest.raises(expansion.CannotExpand):
        expanded(body)


def test_the_longest_names_fit_their_columns():
    long = "a" * 40
    body = approval(long)
    for number in range(expansion.MAX_NESTING):
        body = subprocess("b" * 39 + str(number), body, of=f"key{number}")
    longest = max(ids(expanded(body)), key=len)
    for model in (Opinion, CarbonCopy):
        assert len(longest) <= model._meta.get_field("block").max_length


# --- how a case runs through it ----------------------------------------------------------------------
def test_a_case_runs_through_a_subprocess_and_on_and_its_story_names_both(town):
    case = run(
        town,
        subprocess("repair", approval("look", name="查看"), OUT, name="处置子流程"),
        approval("last"),
    )
    assert open_blocks(case) == ["look_IN_repair"]
    assert describe(open_task(case, "look_IN_repair")).title == "处置子流程 · 查看"
    decide(case, "look_IN_repair")
    assert open_blocks(case) == ["last"]
    assert case.state != "closed"  # the sub-process is over, not the case
    decide(case, "last")
    assert case.state == "closed"
    titles = [entry.title for entry in timeline(case, town.administrator)]
    assert any("处置子流程 · 查看" in title for title in titles)


def test_an_outcome_that_ends_a_subprocess_passes_over_the_rest_of_it_only(town):
    no = {"code": "no", "name": "不必", "ends": {"type": "end", "id": "early", "name": "不必处置"}}
    case = run(
        town,
        subprocess("repair", approval("look", outcomes=[DONE, no]), approval("mend"), OUT),
        approval("last"),
    )
    decide(case, "look_IN_repair", "no")
    assert open_blocks(case) == ["last"]


def test_an_end_that_terminates_ends_the_whole_case_from_inside_a_subprocess(town):
    stop = {"type": "end", "id": "stop", "name": "终止", "state": "rejected", "terminate": True}
    no = {"code": "no", "name": "终止", "ends": stop}
    case = run(
        town,
        subprocess("one", subprocess("two", approval("look", outcomes=[DONE, no]), of="deep")),
        approval("last"),
    )
    decide(case, "look_IN_two_IN_one", "no")
    assert (open_blocks(case), case.state) == ([], "rejected")
    assert case.process.finished is not None


def test_leaving_a_subprocess_from_one_of_its_branches_voids_the_others(town):
    no = {"code": "no", "name": "不必", "ends": {"type": "end", "id": "early", "name": "不必处置"}}
    deadline = {"after": {"limit": 1, "clock": "work_days"}, "action": "remind"}
    inner = subprocess(
        "repair",
        parallel(
            "both",
            approval("left", outcomes=[DONE, no]),
            parallel("more", approval("right", deadlines=[deadline]), approval("third")),
        ),
        approval("after"),
    )
    case = run(
        town, parallel("outer", sequence(inner, approval("next")), approval("beside")), approval("last")
    )
    decide(case, "left_IN_repair", "no")
    assert open_blocks(case) == ["beside", "next"]
    assert armed(case) == 0
    decide(case, "beside")
    decide(case, "next")
    assert open_blocks(case) == ["last"]


def test_what_would_run_by_itself_in_another_branch_stops_when_a_subprocess_is_left_or_the_case_ends(town):
    copies = [
        {"type": "cc", "id": f"copy{number}", "name": "抄送", "who": [{"role": "checker"}]}
        for number in range(4)
    ]
    leave = {"type": "end", "id": "early", "name": "不必处置"}
    inner = subprocess(
        "repair",
        parallel("both", condition("if", "urgent = false", leave), sequence(*copies, approval("orphan"))),
    )
    case = run(town, inner, approval("last"))
    assert open_blocks(case) == ["last"]
    case = run(
        town,
        parallel("both", condition("if", "urgent = false", leave), sequence(*copies, approval("orphan"))),
    )
    assert open_blocks(case) == []
    assert case.process.finished is not None


def test_a_case_is_sent_back_into_a_subprocess_and_comes_out_again(town):
    case = run(
        town,
        subprocess("repair", parallel("both", approval("left"), approval("right")), OUT),
        approval("last", moves=["return"]),
    )
    decide(case, "left_IN_repair")
    decide(case, "right_IN_repair")
    task = open_task(case, "last")
    assert {target for target, _title in describe(task).return_targets} == {
        "left_IN_repair",
        "right_IN_repair",
    }
    return_task(task_id=task.pk, actor=task.owner, to_block="left_IN_repair", reason="再看看")
    assert open_blocks(case) == ["left_IN_repair"]
    decide(case, "left_IN_repair")
    assert open_blocks(case) == ["last"]


def test_a_condition_inside_a_subprocess_asks_how_its_own_step_was_decided(town):
    minor = {"code": "minor", "name": "轻微"}
    case = run(
        town,
        subprocess(
            "repair",
            approval("look", outcomes=[DONE, minor]),
            condition("how", 'look.outcome = "minor"', approval("small"), approval("large")),
        ),
    )
    decide(case, "look_IN_repair", "minor")
    assert open_blocks(case) == ["small_IN_repair"]


def test_conditions_inside_a_subprocess_may_call_things_as_people_do(town):
    minor = {"code": "minor", "name": "轻微"}
    size = {"code": "size", "name": "面积", "type": "number", "unit": "平方米"}
    case = run(
        town,
        subprocess(
            "repair",
            approval("look", name="查看", outcomes=[DONE, minor], fields=[size]),
            condition("how", "查看.结果 = “轻微” 且 面积 < 10平方米", approval("small"), approval("large")),
        ),
    )
    decide(case, "look_IN_repair", "minor", data={"size": "3"})
    assert open_blocks(case) == ["small_IN_repair"]


# --- whistles ----------------------------------------------------------------------------------------
def whistle(**more):
    return {
        "type": "whistle",
        "id": "call",
        "name": "吹哨报到",
        "departments": [{"role": "department"}, {"role": "checker"}],
        "respond": {"limit": 2, "clock": "work_hours"},
        "finish": {"limit": 1, "clock": "work_days"},
        "escalate_to": [{"role": "supervisor"}],
    } | more


def test_departments_that_are_whistled_for_report_in_and_say_what_they_did(town):
    case = run(town, whistle(), approval("last"))
    assert open_blocks(case) == ["respond1_IN_call", "respond2_IN_call"]
    decide(case, "respond1_IN_call", "here")
    assert open_blocks(case) == ["respond2_IN_call", "finish1_IN_call"]
    with pytest.raises(Refused):
        decide(case, "finish1_IN_call")
    decide(case, "finish1_IN_call", opinion="已派人抢修")
    decide(case, "respond2_IN_call", "here")
    decide(case, "finish2_IN_call", opinion="已核实")
    assert open_blocks(case) == ["last"]
    assert {task.owner for task in tasks(case, "finish1_IN_call")} == {town.department}


def test_a_department_that_does_not_come_in_time_keeps_the_step_and_the_superior_hears_of_it(
    town, time_machine
):
    time_machine.move_to("2026-11-10T09:00:00+08:00", tick=False)
    case = run(town, whistle(), approval("last"))
    time_machine.move_to("2026-11-10T11:00:00+08:00", tick=False)
    fire_timers()
    late = events(case, "task.timed_out")
    assert [event.payload["block"] for event in late] == ["respond1_IN_call", "respond2_IN_call"]
    assert told(late[0]) == {town.supervisor, town.department}
    assert open_blocks(case) == ["respond1_IN_call", "respond2_IN_call"]
    assert open_task(case, "respond1_IN_call").owner == town.department
    assert fire_timers() == 0
    titles = [entry.title for entry in timeline(case, town.administrator)]
    assert any(town.supervisor.name in title for title in titles)
