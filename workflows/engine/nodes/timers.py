"""Waits, and the deadlines of steps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from viewflow.workflow import nodes
from viewflow.workflow.models import Task
from viewflow.workflow.nodes.timer import TimerActivation
from viewflow.workflow.signals import task_finished
from viewflow.workflow.status import STATUS
from viewflow.workflow.token import Token

from realtime.prepared import insert, update
from workflows import clocks
from workflows.calendar import working_calendar
from workflows.clocks import Pause

from .. import routes
from ..move import move_of
from ..schema import Deadline, Limit, Timer
from .approval import ApprovalStep
from .steps import Step, transition

if TYPE_CHECKING:
    from workflows.models import Request


def limit_ends(start: datetime, limit: Limit, case: Request, pauses: Sequence[Pause] = ()) -> datetime:
    """When a limit of a case is over, on its clock and a calendar no older than the case's own."""
    calendar = working_calendar(case.calendar_revision)
    return clocks.due(start, limit.limit, limit.clock, calendar, pauses)


def reschedule(case: Request, pauses: Sequence[Pause]) -> int:
    """Work out anew when the case's armed timers fire: the calendar has changed, or the case stood still.

    Counted from when each was armed, so it comes out the same however often it is done. Returns how many
    moved.
    """
    moved = 0
    armed = Task.objects.filter(
        process_id=case.process_id, flow_task_type="TIMER", status=STATUS.SCHEDULED
    ).select_related("process")
    for timer in armed:
        since, limit = timer.flow_task.counted(timer)
        at = limit_ends(since, limit, case, pauses)
        if at != timer.scheduled:
            timer.scheduled = at
            timer.save(update_fields=["scheduled"])
            moved += 1
    return moved


class TimerStep(TimerActivation, Step):
    """An armed timer is a row of its own, scheduled; the sweep (``actions.timers``) fires it."""

    @classmethod
    def create(
        cls, flow_task: Any, prev_activation: Any, token: Token, data: Any = None, seed: Any = None
    ) -> Any:
        move = move_of(prev_activation)
        return cls.armed(flow_task, prev_activation, token, cls.due(flow_task, prev_activation, move.now))

    @classmethod
    def armed(
        cls,
        flow_task: Any,
        prev_activation: Any,
        token: Token,
        until: datetime,
        since: datetime | None = None,
    ) -> Any:
        """An armed timer that fires at an instant; ``since``: the end of the round before, if it repeats."""
        move = move_of(prev_activation)
        task = Task(
            process=prev_activation.process, flow_task=flow_task, flow_task_type=flow_task.task_type,
            token=token, status=STATUS.SCHEDULED, created=move.now, scheduled=until,
            data={"since": since.isoformat()} if since else {},
        )  # fmt: skip
        insert([task])
        move.link(task, prev_activation.task)
        return cls(task)

    @classmethod
    def due(cls, flow_task: Any, host: Any, now: datetime) -> datetime:
        """When it fires."""
        return limit_ends(now, flow_task.after, move_of(host).request)

    @transition(source=STATUS.SCHEDULED, target=STATUS.STARTED)
    def start(self) -> None:
        self.task.started = move_of(self).now

    @transition(source=STATUS.STARTED, target=STATUS.DONE)
    def complete(self) -> None:
        self.task.finished = move_of(self).now
        update(self.task, ["status", "started", "finished"])
        task_finished.send(sender=self.flow_class, process=self.process, task=self.task)

    @transition(source=STATUS.STARTED)
    def execute(self) -> None:
        self.complete()
        self.activate_next()


class TimerNode(nodes.Timer):
    activation_class = TimerStep

    def __init__(self, block: Timer) -> None:
        super().__init__(delay=None)
        self.block, self.after = block, block.after

    def counted(self, task: Task) -> tuple[datetime, Limit]:
        """From when and for how long an armed timer runs."""
        return task.created, self.after


class DeadlineStep(TimerStep):
    """A deadline on an approval: remind, escalate, or decide for the person who did not."""

    @transition(source=STATUS.STARTED)
    def execute(self) -> None:
        self.complete()
        host = (
            self.task.previous.select_related("owner")
            .filter(status__in=(STATUS.NEW, STATUS.ASSIGNED))
            .first()
        )
        if host is not None:
            host.process = self.process
            step = host.flow_task.activation_class(host)
            routes.time_out(step, self.flow_task.deadline)
            self.repeat(step)

    def repeat(self, host: ApprovalStep) -> None:
        """Arm the next reminder, in the rhythm of the first; what was missed while no sweep ran is let go."""
        every, move = self.flow_task.deadline.every, move_of(self)
        if every is None or self.flow_task.deadline.action != "remind":
            return
        since = self.task.scheduled
        until = limit_ends(since, every, move.request)
        if until <= move.now:
            since, until = move.now, limit_ends(move.now, every, move.request)
        self.armed(self.flow_task, host, host.task.token, until, since)


class DeadlineNode(nodes.TimerBoundary):
    """Armed with every task of its host, and disarmed by it; no signal handlers."""

    activation_class = DeadlineStep

    def __init__(self, attached_to: Any, deadline: Deadline) -> None:
        super().__init__(attached_to, delay=None, interrupting=False)
        self.deadline, self.after = deadline, deadline.after

    def counted(self, task: Task) -> tuple[datetime, Limit]:
        """From when and for how long an armed deadline runs: the first time, or a further round."""
        if self.deadline.every is not None and "since" in task.data:
            return datetime.fromisoformat(task.data["since"]), self.deadline.every
        return task.created, self.after

    def _ready(self) -> None:
        self._attached_to._boundary_events.append(self)

    def _arm(self, host_activation: Any) -> None:
        self.activation_class.create(self, host_activation, host_activation.task.token)
