"""Chinese map datums to WGS-84 and back, for single numbers and for numpy arrays alike.

Longitude and latitude in degrees, always in this order. CGCS2000 agrees with WGS-84 to within a metre or so
and is taken as equal. GCJ-02 (AMap, Tencent) is 360–610 m off in big cities, BD-09 (Baidu) 950–1,380 m.

GCJ-02's formula has never been published officially; the one used here is the one in common use (as in
eviltransform and coordtransform). Its inverse has no closed form and is found by fixed-point iteration,
which six steps bring below a micrometre.
"""

from typing import Any

import numpy as np

#: Semi-major axis in metres and squared eccentricity of the ellipsoid GCJ-02 is built on (Krasovsky 1940).
_A, _EE = 6378245.0, 0.00669342162296594323
_BD_PI = np.pi * 3000.0 / 180.0
#: BD-09 is GCJ-02 moved by these degrees, and a wobble.
_BD_EAST, _BD_NORTH = 0.0065, 0.006
_STEPS = 6

DATUMS = ("wgs84", "cgcs2000", "gcj02", "bd09")


def to_wgs84(lon: Any, lat: Any, datum: str) -> tuple[Any, Any]:
    """WGS-84 longitude and latitude of a point or of arrays of points given in ``datum``.

    Floats in, floats out; arrays in, arrays out. Raises ``ValueError`` on an unknown datum.
    """
    if datum in ("wgs84", "cgcs2000"):
        return lon, lat
    if datum == "gcj02":
        return _like(lon, *_inverse(wgs84_to_gcj02, lon, lat))
    if datum == "bd09":
        return _like(lon, *_inverse(wgs84_to_gcj02, *_inverse(gcj02_to_bd09, lon, lat)))
    raise ValueError(f"unknown datum {datum!r}; use one of {', '.join(DATUMS)}")


def from_wgs84(lon: Any, lat: Any, datum: str) -> tuple[Any, Any]:
    """The reverse of :func:`to_wgs84`."""
    if datum in ("wgs84", "cgcs2000"):
        return lon, lat
    if datum == "gcj02":
        return _like(lon, *wgs84_to_gcj02(lon, lat))
    if datum == "bd09":
        return _like(lon, *gcj02_to_bd09(*wgs84_to_gcj02(lon, lat)))
    raise ValueError(f"unknown datum {datum!r}; use one of {', '.join(DATUMS)}")


def shifted(lon: Any, lat: Any) -> Any:
    """Where GCJ-02 differs from WGS-84: the rectangle around China that the map makers use."""
    return (lon > 72.004) & (lon < 137.8347) & (lat > 0.8293) & (lat < 55.8271)


def wgs84_to_gcj02(lon: Any, lat: Any) -> tuple[Any, Any]:
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    east, north = _offset(lon, lat)
    here = shifted(lon, lat)
    return np.where(here, lon + east, lon), np.where(here, lat + north, lat)


def gcj02_to_bd09(lon: Any, lat: Any) -> tuple[Any, Any]:
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    radius = np.hypot(lon, lat) + 2e-5 * np.sin(lat * _BD_PI)
    angle = np.arctan2(lat, lon) + 3e-6 * np.cos(lon * _BD_PI)
    return radius * np.cos(angle) + _BD_EAST, radius * np.sin(angle) + _BD_NORTH


def _offset(lon: Any, lat: Any) -> tuple[Any, Any]:
    """GCJ-02 minus WGS-84 in degrees."""
    x, y = lon - 105.0, lat - 35.0
    root = 0.2 * np.sqrt(np.abs(x))
    common = 20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)
    wave_north = 20 * np.sin(np.pi * y) + 40 * np.sin(np.pi / 3 * y)
    wave_north = wave_north + 160 * np.sin(np.pi / 12 * y) + 320 * np.sin(np.pi / 30 * y)
    wave_east = 20 * np.sin(np.pi * x) + 40 * np.sin(np.pi / 3 * x)
    wave_east = wave_east + 150 * np.sin(np.pi / 12 * x) + 300 * np.sin(np.pi / 30 * x)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + root + (common + wave_north) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.5 * root + (common + wave_east) * 2 / 3
    phi = np.radians(lat)
    m = 1 - _EE * np.sin(phi) ** 2
    metres_east = _A / np.sqrt(m) * np.cos(phi)
    metres_north = _A * (1 - _EE) / (m * np.sqrt(m))
    return np.degrees(east / metres_east), np.degrees(north / metres_north)


def _inverse(forward: Any, lon: Any, lat: Any) -> tuple[Any, Any]:
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    x, y = lon, lat
    for _step in range(_STEPS):
        east, north = forward(x, y)
        x, y = x + (lon - east), y + (lat - north)
    return x, y


def _like(given: Any, lon: Any, lat: Any) -> tuple[Any, Any]:
    """Plain floats to whoever gave plain numbers."""
    return (lon, lat) if isinstance(given, np.ndarray) else (float(lon), float(lat))
