"""Running cases moved to another version of their workflow: checked, refused as a whole, moved, finished."""

from datetime import timedelta

import pytest
from django.utils import timezone
from viewflow.workflow.models import Task
from viewflow.workflow.status import PROCESS, STATUS

from realtime.log import Subject, verify
from tests.workflows.flowing import (
    DONE,
    approval,
    armed,
    begin,
    condition,
    events,
    open_blocks,
    open_task,
    parallel,
    publish,
    sequence,
    tasks,
)
from workflows.actions.migration import check_migration, migrate_cases
from workflows.actions.tasks import decide_task, return_task
from workflows.actions.timers import fire_timers
from workflows.engine.move import OPEN
from workflows.flow_picture import picture_of_case
from workflows.models import Request
from workflows.timeline import timeline

pytestmark = pytest.mark.django_db

PASS = {"code": "pass", "name": "通过"}
AMOUNT = {"code": "amount", "name": "金额", "type": "number", "required": True}


def decide(case, block, actor, outcome="done", **more):
    decide_task(task_id=open_task(case, block).pk, actor=actor, outcome=outcome, **more)


def check(old, new, **chosen):
    return check_migration(sources=[old], target=new, chosen={str(old.pk): chosen})


def migrate(town, old, new, **chosen):
    return migrate_cases(sources=[old], target=new, chosen={str(old.pk): chosen}, actor=town.administrator)


def again(case):
    return Request.objects.select_related("process").get(pk=case.pk)


def remind(hours, **more):
    return [{"after": {"limit": hours, "clock": "urgent_hours"}, "action": "remind"} | more]


def why(checked):
    return [reason for stranded in checked.stranded for reason in stranded["why"]]


def test_a_case_goes_on_by_the_new_version_from_the_step_it_is_at(town):
    old = publish(approval("one"), approval("two", "checker"))
    case = begin(town)
    decide(case, "one", town.member1)
    new = publish(approval("one"), approval("two", "checker"), approval("three", "shift_leader"))
    done = migrate(town, old, new)
    assert (done.moved, done.stranded, done.left) == (1, [], [])
    assert again(case).process.flow_class is new.flow_class
    assert open_task(case, "two").owner == town.checker
    decide(case, "two", town.checker)
    assert open_blocks(case) == ["three"]
    decide(case, "three", town.shift_leader)
    assert again(case).process.status == PROCESS.DONE
    assert verify(Subject("request", case.pk)) == len(events(case))


def test_the_story_tells_those_who_work_on_it_and_not_the_resident(town):
    old = publish(approval("one"))
    case = begin(town)
    new = publish(approval("one"), approval("two", "checker"))
    migrate(town, old, new)
    (event,) = events(case, "request.migrated")
    assert event.actor == town.administrator
    assert (event.payload["from_version"], event.payload["to_version"]) == (1, 2)
    kinds = {
        who: [entry.kind for entry in timeline(again(case), town.people[who])]
        for who in ("supervisor", "resident")
    }
    assert "request.migrated" in kinds["supervisor"]
    assert "request.migrated" not in kinds["resident"]


def test_a_check_writes_nothing(town, django_assert_max_num_queries):
    old = publish(approval("one"))
    cases = [begin(town) for _ in range(5)]
    new = publish(approval("one"), approval("two", "checker"))
    before = list(Task.objects.order_by("pk").values())
    with django_assert_max_num_queries(8):
        checked = check(old, new)
    assert checked.cases == 5
    assert list(Task.objects.order_by("pk").values()) == before
    assert again(cases[0]).process.flow_class is old.flow_class


def test_one_case_that_would_be_stranded_keeps_all_where_they_are_and_is_named(town):
    old = publish(approval("one"), approval("two", "checker"))
    cases = [begin(town) for _ in range(3)]
    decide(cases[1], "one", town.member1)
    new = publish(approval("one"), approval("other", "checker"))
    done = migrate(town, old, new)
    assert done.moved == 0
    (stranded,) = done.stranded
    assert (stranded["number"], stranded["steps"]) == (cases[1].number, ["步骤two"])
    assert "步骤two" in stranded["why"][0]
    assert {again(case).process.flow_class for case in cases} == {old.flow_class}


