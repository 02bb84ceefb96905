"""One case on the flow of a street office, from its filing to its end, through every kind of step.

The grid leader looks at it first, with four hours to do so; above 5,000 yuan finance votes (60 %) while the
judicial office signs (any of them); the director decides; safety gets a copy; then somebody disposes of it in
a process of its own.
"""

from datetime import timedelta

import pytest
from django.utils import timezone
from viewflow.workflow.models import Task
from viewflow.workflow.status import PROCESS, STATUS

from realtime.log import Subject, verify
from tests.factories import UserFactory
from tests.workflows.flowing import (
    approval,
    begin,
    condition,
    events,
    open_blocks,
    parallel,
    publish,
    sequence,
    tasks,
)
from workflows.actions.delegation import answer_task
from workflows.actions.signers import add_signer
from workflows.actions.taking_back import take_back_task
from workflows.actions.tasks import decide_task, return_task
from workflows.actions.timers import fire_timers
from workflows.engine.move import OPEN
from workflows.models import CarbonCopy
from workflows.queries import came_back
from workflows.timeline import timeline

pytestmark = pytest.mark.django_db

YES = {"code": "yes", "name": "同意", "name_en": "Agree", "style": "primary", "agrees": True}
REFUSED = {"type": "end", "name": "驳回", "state": "rejected"}
MOVES = ["transfer", "return", "delegate", "sign_before", "sign_after", "remove_signer"]
FINANCE, LAW, PEACE = ["f1", "f2", "f3"], ["l1", "l2"], ["p1", "p2"]


def no(step):
    return {"code": "no", "name": "不同意", "style": "danger", "ends": REFUSED | {"id": f"no_{step}"}}


def step(block, who, **more):
    return approval(block, who, **{"outcomes": [YES, no(block)], "moves": MOVES} | more)


def main():
    amount = {"code": "amount", "name": "金额", "type": "number", "unit": "元"}
    late = {
        "after": {"limit": 4, "clock": "urgent_hours"},
        "action": "escalate",
        "to": [{"role": "dispatcher"}],
    }
    together = parallel(
        "meeting",
        step("finance", [{"people": FINANCE}], mode="vote", vote={"percent": 60}),
        step("law", [{"people": LAW}], mode="any"),
    )
    dispose = {
        "type": "subprocess",
        "id": "dispose",
        "name": "处置子流程",
        "definition": "dispose",
        "body": sequence(approval("work", "grid_member", handler=True)),
    }
    return [
        step("head", "grid_leader", fields=[amount], deadlines=[late]),
        condition("amount_case", "fields.amount > 5000", together),
        step("director", "shift_leader"),
        {"type": "cc", "id": "safety", "name": "抄送平安办", "who": [{"people": PEACE}]},
        dispose,
    ]


@pytest.fixture
def office(town):
    """The town with the people of the street office in it."""
    for username in [*FINANCE, *LAW, *PEACE, "office"]:
        town.people[username] = UserFactory(username=username, name=f"{username}同志")
        town.assign(town.people[username], "department", town.street)
    publish(*main())
    return town


def task_of(case, block, user=None):
    found = [task for task in tasks(case, block) if task.status in OPEN]
    (task,) = [task for task in found if user is None or task.owner == user]
    return task.pk


def say(case, block, user, outcome="yes", **more):
    mine = user if block in ("finance", "law") else None
    decide_task(task_id=task_of(case, block, mine), actor=user, outcome=outcome, **more)


def expensive(office):
    case = begin(office)
    say(case, "head", office.leader1, data={"amount": "9000"})
    return case


def test_a_small_amount_takes_the_short_way(office):
    case = begin(office)
    say(case, "head", office.leader1, data={"amount": "100"})
    say(case, "director", office.shift_leader)
    assert CarbonCopy.objects.filter(request=case).count() == 2
    assert open_blocks(case) == ["work_IN_dispose"]
    decide_task(task_id=task_of(case, "work_IN_dispose"), actor=office.member1, outcome="done")
    _is_over(case)


