"""A step a person takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from viewflow.this_object import this
from viewflow.workflow import nodes
from viewflow.workflow.base import Edge
from viewflow.workflow.models import Task
from viewflow.workflow.nodes.view import ViewActivation
from viewflow.workflow.signals import task_finished, task_started
from viewflow.workflow.status import STATUS
from viewflow.workflow.token import Token

from realtime.events import TaskCreated, TaskSkipped
from realtime.prepared import insert, update

from .. import people, routes
from ..move import move_of
from ..schema import Approval, Outcome, node_name
from .steps import Step, override


class ApprovalStep(ViewActivation, Step):
    """A step one person takes.

    ``task.data``: ``outcome`` once decided; ``back_to`` when it was a return; ``resume`` the block to jump
    back to, and for whom; ``assign_to`` the person it is meant for; ``told`` whose lists it is on; ``pool``
    whether it can go back to one; ``seat`` its number at a step for several people (:mod:`..seats`), and
    ``added_by`` who added it there; ``helps`` whether help was asked for; ``skipped`` why it was passed over.
    :mod:`..hands` keeps there where a step has been that passes through several hands.
    """

    @classmethod
    def create(
        cls, flow_task: Any, prev_activation: Any, token: Token, data: Any = None, seed: Any = None
    ) -> Any:
        move, block = move_of(prev_activation), flow_task.block
        data = dict(data or {})
        assignment = routes.assignment(block, move, data.pop("assign_to", None))
        if isinstance(assignment, people.Skipped):
            if chosen := routes.passing(block):
                return cls.passed_over(flow_task, prev_activation, token, assignment.why, chosen)
            assignment = people.assign(block.who, move)
        task = Task(
            process=prev_activation.process, flow_task=flow_task, flow_task_type=flow_task.task_type,
            token=token, created=move.now, data=data,
        )  # fmt: skip
        activation = cls(task)
        activation.hand_to(assignment)
        insert([task])
        move.link(task, prev_activation.task)
        if data.get("seat", 1) == 1:
            # Seats that open later bring no new state.
            move.enter(routes.entry_state(block, move.again))
        move.note(
            TaskCreated,
            # A resident hears that the case is closed; that is the same news.
            notify=() if block.form == "rating" else assignment.told,
            task=task.pk,
            block=block.id,
            title=block.name,
            title_en=block.name_en,
            assignee=routes.shown_name(assignment, move),
            role=assignment.role,
        )
        for deadline in flow_task._boundary_events:
            deadline._arm(activation)
        return activation

    @classmethod
    def passed_over(
        cls, flow_task: Any, prev_activation: Any, token: Token, why: str, chosen: Outcome
    ) -> Any:
        """The step as it is when nobody has to take it: over at once, decided by nobody."""
        move, block = move_of(prev_activation), flow_task.block
        task = Task(
            process=prev_activation.process, flow_task=flow_task, flow_task_type=flow_task.task_type,
            token=token, status=STATUS.DONE, created=move.now, started=move.now, finished=move.now,
            data={"outcome": chosen.code, "skipped": why},
        )  # fmt: skip
        insert([task])
        move.link(task, prev_activation.task)
        if block.id in flow_task.flow_class.asked_outcomes:
            move.remember("outcomes", {block.id: {"outcome": chosen.code}})
        move.note(
            TaskSkipped, task=task.pk, block=block.id, title=block.name, title_en=block.name_en, why=why
        )
        return cls(task)

    def hand_to(self, assignment: people.Assignment, *, lent: bool = False) -> None:
        """Give the task to a person or a pool; the caller saves it. Whoever lends it stays the handler."""
        move, task = move_of(self), self.task
        task.owner_id, task.owner_permission = assignment.owner_id, assignment.permission
        task.status = STATUS.NEW if assignment.is_pool else STATUS.ASSIGNED
        task.assigned = None if assignment.is_pool else move.now
        kept = {name: value for name, value in task.data.items() if name not in ("lent", "undo")}
        task.data = kept | {"told": sorted(assignment.told), "pool": assignment.is_pool}
        move.concerns |= assignment.told
        if self.flow_task.block.handler and assignment.owner_id and not lent:
            move.change(handler_id=assignment.owner_id)

    @override()
    def complete(self) -> None:
        self.task.finished = move_of(self).now
        update(self.task, ["status", "owner", "owner_permission", "assigned", "started", "finished", "data"])
        self.disarm()
        task_finished.send(sender=self.flow_class, process=self.process, task=self.task)

    @override()
    def start(self, request: Any) -> None:
        self.task.started = move_of(self).now
        task_started.send(sender=self.flow_class, process=self.process, task=self.task)

    @override()
    def cancel(self) -> None:
        self.task.finished = move_of(self).now
        update(self.task, ["status", "finished"])
        self.disarm()

    def disarm(self) -> None:
        """Switch this task's deadlines off. viewflow leaves them armed when the host is cancelled.

        Help that was asked for and has not come is not needed any more, either.
        """
        if self.task.data.get("helps"):
            asked = Task.objects.filter(flow_task=self.flow_task.help, previous=self.task.pk)
            routes.void(asked.filter(process_id=self.process.pk), move_of(self))
        armed = self.flow_task._boundary_events
        if armed:
            Task.objects.filter(
                process_id=self.process.pk,
                flow_task__in=armed,
                previous=self.task.pk,
                status=STATUS.SCHEDULED,
            ).update(status=STATUS.CANCELED, finished=move_of(self).now)

    @override()
    def create_next(self) -> Iterator[Any]:
        yield from routes.onward(self)


class ApprovalNode(nodes.View):
    activation_class = ApprovalStep

    def __init__(self, block: Approval) -> None:
        super().__init__(view=None)
        self.block = block
        #: Outcome code → end node, set by the compiler as names and resolved by viewflow.
        self.ends: dict[str, Any] = {}

    def _create(self, prev_activation: Any, token: Any, data: Any = None, seed: Any = None) -> Any:
        # Deadlines are armed by the activation, which knows the case's move.
        return self.activation_class.create(self, prev_activation, token, data=data, seed=seed)

    @property
    def help(self) -> Any:
        """The node of tasks beside this step, None where nobody may ask for help."""
        wanted = "co_handle" in self.block.moves
        return self.flow_class.instance.node(node_name(self.block.id, "help")) if wanted else None

    def _resolve(self, instance: Any) -> None:
        super()._resolve(instance)
        self.ends = {code: this.resolve(instance, node) for code, node in self.ends.items()}

    def _outgoing(self) -> Iterator[Any]:
        yield from super()._outgoing()
        for code, node in self.ends.items():
            yield Edge(src=self, dst=node, edge_class=f"outcome_{code}")
