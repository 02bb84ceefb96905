"""For which areas somebody on duty has the desk open: never who, never since when, never a resident."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from . import locator
from .models import Area, AreaQuerySet, DutyRole, Presence
from .policies import ADMINISTRATOR, SUPERVISOR, scope

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from .models import User


def online(user: User | AnonymousUser) -> AreaQuerySet:
    """Areas in force, of those the user watches, for which somebody on duty has the desk open now.

    On duty is who holds a role there that serves residents, or stands in for somebody who does. Nothing for
    those who watch nothing. Two queries, besides the one that is returned.
    """
    paths = scope(user, SUPERVISOR, ADMINISTRATOR)
    if not paths:
        return Area.objects.none()
    return Area.objects.in_force().within(paths).filter(path__in=_paths_on_line())


def _paths_on_line() -> set[str]:
    """Materialised paths of the areas served by those who have the desk open."""
    roster, at = locator.current_roster(), timezone.now()
    serving = set(DutyRole.objects.filter(is_public=True).values_list("code", flat=True))
    paths: set[str] = set()
    for user_id in Presence.objects.filter(until__gt=at).values_list("user_id", flat=True):
        for one in {user_id, *roster.principals_of(user_id, at)}:
            for role, held in roster.roles_of(one, at).items():
                if role in serving:
                    paths.update(held)
    return paths
