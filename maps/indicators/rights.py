"""Whose figures a person may see: those of the subtrees they watch; and everybody who serves their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet

from grid.models import Area
from grid.policies import EVERYWHERE, is_member, may_watch
from maps.policies import watched_areas, watched_paths
from workflows.policies import STEP

from .models import CaseFacts, FigureJob

if TYPE_CHECKING:
    from grid.models import User


def within(paths: list[str]) -> Q:
    """Facts of cases that lay in these subtrees then; unplaced ones for whoever has a whole tree."""
    condition = Q(pk__in=[])
    for path in paths:
        if path == EVERYWHERE:
            return Q()
        condition |= Q(area_path__startswith=path)
    if any(len(path) == STEP for path in paths):
        condition |= Q(area_path="")
    return condition


def visible_facts(user: Any) -> QuerySet[CaseFacts]:
    """What a supervisor or administrator counts: the cases in their subtrees."""
    return CaseFacts.objects.filter(within(watched_paths(user)))


def own_facts(user: Any) -> QuerySet[CaseFacts]:
    """The cases of which the user was the handler, wherever they lie: nobody sees a colleague's."""
    if not user.is_authenticated or not is_member(user):
        return CaseFacts.objects.none()
    return CaseFacts.objects.filter(member=user.pk)


def may_see_figures(user: Any) -> bool:
    return user.is_authenticated and may_watch(user)


def visible_figure_jobs(user: Any) -> QuerySet[FigureJob]:
    """Files the user asked for, while they may see figures at all: a file is what they could see then."""
    if not may_see_figures(user):
        return FigureJob.objects.none()
    return FigureJob.objects.filter(by=user).select_related("by")


def covers_still(user: User, job: FigureJob) -> bool:
    """Whether all that the file is about lies in what the user watches now."""
    paths = watched_paths(user)
    return all(any(path.startswith(root) for root in paths) for path in job.wishes.get("paths", [""]))


def areas_of_level(user: Any, level: str | None) -> QuerySet[Area]:
    """Areas in force that the user watches, of one level when it is named."""
    areas = watched_areas(user)
    return areas.filter(level=level) if level else areas
