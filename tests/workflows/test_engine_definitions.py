"""Publishing: lint first, freeze, one in force; running cases stay on theirs; late versions are found."""

import json
import subprocess
import sys

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone
from viewflow.workflow.models import Process

from grid.errors import NotAllowed, Refused
from realtime.models import Event
from tests.services import ROOT
from tests.workflows.flowing import approval, begin, definition, open_blocks, open_task, publish
from workflows import flows
from workflows.actions.definitions import Unsound, publish_version
from workflows.actions.tasks import decide_task
from workflows.models import WorkflowDefinition, WorkflowVersion

pytestmark = pytest.mark.django_db

ONE, TWO = approval("one", handler=True), approval("two", "checker")


def test_a_published_version_is_frozen_with_its_digest(town):
    version = publish(ONE)
    assert (version.number, version.status, len(version.digest)) == (1, "published", 64)
    assert version.published_at is not None
    event = Event.objects.get(kind="workflow.published", payload__definition="trial")
    assert event.payload["number"] == 1


def test_the_same_definition_again_changes_nothing(town):
    first = publish(ONE)
    body = json.loads(json.dumps(definition(ONE), sort_keys=True))  # other order of keys, same definition
    assert publish_version(body=body) == (first, False)
    assert WorkflowVersion.objects.filter(definition__key="trial").count() == 1


def test_running_cases_stay_on_their_version(town):
    first = publish(ONE, TWO)
    old = begin(town)
    second = publish(ONE)
    new = begin(town)
    assert WorkflowVersion.objects.get(pk=first.pk).status == "retired"
    assert second.number == 2
    for case in (old, new):
        decide_task(task_id=open_task(case, "one").pk, actor=town.member1, outcome="done")
    assert (open_blocks(old), open_blocks(new)) == (["two"], [])
    assert Process.objects.get(pk=old.process_id).flow_class is first.flow_class
    assert first.flow_class is not second.flow_class


def test_an_unsound_definition_is_not_published(town):
    with pytest.raises(Unsound) as caught:
        publish(approval("one", "wizard"))
    assert caught.value.findings[0].block == "one"
    assert not WorkflowDefinition.objects.filter(key="trial").exists()


def test_only_administrators_publish(town):
    with pytest.raises(NotAllowed):
        publish_version(body=definition(ONE), actor=town.member1)
    assert publish_version(body=definition(ONE), actor=town.administrator)[1]


def test_a_class_compiled_for_a_version_that_was_rolled_back_is_not_kept(town):
    class Undo(Exception):
        pass

    def publish_and_undo():
        with transaction.atomic():
            compiled = publish(TWO).flow_class
            assert compiled.instance.node("b_two", no_obsolete=True)
            raise Undo

    with pytest.raises(Undo):
        publish_and_undo()
    case_class = publish(ONE).flow_class
    assert case_class.instance.node("b_one", no_obsolete=True) is not None
    assert case_class.instance.node("b_two", no_obsolete=True) is None
    assert open_blocks(begin(town)) == ["one"]


def test_there_is_no_flow_for_what_was_never_published(town):
    draft = WorkflowVersion.objects.create(
        definition=WorkflowDefinition.objects.create(key="drawn", name="草稿"), number=1, body=definition(ONE)
    )
    flows.forget(draft.pk)  # another test's version may have had this id before it was rolled back
    for name in (f"WF_{draft.pk}", "WF_0", "WF_999999", "WF_x", "anything"):
        with pytest.raises(AttributeError):
            getattr(flows, name)


def test_without_a_workflow_a_case_cannot_start(town):
    with pytest.raises(Refused):
        begin(town, key="missing")


def test_the_category_chooses_the_workflow(town):
    from tests.workflows.flowing import new_request
    from workflows.actions.bindings import bind_workflow
    from workflows.actions.cases import start_case
    from workflows.models import Category

    version = publish(approval("special"))
    category = Category.objects.filter(dictionary="resident").first()
    bind_workflow(category=category, area=None, definition=version.definition, since=timezone.localdate())
    request = new_request(town, category=category)
    with transaction.atomic():
        start_case(request, actor=None)
    assert open_blocks(request) == ["special"]


# --- the command -------------------------------------------------------------------------------------
@pytest.fixture
def file(tmp_path):
    def write(body):
        path = tmp_path / "trial.json"
        path.write_text(body if isinstance(body, str) else json.dumps(body), encoding="utf-8")
        return path

    return write


def test_the_command_loads_what_is_shipped_once(town, capsys):
    call_command("load_workflows")
    assert WorkflowVersion.objects.filter(definition__key="standard").count() == 1
    assert "v1" in capsys.readouterr().out
    assert {"standard", "on_the_spot"} <= set(WorkflowDefinition.objects.values_list("key", flat=True))


def test_the_command_refuses_with_the_findings(town, file, capsys):
    with pytest.raises(CommandError):
        call_command("load_workflows", file(definition(approval("one", "wizard"))))
    assert "one: " in capsys.readouterr().err
    assert not WorkflowDefinition.objects.filter(key="trial").exists()


@pytest.mark.parametrize("text", ["{", "[]", '"x"', "null"])
def test_the_command_refuses_what_is_no_definition(town, file, text):
    with pytest.raises(CommandError):
        call_command("load_workflows", file(text))


def test_checking_publishes_nothing(town, file, capsys):
    call_command("load_workflows", file(definition(ONE)), check=True)
    with pytest.raises(CommandError):
        call_command("load_workflows", file(definition(approval("one", "wizard"))), check=True)
    assert not WorkflowDefinition.objects.filter(key="trial").exists()


# --- another process ---------------------------------------------------------------------------------
WORKER = """
import sys
import django
django.setup()
from workflows import flows
print("compiled:", [name for name in vars(flows) if name.startswith("WF_")], flush=True)
for line in sys.stdin:
    kind, number, user = line.split()
    from grid.models import User
    from workflows.models import Request
    from workflows.actions.tasks import decide_task
    from viewflow.workflow.models import Task
    case = Request.objects.get(number=number)
    task = Task.objects.get(process=case.process_id, flow_task_type="HUMAN", status="ASSIGNED")
    decide_task(task_id=task.pk, actor=User.objects.get(username=user), outcome="done")
    case.refresh_from_db()
    print(case.state, flush=True)
"""


def test_a_process_that_has_compiled_nothing_carries_on_with_a_late_version(environment_of):
    """A worker started before a version was published decides a case that runs on it."""
    from tests.services import python

    environment = environment_of("sqlite")
    with subprocess.Popen(
        [sys.executable, "-c", WORKER], cwd=ROOT, env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as worker:  # fmt: skip
        assert worker.stdin
        assert worker.stdout
        assert worker.stdout.readline() == "compiled: []\n"
        python(
            "from grid.models import Area, User\n"
            "from django.db import transaction\n"
            "from tests.workflows.flowing import approval, publish\n"
            "from workflows.actions.cases import start_case\n"
            "from workflows.models import Request\n"
            "publish(approval('one', 'checker', state='handling'))\n"
            "area = Area.objects.filter(level='grid').first()\n"
            "case = Request.objects.create(number='late', text='x', area=area, area_path=area.path)\n"
            "with transaction.atomic():\n"
            "    start_case(case, actor=None, definition='trial')\n",
            environment,
        )
        worker.stdin.write("decide late checker\n")
        worker.stdin.flush()
        assert worker.stdout.readline() == "closed\n"
