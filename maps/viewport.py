"""The part of the world a map shows. Pure arithmetic; degrees are WGS-84, pixels Leaflet's (256 a tile)."""

from __future__ import annotations

import math
from dataclasses import dataclass

TILE = 256
#: Rasters of cells: at level ``n`` the world is 2ⁿ × 2ⁿ squares of the Mercator projection, row 0 is north.
#: A square is 64 pixels wide on a map of zoom ``n - 2``. At the finest level 2.4 m at the equator.
FINEST = 24
#: The level of the map's tiles at zoom 15, by which places are found.
TILE_LEVEL = 15
#: The tile of what has no place.
NOWHERE = -1
#: An answer covers no more cells than this, however large the screen.
MOST_CELLS = 1_900
_MOST_NORTH = 85.051128
MIN_ZOOM, MAX_ZOOM = 0.0, 22.0
#: Sides of the cells that cases are clustered in, in pixels: the usual one, and what may be asked for.
CLUSTER_PIXELS, LEAST_CLUSTER, MOST_CLUSTER = 72.0, 48.0, 240.0


class BadViewport(ValueError):
    """The viewport sent by the browser makes no sense; the text says what was expected."""


def raster(lon: float, lat: float, level: int) -> tuple[int, int]:
    """Column and row of the cell that a place (WGS-84 degrees) lies in."""
    size = 1 << level
    north = math.radians(min(max(lat, -_MOST_NORTH), _MOST_NORTH))
    x, y = (lon + 180.0) / 360.0, 0.5 - math.asinh(math.tan(north)) / (2.0 * math.pi)
    return min(max(int(x * size), 0), size - 1), min(max(int(y * size), 0), size - 1)


def corner(x: int, y: int, level: int) -> tuple[float, float]:
    """Longitude and latitude of the north-west corner of a cell."""
    size = 1 << level
    return x / size * 360.0 - 180.0, math.degrees(math.atan(math.sinh(math.pi * (1.0 - 2.0 * y / size))))


def tile_key(x: int, y: int, level: int = FINEST) -> int:
    """The number of the tile at zoom 15 that a cell lies in."""
    shift = level - TILE_LEVEL
    return (x >> shift) << TILE_LEVEL | y >> shift


@dataclass(frozen=True)
class Cells:
    """The cells of one level that a viewport touches: columns and rows, first and last."""

    level: int
    left: int
    right: int
    top: int
    bottom: int

    def at(self, level: int) -> Cells:
        """The same part of the world in cells of another level; coarser ones reach over its edge."""
        shift = level - self.level
        if shift >= 0:
            size = (1 << shift) - 1
            return Cells(
                level,
                self.left << shift,
                (self.right << shift) + size,
                self.top << shift,
                (self.bottom << shift) + size,
            )
        edges = (edge >> -shift for edge in (self.left, self.right, self.top, self.bottom))
        return Cells(level, *edges)

    @property
    def count(self) -> int:
        return (self.right - self.left + 1) * (self.bottom - self.top + 1)

    def keys(self, bits: int) -> list[int]:
        """Numbers of the cells, rows counted with so many bits."""
        columns, rows = range(self.left, self.right + 1), range(self.top, self.bottom + 1)
        return [column << bits | row for column in columns for row in rows]


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

    def cells(self, pixels: float = CLUSTER_PIXELS) -> Cells:
        """The cells that cases are clustered in: 64, 128 or 256 pixels wide, larger on a huge screen."""
        wanted = min(max(pixels, LEAST_CLUSTER), MOST_CLUSTER)
        level = min(math.floor(self.zoom) + 2 - round(math.log2(wanted / 64.0)), FINEST)
        left, top = raster(self.west, self.north, FINEST)
        right, bottom = raster(self.east, self.south, FINEST)
        found = Cells(FINEST, left, right, top, bottom).at(max(level, 0))
        while found.count > MOST_CELLS:
            found = found.at(found.level - 1)
        return found

    def on_cells(self, pixels: float = CLUSTER_PIXELS) -> Viewport:
        """This viewport grown outwards to whole cells: nothing changes while a map is dragged within one."""
        cells = self.cells(pixels)
        west, north = corner(cells.left, cells.top, cells.level)
        east, south = corner(cells.right + 1, cells.bottom + 1, cells.level)
        return Viewport(west, south, east, north, self.zoom)

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
