"""Taking a step back before anybody has acted on it: what may be undone, and what becomes void."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from viewflow.workflow.models import Task
from viewflow.workflow.status import PROCESS, STATUS

from grid.errors import Refused
from realtime.prepared import update
from workflows.models import Opinion

from . import hands, routes, seats
from .move import OPEN, Move, move_of

#: Moves that pass a task on and can be taken back while it is still open.
PASSED_ON = ("transfer", "delegate", "sign_before", "decide")


def last_said(task: Task) -> Opinion | None:
    """The last thing anybody said with a move on this task."""
    opinion: Opinion | None = task.opinions.select_related("actor").order_by("pk").last()
    return opinion


def check(task: Task) -> None:
    """Whether whoever acted last on this task may take it back. Raises :class:`Refused` with the reason."""
    said = last_said(task)
    if task.status in OPEN:
        if "undo" not in task.data or said is None or said.move not in PASSED_ON:
            raise Refused(_("There is nothing to take back here."))
        return
    if said is None or (said.move != "decide" if task.status == STATUS.DONE else not _gave_way(task, said)):
        raise Refused(_("Only a decision that sent the case on can be taken back."))
    if task.process.status == PROCESS.DONE or task.process.request.closed_at is not None:
        raise Refused(_("The case is closed; nothing can be taken back any more."))
    _check_followers(task)


def possible(task: Task) -> bool:
    try:
        check(task)
    except Refused:
        return False
    return True


def _gave_way(task: Task, said: Opinion | None) -> bool:
    """Whether whoever's turn it was had somebody else sign first."""
    return task.status == STATUS.CANCELED and said is not None and said.move == "sign_before"


def _check_followers(task: Task) -> None:
    followers = _followers(task)
    # What others do with it comes first: they are named.
    acted = Opinion.objects.filter(task__in=followers).select_related("actor").order_by("pk").first()
    if acted is not None:
        raise Refused(
            _("%(who)s has already acted on the next step, so yours stays as it is.") % {"who": acted.actor}
        )
    decided = followers.filter(flow_task_type="HUMAN", status=STATUS.DONE)
    # A step that was passed over by itself is passed over again, or not.
    if any("skipped" not in follower.data for follower in decided):
        raise Refused(_("The next step is already decided, so yours stays as it is."))
    if "seat" in task.data and followers.filter(flow_task=_join(task), status=STATUS.DONE).exists():
        raise Refused(_("This step is settled, so what you said stays as it is."))
    if not followers.exclude(status__in=(STATUS.DONE, STATUS.CANCELED, STATUS.REVIVED)).exists():
        raise Refused(_("The case has gone another way since; there is nothing to take back."))


def _followers(task: Task) -> QuerySet[Task]:
    """Tasks that came of this one: not its own deadlines, nor the help somebody gave with it."""
    own = [*task.flow_task._boundary_events, *filter(None, [task.flow_task.help])]
    after = routes.descendants(task.process_id, task.pk)
    return Task.objects.filter(pk__in=after).exclude(flow_task__in=own)


def _join(task: Task) -> Any:
    return task.flow_task._next


def undo(step: Any) -> set[int]:
    """Open the task again as it was, with the deadlines it had. Everything that came of it is void.

    Returns the users who had what is void now.
    """
    move, task = move_of(step), step.task
    if task.status in OPEN:
        told = set(task.data.get("told", ()))
        hands.take_back(step)
        return told
    followers = list(_followers(task))
    concerned = (follower.data.get("told", ()) for follower in followers if follower.status in OPEN)
    told = {user_id for users in concerned for user_id in users}
    if "seat" in task.data:
        _put_queue_back(task, followers)
    _void(task, followers, move)
    _open_again(step, move)
    return told


def _void(taken_back: Task, followers: list[Task], move: Move) -> None:
    """A join that waits goes on waiting, for this task again, if it is one of its branches'."""
    ids = [task.pk for task in followers if not _waits_for(task, taken_back)]
    routes.void(Task.objects.filter(pk__in=ids), move)
    done = [task for task in followers if task.status == STATUS.DONE]
    if any(getattr(getattr(task.flow_task, "block", None), "mark", "") == "handled" for task in done):
        move.change(handled_at=None)
    Task.objects.filter(pk__in=[task.pk for task in done]).update(status=STATUS.CANCELED)


def _waits_for(join: Task, task: Task) -> bool:
    is_waiting = join.flow_task_type == "JOIN" and join.status == STATUS.STARTED
    return is_waiting and str(task.token).startswith(join.data["branches"])


def _put_queue_back(task: Task, followers: list[Task]) -> None:
    """Whoever's turn had come waits for it again; a signer who was to come first is not needed."""
    fork = seats.fork_of(task)
    if _gave_way(task, last_said(task)):
        fork.data = {**fork.data, "queue": seats.queue_of(fork)[1:]}
        seats.save(fork)
        return
    came = [
        seats.Waiting(user=follower.owner_id, added_by=follower.data.get("added_by"))
        for follower in sorted(followers, key=lambda follower: follower.pk)
        if follower.flow_task == task.flow_task and follower.status in OPEN
    ]
    if came:
        fork.data = {**fork.data, "queue": [*came, *seats.queue_of(fork)]}
        seats.save(fork)


def _open_again(step: Any, move: Move) -> None:
    task, node = step.task, step.flow_task
    Task.objects.filter(
        process_id=task.process_id,
        flow_task__in=node._boundary_events,
        previous=task.pk,
        status=STATUS.CANCELED,
        finished=task.finished,
    ).update(status=STATUS.SCHEDULED, finished=None)
    task.data = {name: value for name, value in task.data.items() if name != "outcome"}
    task.status, task.started, task.finished = STATUS.ASSIGNED, None, None
    update(task, ["status", "started", "finished", "data"])
    move.concerns.update(task.data.get("told", ()))
    move.enter(node.block.state)
    if node.block.handler:
        move.change(handler_id=task.data.get("holder", task.owner_id))
