"""The cases somebody has chosen on the live map: by drawing around them, or from the list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import shapely
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from maps.queries import cases
from maps.viewport import BadViewport
from workflows.models import Request

#: Corners of a drawn shape.
MOST_CORNERS = 100
#: Cases looked at for one shape, the most urgent ones.
MOST_INSIDE = 5_000


@dataclass(frozen=True)
class Chosen:
    """``cases``: the most urgent ones, with category and area; ``total``: how many were meant."""

    cases: list[Request]
    total: int


def shape_from(text: str) -> shapely.Polygon:
    """A polygon from ``lon,lat;lon,lat;…`` (WGS-84 degrees, three corners or more). Raises BadViewport."""
    try:
        corners = [tuple(map(float, corner.split(","))) for corner in text.split(";")]
        if not 3 <= len(corners) <= MOST_CORNERS or any(len(corner) != 2 for corner in corners):
            raise ValueError
        if not all(abs(degrees) <= 180 for corner in corners for degrees in corner):  # also what is no number
            raise ValueError
        drawn = shapely.Polygon(corners)
    except (ValueError, shapely.errors.GEOSException):
        raise BadViewport(_("Draw around the requests once more: this is no shape.")) from None
    # A line that crosses itself encloses what lies on either side of the crossing.
    return shapely.make_valid(drawn)


def inside(
    requests: QuerySet[Request], shape: shapely.Geometry, filters: cases.Filters, now: datetime, most: int
) -> Chosen:
    """The cases within a shape that the filters show, the most urgent first. Two queries."""
    west, south, east, north = shape.bounds
    found = requests.filter(lon__gte=west, lon__lte=east, lat__gte=south, lat__lte=north)
    found = cases.lit(cases.choose(found, filters, now), filters)
    rows = list(cases.urgent_first(found).values_list("pk", "lon", "lat")[:MOST_INSIDE])
    shapely.prepare(shape)
    hits = shapely.intersects_xy(shape, [row[1] for row in rows], [row[2] for row in rows])
    ids = [row[0] for row, hit in zip(rows, hits, strict=True) if hit]
    return Chosen(_rows(requests, ids[:most]), len(ids))


def numbered(requests: QuerySet[Request], numbers: Iterable[str], most: int) -> Chosen:
    """The cases with these numbers, in this order; others are passed over. Two queries."""
    wanted = list(dict.fromkeys(number for number in numbers if number))
    pks = dict(requests.filter(number__in=wanted[:MOST_CORNERS]).values_list("number", "pk"))
    ids = [pks[number] for number in wanted if number in pks]
    return Chosen(_rows(requests, ids[:most]), len(ids))


def _rows(requests: QuerySet[Request], ids: list[int]) -> list[Request]:
    known = requests.filter(pk__in=ids).select_related("category", "area").in_bulk()
    return [known[pk] for pk in ids if pk in known]
