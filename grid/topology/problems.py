"""What does not fit in stored borders, with a place to look at."""

from dataclasses import dataclass
from typing import Literal

from shapely.geometry.base import BaseGeometry

from . import lattice

Kind = Literal["gap", "overlap", "outside", "no_ground", "no_outline"]


@dataclass(frozen=True)
class Problem:
    """``place``: WGS-84 [lon, lat] inside of it, degrees; ``area``: square metres. Both None without ground.

    ``grids``: of an overlap, the first one has the ground from now on; of a gap, those around it.
    """

    kind: Kind
    grids: tuple[str, ...]
    place: tuple[float, float] | None = None
    area: float | None = None


def at(kind: Kind, grids: tuple[str, ...], shape: BaseGeometry) -> Problem:
    """A problem with the ground it is about, on the lattice."""
    inside = shape.representative_point()
    lon, lat = lattice.degrees((inside.x, inside.y))
    return Problem(kind, grids, (round(lon, 7), round(lat, 7)), round(lattice.square_metres(shape), 2))
