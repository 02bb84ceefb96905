"""Drafts of workflows: begun, kept, shared, taken out and thrown away."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from grid.errors import NotAllowed
from tests.factories import Town
from tests.workflows.desk_helpers import HOSTILE, filed, page, signed_in
from workflows.actions.definitions import publish_version
from workflows.actions.drafts import Overtaken, begin_draft, delete_draft, save_draft
from workflows.compared import what_differs
from workflows.installation import findings as lint
from workflows.models import WorkflowDefinition, WorkflowDraft
from workflows.starting_points import FOLDER, STARTING_POINTS, starting_point

pytestmark = pytest.mark.django_db


def body_of(code: str) -> dict[str, Any]:
    start = starting_point(code)
    assert start is not None
    return json.loads(json.dumps(start.body))


def begun(town: Town, code: str = "reimbursement") -> WorkflowDraft:
    return begin_draft(body=body_of(code), actor=town.administrator)


def put(client: Client, key: str, **sent: Any) -> Any:
    return client.put(reverse("workflow_draft", args=[key]), sent, content_type="application/json")


def imported(client: Client, content: bytes, **more: str) -> Any:
    file = SimpleUploadedFile("flow.json", content)
    return client.post(reverse("workflow_new"), {"file": file, **more}, headers={"accept-language": "en"})


# --- What one begins with ------------------------------------------------------------------------------
@pytest.mark.parametrize("code", [start.code for start in STARTING_POINTS])
def test_every_starting_point_can_be_published_but_for_the_clean_sheet(town: Town, code: str):
    findings = lint(body_of(code))
    assert [finding for finding in findings if finding.is_error] == []
    assert bool(findings) == (code == "empty")
    body = body_of(code)
    assert all((body["name"], body["name_en"]))


def test_the_templates_are_checked_from_the_command_line_too(town: Town, capsys):
    call_command("load_workflows", *sorted((FOLDER / "templates").glob("*.json")), check=True)
    assert not WorkflowDefinition.objects.filter(key__in=("reimbursement", "whistle")).exists()


def test_a_new_workflow_gets_a_key_that_nobody_has(town: Town):
    first, second = begun(town, "standard"), begun(town, "standard")
    assert (first.key, second.key) == ("standard-2", "standard-3")
    assert second.body["key"] == "standard-3"
    nameless = begin_draft(body=body_of("empty") | {"key": "办事"}, actor=town.administrator)
    assert nameless.key == "workflow"


def test_the_next_version_is_drawn_from_the_one_in_force(town: Town):
    client = signed_in(town.administrator)
    answer = client.post(reverse("workflow_begin", args=["standard"]))
    assert answer.url == reverse("workflow_draw", args=["standard"])
    draft = WorkflowDraft.objects.get(key="standard")
    assert draft.based_on is not None
    assert draft.based_on.number == 1
    assert draft.body["body"] == draft.based_on.body["body"]
    # Once more it is the same draft, with what was drawn since.
    save_draft(key="standard", body=draft.body | {"name": "改过的"}, revision=1, actor=town.administrator)
    client.post(reverse("workflow_begin", args=["standard"]))
    assert str(WorkflowDraft.objects.get(key="standard")) == "改过的"


# --- Keeping it ------------------------------------------------------------------------------------------
def test_a_save_is_kept_with_who_and_the_next_revision(town: Town):
    draft = begun(town)
    answer = put(
        signed_in(town.administrator), draft.key, revision=1, body=draft.body | {"name": "报销（新）"}
    )
    assert answer.status_code == 200
    assert answer.json()["revision"] == 2
    draft.refresh_from_db()
    assert (str(draft), draft.saved_by) == ("报销（新）", town.administrator)


def test_an_unfinished_drawing_is_kept_as_it_is(town: Town):
    draft = begun(town)
    unfinished = draft.body | {
        "name": "",
        "body": {"type": "sequence", "blocks": [
            {"type": "approval", "id": "step", "name": "", "who": [], "outcomes": []},
            {"type": "timer", "id": "wait", "name": "等", "after": {"clock": "work_days", "limit": -3}},
            {"type": "condition", "id": "fork", "cases": [{"when": "", "body": {"type": "sequence"}}]},
        ]},
    }  # fmt: skip
    answer = put(signed_in(town.administrator), draft.key, revision=1, body=unfinished)
    assert answer.status_code == 200
    draft.refresh_from_db()
    assert draft.body == unfinished
    findings = signed_in(town.administrator).get(reverse("workflow_findings", args=[draft.key])).json()
    assert findings["revision"] == 2
    assert {"step", "wait"} <= {finding["block"] for finding in findings["findings"]}


def test_the_second_to_save_hears_who_was_first_and_what_differs(town: Town):
    draft = begun(town)
    theirs = json.loads(json.dumps(draft.body))
    theirs["body"]["blocks"][0]["name"] = "先审"
    theirs["body"]["blocks"].pop(1)
    save_draft(key=draft.key, body=theirs, revision=1, actor=town.administrator)
    mine = draft.body | {"name": "我的"}
    answer = put(signed_in(town.administrator), draft.key, revision=1, body=mine)
    assert answer.status_code == 409
    told = answer.json()
    assert (told["by"], told["revision"]) == (str(town.administrator), 2)
    assert told["body"]["body"]["blocks"][0]["name"] == "先审"
    assert len(told["differences"]) == 3
    draft.refresh_from_db()
    assert draft.body == theirs
    # Having seen it, mine may replace it.
    assert put(signed_in(town.administrator), draft.key, revision=2, body=mine).status_code == 200


def test_the_same_save_sent_twice_is_one_save(town: Town):
    draft = begun(town)
    body = draft.body | {"name": "一次"}
    client = signed_in(town.administrator)
    first, again = (put(client, draft.key, revision=1, body=body) for _time in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["revision"] == again.json()["revision"] == 2


def test_what_differs_is_said_block_by_block():
    mine = body_of("complaint")
    theirs = json.loads(json.dumps(mine))
    assert what_differs(mine, theirs) == ["卡片都一样，只是顺序或位置不同。"]
    theirs["body"]["blocks"][2]["name"] = "查办"
    assert what_differs(mine, theirs) == ["不一样的：“查办”"]


# --- What cannot be kept --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe\x00", "Line 1 is not UTF-8"),
        (b'{"key": "x",\n  "body" [', "line 2, column 10"),
        (b"[1, 2]", "begins with"),
        (b'{"key": "x"}', "no “body”"),
        (b'{"body": ' * 5_000, "nested too deeply"),
        (
            b'{"body": {"type": "sequence", "blocks": [{"type": "robot", "id": "r", "name": "R"}]}}',
            "body › blocks 1 “R”: “robot” is not a kind of block",
        ),
        (b'{"body": {"type": "sequence", "blocks": [{"id": "r", "name": "R"}]}}', "does not say its type"),
        (b'{"body": {"type": "end", "id": "e", "name": "E", "colour": 1}}', "colour: this is not known here"),
        (b'{"body": {"type": "sequence", "blocks": 7}}', "body › blocks: this should be something else"),
        (b'{"name": "\\ud800", "body": {"type": "sequence"}}', "half a character"),
        (b'{"name": "\\u0000", "body": {"type": "sequence"}}', "number 0"),
        (b'{"name": "x", "schema": 1e999, "body": {"type": "sequence"}}', "a number without end"),
        (b'{"name": NaN, "body": {"type": "sequence"}}', "a number that is none"),
        (b" " * 600_000, "larger than 512 KB"),
    ],
)
def test_a_bad_file_is_refused_with_what_and_where(town: Town, content: bytes, words: str):
    client = signed_in(town.administrator)
    client.cookies["django_language"] = "en"
    answer = imported(client, content)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not WorkflowDraft.objects.exists()


def test_a_request_that_is_no_drawing_changes_nothing(town: Town):
    draft = begun(town)
    client = signed_in(town.administrator)
    url = reverse("workflow_draft", args=[draft.key])
    for sent in (b"", b"[]", b"{", b'{"body": {}, "revision": "1"}', b'{"revision": 1}'):
        assert client.put(url, sent, content_type="application/json").status_code == 422
    broken = draft.body | {"body": {"type": "sequence", "blocks": [{"type": "robot"}]}}
    assert put(client, draft.key, revision=1, body=broken).status_code == 422
    assert client.get(url).json()["revision"] == 1
    assert put(client, "nothing", revision=1, body=draft.body).status_code == 404


# --- In and out ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("code", [start.code for start in STARTING_POINTS])
def test_what_is_exported_is_imported_the_same(town: Town, code: str):
    client = signed_in(town.administrator)
    draft = begun(town, code)
    file = client.get(reverse("workflow_export", args=[draft.key]))
    assert file["Content-Disposition"] == f'attachment; filename="{draft.key}.json"'
    answer = imported(client, file.content)
    assert answer.status_code == 302
    copy = WorkflowDraft.objects.latest("pk")
    assert copy.body == draft.body | {"key": copy.key}


def test_a_file_may_become_the_next_version_of_a_workflow(town: Town):
    client = signed_in(town.administrator)
    version = client.get(reverse("workflow_export", args=["standard"]), {"version": ""})
    assert version["Content-Disposition"] == 'attachment; filename="standard-v1.json"'
    assert imported(client, version.content, into="on_the_spot").status_code == 302
    assert WorkflowDraft.objects.get().key == "on_the_spot"
    assert imported(client, version.content, into="on_the_spot").status_code == 422


def test_a_file_written_by_hand_gets_ids_and_lists_where_it_has_none(town: Town):
    copy = {"type": "cc", "name": "抄", "who": {"role": "supervisor"}}
    content = json.dumps({
        "key": "hand", "name": "手写", "body": {"type": "sequence", "blocks": [
            {"type": "condition", "cases": [{"when": "urgent", "body": copy}]},
            {"type": "sequence", "blocks": [{"type": "end", "id": "e", "name": "完"}]},
        ]},
    }).encode()  # fmt: skip
    assert imported(signed_in(town.administrator), content).status_code == 302
    fork, end = WorkflowDraft.objects.get().body["body"]["blocks"]
    assert (fork["id"], end["id"]) == ("condition_1", "e")
    assert fork["cases"][0]["body"]["who"] == [{"role": "supervisor"}]


def test_a_draft_that_is_deleted_leaves_what_is_in_force(town: Town):
    client = signed_in(town.administrator)
    client.post(reverse("workflow_begin", args=["standard"]))
    answer = client.post(reverse("workflow_draft_delete", args=["standard"]), follow=True)
    assert answer.status_code == 200
    assert not WorkflowDraft.objects.exists()
    assert WorkflowDefinition.objects.get(key="standard").versions.get().status == "published"
    assert client.get(reverse("workflow_draw", args=["standard"])).url == reverse("console_workflows")


def test_a_draft_is_done_with_once_it_is_published_but_not_one_that_was_drawn_on(town: Town):
    draft = begun(town, "whistle")
    publish_version(body=draft.body)
    assert not WorkflowDraft.objects.exists()
    signed_in(town.administrator).post(reverse("workflow_begin", args=["whistle"]))
    draft = WorkflowDraft.objects.get()
    publish_version(body=draft.body | {"name": "吹哨（二）"})
    save_draft(key="whistle", body=draft.body | {"name": "吹哨（三）"}, revision=1, actor=town.administrator)
    assert WorkflowDraft.objects.get().body["name"] == "吹哨（三）"
    client = signed_in(town.administrator)
    client.cookies["django_language"] = "en"
    assert "Another version has come into force" in page(client, "console_workflows")


# --- The pages ---------------------------------------------------------------------------------------------
def test_the_list_says_what_is_drawn_and_how_many_cases_run(town: Town):
    filed(town)
    client = signed_in(town.administrator)
    client.cookies["django_language"] = "en"
    client.post(reverse("workflow_begin", args=["standard"]))
    begun(town, "whistle")
    text = page(client, "console_workflows")
    for words in ("Whistle", "1 case under way", "A draft, last saved by", "Go on drawing", "Change it"):
        assert words in text


def test_the_designer_is_given_all_it_needs_and_nothing_of_the_page_is_markup(town: Town):
    draft = begun(town)
    hostile = "</script><img src=x onerror=alert(1)>"
    save_draft(key=draft.key, body=draft.body | {"name": hostile}, revision=1, actor=town.administrator)
    text = page(signed_in(town.administrator), "workflow_draw", draft.key)
    assert "<img src=x" not in text
    config = json.loads(
        text.split('<script id="designer-config" type="application/json">')[1].split("</script>")[0]
    )
    assert config["body"]["name"] == hostile
    assert ["grid_member", "网格员"] in config["options"]["roles"]
    listed = page(signed_in(town.administrator), "console_workflows")
    assert "<img src=x" not in listed
    assert HOSTILE not in listed


def test_people_are_found_by_name(town: Town):
    client = signed_in(town.administrator)
    url = reverse("workflow_people")
    ((username, name, _serves),) = client.get(url, {"q": "韩督导"}).json()["people"]
    assert (username, name) == ("supervisor", "韩督导")
    assert client.get(url, {"q": ""}).json() == {"people": []}


def test_the_help_page_shows_the_how_to_with_its_pictures(town: Town):
    client = signed_in(town.administrator)
    client.cookies["django_language"] = "zh-hans"
    text = page(client, "workflow_help")
    pictures = {part.split('"')[0] for part in text.split('src="/console/workflows/help/')[1:]}
    assert len(pictures) >= 4
    for name in pictures:
        assert client.get(reverse("workflow_help_picture", args=[name])).status_code == 200
    for name in ("..%2F..%2Fmanage.py", "wall-390.webp", "designer-nothing.webp"):
        assert client.get(f"/console/workflows/help/{name}").status_code == 404


def test_drawing_is_for_administrators(town: Town):
    draft = begun(town)
    for person in (town.resident, town.member1, town.supervisor):
        client = signed_in(person)
        for view in ("workflow_new", "workflow_help", "workflow_people"):
            assert client.get(reverse(view)).status_code == 403
        for view in ("workflow_draw", "workflow_draft", "workflow_findings", "workflow_export"):
            assert client.get(reverse(view, args=[draft.key])).status_code == 403
        assert put(client, draft.key, revision=1, body=draft.body).status_code == 403
        assert client.post(reverse("workflow_draft_delete", args=[draft.key])).status_code == 403
        with pytest.raises(NotAllowed):
            save_draft(key=draft.key, body=draft.body, revision=1, actor=person)
        with pytest.raises(NotAllowed):
            delete_draft(key=draft.key, actor=person)
    assert WorkflowDraft.objects.get() == draft


def test_an_overtaken_save_writes_nothing(town: Town):
    draft = begun(town)
    save_draft(key=draft.key, body=draft.body | {"name": "甲"}, revision=1, actor=town.administrator)
    with pytest.raises(Overtaken) as overtaken:
        save_draft(key=draft.key, body=draft.body | {"name": "乙"}, revision=1, actor=town.administrator)
    assert overtaken.value.draft.body["name"] == "甲"
    assert WorkflowDraft.objects.get().revision == 2
