"""The part of the world a map shows. Pure arithmetic; degrees are WGS-84, pixels Leaflet's (256 a tile)."""

from __future__ import annotations

import math
from dataclasses import dataclass

TILE = 256
MIN_ZOOM, MAX_ZOOM = 0.0, 22.0
#: Sides of the cells that cases are clustered in, in pixels: the usual one, and what may be asked for.
CLUSTER_PIXELS, LEAST_CLUSTER, MOST_CLUSTER = 72.0, 48.0, 240.0


class BadViewport(ValueError):
    """The viewport sent by the browser makes no sense; the text says what was expected."""


@dataclass(frozen=True)
class Viewport:
    """A bounding box in degrees (west < east, south < north) and a zoom, as Leaflet counts it."""

    west: float
    south: float
    east: float
    north: float
    zoom: float

    @classmethod
    def parse(cls, bbox: str, zoom: str) -> Viewport:
        """Read ``west,south,east,north`` and a zoom. Raises :class:`BadViewport`."""
        try:
            west, south, east, north = (float(part) for part in bbox.split(","))
            level = float(zoom)
        except ValueError:
            raise BadViewport("bbox=west,south,east,north and zoom=number, in degrees") from None
        if not all(math.isfinite(number) for number in (west, south, east, north, level)):
            raise BadViewport("bbox and zoom must be finite numbers")
        if not (west < east and south < north):
            raise BadViewport("west must be less than east, south less than north")
        return cls(
            max(west, -180.0),
            max(south, -90.0),
            min(east, 180.0),
            min(north, 90.0),
            min(max(level, MIN_ZOOM), MAX_ZOOM),
        )._checked()

    def _checked(self) -> Viewport:
        if not (self.west < self.east and self.south < self.north):
            raise BadViewport("the viewport lies outside ±180 and ±90 degrees")
        return self

    @property
    def degrees_per_pixel(self) -> float:
        """Of longitude; of latitude it is this times :attr:`squeeze`."""
        return 360.0 / (TILE * 2.0**self.zoom)

    @property
    def squeeze(self) -> float:
        """Degrees of latitude as long on the screen as one degree of longitude.

        Taken at a whole degree, so that cells do not change while the map is dragged.
        """
        middle = min(max(round((self.south + self.north) / 2), -84), 84)
        return math.cos(math.radians(middle))

    @property
    def pixels(self) -> float:
        """Area on the screen, in square pixels."""
        width = (self.east - self.west) / self.degrees_per_pixel
        return width * (self.north - self.south) / self.degrees_per_pixel / self.squeeze

    def cell(self, pixels: float = CLUSTER_PIXELS) -> tuple[float, float]:
        """Width and height in degrees of the cells that cases are clustered in at this zoom."""
        size = 360.0 / (TILE * 2.0 ** math.floor(self.zoom)) * min(max(pixels, LEAST_CLUSTER), MOST_CLUSTER)
        return size, size * self.squeeze

    def snapped(self) -> Viewport:
        """This viewport grown outwards to half tiles at a whole zoom: nearby viewers share one answer."""
        zoom = math.floor(self.zoom)
        step = 360.0 / 2.0**zoom / 2
        return Viewport(
            max(math.floor(self.west / step) * step, -180.0),
            max(math.floor(self.south / step) * step, -90.0),
            min(math.ceil(self.east / step) * step, 180.0),
            min(math.ceil(self.north / step) * step, 90.0),
            float(zoom),
        )


def number(text: str, otherwise: float) -> float:
    """A finite number the browser sent, or the one to use when it sent none. Raises :class:`BadViewport`."""
    if not text:
        return otherwise
    try:
        found = float(text)
    except ValueError:
        raise BadViewport(f"{text[:20]!r} is not a number") from None
    if not math.isfinite(found):
        raise BadViewport("numbers must be finite")
    return found
