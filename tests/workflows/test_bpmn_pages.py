"""A case on its BPMN diagram, workflows as BPMN files, and files of other tools taken over, page by page."""

import re
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.factories import Town
from tests.workflows.desk_helpers import HOSTILE, filed, open_task, page, signed_in
from tests.workflows.flowing import DONE, approval, begin, parallel, publish, sequence
from workflows.actions.tasks import decide_task
from workflows.bpmn.importing import import_bpmn
from workflows.models import WorkflowDraft, WorkflowVersion

pytestmark = pytest.mark.django_db
FILES = Path(__file__).with_name("bpmn_files")


def shapes(text: str) -> dict[str, str]:
    """Title of each shape on a page → the classes that mark it."""
    found = re.findall(r'<g class="bpmn-shape ([^"]*)" role="img" aria-label="([^"]*)"', text)
    return {title.split("：")[0].split(": ")[0]: classes for classes, title in found}


# --- A case -----------------------------------------------------------------------------------------
def test_the_diagram_of_a_case_marks_what_is_done_and_what_is_under_way(town: Town):
    case = filed(town)
    member = signed_in(town.member1)
    assert reverse("case_bpmn", args=[case.number]) in page(member, "case_detail", case.number)
    found = shapes(page(member, "case_bpmn", case.number))
    assert found["处置"] == "bpmn-task is-now"
    assert found["核查"] == "bpmn-task"
    decide_task(task_id=open_task(case).pk, actor=town.member1, outcome="done", opinion="换好了")
    found = shapes(page(member, "case_bpmn", case.number))
    assert found["处置"] == "bpmn-task is-done"
    assert found["核查"] == "bpmn-task is-now"
    assert found["能否直接立案"] == "bpmn-gateway is-done"


def test_the_way_a_case_took_is_lit_up_and_no_other(town: Town):
    case = filed(town)
    text = page(signed_in(town.member1), "case_bpmn", case.number)
    lit = re.findall(r'<g class="bpmn-flow is-taken">', text)
    # From the start over three choices and a milestone to the handler, round every step not needed.
    assert len(lit) == 8
    assert '<g class="bpmn-flow is-taken">\n        <title>紧急' not in text


def test_a_step_that_was_cancelled_is_marked_as_such(town: Town):
    stop = {
        "code": "stop",
        "name": "不办了",
        "ends": {"id": "stopped", "name": "不办了", "state": "rejected"},
    }
    publish(parallel("p", approval("a", outcomes=[DONE, stop]), approval("b", "grid_leader")))
    case = begin(town)
    from tests.workflows.flowing import open_task as task_of

    decide_task(task_id=task_of(case, "a").pk, actor=town.member1, outcome="stop", opinion="不必")
    found = shapes(page(signed_in(town.supervisor), "case_bpmn", case.number))
    assert found["步骤a"] == "bpmn-task is-done"
    assert found["步骤b"] == "bpmn-task is-void"


def test_what_runs_inside_a_sub_process_marks_the_sub_process(town: Town):
    inner = sequence(approval("inner"))
    publish(
        {"type": "subprocess", "id": "sub", "name": "子流程", "definition": "inner-flow", "body": inner},
        approval("after"),
    )
    case = begin(town)
    found = shapes(page(signed_in(town.supervisor), "case_bpmn", case.number))
    assert found["子流程"] == "bpmn-task is-now"
    assert found["步骤after"] == "bpmn-task"


def test_the_diagram_is_for_those_who_see_the_case_from_inside(town: Town):
    case = filed(town)
    for person in (town.resident, town.neighbour, town.stranger, town.member5):
        for view in ("case_bpmn", "case_bpmn_file"):
            assert signed_in(person).get(reverse(view, args=[case.number])).status_code == 404


def test_a_long_diagram_costs_no_more_queries(town: Town, django_assert_max_num_queries):
    case = filed(town)
    client = signed_in(town.supervisor)
    page(client, "case_bpmn", case.number)
    with django_assert_max_num_queries(15):
        page(client, "case_bpmn", case.number)


