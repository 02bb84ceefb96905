"""What all nodes share: the way forward, steps no person takes, and steps that just do something once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from viewflow.workflow.activation import Activation
from viewflow.workflow.models import Task
from viewflow.workflow.signals import task_finished
from viewflow.workflow.token import Token

from realtime.prepared import insert

from ..move import move_of

transition = Activation.status.transition
override = Activation.status.super


#: What :attr:`Step.leaves` says at the end of the case.
EVERYTHING = "*"


def is_within(task: Task, branches: str) -> bool:
    """Whether a task lies in the branches with these tokens (``start/12_``), or is the join at their end."""
    if branches == EVERYTHING:
        return True
    ends: str = (task.data or {}).get("branches", "")
    return str(task.token).startswith(branches) or ends.startswith(branches)


def advance(activations: Iterable[Any]) -> None:
    """Run a case forward until it waits for a person or a timer. Joins are looked at last.

    What a step leaves behind (:attr:`Step.leaves`) does not run any more.
    """
    queue = list(activations)
    joins: dict[int, Any] = {}
    while queue or joins:
        if queue:
            activation = queue.pop(0)
            if activation.type == "join":
                joins[activation.task.pk] = activation
                continue
        else:
            activation = joins.popitem()[1]
        for step in (activation.activate, activation.complete):
            if step.can_proceed():
                step()
        if left := activation.leaves:
            queue = [waiting for waiting in queue if not is_within(waiting.task, left)]
            joins = {pk: join for pk, join in joins.items() if not is_within(join.task, left)}
        if activation.create_next.can_proceed():
            queue.extend(activation.create_next())


class Step(Activation):
    """What all our activations share: identity without a primary key, and our own way forward."""

    #: The branches that are void once this step was taken; "" for none.
    leaves = ""

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def _activate_next(self, activations: Iterable[Any]) -> None:
        advance(activations)

    @override()
    def activate_next(self) -> None:
        advance(self.create_next())


class Automatic(Step):
    """A step no person takes: it begins and ends within one move, so its row is inserted once, done."""

    came_from: Task

    @classmethod
    def create(
        cls, flow_task: Any, prev_activation: Any, token: Token, data: Any = None, seed: Any = None
    ) -> Any:
        task = Task(
            process=prev_activation.process,
            flow_task=flow_task,
            flow_task_type=flow_task.task_type,
            token=token,
            data=data or {},
        )
        activation = cls(task)
        activation.came_from = prev_activation.task
        return activation

    @override()
    def activate(self) -> None:
        """Nothing to do by itself."""

    @override()
    def complete(self) -> None:
        move = move_of(self)
        self.task.created = self.task.started = self.task.finished = move.now
        insert([self.task])
        move.link(self.task, self.came_from)
        task_finished.send(sender=self.flow_class, process=self.process, task=self.task)