def test_the_whole_way_with_all_that_can_happen_on_it(office, time_machine):
    case = begin(office)
    # The grid leader does not come to it: after four hours it is the dispatcher's.
    time_machine.move_to(timezone.now() + timedelta(hours=5))
    assert fire_timers() == 1
    say(case, "head", office.dispatcher, data={"amount": "9000"})
    assert open_blocks(case) == ["finance"] * 3 + ["law"] * 2

    # Any of the judicial office; the other's task lapses.
    say(case, "law", office.l1)
    assert open_blocks(case) == ["finance"] * 3

    # Finance asks the office to sign as well: of four, three are 60 %.
    add_signer(
        task_id=task_of(case, "finance", office.f1),
        actor=office.f1,
        to=office.office,
        place="after",
        reason="请把关",
    )
    say(case, "finance", office.f1, "no")
    say(case, "finance", office.f2)
    say(case, "finance", office.f3)
    assert open_blocks(case) == ["finance"]
    say(case, "finance", office.office)
    assert open_blocks(case) == ["director"]

    # The director sends it back into the branch that is over: that one alone runs again.
    return_task(
        task_id=task_of(case, "director"), actor=office.shift_leader, to_block="law", reason="依据不足"
    )
    assert open_blocks(case) == ["law"] * 2
    assert [came_back(person).count() for person in (office.l1, office.l2, office.f1)] == [1, 1, 0]
    say(case, "law", office.l2)
    assert open_blocks(case) == ["director"]

    # The director wants the supervisor to look at it first, then decides, thinks again, and decides for good.
    add_signer(
        task_id=task_of(case, "director"),
        actor=office.shift_leader,
        to=office.supervisor,
        place="before",
        reason="请先看",
    )
    answer_task(task_id=task_of(case, "director"), actor=office.supervisor, opinion="可以")
    deciding = task_of(case, "director")
    say(case, "director", office.shift_leader)
    take_back_task(task_id=deciding, actor=office.shift_leader)
    assert open_blocks(case) == ["director"]
    say(case, "director", office.shift_leader)

    decide_task(task_id=task_of(case, "work_IN_dispose"), actor=office.member1, outcome="done")
    _is_over(case)
    story = timeline(case, office.supervisor)
    # It was the grid leader's to do; the dispatcher did it, and is no grid leader.
    assert [
        (entry.actor_name, entry.actor_role) for entry in story if entry.title.startswith("步骤head：")
    ] == [("褚派遣", "")]
    told = [entry.title for entry in story]
    for words in (
        "“步骤head”超过时限，转给褚派遣",
        "“步骤law”有了结论：同意",
        "请office同志一起签“步骤finance”（加签）",
        "退回到“步骤law”",
        "请韩督导先签“步骤director”（前加签）",
        "拿回了“步骤director”",
    ):
        assert words in told, told
    assert "4 人中 3 人同意，需 3 人同意。" in [entry.text for entry in timeline(case, office.supervisor)]


def test_a_vote_that_can_no_longer_be_won_ends_the_case_at_once(office):
    case = expensive(office)
    say(case, "finance", office.f1, "no")
    say(case, "finance", office.f2, "no")
    case.refresh_from_db()
    assert (case.state, case.process.status, open_blocks(case)) == ("rejected", PROCESS.DONE, [])


def test_from_inside_the_fork_back_to_its_beginning_everybody_starts_anew(office):
    case = expensive(office)
    say(case, "law", office.l1)
    return_task(
        task_id=task_of(case, "finance", office.f1), actor=office.f1, to_block="head", reason="材料不全"
    )
    assert open_blocks(case) == ["head"]
    say(case, "head", office.leader1, data={"amount": "9000"})
    assert open_blocks(case) == ["finance"] * 3 + ["law"] * 2
    say(case, "finance", office.f1)
    say(case, "law", office.l2)
    say(case, "finance", office.f3)
    assert open_blocks(case) == ["director"]


def test_a_decision_before_a_sub_process_is_taken_back_until_somebody_works_in_it(office):
    case = begin(office)
    say(case, "head", office.leader1, data={"amount": "100"})
    director = task_of(case, "director")
    say(case, "director", office.shift_leader)
    take_back_task(task_id=director, actor=office.shift_leader)
    assert open_blocks(case) == ["director"]
    say(case, "director", office.shift_leader)
    assert open_blocks(case) == ["work_IN_dispose"]


def _is_over(case):
    case.refresh_from_db()
    assert (case.state, case.process.status, open_blocks(case)) == ("closed", PROCESS.DONE, [])
    left = Task.objects.filter(process=case.process).exclude(status__in=(STATUS.DONE, STATUS.CANCELED))
    assert not left.exists()
    assert verify(Subject("request", case.pk)) == len(events(case))
