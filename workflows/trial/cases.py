"""Past cases a workflow can be tried on."""

from __future__ import annotations

from django.db.models import QuerySet

from grid.models import User
from workflows.migrating import flow_ref
from workflows.models import Request, WorkflowDefinition
from workflows.policies import tried_on


def past_cases(user: User, definition: WorkflowDefinition) -> QuerySet[Request]:
    """Cases that ran, or run, on any version of a workflow and that this administrator may look into."""
    refs = [flow_ref(version) for version in definition.versions.all()]
    found = tried_on(user).filter(process__flow_class__in=refs)
    return found.select_related("area", "category", "condition", "process")
