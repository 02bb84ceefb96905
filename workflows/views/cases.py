"""A whole case for those who work on it or watch over it: what, where, who has it, the story so far."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from viewflow.workflow.models import Task

from grid.models import User
from workflows import pools
from workflows.countersign import countersigns
from workflows.engine.describe import step_of
from workflows.filled import filled
from workflows.flow_picture import picture_of_case
from workflows.models import Request
from workflows.policies import OPEN_TASK, may_act, sight, visible_requests
from workflows.timeline import timeline

from .contact import contact_of
from .oversight import case_moves, oversight


@dataclass(frozen=True)
class Holder:
    """An open step, and who has it. ``mine``: the viewer can act on it at their desk."""

    task: Task
    title: str
    people: list[str]
    since: datetime
    pooled: bool
    mine: bool


def holders(case: Request, viewer: User) -> list[Holder]:
    """The open steps of a case, each with the person who has it or those who could claim it."""
    tasks = Task.objects.filter(
        process_id=case.process_id, status__in=OPEN_TASK, owner_permission__isnull=False
    )
    names = sight(viewer, case).staff_names
    return [
        Holder(
            task=task,
            title=step_of(task).title,
            people=_people(task, case) if names else [],
            since=task.assigned or task.created,
            pooled=task.owner_id is None,
            mine=may_act(viewer, task),
        )
        for task in tasks.select_related("owner", "process").order_by("pk")
    ]


def _people(task: Task, case: Request) -> list[str]:
    """Who has a task or may claim it. The reporter goes unnamed: not everyone may know them."""
    if task.owner_id is None:
        return pools.names([task.owner_permission]).get(task.owner_permission, [])
    return [_("the resident who asked") if task.owner_id == case.reporter_id else str(task.owner)]


def case_of(user: User, number: str) -> Request:
    """A case the user may open; any other does not exist for them."""
    return get_object_or_404(
        visible_requests(user).select_related("area__level", "category", "condition", "reporter", "process"),
        number=number,
    )


def _story(case: Request, viewer: User) -> dict:
    return {
        "case": case,
        "entries": timeline(case, viewer),
        "holders": holders(case, viewer),
        "countersigns": countersigns(case, viewer),
        "picture": picture_of_case(case, viewer) if sight(viewer, case).internal else None,
    }


@login_required
@require_GET
def case_detail(request: HttpRequest, number: str) -> HttpResponse:
    """The case; a resident's own way of looking at it is the portal's page."""
    case = case_of(request.user, number)
    if not sight(request.user, case).internal:
        return redirect("request_detail", number=number)
    return case_page(request, case)


def case_page(request: HttpRequest, case: Request, *, refused: str = "", status: int = 200) -> HttpResponse:
    """The case's page, with what was typed before an action said no."""
    user = request.user
    seen = sight(user, case)
    context = _story(case, user) | oversight(case, user) | case_moves(case, user)
    context |= {
        "contact": contact_of(case, user, seen),
        "photos": list(case.attachments.all()),
        "sight": seen,
        "typed": request.POST,
        "refused": refused,
        "back": reverse("case_detail", args=[case.number]),
        "filled": filled(case, request.user, seen),
        "copy_unread": case.carbon_copies.filter(user=request.user, read_at=None).exists(),
    }
    return render(request, "case/detail.html", context, status=status)


@login_required
@require_GET
def case_story(request: HttpRequest, number: str) -> HttpResponse:
    """Who has it and the story so far: a fragment, fetched again when something happens."""
    return render(request, "case/_live.html", _story(case_of(request.user, number), request.user))
