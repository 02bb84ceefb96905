"""Where a request is: a point in any datum, or an area chosen from the list, made into a grid."""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.utils.translation import gettext as _

from grid import datums, locator, stamp
from grid.errors import Refused
from grid.models import Area

from .models import Request

Placed = Request.Placed


@dataclass(frozen=True)
class Place:
    """``lon``/``lat`` are WGS-84 degrees or None. ``area_path`` is "" when no area is known."""

    lon: float | None = None
    lat: float | None = None
    datum: str = "wgs84"
    area: Area | None = None
    placed: str = Placed.UNPLACED

    @property
    def area_path(self) -> str:
        return self.area.path if self.area else ""

    @property
    def area_code(self) -> str:
        return self.area.code if self.area else ""


#: The fields of a request that :func:`put` writes, for ``save(update_fields=…)``.
PLACE_FIELDS = (
    "lon", "lat", "source_datum", "area", "area_path", "placed", "area_today", "path_today", "border_review",
)  # fmt: skip


def find_place(
    *, lon: float | None = None, lat: float | None = None, datum: str = "wgs84", area: Area | None = None
) -> Place:
    """The place meant by a point, by a chosen area, or by both.

    A point decides; the chosen area counts when the point lies in no grid. An area above the level of grids
    is kept so that its people hear of the case, but the case stays *unplaced* until somebody names the grid.
    In a transaction the borders stay as they are until its end; else :func:`confirm` it before writing.
    Raises :class:`Refused` when the point is not on the globe or the area is no longer in use.
    """
    stamp.hold_borders()
    chosen, placed = _chosen(area)
    if lon is None or lat is None:
        return Place(area=chosen, placed=placed)
    lon, lat = _wgs84(lon, lat, datum)
    found = locator.locate(lon, lat, fresh=True)
    if found.area_id is None:
        return Place(lon, lat, datum, chosen, placed)
    return Place(lon, lat, datum, Area.objects.get(pk=found.area_id), found.placed)


def with_building(address: str, area: Area | None, place: Place) -> str:
    """An address with the building (or what else lies below grids) that was chosen from the list before it.

    The case belongs to the grid; whoever comes still has to find the door.
    """
    if area is None or place.placed != Placed.CHOSEN or place.area == area:
        return address
    below = [step.name for step in locator.chain(area) if len(step.path) > len(place.area_path)]
    missing = [name for name in below if name not in address]
    whole = " ".join([*missing, address]).strip()
    longest = Request._meta.get_field("address").max_length or 0
    return whole if len(whole) <= longest else address


def put(request: Request, place: Place) -> None:
    """Write a place into a request (unsaved)."""
    request.lon, request.lat, request.source_datum = place.lon, place.lat, place.datum
    request.area, request.area_path, request.placed = place.area, place.area_path, place.placed
    request.area_today, request.path_today, request.border_review = place.area, place.area_path, False


def confirm(request: Request) -> None:
    """In the transaction that is about to write a request: borders may have moved since its place was found.

    From here to the end of the transaction they stay. Raises :class:`Refused` when the area that was chosen
    has ended meanwhile.
    """
    stamp.hold_borders()
    if request.placed == Placed.CHOSEN:
        _chosen(request.area)
    elif request.lon is not None and request.lat is not None:
        found = locator.locate(request.lon, request.lat, fresh=True)
        if found.area_id != request.area_id and (found.area_id or request.placed != Placed.UNPLACED):
            area = Area.objects.filter(pk=found.area_id).first()
            put(request, Place(request.lon, request.lat, request.source_datum, area, found.placed))


def _chosen(area: Area | None) -> tuple[Area | None, str]:
    if area is None:
        return None, Placed.UNPLACED
    if not Area.objects.in_force().filter(pk=area.pk).exists():
        raise Refused(_("This area is no longer in use. Choose the place again."))
    # A building belongs to its grid: counts and duties are by grid.
    grid = next((step for step in reversed(locator.chain(area)) if step.level.is_grid), None)
    return (grid, Placed.CHOSEN) if grid else (area, Placed.UNPLACED)


def _wgs84(lon: float, lat: float, datum: str) -> tuple[float, float]:
    try:
        lon, lat = datums.to_wgs84(float(lon), float(lat), datum)
    except ValueError as error:
        raise Refused(_("This place cannot be read. Choose it on the map again.")) from error
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
        raise Refused(_("This place is not on the map. Choose it on the map again."))
    # Seven places are a centimetre: more is noise.
    return round(lon, 7), round(lat, 7)
