"""The borders of one community as they stand in the database: what the editor and ``redraw`` work on."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import shapely
from django.db.models import Max, Min, Q, QuerySet
from django.utils import timezone
from shapely.geometry.base import BaseGeometry

from . import stamp
from .models import Area, AreaEdit, AreaVersion, Level
from .topology import Coverage, Impossible, Label

#: Degrees around a community within which neighbours are shown: about 500 m.
AROUND = 0.005
_KEPT = 8
_lock = threading.Lock()
_read: OrderedDict[tuple[int, int, date], Sheet] = OrderedDict()


@dataclass(frozen=True)
class Sheet:
    """A community, the rows of its grids by code, and the coverage they make."""

    community: Area
    grids: Mapping[str, Area]
    coverage: Coverage


@dataclass(frozen=True)
class Failed:
    """An operation that cannot be done: its place in the list, and why not."""

    index: int
    impossible: Impossible


class _Step(NamedTuple):
    after: Coverage
    failed: Failed | None


class _Trial(NamedTuple):
    """A list of operations that was tried: as texts, with what each step came to."""

    sheet: Sheet
    taken: frozenset[str]
    texts: tuple[str, ...]
    steps: tuple[_Step, ...]


_trials: deque[_Trial] = deque(maxlen=16)


def grid_level() -> Level | None:
    """The level of grids: the outermost one at which a place decides who is responsible."""
    return Level.objects.filter(is_grid=True).order_by("order").first()


def has_grids(area: Area) -> bool:
    """Whether grids lie directly in this area, or could: it has nothing else in it, and is above them."""
    level = grid_level()
    if level is None or area.level.order >= level.order:
        return False
    below = Area.objects.in_force().filter(path__startswith=area.path, depth=area.depth + 1)
    return below.filter(level__is_grid=True).exists() or not below.exists()


def read_sheet(community: Area, *, lock: bool = False) -> Sheet:
    """The sheet of a community. ``lock``: inside an action that bumped the stamp; its rows are locked too."""
    areas = Area.objects.in_force()
    if lock:
        areas = areas.select_for_update(of=("self",), no_key=True)
    grids = {
        area.code: area
        for area in areas.filter(
            path__startswith=community.path, depth=community.depth + 1, level__is_grid=True
        ).select_related("level")
    }
    coverage = Coverage.build(
        {code: area.geometry for code, area in grids.items()},
        community.geometry,
        labels={code: Label(area.name, area.households) for code, area in grids.items()},
        around={str(area): shape for area, shape in neighbours(community)},
    )
    return Sheet(community, grids, coverage)


def known_sheet(community: Area) -> Sheet:
    """The same for looking at, remembered as long as the stamp stays: trying something reads nothing."""
    value, today = stamp.read(), timezone.localdate()
    if value == stamp.NEVER:
        return read_sheet(community)
    key = (community.pk, value, today)
    with _lock:
        found = _read.get(key)
    if found is None:
        found = read_sheet(community)
    with _lock:
        _read[key] = found
        _read.move_to_end(key)
        while len(_read) > _KEPT:
            _read.popitem(last=False)
    return found


def neighbours(community: Area) -> list[tuple[Area, BaseGeometry]]:
    """The communities around, which belong to the same area, and their ground."""
    areas = Area.objects.in_force().filter(path__startswith=community.path[: -Area.steplen])
    own = areas.filter(path__startswith=community.path)
    west, south, east, north = own.aggregate(
        west=Min("west"), south=Min("south"), east=Max("east"), north=Max("north")
    ).values()
    if west is None or community.depth == 1:
        return []
    near = (
        areas.exclude(path__startswith=community.path)
        .exclude(geometry=None)
        .filter(
            west__lte=east + AROUND,
            east__gte=west - AROUND,
            south__lte=north + AROUND,
            north__gte=south - AROUND,
        )
    )
    beside = {area.path: area for area in areas.filter(depth=community.depth)}
    ground: dict[str, list[BaseGeometry]] = defaultdict(list)
    for area in near.filter(depth=community.depth):
        ground[area.path].append(area.geometry)
    for grid in near.filter(depth=community.depth + 1, level__is_grid=True):
        above = beside.get(grid.path[: -Area.steplen])
        if above is not None and above.geometry is None:
            ground[above.path].append(grid.geometry)
    return [(beside[path], shapely.union_all(shapes)) for path, shapes in sorted(ground.items())]


def taken_codes(sheet: Sheet, operations: Iterable[Any]) -> frozenset[str]:
    """Which of the new codes in a list of operations are in use somewhere else."""
    codes = {operation.get("code") for operation in operations if isinstance(operation, Mapping)}
    wanted = {code.strip() for code in codes if isinstance(code, str)} - set(sheet.grids)
    if not wanted:
        return frozenset()
    return frozenset(Area.objects.filter(code__in=wanted, valid_to=None).values_list("code", flat=True))


def try_out(
    sheet: Sheet, operations: Sequence[Any], *, remember: bool = False
) -> tuple[Coverage, list[Failed]]:
    """The coverage after those operations that can be done, and those that cannot. Writes nothing.

    ``remember``: somebody at the map asks after each change, with one operation more than before. The steps
    of the last few lists are kept, so that only what is new is done.
    """
    taken = taken_codes(sheet, operations)
    texts = tuple(json.dumps(operation, sort_keys=True) for operation in operations) if remember else ()
    steps = _known_steps(sheet, taken, texts)
    coverage = steps[-1].after if steps else sheet.coverage.with_taken(taken)
    for index in range(len(steps), len(operations)):
        failed = None
        try:
            coverage = coverage.apply(operations[index])
        except Impossible as impossible:
            failed = Failed(index, impossible)
        steps.append(_Step(coverage, failed))
    if remember:
        with _lock:
            _trials.append(_Trial(sheet, taken, texts, tuple(steps)))
    return coverage, [step.failed for step in steps if step.failed]


def _known_steps(sheet: Sheet, taken: frozenset[str], texts: tuple[str, ...]) -> list[_Step]:
    """The steps of an earlier trial on this very sheet, as far as it began with the same operations."""
    with _lock:
        trials = [trial for trial in _trials if trial.sheet is sheet and trial.taken == taken]
    best: list[_Step] = []
    for trial in trials:
        same = 0
        for mine, theirs in zip(texts, trial.texts, strict=False):
            if mine != theirs:
                break
            same += 1
        if same > len(best):
            best = list(trial.steps[:same])
    return best


def edits_in(community: Area) -> QuerySet[AreaEdit]:
    """The saves that touched the community's grids, or itself, newest first."""
    here = AreaVersion.objects.filter(area__path__startswith=community.path).order_by()
    began, ended = here.values("edit"), here.exclude(ended_by=None).values("ended_by")
    touched = AreaEdit.objects.filter(Q(pk__in=began) | Q(pk__in=ended))
    return touched.select_related("by").order_by("-pk")


def latest_edit(community: Area) -> int | None:
    """The number of the newest save here: what an editor's work is based on."""
    return edits_in(community).values_list("pk", flat=True).first()


def looks_the_same(one: BaseGeometry | None, other: BaseGeometry | None) -> bool:
    """Whether two borders differ by no more than corners on the way and rounding to the lattice."""
    if one is None or other is None:
        return one is other
    if one.equals(other):
        return True
    return bool(shapely.hausdorff_distance(one.boundary, other.boundary) < 5e-7)
