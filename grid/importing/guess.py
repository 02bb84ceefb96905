"""Which coordinate system a file's numbers are in: what they can be, and where the areas would then lie.

GCJ-02 and BD-09 cannot be told from WGS-84 by their range, but by borders that are already known: a new file
shares some with them, or at least lies within them, in the right datum only. Without, the person is asked.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from django.utils.translation import gettext as _

from .. import datums
from ..errors import Refused
from .crs import SWAPPED, converter

DEGREES = ("EPSG:4326", "GCJ-02", "BD-09")
#: CGCS2000 Gauss-Krüger in China: 3° zones without and with the zone's number before the easting, then 6°.
THREE_DEGREES = {code: 75 + 3 * (code - 4534) for code in range(4534, 4555)}
THREE_WITH_ZONE = {code: 25 + code - 4513 for code in range(4513, 4534)}
SIX_WITH_ZONE = {code: 13 + code - 4491 for code in range(4491, 4502)}
SIX_DEGREES = {code: 75 + 6 * (code - 4502) for code in range(4502, 4513)}
UTM_ZONES = {32600 + zone: 6 * zone - 183 for zone in range(43, 54)}
#: Where China is, degrees: what a guess without any known area has to fall into.
CHINA = (73.0, 3.0, 136.0, 54.0)
MOST_CORNERS = 2000
#: A corner this near to a known border is on it, metres.
ON_BORDER = 2.0
#: Data this far from the known areas is not where the person works, kilometres.
FAR = 100.0
SHOWN = 24


@dataclass(frozen=True)
class Place:
    """Where this installation's areas are: their outlines, WGS-84. Empty on a new installation."""

    outlines: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=object))

    @property
    def bounds(self) -> tuple[float, float, float, float] | None:
        """West, south, east, north in degrees."""
        if not len(self.outlines):
            return None
        west, south, east, north = (float(value) for value in shapely.total_bounds(self.outlines))
        return west, south, east, north


@dataclass(frozen=True)
class Candidate:
    """A coordinate system the numbers may be in. ``bounds``: where the data would lie, WGS-84 degrees.

    ``distance_km`` to the known areas (0: among them), ``share`` of corners inside of known areas, and
    ``on_border``, the share of them on a known border; None where nothing is known.
    """

    code: str
    title: str
    bounds: tuple[float, float, float, float]
    distance_km: float | None
    share: float | None
    on_border: float | None

    @property
    def where(self) -> str:
        west, south, east, north = self.bounds
        lon, lat = (west + east) / 2, (south + north) / 2
        place = _("around %(lon).3f° E, %(lat).3f° N") % {"lon": lon, "lat": lat}
        if self.distance_km is None or self.share is None:
            return place
        if self.distance_km >= 1:
            return _("%(place)s, %(km)s km from your areas") % {
                "place": place,
                "km": f"{self.distance_km:,.0f}",
            }
        percent = round(100 * self.share)
        return _("%(place)s, %(percent)s %% inside your areas") % {"place": place, "percent": percent}

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "title": self.title,
            "where": self.where,
            "bounds": [round(value, 6) for value in self.bounds],
            "distance_km": None if self.distance_km is None else round(self.distance_km, 1),
            "share": None if self.share is None else round(self.share, 4),
            "on_border": None if self.on_border is None else round(self.on_border, 4),
        }


@dataclass(frozen=True)
class CrsGuess:
    """``code``: the best guess (None: no idea). Only if it is ``sure`` may the person not be asked."""

    code: str | None
    title: str
    sure: bool
    why: str
    candidates: list[Candidate]

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "title": self.title,
            "sure": self.sure,
            "why": self.why,
            "candidates": [candidate.as_json() for candidate in self.candidates[:SHOWN]],
        }


