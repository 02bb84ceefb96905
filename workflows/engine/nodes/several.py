"""A step several people take: the fork gives out the seats, the join settles it (:mod:`..seats`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from viewflow.this_object import this
from viewflow.workflow import nodes
from viewflow.workflow.base import Edge
from viewflow.workflow.models import Task
from viewflow.workflow.nodes.split import SplitActivation
from viewflow.workflow.signals import task_finished
from viewflow.workflow.status import STATUS
from viewflow.workflow.token import Token

from realtime.events import TaskSettled, TaskSkipped
from realtime.prepared import update

from .. import people, routes, seats
from ..move import move_of
from ..schema import Approval, Outcome, node_name
from .gateways import JoinStep
from .steps import Automatic, override, transition


class SeatsStep(SplitActivation, Automatic):
    """Gives everybody found a seat: all at once, or the first of them their turn."""

    found: people.Seats
    #: The outcome, where the step is passed over.
    passing: Outcome | None = None

    @override()
    def activate(self) -> None:
        move, block = move_of(self), self.flow_task.block
        self.found = people.seats(block, move)
        if self.found.why and not move.again:
            self.passing = routes.passing(block)
        if move.again or (self.found.why and self.passing is None):
            # Sent back on purpose, nobody passes over it; nor where there is no way to agree.
            self.found = people.Seats(people.everybody(block.who, move))
        queue = [seats.Waiting(user=user_id, added_by=None) for user_id in self.found.people]
        self.task.data = {**self.task.data, "queue": queue, "given": 0, "passed": self.found.passed}

    @transition(source=STATUS.DONE)
    def create_next(self) -> Iterator[Any]:
        fork, block, node = self.task, self.flow_task.block, self.flow_task.seat
        if self.passing is not None:
            yield self.passed_over(self.passing)
        elif self.found.passed and seats.verdict(block, seats.count(fork, block)):
            # Those who count as agreed are enough.
            yield self.flow_task.join._create(self, Token(f"{seats.prefix_of(fork)}0"))
        elif not self.found.people:
            # Nobody at all: the administrators have the one seat.
            yield seats.add(self, fork, node, None)
            seats.save(fork)
        elif block.mode == "in_turn":
            yield from seats.next_turn(self, fork, node)
            seats.save(fork)
        else:
            fork.data["queue"] = []
            for user_id in self.found.people:
                yield seats.add(self, fork, node, user_id)
            seats.save(fork)

    def passed_over(self, chosen: Outcome) -> Any:
        """Nobody has to take the step: what comes after it."""
        move, block = move_of(self), self.flow_task.block
        routes.remember_outcome(self, chosen.code)
        move.note(
            TaskSkipped,
            task=self.task.pk,
            block=block.id,
            title=block.name,
            title_en=block.name_en,
            why=self.found.why,
        )
        return self.flow_task.join._next._create(self, self.task.token)


class SeatsNode(nodes.Split):
    activation_class = SeatsStep

    def __init__(self, block: Approval) -> None:
        super().__init__()
        self.block = block

    @property
    def seat(self) -> Any:
        return self.flow_class.instance.node(node_name(self.block.id))

    @property
    def join(self) -> Any:
        return self.flow_class.instance.node(node_name(self.block.id, "join"))


class SettleStep(JoinStep):
    """Counts what the seats say; once that settles the step, the seats still open lapse.

    ``task.data``: ``branches``, what the tokens of its seats begin with; ``outcome`` once settled.
    """

    fork: Task
    tally: seats.Tally
    chosen: Outcome | None = None

    @transition(source=STATUS.STARTED)
    def activate(self) -> None:
        """Count; where it goes in turn and is not settled, the next one's turn has come."""
        block = self.flow_task.block
        self.fork = Task.objects.get(pk=int(self.task.data["branches"].rsplit("/", 1)[1].rstrip("_")))
        self.fork.process = self.process
        self.tally = seats.count(self.fork, block)
        self.chosen = seats.verdict(block, self.tally)
        if self.chosen is None and self.tally.open == len(seats.queue_of(self.fork)):
            list(seats.next_turn(self, self.fork, self.flow_task.seat))
            seats.save(self.fork)

    def is_settled(self) -> bool:
        return self.chosen is not None

    @transition(source=STATUS.STARTED, target=STATUS.DONE, conditions=[this.is_settled])
    def complete(self) -> None:
        assert self.chosen is not None
        move, block, tally = move_of(self), self.flow_task.block, self.tally
        routes.void(seats.seats_of(self.fork, block), move)
        self.task.data = {**self.task.data, "outcome": self.chosen.code}
        self.task.finished = move.now
        update(self.task, ["status", "finished", "data"])
        routes.remember_outcome(self, self.chosen.code)
        move.note(
            TaskSettled,
            block=block.id,
            title=block.name,
            title_en=block.name_en,
            outcome=self.chosen.code,
            outcome_title=self.chosen.name,
            outcome_title_en=self.chosen.name_en,
            mode=block.mode,
            agreed=tally.agreed,
            refused=tally.refused,
            lapsed=tally.open,
            needed=tally.needed,
        )
        task_finished.send(sender=self.flow_class, process=self.process, task=self.task)

    @transition(source=STATUS.DONE)
    def create_next(self) -> Iterator[Any]:
        assert self.chosen is not None
        yield from routes.after_settling(self, self.chosen, self.fork)


class SettleNode(nodes.Join):
    activation_class = SettleStep

    def __init__(self, block: Approval) -> None:
        super().__init__()
        self.block = block
        #: Outcome code → end node, set by the compiler as names and resolved by viewflow.
        self.ends: dict[str, Any] = {}

    @property
    def seat(self) -> Any:
        return self.flow_class.instance.node(node_name(self.block.id))

    def _resolve(self, instance: Any) -> None:
        super()._resolve(instance)
        self.ends = {code: this.resolve(instance, node) for code, node in self.ends.items()}

    def _outgoing(self) -> Iterator[Any]:
        yield from super()._outgoing()
        for code, node in self.ends.items():
            yield Edge(src=self, dst=node, edge_class=f"outcome_{code}")
