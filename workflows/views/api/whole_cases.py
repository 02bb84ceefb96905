"""Moves about a whole case for programs; what each does is in docs/reference/moves.md."""

from datetime import date
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from viewflow.workflow.models import Task

from grid.models import User
from workflows.actions.applications import ask_appeal, ask_extension, ask_suspension, decide_application
from workflows.actions.duplicates import merge_case
from workflows.actions.endings import force_close_case, withdraw_request
from workflows.actions.reassign import reassign_task
from workflows.actions.supervision import answer_order, supervise_case
from workflows.actions.suspension import resume_case
from workflows.actions.urging import urge_request
from workflows.models import Application, Supervision
from workflows.policies import visible_requests

from . import shapes


class Text(shapes.Given):
    text: shapes.Words = ""


class Reason(shapes.Given):
    reason: shapes.Words


class MaybeReason(shapes.Given):
    reason: shapes.Words = ""


class OrderIn(shapes.Given):
    """``level`` from 1 to 3; ``reply_by`` a local day, null where no answer is wanted."""

    level: int
    text: shapes.Words
    reply_by: date | None = None


class AnswerIn(shapes.Given):
    order: int
    text: shapes.Words


class SuspensionIn(shapes.Given):
    """``until``: the local day on which it goes on."""

    reason: shapes.Words
    until: date


class DecisionIn(shapes.Given):
    application: int
    agrees: bool
    opinion: shapes.Words = ""


class IntoIn(shapes.Given):
    """``into``: the number of the case that goes on for both."""

    into: str


class ReassignIn(shapes.ToSomebody):
    task: int


def answer(*, request_id: int, actor: User, order: int, text: str) -> Any:
    """Answer an order about the case."""
    found = get_object_or_404(Supervision, pk=order, request=request_id)
    return answer_order(order_id=found.pk, actor=actor, text=text)


def decide(*, request_id: int, actor: User, application: int, agrees: bool, opinion: str) -> Any:
    """Agree to what was asked for about the case, or refuse it."""
    found = get_object_or_404(Application, pk=application, request=request_id)
    return decide_application(application_id=found.pk, actor=actor, agrees=agrees, opinion=opinion)


def merge(*, request_id: int, actor: User, into: str) -> Any:
    """Join the case with another one, which goes on for both."""
    main = visible_requests(actor).filter(number=into).first()
    if main is None:
        raise Http404
    return merge_case(request_id=request_id, into_id=main.pk, actor=actor)


def reassign(*, request_id: int, actor: User, task: int, to: User, reason: str) -> Any:
    """Give a step of the case to somebody else."""
    found = get_object_or_404(Task, pk=task, process__request=request_id)
    return reassign_task(task_id=found.pk, actor=actor, to=to, reason=reason)


#: Name of a move, what is sent with it, the action.
MOVES = [
    ("urge", Text, urge_request),
    ("withdraw", MaybeReason, withdraw_request),
    ("force-close", Reason, force_close_case),
    ("order", OrderIn, supervise_case),
    ("answer", AnswerIn, answer),
    ("ask-extension", Reason, ask_extension),
    ("ask-suspension", SuspensionIn, ask_suspension),
    ("appeal", Reason, ask_appeal),
    ("decide", DecisionIn, decide),
    ("resume", MaybeReason, resume_case),
    ("merge", IntoIn, merge),
    ("reassign", ReassignIn, reassign),
]
