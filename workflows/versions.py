"""Versions of a workflow as people look back on them: what changed with each, who agreed, what runs on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import CharField, Count
from django.db.models.functions import Cast
from pydantic import ValidationError

from grid.models import Area, DutyRole

from .differences import Change, differences
from .engine.schema import Definition
from .models import Category, Request, WorkflowDefinition, WorkflowDraft, WorkflowVersion
from .models.request import ENDED_STATES


@dataclass(frozen=True)
class Bound:
    """For which requests a version was in force when it was published; empty names: all, everywhere."""

    category: str
    area: str
    since: str


@dataclass(frozen=True)
class Row:
    """One version: what differs from the one before it, and how many open cases run on it."""

    version: WorkflowVersion
    changes: list[Change]
    running: int
    bound: list[Bound] = field(default_factory=list)


def body_to_publish(key: str) -> Mapping[str, Any] | None:
    """The drawing that is to become the next version of a workflow; None when nobody is drawing."""
    return WorkflowDraft.objects.filter(key=key).values_list("body", flat=True).first()


def published(definition: WorkflowDefinition) -> Any:
    """Its versions that are or were in force, the latest first, with the people who put them there."""
    versions = definition.versions.exclude(status=WorkflowVersion.Status.DRAFT)
    return versions.select_related("published_by", "approved_by", "restores").order_by("-number")


def rows(versions: Sequence[WorkflowVersion]) -> list[Row]:
    """Versions of one workflow that follow each other, the latest first, as rows of its history."""
    if not versions:
        return []
    roles = role_names()
    before = _before(versions)
    running = running_on(versions)
    names = _names(versions)
    return [
        Row(
            version,
            changes(before[version.number].body, version.body, roles) if version.number in before else [],
            running.get(version.pk, 0),
            [
                Bound(names.get(one["category"], ""), names.get(one["area"], ""), one["since"])
                for one in version.bound_to
            ],
        )
        for version in versions
    ]


def changes(before: Any, after: Any, roles: Mapping[str, str]) -> list[Change]:
    """What differs between two bodies; [] where one of them cannot be read (the lint says why)."""
    try:
        return differences(Definition.model_validate(before), Definition.model_validate(after), roles)
    except ValidationError:
        return []


def role_names() -> dict[str, str]:
    return {role.pk: str(role) for role in DutyRole.objects.all()}


def running_on(versions: Iterable[WorkflowVersion]) -> dict[int, int]:
    """Version id → open cases that run on it. One query."""
    refs = {f"workflows/flows.WF_{version.pk}": version.pk for version in versions}
    counts = (
        Request.objects.exclude(state__in=ENDED_STATES)
        .annotate(ref=Cast("process__flow_class", CharField()))
        .filter(ref__in=refs)
        .values_list("ref")
        .annotate(n=Count("pk"))
        .order_by()
    )
    return {refs[ref]: n for ref, n in counts}


def _before(versions: Sequence[WorkflowVersion]) -> dict[int, WorkflowVersion]:
    """Version number → the version before it. One query, for the last of a page."""
    everything = list(versions)
    first = everything[-1]
    earlier = first.definition.versions.filter(number__lt=first.number).order_by("-number").first()
    return {
        later.number: one
        for later, one in zip(everything, [*everything[1:], earlier], strict=True)
        if one is not None
    }


def _names(versions: Iterable[WorkflowVersion]) -> dict[str, str]:
    """What the categories and areas are called for which versions were in force, by code."""
    bound = [one for version in versions for one in version.bound_to]
    categories = Category.objects.filter(code__in={one["category"] for one in bound})
    areas = Area.objects.filter(code__in={one["area"] for one in bound})
    return {row.code: str(row) for row in [*categories, *areas]}
