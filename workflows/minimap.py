"""A small drawing of where a case is: its grid, the grids around it, and the place itself, as SVG paths.

Nothing is fetched and nothing runs in the browser, so it also shows on a phone with a bad connection.
"""

import math
from dataclasses import dataclass

import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from grid.models import Area
from grid.queries import full_names

WIDTH, HEIGHT, MARGIN = 320.0, 180.0, 14.0
WHOLE = shapely.box(0, 0, WIDTH, HEIGHT)
#: Neighbours beyond this many add ink, not knowledge.
MAX_NEIGHBOURS = 24
#: How much of its width and height is shown around an area on each side, and a label's room: a
#: character's width, a line's height.
AROUND, CHARACTER, LINE = 0.3, 12.0, 16.0


@dataclass(frozen=True)
class Drawing:
    """SVG path data in a box of ``width`` × ``height``; ``pin`` is (x, y), None without a position."""

    width: int
    height: int
    grid: str
    neighbours: list[str]
    # Numbers as SVG writes them, whatever the page's language does with decimal points.
    pin: tuple[str, str] | None


@dataclass(frozen=True)
class Neighbour:
    """An area beside the one drawn; its name stands at ``x``, ``y`` when ``legible``."""

    code: str
    name: str
    full_name: str
    outline: str
    x: str
    y: str
    legible: bool


@dataclass(frozen=True)
class Portrait:
    """An area among its neighbours, as SVG path data in a box of ``width`` × ``height``."""

    width: int
    height: int
    outline: str
    x: str
    y: str
    neighbours: list[Neighbour]


class Projection:
    """Degrees (lon, lat; WGS-84) to the box: equirectangular about the middle latitude, north up."""

    def __init__(self, west: float, south: float, east: float, north: float) -> None:
        self.shrink = math.cos(math.radians((south + north) / 2))
        wide = max((east - west) * self.shrink, 1e-9)
        high = max(north - south, 1e-9)
        self.scale = min((WIDTH - 2 * MARGIN) / wide, (HEIGHT - 2 * MARGIN) / high)
        self.west, self.north = west, north
        self.left = (WIDTH - wide * self.scale) / 2
        self.top = (HEIGHT - high * self.scale) / 2

    def window(self) -> Polygon:
        """The part of the world that the whole box shows."""
        west = self.west - self.left / self.scale / self.shrink
        north = self.north + self.top / self.scale
        return shapely.box(west, north - HEIGHT / self.scale, west + WIDTH / self.scale / self.shrink, north)

    def __call__(self, lon: float, lat: float) -> tuple[str, str]:
        x = self.left + (lon - self.west) * self.shrink * self.scale
        y = self.top + (self.north - lat) * self.scale
        return f"{x:.1f}", f"{y:.1f}"


def path_of(geometry: BaseGeometry, project: Projection) -> str:
    """The outlines of a (multi)polygon as SVG path data; empty for anything else."""
    if isinstance(geometry, Polygon):
        parts = [geometry]
    elif isinstance(geometry, MultiPolygon):
        parts = list(geometry.geoms)
    else:
        return ""
    rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    return "".join("M" + "L".join(" ".join(project(*xy[:2])) for xy in ring.coords) + "Z" for ring in rings)


def of_request(request) -> Drawing | None:
    """The drawing for a case, or None when neither its grid has an outline nor it has a position."""
    area = request.area
    if area is None or area.geometry is None:
        return None
    west, south, east, north = area.geometry.bounds
    if request.lon is not None:
        west, east = min(west, request.lon), max(east, request.lon)
        south, north = min(south, request.lat), max(north, request.lat)
    project = Projection(west, south, east, north)
    tolerance = (east - west) / WIDTH
    around = (
        Area.objects.in_force()
        .filter(level_id=area.level_id, west__lte=east, east__gte=west, south__lte=north, north__gte=south)
        .exclude(pk=area.pk)[:MAX_NEIGHBOURS]
    )
    return Drawing(
        width=int(WIDTH),
        height=int(HEIGHT),
        grid=path_of(area.geometry.simplify(tolerance), project),
        neighbours=[
            path_of(other.geometry.simplify(tolerance), project) for other in around if other.geometry
        ],
        pin=project(request.lon, request.lat) if request.lon is not None else None,
    )


def of_area(area: Area) -> Portrait | None:
    """An area and those around it, or None when it has no outline."""
    if area.geometry is None:
        return None
    west, south, east, north = area.geometry.bounds
    wide, high = (east - west) * AROUND, (north - south) * AROUND
    project = Projection(west - wide, south - high, east + wide, north + high)
    window = project.window()
    tolerance = (window.bounds[2] - window.bounds[0]) / WIDTH / 2
    x, y = project(*shapely.point_on_surface(area.geometry).coords[0])
    return Portrait(
        width=int(WIDTH),
        height=int(HEIGHT),
        outline=path_of(area.geometry.simplify(tolerance), project),
        x=x,
        y=y,
        neighbours=_neighbours(area, project, tolerance),
    )


def _neighbours(area: Area, project: Projection, tolerance: float) -> list[Neighbour]:
    """The areas around one; a name is legible where it hides no other and nothing cuts it off."""
    window = project.window()
    others = _around(area, window)
    names = full_names(others)
    taken = [_room(str(area), *project(*shapely.point_on_surface(area.geometry).coords[0]))]
    found = []
    for other in others:
        seen = shapely.intersection(other.geometry, window)
        x, y = project(*shapely.point_on_surface(other.geometry if seen.is_empty else seen).coords[0])
        room = _room(str(other), x, y)
        legible = WHOLE.contains(room) and not any(room.intersects(one) for one in taken)
        if legible:
            taken.append(room)
        outline = path_of(other.geometry.simplify(tolerance), project)
        found.append(Neighbour(other.code, str(other), names[other.path], outline, x, y, legible))
    return found


def _room(label: str, x: str, y: str) -> Polygon:
    """The part of the box that a label in the middle of (x, y) covers."""
    half = len(label) * CHARACTER / 2
    return shapely.box(float(x) - half, float(y) - LINE / 2, float(x) + half, float(y) + LINE / 2)


def _around(area: Area, window: Polygon) -> list[Area]:
    west, south, east, north = window.bounds
    return list(
        Area.objects.in_force()
        .filter(level_id=area.level_id, west__lte=east, east__gte=west, south__lte=north, north__gte=south)
        .exclude(pk=area.pk)
        .exclude(geometry=None)[:MAX_NEIGHBOURS]
    )
