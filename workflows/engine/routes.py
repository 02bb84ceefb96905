"""Where a case goes: onward, back, straight back, out of and into parallel branches, past a deadline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from viewflow.workflow.models import Task
from viewflow.workflow.status import PROCESS, STATUS

from realtime.events import TaskTimedOut
from realtime.prepared import update

from . import hands, marks, people, seats
from .move import OVER, Move, move_of
from .schema import Approval, Deadline, Outcome, node_name

if TYPE_CHECKING:
    from .nodes import ApprovalStep, SettleStep

RETURN, REOPEN = "return", "reopen"


def assignment(block: Approval, move: Move, assign_to: int | None) -> people.Assignment | people.Skipped:
    """Who gets this step: the person it was sent back to, if still here, else whom the block names."""
    person = people.active(assign_to) if assign_to else None
    if person:
        return people.one(person)
    if block.for_several:
        # A seat that is nobody's is the administrators': everybody the block names has one already.
        return people.assign((), move)
    if move.again:
        # Sent back on purpose: nobody passes over it.
        return people.assign(block.who, move)
    return people.assign_step(block, move)


def heir(step: ApprovalStep) -> people.Assignment:
    """Who gets an open task when its owner leaves: whoever lent it, somebody without a seat there yet, or
    whom its block names now."""
    move, task, block = move_of(step), step.task, step.flow_task.block
    if (lender := people.active(hands.lent_by(task) or 0)) and lender.pk not in move.leaving:
        return people.one(lender)
    if "seat" in task.data:
        substitute = people.active(seats.substitute(seats.fork_of(task), block, move) or 0)
        return people.one(substitute) if substitute else people.assign((), move)
    if hands.asks_for_help(task):
        others = [user for user in people.everybody(block.who, move) if user != task.data["help"]["by"]]
        person = people.active(others[0]) if others else None
        return people.one(person) if person else people.assign((), move)
    return people.assign(block.who, move)


def passing(block: Approval) -> Outcome | None:
    """The outcome of a step that is passed over: its first that agrees, else the first a person may choose,
    of those that go on. None where every one ends the case or sends it back: then it is not passed over."""
    onward = [one for one in block.outcomes if not (one.ends or one.returns_to)]
    agreeing = [one for one in onward if one.agrees] or [one for one in onward if one.by == "person"]
    return agreeing[0] if agreeing else None


def shown_name(assignment: people.Assignment, move: Move) -> str:
    """The name events may tell: not the reporter's, who asked to stay anonymous."""
    case = move.request
    return "" if case.anonymous and assignment.owner_id == case.reporter_id else assignment.name


def entry_state(block: Approval, again: str) -> str | None:
    if again == REOPEN and block.state_on_reopen:
        return block.state_on_reopen
    return (again and block.state_on_return) or block.state


def onward(activation: ApprovalStep) -> Iterator[Any]:
    """The activations that follow a decided step."""
    data, node = activation.task.data, activation.flow_task
    if "back_to" in data:
        yield from back(activation, data["back_to"], data.get("resume_here", False))
    elif ends := node.ends.get(data["outcome"]):
        yield ends._create(activation, activation.task.token)
    elif "resume" in data:
        yield resumed(activation, data["resume"])
    else:
        yield node._next._create(activation, activation.task.token)


def after_settling(activation: SettleStep, chosen: Outcome, fork: Task) -> Iterator[Any]:
    """The activations that follow a step for several people, as they follow a single decision."""
    node, move = activation.flow_task, move_of(activation)
    if chosen.returns_to and runs(move, chosen.returns_to).exists():
        yield from back(activation, chosen.returns_to, False)
    elif ends := node.ends.get(chosen.code):
        yield ends._create(activation, activation.task.token)
    elif "resume" in fork.data:
        yield resumed(activation, fork.data["resume"])
    else:
        yield node._next._create(activation, activation.task.token)


def resumed(activation: Any, resume: dict[str, Any]) -> Any:
    """Straight back to the step that returned the case here."""
    target = entry(activation.flow_class, resume["block"])
    data = {"assign_to": resume["for"]} | {name: resume[name] for name in ("holder",) if name in resume}
    return target._create(activation, activation.task.token, data=data)


