"""The moves people make on a task. Each is one transaction under the case's lock.

The second of two people who move the same task at the same moment is refused with the name of the first.
``docs/reference/moves.md`` says exactly what each move does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from django.core.files import File
from django.utils.translation import gettext as _
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from grid.errors import Refused
from grid.models import User
from realtime.events import TaskClaimed, TaskDecided, TaskReturned, TaskTransferred, TaskUnclaimed
from realtime.prepared import update

from ..engine import hands, routes
from ..engine.answers import fill_in
from ..engine.move import Move
from ..engine.nodes import ApprovalStep
from ..engine.schema import Approval, Outcome
from ..models import Attachment
from ..photos import PreparedPhoto, attach, prepare_photos
from ..texts import clean_text
from .moves import deciding, named, reason_of, require_hold, require_person, write_opinion


def claim_task(*, task_id: int, actor: User) -> Task:
    """认领: out of the pool, to the actor. Raises :class:`Refused` naming who was faster."""
    with deciding(task_id, actor) as (move, step):
        task: Task = step.task
        if not move.took_it:
            raise Refused(_("You have this task already."))
        update(task, ["owner", "status", "assigned"])
        write_opinion(move, step, "claim")
        move.note(TaskClaimed, **named(step))
    return task


def unclaim_task(*, task_id: int, actor: User) -> Task:
    """退领: back into the pool it was claimed from."""
    with deciding(task_id, actor) as (move, step):
        task: Task = step.task
        require_hold(step)
        if move.took_it or not task.data.get("pool"):
            raise Refused(_("This task did not come from a pool. Transfer it, or send it back."))
        write_opinion(move, step, "unclaim")
        task.owner, task.status, task.assigned = None, STATUS.NEW, None
        update(task, ["owner", "status", "assigned"])
        if step.flow_task.block.handler:
            move.change(handler=None)
        move.note(TaskUnclaimed, **named(step))
    return task


def decide_task(
    *,
    task_id: int,
    actor: User,
    outcome: str,
    opinion: str = "",
    photos: Sequence[File] = (),
    data: Mapping[str, Any] | None = None,
) -> Task:
    """Decide a step with one of its outcomes; the case moves on.

    ``data`` holds the step's form fields by code: text, or rows where a field names a person, an area or a
    category. From a pool the actor need not claim first. Raises :class:`Refused` when something is missing,
    or naming who decided and when.
    """
    text = clean_text(opinion, required=False).strip()
    # Decoding photos takes long: done before the lock, so that no one waits for it.
    prepared = prepare_photos(photos)
    with deciding(task_id, actor) as (move, step):
        require_hold(step)
        chosen = _chosen(step, outcome, text, prepared)
        fill_in(step.flow_task.block, chosen, data or {}, move)
        attach(move.request, prepared, Attachment.Moment.AFTER, actor)
        if chosen.returns_to and not step.flow_task.block.for_several:
            _send_back(move, step, chosen.returns_to, text, outcome=chosen.code, photos=len(prepared))
        else:
            _decide(move, step, chosen, text, len(prepared))
    task: Task = step.task
    return task


def _decide(move: Move, step: ApprovalStep, chosen: Outcome, text: str, photos: int) -> None:
    principal = write_opinion(move, step, "decide", outcome=chosen.code, text=text)
    move.note(
        TaskDecided,
        **named(step),
        outcome=chosen.code,
        outcome_title=chosen.name,
        outcome_title_en=chosen.name_en,
        opinion=text,
        photos=photos,
        on_behalf_of=principal,
        took=(move.now - step.task.created).total_seconds(),
    )
    signer = hands.next_signer(step.task, step.flow_task.block, chosen)
    if signer is None:
        routes.decide(step, chosen.code)
        return
    hands.sign_next(step, signer)
    move.note(TaskTransferred, **named(step), to=str(signer), notify=step.task.data["told"])


def _chosen(step: ApprovalStep, code: str, text: str, photos: Sequence[PreparedPhoto]) -> Outcome:
    chosen = step.flow_task.block.outcome(code)
    if chosen is None or chosen.by != "person":
        raise Refused(_("Choose how to decide this step."))
    if (chosen.needs_opinion or chosen.returns_to) and not text:
        raise Refused(_("Write a few words about “%(outcome)s”.") % {"outcome": chosen.title})
    if chosen.needs_photo and not photos and not step.task.data.get("photos"):
        raise Refused(_("Add a photo for “%(outcome)s”.") % {"outcome": chosen.title})
    if chosen.returns_to and step.flow_task.block.for_several:
        _target(step, chosen.returns_to, offered=False)
    if step.flow_task.block.form == "rating" and not _rated_since(step):
        raise Refused(_("Answer the three questions: in time, solved, satisfied."))
    return chosen


def _rated_since(step: ApprovalStep) -> bool:
    """Whether the questions were answered since the step opened (``actions.ratings`` does so first)."""
    return bool(step.process.request.ratings.filter(at__gte=step.task.created).exists())


def transfer_task(*, task_id: int, actor: User, to: User, reason: str) -> Task:
    """转办: to somebody else on duty, who finishes it; the flow goes on from there."""
    reason = reason_of(reason)
    with deciding(task_id, actor) as (move, step):
        require_hold(step, "transfer")
        require_person(step, to)
        write_opinion(move, step, "transfer", text=reason)
        hands.pass_on(step, to)
        move.note(TaskTransferred, **named(step), to=str(to), reason=reason, notify=step.task.data["told"])
    task: Task = step.task
    return task


def return_task(
    *,
    task_id: int,
    actor: User,
    to_block: str,
    reason: str,
    resume: Literal["onward", "straight_back"] = "onward",
) -> Task:
    """退回: back to an earlier step the case came through; all data is kept, later steps are void.

    Then the case goes on normally (``onward``), or from there straight back to the actor
    (``straight_back``; with a fork between the two steps its branches run again in any case).
    """
    reason = reason_of(reason)
    with deciding(task_id, actor) as (move, step):
        require_hold(step)
        _send_back(move, step, to_block, reason, straight_back=resume == "straight_back", offered=True)
    task: Task = step.task
    return task


def _send_back(
    move: Move,
    step: ApprovalStep,
    to_block: str,
    reason: str,
    *,
    outcome: str = "",
    photos: int = 0,
    straight_back: bool = False,
    offered: bool = False,
) -> None:
    target = _target(step, to_block, offered=offered)
    write_opinion(move, step, "return", outcome=outcome, text=reason)
    move.note(
        TaskReturned,
        **named(step),
        to_block=target.id,
        to_title=target.name,
        to_title_en=target.name_en,
        reason=reason,
        photos=photos,
    )
    routes.decide(step, outcome or "return", back_to=to_block, resume_here=straight_back)


def _target(step: ApprovalStep, to_block: str, *, offered: bool) -> Approval:
    """The earlier step of this name; with ``offered`` only if the step offers it."""
    for block in routes.earlier_steps(step.task, offered=offered):
        if block.id == to_block:
            return block
    raise Refused(_("The case cannot be sent back to this step. Choose another one."))
