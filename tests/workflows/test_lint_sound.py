"""Whatever is drawn: what the lint lets through compiles, and every case on it comes to an end."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.workflows.flowing import END, sequence
from workflows.engine import schema
from workflows.engine.compiler import compile_flow
from workflows.engine.freeze import freeze
from workflows.engine.lint import Known, apply_fix, check
from workflows.flows import CaseFlow

#: Run inside others: it may end itself early, and the whole case.
INNER = {
    "schema": 1,
    "key": "inner",
    "name": "内部",
    "body": sequence(
        {
            "type": "approval", "id": "sign", "name": "签", "who": [{"role": "checker"}],
            "outcomes": [
                {"code": "ok", "name": "行"},
                {"code": "leave", "name": "免", "ends": {"id": "left", "name": "免"}},
                {"code": "stop", "name": "止", "ends": {"id": "stopped", "name": "止", "terminate": True}},
            ],
        },
        {
            "type": "approval", "id": "again", "name": "再签", "who": [{"doer_of": "sign"}],
            "outcomes": [{"code": "ok", "name": "行"}, {"code": "back", "name": "退", "returns_to": "sign"}],
        },
        {"type": "end", "id": "over", "name": "完"},
    ),
}  # fmt: skip
KNOWN = Known(roles={"grid_member", "checker"}, levels={"community"}, definitions={"inner": INNER})
#: Returns in one walk: more often than any person would.
PATIENCE = 12

names = st.integers(1, 12).map(lambda number: f"s{number}")
whens = st.sampled_from(["urgent = true", "reopened > 2", "weather = 1", 's1.outcome = "done"', "urgent ="])


@st.composite
def outcomes(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Going on, ending, returning somewhere that may not be there."""
    kinds = draw(st.lists(st.sampled_from(["on", "on", "end", "back"]), min_size=1, max_size=3))
    return [_outcome(kind, number, draw(names)) for number, kind in enumerate(kinds)]


def _outcome(kind: str, number: int, target: str) -> dict[str, Any]:
    outcome: dict[str, Any] = {"code": f"o{number}", "name": f"选项{number}", "agrees": number == 0}
    if kind == "end":
        outcome["ends"] = {"name": "结束", "id": "e0"}
    if kind == "back":
        outcome["returns_to"] = target
    return outcome


@st.composite
def approvals(draw: st.DrawFn) -> dict[str, Any]:
    chosen = draw(outcomes())
    block: dict[str, Any] = {
        "type": "approval", "id": "s0", "name": "步骤", "outcomes": chosen,
        "who": [{"role": draw(st.sampled_from(["grid_member", "checker"]))}],
        "handler": draw(st.booleans()),
        "nobody": draw(st.sampled_from(["up", "skip"])),
        "mode": draw(st.sampled_from(["one", "one", "one", "all", "in_turn", "any", "vote"])),
    }  # fmt: skip
    if draw(st.integers(0, 3)) == 0:
        after = {"limit": 1, "clock": "work_days"}
        code = draw(st.sampled_from([outcome["code"] for outcome in chosen]))
        block["deadlines"] = [{"after": after, "action": "outcome", "outcome": code}]
    return block


small = st.sampled_from(
    [
        END,
        {"type": "milestone", "id": "m", "mark": "registered"},
        {"type": "timer", "id": "t", "name": "等", "after": {"limit": 1, "clock": "work_hours"}},
        {"type": "cc", "id": "c", "name": "抄送", "who": [{"role": "checker"}]},
        {"type": "notify", "id": "n", "name": "通知", "who": [{"role": "checker"}], "text": "请注意"},
        {"type": "webhook", "id": "h", "name": "推送", "hook": "hotline"},
        {"type": "subprocess", "id": "i", "name": "内部", "definition": "inner"},
        {
            "type": "whistle",
            "id": "w",
            "name": "吹哨",
            "departments": [{"role": "checker"}, {"role": "grid_member"}],
            "respond": {"limit": 1, "clock": "work_days"},
        },
    ]
)


