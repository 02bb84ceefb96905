"""Steps for several people: 会签 at once and in turn, 或签, 票签; who has a seat, what settles it."""

from datetime import timedelta

import pytest
from django.utils import timezone
from viewflow.workflow.models import Task
from viewflow.workflow.status import PROCESS, STATUS

from grid.errors import Refused
from tests.workflows.flowing import (
    approval,
    armed,
    begin,
    condition,
    events,
    open_blocks,
    open_task,
    parallel,
    publish,
    tasks,
    told,
)
from workflows.actions.tasks import decide_task
from workflows.actions.timers import fire_timers
from workflows.engine.move import OPEN

pytestmark = pytest.mark.django_db

YES = {"code": "yes", "name": "同意", "name_en": "Agree", "style": "primary", "agrees": True}
NO = {"code": "no", "name": "不同意", "name_en": "Refuse", "style": "danger"}
FIVE = ["member1", "member2", "member3", "member4", "member5"]
LATE = {"after": {"limit": 1, "clock": "urgent_hours"}, "action": "remind"}


def several(mode, people=FIVE, block="vote", **more):
    """A step for these people."""
    return approval(
        block,
        [{"people": people}],
        **{"mode": mode, "outcomes": [YES, NO], "deadlines": [LATE], "state": "checking"} | more,
    )


def start(town, mode, people=FIVE, **more):
    publish(several(mode, people, **more), approval("after", "checker"))
    return begin(town)


def seat(case, user):
    (task,) = [task for task in tasks(case) if task.owner == user and task.status in OPEN]
    return task


def say(case, user, outcome="yes"):
    decide_task(task_id=seat(case, user).pk, actor=user, outcome=outcome)


def holders(case, block="vote"):
    return [task.owner.username for task in tasks(case, block) if task.status in OPEN]


def pass_time(time_machine, *, hours):
    time_machine.move_to(timezone.now() + timedelta(hours=hours))


def settled(case):
    return [
        {name: event.payload[name] for name in ("outcome", "agreed", "refused", "lapsed", "needed")}
        for event in events(case, "task.settled")
    ]


def test_everybody_found_has_a_seat_and_hears_of_it(town):
    case = start(town, "all")
    assert holders(case) == FIVE
    assert armed(case) == 5
    created = events(case, "task.created")
    assert [told(event) for event in created] == [{getattr(town, name)} for name in FIVE]
    case.refresh_from_db()
    assert case.state == "checking"


def test_somebody_found_in_two_ways_has_one_seat(town):
    publish(
        approval("vote", [{"people": FIVE[:2]}, {"role": "grid_member"}], mode="all", outcomes=[YES, NO]),
    )
    assert holders(begin(town, grid=2)) == FIVE[:2]


def test_all_must_agree(town):
    case = start(town, "all")
    for name in FIVE:
        assert "after" not in open_blocks(case)
        say(case, getattr(town, name))
    assert open_blocks(case) == ["after"]
    assert settled(case) == [{"outcome": "yes", "agreed": 5, "refused": 0, "lapsed": 0, "needed": 5}]


def test_one_refusal_settles_it_and_the_others_lapse_with_their_deadlines(town):
    case = start(town, "all", people=FIVE[:4])
    say(case, town.member1)
    lapsing = seat(case, town.member3)
    say(case, town.member2, "no")
    assert open_blocks(case) == ["after"]
    assert armed(case) == 0
    assert settled(case) == [{"outcome": "no", "agreed": 1, "refused": 1, "lapsed": 2, "needed": 4}]
    lapsing.refresh_from_db()
    assert lapsing.status == STATUS.CANCELED
    # Whoever's task lapsed sees it leave the list.
    assert {town.member3.pk, town.member4.pk} <= set(events(case, "task.settled")[0].user_ids)
    with pytest.raises(Refused, match="钱网格"):
        decide_task(task_id=lapsing.pk, actor=town.member3, outcome="yes")


def test_a_refusal_may_wait_until_everybody_is_heard(town):
    case = start(town, "all", people=FIVE[:3], refusal="waits")
    say(case, town.member1, "no")
    say(case, town.member2)
    assert open_blocks(case) == ["vote"]
    say(case, town.member3)
    assert settled(case) == [{"outcome": "no", "agreed": 2, "refused": 1, "lapsed": 0, "needed": 3}]


def test_in_turn_one_has_it_after_the_other(town):
    case = start(town, "in_turn", people=["member3", "member1", "member2"])
    for name in ("member3", "member1", "member2"):
        assert (holders(case), armed(case)) == ([name], 1)
        say(case, getattr(town, name))
    assert open_blocks(case) == ["after"]
    assert settled(case)[0]["agreed"] == 3


