"""What every move on a task has in common: the lock, the check, the opinion, the telling."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from django.db import transaction
from django.db.models import QuerySet, Subquery
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from viewflow.workflow.models import Process, Task
from viewflow.workflow.status import STATUS

from grid.duty import roles_of
from grid.errors import NotAllowed, Refused
from grid.models import User
from realtime.log import Audience, Said, Subject, emit_all
from realtime.prepared import Prepared, insert

from .. import policies, pools, queries
from ..brief import case_brief
from ..engine import hands, seats
from ..engine.move import OPEN, Move
from ..engine.nodes import ApprovalStep
from ..models import Opinion, State
from ..texts import clean_text

_TASK = ("flow_task", "flow_task_type", "status", "created", "assigned", "owner", "owner_permission", "token")
_PROCESS = ("flow_class", "status", "data")
_CASE = (
    "process", "number", "reporter", "filed_by", "anonymous", "source", "urgency", "visibility",
    "lon", "lat", "area_path", "placed", "state", "handler", "registered_at", "handled_at", "closed_at",
    "reopened_count", "limit", "clock", "yellow_at", "due_at", "calendar_revision",
    "area__path", "area__code", "category__code",
)  # fmt: skip
#: What a move needs of the task, its process and its case: one row. Reading the rest as well (a resident's
#: long text, a grid's outline) costs as much as the whole rest of the move.
_NEEDED = (
    *_TASK, "data", "scheduled",
    *(f"process__{name}" for name in _PROCESS),
    *(f"process__request__{name}" for name in _CASE),
)  # fmt: skip


@contextmanager
def moving(task_id: int, actor: User | None, *, skip_locked: bool = False) -> Iterator[tuple[Move, Any]]:
    """One move on one task, in one transaction: lock the case, read the task, act, write, tell.

    Yields the move and the task's activation. The lock is waited for; with ``skip_locked`` a case somebody
    else is just moving raises ``Process.DoesNotExist`` instead.
    """
    with transaction.atomic():
        task = _lock(task_id, skip_locked)
        move = Move(task.process.request, task.process, actor)
        move.concerns.update(task.data.get("told", ()))
        yield move, task.flow_task.activation_class(task)
        tell(move)


def _process_of(task_id: int, *, skip_locked: bool = False) -> QuerySet[Process]:
    of_task = Subquery(Task.objects.filter(pk=task_id).values("process_id"))
    return Process.objects.select_for_update(skip_locked=skip_locked).only("pk").filter(pk=of_task)


def _with_case(task_id: int) -> QuerySet[Task]:
    cases = Task.objects.select_related("process__request__area", "process__request__category")
    return cases.only(*_NEEDED).filter(pk=task_id)


_LOCK = Prepared(lambda: _process_of(0))
_READ = Prepared(lambda: _with_case(0))


def _lock(task_id: int, skip_locked: bool) -> Task:
    """Two statements, not one joined ``FOR UPDATE``: that would read the task as it was before the wait."""
    process = _process_of(task_id, skip_locked=True).first() if skip_locked else _LOCK.get(task_id)
    task = _READ.get(task_id) if process is not None else None
    if task is None or getattr(task.process, "request", None) is None:
        raise Process.DoesNotExist
    return task


def tell(move: Move) -> None:
    """Write the move's rows and its events. The case's lock is held."""
    move.write()
    if not move.happened:
        return
    case = move.request
    brief = case_brief(case)
    actor = policies.acting_name(case, move.actor)
    audience = Audience(case.area_path, [*queries.own_people(case), *move.concerns])
    subject = Subject("request", case.pk)
    emit_all(
        Said(event.kind(case=brief, **event.values), subject, actor, audience, move.now, event.notify)
        for event in move.happened
    )


@contextmanager
def deciding(task_id: int, actor: User) -> Iterator[tuple[Move, ApprovalStep]]:
    """:func:`moving` for a person who has the task, or may claim it and thereby has it now."""
    try:
        with moving(task_id, actor) as (move, step):
            if not policies.may_act(actor, step.task) or not hasattr(step.flow_task, "block"):
                refuse(step.task, actor)
            if move.request.state == State.SUSPENDED:
                raise Refused(_("This case stands still. Let it run on first."))
            if step.task.owner_id is None:
                take(move, step, _pool_seat(actor, step.task))
            yield move, step
    except Process.DoesNotExist:
        raise Refused(_("This task does not exist any more. Reload the page.")) from None


def _pool_seat(actor: User, task: Task) -> User:
    """Whose seat in the pool the actor takes: their own, or that of the principal they stand in for."""
    seats = list(pools.users_in(task.owner_permission).filter(pk__in=policies.acting_for(actor)))
    return actor if actor in seats else seats[0]


def take(move: Move, step: ApprovalStep, owner: User) -> None:
    """Out of the pool, to its new owner; not saved."""
    task = step.task
    task.owner, task.status, task.assigned = owner, STATUS.ASSIGNED, move.now
    move.took_it = True
    if step.flow_task.block.handler:
        move.change(handler=owner)


def write_opinion(move: Move, step: ApprovalStep, kind: str, *, outcome: str = "", text: str = "") -> str:
    """Write what was said with a move; the name of the principal when somebody stood in, else ""."""
    assert move.actor is not None
    task = step.task
    principal = task.owner if task.owner_id not in (None, move.actor.pk) else None
    said = Opinion(
        task=task,
        request=move.request,
        block=step.flow_task.block.id,
        move=kind,
        outcome=outcome,
        text=text,
        actor=move.actor,
        on_behalf_of=principal,
        at=move.now,
    )
    insert([said])
    return str(principal) if principal else ""


def named(step: ApprovalStep) -> dict[str, Any]:
    """The task, as every event about it names it; help with a step goes by that step."""
    block = step.flow_task.block
    block_id = block.id.removesuffix(hands.BESIDE)
    return {"task": step.task.pk, "block": block_id, "title": block.name, "title_en": block.name_en}


def require_hold(step: ApprovalStep, allowed: str = "") -> None:
    """Refuse what only the one whose step it is may do; and a move this step does not have."""
    if hands.wants_answer(step.task):
        raise Refused(_("Somebody waits for your answer. Write it and give the task back."))
    if allowed and allowed not in step.flow_task.block.moves:
        raise Refused(_("This step does not allow that."))


def require_person(step: ApprovalStep, to: User) -> None:
    """Refuse to bring in somebody who cannot take part: not on duty, or in it already."""
    task, block = step.task, step.flow_task.block
    if to.pk == task.owner_id:
        raise Refused(_("%(who)s has this task already. Choose somebody else.") % {"who": to})
    if not to.is_active or not roles_of(to):
        raise Refused(_("%(who)s is not on duty. Choose somebody who is.") % {"who": to})
    if block.for_several and to.pk in seats.people_in(seats.fork_of(task), block):
        raise Refused(_("%(who)s takes part in this step already. Choose somebody else.") % {"who": to})


def reason_of(text: str) -> str:
    """The reason for a move, cleaned. Raises :class:`Refused` when there is none."""
    reason = clean_text(text, required=False).strip()
    if not reason:
        raise Refused(_("Say why: the next person has to know."))
    return reason


def refuse(task: Task, actor: User) -> NoReturn:
    """Say why the actor cannot act on this task: who was first, and when; or that it is not theirs."""
    concerned = {*task.data.get("told", ()), task.owner_id}
    if not policies.acting_for(actor) & concerned and not policies.may_view_request(
        actor, task.process.request
    ):
        raise NotAllowed(_("This task is not yours."))
    if task.status in OPEN:
        if task.owner is None:
            raise NotAllowed(_("This task is not yours."))
        raise Refused(
            _("%(who)s has had this task since %(when)s.") % {"who": task.owner, "when": _when(task.assigned)}
        )
    raise Refused(_why_over(task))


def _why_over(task: Task) -> str:
    """Who ended this task, how and when."""
    voided = task.status == STATUS.CANCELED
    said = _who_voided(task) if voided else task.opinions.select_related("actor").last()
    if said is None:
        return _("This step is no longer open. Reload the page to see where the case is.")
    block = getattr(task.flow_task, "block", None)
    chosen = block.outcome(said.outcome) if block is not None and said.outcome else None
    if voided:
        words = _VOIDED.get(said.move, _("%(who)s has decided on %(when)s; this step is no longer open."))
    else:
        words = _("%(who)s has already decided this step: “%(outcome)s”, %(when)s.")
    done = {"answer": _("answered"), "return": _("sent back")}.get(said.move, "")
    outcome = chosen.title if chosen else done
    return words % {"who": said.actor, "outcome": outcome, "when": _when(said.at)}


_VOIDED = {
    "return": _lazy("%(who)s sent the case back on %(when)s; this step is no longer open."),
    "take_back": _lazy("%(who)s took the step before back on %(when)s; this step is no longer open."),
    "remove_signer": _lazy("%(who)s said on %(when)s that you need not sign this step any more."),
    "sign_before": _lazy("%(who)s asked somebody to sign first on %(when)s; this step will come back."),
}


def _who_voided(task: Task) -> Opinion | None:
    """The move that cancelled a task nobody had decided: made at the very moment it ended."""
    moves = Opinion.objects.filter(request__process_id=task.process_id, at=task.finished)
    return moves.select_related("actor").last()


def _when(at: Any) -> str:
    return date_format(timezone.localtime(at or timezone.now()), "DATETIME_FORMAT")
