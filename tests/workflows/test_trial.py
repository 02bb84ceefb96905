"""A workflow tried on a case: the path, who, when, why; and nothing written."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from viewflow.workflow.models import Process, Task

from grid.models import Sharing, Turn
from realtime.models import Event
from tests.workflows.flowing import DONE, approval, begin, condition, definition, parallel, publish, sequence
from workflows.engine.schema import Definition
from workflows.models import Category, Request
from workflows.trial.bodies import runnable
from workflows.trial.case import as_filed, made_up
from workflows.trial.pace import Given, Nobody, measured
from workflows.trial.walk import walk

pytestmark = pytest.mark.django_db

#: A Monday without holidays, 9:00 in Shanghai.
MONDAY = datetime(2031, 3, 3, 1, tzinfo=UTC)
PASS = {"code": "pass", "name": "通过"}
REFUSED = {"id": "refused", "name": "不同意", "state": "rejected"}
REFUSE = {"code": "refuse", "name": "不同意", "ends": REFUSED}
REDO = {"code": "redo", "name": "返工", "returns_to": "one"}
AMOUNT = {"code": "amount", "name": "金额", "type": "number"}


def body(*blocks, fields=()):
    return Definition.model_validate(definition(*blocks) | {"fields": list(fields)})


def case(town, *, grid=1, filed_at=MONDAY, **more):
    area = town.grids[grid - 1] if grid else None
    return made_up(reporter=town.resident, area=area, filed_at=filed_at, **more)


def tried(town, *blocks, pace=None, outcomes=None, fields=(), **more):
    return walk(body(*blocks, fields=fields), case(town, **more), pace=pace or Given(2), outcomes=outcomes)


def blocks_of(run):
    return [visit.block.id for visit in run.visits]


def visit(run, block):
    return next(visit for visit in run.visits if visit.block.id == block)


def limit(hours, clock="work_hours"):
    return {"limit": hours, "clock": clock}


def test_a_trial_writes_nothing(town):
    """Any statement but a reading one is refused."""
    Sharing.objects.create(area=town.street, role_id="grid_member", how="turn")

    events = Event.objects.count()

    def reads_only(execute, sql, params, many, context):
        assert sql.lstrip().upper().startswith("SELECT"), sql
        assert "FOR UPDATE" not in sql
        return execute(sql, params, many, context)

    everything = [
        condition("big", "fields.amount > 5000", approval("two", "checker", outcomes=[PASS, REDO])),
        {"type": "cc", "id": "copy", "name": "抄送", "who": [{"role": "supervisor"}]},
        parallel("both", approval("left"), approval("right", "department")),
        {"type": "timer", "id": "wait", "name": "等待", "after": limit(1, "calendar_days")},
        {"type": "milestone", "id": "closed", "mark": "closed", "state": "closed"},
    ]
    late = [{"after": limit(1), "action": "escalate", "to": [{"role": "shift_leader"}]}]
    with connection.execute_wrapper(reads_only):
        run = walk(
            body(approval("one", deadlines=late, handler=True), *everything, fields=[AMOUNT]),
            case(town, grid=6, fields={"amount": 8000}),
            pace=Given(2),
            outcomes={"two": ["redo"]},
        )
    assert run.went.how == "ended"
    assert blocks_of(run)[:5] == ["one", "big", "two", "one", "big"]
    assert not Turn.objects.exists()
    assert not Request.objects.exists()
    assert not Process.objects.exists()
    assert Event.objects.count() == events


def test_each_step_says_who_gets_it(town):
    run = tried(town, approval("one"), approval("two", "checker"), approval("three", [{"doer_of": "one"}]))
    assert [visit.seats[0].user_id for visit in run.steps] == [
        town.member1.pk, town.checker.pk, town.member1.pk,
    ]  # fmt: skip


def test_several_on_duty_are_a_pool(town):
    (seat,) = visit(tried(town, approval("one"), grid=6), "one").seats
    assert seat.is_pool
    assert set(seat.pool) == {town.member6.pk, town.member6b.pk}


def test_a_step_nobody_answers_for_goes_to_the_administrators_and_says_so(town):
    (seat,) = visit(tried(town, approval("one", [{"person": "handler"}])), "one").seats
    assert (seat.user_id, seat.fallback) == (town.administrator.pk, True)


def test_the_resident_is_asked_without_being_named(town):
    (seat,) = visit(tried(town, approval("one", [{"person": "reporter"}])), "one").seats
    assert seat.is_resident
    assert seat.people() == ()


def test_a_condition_says_the_value_that_decided_it(town):
    run = tried(
        town, condition("big", "fields.amount > 5000", approval("two")), fields=[AMOUNT],
    )  # fmt: skip
    assert blocks_of(run) == ["big", "over"]
    run = walk(
        body(condition("big", "fields.amount > 5000", approval("two")), fields=[AMOUNT]),
        case(town, fields={"amount": 8000}),
        pace=Given(2),
    )
    (reason,) = visit(run, "big").reasons[0]
    assert (reason.value, reason.holds) == (8000, True)
    assert blocks_of(run) == ["big", "two", "over"]


def test_work_goes_on_in_working_hours_and_after_holidays(town):
    friday_evening = datetime(2031, 3, 7, 9, 30, tzinfo=UTC)  # 17:30
    run = tried(town, approval("one"), pace=Given(1), filed_at=friday_evening)
    assert visit(run, "one").until == datetime(2031, 3, 10, 0, 30, tzinfo=UTC)  # Monday 8:30


def test_deadlines_before_the_decision_fire_and_later_ones_do_not(town):
    late = [
        {"after": limit(1), "action": "remind"},
        {"after": limit(3), "action": "escalate", "to": [{"role": "shift_leader"}]},
        {"after": limit(1, "work_days"), "action": "remind"},
    ]
    fired = visit(tried(town, approval("one", deadlines=late), pace=Given(4)), "one").deadlines
    assert [firing.fires for firing in fired] == [True, True, False]
    assert fired[1].to[0].user_id == town.shift_leader.pk
    assert fired[0].at == MONDAY + timedelta(hours=1)


def test_when_nobody_acts_deadlines_decide_or_the_case_stays(town):
    lapse = {"code": "lapse", "name": "自动同意", "by": "timer"}
    late = [{"after": limit(4), "action": "outcome", "outcome": "lapse"}]
    run = tried(
        town,
        approval("one", outcomes=[DONE, lapse], deadlines=late),
        approval("two", deadlines=[{"after": limit(1), "action": "remind"}]),
        approval("three"),
        pace=Nobody(),
    )
    assert blocks_of(run) == ["one", "two"]
    assert (visit(run, "one").outcome, visit(run, "one").outcome_by) == ("lapse", "deadline")
    assert run.went.how == "stays"
    assert visit(run, "two").deadlines[0].fires
    assert run.hours is None


def test_an_outcome_is_chosen_or_the_first_is_taken(town):
    blocks = [approval("one", outcomes=[PASS, REFUSE]), approval("two")]
    assert blocks_of(tried(town, *blocks)) == ["one", "two", "over"]
    run = tried(town, *blocks, outcomes={"one": ["refuse"]})
    assert blocks_of(run) == ["one", "refused"]
    assert run.went.how == "ended"


def test_a_return_comes_back_once_and_to_the_same_person(town):
    run = tried(
        town,
        approval("one"),
        parallel("both", approval("left"), approval("right", "checker", outcomes=[PASS, REDO])),
        outcomes={"right": ["redo"]},
        grid=6,
    )
    assert blocks_of(run) == ["one", "both", "left", "right", "one", "both", "left", "right", "over"]
    assert run.went.how == "ended"


def test_what_goes_in_circles_is_stopped(town):
    run = tried(town, approval("one"), approval("two", outcomes=[REDO]))
    assert run.went.how == "circles"


def test_an_end_in_one_branch_voids_what_the_others_would_have_done_later(town):
    run = tried(
        town,
        parallel(
            "both",
            approval("left", outcomes=[REFUSE]),
            sequence(approval("right", "checker"), approval("later", "checker")),
        ),
        pace=Given(2, {"right": 4}),
    )
    assert blocks_of(run) == ["both", "left", "refused", "right"]
    assert visit(run, "right").void
    assert visit(run, "right").until == MONDAY + timedelta(hours=2)
    assert [step.block.id for step in run.steps] == ["left"]


def test_branches_run_at_the_same_time(town):
    run = tried(
        town,
        parallel("both", approval("left"), approval("right", "checker")),
        approval("last"),
        pace=Given(1, {"right": 3}),
    )
    assert visit(run, "last").at == MONDAY + timedelta(hours=3)
    # 9–12 in the branches, the last hour after lunch.
    assert run.hours == 4
    assert run.approvals == 3


def test_a_past_case_is_tried_as_it_was_filed_and_decided_as_it_was(town):
    from tests.workflows.flowing import open_task
    from workflows.actions.tasks import decide_task

    publish(
        approval("one", fields=[{"code": "size", "name": "大小", "type": "number"}]),
        approval("two", "checker", outcomes=[PASS, REDO]),
    )
    past = begin(town, category=Category.objects.first(), urgency="urgent")
    for block, who, outcome, more in (
        ("one", town.member1, "done", {"data": {"size": "12"}}),
        ("two", town.checker, "redo", {"opinion": "重来"}),
        ("one", town.member1, "done", {"data": {"size": "12"}}),
        ("two", town.checker, "pass", {}),
    ):
        decide_task(task_id=open_task(past, block).pk, actor=who, outcome=outcome, **more)
    past = Request.objects.select_related("area", "category", "condition", "process").get(pk=past.pk)
    supposed = as_filed(past)
    run = walk(
        body(
            approval("one", fields=[{"code": "size", "name": "大小", "type": "number"}]),
            approval("two", "checker", outcomes=[PASS, REDO]),
            condition("large", "fields.size > 10", approval("three", "shift_leader")),
        ),
        supposed,
        pace=measured([supposed], own=True),
    )
    assert [visit.block.id for visit in run.steps] == ["one", "two", "one", "two", "three"]
    assert [visit.outcome_by for visit in run.steps] == ["recorded"] * 4 + ["first"]
    assert visit(run, "one").took.how == "case"
    assert visit(run, "three").took.how == "steps"
    assert run.case.request.state == "reported"
    past.refresh_from_db()
    assert past.state == "closed"
    assert Task.objects.filter(process=past.process_id, flow_task_type="HUMAN").count() == 4


# --- several people, nobody, oneself, parts written out ------------------------------------------------
YES = {"code": "yes", "name": "同意", "agrees": True}
NO = {"code": "no", "name": "不同意"}
THREE = [{"people": ["checker", "dispatcher", "registrar"]}]


def test_everybody_at_a_step_for_several_has_a_seat(town):
    run = tried(town, approval("one", THREE, mode="all", outcomes=[YES, NO]))
    assert [seat.user_id for seat in visit(run, "one").seats] == [
        town.checker.pk, town.dispatcher.pk, town.registrar.pk,
    ]  # fmt: skip
    assert run.approvals == 3


def test_one_after_the_other_takes_the_given_time_each(town):
    run = tried(town, approval("one", THREE, mode="in_turn", outcomes=[YES, NO]), pace=Given(1))
    assert visit(run, "one").until == MONDAY + timedelta(hours=3)


def test_a_step_is_passed_over_as_its_own_rule_says(town):
    nobody = approval("one", [{"role": "registrar"}], nobody="skip")
    run = tried(town, nobody, approval("two", "checker"))
    assert (visit(run, "one").skipped, visit(run, "one").outcome) == ("nobody", "done")
    assert [step.block.id for step in run.steps] == ["two"]


def test_whoever_decided_the_step_before_does_not_approve_it_again(town):
    run = tried(town, approval("one"), approval("two", self_approval="skip"), approval("three", "checker"))
    assert visit(run, "two").skipped == "self"
    run = tried(town, approval("one"), approval("two", [{"person": "previous"}]))
    assert visit(run, "two").seats[0].user_id == town.member1.pk


def test_a_sub_process_and_a_whistle_are_walked_as_they_run(town):
    publish(approval("one"), key="other")
    whistle = {
        "type": "whistle",
        "id": "call",
        "name": "吹哨",
        "departments": [{"role": "department"}, {"role": "checker"}],
        "respond": limit(2),
    }
    # A draft leaves out what is inside: it is the version in force.
    sub = {"type": "subprocess", "id": "part", "name": "子流程", "definition": "other"}
    run = walk(runnable(definition(sub, whistle)), case(town), pace=Given(1))
    assert run.went.how == "ended"
    assert [step.block.id for step in run.steps] == [
        "one_IN_part", "respond1_IN_call", "finish1_IN_call", "respond2_IN_call", "finish2_IN_call",
    ]  # fmt: skip
    assert run.steps[1].seats[0].user_id == town.department.pk
