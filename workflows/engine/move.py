"""One move on one case: what the engine did, gathered while nodes run and written once at the end.

Every viewflow activation of a move shares one :class:`Move`, found on the process it runs in. The engine
never talks to the log: it notes what happened, and the action that made the move tells it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils import timezone
from viewflow.workflow.models import Process, Task
from viewflow.workflow.status import STATUS

from realtime.events import CasePayload
from realtime.prepared import insert, update
from workflows.models import Request

from .schema import node_name

if TYPE_CHECKING:
    from grid.models import User

#: A task in one of these is over.
OVER = (STATUS.DONE, STATUS.CANCELED, STATUS.REVIVED)
#: A person can still act on a task in one of these.
OPEN = (STATUS.NEW, STATUS.ASSIGNED, STATUS.STARTED)

_Link = Task.previous.through


@dataclass
class Happening:
    """An event to be: its class, its values but for the case itself, and who is notified."""

    kind: type[CasePayload]
    values: dict[str, Any]
    notify: set[int]


@dataclass
class Move:
    """``actor`` is None when a timer moves the case. ``now`` is one instant for everything in the move."""

    request: Request
    process: Process
    actor: User | None
    now: datetime = field(default_factory=timezone.now)
    happened: list[Happening] = field(default_factory=list)
    #: Set on a return, a reopening: the reason the next step opens again.
    again: str = ""
    #: Who decided a step in this move: whose task it was, then whoever stood in for them.
    decided_by: tuple[int, ...] = ()
    #: Whether this move took its task out of the pool.
    took_it: bool = False
    #: Users whose screens change with this move: on every event's audience.
    concerns: set[int] = field(default_factory=set)
    #: Users who get nothing in this move: they are leaving.
    leaving: frozenset[int] = frozenset()
    #: Whether the rows by which pools take turns are locked (:mod:`.sharing`).
    turns_locked: bool = False
    _links: list[Any] = field(default_factory=list)
    _request_changes: set[str] = field(default_factory=set)
    _process_changes: set[str] = field(default_factory=set)

    #: Whether the move is only supposed: the rules are asked, nothing is written (:mod:`.supposition`).
    is_supposed: ClassVar[bool] = False

    def __post_init__(self) -> None:
        self.process.move = self

    def last_doer(self, block: str | None = None) -> int | None:
        """Id of the user who decided this block, or any step, last on this case; None if nobody did."""
        done = Task.objects.filter(process_id=self.process.pk, flow_task_type="HUMAN", status=STATUS.DONE)
        if block is not None:
            done = done.filter(flow_task=self.process.flow_class.instance.node(node_name(block)))
        decided = done.filter(owner__isnull=False).order_by("-finished", "-pk")
        return decided.values_list("owner_id", flat=True).first()

    # --- what the engine notes -----------------------------------------------------------------
    def link(self, task: Task, previous: Task) -> None:
        """Note viewflow's ``task.previous``; all links of a move are written with one statement."""
        self._links.append(_Link(from_task_id=task.pk, to_task_id=previous.pk))

    def change(self, **values: Any) -> None:
        """Change the request's row, at the end of the move."""
        for name, value in values.items():
            setattr(self.request, name, value)
        self.changed(*values)

    def changed(self, *names: str) -> None:
        """These fields of the request's row were changed."""
        self._request_changes.update(names)

    def enter(self, state: str | None) -> None:
        """The case is now in this state; the only way a state is ever set."""
        if state and state != self.request.state:
            self.change(state=state)

    def remember(self, section: str, values: dict[str, Any]) -> None:
        """Keep values with the process, where conditions find them."""
        if values:
            self.process.data.setdefault(section, {}).update(values)
            self._process_changes.add("data")

    def change_version(self, flow_class: Any, data: dict[str, Any]) -> None:
        """The case goes on by another version of its workflow."""
        self.process.flow_class, self.process.data = flow_class, data
        self._process_changes |= {"flow_class", "data"}

    def finish_process(self, status: str) -> None:
        self.process.status, self.process.finished = status, self.now
        self._process_changes |= {"status", "finished"}

    def reopen_process(self) -> None:
        self.process.status, self.process.finished = STATUS.NEW, None
        self._process_changes |= {"status", "finished"}

    def note(self, kind: type[CasePayload], *, notify: Iterable[int | None] = (), **values: Any) -> None:
        """Something happened. Nobody is notified of what they did themselves."""
        told = {user_id for user_id in notify if user_id}
        self.concerns |= told
        if self.actor is not None:
            told.discard(self.actor.pk)
        self.happened.append(Happening(kind, values, told))

    # --- writing -------------------------------------------------------------------------------
    def write(self) -> None:
        """Write what was gathered. Tasks are written by their activations as they go."""
        insert(self._links, ignore_conflicts=True)
        if self._process_changes:
            update(self.process, self._process_changes)
        if self._request_changes:
            update(self.request, self._request_changes)


def move_of(activation: Any) -> Move:
    """The move an activation runs in."""
    move: Move = activation.process.move
    return move
