"""A case as the maps' sums count it: its row in, its spot out."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.utils import timezone

from maps.models import Spot
from maps.viewport import FINEST, NOWHERE, raster, tile_key
from workflows.clocks import light
from workflows.models import Request, State, Urgency
from workflows.models.request import ENDED_STATES

LIGHTS = ("red", "yellow", "green", "none")
OPEN_STATES = tuple(state for state in State if state not in ENDED_STATES)
#: What "closed" counts: done for the resident. A request that was not accepted is neither.
CLOSED_STATES = (State.CLOSED, State.FORCE_CLOSED, State.RATED)

ALL_CATEGORIES, NO_CATEGORY = 0, -1
#: Ranks of ended cases begin here.
ENDED_RANK = 100
#: Later than any deadline, in microseconds since 1970.
NEVER = 2**62
OPEN_MONTH = 0

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = (
    "pk", "lon", "lat", "area_path", "path_today", "category_id", "state", "urgency",
    "yellow_at", "due_at", "closed_at",
)  # fmt: skip
_Row = namedtuple("_Row", _COLUMNS)
#: What of a case the sums depend on: a change to another column changes no map.
WATCHED = ("lon", "lat", "area_path", "path_today", "category_id", "state", "urgency", *_COLUMNS[-3:])


class Spotted(NamedTuple):
    """A row of :class:`~maps.models.Spot`, its columns in the table's order; see there."""

    request_id: int
    tile: int
    x: int
    y: int
    lon: int
    lat: int
    area: str
    today: str
    category: int
    state: str
    light: str
    rank: int
    due: int
    turns: int | None
    month: int | None


def counted(cases: list[int]) -> dict[int, Spotted]:
    """The spots of these cases as they are in the sums. One query."""
    rows = Spot.objects.filter(pk__in=cases).values_list(*Spotted._fields)
    return {row[0]: Spotted(*row) for row in rows}


def microseconds(instant: datetime) -> int:
    """Since 1970, whole."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def instant(microseconds: int) -> datetime:
    """The other way round, UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def spots_of(requests: QuerySet[Request], now: datetime) -> Iterator[Spotted]:
    """The cases as they count now. One query."""
    stamp = microseconds(now)
    for row in map(_Row._make, requests.order_by().values_list(*_COLUMNS)):
        yield _spot(row, now, stamp)


def _spot(row: Any, now: datetime, stamp: int) -> Spotted:
    shown = light(now, row.yellow_at, row.due_at, row.closed_at)
    placed = row.lon is not None
    x, y = raster(row.lon, row.lat, FINEST) if placed else (0, 0)
    return Spotted(
        request_id=row.pk,
        tile=tile_key(x, y) if placed else NOWHERE,
        x=x,
        y=y,
        lon=round(row.lon * 1e6) if placed else 0,
        lat=round(row.lat * 1e6) if placed else 0,
        area=row.area_path,
        today=row.path_today,
        category=row.category_id or NO_CATEGORY,
        state=row.state,
        light=shown,
        rank=rank(row.state, shown, row.urgency),
        due=NEVER if row.due_at is None else microseconds(row.due_at),
        turns=_turns(row, stamp),
        month=_month(row),
    )


def rank(state: str, light: str, urgency: str) -> int:
    """Open before ended; red, yellow, green, none; urgent before the others."""
    late = 10 * LIGHTS.index(light) + (urgency != Urgency.URGENT)
    return ENDED_RANK + late if state in ENDED_STATES else late


def _turns(row: Any, stamp: int) -> int | None:
    """When its light turns by itself: at the yellow mark, and just after the deadline."""
    if row.due_at is None or row.closed_at is not None:
        return None
    red = microseconds(row.due_at)
    yellow = red if row.yellow_at is None else microseconds(row.yellow_at)
    if yellow > stamp:
        return min(yellow, red) if red >= stamp else yellow
    return red if red >= stamp else None


def _month(row: Any) -> int | None:
    if row.state not in ENDED_STATES:
        return OPEN_MONTH
    return month_of(row.closed_at) if row.closed_at and row.state in CLOSED_STATES else None


def month_of(moment: datetime | None = None) -> int:
    """202611 for an instant in November 2026, local time; now without one."""
    local = timezone.localtime(moment)
    return local.year * 100 + local.month