def containers(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    several = st.lists(inner, max_size=3)
    cases = st.lists(st.fixed_dictionaries({"when": whens, "body": inner}), min_size=1, max_size=2)
    condition = st.fixed_dictionaries(
        {"type": st.sampled_from(["condition", "inclusive"]), "id": st.just("q"), "cases": cases},
        optional={"otherwise": inner},
    )
    parallel = st.fixed_dictionaries({"type": st.just("parallel"), "id": st.just("p"), "branches": several})
    return several.map(lambda blocks: sequence(*blocks)) | condition | parallel


blocks = st.recursive(approvals() | approvals() | small, containers, max_leaves=10)


def numbered(block: dict[str, Any], count: list[int]) -> dict[str, Any]:
    """The block with ids that differ: steps are s1, s2, … in the order they are drawn."""
    block = dict(block)
    if block["type"] == "approval":
        count[0] += 1
        block["id"], block["name"] = f"s{count[0]}", f"步骤{count[0]}"
        block["outcomes"] = [
            outcome | ({"ends": {"name": "结束", "id": f"e{count[0]}_{number}"}} if "ends" in outcome else {})
            for number, outcome in enumerate(block["outcomes"])
        ]
    elif "id" in block:
        count[1] += 1
        block["id"] = f"{block['id'][0]}{count[1]}x"
    for name in ("blocks", "branches"):
        if name in block:
            block[name] = [numbered(child, count) for child in block[name]]
    if "cases" in block:
        block["cases"] = [case | {"body": numbered(case["body"], count)} for case in block["cases"]]
    if "otherwise" in block:
        block["otherwise"] = numbered(block["otherwise"], count)
    return block


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    drawn = [numbered(block, [0, 0]) for block in [draw(blocks)]]
    inner = drawn[0]["blocks"] if drawn[0]["type"] == "sequence" else drawn
    return {"schema": 1, "key": "drawn", "name": "画的", "body": sequence(*inner, {**END, "id": "over"})}


def mended(body: dict[str, Any]) -> dict[str, Any]:
    """The body after taking up whatever the lint offers, as a clerk in a hurry would."""
    for _turn in range(40):
        fixes = [finding.fix for finding in check(body, KNOWN) if finding.is_error and finding.fix]
        if not fixes:
            return body
        body = apply_fix(body, fixes[0])
    pytest.fail("mending never ends")


class Walk:
    """A case walked through by somebody who decides at random; independent of the lint's own reading."""

    def __init__(self, definition: schema.Definition, data: st.DataObject) -> None:
        self.definition, self.data = definition, data
        self.returns = self.inside = 0

    def whole(self) -> str:
        """How it ends: at an end, or nowhere."""
        target: str | None = None
        while True:
            result = self.walk(self.definition.body, target)
            if not result.startswith("back "):
                return result
            target = result.removeprefix("back ")

    def walk(self, block: Any, target: str | None) -> str:
        """On, ended, left (a sub-process) or "back <id>". With a target all before it is passed over."""
        if target and not any(getattr(one, "id", None) == target for one in schema.blocks(block)):
            return "on"
        match block:
            case schema.Sequence(blocks=inner):
                return self.each(inner, target)
            case schema.Condition() | schema.Inclusive() | schema.Parallel():
                return self.branches(block, target)
            case schema.SubProcess():
                self.inside += 1
                result = self.walk(block.body, target)
                self.inside -= 1
                return "on" if result == "left" else result
            case schema.Approval():
                return self.decide(block)
            case schema.End():
                return self.end(block)
        return "on"

    def each(self, inner: tuple[Any, ...], target: str | None) -> str:
        for child in inner:
            is_there = target and any(getattr(one, "id", None) == target for one in schema.blocks(child))
            if target and not is_there:
                continue
            result = self.walk(child, target)
            target = None
            if result != "on":
                return result
        return "on"

    def branches(self, block: Any, target: str | None) -> str:
        inside = schema.children(block)
        if target:
            inside = [
                one for one in inside if any(getattr(b, "id", None) == target for b in schema.blocks(one))
            ]
        if isinstance(block, schema.Condition):
            return self.walk(self.data.draw(st.sampled_from(inside)), target)
        if isinstance(block, schema.Inclusive) and not target:
            number = self.data.draw(st.integers(0, len(block.cases)))
            chosen = [case.body for case in block.cases[:number]]
            inside = chosen or ([block.otherwise] if block.otherwise else [])
        results = [self.walk(one, target) for one in inside]
        return next((result for result in results if result != "on"), "on")

    def decide(self, block: schema.Approval) -> str:
        choices = list(block.outcomes)
        if self.returns >= PATIENCE:
            choices = [outcome for outcome in choices if not outcome.returns_to]
        outcome = self.data.draw(st.sampled_from(choices))
        if outcome.returns_to:
            self.returns += 1
            return f"back {outcome.returns_to}"
        return self.end(outcome.ends) if outcome.ends else "on"

    def end(self, block: schema.End) -> str:
        return "left" if self.inside and not block.terminate else "ended"


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(bodies(), st.data())
def test_what_has_no_errors_compiles_and_every_walk_ends(body, data):
    body = mended(body)
    assume(not any(finding.is_error for finding in check(body, KNOWN)))
    definition = schema.Definition.model_validate(freeze(body, KNOWN.definitions))
    flow = compile_flow(definition, name="WF_0", base=CaseFlow)
    written_out = flow.definition
    steps = [block for block in schema.blocks(written_out.body) if isinstance(block, schema.Approval)]
    assert all(flow.instance.node(schema.node_name(step.id)) for step in steps)
    assert Walk(written_out, data).whole() == "ended"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(bodies())
def test_what_the_lint_offers_never_makes_another_body_unreadable(body):
    for finding in check(body, KNOWN):
        if finding.fix:
            schema.Definition.model_validate(apply_fix(body, finding.fix))


keys = st.sampled_from(["type", "id", "blocks", "body", "cases", "who", "name"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "id", "blocks", "body", "cases", "who", "name"]), inner, max_size=4
        )
    ),
    max_leaves=15,
)


@given(json_values)
def test_whatever_is_handed_in_is_answered(value):
    found = check({"schema": 1, "key": "x", "name": "x", "body": value}, KNOWN)
    assert found
    for finding in found:
        if finding.fix:
            apply_fix({"schema": 1, "key": "x", "name": "x", "body": value}, finding.fix)
