"""加签, 减签: have somebody sign a step as well, and take them out again."""

from __future__ import annotations

from typing import Literal

from django.utils.translation import gettext as _
from viewflow.workflow.models import Task

from grid.errors import Refused
from grid.models import User
from realtime.events import SignerAdded, SignerRemoved

from ..engine import hands, seats
from ..engine.move import Move
from ..engine.nodes import ApprovalStep, SettleStep
from .moves import deciding, named, reason_of, require_hold, require_person, write_opinion

Place = Literal["before", "after"]


def add_signer(*, task_id: int, actor: User, to: User, place: Place, reason: str) -> Task:
    """前加签, 后加签: somebody signs as well, before the actor decides or after.

    A step of one person goes to the signer and comes back with an answer (``before``), or goes on to the
    signer once the actor has decided (``after``). Where several decide in turn, the signer gets a turn; where
    they decide at the same time, a seat at once, whatever the place. Raises :class:`Refused`.
    """
    reason = reason_of(reason)
    with deciding(task_id, actor) as (move, step):
        require_hold(step, f"sign_{place}")
        require_person(step, to)
        block = step.flow_task.block
        if not block.for_several and to.pk in step.task.data.get("after", ()):
            raise Refused(_("%(who)s takes part in this step already. Choose somebody else.") % {"who": to})
        write_opinion(move, step, f"sign_{place}", text=reason)
        beside = block.for_several and block.mode != "in_turn"
        told = hands.told_of(to)
        move.note(
            SignerAdded,
            **named(step),
            to=str(to),
            place="beside" if beside else place,
            reason=reason,
            # Who signs later is told when their turn comes.
            notify=told if place == "before" and not block.for_several else (),
        )
        _sign(move, step, to, place)
    task: Task = step.task
    return task


def _sign(move: Move, step: ApprovalStep, to: User, place: Place) -> None:
    task, block = step.task, step.flow_task.block
    if not block.for_several and place == "before":
        hands.lend(step, to, "before")
        return
    if not block.for_several:
        task.data = {**task.data, "after": [*task.data.get("after", ()), to.pk]}
        task.save(update_fields=hands.HANDED)
        return
    task.save(update_fields=hands.HANDED)
    fork = seats.fork_of(task)
    signer = seats.Waiting(user=to.pk, added_by=move.actor.pk if move.actor else None)
    if block.mode != "in_turn":
        seats.add(step, fork, step.flow_task, to.pk, signer["added_by"])
    elif place == "after":
        fork.data = {**fork.data, "queue": [signer, *seats.queue_of(fork)]}
    else:
        own = seats.Waiting(user=task.owner_id, added_by=task.data.get("added_by"))
        fork.data = {**fork.data, "queue": [own, *seats.queue_of(fork)]}
        step.cancel()
        seats.add(step, fork, step.flow_task, to.pk, signer["added_by"])
    seats.save(fork)


def remove_signer(*, task_id: int, actor: User, signer: User, reason: str) -> Task:
    """减签: somebody who was added and has not signed yet need not any more.

    Those whom the workflow itself names cannot be taken out. Raises :class:`Refused`.
    """
    reason = reason_of(reason)
    with deciding(task_id, actor) as (move, step):
        require_hold(step, "remove_signer")
        task, block = step.task, step.flow_task.block
        if signer.pk == task.owner_id or signer.pk not in seats.removable(task):
            raise Refused(_("%(who)s cannot be taken out of this step.") % {"who": signer})
        write_opinion(move, step, "remove_signer", text=reason)
        told = hands.told_of(signer)
        move.note(SignerRemoved, **named(step), signer=str(signer), reason=reason, notify=told)
        if not block.for_several:
            task.data = {**task.data, "after": [pk for pk in task.data["after"] if pk != signer.pk]}
        task.save(update_fields=hands.HANDED)
        if block.for_several:
            # Last of all: if that settles the step, the actor's own seat lapses with it.
            _take_out(move, step, signer)
    return task


def _take_out(move: Move, step: ApprovalStep, signer: User) -> None:
    """One seat fewer; a vote may be settled by that."""
    block = step.flow_task.block
    fork = seats.fork_of(step.task)
    queue = [one for one in seats.queue_of(fork) if one["user"] != signer.pk or one["added_by"] is None]
    if len(queue) < len(seats.queue_of(fork)):
        fork.data = {**fork.data, "queue": queue}
        seats.save(fork)
        return
    for seat in seats.open_seats(fork, block, move):
        if seat.owner_id == signer.pk and "added_by" in seat.data:
            move.concerns.update(seat.data.get("told", ()))
            ApprovalStep(seat).cancel()
    join = seats.join_of(fork, block)
    if join is not None:
        step._activate_next([SettleStep(join)])
