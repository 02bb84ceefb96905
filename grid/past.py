"""What held at an instant other than now, read from the versions of areas; nothing is kept in memory."""

import math
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings

from .locate import METRES_PER_DEGREE, GridCell, Located, Locator
from .models import Area, AreaVersion


def locate(lon: float, lat: float, at: datetime) -> Located:
    """The grid at a WGS-84 point, degrees, at an instant, past or planned. One query."""
    reach = settings.LINLI_SNAP_METRES / METRES_PER_DEGREE
    # Close to the poles a degree of longitude shrinks to nothing; no grid is there.
    reach_east = reach / max(math.cos(math.radians(lat)), 1e-6)
    near = AreaVersion.objects.in_force(at).filter(
        area__level__is_grid=True,
        west__lte=lon + reach_east,
        east__gte=lon - reach_east,
        south__lte=lat + reach,
        north__gte=lat - reach,
    )
    rows = near.values_list("area_id", "code", "area__path", "geometry")
    cells = [GridCell(*row) for row in rows.order_by()]
    return Locator(cells, snap_metres=settings.LINLI_SNAP_METRES).locate(lon, lat)


def named_as_of(areas: Iterable[Area], at: datetime) -> list[Area]:
    """The same areas with the code, the names and the households they had at an instant. One query.

    The rows are for showing, not for saving. An area that did not exist then keeps its present name.
    """
    areas = list(areas)
    then = {
        version.area_id: version
        for version in AreaVersion.objects.in_force(at)
        .filter(area__in=[area.pk for area in areas])
        .defer("geometry")
        .order_by()
    }
    for area in areas:
        if version := then.get(area.pk):
            area.code, area.name, area.name_en = version.code, version.name, version.name_en
            area.households = version.households
    return areas