def test_in_turn_a_refusal_spares_those_who_come_later(town):
    case = start(town, "in_turn", people=FIVE[:3])
    say(case, town.member1)
    say(case, town.member2, "no")
    assert open_blocks(case) == ["after"]
    assert len(tasks(case, "vote")) == 2
    assert settled(case) == [{"outcome": "no", "agreed": 1, "refused": 1, "lapsed": 1, "needed": 3}]


@pytest.mark.parametrize("outcome", ["yes", "no"])
def test_with_any_sign_the_first_decision_settles_it(town, outcome):
    case = start(town, "any", people=FIVE[:3])
    say(case, town.member2, outcome)
    assert open_blocks(case) == ["after"]
    assert settled(case)[0]["outcome"] == outcome
    assert settled(case)[0]["lapsed"] == 2


@pytest.mark.parametrize(
    ("vote", "said", "outcome", "lapsed"),
    [
        ({"percent": 60}, "yyy", "yes", 2),
        ({"percent": 60}, "nyyny", "yes", 0),
        ({"percent": 60}, "nyn", "", 2),
        ({"percent": 60}, "nynn", "no", 1),
        ({"percent": 50}, "ynn", "", 2),
        ({"percent": 100}, "yyyyn", "no", 0),
        ({"percent": "0.1"}, "nnnny", "yes", 0),
        ({"percent": "0.1"}, "nnnnn", "no", 0),
        ({"count": 2}, "nny", "", 2),
        ({"count": 2}, "nnyy", "yes", 1),
        ({"count": 2}, "nnnn", "no", 1),
        ({"count": 9}, "yyyy", "", 1),
        ({"count": 9}, "yyyyy", "yes", 0),
    ],
)
def test_a_vote_settles_when_enough_agree_or_no_longer_can(town, vote, said, outcome, lapsed):
    case = start(town, "vote", vote=vote)
    for name, word in zip(FIVE, said, strict=False):
        assert not settled(case)
        say(case, getattr(town, name), {"y": "yes", "n": "no"}[word])
    assert [one["outcome"] for one in settled(case)] == ([outcome] if outcome else [])
    assert len(holders(case)) == (0 if outcome else lapsed)
    if outcome:
        assert settled(case)[0]["lapsed"] == lapsed


def test_what_comes_next_follows_from_how_it_was_settled(town):
    refuses = NO | {"ends": {"type": "end", "id": "refused", "name": "不批准", "state": "rejected"}}
    case = start(town, "vote", people=FIVE[:3], vote={"count": 2}, outcomes=[YES, refuses])
    say(case, town.member1, "no")
    say(case, town.member2, "no")
    case.refresh_from_db()
    assert (case.state, case.process.status, open_blocks(case)) == ("rejected", PROCESS.DONE, [])


def test_conditions_ask_for_the_outcome_it_was_settled_with(town):
    publish(
        several("vote", FIVE[:3], vote={"count": 1}),
        condition("asked", 'vote.outcome = "yes"', approval("agreed", "checker"), approval("other")),
    )
    case = begin(town)
    say(case, town.member1, "no")
    say(case, town.member2)
    assert open_blocks(case) == ["agreed"]


def test_a_refusal_may_send_the_case_back_once_it_is_settled(town):
    redo = NO | {"returns_to": "draft", "needs_opinion": True}
    publish(
        approval("draft", state_on_return="rework"),
        several("all", FIVE[:3], outcomes=[YES, redo]),
    )
    case = begin(town)
    decide_task(task_id=open_task(case, "draft").pk, actor=town.member1, outcome="done")
    decide_task(task_id=seat(case, town.member2).pk, actor=town.member2, outcome="no", opinion="缺预算")
    case.refresh_from_db()
    assert (case.state, open_blocks(case)) == ("rework", ["draft"])
    assert open_task(case, "draft").owner == town.member1
    decide_task(task_id=open_task(case, "draft").pk, actor=town.member1, outcome="done")
    assert holders(case) == FIVE[:3]


def test_a_deadline_of_a_seat_hands_on_that_seat_alone(town, time_machine):
    late = LATE | {"action": "escalate", "to": {"people": ["supervisor"]}}
    case = start(town, "all", people=FIVE[:2], deadlines=[late])
    say(case, town.member1)
    pass_time(time_machine, hours=2)
    assert fire_timers() == 1
    assert holders(case) == ["supervisor"]
    say(case, town.supervisor)
    assert settled(case)[0]["agreed"] == 2


