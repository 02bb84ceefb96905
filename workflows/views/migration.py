"""Moving running cases to another version: choose, say what corresponds to what, check, move."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from grid.errors import Refused
from grid.policies import may_administer_everything
from workflows.actions.workflow_jobs import start_check, start_migration
from workflows.engine.counterparts import candidates, counterparts, mappable
from workflows.migrating import Running, running_by_version
from workflows.models import WorkflowDefinition, WorkflowJob, WorkflowVersion
from workflows.policies import visible_jobs
from workflows.templatetags.flow import block_title

from .access import administrator_required

SHOWN = 10


@dataclass(frozen=True)
class Row:
    """A block of an old version: how many cases are at it, what it may become, and what it becomes."""

    block: Any
    count: int
    options: list[tuple[str, str]]
    chosen: str

    @property
    def is_lost(self) -> bool:
        return self.count > 0 and not self.chosen


@dataclass(frozen=True)
class Source:
    """A version cases run on, and its blocks: those with cases, or without a counterpart, first."""

    running: Running
    is_chosen: bool
    rows: list[Row] = field(default_factory=list)
    others: list[Row] = field(default_factory=list)


@administrator_required
@require_http_methods(["GET", "HEAD", "POST"])
def workflow_migrate(request: HttpRequest, key: str) -> HttpResponse:
    """Which cases move where, and what each step corresponds to. A POST checks it; nothing is moved yet."""
    definition = get_object_or_404(WorkflowDefinition, key=key)
    versions = definition.versions.exclude(status=WorkflowVersion.Status.DRAFT).order_by("-number")
    said = request.POST if request.method == "POST" else request.GET
    before = _before(request, definition)
    target = next((one for one in versions if str(one.number) == said.get("to", "")), None)
    target = target or (before.version if before else None) or _in_force(versions)
    refused = ""
    if request.method == "POST" and target is not None:
        try:
            return redirect("workflow_job", pk=_check(request, target, list(versions)).pk)
        except Refused as refusal:
            refused = str(refusal)
    running = running_by_version(definition)
    context = {
        "definition": definition,
        "key": key,
        "versions": versions,
        "target": target,
        "sources": _sources(request, running, target, before) if target else [],
        "refused": refused,
        "may_move": may_administer_everything(request.user),
        "jobs": visible_jobs(request.user).filter(kind="migration", definition=definition)[:SHOWN],
    }
    return render(request, "console/workflow_migrate.html", context, status=409 if refused else 200)


def _in_force(versions: Iterable[WorkflowVersion]) -> WorkflowVersion | None:
    return next((one for one in versions if one.status == WorkflowVersion.Status.PUBLISHED), None)


def _before(request: HttpRequest, definition: WorkflowDefinition) -> WorkflowJob | None:
    """The check somebody comes back from, to correct what was chosen."""
    jobs = visible_jobs(request.user).filter(kind="check", definition=definition)
    return next((job for job in jobs if str(job.pk) == request.GET.get("after", "")), None)


def _sources(
    request: HttpRequest, running: list[Running], target: WorkflowVersion, before: WorkflowJob | None
) -> list[Source]:
    new = target.flow_class.definition
    found = []
    for one in running:
        if one.version.pk == target.pk:
            continue
        old = one.version.flow_class.definition
        chosen = counterparts(old, new)
        if before:
            chosen |= before.wishes["chosen"].get(str(one.version.pk), {})
        chosen |= {
            block.id: request.POST[name]
            for block in mappable(old)
            if (name := field_name(one.version, block.id)) in request.POST
        }
        rows = [
            Row(
                block,
                one.open_at.get(block.id, 0),
                [(other.id, block_title(other)) for other in candidates(block, new)],
                chosen.get(block.id, ""),
            )
            for block in mappable(old)
        ]
        first = [row for row in rows if row.count or not row.chosen]
        is_chosen = one.version.pk in before.wishes["sources"] if before else True
        found.append(Source(one, is_chosen, first, [row for row in rows if row not in first]))
    return found


def field_name(version: WorkflowVersion, block: str) -> str:
    return f"map.{version.pk}.{block}"


def _check(request: HttpRequest, target: WorkflowVersion, versions: list[WorkflowVersion]) -> WorkflowJob:
    wanted = set(request.POST.getlist("from"))
    sources = [one for one in versions if str(one.number) in wanted and one.pk != target.pk]
    if not sources:
        raise Refused(_("Choose at least one version whose cases are to be moved."))
    chosen = {
        str(source.pk): {
            block.id: request.POST[name]
            for block in mappable(source.flow_class.definition)
            if (name := field_name(source, block.id)) in request.POST
        }
        for source in sources
    }
    return start_check(target=target, sources=sources, chosen=chosen, actor=request.user)


@administrator_required
@require_POST
def workflow_job_move(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Move the cases of a check that found nobody stranded."""
    check = get_object_or_404(visible_jobs(request.user), pk=pk)
    try:
        job = start_migration(check=check, actor=request.user)
    except Refused as refusal:
        context = {"job": check, "key": check.definition.key, "refused": str(refusal)}
        return render(request, "console/workflow_migrated.html", context, status=409)
    return redirect("workflow_job", pk=job.pk)
