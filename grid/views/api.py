"""The public JSON interface: where a point lies and who serves there. Public data only, no sign-in."""

import math
from datetime import date, datetime

from django.http import HttpRequest, JsonResponse
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from .. import datums, duty, locator, past, policies
from ..days import moment
from ..models import Area
from ..queries import children


@require_safe
def locate(request: HttpRequest) -> JsonResponse:
    """``?lon=&lat=&datum=&on=``: the grid of a point, the areas around it from the outside in, who serves.

    Degrees; ``datum`` is wgs84 (default), cgcs2000, gcj02 or bd09. ``on`` is a day (its end is meant) or a
    date and time, local unless it names an offset; without it the answer is the present one. ``grid`` is null
    where no grid is near.
    """
    datum = request.GET.get("datum", "wgs84")
    try:
        lon, lat = float(request.GET.get("lon", "")), float(request.GET.get("lat", ""))
    except ValueError:
        return refuse(_("Give lon and lat as numbers, in degrees."))
    if datum not in datums.DATUMS:
        return refuse(_("Give datum as one of %(datums)s.") % {"datums": ", ".join(datums.DATUMS)})
    if not (math.isfinite(lon) and math.isfinite(lat) and -180 <= lon <= 180 and -90 <= lat <= 90):
        return refuse(_("This point is not on the globe: lon goes from -180 to 180, lat from -90 to 90."))
    try:
        at = moment(_day_or_instant(request.GET.get("on", "")))
    except ValueError:
        return refuse(_("Give on as a day (2026-03-01) or a date and time (2026-03-01T08:00:00+08:00)."))
    located = locator.locate(*datums.to_wgs84(lon, lat, datum), on=at)
    if located.area_id is None:
        return JsonResponse({"grid": None, "placed": located.placed, "people": []})
    # An area that has ended is no secret either: it was public while it was in force.
    area = Area.objects.get(pk=located.area_id)
    return JsonResponse(
        {"grid": outline_of(area, at), "placed": located.placed, "people": people_of(area, at)}
    )


@require_safe
def areas_tree(request: HttpRequest) -> JsonResponse:
    """``?parent=CODE``: the areas directly below one, or the outermost ones: for choosing an address."""
    areas = policies.public_areas()
    parent, code = None, request.GET.get("parent", "")
    if code:
        parent = areas.filter(code=code).first()
        if parent is None:
            return refuse(_("There is no area with the code %(code)s.") % {"code": code}, status=404)
    found = [
        {
            "code": area.code,
            "name": str(area),
            "level": area.level_id,
            "level_name": str(area.level),
            "is_grid": area.level.is_grid,
            "opens": area.opens,
        }
        for area in children(parent, areas)
    ]
    return JsonResponse({"parent": outline_of(parent) if parent else None, "areas": found})


def outline_of(area: Area, at: datetime | None = None) -> dict:
    """An area and those around it, outermost first, with the names they had at an instant."""
    areas = locator.chain(area)
    if at is not None:
        areas = past.named_as_of(areas, at)
    chain = [{"code": one.code, "name": str(one), "level": str(one.level)} for one in areas]
    return {"code": areas[-1].code, "name": str(areas[-1]), "chain": chain}


def people_of(area: Area, at: datetime | None = None) -> list[dict]:
    """What residents may know of those who serve an area; a phone only when the member publishes one.

    Of those who served at another time than now no phone is told: nobody needs to reach them about that.
    """
    return [
        {
            "name": person.name,
            "role": person.role_name,
            "phone": person.phone if at is None else "",
            "pledge": person.pledge,
            "photo": person.photo_url,
        }
        for person in duty.who_serves(area, at)
    ]


def _day_or_instant(text: str) -> date | datetime | None:
    """Raises ``ValueError`` for what is neither a day nor a date and time."""
    if not text:
        return None
    # In an address a plus sign stands for a space unless it is escaped, which is easily forgotten.
    found = parse_date(text) or parse_datetime(text.replace(" ", "+") if "T" in text else text)
    if found is None:
        raise ValueError(text)
    return found


def refuse(message: str, *, status: int = 400) -> JsonResponse:
    return JsonResponse({"error": message}, status=status)