def test_a_deadline_that_decides_counts_like_a_decision(town, time_machine):
    late = LATE | {"action": "outcome", "outcome": "yes"}
    case = start(town, "vote", people=FIVE[:3], vote={"count": 2}, deadlines=[late])
    pass_time(time_machine, hours=2)
    fire_timers()
    assert open_blocks(case) == ["after"]
    assert settled(case) == [{"outcome": "yes", "agreed": 2, "refused": 0, "lapsed": 1, "needed": 2}]


def test_when_nobody_is_found_the_administrators_have_the_one_seat(town):
    publish(approval("vote", "building_head", mode="vote", vote={"count": 3}, outcomes=[YES, NO]))
    case = begin(town)
    assert holders(case) == ["administrator"]
    say(case, town.administrator)
    assert settled(case) == [{"outcome": "yes", "agreed": 1, "refused": 0, "lapsed": 0, "needed": 1}]


def test_reopening_gives_everybody_a_seat_again(town):
    from workflows.actions.cases import reopen_case

    publish(several("vote", FIVE[:3], vote={"count": 1}, handler=True))
    case = begin(town)
    say(case, town.member2)
    reopen_case(request_id=case.pk, actor=town.resident, reason="还是不行")
    assert holders(case) == FIVE[:3]


# --- oneself, and nobody -----------------------------------------------------------------------------
def drafted(town, mode, self_approval, people=FIVE[:3], **more):
    """A step for several people after one that member 1 decided, who is among them."""
    publish(
        approval("draft"),
        several(mode, people, self_approval=self_approval, **more),
        approval("after", "checker"),
    )
    case = begin(town)
    decide_task(task_id=open_task(case, "draft").pk, actor=town.member1, outcome="done")
    return case


def test_whoever_decided_the_step_before_has_a_seat_like_everybody(town):
    assert holders(drafted(town, "all", "keep")) == FIVE[:3]


def test_whoever_decided_the_step_before_may_count_as_agreed(town):
    case = drafted(town, "all", "skip")
    assert holders(case) == ["member2", "member3"]
    say(case, town.member2)
    say(case, town.member3)
    assert settled(case) == [{"outcome": "yes", "agreed": 3, "refused": 0, "lapsed": 0, "needed": 3}]


def test_if_those_who_count_as_agreed_are_enough_nobody_is_asked(town):
    case = drafted(town, "vote", "skip", vote={"count": 1})
    assert open_blocks(case) == ["after"]
    assert settled(case) == [{"outcome": "yes", "agreed": 1, "refused": 0, "lapsed": 2, "needed": 1}]


def test_a_step_that_is_for_oneself_alone_is_passed_over(town):
    case = drafted(town, "all", "skip", people=["member1"])
    assert open_blocks(case) == ["after"]
    assert [event.payload["why"] for event in events(case, "task.skipped")] == ["self"]


def test_the_seat_of_whoever_decided_before_may_go_to_a_superior(town):
    assert holders(drafted(town, "all", "superior")) == ["member2", "member3", "administrator"]


def test_where_nobody_is_found_the_step_may_be_passed_over(town):
    publish(
        approval("vote", "building_head", mode="all", outcomes=[YES, NO], nobody="skip"),
        approval("after", "checker"),
    )
    case = begin(town)
    assert open_blocks(case) == ["after"]
    assert [event.payload["why"] for event in events(case, "task.skipped")] == ["nobody"]


def test_whoever_left_before_their_turn_is_replaced(town):
    publish(several("in_turn", ["member1", "member2"]), approval("after", "checker"))
    case = begin(town)
    town.member2.is_active = False
    town.member2.save(update_fields=["is_active"])
    say(case, town.member1)
    assert holders(case) == ["administrator"]


def test_two_votes_beside_each_other_settle_on_their_own(town):
    publish(
        parallel(
            "both", several("vote", FIVE[:3], vote={"count": 2}), several("any", FIVE[:2], block="sign")
        ),
        approval("after", "checker"),
    )
    case = begin(town)
    decide_task(
        task_id=next(task.pk for task in tasks(case, "sign") if task.owner == town.member2),
        actor=town.member2,
        outcome="yes",
    )
    assert open_blocks(case) == ["vote"] * 3
    for user in (town.member1, town.member3):
        say(case, user)
    assert open_blocks(case) == ["after"]
    assert (
        Task.objects.filter(process=case.process_id, flow_task_type="JOIN", status=STATUS.DONE).count() == 3
    )