def test_the_clerk_may_say_what_a_step_corresponds_to(town):
    old = publish(approval("one"), approval("two", "checker", name="核查"))
    case = begin(town)
    decide(case, "one", town.member1)
    new = publish(approval("first", name="受理"), approval("other", "checker", name="复查"))
    assert why(check(old, new))
    assert migrate(town, old, new, two="other", one="first").moved == 1
    assert open_blocks(case) == ["other"]


def test_a_step_with_another_id_is_found_by_its_name(town):
    old = publish(approval("one", name="受理"), approval("two", "checker", name="核查"))
    case = begin(town)
    new = publish(approval("start", name="受理"), approval("two", "checker", name="核查"))
    assert migrate(town, old, new).moved == 1
    assert open_blocks(case) == ["start"]


def test_a_step_of_another_kind_is_no_counterpart(town):
    old = publish(approval("one"), approval("two", "checker"))
    case = begin(town)
    rating = approval("one", form="rating")
    new = publish(rating, approval("two", "checker"))
    assert [one["number"] for one in check(old, new).stranded] == [case.number]
    assert check(old, new, one="one").stranded


def test_after_moving_a_case_can_still_be_returned(town):
    old = publish(approval("one"), approval("two", "checker"))
    case = begin(town)
    decide(case, "one", town.member1)
    new = publish(approval("first", name="步骤one"), approval("two", "checker", moves=["return"]))
    migrate(town, old, new)
    return_task(task_id=open_task(case, "two").pk, actor=town.checker, to_block="first", reason="不清楚")
    assert open_task(case, "first").owner == town.member1


def test_a_straight_way_back_still_leads_back(town):
    old = publish(approval("one"), approval("two", "checker", moves=["return"]))
    case = begin(town)
    decide(case, "one", town.member1)
    return_task(
        task_id=open_task(case, "two").pk, actor=town.checker, to_block="one", reason="不清楚",
        resume="straight_back",
    )  # fmt: skip
    gone = publish(approval("one"), approval("other", "checker", name="别的"))
    assert why(check(old, gone))
    new = publish(approval("one"), approval("between"), approval("second", "checker", name="步骤two"))
    assert migrate(town, old, new).moved == 1
    decide(case, "one", town.member1)
    assert open_blocks(case) == ["second"]


def test_a_step_that_would_be_sent_back_to_what_never_was_strands_the_case(town):
    old = publish(approval("two", "checker"))
    begin(town)
    redo = {"code": "redo", "name": "返工", "returns_to": "one"}
    new = publish(approval("one"), approval("two", "checker", outcomes=[DONE, redo]))
    (reason,) = why(check(old, new))
    assert "步骤one" in reason


# --- branches --------------------------------------------------------------------------------------
def forked(town, *more):
    old = publish(approval("first"), parallel("both", approval("left"), approval("right", "checker")), *more)
    case = begin(town)
    decide(case, "first", town.member1)
    return old, case


def test_a_case_in_two_branches_goes_on_in_both_and_they_join(town):
    old, case = forked(town)
    decide(case, "left", town.member1)
    new = publish(
        approval("first"),
        parallel(
            "fork", approval("left"), sequence(approval("right", "checker"), approval("more", "checker"))
        ),
        approval("last", "shift_leader"),
    )
    assert migrate(town, old, new).moved == 1
    for block in ("right", "more"):
        decide(case, block, town.checker)
    assert open_blocks(case) == ["last"]
    decide(case, "last", town.shift_leader)
    assert again(case).process.status == PROCESS.DONE


def test_nothing_gets_out_of_its_fork_or_into_another(town):
    old, case = forked(town)
    for blocks in (
        [approval("first"), approval("left"), approval("right", "checker")],
        [
            approval("first"),
            parallel("both", sequence(approval("left"), approval("right", "checker")), approval("x")),
        ],
        [approval("first"), parallel("both", approval("left"), approval("x")), approval("right", "checker")],
    ):  # fmt: skip
        new = publish(*blocks)
        assert [one["number"] for one in check(old, new).stranded] == [case.number], blocks
    flat = publish(approval("first"), approval("left"))
    begin(town)
    into = publish(approval("x"), parallel("both", approval("first"), approval("y")), approval("left"))
    assert check(flat, into).stranded


