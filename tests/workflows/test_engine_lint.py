"""Mistakes in definitions are found before they are published, and said in words."""

import json
from pathlib import Path

import pytest

from tests.workflows.flowing import DONE, END, approval, condition, definition, parallel, sequence
from workflows.engine.lint import Known, check
from workflows.engine.schema import json_schema
from workflows.management.commands.load_workflows import SHIPPED

KNOWN = Known(
    roles={"grid_member", "grid_leader", "registrar", "dispatcher", "checker", "shift_leader", "supervisor"},
    levels={"community"},
)
HANDLE = approval("handle", handler=True)
BACK = {"code": "back", "name": "退回", "returns_to": "handle"}
NO = {"code": "no", "name": "否", "ends": {"id": "refused", "name": "不予受理"}}
HOUR = {"limit": 1, "clock": "urgent_hours"}


def findings(*blocks, **more):
    return check(definition(*blocks, **more), KNOWN)


def test_a_sound_definition_has_no_findings():
    assert findings(HANDLE, approval("check", "checker", outcomes=[DONE, BACK])) == []


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.json")), ids=lambda file: file.stem)
def test_shipped_definitions_have_no_findings(file):
    assert check(json.loads(file.read_text(encoding="utf-8")), KNOWN) == []


MISTAKES = {
    "duplicate id": ([HANDLE, approval("twice"), approval("twice")], "twice", "two blocks"),
    "id of an outcome's end": ([HANDLE, approval("refused", outcomes=[DONE, NO])], "refused", "two blocks"),
    "unknown role": ([HANDLE, approval("x", "wizard")], "x", "wizard"),
    "unknown role in a copy": (
        [HANDLE, {"type": "cc", "id": "x", "name": "抄送", "who": {"role": "wizard"}}],
        "x",
        "wizard",
    ),
    "unknown role of a field": (
        [
            approval(
                "x", handler=True, fields=[{"code": "a", "name": "甲", "type": "person", "role": "wizard"}]
            )
        ],
        "x",
        "wizard",
    ),
    "unknown level": ([HANDLE, approval("x", [{"role": "checker", "at": "galaxy"}])], "x", "galaxy"),
    "unknown state": ([HANDLE, approval("x", state="limbo")], "x", "limbo"),
    "unknown state of an end": (
        [approval("x", handler=True, outcomes=[DONE, {**NO, "ends": {**NO["ends"], "state": "limbo"}}])],
        "refused",
        "limbo",
    ),
    "unknown fact": ([HANDLE, condition("x", "weather = 1", approval("y"))], "x", "weather"),
    "unknown form field": ([HANDLE, condition("x", "fields.size = 1", approval("y"))], "x", "fields.size"),
    "outcome of a later step": (
        [HANDLE, condition("x", 'y.outcome = "done"', approval("z")), approval("y")],
        "x",
        "y.outcome",
    ),
    "unknown outcome in a condition": (
        [HANDLE, condition("x", 'handle.outcome = "maybe"', approval("y"))],
        "x",
        "maybe",
    ),
    "unknown outcome of a deadline": (
        [approval("x", handler=True, deadlines=[{"after": HOUR, "action": "outcome", "outcome": "maybe"}])],
        "x",
        "maybe",
    ),
    "unknown outcome of a field": (
        [
            approval(
                "x", handler=True, fields=[{"code": "a", "name": "甲", "type": "text", "outcomes": ["maybe"]}]
            )
        ],
        "x",
        "maybe",
    ),
    "return to a block that is not there": (
        [HANDLE, approval("x", outcomes=[DONE, {**BACK, "returns_to": "nowhere"}])],
        "x",
        "nowhere",
    ),
    "return to a later step": (
        [approval("x", handler=True, outcomes=[DONE, {**BACK, "returns_to": "y"}]), approval("y")],
        "x",
        "“步骤y”",
    ),
    "return into a sibling branch": (
        [HANDLE, parallel("p", approval("y"), approval("x", moves=["return"], return_to=["y"]))],
        "x",
        "“步骤y”",
    ),
    "return to something that is not a step": (
        [
            {"type": "milestone", "id": "m", "mark": "registered"},
            approval("x", handler=True, moves=["return"], return_to=["m"]),
        ],
        "x",
        "case is registered”",
    ),
    "no otherwise": (
        [HANDLE, {"type": "condition", "id": "x", "cases": [{"when": "urgent", "body": approval("y")}]}],
        "x",
        "otherwise",
    ),
    "one branch": ([HANDLE, parallel("x", approval("y"))], "x", "second branch"),
    "empty branch": ([HANDLE, parallel("x", approval("y"), sequence())], "x", "empty"),
    "branch that always ends": (
        [HANDLE, parallel("x", approval("y"), sequence(approval("z"), {**END, "id": "inner"}))],
        "x",
        "in vain",
    ),
    "after the end": ([HANDLE, {**END, "id": "early"}, approval("x")], "x", "ended"),
    "after a step that always ends": (
        [approval("a", handler=True, outcomes=[NO]), approval("x")],
        "x",
        "ended",
    ),
    "no outcome for people": (
        [
            approval(
                "x",
                handler=True,
                outcomes=[{**DONE, "by": "timer"}],
                deadlines=[{"after": HOUR, "action": "outcome", "outcome": "done"}],
            )
        ],
        "x",
        "person",
    ),
    "a circle without people": (
        [
            HANDLE,
            approval(
                "x",
                outcomes=[DONE, {**BACK, "by": "timer"}],
                deadlines=[{"after": HOUR, "action": "outcome", "outcome": "back"}],
            ),
        ],
        "x",
        "circles",
    ),
    "escalation to nobody": (
        [approval("x", handler=True, deadlines=[{"after": HOUR, "action": "escalate"}])],
        "x",
        "whom",
    ),
    "two outcomes with one code": ([approval("x", handler=True, outcomes=[DONE, DONE])], "x", "two outcomes"),
    "two fields with one code": (
        [approval("x", handler=True, fields=[{"code": "a", "name": "甲", "type": "text"}] * 2)],
        "x",
        "two fields",
    ),
    "nothing to choose from": (
        [approval("x", handler=True, fields=[{"code": "a", "name": "甲", "type": "choice"}])],
        "x",
        "choose",
    ),
    "a field that sets something else": (
        [approval("x", handler=True, fields=[{"code": "a", "name": "甲", "type": "text", "sets": "area"}])],
        "x",
        "type",
    ),
    "a person nobody was asked for": ([HANDLE, approval("x", [{"field": "assignee"}])], "x", "assignee"),
    "the doer of a later step": (
        [approval("x", [{"doer_of": "y"}], handler=True), approval("y")],
        "x",
        "“步骤y”",
    ),
    "the handler before there is one": ([approval("x", [{"person": "handler"}]), HANDLE], "x", "handler"),
    "a condition that cannot be read": ([HANDLE, condition("x", "urgent = = true", approval("y"))], "x", "="),
    "a comparison of different kinds": (
        [HANDLE, condition("x", 'urgent = "yes"', approval("y"))],
        "x",
        "kinds",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found_at_its_block(mistake, english):
    blocks, block, words = MISTAKES[mistake]
    errors = [finding for finding in findings(*blocks) if finding.is_error]
    assert errors[0].block == block, [str(finding) for finding in errors]
    # What cannot be reached because of the mistake may be named as well.
    assert {finding.block for finding in errors} <= {block, "over"}
    assert words.lower() in errors[0].message.lower()


@pytest.fixture
def english():
    from django.utils.translation import override

    with override("en"):
        yield


def test_every_way_through_must_lead_to_an_end(english):
    (error,) = findings(HANDLE, end=False)
    assert error.is_error
    assert "end" in error.message
    assert findings(condition("x", "urgent", {**END, "id": "a"}, {**END, "id": "b"}), end=False) != []


SHAPES = {
    "a kind of block there is not": ([{"type": "script", "id": "x", "code": "rm -rf"}], "x", "script"),
    "a bad id": ([approval("Bad Id")], "Bad Id", "id"),
    "an id that could collide with a part": ([approval("a__join")], "a__join", "id"),
    "an attribute there is not": ([approval("x", colour="red")], "x", "colour"),
    "a bad duration": (
        [approval("x", deadlines=[{"after": {"limit": -1, "clock": "work_days"}, "action": "remind"}])],
        "x",
        "limit",
    ),
    "a duration without end": (
        [approval("x", deadlines=[{"after": {"limit": "NaN", "clock": "work_days"}, "action": "remind"}])],
        "x",
        "limit",
    ),
    "a bad clock": (
        [approval("x", deadlines=[{"after": {"limit": 1, "clock": "lunar"}, "action": "remind"}])],
        "x",
        "clock",
    ),
    "nobody": ([approval("x", [])], "x", "who"),
    "two ways to name somebody": (
        [approval("x", [{"role": "checker", "person": "filer"}])],
        "x",
        "exactly one",
    ),
    "no outcomes": ([approval("x", outcomes=[])], "x", "outcomes"),
    "an outcome that both ends and returns": (
        [approval("x", outcomes=[{**NO, "returns_to": "y"}])],
        "x",
        "both",
    ),
    "no name": ([approval("x", name=" ")], "x", "name"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_what_the_schema_forbids_is_said_at_its_block(shape, english):
    blocks, block, words = SHAPES[shape]
    errors = findings(*blocks)
    assert errors
    assert {error.block for error in errors} == {block}
    assert any(words in error.message for error in errors), [error.message for error in errors]


@pytest.mark.parametrize("body", [None, [], "x", 7, {}, {"schema": 2}, {"body": {"type": "sequence"}}])
def test_whatever_is_handed_in_gives_findings_not_an_exception(body):
    assert any(finding.is_error for finding in check(body))


def test_blocks_nested_without_end_are_refused():
    body = approval("x")
    for _level in range(2000):
        body = {"type": "sequence", "blocks": [body]}
    assert check({"schema": 1, "key": "deep", "name": "深", "body": body})


def test_too_many_blocks_are_refused(english):
    (error,) = findings(*[approval(f"s{n}") for n in range(400)])
    assert "300" in error.message


def test_warnings_do_not_stop_publication():
    (finding,) = findings(approval("x"))  # no step is the handler's
    assert not finding.is_error


def test_the_published_schema_is_the_one_in_use():
    """Regenerate with: manage.py load_workflows --schema > docs/reference/workflow.schema.json"""
    file = Path(__file__).resolve().parents[2] / "docs" / "reference" / "workflow.schema.json"
    assert json.loads(file.read_text(encoding="utf-8")) == json_schema()
