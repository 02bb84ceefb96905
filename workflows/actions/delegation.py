"""A step in other hands for a while: delegate it, ask for help with it, give the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.files import File
from django.utils.translation import gettext as _
from viewflow.workflow.models import Task

from grid.errors import Refused
from grid.models import User
from realtime.events import HelpAsked, TaskAnswered, TaskDelegated

from ..engine import hands, routes
from ..engine.move import OPEN, Move
from ..engine.nodes import ApprovalStep
from ..engine.nodes.timers import limit_ends
from ..engine.schema import Limit
from ..models import Attachment
from ..photos import attach, prepare_photos
from ..texts import clean_text
from .moves import deciding, named, reason_of, require_hold, require_person, write_opinion


def delegate_task(*, task_id: int, actor: User, to: User, reason: str) -> Task:
    """委派: somebody else does it and gives it back; the actor confirms by deciding, and the case goes on.

    Raises :class:`Refused` when the step does not allow it, or ``to`` cannot take part.
    """
    reason = reason_of(reason)
    with deciding(task_id, actor) as (move, step):
        require_hold(step, "delegate")
        require_person(step, to)
        write_opinion(move, step, "delegate", text=reason)
        hands.lend(step, to, "delegate")
        move.note(TaskDelegated, **named(step), to=str(to), reason=reason, notify=step.task.data["told"])
    task: Task = step.task
    return task


def ask_for_help(*, task_id: int, actor: User, to: User, reason: str, limit: Limit | None = None) -> Task:
    """协办: a task beside the step, for somebody who helps; the step and its clock go on meanwhile.

    ``reason`` says what is wanted, ``limit`` by when. Nothing waits for the help: when the step is over,
    help that has not come lapses. The task of whoever was asked. Raises :class:`Refused`.
    """
    reason = reason_of(reason)
    with deciding(task_id, actor) as (move, step):
        require_hold(step, "co_handle")
        require_person(step, to)
        task = step.task
        if task.data.get("helps") and _is_asked(step, to):
            raise Refused(_("%(who)s is asked for help with this step already.") % {"who": to})
        task.data = {**task.data, "helps": True}
        task.save(update_fields=["owner", "status", "assigned", "data"])
        write_opinion(move, step, "co_handle", text=reason)
        due_at = limit_ends(move.now, limit, move.request) if limit else None
        move.note(HelpAsked, **named(step), to=str(to), reason=reason, due_at=due_at)
        data: dict[str, Any] = {"assign_to": to.pk, "help": {"task": task.pk, "by": task.owner_id}}
        if limit:
            data["limit"] = limit.model_dump(mode="json")
        beside = step.flow_task.help._create(step, task.token, data=data)
    asked: Task = beside.task
    return asked


def _is_asked(step: ApprovalStep, to: User) -> bool:
    beside = Task.objects.filter(flow_task=step.flow_task.help, previous=step.task.pk, owner=to)
    return any(task.status in OPEN for task in beside)


def answer_task(*, task_id: int, actor: User, opinion: str, photos: Sequence[File] = ()) -> Task:
    """Give the answer somebody waits for: a delegated step goes back to them, as does one to sign first.

    With help that was asked for, the task is over. Raises :class:`Refused` when nothing is said.
    """
    text = clean_text(opinion, required=False).strip()
    if not text:
        raise Refused(_("Write what you did, or what you think."))
    prepared = prepare_photos(photos)
    with deciding(task_id, actor) as (move, step):
        if not hands.wants_answer(step.task):
            raise Refused(_("Nobody waits for an answer here. Decide the step."))
        attach(move.request, prepared, Attachment.Moment.AFTER, actor)
        _answer(move, step, text, len(prepared))
    task: Task = step.task
    return task


def _answer(move: Move, step: ApprovalStep, text: str, photos: int) -> None:
    task = step.task
    said = {
        "opinion": text,
        "photos": photos,
        "on_behalf_of": write_opinion(move, step, "answer", text=text),
        "took": (move.now - (task.assigned or task.created)).total_seconds(),
    }
    if hands.asks_for_help(task):
        by = User.objects.get(pk=task.data["help"]["by"])
        move.note(TaskAnswered, **named(step), to=str(by), **said, notify=[by.pk])
        step.start(None)
        step.execute()
    else:
        back = routes.heir(step)
        hands.give_back(step, back, photos=photos)
        move.note(TaskAnswered, **named(step), to=back.name, **said, notify=back.told)
