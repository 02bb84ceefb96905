"""One picture of areas and duties, as read from the database, and how the next one follows from it.

Reading 40,000 grids anew takes most of a second, telling which of them an edit touched takes none: a picture
is made from the one before wherever the history of the areas (:class:`grid.models.AreaEdit`) accounts for
all that has changed.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import shapely
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from .locate import GridCell, Locator
from .models import Area, AreaEdit, AreaVersion, Responsibility, StandIn
from .roster import Leave, OnDuty, Post, Roster
from .stamp import Stamp

#: Duties that ended longer ago than this are not kept in memory; questions about them go to the database.
MEMORY = timedelta(days=366)
#: More grids than this are not picked out one by one: it is quicker to read them all.
_MANY = 5000
#: Ids in one statement.
_BATCH = 500


class LastEdit(NamedTuple):
    """The newest edit in a picture. Its stamp is random, and tells a number given again after a rollback."""

    pk: int
    stamp: int


class Snapshot(NamedTuple):
    """Areas and duties as of one stamp. Immutable, shared between threads."""

    locator: Locator
    roster: Roster
    stamp: Stamp
    #: None when the areas have no history to follow.
    last_edit: LastEdit | None
    #: Areas begin and end by themselves as time goes on: up to when this picture has followed that.
    as_of: datetime


def read(stamp: Stamp) -> Snapshot:
    """Everything, from nothing. Four queries."""
    as_of = timezone.now()
    # Before the areas: an edit saved in between is then looked at once more, and not missed.
    last_edit = _last_edit()
    locator = Locator(list(_cells(_grids())), snap_metres=settings.LINLI_SNAP_METRES)
    return Snapshot(locator, read_roster(), stamp, last_edit, as_of)


def follow(known: Snapshot, stamp: Stamp) -> Snapshot:
    """The picture of now, made from one of before; what has not changed is shared with it.

    ``known`` must not hold what a transaction took back.
    """
    as_of = timezone.now()
    same_duties = stamp.duties == known.stamp.duties
    found = _edits_since(known)
    untold = not found and same_duties and stamp != known.stamp
    if found is None or untold or timezone.localdate(as_of) < timezone.localdate(known.as_of):
        # Its past is not in the database, or something was announced that left no trace, or time went back.
        return read(stamp)
    areas = _touched(known, found, as_of)
    roster = known.roster if same_duties else read_roster()
    if len(areas) > _MANY:
        locator = Locator(list(_cells(_grids())), snap_metres=settings.LINLI_SNAP_METRES)
    else:
        cells = [cell for batch in _batches(areas) for cell in _cells(_grids().filter(pk__in=batch))]
        locator = known.locator.changed(areas, cells) if areas else known.locator
    return Snapshot(locator, roster, stamp, found[-1] if found else known.last_edit, as_of)


def read_roster() -> Roster:
    """Two queries."""
    known_since = timezone.now() - MEMORY
    return Roster(
        posts(Responsibility.objects.filter(Q(until=None) | Q(until__gt=known_since))),
        leaves(StandIn.objects.filter(until__gt=known_since)),
        known_since=known_since,
    )


def posts(responsibilities: models.QuerySet[Responsibility]) -> Iterable[Post]:
    """Responsibilities as the roster wants them. People who may no longer sign in held some and hold none."""
    counting = Q(member__user__is_active=True) | Q(until__lte=timezone.now())
    rows = responsibilities.filter(counting).values_list(
        "area__path",
        "since",
        "until",
        "member_id",
        "member__user_id",
        "member__user__name",
        "member__user__username",
        "role_id",
        "area_id",
    )
    for path, since, until, member_id, user_id, name, username, role, area_id in rows.iterator():
        yield Post(path, since, until, OnDuty(member_id, user_id, name or username, role, area_id))


def leaves(stand_ins: models.QuerySet[StandIn]) -> Iterable[Leave]:
    rows = stand_ins.filter(Q(stand_in__user__is_active=True) | Q(until__lte=timezone.now()))
    return (Leave(*row) for row in rows.values_list("member__user_id", "stand_in__user_id", "since", "until"))


def _last_edit() -> LastEdit | None:
    row = AreaEdit.objects.order_by("-pk").values_list("pk", "stamp").first()
    return LastEdit(*row) if row else None


def _edits_since(known: Snapshot) -> list[LastEdit] | None:
    """The edits after the last one known; None when that one is not in this database."""
    if known.last_edit is None:
        return None
    rows = AreaEdit.objects.filter(pk__gte=known.last_edit.pk).order_by("pk").values_list("pk", "stamp")
    edits = [LastEdit(*row) for row in rows]
    return edits[1:] if edits and edits[0] == known.last_edit else None


def _touched(known: Snapshot, edits: Collection[LastEdit], as_of: datetime) -> set[int]:
    """Ids of areas that were edited, or that began or ended as planned, since the picture was made."""
    moved = Q(since__gt=known.as_of, since__lte=as_of) | Q(until__gt=known.as_of, until__lte=as_of)
    if edits:
        after = known.last_edit.pk if known.last_edit else 0
        moved |= Q(edit__gt=after) | Q(ended_by__gt=after)
    return set(AreaVersion.objects.filter(moved).order_by().values_list("area_id", flat=True))


def _grids() -> models.QuerySet[Area]:
    return Area.objects.in_force().filter(level__is_grid=True).exclude(geometry=None).order_by()


def _cells(grids: models.QuerySet[Area]) -> Iterable[GridCell]:
    """The WKB is decoded in one call: a row at a time costs as much as everything else."""
    wkb = models.ExpressionWrapper(F("geometry"), output_field=models.BinaryField())
    rows = list(grids.annotate(wkb=wkb).values_list("pk", "code", "path", "wkb"))
    geometries = shapely.from_wkb([bytes(row[3]) for row in rows])
    return (
        GridCell(pk, code, path, geometry)
        for (pk, code, path, _), geometry in zip(rows, geometries, strict=True)
    )


def _batches(ids: Collection[int]) -> Iterable[list[int]]:
    ordered = sorted(ids)
    return (ordered[start : start + _BATCH] for start in range(0, len(ordered), _BATCH))
