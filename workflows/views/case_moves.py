"""The moves about a case as a whole, one action each; what can be done is in :mod:`.oversight`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from viewflow.workflow.models import Task

from grid.errors import NotAllowed, Refused
from grid.models import User
from grid.views.duties import day_of
from workflows import policies
from workflows.actions.applications import ask_appeal, ask_extension, ask_suspension, decide_application
from workflows.actions.duplicates import merge_case
from workflows.actions.endings import force_close_case
from workflows.actions.messages import message_member
from workflows.actions.reassign import reassign_task
from workflows.actions.supervision import answer_order, supervise_case
from workflows.actions.suspension import resume_case
from workflows.actions.urging import urge_request
from workflows.models import Application, Request, Supervision

from .cases import case_of, case_page
from .oversight import oversight
from .parse import whole_number

Kind = Application.Kind


@login_required
@require_GET
def case_oversight(request: HttpRequest, number: str) -> HttpResponse:
    """What stands and what waits for the viewer: a fragment, fetched again when something happens."""
    case = _staffs_case(request.user, number)
    context = oversight(case, request.user) | {"back": _back(request.GET.get("back", ""), number)}
    return render(request, "case/_oversight.html", context)


@login_required
@require_POST
def case_urge(request: HttpRequest, number: str) -> HttpResponse:
    """A superior asks those who have it to hurry."""

    def act(case: Request) -> None:
        urge_request(request_id=case.pk, actor=request.user, text=request.POST.get("text", ""))

    return _move(request, number, act, _("They have been asked to hurry."))


@login_required
@require_POST
def case_order(request: HttpRequest, number: str) -> HttpResponse:
    """A superior gives an order, with an answer by a day if one is wanted."""

    def act(case: Request) -> None:
        supervise_case(
            request_id=case.pk,
            actor=request.user,
            level=whole_number(request.POST.get("level", "")) or 0,
            text=request.POST.get("text", ""),
            reply_by=day_of(request, "reply_by"),
        )

    return _move(request, number, act, _("The order was given."))


@login_required
@require_POST
def case_message(request: HttpRequest, number: str) -> HttpResponse:
    """A superior writes to the member on duty where the case is."""

    def act(case: Request) -> None:
        message_member(request_id=case.pk, actor=request.user, text=request.POST.get("text", ""))

    return _move(request, number, act, _("The message was sent."))


@login_required
@require_POST
def order_answer(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Whoever has the case answers an order."""

    def act(case: Request) -> None:
        order = get_object_or_404(Supervision, pk=pk, request=case)
        answer_order(order_id=order.pk, actor=request.user, text=request.POST.get("text", ""))

    return _move(request, number, act, _("Your answer was sent."))


@login_required
@require_POST
def case_ask(request: HttpRequest, number: str, kind: str) -> HttpResponse:
    """Ask for more time, for a suspension, or appeal."""
    reason = request.POST.get("reason", "")

    def act(case: Request) -> None:
        about: dict[str, Any] = {"request_id": case.pk, "actor": request.user, "reason": reason}
        if kind == Kind.EXTENSION:
            ask_extension(**about)
        elif kind == Kind.SUSPENSION:
            until = day_of(request, "until")
            if until is None:
                raise Refused(_("Choose the day on which it goes on, from tomorrow to 365 days from now."))
            ask_suspension(until=until, **about)
        elif kind == Kind.APPEAL:
            ask_appeal(**about)
        else:
            raise Http404

    return _move(request, number, act, _("It was asked for. You are told as soon as it is decided."))


@login_required
@require_POST
def application_decide(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Agree to what was asked for, or refuse it."""
    agrees = request.POST.get("decision") == "agree"

    def act(case: Request) -> None:
        application = get_object_or_404(Application, pk=pk, request=case)
        if request.POST.get("decision") not in ("agree", "refuse"):
            raise Refused(_("Choose whether you agree."))
        decide_application(
            application_id=application.pk,
            actor=request.user,
            agrees=agrees,
            opinion=request.POST.get("opinion", ""),
        )

    return _move(request, number, act, _("You have agreed.") if agrees else _("You have refused."))


@login_required
@require_POST
def case_resume(request: HttpRequest, number: str) -> HttpResponse:
    """Let a suspended case run on."""

    def act(case: Request) -> None:
        resume_case(request_id=case.pk, actor=request.user, reason=request.POST.get("reason", ""))

    return _move(request, number, act, _("The case goes on."))


@login_required
@require_POST
def case_force_close(request: HttpRequest, number: str) -> HttpResponse:
    """Close a case where it stands."""

    def act(case: Request) -> None:
        force_close_case(request_id=case.pk, actor=request.user, reason=request.POST.get("reason", ""))

    return _move(request, number, act, _("The case was closed by order."))


@login_required
@require_POST
def case_merge(request: HttpRequest, number: str) -> HttpResponse:
    """Join a case with another one, named by its number."""

    def act(case: Request) -> None:
        main = (
            policies.visible_requests(request.user)
            .filter(number=request.POST.get("into", "").strip())
            .first()
        )
        if main is None:
            raise Refused(_("There is no such case among those you may see. Check the number."))
        merge_case(request_id=case.pk, into_id=main.pk, actor=request.user)

    return _move(request, number, act, _("The two cases were joined."), to_case=True)


@login_required
@require_POST
def case_reassign(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """A superior gives a step to somebody else."""

    def act(case: Request) -> None:
        task = get_object_or_404(Task, pk=pk, process_id=case.process_id)
        to = User.objects.filter(pk=whole_number(request.POST.get("to", ""))).first()
        if to is None:
            raise Refused(_("Choose the person who is to take over."))
        reassign_task(task_id=task.pk, actor=request.user, to=to, reason=request.POST.get("reason", ""))

    return _move(request, number, act, _("The task was handed over."))


def _staffs_case(user: User, number: str) -> Request:
    case = case_of(user, number)
    if not policies.sight(user, case).internal:
        raise Http404
    return case


def _move(
    request: HttpRequest,
    number: str,
    act: Callable[[Request], object],
    done: str,
    *,
    to_case: bool = False,
) -> HttpResponse:
    """Carry out one action and go back to where it was asked; or say why not, with what was typed."""
    case = _staffs_case(request.user, number)
    beside_map = bool(request.POST.get("beside_map")) and request.htmx
    try:
        act(case)
    except Refused as error:
        if request.htmx:
            response = render(request, "desk/_refused.html", {"refused": str(error)})
            if not beside_map:
                response["HX-Retarget"], response["HX-Reswap"] = "#refused", "innerHTML"
            return response
        status = 403 if isinstance(error, NotAllowed) else 409
        return case_page(request, case_of(request.user, number), refused=str(error), status=status)
    if beside_map:
        return render(request, "case/_done.html", {"done": done})
    messages.success(request, done)
    target = _back("" if to_case else request.POST.get("back", ""), number)
    return HttpResponse(headers={"HX-Redirect": target}) if request.htmx else redirect(target)


def _back(path: str, number: str) -> str:
    """Where the move was made, if that is a page of ours; else the case."""
    ours = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if ours else reverse("case_detail", args=[number])
