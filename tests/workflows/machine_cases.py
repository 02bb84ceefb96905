"""Moves about whole cases, for ``machine``: as the screens offer them, and what must hold after them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from django.utils import timezone
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from grid.models import User
from workflows import policies
from workflows.actions.applications import ask_appeal, ask_extension, ask_suspension, decide_application
from workflows.actions.duplicates import merge_case
from workflows.actions.endings import force_close_case, withdraw_request
from workflows.actions.reassign import reassign_task
from workflows.actions.supervision import answer_order, supervise_case
from workflows.actions.suspension import resume_case
from workflows.actions.urging import urge_request
from workflows.engine.move import OPEN
from workflows.models import Application, Request, State, Supervision

#: A move: what it is called, and what makes it.
Choice = tuple[str, Callable[[], Any]]
WAITS = Application.Status.OPEN


class Whole:
    """Who may make moves about a case as a whole: superiors by their posts, the others by the case."""

    def __init__(self, case: Request, people: list[User], others: list[Request]) -> None:
        """``others``: cases that this one may be joined with."""
        self.people, self.others = people, others
        self.superiors = [one for one in people if policies.may_command(one, case)][:2]
        self.closers = [one for one in people if policies.may_force_close(one, case)][:1]

    def choices(self, case: Request, *, ends: bool) -> Iterator[Choice]:
        """Every move about ``case``, as it is now, that somebody may make; those that end it if asked."""
        if case.reporter is not None and policies.may_urge(case.reporter, case):
            yield "urge", _call(urge_request, case, case.reporter, text="请快一点")
        yield from self._asked(case)
        for order in Supervision.objects.filter(request=case, reply_by__isnull=False, replied_at=None):
            for actor in self._first(policies.has_in_hand, case):
                yield "answer_order", _answer(order, actor)
        if case.is_open:
            yield from self._orders(case)
            if ends:
                yield from self._ends(case)

    def _asked(self, case: Request) -> Iterator[Choice]:
        """More time, a pause, an appeal: asked for and decided."""
        until = timezone.localdate() + timedelta(days=3)
        for actor in self._holders(case):
            yield "ask_extension", _call(ask_extension, case, actor, reason="要等零件")
            yield "ask_suspension", _call(ask_suspension, case, actor, reason="等天气", until=until)
        if policies.was_late(case) and case.handler in self.people:
            yield "ask_appeal", _call(ask_appeal, case, case.handler, reason="零件缺货")
        for application in case.applications.filter(status=WAITS):
            last = application.consents.last()
            for actor in self._first(policies.may_decide, last):
                yield f"{application.kind} granted", _decide(application, actor, agrees=True)
                yield f"{application.kind} refused", _decide(application, actor, agrees=False)
        if case.state == State.SUSPENDED:
            yield from (("resume", _call(resume_case, case, actor)) for actor in self.superiors[:1])

    def _orders(self, case: Request) -> Iterator[Choice]:
        given = {"level": Supervision.Level.values[0], "text": "今天办完", "reply_by": timezone.localdate()}
        for actor in self.superiors[:1]:
            yield "supervise", _call(supervise_case, case, actor, **given)
        for task in Task.objects.filter(process=case.process_id, status__in=OPEN, flow_task_type="HUMAN"):
            for actor in self.superiors:
                to = next(one for one in self.people if one.pk not in (actor.pk, task.owner_id))
                yield "reassign", _reassign(task, actor, to)

    def _ends(self, case: Request) -> Iterator[Choice]:
        if case.reporter is not None and policies.may_withdraw(case.reporter, case):
            yield "withdraw", _call(withdraw_request, case, case.reporter)
        for actor in self.closers:
            yield "force_close", _call(force_close_case, case, actor, reason="已由物业处理")
        for actor in [*self.superiors[:1], *self._holders(case)]:
            yield from (("merge", _merge(case, other, actor)) for other in self.others)

    def _first(self, may: Callable[[User, Any], bool], about: Any) -> Iterator[User]:
        return islice((one for one in self.people if may(one, about)), 1)

    def _holders(self, case: Request) -> list[User]:
        held = Task.objects.filter(process=case.process_id, status=STATUS.ASSIGNED, flow_task_type="HUMAN")
        owners = set(held.values_list("owner_id", flat=True))
        return [one for one in self.people if one.pk in owners][:1]


def _call(action: Callable[..., Any], case: Request, actor: User, **given: Any) -> Callable[[], Any]:
    return lambda: action(request_id=case.pk, actor=actor, **given)


def _decide(application: Application, actor: User, *, agrees: bool) -> Callable[[], Any]:
    return lambda: decide_application(
        application_id=application.pk, actor=actor, agrees=agrees, opinion="按规定"
    )


def _answer(order: Supervision, actor: User) -> Callable[[], Any]:
    return lambda: answer_order(order_id=order.pk, actor=actor, text="正在办")


def _merge(case: Request, other: Request, actor: User) -> Callable[[], Any]:
    return lambda: merge_case(request_id=case.pk, into_id=other.pk, actor=actor)


def _reassign(task: Task, actor: User, to: User) -> Callable[[], Any]:
    return lambda: reassign_task(task_id=task.pk, actor=actor, to=to, reason="换个人")


def broken(case: Request) -> Iterator[str]:
    """What is wrong with what was asked, ordered and joined about a case."""
    applications = list(case.applications.all())
    running = [one for one in applications if one.began_at is not None and one.ended_at is None]
    if (case.state == State.SUSPENDED) != bool(running):
        yield f"the case is {case.state} with {len(running)} suspensions under way"
    for one in applications:
        waits = [consent for consent in one.consents.all() if consent.agrees is None]
        if one.status == WAITS and len(waits) != 1:
            yield f"{one} waits for {len(waits)} decisions"
        if one.status == WAITS and not case.is_open and one.kind != Application.Kind.APPEAL:
            yield f"{one}, and the case has ended"
        if one.ended_at is not None and one.ended_at < one.began_at:
            yield f"{one} ended before it began"
    if (case.state == State.MERGED) != (case.merged_into_id is not None):
        yield f"the case is {case.state} and joined with {case.merged_into_id}"
    if case.merged_into is not None and case.merged_into.merged_into_id is not None:
        yield "the case is joined with one that is joined itself"
    if running:
        until = running[0].until
        early = Task.objects.filter(
            process=case.process_id, status=STATUS.SCHEDULED, flow_task_type="TIMER", scheduled__lt=until
        )
        yield from (f"{task} fires while the case stands still" for task in early)
