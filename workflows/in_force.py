"""Which version of which workflow a new case runs on."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.utils import timezone

from realtime.prepared import Prepared

from .bindings import workflow_for
from .models import WorkflowVersion

if TYPE_CHECKING:
    from grid.models import Area

    from .models import Category


def version_for(
    category: Category | None, area: Area | None, definition: str | None = None, *, on: date | None = None
) -> WorkflowVersion | None:
    """The version in force of the definition named, else of the one bound to category and area on a day.

    The day is a local one; today if none is given.
    """
    key = definition or workflow_for(category, area, on or timezone.localdate()).key
    return _PUBLISHED.get(key, WorkflowVersion.Status.PUBLISHED)


# What the version says is compiled once (:mod:`.flows`): a case that begins needs no more than its number.
_PUBLISHED = Prepared(lambda: WorkflowVersion.objects.defer("body").filter(definition__key="", status=""))
