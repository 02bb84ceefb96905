"""What a supervisor watches: the cases in the subtrees they supervise or administer, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet

from grid.models import Area
from grid.policies import ADMINISTRATOR, SUPERVISOR, scope
from maps.models import Finding, Outlook
from realtime.models import Event
from workflows.models import Request
from workflows.policies import within

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from grid.models import User


def watched_paths(user: User | AnonymousUser) -> list[str]:
    """Materialised paths of the subtrees the user watches; empty for those who may not watch."""
    return scope(user, SUPERVISOR, ADMINISTRATOR)


def watched_requests(user: User | AnonymousUser) -> QuerySet[Request]:
    """Cases on the user's live map: a part of ``workflows.policies.visible_requests``.

    A supervisor's own request in another street, or one they once worked on, is theirs to read, not to watch.
    """
    return Request.objects.filter(within(watched_paths(user)))


def watched_areas(user: User | AnonymousUser) -> QuerySet[Area]:
    """Areas in force that the user watches."""
    return Area.objects.in_force().within(watched_paths(user))


def watched_events(user: User | AnonymousUser) -> QuerySet[Event]:
    """What happened to those cases."""
    condition = Q(pk__in=[])
    for path in watched_paths(user):
        condition |= Q(area_path__startswith=path)
    return Event.objects.filter(condition, subject_type="request")


def watched_findings(user: User | AnonymousUser) -> QuerySet[Finding]:
    """What stands out in the user's subtrees."""
    return Finding.objects.filter(within(watched_paths(user)))


def watched_outlooks(user: User | AnonymousUser) -> QuerySet[Outlook]:
    """What grids in the user's subtrees have to expect."""
    return Outlook.objects.filter(within(watched_paths(user)))
