"""What there is to say and do about a case as a whole: orders, what was asked for, duplicates, reassigning.

Shown on the case's page and on the page of a task.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from viewflow.workflow.models import Task

from grid.models import User
from workflows import approvers, policies, queries, similar
from workflows.actions.applications import EXTENSIONS_MAX, SUSPENDED_AT_MOST
from workflows.actions.handover import is_requesters
from workflows.actions.supervision import FARTHEST
from workflows.engine.describe import step_of
from workflows.models import Application, Consent, Request, Supervision

from . import choices

Kind, Status = Application.Kind, Application.Status


@dataclass(frozen=True)
class Asked:
    """Something asked for, what each level said, and who decides next; ``waits`` for the viewer."""

    application: Application
    consents: list[Consent]
    waits: bool
    deciders: list[str]


@dataclass(frozen=True)
class Step:
    """An open step a superior may give to somebody else."""

    task: Task
    title: str


def oversight(case: Request, user: User) -> dict[str, Any]:
    """The context of ``case/_oversight.html``: what stands and what waits for the viewer."""
    in_hand, is_open = policies.has_in_hand(user, case), _runs(case)
    return {
        "case": case,
        "orders": _orders(case),
        "asked": [_asked(each, user) for each in _applications(case)],
        "suspension": queries.running_suspension(case),
        "may_answer": in_hand,
        "may_resume": is_open and (in_hand or policies.may_command(user, case)),
        "people_asking": queries.people_asking(case),
        "duplicates": list(case.duplicates.order_by("pk")),
        "same": similar.like(case) if is_open and policies.may_merge(user, case) else [],
    }


def case_moves(case: Request, user: User) -> dict[str, Any]:
    """The context of ``case/_case_moves.html``: what the viewer may do with the case as a whole."""
    is_open, commands = _runs(case), policies.may_command(user, case)
    return {
        "may_ask": _may_ask(case, user),
        "may_command": is_open and commands,
        "urge_again": queries.urge_again(case) if commands else None,
        "may_merge": is_open and policies.may_merge(user, case),
        "may_force_close": is_open and policies.may_force_close(user, case),
        "levels": Supervision.Level.choices,
        "steps": _steps(case) if is_open and commands else [],
        "people_to_give": choices.colleagues(case) if is_open and commands else [],
    } | _days()


def task_moves(case: Request, user: User) -> dict[str, Any]:
    """The same on the page of a task: the moves of whoever has it. A superior's are on the case's page."""
    own = {"may_command": False, "may_force_close": False}
    return (
        {"may_ask": _may_ask(case, user), "may_merge": _runs(case) and policies.may_merge(user, case)}
        | own
        | _days()
    )


def _days() -> dict[str, Any]:
    today = timezone.localdate()
    return {
        "today": today,
        "tomorrow": today + timedelta(days=1),
        "answer_until": today + FARTHEST,
        "suspend_until": today + SUSPENDED_AT_MOST,
    }


def _runs(case: Request) -> bool:
    return case.is_open and case.closed_at is None and case.process_id is not None


def _orders(case: Request) -> QuerySet[Supervision]:
    return case.supervisions.select_related("ordered_by", "replied_by").order_by("-pk")


def _applications(case: Request) -> QuerySet[Application]:
    found = case.applications.select_related("asked_by").prefetch_related("consents__decided_by")
    return found.order_by("-pk")


def _asked(application: Application, user: User) -> Asked:
    consents = list(application.consents.all())
    if application.status != Status.OPEN or not consents:
        return Asked(application, consents, False, [])
    spent = {application.asked_by_id, *(consent.decided_by_id for consent in consents)}
    deciders = [str(each) for each in approvers.holders(consents[-1].pool) if each.pk not in spent]
    return Asked(application, consents, policies.may_decide(user, consents[-1]), deciders)


def _may_ask(case: Request, user: User) -> set[str]:
    """What the viewer may ask for now, as far as a page need know; the action has the last word."""
    if policies.was_late(case):
        mine = case.handler_id in policies.acting_for(user)
        return {Kind.APPEAL} if mine and not case.applications.filter(kind=Kind.APPEAL).exists() else set()
    if not _runs(case) or not policies.holds_step(user, case) or policies.is_requester(user, case):
        return set()
    may = {Kind.SUSPENSION}
    if case.due_at is not None and timezone.now() <= case.due_at:
        may.add(Kind.EXTENSION)
    taken = case.applications.filter(kind__in=may)
    spent = set(taken.filter(kind=Kind.SUSPENSION, status=Status.GRANTED).values_list("kind", flat=True))
    if taken.filter(kind=Kind.EXTENSION, status=Status.GRANTED).count() >= EXTENSIONS_MAX:
        spent.add(Kind.EXTENSION)
    waiting = set(taken.filter(status=Status.OPEN).values_list("kind", flat=True))
    return set() if queries.running_suspension(case) else may - spent - waiting


def _steps(case: Request) -> list[Step]:
    tasks = Task.objects.filter(
        process_id=case.process_id, status__in=policies.OPEN_TASK, flow_task_type="HUMAN"
    )
    return [
        Step(task, step_of(task).title)
        for task in tasks.select_related("process").order_by("pk")
        if not is_requesters(task)
    ]
