"""Files with figures: asking for one, how far it is, and the file."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from grid.errors import Refused
from workflows.queue import state_of

from ..actions.jobs import keep_until, start_file
from ..files import CONTENT_TYPES, title
from ..rights import covers_still, visible_figure_jobs
from .access import figures_required
from .asking import AskForm


@require_POST
@figures_required
def figure_file_start(request: HttpRequest) -> HttpResponse:
    """Ask for a file with the figures of the page."""
    form = AskForm(request.POST, request.user)
    if not form.is_valid():
        messages.error(request, " ".join(error for errors in form.errors.values() for error in errors))
        return redirect("figures")
    try:
        job = start_file(question=form.question(), kind=request.POST.get("format", ""), actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(f"{reverse('figures')}?{form.link()}")
    return redirect("figure_file", pk=job.pk)


@require_safe
@figures_required
def figure_file(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far it is, or the way to the file."""
    job = get_object_or_404(visible_figure_jobs(request.user), pk=pk)
    state = state_of(job)
    context = {"job": job, "state": state, "title": title(job), "until": keep_until(job)}
    return render(request, "figures/file.html" if state["is_done"] else "figures/progress.html", context)


@require_safe
@figures_required
def figure_file_progress(request: HttpRequest, pk: UUID) -> JsonResponse:
    """For pages without a socket."""
    job = get_object_or_404(visible_figure_jobs(request.user), pk=pk)
    return JsonResponse(state_of(job), headers={"Cache-Control": "no-store"})


@require_safe
@figures_required
def figure_file_download(request: HttpRequest, pk: UUID) -> FileResponse:
    """The file, for whoever asked for it, while they watch all it is about and it is kept."""
    job = get_object_or_404(visible_figure_jobs(request.user), pk=pk)
    if not job.file or not covers_still(request.user, job) or not default_storage.exists(job.file):
        raise Http404
    return FileResponse(
        default_storage.open(job.file),
        as_attachment=True,
        filename=f"{title(job)}.{job.kind}",
        content_type=CONTENT_TYPES[job.kind],
        headers={"Cache-Control": "private, no-store"},
    )
