"""Where a case begins, ends, chooses, splits and comes together again."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from viewflow.this_object import this
from viewflow.workflow import nodes
from viewflow.workflow.models import Task
from viewflow.workflow.nodes.end import EndActivation
from viewflow.workflow.nodes.func import FunctionActivation
from viewflow.workflow.nodes.join import JoinActivation
from viewflow.workflow.nodes.split import SplitActivation
from viewflow.workflow.nodes.start import StartHandleActivation
from viewflow.workflow.nodes.switch import SwitchActivation
from viewflow.workflow.signals import flow_finished, flow_started, task_finished
from viewflow.workflow.status import PROCESS, STATUS
from viewflow.workflow.token import Token

from realtime.prepared import insert, update

from .. import marks, routes
from ..move import OVER, move_of
from ..schema import End
from .steps import EVERYTHING, Automatic, Step, is_within, override, transition


class StartStep(StartHandleActivation, Step):
    @override()
    def execute(self) -> None:
        move = move_of(self)
        insert([self.process])
        # It may have waited for somebody's hand-over: who is on duty is asked as of now.
        move.now = timezone.now()
        self.task.process = self.process
        self.task.created = self.task.started = self.task.finished = move.now
        self.task.status = STATUS.DONE
        insert([self.task])
        flow_started.send(sender=self.flow_class, process=self.process, task=self.task)
        self.activate_next()


class StartNode(nodes.StartHandle):
    activation_class = StartStep


class EndStep(EndActivation, Automatic):
    """Ends the case. Whatever is still open elsewhere, in a parallel branch, is void."""

    @override()
    def activate(self) -> None:
        move, block = move_of(self), self.flow_task.block
        if self.flow_class.has_parallel:
            routes.void(Task.objects.filter(process_id=self.process.pk), move)
        move.enter(block.state)
        marks.close(move)
        move.finish_process(PROCESS.DONE)
        self.leaves = EVERYTHING

    @override()
    def complete(self) -> None:
        super().complete.original()
        flow_finished.send(sender=self.flow_class, process=self.process, task=self.task)


class EndNode(nodes.End):
    activation_class = EndStep

    def __init__(self, block: End) -> None:
        super().__init__()
        self.block = block


class LeaveStep(FunctionActivation, Automatic):
    """The end of a sub-process, also out of branches of its own: what is open in those is void, and the case
    goes on after the sub-process as if it had never split."""

    @classmethod
    def create(
        cls, flow_task: Any, prev_activation: Any, token: Token, data: Any = None, seed: Any = None
    ) -> Any:
        parts = token.token.split("/")
        outside = len(parts) - flow_task.forks
        activation = super().create(flow_task, prev_activation, Token("/".join(parts[:outside])), data, seed)
        if flow_task.forks:
            activation.leaves = "/".join(parts[: outside + 1]).rsplit("_", 1)[0] + "_"
        return activation

    @override()
    def activate(self) -> None:
        if self.leaves:
            open_tasks = Task.objects.filter(process_id=self.process.pk).exclude(status__in=OVER)
            inside = [task.pk for task in open_tasks if is_within(task, self.leaves)]
            routes.void(Task.objects.filter(pk__in=inside), move_of(self))


class LeaveNode(nodes.Function):
    """``forks``: how many forks of the sub-process lie around this end."""

    activation_class = LeaveStep

    def __init__(self, block: End, forks: int) -> None:
        super().__init__(func=None)
        self.block, self.forks = block, forks


class ConditionStep(SwitchActivation, Automatic):
    @override()
    def activate(self) -> None:
        self.next_task = next(
            node for node, holds in self.flow_task._branches if holds is None or holds(self)
        )


class ConditionNode(nodes.Switch):
    activation_class = ConditionStep


class ForkStep(SplitActivation, Automatic):
    @override()
    def activate(self) -> None:
        self.next_tasks = [(node, None) for node, _, _ in self.flow_task._branches]


class ForkNode(nodes.Split):
    activation_class = ForkStep


def otherwise(_activation: Any) -> bool:
    """The case of the branch that is taken when no other is."""
    return False


class InclusiveStep(SplitActivation, Automatic):
    """Takes every branch whose condition holds now, else the one for otherwise; the conditions are not asked
    again when the branches come together."""

    @override()
    def activate(self) -> None:
        branches = self.flow_task._branches
        self.next_tasks = [(node, None) for node, holds, _ in branches if holds(self)] or [
            (node, None) for node, holds, _ in branches if holds is otherwise
        ]


class InclusiveNode(nodes.Split):
    activation_class = InclusiveStep


class JoinStep(JoinActivation, Step):
    """Waits for every branch of its fork: done when nothing under the fork's token is open any more."""

    @classmethod
    def create(
        cls, flow_task: Any, prev_activation: Any, token: Token, data: Any = None, seed: Any = None
    ) -> Any:
        move, base = move_of(prev_activation), token.get_base_split_token()
        task = Task.objects.filter(
            process_id=prev_activation.process.pk, flow_task=flow_task, token=base, status=STATUS.STARTED
        ).first()
        if task is None:
            task = Task(
                process=prev_activation.process, flow_task=flow_task, flow_task_type=flow_task.task_type,
                token=base, status=STATUS.STARTED, created=move.now, started=move.now,
                data={"branches": token.token.rsplit("_", 1)[0] + "_"},
            )  # fmt: skip
            insert([task])
        task.process = prev_activation.process
        move.link(task, prev_activation.task)
        return cls(task)

    def is_done(self) -> bool:
        branches = self.task.data["branches"]
        return not (
            Task.objects.filter(process_id=self.process.pk, token__startswith=branches)
            .exclude(status__in=OVER)
            .exists()
        )

    @transition(source=STATUS.STARTED)
    def activate(self) -> None:
        """Started when the first branch arrived."""

    @transition(source=STATUS.STARTED, target=STATUS.DONE, conditions=[this.is_done])
    def complete(self) -> None:
        self.task.finished = move_of(self).now
        update(self.task, ["status", "finished"])
        task_finished.send(sender=self.flow_class, process=self.process, task=self.task)


class JoinNode(nodes.Join):
    activation_class = JoinStep
