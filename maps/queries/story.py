"""One case as the drawer of the live map tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from viewflow.workflow.models import Task

from workflows import clocks, pools
from workflows.engine.describe import step_of
from workflows.models import Request, Supervision
from workflows.policies import OPEN_TASK, may_command
from workflows.queries import unanswered_orders, urge_again
from workflows.timeline import timeline

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from grid.models import User

#: The drawer tells the latest part of the story; the case's own page tells all of it.
STORY_STEPS = 6


@dataclass(frozen=True)
class Holder:
    """Who has a case: a person, or the role that may take it, and the step it waits in."""

    name: str
    step: str
    is_pool: bool


def told(case: Request, viewer: User | AnonymousUser) -> dict[str, Any]:
    """The case, its light, who has it and the last steps of its story, the newest first."""
    entries = timeline(case, viewer)
    return {
        "case": case,
        "light": clocks.light(timezone.now(), case.yellow_at, case.due_at, case.closed_at),
        "holders": holders(case),
        "entries": entries[::-1][:STORY_STEPS],
        "earlier": max(len(entries) - STORY_STEPS, 0),
        "orders": list(unanswered_orders().filter(request=case)),
        "may_command": case.is_open and may_command(viewer, case),
        "urge_again": urge_again(case),
        "levels": Supervision.Level.choices,
    }


def holders(case: Request) -> list[Holder]:
    """Who has the case now: one entry per open task."""
    tasks = Task.objects.filter(
        process_id=case.process_id, status__in=OPEN_TASK, flow_task_type="HUMAN"
    ).select_related("owner")
    return [_holder(task) for task in tasks.order_by("pk")] if case.process_id else []


def _holder(task: Task) -> Holder:
    step = step_of(task).title
    if task.owner:
        return Holder(str(task.owner), step, is_pool=False)
    return Holder(pools.title(task.owner_permission or ""), step, is_pool=True)