def test_titles_are_text_on_the_diagram_and_in_the_file(town: Town):
    name = HOSTILE[:60].strip()
    publish(approval("a", name=name))
    case = begin(town)
    client = signed_in(town.supervisor)
    text = page(client, "case_bpmn", case.number)
    assert "<img src=x" not in text
    assert "&lt;img src=x" in text
    data = client.get(reverse("case_bpmn_file", args=[case.number])).content
    assert import_bpmn(data).body["body"]["blocks"][0]["name"] == name


# --- The console ------------------------------------------------------------------------------------
def test_a_version_is_seen_as_a_diagram_and_leaves_as_a_file_that_comes_back(town: Town):
    client = signed_in(town.administrator)
    assert reverse("workflow_bpmn", args=["standard", 1]) in page(client, "console_workflows")
    assert "处置" in shapes(page(client, "workflow_bpmn", "standard", 1))
    answer = client.get(reverse("workflow_bpmn_file", args=["standard", 1]))
    assert answer["Content-Disposition"] == 'attachment; filename="standard-1.bpmn"'
    body = WorkflowVersion.objects.get(definition__key="standard", number=1).body
    assert import_bpmn(answer.content).body == body
    page(client, "workflow_bpmn", "standard", 99, status=404)


def upload(client, data: bytes, name: str = "flow.bpmn"):
    return client.post(reverse("workflow_import_bpmn"), {"file": SimpleUploadedFile(name, data)})


def test_a_file_of_another_tool_is_reported_element_by_element(town: Town):
    client = signed_in(town.administrator)
    client.cookies["django_language"] = "en"
    page(client, "workflow_import_bpmn")
    answer = upload(client, (FILES / "camunda_leave.bpmn").read_bytes())
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "A workflow runs no scripts." in text
    assert "Not everything could be taken over." in text
    assert "There is no role “boss”" in text
    # What came over is a draft to go on with, and nothing is in force.
    draft = WorkflowDraft.objects.get()
    assert reverse("workflow_draw", args=[draft.key]) in text
    assert not WorkflowVersion.objects.filter(definition__key=draft.key).exists()
    assert page(client, "workflow_draw", draft.key)
    # What is missing comes first.
    rows = text[text.index("<tbody>") :]
    assert rows.index("left out") < rows.index("drawn implicitly") < rows.index("taken over")


def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(town: Town):
    client = signed_in(town.administrator)
    client.cookies["django_language"] = "en"
    bomb = b'<!DOCTYPE x [<!ENTITY a "a">]><definitions>&a;</definitions>'
    for data, words in (
        (bomb, "DOCTYPE"),
        (b"\x00\x01", "not a BPMN file"),
        (b" " * (6 << 20), "bigger than 5 MB"),
    ):
        answer = upload(client, data)
        assert answer.status_code == 422
        assert words in answer.content.decode()
    assert not WorkflowDraft.objects.exists()
    answer = client.post(reverse("workflow_import_bpmn"))
    assert answer.status_code == 422
    assert "Choose a file first." in answer.content.decode()


def test_hostile_words_of_a_file_are_text_in_the_report(town: Town):
    data = (
        (FILES / "bpmnio_sketch.bpmn")
        .read_text(encoding="utf-8")
        .replace("Clean", "&lt;script&gt;alert(1)//")
    )
    text = upload(signed_in(town.administrator), data.encode(), "<b>x.bpmn").content.decode()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)//" in text


def test_bpmn_in_the_console_is_for_administrators(town: Town):
    for person in (town.resident, town.member1, town.supervisor):
        client = signed_in(person)
        assert client.get(reverse("workflow_import_bpmn")).status_code == 403
        assert upload(client, b"x").status_code == 403
        for view in ("workflow_bpmn", "workflow_bpmn_file"):
            assert client.get(reverse(view, args=["standard", 1])).status_code == 403
