"""Outlines of areas: what may be stored, and the columns derived from it. Pure; WGS-84 degrees (lon, lat)."""

from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

POLYGONAL = ("Polygon", "MultiPolygon")


def bounds(geometry: BaseGeometry | None) -> dict[str, float | None]:
    """The bounding box as the columns of an area, degrees."""
    if geometry is None:
        return dict.fromkeys(("west", "south", "east", "north"))
    west, south, east, north = geometry.bounds
    return {"west": west, "south": south, "east": east, "north": north}


def on_the_globe(geometry: BaseGeometry) -> bool:
    """Whether every coordinate is a longitude and latitude; no datum makes the rest one."""
    west, south, east, north = geometry.bounds
    return -180 <= west <= east <= 180 and -90 <= south <= north <= 90


def polygonal(geometry: BaseGeometry) -> BaseGeometry | None:
    """The polygon or multipolygon in a geometry, in two dimensions; None when nothing in it has a surface.

    Repairing a ring may leave loose lines and points beside the surface: they are dropped.
    """
    flat: Any = shapely.force_2d(geometry)
    if flat.geom_type == "GeometryCollection":
        parts = [part for part in shapely.get_parts(flat) if part.geom_type in POLYGONAL]
        flat = shapely.MultiPolygon([polygon for part in parts for polygon in shapely.get_parts(part)])
    return flat if flat.geom_type in POLYGONAL and not flat.is_empty else None
