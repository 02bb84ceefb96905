"""Who gets a step: every way to name people, nobody there, and people who would approve their own."""

from datetime import timedelta

import pytest
from django.utils import timezone

from grid import stamp
from grid.models import Branch, StandIn
from tests.workflows.flowing import (
    approval,
    begin,
    condition,
    events,
    open_blocks,
    open_task,
    parallel,
    publish,
    run,
    tasks,
    told,
)
from workflows import queries
from workflows.actions.orphans import pass_on_orphans
from workflows.actions.tasks import claim_task, decide_task, return_task
from workflows.actions.timers import fire_timers
from workflows.engine import people
from workflows.engine.describe import describe
from workflows.engine.move import Move
from workflows.engine.schema import Approval
from workflows.policies import may_act
from workflows.timeline import timeline

pytestmark = pytest.mark.django_db

CHOOSE = {"code": "helpers", "name": "协办人", "type": "people"}
NO = {"code": "no", "name": "不同意"}
YES = {"code": "yes", "name": "同意", "agrees": True}


def decide(case, block_id, outcome="done", actor=None, **more):
    task = open_task(case, block_id)
    decide_task(task_id=task.pk, actor=actor or task.owner, outcome=outcome, **more)
    case.refresh_from_db()


def skipped(case):
    return [(event.payload["block"], event.payload["why"]) for event in events(case, "task.skipped")]


# --- ways to name people -----------------------------------------------------------------------------
def test_a_step_for_a_branch_is_a_pool_of_its_members(town):
    branch = Branch.objects.add_root({"code": "B2", "name": "第一支部"})
    for user in (town.member1, town.member2):
        user.member.branch = branch
        user.member.save()
    case = run(town, approval("one", [{"branch": "B2"}]), grid=3)
    task = open_task(case, "one")
    assert task.owner is None
    assert may_act(town.member1, task)
    assert may_act(town.member2, task)
    assert not may_act(town.member3, task)
    assert list(queries.to_claim(town.member2)) == [task]
    assert set(queries.pool_names(task.owner_permission)) == {town.member1.name, town.member2.name}
    assert told(events(case, "task.created")[0]) == {town.member1, town.member2}
    assert set(queries.workers_on(case)) == {town.member1.pk, town.member2.pk}
    assert set(queries.holders_of([case])[case.pk].names) == {town.member1.name, town.member2.name}
    claim_task(task_id=task.pk, actor=town.member2)
    decide(case, "one")


def test_a_step_for_a_branch_with_one_member_is_theirs(town):
    town.member1.member.branch = Branch.objects.add_root({"code": "B2", "name": "第一支部"})
    town.member1.member.save()
    case = run(town, approval("one", [{"branch": "B2"}]), grid=3)
    assert open_task(case, "one").owner == town.member1


def test_a_branchs_pool_that_has_emptied_goes_to_whoever_answers(town):
    branch = Branch.objects.add_root({"code": "B2", "name": "第一支部"})
    for user in (town.member1, town.member2):
        user.member.branch = branch
        user.member.save()
    case = run(town, approval("one", [{"branch": "B2"}, {"role": "checker"}]), grid=3)
    branch.members.update(branch=None)
    assert pass_on_orphans() == 1
    assert open_task(case, "one").owner == town.checker


def test_named_people_are_tried_by_who_has_the_least_to_do(town):
    who = [{"people": ["member1", "member2"]}]
    publish(approval("one", who))
    owners = [open_task(begin(town), "one").owner for _ in range(3)]
    assert owners == [town.member1, town.member2, town.member1]


def test_people_who_may_no_longer_sign_in_are_passed_over(town):
    town.member1.is_active = False
    town.member1.save()
    case = run(town, approval("one", [{"people": ["member1"]}, {"people": ["member2"]}]))
    assert open_task(case, "one").owner == town.member2


def test_the_previous_handler_is_whoever_decided_the_step_before(town):
    back = [{"person": "previous"}]
    between = condition("if", "urgent = false", approval("second", back))
    case = run(town, approval("first", "checker"), between, approval("third", back))
    decide(case, "first")
    assert open_task(case, "second").owner == town.checker
    decide(case, "second")
    assert open_task(case, "third").owner == town.checker


