"""Moves that bring colleagues into a task, or take it back from them, each one action."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from pydantic import ValidationError

from grid.errors import Refused
from grid.models import User
from workflows.actions.delegation import answer_task, ask_for_help, delegate_task
from workflows.actions.signers import add_signer, remove_signer
from workflows.actions.taking_back import take_back_task
from workflows.countersign import countersigns
from workflows.engine.schema import Limit

from .access import member_required
from .parse import whole_number
from .task import carry_out, task_of


def _person(request: HttpRequest, field: str = "to") -> User:
    person = User.objects.filter(pk=whole_number(request.POST.get(field, ""))).first()
    if person is None:
        raise Refused(_("Choose a person first."))
    return person


@member_required
@require_GET
def desk_countersign(request: HttpRequest, pk: int) -> HttpResponse:
    """Who has agreed and who is still open: a fragment, fetched again when something happens."""
    task = task_of(request.user, pk)
    shown = countersigns(task.process.request, request.user)
    here = [one for one in shown if one.block_id == task.flow_task.block.id]
    return render(
        request,
        "desk/_countersign.html",
        {"task": task, "case": task.process.request, "countersigns": here},
    )


@member_required
@require_POST
def desk_ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring in a colleague: to do it and give it back, to sign as well, or to help."""
    task_of(request.user, pk)
    way = request.POST.get("way", "")

    def act() -> None:
        given: dict[str, Any] = {
            "task_id": pk,
            "actor": request.user,
            "to": _person(request),
            "reason": request.POST.get("reason", "").strip(),
        }
        match way:
            case "delegate":
                delegate_task(**given)
            case "sign_before":
                add_signer(**given, place="before")
            case "sign_after":
                add_signer(**given, place="after")
            case "co_handle":
                ask_for_help(**given, limit=_limit(request))
            case _:
                raise Refused(_("Choose what your colleague is to do."))

    stays = way in ("sign_after", "co_handle")
    return carry_out(request, pk, act, _("Your colleague has been asked."), stay=stays)


def _limit(request: HttpRequest) -> Limit | None:
    """By when help is wanted; None when nothing was said."""
    number = request.POST.get("limit", "").strip()
    if not number:
        return None
    try:
        return Limit.model_validate({"limit": number, "clock": request.POST.get("clock", "work_hours")})
    except ValidationError as error:
        raise Refused(_("Write by when as a number, for example 4 working hours.")) from error


@member_required
@require_POST
def desk_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the answer a colleague waits for."""
    task_of(request.user, pk)

    def act() -> None:
        answer_task(
            task_id=pk,
            actor=request.user,
            opinion=request.POST.get("opinion", "").strip(),
            photos=request.FILES.getlist("photos"),
        )

    return carry_out(request, pk, act, _("Your answer is on its way."))


@member_required
@require_POST
def desk_remove_signer(request: HttpRequest, pk: int) -> HttpResponse:
    """Take out somebody who was added and has not signed."""
    task_of(request.user, pk)

    def act() -> None:
        reason = request.POST.get("reason", "").strip()
        remove_signer(task_id=pk, actor=request.user, signer=_person(request, "signer"), reason=reason)

    return carry_out(request, pk, act, _("They need not sign any more."), stay=True)


@member_required
@require_POST
def desk_take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a step back before anybody has acted on it."""
    task_of(request.user, pk)

    def act() -> None:
        take_back_task(task_id=pk, actor=request.user)

    return carry_out(request, pk, act, _("The step is yours again."), stay=True)