def test_a_new_branch_is_named_and_not_waited_for(town):
    old, case = forked(town)
    new = publish(
        approval("first"),
        parallel("both", approval("left"), approval("right", "checker"), approval("third", "dispatcher")),
    )
    checked = check(old, new)
    assert not checked.stranded
    assert len(checked.notes) == 1
    migrate(town, old, new)
    decide(case, "left", town.member1)
    decide(case, "right", town.checker)
    assert again(case).process.status == PROCESS.DONE


# --- several people --------------------------------------------------------------------------------
YES = {"code": "yes", "name": "同意", "agrees": True}
NO = {"code": "no", "name": "不同意"}
FIVE = ["member1", "member2", "member3", "member4", "member5"]


def together(mode, people=FIVE, block="vote", **more):
    return approval(block, [{"people": people}], **{"mode": mode, "outcomes": [YES, NO]} | more)


def say(case, user, outcome="yes"):
    (seat,) = [task for task in tasks(case) if task.owner == user and task.status in OPEN]
    decide_task(task_id=seat.pk, actor=user, outcome=outcome)


def test_seats_keep_what_they_said_and_the_new_rule_settles_it(town):
    old = publish(together("all"), approval("after", "checker"))
    case = begin(town)
    say(case, town.member1)
    new = publish(together("vote", vote={"count": 3}), approval("after", "checker"))
    assert migrate(town, old, new).moved == 1
    say(case, town.member2)
    assert "after" not in open_blocks(case)
    say(case, town.member3)
    assert open_blocks(case) == ["after"]
    decide(case, "after", town.checker)
    assert again(case).process.status == PROCESS.DONE


def test_a_step_that_the_new_rule_has_settled_goes_on_at_once(town):
    old = publish(together("vote", vote={"percent": 75}), approval("after", "checker"))
    case = begin(town)
    for name in FIVE[:3]:
        say(case, town.people[name])
    assert migrate(
        town, old, publish(together("vote", vote={"percent": 60}), approval("after", "checker"))
    ).moved
    assert open_blocks(case) == ["after"]
    assert verify(Subject("request", case.pk)) == len(events(case))


def test_turns_still_to_come_come(town):
    old = publish(together("in_turn", FIVE[:3]), approval("after", "checker"))
    case = begin(town)
    say(case, town.member1)
    migrate(
        town,
        old,
        publish(together("in_turn", FIVE[:3], "other", name="步骤vote"), approval("after", "checker")),
    )
    assert open_blocks(case) == ["other"]
    for name in FIVE[1:3]:
        say(case, town.people[name])
    assert open_blocks(case) == ["after"]


def test_what_a_seat_said_must_mean_something_in_the_new_version(town):
    old = publish(together("all"), approval("after", "checker"))
    case = begin(town)
    say(case, town.member1)
    other = [{"code": "agree", "name": "赞成", "agrees": True}, NO]
    assert [one["number"] for one in check(old, publish(together("all", outcomes=other))).stranded] == [
        case.number
    ]


def test_the_picture_tells_what_each_of_several_people_said(town):
    publish(together("all"), approval("after", "checker"))
    case = begin(town)
    say(case, town.member1)
    (card, *_rest) = picture_of_case(again(case), town.supervisor).cards
    (stay,) = card.stays
    assert (card.state, [who.note for who in stay.who]) == ("now", ["同意", *["待决定"] * 4])
    for name in FIVE[1:]:
        say(case, town.people[name])
    (card, *_rest) = picture_of_case(again(case), town.supervisor).cards
    assert (card.state, card.stays[0].outcome) == ("done", "同意")


# --- deadlines --------------------------------------------------------------------------------------
def test_a_deadline_that_is_the_same_keeps_its_moment_and_others_are_armed_anew(town, time_machine):
    begun = timezone.now()
    time_machine.move_to(begun, tick=False)
    old = publish(approval("one", deadlines=[*remind(5), *remind(6)]))
    case = begin(town)
    time_machine.move_to(begun + timedelta(hours=2), tick=False)
    new = publish(approval("one", deadlines=[*remind(5), *remind(8), *remind(1)]))
    migrate(town, old, new)
    timers = Task.objects.filter(process=case.process_id, flow_task_type="TIMER", status=STATUS.SCHEDULED)
    ends = sorted((task.scheduled - begun).total_seconds() / 3600 for task in timers)
    # The third would have been over an hour ago: it counts from now.
    assert ends == [3, 5, 8]
    time_machine.move_to(begun + timedelta(hours=9), tick=False)
    assert fire_timers() == 3
    assert len(events(case, "task.timed_out")) == 3
    decide(case, "one", town.member1)
    assert armed(case) == 0
    assert again(case).process.status == PROCESS.DONE


