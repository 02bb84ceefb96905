"""Coordinates of a file to WGS-84 longitude and latitude. What a file says is not just believed."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyproj
import shapely
from django.utils.translation import gettext as _

from .. import datums
from ..errors import Refused

Convert = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]

#: Names people give to datums, and what they mean here. No register knows the two of Chinese web maps.
WEB_DATUMS = {"GCJ02": "gcj02", "BD09": "bd09"}
ALIASES = {"WGS84": "EPSG:4326", "CGCS2000": "EPSG:4490", "CRS84": "EPSG:4326"}
TITLES = {"EPSG:4326": "WGS-84", "EPSG:4490": "CGCS2000", "GCJ-02": "GCJ-02", "BD-09": "BD-09"}
#: Behind a code: the file has northing (or latitude) first, as Chinese surveyors write it.
SWAPPED = "+yx"
#: Coordinate systems may name grid files to be opened; a file of areas has no business doing so.
FOREIGN_FILES = re.compile(r"(nad|geoid)grids=(?!@null)|\binit=|PARAMETERFILE|PROJ4_GRIDS", re.IGNORECASE)


@dataclass(frozen=True)
class Conversion:
    """How coordinates were converted, in words, and whether anybody said so or it was taken for granted."""

    shapes: np.ndarray
    code: str
    title: str
    assumed: bool


def to_wgs84(shapes: np.ndarray, *, said: str | None, wished: str) -> Conversion:
    """Geometries in WGS-84 degrees (lon, lat); None stays None.

    ``wished``, from the person, goes before ``said``, from the file: an authority's code as EPSG:32650, or
    GCJ-02 or BD-09, with ``+yx`` behind it for (y, x). Raises :class:`Refused` when the result is not on the
    globe.
    """
    wanted = wished or said or "EPSG:4326"
    convert, code, title = converter(wanted, named=bool(wished))
    converted = shapes if convert is None else _apply(shapes, convert)
    assumed = not (wished or said)
    return Conversion(_on_globe(shapes, converted, "" if assumed else title), code, title, assumed)


def converter(text: str, *, named: bool = True) -> tuple[Convert | None, str, str]:
    """A function from (x, y) arrays to WGS-84 (lon, lat), None if they are that; code and title.

    Raises :class:`Refused` for what is not understood; ``named``: a person said so, not a file.
    """
    plain, swapped = text.strip(), False
    if plain.lower().endswith(SWAPPED):
        plain, swapped = plain[: -len(SWAPPED)], True
    bare = re.sub(r"[\s_-]", "", plain).upper()
    if bare in WEB_DATUMS:
        datum = WEB_DATUMS[bare]
        code = f"{bare[:-2]}-{bare[-2:]}"
        convert: Convert | None = lambda x, y: datums.to_wgs84(x, y, datum)  # noqa: E731
        title = code
    else:
        crs = _understand(ALIASES.get(bare, plain), named=named)
        code, title = _code(crs), _title(crs)
        convert = None
        if code not in ("EPSG:4326", "OGC:CRS84", "EPSG:4490"):  # the same, to within a metre or so
            convert = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform
    if not swapped:
        return convert, code, title
    straight = convert or (lambda x, y: (x, y))
    return lambda x, y: straight(y, x), code + SWAPPED, _("%(crs)s, y before x") % {"crs": title}


def refuse_foreign_files(text: str) -> None:
    """Raise :class:`Refused` for a coordinate system that names files of its own."""
    if FOREIGN_FILES.search(text):
        raise Refused(
            _(
                "The file's coordinate system refers to further files, which are not read."
                " Say which coordinate system it is with --crs."
            )
        )


def _understand(text: str, *, named: bool) -> pyproj.CRS:
    refuse_foreign_files(text)
    try:
        return _plain(pyproj.CRS.from_user_input(text))
    except pyproj.exceptions.CRSError as error:
        if named:
            message = _(
                "%(crs)s is not a coordinate system. Use a code such as EPSG:4490, or GCJ-02 or BD-09."
            )
        else:
            message = _("The file's coordinate system is not understood. Say which one it is with --crs.")
        raise Refused(message % {"crs": text}) from error


def _plain(crs: pyproj.CRS) -> pyproj.CRS:
    """The horizontal part, without shifts by grid files."""
    if crs.is_compound:
        return _plain(crs.sub_crs_list[0])
    if crs.is_bound and crs.source_crs is not None:
        return _plain(crs.source_crs)
    return crs


def _code(crs: pyproj.CRS) -> str:
    """The authority's code, else the definition itself: either may be given back to :func:`converter`."""
    authority = crs.to_authority(min_confidence=70)
    return ":".join(authority) if authority else crs.to_wkt()


def _title(crs: pyproj.CRS) -> str:
    code = _code(crs)
    if code in TITLES:
        return f"{TITLES[code]} ({code})" if ":" in code else TITLES[code]
    return f"{crs.name} ({code})" if len(code) < 20 else crs.name


def _apply(shapes: np.ndarray, function: Any) -> np.ndarray:
    return shapely.transform(shapes, lambda xy: np.column_stack(function(xy[:, 0], xy[:, 1])))


def _on_globe(before: np.ndarray, after: np.ndarray, title: str) -> np.ndarray:
    """The converted geometries, unless they lie where no longitude and latitude do."""
    xy = shapely.get_coordinates(after)
    good = np.isfinite(xy).all() and (np.abs(xy) <= (180, 90)).all() if len(xy) else True
    if good:
        return after
    west, south, east, north = shapely.total_bounds(before)
    extent = f"x {west:.10g} … {east:.10g}, y {south:.10g} … {north:.10g}"
    if title:
        raise Refused(
            _(
                "The coordinates (%(extent)s) do not fit %(crs)s."
                " Say which coordinate system it is with --crs."
            )
            % {"extent": extent, "crs": title}
        )
    raise Refused(
        _(
            "The file does not say its coordinate system, and its coordinates (%(extent)s) are not degrees of"
            " longitude and latitude. Say which coordinate system it is with --crs, for example EPSG:4547."
        )
        % {"extent": extent}
    )
