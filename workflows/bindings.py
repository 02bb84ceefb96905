"""Which workflow a request runs on: by its category, its area and the day.

The rule: of the bindings in force that cover the request, the one of the **deepest area** counts; among those
of one area, the one of the **deepest category**. A place that decides for itself is thereby never overruled
by a rule of the whole town, however exact that one is. Where several days apply to the same category and
area, the latest counts. A binding without a definition lets the next less specific one answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

from django.db.models import Q, QuerySet
from django.utils import timezone

from grid.models import Area

from .models import Category, WorkflowBinding, WorkflowDefinition

#: The definition of requests for which no binding says anything.
DEFAULT_DEFINITION = "standard"


@dataclass(frozen=True)
class Answer:
    """Which workflow, by key; ``by`` the binding that says so (None: the default), ``passed`` the others."""

    key: str
    by: WorkflowBinding | None = None
    passed: list[WorkflowBinding] = field(default_factory=list)


def workflow_for(category: Category | None, area: Area | None, on: date) -> Answer:
    """The workflow of a request of this category in this area that is filed on this local day. One query."""
    return choose(covering(category, area).filter(since__lte=on))


def covering(category: Category | None, area: Area | None) -> QuerySet[WorkflowBinding]:
    """All bindings, of whatever day, for this category and area or something around them."""
    of_category, of_area = Q(category=None), Q(area=None)
    if category is not None:
        of_category |= Q(category__path__in=_around(category.path, Category.steplen))
    if area is not None:
        of_area |= Q(area__path__in=_around(area.path, Area.steplen))
    return WorkflowBinding.objects.filter(of_category, of_area).select_related(
        "category", "area", "definition"
    )


def choose(bindings: Iterable[WorkflowBinding]) -> Answer:
    """Of bindings that all cover one request on one day, the one that counts."""
    latest = [next(same) for _place, same in groupby(sorted(bindings, key=_order), key=_place)]
    saying = [binding for binding in latest if binding.definition is not None]
    if not saying:
        return Answer(DEFAULT_DEFINITION)
    first, *others = saying
    assert first.definition is not None
    return Answer(first.definition.key, first, others)


def in_force(bindings: QuerySet[WorkflowBinding], on: date | None = None) -> list[WorkflowBinding]:
    """Those of these that count on a day (today), most specific first; also those without a definition."""
    rows = bindings.filter(since__lte=on or timezone.localdate())
    return [next(same) for _place, same in groupby(sorted(rows, key=_order), key=_place)]


def record(definition: WorkflowDefinition) -> list[dict[str, str]]:
    """For which requests a definition is in force today, or will be, to be kept with a version of it."""
    current = {binding.pk for binding in in_force(WorkflowBinding.objects.select_related("category", "area"))}
    named = definition.bindings.select_related("category", "area").order_by("since", "pk")
    today = timezone.localdate()
    return [
        {
            "category": binding.category.code if binding.category else "",
            "area": binding.area.code if binding.area else "",
            "since": binding.since.isoformat(),
        }
        for binding in named
        if binding.pk in current or binding.since > today
    ]


def _around(path: str, step: int) -> list[str]:
    return [path[:end] for end in range(step, len(path) + 1, step)]


def _place(binding: WorkflowBinding) -> tuple[int, str, int, str]:
    """Where it stands, deepest area first, then deepest category."""
    area = binding.area.path if binding.area else ""
    category = binding.category.path if binding.category else ""
    return -len(area), area, -len(category), category


def _order(binding: WorkflowBinding) -> tuple[tuple[int, str, int, str], int]:
    return _place(binding), -binding.since.toordinal()
