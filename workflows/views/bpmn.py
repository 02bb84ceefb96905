"""BPMN in and out: a case on its diagram, a workflow as a file, a file as a workflow."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from grid.errors import Refused
from grid.models import DutyRole
from workflows.actions.drafts import begin_draft
from workflows.bpmn.drawing import draw
from workflows.bpmn.export import export
from workflows.bpmn.importing import UnreadableBpmn, import_bpmn
from workflows.bpmn.picture import picture
from workflows.bpmn.reading import MAX_BYTES
from workflows.case_diagram import picture_of, version_of
from workflows.engine import schema
from workflows.installation import findings
from workflows.models import Request, WorkflowVersion
from workflows.policies import sight, visible_requests

from .access import administrator_required


@login_required
@require_GET
def case_bpmn(request: HttpRequest, number: str) -> HttpResponse:
    """A case on the diagram of its workflow, for those who know BPMN."""
    case, version = _case(request, number)
    context = {"case": case, "version": version, "picture": picture_of(case, version)}
    return render(request, "bpmn/case.html", context)


@login_required
@require_GET
def case_bpmn_file(request: HttpRequest, number: str) -> HttpResponse:
    """The workflow of a case as a BPMN file."""
    _request, version = _case(request, number)
    return _file(version)


def _case(request: HttpRequest, number: str) -> tuple[Request, WorkflowVersion]:
    """A case the user sees from inside, and its version."""
    case = get_object_or_404(visible_requests(request.user).select_related("process"), number=number)
    version = version_of(case) if sight(request.user, case).internal else None
    if version is None:
        raise Http404
    return case, version


@administrator_required
@require_GET
def workflow_bpmn(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """A version as a BPMN diagram."""
    version = _version(key, number)
    context = {"version": version, "picture": picture(draw(schema.Definition.model_validate(version.body)))}
    return render(request, "bpmn/version.html", context)


@administrator_required
@require_GET
def workflow_bpmn_file(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """A version as a BPMN file."""
    return _file(_version(key, number))


def _version(key: str, number: int) -> WorkflowVersion:
    versions = WorkflowVersion.objects.select_related("definition")
    return get_object_or_404(versions, definition__key=key, number=number)


def _file(version: WorkflowVersion) -> HttpResponse:
    data = export(schema.Definition.model_validate(version.body))
    name = get_valid_filename(f"{version.definition.key}-{version.number}.bpmn")
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(data, content_type="application/xml; charset=utf-8", headers=headers)


@administrator_required
@require_http_methods(["GET", "POST"])
def workflow_import_bpmn(request: HttpRequest) -> HttpResponse:
    """Choose a BPMN file of another tool; then what became of each of its elements."""
    if request.method == "GET":
        return render(request, "bpmn/import.html")
    upload = request.FILES.get("file")
    try:
        if upload is None:
            raise UnreadableBpmn(_("Choose a file first."))
        # Never more than the limit into memory, whatever is sent.
        found = import_bpmn(upload.read(MAX_BYTES + 1), roles=_roles())
        draft = begin_draft(body=found.body, actor=request.user)
    except (UnreadableBpmn, Refused) as refusal:
        return render(request, "bpmn/import.html", {"refusal": str(refusal)}, status=422)
    context = _imported(found.body, found.report) | {"file": upload.name, "draft": draft}
    return render(request, "bpmn/imported.html", context)


def _roles() -> dict[str, str]:
    return {role.code: role.name for role in DutyRole.objects.all()}


def _imported(body: dict[str, Any], report: Any) -> dict[str, Any]:
    """What the report page shows: how much came over, line by line, and what is left to mend."""
    order = {"unmapped": 0, "implicit": 1, "note": 2, "mapped": 3}
    return {
        "report": report,
        "lines": sorted(report.lines, key=lambda line: order[line.verdict]),
        "counts": [(verdict, report.count(verdict)) for verdict in order],
        "findings": findings(body),
        "body": json.dumps(body, ensure_ascii=False, indent=2),
        "name": body.get("name", ""),
    }