def back(activation: ApprovalStep | SettleStep, block_id: str, resume_here: bool) -> Iterator[Any]:
    """Return: everything that came after the target's last run is void; the target opens again there.

    A step for several people opens with all its seats, and everybody decides anew.
    """
    move = move_of(activation)
    target = entry(activation.flow_class, block_id)
    origin = last_run(move, block_id)
    after = descendants(move.process.pk, origin.pk) - {activation.task.pk}
    void(Task.objects.filter(pk__in=after), move)
    data: dict[str, Any] = {"assign_to": holder_of(origin)}
    if resume_here and origin.token == level(activation.task):
        # With a fork between the two, the branches have to run again: the way onward is the way back.
        task = activation.task
        data["resume"] = {"block": activation.flow_task.block.id, "for": task.owner_id}
        if "holder" in task.data:
            data["resume"]["holder"] = task.data["holder"]
    move.again = RETURN
    yield target._create(activation, origin.token, data=data)


def reopen(activation: Any, block_id: str) -> None:
    """From the open rating or the end of the case: the handler's step opens again, on the same process."""
    move = move_of(activation)
    target = entry(activation.flow_class, block_id)
    origin = last_run(move, block_id)
    move.again = REOPEN
    if activation.task.status in OVER:
        move.reopen_process()
    else:
        activation.cancel()
    again = target._create(activation, origin.token, data={"assign_to": holder_of(origin)})
    activation._activate_next([again])


def handler_block(move: Move) -> Approval | None:
    """The handler's block that ran last on this case, and is in the version it is on."""
    done = Task.objects.filter(process_id=move.process.pk, status=STATUS.DONE, flow_task_type="HUMAN")
    nodes = (task.flow_task for task in done.order_by("-pk"))
    here = (node.block for node in nodes if node.flow_class is move.process.flow_class)
    return next((block for block in here if block.handler), None)


def void(tasks: Any, move: Move) -> None:
    """Cancel what is still open of these; it disappears from the lists it was on."""
    for task in tasks.exclude(status__in=OVER).order_by("-pk"):
        task.process = move.process
        task.flow_task.activation_class(task).cancel()
        move.concerns.update(task.data.get("told", ()))


def stop(move: Move, state: str) -> None:
    """End the case here and now, wherever it is: every open step is void, no timer is left armed."""
    void(Task.objects.filter(process_id=move.process.pk), move)
    move.enter(state)
    marks.close(move)
    move.finish_process(PROCESS.CANCELED)


def time_out(host: ApprovalStep, deadline: Deadline) -> None:
    """A deadline of an open step has passed."""
    move, task, block = move_of(host), host.task, host.flow_task.block
    told, to = set(task.data.get("told", ())), ""
    if deadline.action == "escalate":
        assignment = people.assign(deadline.to, move)
        host.hand_to(assignment)
        update(task, ["status", "owner", "owner_permission", "assigned", "data"])
        told, to = told | assignment.told, assignment.name
    elif deadline.action == "remind" and deadline.to:
        above = people.everybody(deadline.to, move)
        told, to = told | set(above), ", ".join(people.names(above, move.request))
    if hands.asks_for_help(task):
        told.add(task.data["help"]["by"])
    move.note(
        TaskTimedOut,
        task=task.pk,
        block=block.id,
        title=block.name,
        title_en=block.name_en,
        action=deadline.action,
        to=to,
        notify=told,
    )
    if deadline.action == "outcome":
        # From the pool or not, nobody decided: the owner stays whoever had it.
        task.status = STATUS.ASSIGNED
        decide(host, str(deadline.outcome))


def assign_again(host: ApprovalStep) -> people.Assignment | None:
    """Give an open step to whom its block names where the case is now; None if it stays with who has it.

    Somebody who is on duty there as well keeps it, and so does a person the block names as such.
    """
    move, task = move_of(host), host.task
    before = set(task.data.get("told", ()))
    if hands.asks_for_help(task):
        return None
    if "seat" in task.data and task.owner_id in people.everybody(host.flow_task.block.who, move):
        return None
    assignment = heir(host) if "seat" in task.data else people.assign(host.flow_task.block.who, move)
    same_pool = (
        assignment.is_pool and task.owner_id is None and task.owner_permission == assignment.permission
    )
    if same_pool or (task.owner_id is not None and task.owner_id in assignment.told):
        return None
    host.hand_to(assignment)
    update(task, ["status", "owner", "owner_permission", "assigned", "data"])
    move.concerns |= before
    return assignment


