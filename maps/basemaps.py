"""Base maps: what lies under the grids. Chosen by ``LINLI_BASE_MAP``; in the default, nothing does.

Pure data without Django, so that ``config.settings`` can ask which hosts the Content-Security-Policy
must let images through from: those of the chosen base map, and no other.
"""

from __future__ import annotations

from dataclasses import dataclass


class UnknownBaseMap(ValueError):
    """``LINLI_BASE_MAP`` names a base map there is none of, or one whose key is missing."""


@dataclass(frozen=True)
class Tiles:
    """One layer of tiles in Web-Mercator numbering; ``{key}`` in the address is the operator's key."""

    url: str
    subdomains: str = ""
    attribution: str = ""
    #: Finest level the service has; finer views enlarge it.
    finest: int = 18


@dataclass(frozen=True)
class BaseMap:
    """A base map: its layers from the bottom up, and the projection its tiles are drawn in.

    ``crs`` is the name of a Leaflet CRS. Tiles of Chinese commercial services are drawn in GCJ-02, up to
    610 m off; the CRS ``GCJ02`` (static/maps/gcj02.js) puts WGS-84 data onto them, so the data never changes.
    """

    layers: tuple[Tiles, ...] = ()
    hosts: tuple[str, ...] = ()
    crs: str = "EPSG3857"
    needs_key: bool = False


_TIANDITU = (
    "https://t{{s}}.tianditu.gov.cn/{0}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={0}&STYLE=default"
    "&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={{key}}"
)

BASE_MAPS: dict[str, BaseMap] = {
    "none": BaseMap(),
    "osm": BaseMap(
        layers=(
            Tiles(
                "https://tile.openstreetmap.org/{z}/{x}/{y}.png",
                attribution='© <a href="https://www.openstreetmap.org/copyright">OpenStreetMap</a>',
                finest=19,
            ),
        ),
        hosts=("https://tile.openstreetmap.org",),
    ),
    "tianditu": BaseMap(
        layers=(
            Tiles(_TIANDITU.format("vec"), subdomains="01234567", attribution="© 天地图"),
            Tiles(_TIANDITU.format("cva"), subdomains="01234567", attribution="© 天地图"),
        ),
        hosts=("https://*.tianditu.gov.cn",),
        needs_key=True,
    ),
    "amap": BaseMap(
        layers=(
            Tiles(
                "https://webrd0{s}.is.autonavi.com/appmaptile?lang=zh_cn&size=1&scale=1&style=8&x={x}&y={y}&z={z}",
                subdomains="1234",
                attribution="© 高德地图",
            ),
        ),
        hosts=("https://*.is.autonavi.com",),
        crs="GCJ02",
    ),
}


def base_map(name: str, key: str = "") -> BaseMap:
    """The base map of that name. Raises :class:`UnknownBaseMap` when there is none, or its key is missing."""
    found = BASE_MAPS.get(name)
    if found is None:
        raise UnknownBaseMap(f"LINLI_BASE_MAP is {name!r}; use one of {', '.join(BASE_MAPS)}.")
    if found.needs_key and not key:
        raise UnknownBaseMap(f"The base map {name!r} needs a key: set LINLI_BASE_MAP_KEY.")
    return found


def image_sources(name: str) -> list[str]:
    """Hosts that the Content-Security-Policy must allow images from, for the base map of that name."""
    return list(BASE_MAPS[name].hosts) if name in BASE_MAPS else []
