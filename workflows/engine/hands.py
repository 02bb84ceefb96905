"""A step in more hands than one, one after the other: lent to somebody, or signed by others as well.

It stays the same task all the while, so that its deadlines run on, a seat stays one seat, and a return finds
it. ``data`` of the task says where it has been:

* ``lent``: it is with somebody who gives it back: to whom (``by``), and why (``why``: delegate or before);
* ``after``: those who sign once its holder has decided, in this order;
* ``holder``: whose step it is, once it has gone on to them;
* ``photos``: how many came with an answer;
* ``undo``: what the last one who passed it on would get back, until somebody else does something with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from grid.models import User
from realtime.prepared import update

from . import people
from .move import move_of
from .schema import Approval, Outcome

if TYPE_CHECKING:
    from .nodes import ApprovalStep

#: What the id of a block ends with that is only beside another: where its holder asks for help.
BESIDE = "__help"
#: What a task is saved with when it changes hands.
HANDED = ["owner", "owner_permission", "status", "assigned", "data"]
_KEPT = ("lent", "after", "holder", "told", "pool")


def lent_by(task: Task) -> int | None:
    """Who waits for this task to come back with an answer; None if nobody does."""
    lent: dict[str, Any] | None = task.data.get("lent")
    return lent["by"] if lent else None


def asks_for_help(task: Task) -> bool:
    """Whether it is a task beside a step: somebody asks for help with it."""
    return "help" in task.data


def beside(block_id: str) -> bool:
    return block_id.endswith(BESIDE)


def wants_answer(task: Task) -> bool:
    return lent_by(task) is not None or asks_for_help(task)


def told_of(user: User) -> frozenset[int]:
    """Whose lists change when this person gets something to do, or loses it."""
    return people.one(user).told


def pass_on(step: ApprovalStep, to: User) -> None:
    """To somebody else for good; the one who has it now may still take it back."""
    before = _before(step.task)
    step.hand_to(people.one(to))
    step.task.data["undo"] = before
    update(step.task, HANDED)


def lend(step: ApprovalStep, to: User, why: str) -> None:
    """To somebody who gives it back: it stays the present one's step."""
    before, by = _before(step.task), step.task.owner_id
    step.hand_to(people.one(to), lent=True)
    step.task.data |= {"lent": {"by": by, "why": why}, "undo": before}
    update(step.task, HANDED)


def give_back(step: ApprovalStep, to: people.Assignment, *, photos: int = 0) -> None:
    """To whoever waits for it, with the photos that came with the answer."""
    step.hand_to(to)
    if photos:
        step.task.data["photos"] = step.task.data.get("photos", 0) + photos
    update(step.task, HANDED)


def pass_lent(step: ApprovalStep, to: User) -> None:
    """Somebody else answers in place of the one it was lent to."""
    lent = step.task.data["lent"]
    step.hand_to(people.one(to), lent=True)
    step.task.data["lent"] = lent
    update(step.task, HANDED)


def next_signer(task: Task, block: Approval, chosen: Outcome) -> User | None:
    """Who signs after this decision, if the step goes on to anybody: a refusal, a return and an end do not.

    Somebody who may not sign in any more is passed over.
    """
    if chosen.returns_to or chosen.ends or block.for_several:
        return None
    if not chosen.agrees and any(outcome.agrees for outcome in block.outcomes):
        return None
    found = (people.active(user_id) for user_id in task.data.get("after", ()))
    return next((user for user in found if user is not None), None)


def sign_next(step: ApprovalStep, signer: User) -> None:
    """The holder has decided; the step goes on to the next signer before it is over."""
    task, before = step.task, _before(step.task)
    queue: list[int] = task.data["after"]
    holder = task.data.get("holder", task.owner_id)
    step.hand_to(people.one(signer), lent=True)
    task.data |= {"after": queue[queue.index(signer.pk) + 1 :], "holder": holder, "undo": before}
    update(task, HANDED)


def take_back(step: ApprovalStep) -> None:
    """To whoever passed it on, as it was."""
    task, before = step.task, step.task.data["undo"]
    move = move_of(step)
    move.concerns |= {*task.data.get("told", ()), *before["data"]["told"]}
    kept = {name: value for name, value in task.data.items() if name not in (*_KEPT, "undo")}
    task.data = kept | before["data"]
    task.owner_id, task.owner_permission = before["owner"], before["permission"]
    task.status, task.assigned = STATUS.ASSIGNED, move.now
    if step.flow_task.block.handler and "lent" not in task.data:
        move.change(handler_id=task.owner_id)
    update(task, HANDED)


def _before(task: Task) -> dict[str, Any]:
    data = {name: task.data[name] for name in _KEPT if name in task.data}
    return {"owner": task.owner_id, "permission": task.owner_permission, "data": data}