def guess(shapes: np.ndarray, said: str | None, place: Place) -> CrsGuess:
    """The guess for geometries in a file's own coordinates; ``said`` is what the file says of them."""
    corners = _corners(shapes)
    if not len(corners):
        return CrsGuess(None, "", False, _("The file has no coordinates."), [])
    measure = _Measure(corners, place)
    told = measure.candidate(said) if said else None
    if said and told is None:
        others = measure.candidates(_possible(corners, place))
        why = _("The file names a coordinate system in which its numbers make no sense.")
        return _best(others, why)
    if told is not None:
        return _check_what_is_said(told, measure, corners)
    found = measure.candidates(_possible(corners, place))
    if not found:
        why = _("The file does not say its coordinate system, and its numbers fit none that is used here.")
        return CrsGuess(None, "", False, why, [])
    return _best(found, _("The file does not say its coordinate system."))


def _check_what_is_said(told: Candidate, measure: "_Measure", corners: np.ndarray) -> CrsGuess:
    """What the file says is believed, unless the known borders contradict it."""
    if told.distance_km is not None and told.distance_km > FAR:
        why = _("The file says %(crs)s, but that lies %(km)s km from your areas.") % {
            "crs": told.title,
            "km": f"{told.distance_km:,.0f}",
        }
        return CrsGuess(told.code, told.title, False, why, [told])
    if _are_degrees(corners):
        rivals = measure.candidates(list(DEGREES[1:]))
        better = next((rival for rival in rivals if _clearly_better(rival, told)), None)
        if better is not None:
            why = _("The file says %(crs)s, but its borders meet the known ones in %(other)s.") % {
                "crs": told.title,
                "other": better.title,
            }
            return CrsGuess(better.code, better.title, False, why, [better, told])
    return CrsGuess(told.code, told.title, True, _("The file says so."), [told])


def _best(found: list[Candidate], why: str) -> CrsGuess:
    """The best candidate; certain if it meets known borders, or lies among known areas, and no other does."""
    found = sorted(found, key=_rank)
    if not found:
        return CrsGuess(None, "", False, why, [])
    best, rest = found[0], found[1:]
    if all(_clearly_better(best, other) for other in rest) and best.share is not None and _near(best):
        reason = _("It fits the areas that are already known.")
        return CrsGuess(best.code, best.title, True, f"{why} {reason}", found)
    return CrsGuess(best.code, best.title, False, f"{why} {_('Please check and choose.')}", found)


def _near(candidate: Candidate) -> bool:
    return candidate.distance_km is not None and candidate.distance_km < 1


def _clearly_better(one: Candidate, other: Candidate) -> bool:
    if one.share is None or other.share is None or one.on_border is None or other.on_border is None:
        return False
    if not _near(one):
        return False
    if (other.distance_km or 0) > FAR:
        return True
    # A corner or two on a border may be chance: what really meets them also lies inside.
    if one.on_border >= 0.1 and one.on_border > 3 * other.on_border and one.share >= other.share:
        return True
    return one.on_border >= other.on_border and one.share >= 0.95 and other.share < one.share - 0.05


def _rank(candidate: Candidate) -> tuple[Any, ...]:
    near = candidate.distance_km is not None and candidate.distance_km < 1
    usual = candidate.code in DEGREES
    return (
        # First what lies inside: a corner or two on a border may be chance.
        round(-(candidate.share or 0), 1) if near else 0.0,
        round(-(candidate.on_border or 0), 2) if near else 0.0,
        candidate.distance_km if candidate.distance_km is not None else 0.0,
        round(-(candidate.share or 0), 2),
        DEGREES.index(candidate.code) if usual else len(DEGREES),
        SWAPPED in candidate.code,
    )


