"""A workflow that leaves as BPMN comes back as it was, and is drawn so that people can read it."""

import json

import pytest
from hypothesis import HealthCheck, given, settings

from tests.workflows.definitions import definitions
from tests.workflows.flowing import DONE, approval, definition, parallel, sequence
from workflows.bpmn.diagram import Diagram
from workflows.bpmn.drawing import draw
from workflows.bpmn.export import export
from workflows.bpmn.importing import import_bpmn
from workflows.engine.lint import check
from workflows.engine.schema import Definition
from workflows.management.commands.load_workflows import SHIPPED

MANY = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def comes_back(body: dict) -> None:
    imported = import_bpmn(export(Definition.model_validate(body)))
    assert imported.body == body
    assert imported.report.is_whole
    assert not imported.report.count("implicit")


@pytest.mark.parametrize("file", sorted(SHIPPED.rglob("*.json")), ids=lambda file: file.stem)
def test_every_shipped_workflow_comes_back_as_it_was(file):
    comes_back(json.loads(file.read_text(encoding="utf-8")))


def test_a_return_into_a_finished_branch_comes_back_as_it_was():
    back = {"code": "back", "name": "退回", "returns_to": "second"}
    comes_back(
        definition(
            parallel("both", approval("first"), sequence(approval("second"), approval("third"))),
            approval("check", outcomes=[DONE, back]),
        )
    )


@MANY
@given(definitions())
def test_every_sound_workflow_comes_back_as_it_was(body):
    assert [finding for finding in check(body) if finding.is_error] == []
    comes_back(body)


# --- how it is drawn ---------------------------------------------------------------------------------
def overlapping(diagram: Diagram) -> list[tuple[str, str]]:
    """Pairs of shapes that cover each other; an event on the edge of its task is meant to."""
    found = []
    for at, one in enumerate(diagram.nodes):
        for other in diagram.nodes[at + 1 :]:
            if one.attached_to is other or other.attached_to is one:
                continue
            apart = (
                one.x + one.width <= other.x
                or other.x + other.width <= one.x
                or one.y + one.height <= other.y
                or other.y + other.height <= one.y
            )
            if not apart:
                found.append((one.id, other.id))
    return found


def crossed_shapes(diagram: Diagram) -> list[tuple[str, str]]:
    """Flows that run through a shape they neither leave nor reach."""
    found = []
    for flow in diagram.flows:
        for (x1, y1), (x2, y2) in zip(flow.points, flow.points[1:], strict=False):
            for node in diagram.nodes:
                if node in (flow.source, flow.target) or flow.source.attached_to is node:
                    continue
                if (
                    max(x1, x2) > node.x
                    and min(x1, x2) < node.x + node.width
                    and max(y1, y2) > node.y
                    and min(y1, y2) < node.y + node.height
                ):
                    found.append((flow.id, node.id))
    return found


@MANY
@given(definitions())
def test_no_shape_covers_another_and_lines_run_straight_around_them(body):
    diagram = draw(Definition.model_validate(body))
    assert overlapping(diagram) == []
    assert crossed_shapes(diagram) == []
    for flow in diagram.flows:
        assert len(flow.points) >= 2, flow.id
        for (x1, y1), (x2, y2) in zip(flow.points, flow.points[1:], strict=False):
            assert x1 == x2 or y1 == y2, flow.id
        assert flow.points[-1] in (flow.target.left, flow.target.bottom, flow.target.top)
    for node in diagram.nodes:
        assert 0 <= node.x <= node.x + node.width <= diagram.width
        assert 0 <= node.y <= node.y + node.height <= diagram.height
