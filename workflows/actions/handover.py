"""离职转办: everything a member has open passes to others, in one transaction, by the ordinary transfer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from grid import stamp
from grid.actions.duty import end_posts
from grid.actions.people import end_service
from grid.actions.rights import require
from grid.duty import roles_of
from grid.errors import Refused
from grid.models import Member, Responsibility, User
from grid.policies import may_administer_member
from realtime.events import TaskTransferred

from .. import pools, queries
from ..engine import hands, people, routes, seats
from ..engine.describe import step_of
from ..engine.move import OPEN, Move
from ..engine.nodes import ApprovalStep
from ..locking import lock_all_cases
from ..models import Opinion
from ..texts import clean_text
from .moves import moving, named

#: The one whose request it is answers these steps; nobody can do it for them.
REQUESTER = ("reporter", "filer")


@dataclass(frozen=True)
class Passed:
    """One task that passed on: its case's number and grid, the step, and who has it now (names, by 、)."""

    task_id: int
    number: str
    grid: str
    title: str
    to: str


@dataclass(frozen=True)
class Handed:
    """What a hand-over moved: the tasks, and how many responsibilities ended with it."""

    tasks: list[Passed]
    duties: int

    @property
    def shares(self) -> list[tuple[str, int]]:
        """Name of a new owner and the number of tasks they get, the largest number first."""
        return Counter(task.to for task in self.tasks).most_common()


class _Undo(Exception):
    """Ends a preview: nothing of it is kept."""


@transaction.atomic
def hand_over(
    *,
    member: Member,
    to: Member | None,
    actor: User,
    reason: str,
    end_duties: bool,
    leaves: bool = False,
) -> Handed:
    """Pass every open task of a member on: to one person, or each to whoever else is on duty for it.

    ``end_duties`` ends the member's responsibilities now; ``leaves`` closes the account besides. No other
    case moves meanwhile, so no decision under way can give the member a task that nobody would find. Raises
    :class:`Refused` when there is no reason given, or ``to`` may not have tasks.
    """
    require(actor, may_administer_member, member)
    reason = _checked(member, to, reason)
    # Before the cases, as every change of borders does: the two never wait for each other.
    stamp.bump()
    lock_all_cases()
    posts = Responsibility.objects.filter(member=member)
    held = list(posts.in_force().values_list("role_id", "area_id"))
    tasks = _pass_on(member, to, actor, reason, _emptied(member, held) if end_duties or leaves else ())
    duties = len(held) if end_duties or leaves else 0
    if leaves:
        end_service(member=member, actor=actor)
    elif end_duties:
        end_posts(posts, at=None, actor=actor)
    return Handed(tasks, duties)


def preview_hand_over(
    *, member: Member, to: Member | None, actor: User, reason: str, end_duties: bool
) -> Handed:
    """What :func:`hand_over` would do: it is done, looked at, and undone. Nobody hears of it."""
    require(actor, may_administer_member, member)
    reason = _checked(member, to, reason)
    tasks: list[Passed] = []
    held = list(Responsibility.objects.filter(member=member).in_force().values_list("role_id", "area_id"))
    try:
        with transaction.atomic():
            lock_all_cases()
            tasks = _pass_on(member, to, actor, reason, _emptied(member, held) if end_duties else ())
            raise _Undo
    except _Undo:
        return Handed(tasks, len(held) if end_duties else 0)


def open_tasks_of(member: Member) -> int:
    """How many tasks a hand-over would pass on, without pools left empty."""
    return sum(1 for task in _held_by(member) if not is_requesters(task))


def _checked(member: Member, to: Member | None, reason: str) -> str:
    reason = clean_text(reason, required=False).strip()
    if not reason:
        raise Refused(_("Say why: the next person has to know."))
    if to is not None:
        if to == member:
            raise Refused(_("%(who)s has these tasks already. Choose somebody else.") % {"who": to})
        if not to.user.is_active or not roles_of(to.user):
            raise Refused(_("%(who)s is not on duty. Choose somebody who is.") % {"who": to})
    return reason


def _held_by(member: Member) -> QuerySet[Task]:
    held = Task.objects.filter(owner=member.user_id, status__in=OPEN, process__request__isnull=False)
    return held.select_related("process").order_by("process__request__filed_at", "pk")


def _emptied(member: Member, held: list[tuple[str, int]]) -> tuple[str, ...]:
    """The marks of those pools in which nobody is left without the member."""
    others = Responsibility.objects.in_force().filter(member__user__is_active=True).exclude(member=member)
    kept = set(others.filter(area__in=[area for _role, area in held]).values_list("role_id", "area_id"))
    return tuple(pools.duty_mark(role, area) for role, area in held if (role, area) not in kept)


def _pass_on(
    member: Member, to: Member | None, actor: User, reason: str, emptied: tuple[str, ...]
) -> list[Passed]:
    orphans = Task.objects.filter(owner=None, status=STATUS.NEW, owner_permission__in=emptied)
    orphans = orphans.filter(process__request__isnull=False).order_by("pk")
    ids = [task.pk for task in _held_by(member) if not is_requesters(task)]
    ids += orphans.values_list("pk", flat=True)
    return list(_passed(ids, member, to, actor, reason))


def _passed(ids: list[int], member: Member, to: Member | None, actor: User, reason: str) -> Iterator[Passed]:
    for task_id in ids:
        with moving(task_id, actor) as (move, step):
            move.leaving = frozenset({member.user_id})
            yield _pass_one(move, step, to, actor, reason)


def _pass_one(move: Move, step: ApprovalStep, to: Member | None, actor: User, reason: str) -> Passed:
    block, task = step.flow_task.block, step.task
    assignment = _assignment(step, to.user if to else None)
    Opinion.objects.create(
        task=task,
        request=move.request,
        block=block.id,
        move="hand_over",
        text=reason,
        actor=actor,
        at=move.now,
    )
    if (lender := hands.lent_by(task)) and lender != assignment.owner_id and to:
        hands.pass_lent(step, to.user)
    else:
        step.hand_to(assignment)
        task.save(update_fields=hands.HANDED)
    if block.handler and assignment.is_pool:
        move.change(handler=None)
    name = assignment.name or "、".join(queries.pool_names(assignment.permission))
    move.note(TaskTransferred, **named(step), to=name, reason=reason, notify=assignment.told)
    area = move.request.area
    return Passed(task.pk, move.request.number, str(area) if area else "", step_of(task).title, name)


def _assignment(step: ApprovalStep, to: User | None) -> people.Assignment:
    """Who gets a task of somebody who leaves: the person named, unless they have a seat at that step."""
    task, block = step.task, step.flow_task.block
    if to is None or ("seat" in task.data and to.pk in seats.people_in(seats.fork_of(task), block)):
        return routes.heir(step)
    return people.one(to)


def is_requesters(task: Task) -> bool:
    """Whether the member answers this step as the one whose request it is: it stays theirs."""
    whom: Any = getattr(getattr(task.flow_task, "block", None), "who", ())
    return bool(whom) and all(who.person in REQUESTER for who in whom)
