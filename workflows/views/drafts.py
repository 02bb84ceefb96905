"""Begin, take out and throw away what is drawn: the pages around the designer."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from grid.errors import Refused
from grid.models import User
from workflows.actions.drafts import begin_draft, delete_draft
from workflows.drawing import read_json
from workflows.models import WorkflowDefinition, WorkflowVersion
from workflows.policies import visible_drafts
from workflows.starting_points import STARTING_POINTS, starting_point

from .access import administrator_required


@administrator_required
@require_http_methods(["GET", "POST"])
def workflow_new(request: HttpRequest) -> HttpResponse:
    """Choose what to begin with: a clean sheet, a template, or a file. POST: ``start`` or ``file``."""
    problems: list[str] = []
    if request.method == "POST":
        try:
            return redirect("workflow_draw", key=_begin(request))
        except Refused as refusal:
            problems = str(refusal).splitlines()
    context = {
        "starting_points": STARTING_POINTS,
        "undrawn": _undrawn(request),
        "problems": problems,
        "into": request.POST.get("into", ""),
    }
    return render(request, "console/workflow_new.html", context, status=422 if problems else 200)


def _begin(request: HttpRequest) -> str:
    """Begin the draft the form asks for; its key."""
    if "start" in request.POST:
        start = starting_point(request.POST["start"])
        if start is None:
            raise Refused(_("There is no such template. Choose one of those below."))
        return begin_draft(body=start.body, actor=me(request)).key
    file = request.FILES.get("file")
    if file is None:
        raise Refused(_("Choose a file first: one that was exported here, with the ending .json."))
    body = read_json(file.read())
    into = request.POST.get("into", "")
    of = _undrawn(request).get(into) if into else None
    if into and of is None:
        raise Refused(_("This workflow has a draft already. Open it, or delete it first."))
    return begin_draft(body=body, actor=me(request), of=of).key


def _undrawn(request: HttpRequest) -> dict[str, WorkflowDefinition]:
    """Workflows nobody is drawing, by key."""
    drawn = visible_drafts(request.user).values("key")
    return {one.key: one for one in WorkflowDefinition.objects.exclude(key__in=drawn).order_by("pk")}


@administrator_required
@require_POST
def workflow_begin(request: HttpRequest, key: str) -> HttpResponse:
    """Draw the next version, from the one in force, or from ``version``: the number of an earlier one."""
    definition = get_object_or_404(WorkflowDefinition, key=key)
    if not visible_drafts(request.user).filter(key=key).exists():
        version = _version(definition, request.POST.get("version", ""))
        try:
            begin_draft(body=version.body, actor=me(request), of=definition, based_on=version)
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect("console_workflows")
    return redirect("workflow_draw", key=key)


@administrator_required
@require_safe
def workflow_export(request: HttpRequest, key: str) -> HttpResponse:
    """The draft as a file; ``?version=3`` that version, ``?version=`` the one in force."""
    if "version" in request.GET:
        definition = get_object_or_404(WorkflowDefinition, key=key)
        version = _version(definition, request.GET["version"])
        return _file(version.body, f"{key}-v{version.number}")
    draft = get_object_or_404(visible_drafts(request.user), key=key)
    return _file(draft.body, key)


def _version(definition: WorkflowDefinition, number: str) -> WorkflowVersion:
    versions = definition.versions.exclude(status=WorkflowVersion.Status.DRAFT)
    if number.isascii() and number.isdigit() and len(number) < 9:
        return get_object_or_404(versions, number=int(number))
    version = versions.filter(status=WorkflowVersion.Status.PUBLISHED).first()
    if version is None:
        raise Http404(_("No version is in force."))
    return version


def _file(body: dict[str, Any], name: str) -> HttpResponse:
    response = HttpResponse(json.dumps(body, ensure_ascii=False, indent=2) + "\n")
    response["Content-Type"] = "application/json; charset=utf-8"
    response["Content-Disposition"] = f'attachment; filename="{name}.json"'
    return response


@administrator_required
@require_POST
def workflow_draft_delete(request: HttpRequest, key: str) -> HttpResponse:
    draft = get_object_or_404(visible_drafts(request.user), key=key)
    delete_draft(key=key, actor=me(request))
    messages.success(
        request, _("The draft “%(name)s” is deleted. What is in force stays so.") % {"name": draft}
    )
    return redirect("console_workflows")


def me(request: HttpRequest) -> User:
    """Who asks; an administrator, so not nobody."""
    assert isinstance(request.user, User)
    return request.user
