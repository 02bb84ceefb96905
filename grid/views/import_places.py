"""Where a file's areas would lie under one coordinate system or another: in words, and as a small drawing."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import shapely
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

#: [west, south, east, north] in degrees, WGS-84.
Bounds = Sequence[float]

METRES_PER_DEGREE = 111_320
#: Candidates further from the known areas than this are not drawn, kilometres.
DRAWN_KM = 30.0
#: Outlines in a drawing.
DRAWN = 300
#: Two candidates nearer to each other than this are told apart by nobody, metres.
SAME_PLACE = 5.0
COMPASS: tuple[Promise, ...] = (
    gettext_lazy("north"),
    gettext_lazy("north-east"),
    gettext_lazy("east"),
    gettext_lazy("south-east"),
    gettext_lazy("south"),
    gettext_lazy("south-west"),
    gettext_lazy("west"),
    gettext_lazy("north-west"),
)


@dataclass
class Sketch:
    """A drawing: SVG view box, paths of the known areas, and the path of the file's box."""

    view_box: str
    here: list[str] = field(default_factory=list)
    there: str = ""


@dataclass
class Candidate:
    """A coordinate system to choose: code, its name, where the areas would lie."""

    code: str
    title: str
    where: str
    inside: str
    sketch: Sketch | None


def candidates(crs: dict[str, Any], outlines: Sequence[shapely.Geometry]) -> list[Candidate]:
    """``crs`` is the guess of a job's contents; ``outlines`` are known areas, WGS-84 degrees."""
    home = tuple(shapely.total_bounds(outlines)) if len(outlines) else None
    found: list[Candidate] = []
    first: Bounds | None = None
    for each in crs.get("candidates", ()):
        bounds = each["bounds"]
        near = each.get("distance_km") is not None and each["distance_km"] < DRAWN_KM
        words = where(each, home)
        if first is not None and near and (apart := _between(first, bounds))[0] > SAME_PLACE:
            words = _("%(far)s to the %(direction)s of the first") % {
                "far": length(apart[0]),
                "direction": direction(apart[1]),
            }
        if first is None and near:
            first = bounds
        drawing = sketch(outlines, home, bounds) if near and home else None
        found.append(Candidate(each["code"], each["title"], words, inside(each), drawing))
    return found


def where(candidate: dict[str, Any], home: Bounds | None) -> str:
    """In words of somebody who knows the place."""
    bounds, kilometres = candidate["bounds"], candidate.get("distance_km")
    lon, lat = _middle(bounds)
    if abs(lon) < 15 and abs(lat) < 15:
        return _("in the sea off Africa: surely wrong")
    if home is None or kilometres is None:
        return str(candidate["where"])
    if kilometres >= 1:
        return _("%(far)s to the %(direction)s of your areas") % {
            "far": length(kilometres * 1000),
            "direction": direction(_between(home, bounds)[1]),
        }
    if (candidate.get("share") or 0) >= 0.5:
        return _("here, over your areas")
    return _("here, beside your areas")


def inside(candidate: dict[str, Any]) -> str:
    """How much of the data would lie within known areas."""
    share = candidate.get("share")
    if not share:
        return ""
    return _("%(percent)s %% within your areas") % {"percent": round(100 * share)}


def length(metres: float) -> str:
    """Metres below a kilometre, to ten; kilometres above."""
    if metres < 1000:
        return _("%(n)s m") % {"n": number_format(round(metres, -1) or 10, 0)}
    return _("%(n)s km") % {"n": number_format(metres / 1000, 1 if metres < 20_000 else 0)}


def direction(degrees: float) -> str:
    """The compass point of a bearing, clockwise from north."""
    return str(COMPASS[round(degrees / 45) % 8])


def _middle(bounds: Bounds) -> tuple[float, float]:
    return (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2


def _between(one: Bounds, other: Bounds) -> tuple[float, float]:
    """Metres and bearing (degrees, clockwise from north) from one middle to another; flat, for short ways."""
    (x0, y0), (x1, y1) = _middle(one), _middle(other)
    east = (x1 - x0) * math.cos(math.radians((y0 + y1) / 2)) * METRES_PER_DEGREE
    north = (y1 - y0) * METRES_PER_DEGREE
    return math.hypot(east, north), math.degrees(math.atan2(east, north)) % 360


def sketch(outlines: Sequence[shapely.Geometry], home: Bounds, bounds: Bounds) -> Sketch:
    """The known areas as lines, the file's box over them; north is up."""
    squeeze = math.cos(math.radians(_middle(home)[1]))
    west, south = min(home[0], bounds[0]), min(home[1], bounds[1])
    east, north = max(home[2], bounds[2]), max(home[3], bounds[3])
    size = max((east - west) * squeeze, north - south) or 1e-6
    scale, margin = 100 / size, 6

    def place(x: float, y: float) -> str:
        return f"{(x - west) * squeeze * scale:.1f} {(north - y) * scale:.1f}"

    def path(ring: Iterable[Sequence[float]]) -> str:
        return "M" + "L".join(place(x, y) for x, y in ring) + "Z"

    box = shapely.box(*bounds).exterior.coords
    drawing = Sketch(
        f"{-margin} {-margin} {(east - west) * squeeze * scale + 2 * margin:.1f}"
        f" {(north - south) * scale + 2 * margin:.1f}",
        there=path(box),
    )
    for outline in shapely.simplify(list(outlines[:DRAWN]), size / 200):
        for polygon in shapely.get_parts(outline):
            if polygon.geom_type == "Polygon" and not polygon.is_empty:
                drawing.here.append(path(polygon.exterior.coords))
    return drawing
