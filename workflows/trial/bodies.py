"""What of a workflow can be tried: its draft, and its versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from workflows.engine.expand import expand
from workflows.engine.freeze import freeze, sub_processes
from workflows.engine.schema import Definition
from workflows.models import WorkflowDraft, WorkflowVersion

DRAFT = "draft"


@dataclass(frozen=True)
class Body:
    """A definition as JSON. ``code`` is the number of the version, or ``draft``."""

    code: str
    title: str
    body: Any
    version: WorkflowVersion | None = None

    @property
    def definition(self) -> Definition:
        """As it runs, or would if it were published now. Raises as :func:`runnable`."""
        return published(self.version) if self.version else runnable(self.body)

    @property
    def is_in_force(self) -> bool:
        return self.version is not None and self.version.status == WorkflowVersion.Status.PUBLISHED


def bodies(key: str) -> list[Body]:
    """The draft, if there is one, and the versions, the newest first. Two queries."""
    drafts = WorkflowDraft.objects.filter(key=key)
    versions = WorkflowVersion.objects.filter(definition__key=key).exclude(
        status=WorkflowVersion.Status.DRAFT
    )
    return [Body(DRAFT, _("the draft"), draft.body) for draft in drafts] + [
        Body(
            str(version.number),
            _("version %(number)s, in force") % {"number": version.number}
            if version.status == WorkflowVersion.Status.PUBLISHED
            else _("version %(number)s") % {"number": version.number},
            version.body,
            version,
        )
        for version in versions.select_related("definition").order_by("-number")
    ]


def runnable(body: Any) -> Definition:
    """The definition as it would run if it were published now: sub-processes as they are in force, expanded.

    Raises pydantic's ``ValidationError``, or ``expand.CannotExpand``.
    """
    keys = set(sub_processes(body))
    inner = {
        version.definition.key: version.body
        for version in WorkflowVersion.objects.filter(
            definition__key__in=keys, status=WorkflowVersion.Status.PUBLISHED
        ).select_related("definition")
    } if keys else {}  # fmt: skip
    return expand(Definition.model_validate(freeze(body, inner) if keys else body))


def published(version: WorkflowVersion) -> Definition:
    """A version as it runs: with the sub-processes it was published with."""
    definition: Definition = version.flow_class.definition
    return definition


def replayed(wishes: Mapping[str, Any]) -> Body:
    """What a replay tried, from what its job keeps."""
    version = WorkflowVersion.objects.filter(pk=wishes["tried"]).first() if wishes["tried"] else None
    return Body(DRAFT, wishes["title"], wishes["body"], version)
