"""Beginnings and new beginnings: start a case's workflow, reopen it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from viewflow.workflow.models import Process, Task
from viewflow.workflow.status import PROCESS, STATUS

from grid.errors import NotAllowed, Refused
from grid.models import User
from realtime.events import RequestReopened

from .. import limits, policies
from ..engine import marks, routes
from ..engine.answers import fill_form
from ..engine.move import OPEN, Move
from ..engine.nodes import StartStep
from ..in_force import version_for
from ..locking import lock_case
from ..models import Opinion, Request, WorkflowVersion
from ..texts import clean_text
from .moves import tell


def start_case(
    request: Request,
    *,
    actor: User | None,
    definition: str | None = None,
    fields: Mapping[str, Any] | None = None,
) -> None:
    """Create the case's process on the version in force and run it to the first person's step.

    The definition is the one named, else the one bound to the request's category and area on the day it was
    filed (``workflows.bindings``); ``fields`` are what its filing form asks, by code. Called inside the
    transaction that files the request. Raises :class:`Refused` when no such workflow has been published, or
    when a field is missing or makes no sense.
    """
    move = Move(request, Process(data={}), actor)
    flow_class = _version(request, definition).flow_class
    move.process.flow_class, move.process.created = flow_class, move.now
    fill_form(flow_class.definition.fields, fields or {}, move)
    step = StartStep(Task(process=move.process, flow_task=flow_class.start_node(), flow_task_type="START"))
    step.execute()
    move.change(process=move.process)
    tell(move)


def _version(request: Request, definition: str | None) -> WorkflowVersion:
    on = timezone.localdate(request.filed_at)
    version = version_for(request.category, request.area, definition, on=on)
    if version is None:
        raise Refused(_("No workflow has been published for this kind of request. Tell the administrator."))
    return version


@transaction.atomic
def reopen_case(*, request_id: int, actor: User, reason: str) -> Request:
    """重办: the case goes back to whoever handled it last, on the same process, with its whole history.

    From the open rating, or from the ended process, which is revived. The limit runs anew. Who may is asked
    here as well. Raises :class:`Refused`.
    """
    reason = clean_text(reason).strip()
    request = lock_case(request_id)
    if not policies.may_reopen(actor, request):
        raise NotAllowed(_("This request cannot be reopened any more. File a new one."))
    assert request.process is not None
    move = Move(request, request.process, actor)
    latest = _latest(move)
    target = routes.handler_block(move)
    if target is None:
        raise Refused(_("Nobody has handled this request yet, so it cannot be reopened. File a new one."))
    move.concerns.update(latest.data.get("told", ()))
    marks.reopen(move)
    limits.restart(request, move.now)
    move.changed(*limits.LIMIT_FIELDS)
    Opinion.objects.create(
        task=latest,
        request=request,
        block=getattr(getattr(latest.flow_task, "block", None), "id", ""),
        move="reopen",
        text=reason,
        actor=actor,
        at=move.now,
    )
    handler = routes.last_run(move, target.id).owner
    move.note(RequestReopened, reason=reason, to=str(handler) if handler else "")
    routes.reopen(latest.flow_task.activation_class(latest), target.id)
    tell(move)
    return request


def _latest(move: Move) -> Task:
    """What the case comes back from: the open rating, or the end of the process."""
    tasks = Task.objects.filter(process_id=move.process.pk)
    if move.process.status == PROCESS.DONE:
        task = tasks.filter(flow_task_type="END", status=STATUS.DONE).latest("pk")
    elif move.process.status == PROCESS.CANCELED:  # closed by order: no end was reached
        task = tasks.exclude(flow_task_type="TIMER").latest("pk")
    else:
        task = next((task for task in tasks.filter(status__in=OPEN) if _is_rating(task)), None)
        if task is None:
            raise Refused(_("This request is being worked on already."))
    task.process = move.process
    return task


def _is_rating(task: Task) -> bool:
    return getattr(getattr(task.flow_task, "block", None), "form", "") == "rating"
