"""What residents do with requests they filed: follow, rate, urge, open again."""

from collections.abc import Callable
from dataclasses import replace

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from grid.errors import NotAllowed, Refused
from grid.models import User
from realtime.events import RequestFiled
from workflows import policies
from workflows.actions.endings import withdraw_request
from workflows.actions.ratings import rate_request, reopen_request
from workflows.actions.urging import urge_request
from workflows.filled import filled
from workflows.models import Request, State
from workflows.models.request import ENDED_STATES
from workflows.queries import joined_by, latest_rating, my_requests, people_asking, running_suspension
from workflows.timeline import Entry, timeline

from .cases import holders
from .forms import RatingForm, ReasonForm, UrgeForm, WithdrawForm
from .rows import with_icons

PER_PAGE = 20


@login_required
@require_GET
def request_list(request: HttpRequest) -> HttpResponse:
    """My requests, newest first: those under way, those done, or all."""
    shown = request.GET.get("show", "all")
    mine = with_icons(my_requests(request.user))
    if shown == "open":
        mine = mine.exclude(state__in=ENDED_STATES)
    elif shown == "done":
        mine = mine.filter(state__in=ENDED_STATES)
    else:
        shown = "all"
    page = Paginator(mine, PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "shown": shown, "joined": with_icons(joined_by(request.user))[:PER_PAGE]}
    return render(request, "portal/request_list.html", context)


@login_required
@require_GET
def request_detail(request: HttpRequest, number: str) -> HttpResponse:
    """One request as a story: where it stands, what was said, what can be done now."""
    case = _case(request.user, number)
    return render(request, "portal/request_detail.html", _story(case, request.user))


@login_required
@require_GET
def request_timeline(request: HttpRequest, number: str) -> HttpResponse:
    """Fragment: where it stands, the story and what can be done; fetched again when something happens."""
    return render(request, "portal/_story.html", _story(_case(request.user, number), request.user))


@login_required
@require_POST
def request_rate(request: HttpRequest, number: str) -> HttpResponse:
    """The resident's three answers."""

    def rate(case: Request, answers: dict) -> None:
        rate_request(request_id=case.pk, actor=request.user, **answers)

    return _move(
        request, number, "rating_form", RatingForm(request.POST), rate, _("Thank you. Your answers are kept.")
    )


@login_required
@require_POST
def request_reopen(request: HttpRequest, number: str) -> HttpResponse:
    """Not solved after all: back to whoever handled it."""

    def reopen(case: Request, answers: dict) -> None:
        reopen_request(request_id=case.pk, actor=request.user, **answers)

    done = _("Your request is open again. The member who handled it has been told.")
    return _move(request, number, "reason_form", ReasonForm(request.POST), reopen, done)


@login_required
@require_POST
def request_urge(request: HttpRequest, number: str) -> HttpResponse:
    """Ask those who have it to hurry; at most once a day."""

    def urge(case: Request, answers: dict) -> None:
        urge_request(request_id=case.pk, actor=request.user, **answers)

    return _move(
        request, number, "urge_form", UrgeForm(request.POST), urge, _("They have been asked to hurry.")
    )


@login_required
@require_POST
def request_withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """Take the request back, while nobody has worked on it."""

    def withdraw(case: Request, answers: dict) -> None:
        withdraw_request(request_id=case.pk, actor=request.user, **answers)

    done = _("Your request was withdrawn. Nobody works on it any more.")
    return _move(request, number, "withdraw_form", WithdrawForm(request.POST), withdraw, done)


def _move(
    request: HttpRequest,
    number: str,
    name: str,
    form: Form,
    act: Callable[[Request, dict], None],
    done: str,
) -> HttpResponse:
    """Carry out one move on a case and show the case again; what was typed stays when it is refused."""
    case = _case(request.user, number)
    if form.is_valid():
        try:
            act(case, form.cleaned_data)
        except NotAllowed as refused:
            raise PermissionDenied(str(refused)) from refused
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, done)
            return redirect("request_detail", number=number)
    context = _story(case, request.user) | {name: form}
    return render(request, "portal/request_detail.html", context, status=422)


def _without_photos(entry: Entry) -> Entry:
    """The photos of the filing stand beside the words; the story need not show them twice."""
    return replace(entry, photos=[]) if entry.kind == RequestFiled.kind else entry


def _case(user: User, number: str) -> Request:
    """A case the user may open; somebody else's does not exist for them."""
    cases = policies.visible_requests(user).select_related(
        "category", "area__level", "condition", "reporter", "handler", "process", "merged_into"
    )
    return get_object_or_404(cases, number=number)


def _story(case: Request, user: User) -> dict:
    seen = policies.sight(user, case)
    may_rate = policies.may_rate(user, case)
    return {
        "case": case,
        "sight": seen,
        "own": policies.is_requester(user, case),
        "photos": list(case.attachments.filter(moment="before")) if seen.photos else [],
        "filled": filled(case, user, seen),
        "entries": [_without_photos(entry) for entry in timeline(case, user)],
        "holders": holders(case, user),
        "rating": latest_rating(case) if may_rate else None,
        "ended": case.state in ENDED_STATES,
        "rejected": case.state == State.REJECTED,
        "rating_form": RatingForm() if may_rate else None,
        "reason_form": ReasonForm() if policies.may_reopen(user, case) else None,
        "urge_form": UrgeForm() if policies.may_urge(user, case) else None,
        "withdraw_form": WithdrawForm() if policies.may_withdraw(user, case) else None,
        "suspension": running_suspension(case),
        "joined": policies.has_joined(user, case),
        "joined_main": case.merged_into is not None and policies.may_view_request(user, case.merged_into),
        "people_asking": people_asking(case),
    }
