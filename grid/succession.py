"""What became of an area: the one in force under a code, or those that took a retired one's place."""

from dataclasses import dataclass, field

import shapely

from .models import Area
from .policies import public_areas

#: Share of a retired area's surface from which one that lies there today counts as having taken its place.
SHARE = 0.02


@dataclass(frozen=True)
class Standing:
    """An area as it stands today. ``successors`` of a retired one: the likeliest first."""

    area: Area
    retired: bool = False
    successors: list[Area] = field(default_factory=list)

    @property
    def successor(self) -> Area | None:
        """The one area that took its place; None while it is in force, or when several did."""
        return self.successors[0] if len(self.successors) == 1 else None


def standing(code: str) -> Standing | None:
    """The area with this code that is in force, else the last one that was; None when there never was one."""
    area = public_areas().filter(code=code).select_related("level").first()
    if area:
        return Standing(area)
    last = Area.objects.filter(code=code).exclude(valid_to=None).select_related("level")
    area = last.order_by("-valid_to", "-pk").first()
    return Standing(area, retired=True, successors=successors(area)) if area else None


def successors(area: Area) -> list[Area]:
    """The areas of today in a retired one's place: the one it was merged into, else those that lie there."""
    merged = _merged_into(area)
    if merged:
        return [merged]
    if area.geometry is None:
        return []
    west, south, east, north = area.geometry.bounds
    there = (
        public_areas()
        .filter(level=area.level_id, west__lte=east, east__gte=west, south__lte=north, north__gte=south)
        .select_related("level")
    )
    shared = [(shapely.intersection(area.geometry, other.geometry).area, other) for other in there]
    least = area.geometry.area * SHARE
    return [other for size, other in sorted(shared, key=lambda pair: -pair[0]) if size >= least]


def _merged_into(area: Area) -> Area | None:
    """Follow merges to an area in force; what an area was merged into may have been merged itself."""
    seen = {area.pk}
    in_force = public_areas().select_related("level")
    while area.merged_into_id and area.merged_into_id not in seen:
        found = in_force.filter(pk=area.merged_into_id).first()
        if found:
            return found
        seen.add(area.merged_into_id)
        area = Area.objects.get(pk=area.merged_into_id)
    return None
