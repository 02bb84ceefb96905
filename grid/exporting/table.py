"""The rows of an export: every area of some subtrees and levels on a day, in the same columns always."""

from collections.abc import Collection, Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np
import shapely
from django.db.models import BinaryField, ExpressionWrapper, F, Q, QuerySet

from .. import days
from ..models import Area, AreaQuerySet, AreaVersion, Level
from ..roster import STEP

#: The columns of every export, in this order; ``grid.importing`` knows them by these names. None is longer
#: than the ten bytes that a shapefile allows.
COLUMNS = (
    "code", "name", "name_en", "level", "level_name", "parent", "households", "valid_from", "valid_to",
)  # fmt: skip


class Row(NamedTuple):
    """One area. ``level`` and ``parent`` are codes; ``parent`` is "" for a root."""

    code: str
    name: str
    name_en: str
    level: str
    level_name: str
    parent: str
    households: int | None
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True)
class Table:
    """Rows, parents before what lies in them, with their outlines as WKB (None for an area without one)."""

    rows: list[Row]
    wkb: list[bytes | None]

    def shapes(self) -> np.ndarray:
        """The outlines as shapely geometries: polygons and multipolygons, WGS-84, (lon, lat)."""
        return shapely.from_wkb(np.array(self.wkb, dtype=object))


class Selection:
    """Areas as they were at an instant (None: now), to be narrowed down, counted and read in parts."""

    def __init__(self, areas: AreaQuerySet, on: date | datetime | None = None) -> None:
        """Those of ``areas`` that are in force ``on``; a date means the end of that local day."""
        self.at = days.moment(on)
        self._prefix: str
        self._found: QuerySet
        if self.at is None:
            self._prefix, self._found = "", areas.in_force()
        else:
            self._prefix = "area__"
            self._found = AreaVersion.objects.in_force(self.at).filter(area__in=areas.order_by())

    def of_code(self, code: str) -> "Selection":
        return self._narrowed(Q(code=code))

    def of_level(self, level: str) -> "Selection":
        return self._narrowed(Q(**{f"{self._prefix}level": level}))

    def touching(self, west: float, south: float, east: float, north: float) -> "Selection":
        """Those that have a point in common with a box, degrees. One query for those on its edge."""
        near = Q(west__lte=east, east__gte=west, south__lte=north, north__gte=south)
        inside = Q(west__gte=west, east__lte=east, south__gte=south, north__lte=north)
        box = shapely.box(west, south, east, north)
        on_edge = self._found.filter(near).exclude(inside).order_by().values_list("pk", "geometry")
        touching = [pk for pk, geometry in on_edge if shapely.intersects(geometry, box)]
        return self._narrowed(inside | Q(pk__in=touching))

    def count(self) -> int:
        return self._found.count()

    def table(self, start: int | None = None, stop: int | None = None) -> Table:
        """The rows from ``start`` up to ``stop``, by place in the tree. Three queries."""
        prefix = self._prefix
        rows = list(
            self._found.annotate(wkb=ExpressionWrapper(F("geometry"), output_field=BinaryField()))
            .order_by(f"{prefix}path")
            .values_list(
                f"{prefix}path", "code", "name", "name_en", f"{prefix}level_id", "households",
                f"{prefix}valid_from", f"{prefix}valid_to", "wkb",
            )[start:stop]
        )  # fmt: skip
        titles = dict(Level.objects.values_list("code", "name"))
        codes = self._codes_above(rows)
        return Table(
            rows=[
                Row(code, name, name_en, level, titles[level], codes.get(path[:-STEP], ""), *rest)
                for path, code, name, name_en, level, *rest, _wkb in rows
            ],
            wkb=[None if row[-1] is None else bytes(row[-1]) for row in rows],
        )

    def _narrowed(self, condition: Q) -> "Selection":
        narrowed = copy(self)
        narrowed._found = self._found.filter(condition)
        return narrowed

    def _codes_above(self, rows: Sequence[Sequence[Any]]) -> dict[str, str]:
        """Materialised path → code of everything that is the parent of a row. One query, or none."""
        codes = {row[0]: row[1] for row in rows}
        missing = {path[:-STEP] for path in codes if len(path) > STEP} - codes.keys()
        if not missing:
            return codes
        now = self.at is None
        above: QuerySet = Area.objects.in_force() if now else AreaVersion.objects.in_force(self.at)
        # Few levels, many areas: asked by depth, as SQLite limits how many values a query may name.
        depths = {len(path) // STEP for path in missing}
        pairs = above.filter(**{f"{self._prefix}depth__in": depths}).order_by()
        return codes | {
            path: code for path, code in pairs.values_list(f"{self._prefix}path", "code") if path in missing
        }


def gather(paths: Iterable[str], *, levels: Collection[str] = (), on: date | None = None) -> Table:
    """The areas in the subtrees rooted at these materialised paths that are in force on a day.

    ``levels`` are codes, all of them when none is named; ``on`` is today when not given, and means the end of
    that local day otherwise. Three queries.
    """
    areas = Area.objects.within(paths)
    return Selection(areas.filter(level__in=levels) if levels else areas, on).table()