def test_after_a_wait_the_previous_handler_is_still_known(town, time_machine):
    time_machine.move_to("2026-11-10T09:00:00+08:00", tick=False)
    wait = {"type": "timer", "id": "wait", "name": "等待", "after": {"limit": 2, "clock": "urgent_hours"}}
    case = run(town, approval("first", "checker"), wait, approval("second", [{"person": "previous"}]))
    decide(case, "first")
    time_machine.move_to("2026-11-10T12:00:00+08:00", tick=False)
    fire_timers()
    assert open_task(case, "second").owner == town.checker


def test_where_nobody_has_decided_anything_there_is_no_previous_handler(town):
    passed = approval("none", "grid_leader", nobody="skip")
    case = run(town, passed, approval("one", [{"person": "previous"}, {"role": "checker"}]))
    assert open_task(case, "one").owner == town.checker


def test_a_field_of_people_reaches_them_all_with_copies_and_one_of_them_with_a_step(town):
    copy = {"type": "cc", "id": "copy", "name": "抄送", "who": [{"field": "helpers"}]}
    case = run(
        town,
        approval("first", "checker", fields=[CHOOSE]),
        copy,
        approval("second", [{"field": "helpers"}]),
    )
    chosen = [town.member2, town.member3]
    decide(case, "first", data={"helpers": chosen})
    assert case.process.data["fields"]["helpers"] == [user.pk for user in chosen]
    assert told(events(case, "copy.sent")[0]) == set(chosen)
    assert open_task(case, "second").owner == town.member2


# --- nobody there ------------------------------------------------------------------------------------
def test_nobody_in_the_very_area_the_nearest_above_answers_by_default(town):
    case = run(town, approval("one", "grid_leader"), grid=1)
    assert open_task(case, "one").owner == town.leader1
    assert skipped(case) == []


def test_nobody_in_the_very_area_the_administrators_have_it_if_the_step_says_so(town):
    case = run(town, approval("one", "grid_leader", nobody="administrator"), grid=1)
    assert open_task(case, "one").owner == town.administrator


@pytest.mark.parametrize("at", ["community", "street"])
def test_the_very_area_is_the_one_at_the_level_named(town, at):
    who = [{"role": "grid_leader", "at": at}]
    case = run(town, approval("one", who, nobody="skip"), approval("two"), grid=1)
    expected = {"community": ["one"], "street": ["two"]}[at]
    assert open_blocks(case) == expected


def test_a_step_nobody_is_there_for_is_passed_over_as_agreed_and_the_story_says_so(town):
    case = run(
        town,
        approval("one", "grid_leader", nobody="skip", outcomes=[NO, YES], state="checking"),
        condition("how", 'one.outcome = "yes"', approval("agreed"), approval("refused")),
    )
    assert open_blocks(case) == ["agreed"]
    assert skipped(case) == [("one", "nobody")]
    assert case.state != "checking"
    for viewer in (town.administrator, town.resident):
        assert any("步骤one" in entry.title and not entry.actor_name for entry in timeline(case, viewer))
    assert tasks(case, "one")[0].owner is None
    assert told(events(case, "task.skipped")[0]) == set()


def test_a_step_that_could_only_end_the_case_is_not_passed_over(town):
    stop = {"code": "stop", "name": "终止", "ends": {"type": "end", "id": "stop", "name": "终止"}}
    case = run(town, approval("one", "grid_leader", nobody="skip", outcomes=[stop, NO]), approval("two"))
    assert open_blocks(case) == ["two"]
    back = {"code": "back", "name": "退回", "returns_to": "first"}
    step = approval("one", "grid_leader", nobody="skip", outcomes=[stop, back])
    case = run(town, approval("first"), condition("if", "urgent = false", step), approval("two"))
    decide(case, "first")
    assert open_task(case, "one").owner == town.leader1


