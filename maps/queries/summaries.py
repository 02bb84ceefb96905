"""Reading the sums over the cases together with what was written since: always what a recount would say.

A question (:class:`Ask`) is answered from the cells where it can be, from the spots where a few of them hold
the answer, and the cases that were written or whose light has turned since the last fold are put right on the
way. So nothing depends on how soon somebody folds; :func:`look` says None where too much is waiting or the
sums are being built anew, and the caller counts the cases themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.expressions import Combinable

from grid.models import Area
from grid.policies import EVERYWHERE
from maps.models import Cell, Change, Fold, Spot
from maps.spots import (
    ALL_CATEGORIES,
    ENDED_RANK,
    OPEN_STATES,
    Spotted,
    counted,
    instant,
    microseconds,
    spots_of,
)
from maps.viewport import FINEST, NOWHERE, TILE_LEVEL, Cells
from workflows.models import Request

#: Levels that cells are kept at; a map between two of them adds up four cells of the finer one.
LEVELS = (8, 10, 12, 14, 16)
#: The finest level at which they are also kept by category: below, cells would hold a case or two each.
FINEST_BY_CATEGORY = 14
#: A block of cells is so many columns and rows wide, as a power of two.
BLOCK_BITS = 3
#: Rows of a block's number; its column comes above.
BLOCK_ROWS = 20
#: So many cases may wait to be folded before counting the cases themselves is better.
MOST_WAITING = 2_000
#: From this level of the cells on, a viewport covers few enough tiles to ask for its spots by them.
BY_TILE = 16
#: More tiles than this are not asked for by name.
MOST_TILES = 600


@dataclass(frozen=True)
class Ask:
    """Which cases, of whom: ``roots`` are materialised paths, ``cells`` None means those without a place.

    Empty ``categories`` and ``lights`` mean all; ``states`` are named.
    """

    roots: tuple[str, ...]
    cells: Cells | None
    states: frozenset[str]
    categories: frozenset[int] = frozenset()
    lights: frozenset[str] = frozenset()

    @property
    def unplaced(self) -> bool:
        """Whoever has a whole tree also has what lies in no area (``workflows.policies.within``)."""
        return any(len(root) <= Area.steplen for root in self.roots)

    def holds(self, spot: Spotted) -> bool:
        """Whether it asks for this case; whatever its light."""
        if spot.state not in self.states or (self.categories and spot.category not in self.categories):
            return False
        if not (spot.area.startswith(self.roots) or (not spot.area and self.unplaced)):
            return False
        if self.cells is None or spot.tile == NOWHERE:
            return self.cells is None and spot.tile == NOWHERE
        shift = FINEST - self.cells.level
        return (
            self.cells.left <= spot.x >> shift <= self.cells.right
            and self.cells.top <= spot.y >> shift <= self.cells.bottom
        )

    def wants(self, spot: Spotted) -> bool:
        """Whether it asks for this case with this light."""
        return self.holds(spot) and (not self.lights or spot.light in self.lights)


@dataclass
class Sum4:
    """Cases of one cell: how many, the sums of their coordinates in millionths of a degree, of their ids."""

    n: int = 0
    lon: int = 0
    lat: int = 0
    ids: int = 0

    def add(self, n: int, lon: int, lat: int, ids: int) -> None:
        self.n += n
        self.lon += lon
        self.lat += lat
        self.ids += ids


#: Column, row, state, light.
Key = tuple[int, int, str, str]


@dataclass
class Waiting:
    """Cases that the sums do not know as they are: as they were counted, as they are now."""

    version: int
    depth: int
    old: dict[int, Spotted] = field(default_factory=dict)
    new: dict[int, Spotted] = field(default_factory=dict)

    @property
    def ids(self) -> list[int]:
        return [*{*self.old, *self.new}]


def look(now: datetime) -> Waiting | None:
    """What waits to be folded; None where the sums cannot be used. Two queries, four if anything waits."""
    state = Fold.objects.filter(pk=Fold.ONLY, built_to=None).first()
    if state is None:
        return None
    turned = Spot.objects.filter(turns__lte=microseconds(now)).values_list("pk", flat=True)
    changed = Change.objects.values_list("request_id", flat=True).order_by()
    cases = list(changed.union(turned.order_by())[: MOST_WAITING + 1])
    if len(cases) > MOST_WAITING:
        return None
    found = Waiting(state.version, state.depth)
    if cases:
        found.old = counted(cases)
        found.new = {spot.request_id: spot for spot in spots_of(Request.objects.filter(pk__in=cases), now)}
    return found


def is_still(waiting: Waiting) -> bool:
    """Whether nothing was folded since :func:`look`: then all that was read between is of one moment."""
    return Fold.objects.filter(pk=Fold.ONLY, version=waiting.version, built_to=None).exists()


def sums(ask: Ask, waiting: Waiting) -> dict[Key, Sum4]:
    """Cases by cell, state and light, of all lights. Two queries at most."""
    assert ask.cells is not None
    found: dict[Key, Sum4] = {}
    length = waiting.depth * Area.steplen
    shallow = tuple(root for root in ask.roots if len(root) <= length)
    deep = tuple(root for root in ask.roots if len(root) > length)
    if level := _level_for(ask):
        if shallow:
            _gather(found, _from_cells(_narrowed(ask, shallow), level))
        if deep:
            _gather(found, _from_spots(_narrowed(ask, deep)))
    elif ask.roots:
        _gather(found, _from_spots(ask))
    shift = FINEST - ask.cells.level
    for spots, sign in ((waiting.old, -1), (waiting.new, 1)):
        for spot in spots.values():
            if ask.holds(spot):
                key = (spot.x >> shift, spot.y >> shift, spot.state, spot.light)
                found.setdefault(key, Sum4()).add(
                    sign, sign * spot.lon, sign * spot.lat, sign * spot.request_id
                )
    return {key: total for key, total in found.items() if total.n}


def _narrowed(ask: Ask, roots: tuple[str, ...]) -> Ask:
    return Ask(roots, ask.cells, ask.states, ask.categories, ask.lights)


def _gather(found: dict[Key, Sum4], rows: Iterable[tuple]) -> None:
    for x, y, state, light, n, lon, lat, ids in rows:
        # PostgreSQL adds whole numbers up to decimals.
        found.setdefault((x, y, state, light), Sum4()).add(n, int(lon), int(lat), int(ids))


def _level_for(ask: Ask) -> int | None:
    """The level of cells to read; None where it takes spots."""
    assert ask.cells is not None
    finest = FINEST_BY_CATEGORY if ask.categories else LEVELS[-1]
    return next((level for level in LEVELS if ask.cells.level <= level <= finest), None)


def _from_cells(ask: Ask, level: int) -> Iterable[tuple]:
    assert ask.cells is not None
    area = ask.cells.at(level)
    blocks = area.at(level - BLOCK_BITS)
    cells = Cell.objects.filter(
        _under(ask, "area"),
        level=level,
        category__in=ask.categories or [ALL_CATEGORIES],
        state__in=ask.states,
        x__range=(area.left, area.right),
        y__range=(area.top, area.bottom),
    )
    if blocks.count <= MOST_TILES:
        cells = cells.filter(block__in=blocks.keys(BLOCK_ROWS))
    return _grouped(
        cells, level - ask.cells.level, n=Sum("n"), lon_=Sum("lon"), lat_=Sum("lat"), ids_=Sum("ids")
    )


def _from_spots(ask: Ask) -> Iterable[tuple]:
    assert ask.cells is not None
    return _grouped(
        spots(ask),
        FINEST - ask.cells.level,
        n=Count("pk"), lon_=Sum("lon"), lat_=Sum("lat"), ids_=Sum("request_id"),
    )  # fmt: skip


def _grouped(rows: QuerySet, shift: int, **totals: Combinable) -> Iterable[tuple]:
    column, row = (F(axis).bitrightshift(shift) if shift else F(axis) for axis in ("x", "y"))
    return (
        rows.order_by()
        .annotate(column=column, row=row)
        .values_list("column", "row", "state", "light")
        .annotate(**totals)
        .values_list("column", "row", "state", "light", *totals)
    )


def spots(ask: Ask) -> QuerySet[Spot]:
    """The spots it asks for, of all lights, as they were counted: by place, by area, or in no way at all."""
    found = Spot.objects.filter(state__in=ask.states)
    if ask.states <= set(OPEN_STATES):
        found = found.filter(rank__lt=ENDED_RANK)
    elif not ask.states & set(OPEN_STATES):
        found = found.filter(rank__gte=ENDED_RANK)
    if ask.categories:
        found = found.filter(category__in=ask.categories)
    if ask.cells is None:
        return found.filter(_under(ask, "area"), tile=NOWHERE)
    area, tiles = ask.cells.at(FINEST), ask.cells.at(TILE_LEVEL)
    found = found.filter(x__range=(area.left, area.right), y__range=(area.top, area.bottom), tile__gt=NOWHERE)
    if ask.cells.level >= BY_TILE and tiles.count <= MOST_TILES:
        return found.filter(_under(ask, "area"), tile__in=tiles.keys(TILE_LEVEL))
    return found.filter(_under(ask, "area", by_index=min(map(len, ask.roots), default=0) > Area.steplen))


def _under(ask: Ask, column: str, *, by_index: bool = False) -> Q:
    """In one of the areas. ``by_index`` asks in the way in which SQLite also finds them by an index."""
    found = Q(pk__in=[])
    for root in ask.roots:
        if root == EVERYWHERE:
            return Q()
        if by_index:
            found |= Q(**{f"{column}__gte": root, f"{column}__lte": root + "Z" * Area.steplen})
        else:
            found |= Q(**{f"{column}__startswith": root})
    return found | Q(**{column: ""}) if ask.unplaced else found


def most_urgent(ask: Ask, waiting: Waiting, rows: int) -> list[int]:
    """Ids of the first so many cases in order of urgency. One query."""
    found = spots(ask).filter(light__in=ask.lights) if ask.lights else spots(ask)
    if waiting.ids:
        found = found.exclude(pk__in=waiting.ids)
    first = list(found.order_by("rank", "due", "pk").values_list("rank", "due", "pk")[:rows])
    first += [(spot.rank, spot.due, spot.request_id) for spot in waiting.new.values() if ask.wants(spot)]
    return [case for _, _, case in sorted(first)[:rows]]


def next_turn(ask: Ask, waiting: Waiting, now: datetime) -> datetime | None:
    """When the next light among these cases turns by itself, whatever lights are chosen. One query."""
    stamp = microseconds(now)
    found = spots(ask).filter(turns__gt=stamp)
    if waiting.ids:
        found = found.exclude(pk__in=waiting.ids)
    turns = list(found.order_by("turns").values_list("turns", flat=True)[:1])
    turns += [spot.turns for spot in _asked(ask, waiting) if spot.turns is not None and spot.turns > stamp]
    return instant(min(turns)) if turns else None


def _asked(ask: Ask, waiting: Waiting) -> Iterator[Spotted]:
    return (spot for spot in waiting.new.values() if ask.holds(spot))


def count(ask: Ask, waiting: Waiting) -> int:
    """How many cases it asks for, with its lights, counted by the spots. One query."""
    found = spots(ask).filter(light__in=ask.lights) if ask.lights else spots(ask)
    total = found.order_by().count()
    for spots_then, sign in ((waiting.old, -1), (waiting.new, 1)):
        total += sign * sum(ask.wants(spot) for spot in spots_then.values())
    return total
