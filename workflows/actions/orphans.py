"""Tasks that nobody would find any more: in a pool nobody is left in, or with somebody whose account closed.

A responsibility may end on a day, at midnight, when nobody is at work to hand anything over. The sweep finds
what was left behind and gives it to whoever answers now.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from django.db import connection
from viewflow.workflow.models import Process, Task
from viewflow.workflow.status import STATUS

from realtime.events import TaskTransferred

from .. import pools, queries
from ..engine import hands, routes
from ..engine.move import OPEN
from .handover import is_requesters
from .moves import moving, named

logger = logging.getLogger(__name__)


def pass_on_orphans() -> int:
    """Give every such task to whoever answers for its step now; how many found somebody new.

    Safe to run in many processes at once: each task is looked at again under its case's lock. One that fails
    is logged and stops nobody else's.
    """
    passed = 0
    for task_id in [*_in_empty_pools(), *_of_closed_accounts()]:
        try:
            passed += _pass_on(task_id)
        except Exception:
            logger.exception("task %s has nobody; it will be tried again", task_id)
    return passed


def _in_empty_pools() -> Iterable[int]:
    waiting = Task.objects.filter(owner=None, status=STATUS.NEW, process__request__isnull=False)
    lost = pools.empty(waiting.order_by().values_list("owner_permission", flat=True).distinct())
    return list(waiting.filter(owner_permission__in=lost).values_list("pk", flat=True)) if lost else []


def _of_closed_accounts() -> Iterable[int]:
    closed = Task.objects.filter(owner__is_active=False, status__in=OPEN, process__request__isnull=False)
    return [task.pk for task in closed.select_related("process") if not is_requesters(task)]


def _pass_on(task_id: int) -> bool:
    skip_locked = connection.features.has_select_for_update_skip_locked
    try:
        with moving(task_id, None, skip_locked=skip_locked) as (move, step):
            task, before = step.task, step.task.owner_permission
            if task.status not in OPEN or (task.owner is not None and task.owner.is_active):
                return False
            assignment = routes.heir(step)
            if assignment.is_pool and task.owner_id is None and assignment.permission == before:
                return False  # Somebody came back, or there is nobody at all yet: it stays where it is.
            step.hand_to(assignment)
            task.save(update_fields=hands.HANDED)
            if assignment.is_pool and step.flow_task.block.handler:
                move.change(handler=None)
            name = assignment.name or "、".join(queries.pool_names(assignment.permission))
            move.note(TaskTransferred, **named(step), to=name, notify=assignment.told)
            return True
    except Process.DoesNotExist:
        return False