def test_a_deadline_that_went_off_does_not_go_off_again(town, time_machine):
    begun = timezone.now()
    time_machine.move_to(begun, tick=False)
    old = publish(approval("one", deadlines=remind(1)))
    case = begin(town)
    time_machine.move_to(begun + timedelta(hours=2), tick=False)
    fire_timers()
    new = publish(approval("one", deadlines=remind(1)), approval("two"))
    migrate(town, old, new)
    assert armed(case) == 0


def test_a_wait_ends_when_the_new_version_says(town, time_machine):
    begun = timezone.now()
    time_machine.move_to(begun, tick=False)

    def wait(hours):
        after = {"limit": hours, "clock": "urgent_hours"}
        return {"type": "timer", "id": "wait", "name": "等待", "after": after}

    old = publish(wait(10), approval("one"))
    case = begin(town)
    migrate(town, old, publish(wait(3), approval("one")))
    time_machine.move_to(begun + timedelta(hours=4), tick=False)
    assert fire_timers() == 1
    assert open_blocks(case) == ["one"]


# --- what is known of the case -----------------------------------------------------------------------
def test_what_was_decided_is_there_for_conditions_of_the_new_version(town):
    old = publish(approval("one", outcomes=[DONE, PASS]), approval("two", "checker"))
    case = begin(town)
    decide(case, "one", town.member1, "pass")
    new = publish(
        approval("one", outcomes=[DONE, PASS]),
        approval("two", "checker"),
        condition("passed", 'one.outcome = "pass"', approval("three", "shift_leader")),
    )
    migrate(town, old, new)
    decide(case, "two", town.checker)
    assert open_blocks(case) == ["three"]


def test_a_value_that_is_asked_for_and_that_nobody_will_give_any_more_strands_the_case(town):
    old = publish(approval("one"), approval("two", "checker"))
    case = begin(town)
    large = condition("large", "fields.amount > 5000", approval("three"))
    new = publish(approval("one", fields=[AMOUNT]), approval("two", "checker"), large)
    assert not check(old, new).stranded
    decide(case, "one", town.member1)
    (reason,) = why(check(old, new))
    assert "金额" in reason


def test_a_case_whose_handler_step_is_gone_could_not_be_reopened_and_stays(town):
    old = publish(approval("one", handler=True), approval("two", "checker"))
    case = begin(town)
    decide(case, "one", town.member1)
    new = publish(approval("other", handler=True, name="别的"), approval("two", "checker"))
    (reason,) = why(check(old, new))
    assert "步骤one" in reason
    assert migrate(town, old, new, one="other").moved == 1
    assert open_blocks(case) == ["two"]


def test_a_case_that_ended_is_left_alone(town):
    old = publish(approval("one"))
    case = begin(town)
    decide(case, "one", town.member1)
    new = publish(approval("one"), approval("two"))
    assert check(old, new).cases == 0
    assert migrate(town, old, new).moved == 0
    assert again(case).process.flow_class is old.flow_class


def test_the_picture_of_a_moved_case_shows_what_was_done_before(town):
    old = publish(approval("one"), approval("two", "checker"))
    case = begin(town)
    decide(case, "one", town.member1)
    migrate(town, old, publish(approval("one"), approval("two", "checker"), approval("three")))
    shown = {card.id: card.state for card in picture_of_case(again(case), town.supervisor).cards}
    assert shown == {"one": "done", "two": "now", "three": "ahead", "over": "ahead"}


def test_help_that_was_asked_for_comes_along_or_strands_the_case(town):
    from workflows.actions.delegation import ask_for_help

    old = publish(approval("one", moves=["co_handle"]))
    case = begin(town)
    task = open_task(case, "one")
    ask_for_help(task_id=task.pk, actor=town.member1, to=town.checker, reason="请协助")
    without = publish(approval("one"))
    assert [one["number"] for one in check(old, without).stranded] == [case.number]
    new = publish(approval("one", moves=["co_handle"]), approval("two", "checker"))
    assert migrate(town, old, new).moved == 1
    assert {task.flow_task.flow_class for task in tasks(case)} == {new.flow_class}
