"""The sweep of timers: deadlines of steps, and waits."""

from __future__ import annotations

import logging

from django.db import connection
from django.utils import timezone
from viewflow.workflow.models import Process, Task
from viewflow.workflow.status import STATUS

from ..models import State
from .moves import moving

logger = logging.getLogger(__name__)


def fire_timers() -> int:
    """Fire every timer that is due; how many fired.

    Safe to run in many processes at once: each timer is looked at again under its case's lock, and a case
    somebody is just moving is left to the next sweep. One that fails is logged and stops nobody else's; it
    is tried again at the next sweep.
    """
    due = Task.objects.filter(
        flow_task_type="TIMER",
        status=STATUS.SCHEDULED,
        scheduled__lte=timezone.now(),
        process__request__isnull=False,
    ).exclude(process__request__state=State.SUSPENDED)
    fired = 0
    for task_id in list(due.order_by("scheduled", "pk").values_list("pk", flat=True)):
        try:
            fired += _fire(task_id)
        except Exception:
            logger.exception("timer %s failed; it will be tried again", task_id)
    return fired


def _fire(task_id: int) -> bool:
    skip_locked = connection.features.has_select_for_update_skip_locked
    try:
        with moving(task_id, None, skip_locked=skip_locked) as (move, timer):
            task: Task = timer.task
            if task.status != STATUS.SCHEDULED or task.scheduled > move.now:
                return False
            if move.request.state == State.SUSPENDED:
                return False  # It fell due before the pause began: it fires when the case goes on.
            timer.start()
            timer.execute()
            return True
    except Process.DoesNotExist:
        return False
