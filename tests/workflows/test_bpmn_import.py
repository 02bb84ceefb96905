"""BPMN files of other tools become drafts that say what could not be drawn; hostile files become nothing."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workflows.bpmn.importing import Imported, UnreadableBpmn, import_bpmn
from workflows.bpmn.reading import MAX_BYTES, MAX_ELEMENTS
from workflows.engine.lint import Known, check
from workflows.engine.schema import Definition

FILES = Path(__file__).with_name("bpmn_files")
ROLES = {"checker": "核查员", "boss": "领导"}
HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:linli="urn:linli:bpmn:1" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
)


def imported(name: str) -> Imported:
    found = import_bpmn((FILES / name).read_bytes(), roles=ROLES)
    Definition.model_validate(found.body)
    return found


def process(*elements: str) -> bytes:
    """A file with a process of these elements; ``a>b`` is a flow, ``name=tag`` an element."""
    xml = []
    for element in elements:
        if ">" in element and not element.startswith("<"):
            flow, _colon, condition = element.partition(":")
            source, target = flow.split(">")
            inner = f"<conditionExpression><![CDATA[{condition}]]></conditionExpression>" if condition else ""
            ends = f'id="{source}_{target}" sourceRef="{source}" targetRef="{target}"'
            xml.append(f"<sequenceFlow {ends}>{inner}</sequenceFlow>")
        elif element.startswith("<"):
            xml.append(element)
        else:
            name, tag = element.split("=")
            xml.append(f'<{tag} id="{name}" name="{name}"/>')
    return f'{HEAD}<process id="p" name="流程">{"".join(xml)}</process></definitions>'.encode()


def blocks(found: Imported) -> list[dict]:
    Definition.model_validate(found.body)
    return found.body["body"]["blocks"]


def shape(body: object) -> object:
    """A body as nested lists: ids of leaves; forks as (type, branch, …)."""
    match body:
        case {"type": "sequence", "blocks": inner}:
            return [shape(block) for block in inner]
        case {"type": "condition" | "inclusive" as kind, "cases": cases, "otherwise": otherwise}:
            return (kind, *(shape(case["body"]) for case in cases), shape(otherwise))
        case {"type": "parallel", "branches": branches}:
            return ("parallel", *(shape(branch) for branch in branches))
        case {"id": block_id}:
            return block_id
    return None


def reasons(found: Imported, verdict: str = "unmapped") -> dict[str, str]:
    return {line.element: line.text for line in found.report.lines if line.verdict == verdict}


# --- dialects ----------------------------------------------------------------------------------------
def test_a_decision_behind_a_step_becomes_its_outcomes_and_a_way_back_a_return():
    found = imported("camunda_leave.bpmn")
    fill_in, approve, fork, *_rest = blocks(found)
    assert fill_in["who"] == [{"person": "filer"}]
    assert approve["who"] == [{"role": "checker"}]
    assert [outcome["name"] for outcome in approve["outcomes"]] == ["同意", "退回修改", "不同意"]
    assert approve["outcomes"][1]["returns_to"] == fill_in["id"]
    assert approve["outcomes"][2]["ends"]["name"] == "未获同意"
    assert approve["deadlines"] == [{"after": {"limit": 4, "clock": "urgent_hours"}, "action": "remind"}]
    assert fork["cases"][0]["when"] == 'days > 3 and kind != "sick"'
    assert found.body["fields"][0] == {"code": "days", "name": "天数", "type": "number", "required": True}
    assert set(reasons(found)) == {"Calc", "SendReminder"}
    assert [finding for finding in check(found.body, Known(roles=set(ROLES))) if finding.is_error] == []


def test_a_multi_instance_task_becomes_a_countersign_and_a_sub_process_its_steps():
    found = imported("flowable_purchase.bpmn20.xml")
    assert shape(found.body["body"]) == [
        ("parallel", ["finance"], ["legal"]),
        "pay",
        "wait",
        "archive",
        "end",
    ]
    finance = blocks(found)[0]["branches"][0]["blocks"][0]
    legal = blocks(found)[0]["branches"][1]["blocks"][0]
    assert finance["mode"] == "all"
    assert finance["outcomes"][0]["agrees"]
    assert legal["who"] == [{"people": ["zhang", "li"]}]
    assert blocks(found)[1]["who"] == [{"role": "cashier"}]
    assert "0.6" in next(line.text for line in found.report.lines if "nrOf" in line.text)
    # Whoever could not be named is found by the check.
    assert {finding.block for finding in check(found.body, Known(roles=set(ROLES))) if finding.is_error} == {
        "finance", "pay",
    }  # fmt: skip


def test_lanes_say_who_and_what_lies_outside_the_process_is_reported():
    found = imported("signavio_lanes.bpmn")
    assert found.body["name"] == "街道办"
    first, fork, last, end = blocks(found)
    assert first["who"] == [{"role": "checker"}]
    assert first["name"] == "核查 情况"
    assert fork["type"] == "inclusive"
    assert fork["cases"][0]["body"]["blocks"][0]["who"] == [{"role": "财务科"}]
    assert [case["when"] for case in fork["cases"]] == ["账目", "多收费"]
    assert last["who"] == [{"role": "?"}]
    assert end["type"] == "end"
    assert set(reasons(found)) == {"sid-other", "sid-m"}
    assert set(reasons(found, "implicit")) == {"sid-last"}
    assert "sid-f3" in reasons(found, "note")


def test_forks_and_joins_that_are_not_drawn_are_drawn_implicitly():
    found = imported("bpmnio_sketch.bpmn")
    assert shape(found.body["body"]) == [
        "look_at_it",
        ("parallel", [("parallel", ["clean"], ["repair"]), "test"], ["inform"]),
        "file",
        "ended",
    ]
    assert found.report.is_whole
    assert "Activity_1" in reasons(found, "implicit")


# --- structure ---------------------------------------------------------------------------------------
XOR = "exclusiveGateway"


def test_branches_that_only_meet_at_a_step_close_there():
    found = import_bpmn(process(
        "s=startEvent", "a=userTask", "b=userTask", "c=userTask", "e=endEvent", f"g={XOR}", "t=serviceTask",
        "s>t", "t>g", "g>a:urgent = true", "g>b", "a>c", "b>c", "c>e",
    ))  # fmt: skip
    assert shape(found.body["body"]) == ["t", ("condition", ["a"], ["b"]), "c", "e"]
    assert "c" in reasons(found, "implicit")


def test_the_branch_that_goes_on_goes_on_behind_the_fork():
    found = import_bpmn(process(
        "s=startEvent", "t=serviceTask", f"g={XOR}", "a=userTask", "n=endEvent", "e=endEvent",
        "s>t", "t>g", "g>n:located = false", "g>a", "a>e",
    ))  # fmt: skip
    assert shape(found.body["body"]) == ["t", ("condition", ["n"], []), "a", "e"]


def test_a_step_inside_a_branch_may_send_back():
    found = import_bpmn(process(
        "s=startEvent", "m=" + XOR, "check=userTask", f"g={XOR}", "fix=userTask", "e=endEvent",
        "s>m", "m>check", "check>g", "g>e", "g>fix", "fix>m",
    ))  # fmt: skip
    check_step, fork, *_rest = blocks(found)
    fix = (
        next(block for case in [*fork["cases"]] for block in case["body"]["blocks"])
        if fork["type"] == "condition"
        else fork
    )
    assert fix["id"] == "fix"
    assert fix["outcomes"][0]["returns_to"] == check_step["id"]


def test_a_circle_without_a_person_cannot_be_drawn():
    found = import_bpmn(process(
        "s=startEvent", "a=userTask", "t=serviceTask", f"g={XOR}", "e=endEvent",
        "s>a", "a>t", "t>g", "g>a:urgent = true", "g>e",
    ))  # fmt: skip
    assert "g_a" in reasons(found)
    assert shape(found.body["body"]) == ["a", "t", "e"]


def test_a_deadline_that_ends_its_step_becomes_an_outcome_of_its_own():
    timer = (
        '<boundaryEvent id="late" attachedToRef="a"><timerEventDefinition><timeDuration>PT36H</timeDuration>'
        "</timerEventDefinition></boundaryEvent>"
    )
    found = import_bpmn(process(
        "s=startEvent", "a=userTask", "b=userTask", "e=endEvent", "over=endEvent", timer,
        "s>a", "a>b", "b>e", "late>over",
    ))  # fmt: skip
    first = blocks(found)[0]
    assert first["deadlines"] == [
        {"after": {"limit": 36, "clock": "urgent_hours"}, "action": "outcome", "outcome": "over"}
    ]
    assert [outcome.get("by", "person") for outcome in first["outcomes"]] == ["person", "timer"]
    assert first["outcomes"][1]["ends"]["id"] == "over"
    assert shape(found.body["body"]) == ["a", "b", "e"]


def test_branches_that_cross_are_reported_and_never_guessed():
    found = import_bpmn(process(
        "s=startEvent", "f=parallelGateway", "a=userTask", "b=userTask", "c=userTask", "d=userTask",
        "j=parallelGateway", "k=parallelGateway", "x=parallelGateway", "e=endEvent",
        "s>f", "f>a", "f>b", "a>x", "x>j", "x>k", "b>k", "j>c", "k>d", "c>e", "d>e",
    ))  # fmt: skip
    assert not found.report.is_whole
    assert "f" in reasons(found)
    assert {"a", "b", "c", "d"} <= {line.element for line in found.report.lines}
    drawn = re.findall(r"'id': '(\w+)'", str(found.body))
    assert len(drawn) == len(set(drawn))


@pytest.mark.parametrize(
    ("element", "words"),
    [
        ("x=scriptTask", "scripts"),
        ("x=businessRuleTask", "rule"),
        ("x=receiveTask", "messages"),
        ("x=adHocSubProcess", "order"),
        ('<intermediateCatchEvent id="x"><signalEventDefinition/></intermediateCatchEvent>', "signals"),
        (
            '<intermediateCatchEvent id="x"><timerEventDefinition><timeDate>2026-01-01T00:00:00Z</timeDate>'
            "</timerEventDefinition></intermediateCatchEvent>",
            "duration",
        ),
    ],
)
def test_what_a_workflow_cannot_do_is_left_out_with_the_reason(element, words, settings):
    settings.LANGUAGE_CODE = "en"
    from django.utils import translation

    with translation.override("en"):
        found = import_bpmn(process("s=startEvent", "a=userTask", element, "e=endEvent", "s>a", "a>x", "x>e"))
    assert words in reasons(found)["x"]
    assert shape(found.body["body"]) == ["a", "e"]


# --- hostile files -----------------------------------------------------------------------------------
BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
HOSTILE = {
    "an entity bomb": (BOMB + HEAD + "&b;</definitions>").encode(),
    "an external entity": (
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + HEAD + "&a;</definitions>"
    ).encode(),
    "a document type": ('<!DOCTYPE x SYSTEM "http://example.org/x.dtd">' + HEAD + "</definitions>").encode(),
    "a parameter entity": ('<!DOCTYPE x [<!ENTITY % a SYSTEM "http://example.org/x">%a;]>' + HEAD).encode(),
    "fifty megabytes": process("s=startEvent") + b" " * (50 * 1024 * 1024),
    "too deep": (HEAD + "<a>" * 5000 + "</a>" * 5000 + "</definitions>").encode(),
    "a hundred thousand elements": (HEAD + "<a/>" * 100_000 + "</definitions>").encode(),
    "more steps than people read": process(*(f"t{number}=task" for number in range(1000))),
    "nothing": b"",
    "half a file": process("s=startEvent", "a=task", "s>a")[:-40],
    "no XML": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "a NUL": process("s=startEvent").replace(b"startEvent", b"start\x00Event"),
    "an unknown encoding": b'<?xml version="1.0" encoding="klingon"?>' + process("s=startEvent"),
    "no BPMN": b"<html><body/></html>",
    "no process": (HEAD + "</definitions>").encode(),
    "no beginning": process("a=userTask", "b=userTask", "a>b", "b>a"),
    "an undeclared prefix": process("s=startEvent").replace(b"<startEvent", b"<x:startEvent"),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_and_broken_files_are_refused_with_a_message(data):
    with pytest.raises(UnreadableBpmn) as caught:
        import_bpmn(data)
    assert len(str(caught.value)) > 10
    assert "expat" not in str(caught.value)


def test_limits_are_wide_enough_for_what_people_draw():
    assert MAX_BYTES >= 1024 * 1024
    assert MAX_ELEMENTS >= 10_000


@pytest.mark.parametrize(
    "said",
    [
        "[1]",
        "{",
        "null",
        '{"id": 5}',
        '{"id": "a", "outcomes": 3}',
        "[" * 100_000,
        '{"id": "a", "x": 1}',
        "1e999999",
    ],
)
def test_a_damaged_extension_is_left_out_and_the_step_is_read_as_anybodys(said):
    step = (
        '<userTask id="t" name="步骤"><extensionElements><linli:block type="approval">'
        f"<![CDATA[{said}]]></linli:block></extensionElements></userTask>"
    )
    found = import_bpmn(process("s=startEvent", step, "e=endEvent", "s>t", "t>e"))
    assert shape(found.body["body"]) == ["t", "e"]
    assert blocks(found)[0]["outcomes"]


def test_a_file_in_a_chinese_encoding_is_read():
    data = process("s=startEvent", "a=userTask", "s>a").decode().replace('name="a"', 'name="审核"')
    found = import_bpmn(('<?xml version="1.0" encoding="GBK"?>' + data).encode("gbk"))
    assert blocks(found)[0]["name"] == "审核"


# --- whatever the graph ------------------------------------------------------------------------------
TAGS = st.sampled_from(
    ["userTask", "task", "serviceTask", "scriptTask", "sendTask", XOR, "parallelGateway", "inclusiveGateway",
     "eventBasedGateway", "endEvent", "callActivity", "subProcess", "intermediateThrowEvent"]
)  # fmt: skip


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_every_graph_becomes_a_draft_that_accounts_for_every_element(data):
    tags = data.draw(st.lists(TAGS, min_size=1, max_size=12))
    names = [f"n{number}" for number in range(len(tags))]
    pairs = st.tuples(st.sampled_from(names), st.sampled_from(names))
    flows = data.draw(st.lists(pairs, max_size=20, unique=True))
    condition = st.sampled_from(["", "", ":urgent = true", ":${x > 3}", ":#{foo.bar()}"])
    found = import_bpmn(process(
        "s=startEvent", *(f"{name}={tag}" for name, tag in zip(names, tags, strict=True)),
        "s>n0", *(f"{source}>{target}{data.draw(condition)}" for source, target in flows),
    ))  # fmt: skip
    Definition.model_validate(found.body)
    check(found.body)
    told = {line.element for line in found.report.lines}
    # Whatever follows from the beginning is drawn or explained; so is what does not.
    assert {name for name in names if any(name in pair for pair in flows)} <= told
    ids = re.findall(r"'id': '(\w+)'", str(found.body))
    assert len(ids) == len(set(ids))
