"""Areas to choose from and to look at: children of an area, names by code, bounds of many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Max, Min, QuerySet

from grid.models import Area, in_language

#: Names given in one answer.
MOST_NAMES = 500


def bounds(areas: QuerySet[Area]) -> list[list[float]] | None:
    """[[south, west], [north, east]] around all of the areas, in degrees; None when none has an outline."""
    edges = areas.order_by().aggregate(
        west=Min("west"), south=Min("south"), east=Max("east"), north=Max("north")
    )
    if edges["west"] is None:
        return None
    return [[edges["south"], edges["west"]], [edges["north"], edges["east"]]]


def choices(areas: QuerySet[Area], parent: Area | None) -> list[dict[str, Any]]:
    """The children of an area among ``areas``; without a parent, the topmost ones. One query."""
    if parent is None:
        rows = _topmost(areas)
    else:
        rows = list(
            areas.filter(path__startswith=parent.path, depth=parent.depth + 1).select_related("level")
        )
    return [
        {
            "code": area.code,
            "name": str(area),
            "level": str(area.level),
            "is_grid": area.level.is_grid,
            "leaf": area.numchild == 0 or area.level.is_grid,
            "bbox": None if area.west is None else [area.west, area.south, area.east, area.north],
        }
        for area in rows
    ]


def _topmost(areas: QuerySet[Area]) -> list[Area]:
    """Areas whose parent is not among them. They lie above all the others, so few levels are looked at."""
    depth = areas.order_by().aggregate(depth=Min("depth"))["depth"]
    found: list[Area] = []
    while depth is not None:
        here = list(areas.filter(depth=depth).select_related("level"))
        found += [area for area in here if not any(area.path.startswith(other.path) for other in found)]
        rest = areas.filter(depth__gt=depth)
        for area in found:
            rest = rest.exclude(path__startswith=area.path)
        depth = rest.order_by().aggregate(depth=Min("depth"))["depth"]
    return found


def names(areas: QuerySet[Area], codes: Iterable[str]) -> dict[str, str]:
    """Code → full name, for at most :data:`MOST_NAMES` codes. Two queries."""
    wanted = list(codes)[:MOST_NAMES]
    rows = list(areas.filter(code__in=wanted).values_list("code", "path", "name", "name_en"))
    above = names_above(path for _, path, _, _ in rows)
    return {
        code: full_name(above.get(path, ""), in_language(name, name_en)) for code, path, name, name_en in rows
    }


def names_above(paths: Iterable[str]) -> dict[str, str]:
    """Path → name of the area above it; roots left out. One query.

    Grids are numbered within their community, so "第五网格" alone says little.
    """
    step = Area.steplen
    parents = {path: path[:-step] for path in paths if len(path) > step}
    rows = (
        Area.objects.filter(path__in=set(parents.values())).order_by().values_list("path", "name", "name_en")
    )
    found = {path: in_language(name, name_en) for path, name, name_en in rows}
    return {path: found[parent] for path, parent in parents.items() if parent in found}


def full_name(above: str, name: str) -> str:
    """ "和平里社区 第五网格": an area's name after that of the area above it."""
    return f"{above} {name}".strip()


def common_path(paths: Sequence[str]) -> str:
    """The longest path that all of these lie under; "" without any."""
    if not paths:
        return ""
    first, last = min(paths), max(paths)
    same = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), None)
    length = min(len(first), len(last)) if same is None else same
    return first[: length - length % Area.steplen]
