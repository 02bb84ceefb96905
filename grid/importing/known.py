"""The areas in force that an import meets: read once, in a few queries, whatever their number."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from ..models import Area, AreaEdit, Level
from .guess import Place

#: Values named in one query: SQLite limits their number.
BATCH = 500
#: Outlines that a guess of the coordinate system is measured against.
MOST_OUTLINES = 5000


@dataclass(frozen=True, slots=True)
class KnownArea:
    """An area as it is, without its outline."""

    id: int
    code: str
    name: str
    name_en: str
    level: str
    path: str
    households: int | None

    @property
    def above(self) -> str:
        """The parent's path; empty for a root."""
        return self.path[: -Area.steplen]


class Known:
    """All areas in force by code and by path; outlines on demand."""

    def __init__(self) -> None:
        # Read before everything else: what changes while we read then counts as a change since.
        self.latest_edit = AreaEdit.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        self.levels = {level.code: level for level in Level.objects.all()}
        fields = ("id", "code", "name", "name_en", "level_id", "path", "households")
        rows = Area.objects.filter(valid_to=None).values_list(*fields)
        areas = [KnownArea(*row) for row in rows.iterator(chunk_size=5000)]
        self.by_code = {area.code: area for area in areas}
        self.by_path = {area.path: area for area in areas}
        self.children: dict[str, list[KnownArea]] = defaultdict(list)
        for area in areas:
            self.children[area.above].append(area)
        self._outlines: dict[int, BaseGeometry | None] = {}

    def outlines(self, areas: Iterable[KnownArea]) -> dict[int, BaseGeometry | None]:
        """Outlines by id, WGS-84; None for one known by its address only."""
        wanted = [area.id for area in areas]
        missing = [pk for pk in dict.fromkeys(wanted) if pk not in self._outlines]
        for start in range(0, len(missing), BATCH):
            found = Area.objects.filter(pk__in=missing[start : start + BATCH])
            self._outlines.update(found.values_list("pk", "geometry"))
        return {pk: self._outlines.get(pk) for pk in wanted}

    def within(self, path: str) -> list[KnownArea]:
        """An area and everything in it; everything for the empty path."""
        return [area for area in self.by_path.values() if area.path.startswith(path)]

    def named(self, name: str) -> KnownArea | None:
        """The only area of this name."""
        same = [area for area in self.by_path.values() if area.name == name]
        return same[0] if len(same) == 1 else None


def place(path: str = "") -> Place:
    """Where the areas of a subtree lie: outlines of the lowest levels that are not too many."""
    rows = Area.objects.filter(valid_to=None, path__startswith=path).exclude(geometry=None)
    orders = list(rows.order_by("-level__order").values_list("level__order", flat=True).distinct())
    for order in orders:
        found = rows.filter(level__order=order)
        if found.count() <= MOST_OUTLINES:
            outlines = [
                outline for outline in found.values_list("geometry", flat=True) if outline is not None
            ]
            above = rows.filter(level__order__lt=order)[:MOST_OUTLINES].values_list("geometry", flat=True)
            every = [*outlines, *above]
            result = np.empty(len(every), dtype=object)
            result[:] = every
            return Place(result[~shapely.is_missing(result)])
    return Place()
