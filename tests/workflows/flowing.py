"""Small workflows for the tests, and cases running on them."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from grid.models import User
from realtime.models import Event
from tests.factories import Town
from workflows.actions.cases import start_case
from workflows.actions.definitions import publish_version
from workflows.actions.publication import Publication, lock_definition, put_in_force
from workflows.engine.describe import step_of
from workflows.engine.move import OPEN
from workflows.models import Request, WorkflowVersion

DONE = {"code": "done", "name": "完成", "name_en": "Done", "style": "primary"}
END: dict[str, Any] = {"type": "end", "id": "over", "name": "结束", "state": "closed"}


def approval(block_id: str, who: Any = "grid_member", **more: Any) -> dict[str, Any]:
    """A step for a duty role, or for whom a list of ``who`` says, with one outcome."""
    whom = [{"role": who}] if isinstance(who, str) else who
    return {
        "type": "approval",
        "id": block_id,
        "name": f"步骤{block_id}",
        "who": whom,
        "outcomes": [DONE],
    } | more


def sequence(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"type": "sequence", "blocks": list(blocks)}


def parallel(block_id: str, *branches: dict[str, Any]) -> dict[str, Any]:
    return {"type": "parallel", "id": block_id, "branches": list(branches)}


def condition(block_id: str, when: str, then: dict[str, Any], otherwise: dict[str, Any] | None = None) -> Any:
    cases = [{"when": when, "body": then}]
    return {"type": "condition", "id": block_id, "cases": cases, "otherwise": otherwise or sequence()}


def inclusive(block_id: str, *cases: tuple[str, dict[str, Any]], otherwise: Any = None) -> dict[str, Any]:
    """Every case (condition, body) that holds, at the same time."""
    drawn = [{"when": when, "body": body} for when, body in cases]
    return {"type": "inclusive", "id": block_id, "cases": drawn, "otherwise": otherwise}


def subprocess(
    block_id: str, *blocks: dict[str, Any], name: str = "子流程", of: str = "inner", **more: Any
) -> Any:
    """A sub-process with its body frozen."""
    frozen = {"type": "subprocess", "id": block_id, "name": name, "definition": of, "body": sequence(*blocks)}
    return frozen | more


def definition(*blocks: dict[str, Any], key: str = "trial", end: bool = True) -> dict[str, Any]:
    body = sequence(*blocks, *([END] if end else []))
    return {"schema": 1, "key": key, "name": "试验流程", "name_en": "Trial", "body": body}


def publish(*blocks: dict[str, Any], key: str = "trial") -> WorkflowVersion:
    """A version of these blocks in force. What :func:`subprocess` froze by hand stays as it is."""
    body = definition(*blocks, key=key)
    if _is_frozen(body):
        with transaction.atomic():
            return put_in_force(lock_definition(body), Publication(body))[0]
    return publish_version(body=body)[0]


def _is_frozen(body: Any) -> bool:
    if isinstance(body, dict):
        is_one = body.get("type") == "subprocess" and "body" in body
        return is_one or any(_is_frozen(value) for value in body.values())
    return isinstance(body, list) and any(_is_frozen(value) for value in body)


def new_request(town: Town, *, grid: int | None = 1, **more: Any) -> Request:
    area = town.grids[grid - 1] if grid else None
    return Request.objects.create(
        **{
            "number": uuid.uuid4().hex[:20],
            "reporter": town.resident,
            "text": "路灯不亮",
            "area": area,
            "area_path": area.path if area else "",
            "area_today": area,
            "path_today": area.path if area else "",
            "placed": "inside" if area else "unplaced",
        }
        | more
    )


def begin(town: Town, *, grid: int | None = 1, key: str = "trial", **more: Any) -> Request:
    """A case that has just started on a definition."""
    request = new_request(town, grid=grid, **more)
    with transaction.atomic():
        start_case(request, actor=request.reporter, definition=key)
    return request


def run(town: Town, *blocks: dict[str, Any], **more: Any) -> Request:
    """A case on a definition of these blocks (and an end)."""
    publish(*blocks)
    return begin(town, **more)


def tasks(request: Request, block: str | None = None) -> list[Task]:
    """People's tasks of a case, oldest first."""
    everything = Task.objects.filter(process=request.process_id, flow_task_type="HUMAN").order_by("pk")
    return [task for task in everything if block in (None, step_of(task).block_id)]


def open_task(request: Request, block: str) -> Task:
    (task,) = [task for task in tasks(request, block) if task.status in OPEN]
    return task


def open_blocks(request: Request) -> list[str]:
    return [step_of(task).block_id for task in tasks(request) if task.status in OPEN]


def armed(request: Request) -> int:
    """How many timers of the case are armed."""
    return Task.objects.filter(
        process=request.process_id, flow_task_type="TIMER", status=STATUS.SCHEDULED
    ).count()


def events(request: Request, *kinds: str) -> list[Event]:
    """The case's events in order, of these kinds."""
    chain = Event.objects.filter(subject_type="request", subject_id=request.pk).order_by("chain_seq")
    return [event for event in chain if not kinds or event.kind in kinds]


def told(event: Event) -> set[User]:
    return {notification.user for notification in event.notifications.select_related("user")}
