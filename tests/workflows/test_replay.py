"""Past cases run through a draft and through the version in force: what the change would have meant."""

import pytest

from tests.workflows.flowing import approval, begin, condition, definition, open_task, publish
from workflows.actions.tasks import decide_task
from workflows.engine.schema import Definition
from workflows.models import Category, Request
from workflows.trial.bodies import published
from workflows.trial.case import as_filed_all
from workflows.trial.replay import replay

pytestmark = pytest.mark.django_db


def past(town, count, **more):
    """Cases that ran to their end on one step and a check, in two working hours each."""
    found = []
    for _turn in range(count):
        case = begin(town, **more)
        for block, who in (("one", town.member1), ("two", town.checker)):
            decide_task(task_id=open_task(case, block).pk, actor=who, outcome="done")
        found.append(case.pk)
    return found


def cases():
    rows = Request.objects.select_related("area", "category", "condition", "process").order_by("pk")
    return as_filed_all(rows)


@pytest.fixture
def in_force(town):
    return publish(approval("one"), approval("two", "checker"))


def run(in_force, *blocks):
    draft = Definition.model_validate(definition(*blocks))
    return replay(published(in_force), draft, cases()).as_json()


def test_the_same_definition_changes_nothing(town, in_force):
    past(town, 3)
    report = run(in_force, approval("one"), approval("two", "checker"))
    assert report["n"] == 3
    assert report["approvals"] == {"before": 6, "after": 6, "more": 0, "fewer": 0}
    assert (report["other_path"], report["hours"]["median"], report["cases"]) == (0, 0, [])


def test_more_approvals_other_paths_and_more_hours_are_counted_with_their_n(town, in_force, time_machine):
    urgent = past(town, 2, urgency="urgent", category=Category.objects.first())
    past(town, 3)
    report = run(
        in_force,
        approval("one"),
        condition("urgent", "urgent = true", approval("extra", "shift_leader", name="加签")),
        approval("two", "checker"),
    )
    assert report["n"] == 5
    assert report["approvals"] == {"before": 10, "after": 12, "more": 2, "fewer": 0}
    assert report["other_path"] == 2
    assert {case["number"] for case in report["cases"]} == set(
        Request.objects.filter(pk__in=urgent).values_list("number", flat=True)
    )
    assert report["cases"][0]["added"] == ["加签"]
    assert report["cases"][0]["approvals"] == [2, 3]
    (extra,) = [step for step in report["steps"] if step["is_new"]]
    assert (extra["before"], extra["after"], extra["own"], extra["n"]) == (0, 2, False, 10)
    assert report["estimated"] == {"case": 10, "steps": 2}
    assert report["hours"]["n"] == 5


def test_a_step_that_is_gone_saves_what_it_took(town, in_force, time_machine):
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo

    monday = datetime(2031, 3, 3, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
    time_machine.move_to(monday, tick=False)
    case = begin(town, filed_at=monday)
    time_machine.move_to(monday + timedelta(hours=1), tick=False)
    decide_task(task_id=open_task(case, "one").pk, actor=town.member1, outcome="done")
    time_machine.move_to(monday + timedelta(hours=4), tick=False)
    decide_task(task_id=open_task(case, "two").pk, actor=town.checker, outcome="done")
    report = run(in_force, approval("one"))
    assert report["approvals"] == {"before": 2, "after": 1, "more": 0, "fewer": 1}
    assert report["hours"] == {
        "n": 1, "before": 4.0, "after": 1.0, "median": -3.0, "longer": 0, "shorter": 1,
    }  # fmt: skip
    assert report["cases"][0]["removed"] == ["步骤two"]


def test_a_step_under_another_id_is_the_same_step(town, in_force):
    past(town, 2)
    report = run(in_force, approval("first", name="步骤one"), approval("two", "checker"))
    assert report["other_path"] == 0


def test_several_people_at_a_step_are_several_approvals(town, in_force):
    past(town, 2)
    yes = [{"code": "done", "name": "完成", "agrees": True}, {"code": "no", "name": "不同意"}]
    people = [{"people": ["checker", "shift_leader", "registrar"]}]
    report = run(in_force, approval("one"), approval("two", people, mode="all", outcomes=yes))
    assert report["approvals"] == {"before": 4, "after": 8, "more": 2, "fewer": 0}


def test_a_case_that_would_not_get_to_its_end_is_counted(town, in_force):
    past(town, 1)
    back = {"code": "back", "name": "退回", "returns_to": "one"}
    report = run(in_force, approval("one"), approval("other", outcomes=[back]))
    assert report["stay"] == {"before": 0, "after": 1}
    assert report["hours"]["n"] == 0


def test_a_replay_reads_the_same_however_many_cases(town, in_force, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    past(town, 1)
    cases()  # reads the calendar, once
    for more in (2, 4):
        past(town, more)
        with CaptureQueriesContext(connection) as captured:
            cases()
        counts.append(len(captured))
    assert counts[0] == counts[1]