def decide(
    step: ApprovalStep, outcome: str, *, resume_here: bool = False, back_to: str | None = None
) -> None:
    """Finish a step with an outcome and run the case forward."""
    move, block = move_of(step), step.flow_task.block
    chosen = block.outcome(outcome)
    if chosen is not None and not block.for_several:
        # A seat only has a say in where the case goes.
        back_to = back_to or chosen.returns_to
    step.task.data = {**step.task.data, "outcome": outcome}
    if move.actor is not None:
        move.decided_by = tuple(dict.fromkeys((step.task.owner_id or move.actor.pk, move.actor.pk)))
    if back_to:
        step.task.data |= {"back_to": back_to, "resume_here": resume_here}
    if not block.for_several:
        remember_outcome(step, outcome)
    step.start(None)
    step.execute()


def remember_outcome(activation: Any, outcome: str) -> None:
    """Keep how a block was decided, if some condition asks for it."""
    block = activation.flow_task.block
    if block.id in activation.flow_class.asked_outcomes:
        move_of(activation).remember("outcomes", {block.id: {"outcome": outcome}})


# --- the graph of what ran ---------------------------------------------------------------------------
def entry(flow_class: Any, block_id: str) -> Any:
    """The node an approval begins with: the fork of its seats, where it is for several people."""
    node = flow_class.instance.node(node_name(block_id))
    return flow_class.instance.node(node_name(block_id, "fork")) if node.block.for_several else node


def holder_of(task: Task) -> int | None:
    """Whose step it is: not the last of those who signed after them."""
    holder: int | None = task.data.get("holder", task.owner_id)
    return holder


def level(task: Task) -> Any:
    """The token of the step a task belongs to: a seat is one level below it."""
    return task.token.get_base_split_token() if "seat" in task.data else task.token


def runs(move: Move, block_id: str) -> QuerySet[Task]:
    """The finished runs of an approval on this case: its tasks, or the forks of its seats."""
    node = entry(move.process.flow_class, block_id)
    return Task.objects.filter(process_id=move.process.pk, flow_task=node, status=STATUS.DONE)


def last_run(move: Move, block_id: str) -> Task:
    """The latest of them. Raises ``Task.DoesNotExist``."""
    return runs(move, block_id).latest("pk")


def _edges(process_id: int) -> list[tuple[int, int]]:
    return list(
        Task.previous.through.objects.filter(from_task__process_id=process_id).values_list(
            "from_task_id", "to_task_id"
        )
    )


def descendants(process_id: int, task_id: int) -> set[int]:
    """Ids of every task that came after this one. One query."""
    return _reach(((parent, child) for child, parent in _edges(process_id)), task_id)


def ancestors(process_id: int, task_id: int) -> set[int]:
    """Ids of every task this one came after. One query."""
    return _reach(iter(_edges(process_id)), task_id)


def _reach(edges: Iterator[tuple[int, int]], start: int) -> set[int]:
    following: dict[int, list[int]] = {}
    for here, there in edges:
        following.setdefault(here, []).append(there)
    seen: set[int] = set()
    todo = [start]
    while todo:
        for task_id in following.get(todo.pop(), ()):
            if task_id not in seen:
                seen.add(task_id)
                todo.append(task_id)
    return seen


def return_targets(task: Task) -> list[Approval]:
    """Approvals a person may return this open task to, nearest first. At most two queries."""
    return earlier_steps(task, offered=True) if "return" in task.flow_task.block.moves else []


def earlier_steps(task: Task, *, offered: bool) -> list[Approval]:
    """Approvals drawn before this task that the case came through, nearest first; with ``offered`` only those
    its block offers. What ran before is not enough: after a return, later steps have run before as well."""
    block: Approval = task.flow_task.block
    if offered and "return" not in block.moves:
        return []
    wanted = task.flow_task.flow_class.earlier[block.id]
    if offered and block.return_to:
        wanted &= set(block.return_to)
    before = Task.objects.filter(
        pk__in=ancestors(task.process_id, task.pk), status=STATUS.DONE, flow_task_type="HUMAN"
    ).order_by("-pk")
    # Steps that have nothing in the version the case has been moved to are history: they stay with theirs.
    here = [
        step.flow_task.block
        for step in before
        if step.flow_task.flow_class is task.flow_task.flow_class and "skipped" not in step.data
    ]
    found: dict[str, Approval] = {}
    for earlier in here:
        if earlier.id in wanted:
            found.setdefault(earlier.id, earlier)
    return list(found.values())
