"""Publishing with notes, a second person, the way back, frozen sub-processes; cases stay on their version."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from viewflow.workflow.models import Process

from grid.errors import NotAllowed, Refused
from realtime.log import Subject, verify
from realtime.models import Event, Notification
from tests.factories import Town
from tests.workflows.flowing import approval, begin, definition, open_blocks, open_task, publish
from workflows.actions.definitions import Overtaken, Unsound, publish_version, roll_back
from workflows.actions.proposals import (
    approve_proposal,
    propose_roll_back,
    propose_version,
    refuse_proposal,
    require_second_person,
    withdraw_proposal,
)
from workflows.actions.tasks import decide_task
from workflows.models import Request, WorkflowDefinition, WorkflowProposal, WorkflowVersion

pytestmark = pytest.mark.django_db

ONE, TWO = approval("one", handler=True), approval("two", "checker")


def sub(key: str) -> dict:
    return {"type": "subprocess", "id": "inner", "name": "内部审核", "definition": key}


@pytest.fixture
def second(town: Town):
    """A second administrator of the whole town; the rule that one is needed is on."""
    town.assign(town.shift_leader, "administrator", town.street)
    require_second_person(on=True, actor=town.administrator)
    return town.shift_leader


# --- one person --------------------------------------------------------------------------------------------
def test_a_version_says_who_published_it_and_why(town):
    version, _new = publish_version(body=definition(ONE), actor=town.administrator, note="两人改一人")
    assert (version.published_by, version.note) == (town.administrator, "两人改一人")
    assert version.approved_by is None
    event = Event.objects.get(kind="workflow.published", payload__definition="trial")
    assert (event.actor, event.payload["note"], event.payload["name"]) == (
        town.administrator,
        "两人改一人",
        "试验流程",
    )


def test_administrators_of_a_part_of_the_town_do_not_publish(town):
    town.assign(town.leader1, "administrator", town.communities[0])
    with pytest.raises(NotAllowed):
        publish_version(body=definition(ONE), actor=town.leader1)
    assert not WorkflowDefinition.objects.filter(key="trial").exists()


def test_whoever_looked_at_another_version_looks_again(town):
    first = publish(ONE)
    publish(TWO)
    with pytest.raises(Overtaken):
        publish_version(body=definition(ONE, TWO), actor=town.administrator, seen=first.pk)
    with pytest.raises(Overtaken):
        publish_version(body=definition(ONE, TWO), actor=town.administrator, seen=0)
    version, is_new = publish_version(
        body=definition(ONE, TWO), actor=town.administrator, seen=WorkflowVersion.objects.latest("pk").pk
    )
    assert (version.number, is_new) == (3, True)


def test_the_command_publishes_with_a_note(town, tmp_path):
    file = tmp_path / "trial.json"
    file.write_text(json.dumps(definition(ONE)), encoding="utf-8")
    call_command("load_workflows", file, note="从文件", verbosity=0)
    version = WorkflowVersion.objects.get(definition__key="trial")
    assert (version.note, version.published_by) == ("从文件", None)


# --- the way back ------------------------------------------------------------------------------------------
def test_going_back_publishes_the_earlier_body_anew_and_leaves_running_cases(town):
    first = publish(ONE)
    second = publish(ONE, TWO)
    case = begin(town)
    third = roll_back(version_id=first.pk, actor=town.administrator)
    assert (third.number, third.body, third.restores) == (3, first.body, first)
    assert "1" in third.note
    assert Process.objects.get(pk=case.process_id).flow_class is second.flow_class
    decide_task(task_id=open_task(case, "one").pk, actor=town.member1, outcome="done")
    assert open_blocks(case) == ["two"]
    new = begin(town)
    decide_task(task_id=open_task(new, "one").pk, actor=town.member1, outcome="done")
    assert open_blocks(new) == []
    assert Event.objects.filter(kind="workflow.published").latest("pk").payload["restores"] == 1


def test_there_is_no_going_back_to_the_version_in_force_or_to_one_that_names_what_is_gone(town):
    first = publish(ONE)
    with pytest.raises(Refused):
        roll_back(version_id=first.pk, actor=town.administrator)
    publish(TWO)
    WorkflowVersion.objects.filter(pk=first.pk).update(
        body=definition(approval("one", "wizard", handler=True))
    )
    with pytest.raises(Unsound):
        roll_back(version_id=first.pk, actor=town.administrator)
    assert WorkflowVersion.objects.filter(definition__key="trial").count() == 2


# --- sub-processes -----------------------------------------------------------------------------------------
def test_a_sub_process_is_frozen_as_it_stands_at_the_publication(town):
    publish(approval("old", "checker"), key="inner")
    outer = publish(ONE, sub("inner"))
    inner_body = WorkflowVersion.objects.get(definition__key="inner").body["body"]
    assert outer.body["body"]["blocks"][1]["body"] == inner_body
    publish(approval("new", "checker"), key="inner")
    outer.refresh_from_db()
    assert outer.body["body"]["blocks"][1]["body"] == inner_body
    again = publish(ONE, sub("inner"))
    assert again.number == 2, "the same drawing is another workflow once what is inside has changed"
    assert again.body["body"]["blocks"][1]["body"] != inner_body
    back = roll_back(version_id=outer.pk, actor=town.administrator)
    assert back.body["body"]["blocks"][1]["body"] == inner_body


def test_a_sub_process_that_was_never_published_or_is_the_workflow_itself_is_refused(town):
    with pytest.raises(Unsound):
        publish(ONE, sub("missing"))
    publish(ONE)
    with pytest.raises(Unsound):
        publish(ONE, sub("trial"))
    publish(ONE, sub("trial"), key="outer")
    with pytest.raises(Unsound):
        publish(ONE, sub("outer"))


# --- a second person ---------------------------------------------------------------------------------------
def test_with_the_rule_nobody_publishes_alone(town, second):
    first = publish(ONE)
    publish(TWO)
    with pytest.raises(Refused):
        publish_version(body=definition(ONE), actor=town.administrator)
    with pytest.raises(Refused):
        roll_back(version_id=first.pk, actor=town.administrator)


def test_one_proposes_and_another_approves(town, second):
    proposal = propose_version(body=definition(ONE), actor=town.administrator, note="试一试")
    assert not WorkflowVersion.objects.filter(definition__key="trial").exists()
    assert Notification.objects.filter(user=second, event__kind="workflow.proposed").count() == 1
    with pytest.raises(NotAllowed):
        approve_proposal(proposal_id=proposal.pk, actor=town.administrator)
    version = approve_proposal(proposal_id=proposal.pk, actor=second)
    assert (version.published_by, version.approved_by, version.note) == (town.administrator, second, "试一试")
    proposal.refresh_from_db()
    assert (proposal.status, proposal.version, proposal.decided_by) == ("approved", version, second)
    told = Notification.objects.filter(user=town.administrator, event__kind="workflow.published")
    assert told.count() == 1
    with pytest.raises(Refused):
        approve_proposal(proposal_id=proposal.pk, actor=second)
    assert verify(Subject("workflow", version.definition_id)) == 2


def test_the_second_person_refuses_with_a_reason(town, second):
    proposal = propose_version(body=definition(ONE), actor=town.administrator)
    with pytest.raises(Refused):
        refuse_proposal(proposal_id=proposal.pk, actor=second, reason=" ")
    with pytest.raises(NotAllowed):
        refuse_proposal(proposal_id=proposal.pk, actor=town.administrator, reason="不好")
    refuse_proposal(proposal_id=proposal.pk, actor=second, reason="比例太低")
    proposal.refresh_from_db()
    assert (proposal.status, proposal.reason) == ("refused", "比例太低")
    assert Notification.objects.filter(
        user=town.administrator, event__kind="workflow.proposal_refused"
    ).exists()
    assert not WorkflowVersion.objects.filter(definition__key="trial").exists()
    assert propose_version(body=definition(ONE), actor=town.administrator).status == "open"


def test_only_whoever_proposed_withdraws(town, second):
    proposal = propose_version(body=definition(ONE), actor=town.administrator)
    with pytest.raises(Refused):
        propose_version(body=definition(TWO), actor=second)
    with pytest.raises(NotAllowed):
        withdraw_proposal(proposal_id=proposal.pk, actor=second)
    withdraw_proposal(proposal_id=proposal.pk, actor=town.administrator)
    assert propose_version(body=definition(TWO), actor=second).status == "open"


def test_what_was_overtaken_is_not_approved(town, second):
    publish(TWO)
    proposal = propose_version(body=definition(ONE), actor=town.administrator)
    publish(ONE, TWO)
    with pytest.raises(Refused):
        approve_proposal(proposal_id=proposal.pk, actor=second)


def test_what_is_approved_is_what_was_looked_at(town, second):
    publish(approval("old", "checker"), key="inner")
    proposal = propose_version(body=definition(ONE, sub("inner")), actor=town.administrator)
    publish(approval("new", "checker"), key="inner")
    version = approve_proposal(proposal_id=proposal.pk, actor=second)
    assert version.body == proposal.body
    assert "old" in json.dumps(version.body)


def test_nothing_new_is_not_proposed_and_nothing_unsound_either(town, second):
    publish(ONE)
    with pytest.raises(Refused):
        propose_version(body=definition(ONE), actor=town.administrator)
    with pytest.raises(Unsound):
        propose_version(body=definition(approval("one", "wizard")), actor=town.administrator)
    assert not WorkflowProposal.objects.exists()


def test_going_back_can_be_proposed_as_well(town, second):
    first = publish(ONE)
    publish(TWO)
    proposal = propose_roll_back(version_id=first.pk, actor=town.administrator, note="出错了")
    version = approve_proposal(proposal_id=proposal.pk, actor=second)
    assert (version.restores, version.body, version.note) == (first, first.body, "出错了")


def test_the_rule_is_switched_in_sight_of_the_others_and_not_past_what_waits(town, second):
    assert Notification.objects.filter(user=second, event__kind="publishing_rule.changed").count() == 1
    proposal = propose_version(body=definition(ONE), actor=town.administrator)
    with pytest.raises(Refused):
        require_second_person(on=False, actor=town.administrator)
    withdraw_proposal(proposal_id=proposal.pk, actor=town.administrator)
    require_second_person(on=False, actor=town.administrator)
    require_second_person(on=False, actor=town.administrator)
    assert Event.objects.filter(kind="publishing_rule.changed").count() == 2
    with pytest.raises(NotAllowed):
        require_second_person(on=True, actor=town.member1)
    assert publish_version(body=definition(ONE), actor=town.administrator)[1]


# --- many versions -----------------------------------------------------------------------------------------
def test_fifty_cases_on_each_of_five_versions_all_finish_on_their_own(town):
    """Each version has one step more than the one before, so that a case tells which one it is on."""
    steps = [approval(f"s{number}", "checker", handler=number == 1) for number in range(1, 6)]
    cases: dict[int, list[Request]] = {}
    for count in range(1, 6):
        version = publish(*steps[:count])
        assert version.number == count
        cases[count] = [begin(town) for _case in range(50)]
    for count, begun in cases.items():
        version = WorkflowVersion.objects.get(definition__key="trial", number=count)
        for case in begun:
            done = 0
            while blocks := open_blocks(case):
                done += 1
                assert blocks == [f"s{done}"]
                decide_task(task_id=open_task(case, f"s{done}").pk, actor=town.checker, outcome="done")
            case.refresh_from_db()
            process = Process.objects.get(pk=case.process_id)
            assert (done, case.state, process.status) == (count, "closed", "DONE")
            assert process.flow_class is version.flow_class
