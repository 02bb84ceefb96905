"""What a person has been told: the list, the bell of every page, and marking things read."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST
from viewflow.workflow.models import Task

from grid.models import User
from grid.policies import may_administer
from realtime import notifications as told
from realtime.models import Event
from workflows.policies import may_act, visible_proposals

PAGE_SIZE = 30


@login_required
@require_GET
def notifications(request: HttpRequest) -> HttpResponse:
    """Everything this person was told, the newest first."""
    page = Paginator(told.latest(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "notifications/list.html", {"page": page})


@login_required
@require_GET
def notifications_bell(request: HttpRequest) -> HttpResponse:
    """The bell alone, fetched again when something happens that concerns this person."""
    return render(request, "notifications/_bell.html")


@login_required
@require_POST
def notifications_read(request: HttpRequest) -> HttpResponse:
    """Mark everything read."""
    told.mark_read(user=request.user)
    return redirect("notifications")


@login_required
@require_POST
def notification_open(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark one read, and go to what it is about."""
    notification = get_object_or_404(told.latest(request.user), pk=pk)
    told.mark_read(user=request.user, ids=[pk])
    return _about(request.user, notification.event)


def _about(user: User, event: Event) -> HttpResponse:
    """The task if it is this person's to do, else the case, else the list."""
    task = Task.objects.filter(pk=event.payload.get("task")).select_related("owner", "process").first()
    if task is not None and may_act(user, task):
        return redirect("desk_task", pk=task.pk)
    if event.subject_type == "workflow" and may_administer(user):
        return _workflow(user, event)
    number = told.case_number(event)
    return redirect("case_detail", number=number) if number else redirect("notifications")


def _workflow(user: User, event: Event) -> HttpResponse:
    """What waits for a second person, else the versions there are."""
    waiting = visible_proposals(user).filter(definition=event.subject_id, status="open").first()
    if waiting is not None:
        return redirect("workflow_proposal", pk=waiting.pk)
    return redirect("workflow_versions", key=event.payload["definition"])
