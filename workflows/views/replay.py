"""Replaying past cases, and the pages of all work on many cases: how far it is, and what came of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_safe

from grid.errors import Refused
from ui.forms import DayField
from workflows.actions.workflow_jobs import start_replay, state_of
from workflows.installation import findings
from workflows.models import WorkflowDefinition, WorkflowJob
from workflows.policies import visible_jobs
from workflows.trial.bodies import Body, bodies

from .access import administrator_required

#: Former jobs listed on a page.
SHOWN = 10
Kind = WorkflowJob.Kind


class ReplayForm(forms.Form):
    """What is replayed, and the cases of which days."""

    what = forms.ChoiceField(label=_lazy("What is tried"))
    against = forms.ChoiceField(label=_lazy("Compared with"))
    since = DayField(label=_lazy("Cases filed from"))
    until = DayField(label=_lazy("to (included)"))


def _form(known: list[Body], data: Any = None) -> ReplayForm:
    """Last month, the draft or the latest version against the one in force, unless something else is
    asked.
    """
    today = timezone.localdate()
    last_day = today.replace(day=1) - timedelta(days=1)
    in_force = next((body.code for body in known if body.is_in_force), known[0].code)
    other = next((body.code for body in known if body.code != in_force), in_force)
    start = {"what": other, "against": in_force, "since": last_day.replace(day=1), "until": last_day}
    form = ReplayForm(data, initial=start)
    form.fields["what"].choices = [(body.code, body.title) for body in known]  # type: ignore[attr-defined]
    versions = [(body.code, body.title) for body in known if body.version is not None]
    form.fields["against"].choices = versions  # type: ignore[attr-defined]
    return form


@administrator_required
@require_http_methods(["GET", "HEAD", "POST"])
def workflow_replay(request: HttpRequest, key: str) -> HttpResponse:
    """Choose a drawing and a period; what was replayed before."""
    definition, known = get_object_or_404(WorkflowDefinition, key=key), bodies(key)
    if not any(body.version for body in known):
        raise Http404
    form, refused = _form(known), ""
    if request.method == "POST":
        form = _form(known, request.POST)
        if form.is_valid():
            try:
                return redirect("workflow_job", pk=_start(request, definition, known, form).pk)
            except Refused as refusal:
                refused = str(refusal)
    jobs = visible_jobs(request.user).filter(kind=Kind.REPLAY, definition=definition)[:SHOWN]
    context = {"definition": definition, "key": key, "form": form, "refused": refused, "jobs": jobs}
    return render(request, "console/workflow_replay.html", context, status=409 if refused else 200)


def _start(
    request: HttpRequest, definition: WorkflowDefinition, known: list[Body], form: ReplayForm
) -> WorkflowJob:
    said = form.cleaned_data
    body = next(one for one in known if one.code == said["what"])
    against = next(one.version for one in known if one.code == said["against"])
    assert against is not None
    if body.version is None and any(one.is_error for one in findings(body.body)):
        raise Refused(_("This drawing cannot run yet. Mend what the check finds, then try it."))
    return start_replay(
        definition=definition,
        tried=body,
        against=against,
        since=said["since"],
        until=said["until"],
        actor=request.user,
    )


@administrator_required
@require_safe
def workflow_job(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far a job is, or its report."""
    job = get_object_or_404(visible_jobs(request.user), pk=pk)
    context = {"job": job, "key": job.definition.key, "state": state_of(job)}
    if not context["state"]["is_done"]:
        return render(request, "console/workflow_job_progress.html", context)
    templates = {Kind.REPLAY: "console/workflow_replayed.html"}
    return render(request, templates.get(Kind(job.kind), "console/workflow_migrated.html"), context)


@administrator_required
@require_safe
def workflow_job_progress(request: HttpRequest, pk: UUID) -> JsonResponse:
    """For pages without a socket, see :func:`workflows.actions.workflow_jobs.state_of`."""
    job = get_object_or_404(visible_jobs(request.user), pk=pk)
    return JsonResponse(state_of(job), headers={"Cache-Control": "no-store"})
