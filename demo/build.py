"""Puts the demo together, in one transaction: it is there whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import time_machine
from django.core.management import call_command
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from grid.models import Area, Responsibility, User
from realtime.models import Notification

from . import names, town
from .crowd import Crowd, Place
from .history import CASES, DAYS, History

SEED = 7


class NotEmpty(Exception):
    """The database holds areas that are not the demo's; the demo is only for an empty one."""


def exists() -> bool:
    """Whether the demo town is here. Raises :class:`NotEmpty` when somebody else's areas are."""
    if Area.objects.filter(code=names.STREET[0]).exists():
        return True
    if Area.objects.exists():
        raise NotEmpty
    return False


@transaction.atomic
def build(
    *,
    cases: int = CASES,
    days: int = DAYS,
    stage: Callable[[str], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Write the town and its history up to now into an empty database."""
    now = timezone.now()
    stage("roles")
    call_command("load_roles", verbosity=0, stdout=StringIO())
    with time_machine.travel(town.beginning(), tick=False):
        call_command("load_workflows", verbosity=0)
        call_command("load_categories", verbosity=0)
        written = town.write_town(SEED, stage)
    stage("history")
    crowd = Crowd(seed=SEED, places=places(written), residents=written.residents, members=members())
    visitors = {user.pk for user in written.sign_ins.values()}
    History(crowd, now, visitors, progress).live(cases, days)
    # What happened before yesterday was read; nobody opens the demo to 900 unread messages.
    read_before = now - timedelta(days=1)
    Notification.objects.filter(created_at__lt=read_before).update(read_at=F("created_at"))


def places(written: town.DemoTown) -> list[Place]:
    """A few corners of the town see far more than the others: what hot spots are for."""
    middle = written.ground.outline.centroid
    heavy = {17, 18, 63, 64, 120, 121, 122, 171}
    return [
        Place(grid, buildings, (6.0 if index in heavy else 1.0) * (1.6 - 12 * grid.geometry.distance(middle)))
        for index, (grid, buildings) in enumerate(zip(written.grids, written.addresses, strict=True))
    ]


def members() -> list[User]:
    """Everyone who serves, in the order they came."""
    serving = Responsibility.objects.in_force().values("member__user")
    return list(User.objects.filter(pk__in=serving).order_by("pk"))