class _Measure:
    """Where corners would lie under one coordinate system or another, against the known areas."""

    def __init__(self, corners: np.ndarray, place: Place) -> None:
        self.corners, self.bounds = corners, place.bounds
        self.areas = shapely.STRtree(place.outlines) if self.bounds else None
        self.borders = shapely.STRtree(shapely.boundary(place.outlines)) if self.bounds else None

    def candidates(self, codes: list[str]) -> list[Candidate]:
        found = [candidate for code in codes if (candidate := self.candidate(code))]
        # Some systems agree, as a 3° and a 6° zone with the same central meridian: one of them is enough.
        apart: list[Candidate] = []
        for candidate in found:
            if not any(np.allclose(candidate.bounds, other.bounds, atol=1e-8) for other in apart):
                apart.append(candidate)
        return apart

    def candidate(self, code: str | None) -> Candidate | None:
        """None if the numbers cannot be in that system."""
        if not code:
            return None
        try:
            convert, code, title = converter(code, named=False)
        except Refused:
            return None
        x, y = self.corners[:, 0], self.corners[:, 1]
        lon, lat = convert(x, y) if convert else (x, y)
        if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
            return None
        if (np.abs(lon) > 180).any() or (np.abs(lat) > 90).any():
            return None
        bounds = (float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max()))
        if self.bounds is None or self.areas is None or self.borders is None:
            return Candidate(code, title, bounds, None, None, None)
        points = shapely.points(lon, lat)
        near = ON_BORDER / 111_320
        on_border = np.unique(self.borders.query(points, predicate="dwithin", distance=near)[0])
        inside = np.union1d(self.areas.query(points, predicate="intersects")[0], on_border)
        return Candidate(
            code,
            title,
            bounds,
            _kilometres_between(bounds, self.bounds),
            len(inside) / len(points),
            len(on_border) / len(points),
        )


def _kilometres_between(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Between two boxes in degrees; 0 if they touch."""
    east = max(0.0, one[0] - other[2], other[0] - one[2])
    north = max(0.0, one[1] - other[3], other[1] - one[3])
    latitude = np.radians((other[1] + other[3]) / 2)
    return float(np.hypot(east * np.cos(latitude), north) * 111.32)


def _corners(shapes: np.ndarray) -> np.ndarray:
    """Some of the corners, evenly taken; outer ones among them."""
    corners = shapely.get_coordinates(shapes)
    corners = corners[np.isfinite(corners).all(axis=1)]
    if len(corners) <= MOST_CORNERS:
        return corners
    return corners[np.linspace(0, len(corners) - 1, MOST_CORNERS).astype(int)]


def _are_degrees(corners: np.ndarray) -> bool:
    return bool((np.abs(corners) <= (180, 90)).all())


def _possible(corners: np.ndarray, place: Place) -> list[str]:
    """Codes of the systems in which numbers of this size make sense in China, or near the known areas."""
    x, y = np.median(corners, axis=0)
    codes = [*_forward(x, y, corners), *(code + SWAPPED for code in _forward(y, x, corners[:, ::-1]))]
    if place.bounds is None:
        return codes
    west, south, east, north = place.bounds
    near = [code for code in codes if _falls_into(code, x, y, (west - 2, south - 2, east + 2, north + 2))]
    return near or [code for code in codes if _falls_into(code, x, y, CHINA)] or codes


def _forward(x: float, y: float, corners: np.ndarray) -> list[str]:
    """Candidates for (x, y) in this order."""
    if _are_degrees(corners):
        shifted = bool(datums.shifted(x, y))
        return list(DEGREES) if shifted else ["EPSG:4326"]
    if not 200_000 < y < 9_000_000:
        return []
    zone, easting = divmod(x, 1_000_000)
    codes: list[int] = []
    if zone and 100_000 < easting < 900_000:
        codes += [code for code, number in THREE_WITH_ZONE.items() if number == zone]
        codes += [code for code, number in SIX_WITH_ZONE.items() if number == zone]
    if 100_000 < x < 900_000 and y < 6_500_000:
        codes += [*THREE_DEGREES, *UTM_ZONES, *SIX_DEGREES]
    if 7_800_000 < x < 15_300_000 and y < 7_500_000:
        codes.append(3857)
    return [f"EPSG:{code}" for code in codes]


def _falls_into(code: str, x: float, y: float, window: tuple[float, float, float, float]) -> bool:
    convert, _code, _title = converter(code)
    lon, lat = convert(np.array([x]), np.array([y])) if convert else (np.array([x]), np.array([y]))
    return bool(window[0] <= lon[0] <= window[2] and window[1] <= lat[0] <= window[3])
