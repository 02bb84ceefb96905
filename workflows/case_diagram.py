"""A case on the BPMN diagram of its version: which steps are done, under way, cancelled."""

from __future__ import annotations

from datetime import datetime

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from .bpmn.diagram import Diagram
from .bpmn.drawing import draw
from .bpmn.picture import Mark, Picture, picture
from .engine import schema
from .engine.move import OVER
from .models import Request, WorkflowVersion


def version_of(case: Request) -> WorkflowVersion | None:
    """The version a case runs on; None for a case without a workflow."""
    number = str(case.process.flow_class.__name__).removeprefix("WF_") if case.process else ""
    found = (
        WorkflowVersion.objects.select_related("definition").filter(pk=number) if number.isdecimal() else None
    )
    return found.first() if found is not None else None


def picture_of(case: Request, version: WorkflowVersion) -> Picture:
    """The diagram of the version, as it was drawn, with what happened on the case. One query."""
    diagram = draw(schema.Definition.model_validate(version.body))
    drawn = {node.id for node in diagram.nodes}
    marks: dict[str, Mark] = {}
    for task in Task.objects.filter(process_id=case.process_id).order_by("pk"):
        name = _drawn_as(task.flow_task.name, drawn)
        # A deadline is worth a mark when it has passed.
        if name is not None and (task.status == STATUS.DONE or "__deadline" not in name):
            before = marks.get(name)
            if before is None or before.state != "now":
                marks[name] = _mark(task)
    for node in diagram.nodes:
        # The gateway of a step's outcomes runs with the step.
        host = node.id.removesuffix("__outcomes")
        if host != node.id and host in marks and marks[host].state == "done":
            marks[node.id] = Mark("done")
    _come_together(diagram, marks)
    return picture(diagram, marks)


def _come_together(diagram: Diagram, marks: dict[str, Mark]) -> None:
    """Mark where the ways of a choice meet: nothing runs there, but a case that is behind it came through."""
    for node in reversed(diagram.nodes):
        if node.id not in marks and node.tag == "exclusiveGateway" and len(node.outgoing) == 1:
            behind = marks.get(node.outgoing[0].target.id)
            if behind is not None and behind.state != "void":
                marks[node.id] = Mark("done")


def _drawn_as(name: str, drawn: set[str]) -> str | None:
    """The node of the diagram a task belongs to. What a sub-process or a whistle is written out to (ids
    ``…_IN_<block>``) is that one block on the drawing."""
    name = "start" if name == "b_start__" else name
    if name in drawn:
        return name
    block = schema.block_of(name)
    outer = schema.node_name(block.rpartition("_IN_")[2])
    return outer if outer in drawn else None


def _mark(task: Task) -> Mark:
    if task.status == STATUS.DONE:
        return Mark("done", _said(pgettext("step", "done"), task.finished))
    if task.status in OVER:
        return Mark("void", pgettext("step", "cancelled"))
    return Mark("now", _said(pgettext("step", "now"), task.created))


def _said(word: str, moment: datetime | None) -> str:
    if moment is None:
        return word
    shown = formats.date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")
    return _("%(word)s, %(moment)s") % {"word": word, "moment": shown}
