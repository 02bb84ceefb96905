"""A copy that was sent to somebody: marking it read."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from workflows.actions.copies import read_copies
from workflows.policies import visible_requests


@login_required
@require_POST
def copy_read(request: HttpRequest, number: str) -> HttpResponse:
    """Mark this person's copies of a case as read, and go to the case."""
    case = get_object_or_404(visible_requests(request.user), number=number)
    read_copies(request_id=case.pk, actor=request.user)
    return redirect("case_detail", number=number)