def test_several_steps_in_a_row_may_be_passed_over_in_branches_too(town):
    nobody = {"nobody": "skip"}
    case = run(
        town,
        approval("one", "grid_leader", **nobody),
        parallel("both", *(approval(block, "grid_leader", **nobody) for block in ("two", "three"))),
        approval("four"),
    )
    assert open_blocks(case) == ["four"]
    assert {block for block, _why in skipped(case)} == {"one", "two", "three"}


def test_a_step_that_was_passed_over_is_none_a_case_can_be_sent_back_to(town):
    case = run(
        town,
        approval("first"),
        approval("one", "grid_leader", nobody="skip"),
        approval("two", "checker", moves=["return"]),
    )
    decide(case, "first")
    assert describe(open_task(case, "two")).return_targets == [("first", "步骤first")]
    return_task(task_id=open_task(case, "two").pk, actor=town.checker, to_block="first", reason="再看看")
    decide(case, "first")
    assert open_blocks(case) == ["two"]
    assert skipped(case) == [("one", "nobody"), ("one", "nobody")]


# --- one's own ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("rule", ["keep", "skip", "superior"])
def test_a_step_that_comes_to_whoever_decided_the_one_before(town, rule):
    case = run(
        town,
        approval("first", "grid_member"),
        approval("second", "grid_member", self_approval=rule),
        approval("third", "checker"),
    )
    town.assign(town.leader1, "grid_member", town.communities[0])
    decide(case, "first")
    if rule == "skip":
        assert open_blocks(case) == ["third"]
        assert skipped(case) == [("second", "self")]
    else:
        owner = {"keep": town.member1, "superior": town.leader1}[rule]
        assert open_task(case, "second").owner == owner
        assert skipped(case) == []


def test_a_step_that_comes_to_whoever_filed_the_case_goes_to_the_superior(town):
    case = run(town, approval("one", self_approval="superior"), reporter=None, filed_by=town.member1)
    # Nobody holds the role above: an administrator does.
    assert open_task(case, "one").owner == town.administrator


def test_two_steps_after_the_same_person_is_no_self_approval(town):
    case = run(
        town, approval("first"), approval("second", "checker"), approval("third", self_approval="skip")
    )
    decide(case, "first")
    decide(case, "second")
    assert open_task(case, "third").owner == town.member1


def test_somebody_who_stood_in_for_the_step_before_has_had_their_say(town):
    now, day = timezone.now(), timedelta(days=1)
    away = {"member": town.member1.member, "stand_in": town.checker.member}
    StandIn.objects.create(**away, since=now - day, until=now + day)
    stamp.bump()
    second = approval("second", "checker", self_approval="skip")
    case = run(town, approval("first"), second, approval("third"))
    decide(case, "first", actor=town.checker)
    assert skipped(case) == [("second", "self")]


def test_a_step_sent_back_to_on_purpose_is_not_passed_over(town):
    case = run(
        town,
        approval("first"),
        approval("second", self_approval="skip", outcomes=[YES]),
        approval("third", "checker", moves=["return"]),
    )
    decide(case, "first")
    assert open_blocks(case) == ["third"]


# --- several people ----------------------------------------------------------------------------------
def test_seats_of_a_step_for_several_follow_the_same_rules(town):
    def seats(**more):
        block = Approval.model_validate(approval("one", **more))
        case = run(town, approval("start"))
        move = Move(case, case.process, None)
        move.decided_by = (town.member6.pk,)
        case.area, case.area_path = town.grids[5], town.grids[5].path
        return people.seats(block, move)

    both = [town.member6.pk, town.member6b.pk]
    assert seats() == people.Seats(both)
    assert seats(self_approval="skip") == people.Seats(both[1:], both[:1])
    assert seats(self_approval="superior") == people.Seats([town.member6b.pk, town.administrator.pk])
    assert seats(who="grid_leader") == people.Seats([town.leader2.pk])
    assert seats(who="grid_leader", nobody="skip") == people.Seats([], why="nobody")
    assert seats(who="grid_leader", nobody="administrator") == people.Seats([])
    alone = [{"people": ["member6"]}]
    assert seats(who=alone, self_approval="skip") == people.Seats([], both[:1], "self")
