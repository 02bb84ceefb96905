"""Reading the sums over the cases together with what was written since: always what a recount would say.

A question (:class:`Ask`) is answered from the cells where it can be, from the spots where a few of them hold
the answer, and the cases that were written or whose light has turned since the last fold are put right on the
way. So nothing depends on how soon somebody folds; :func:`look` says None where too much is waiting or the
sums are being built anew, and the caller counts the cases themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import connection
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
    rank,
    spots_of,
)
from maps.viewport import FINEST, NOWHERE, TILE_LEVEL, Cells
from workflows.models import Request, State, Urgency

#: Levels that cells are kept at; by category only some, because there they compress less. A map between two
#: of these adds up four cells of the finer one.
LEVELS = tuple(range(8, 17))
LEVELS_BY_CATEGORY = (8, 10, 12, 14)
#: Of cases without a point: all in one cell.
OFF_MAP_LEVEL = 0
#: A block of cells is so many columns and rows wide, as a power of two.
BLOCK_BITS = 3
#: Rows of a block's number; its column comes above.
BLOCK_ROWS = 20
#: So many cases may wait to be folded before counting the cases themselves is better.
MOST_WAITING = 2_000
#: From this level of the cells on, a viewport covers few enough tiles to ask for its spots by them.
BY_TILE = 15
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


#: Of one cell and light: how many cases, the sums of their millionths of a degree, the sum of their ids.
Part = list[int]


@dataclass
class Sums:
    """Cases of a viewport, of all lights: by (column, row, light), and how many by (state, light)."""

    cells: dict[tuple[int, int, str], Part] = field(default_factory=dict)
    states: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, key: tuple[int, int, str], n: int, lon: int, lat: int, ids: int) -> None:
        part = self.cells.get(key)
        if part is None:
            self.cells[key] = [n, lon, lat, ids]
        else:
            part[0] += n
            part[1] += lon
            part[2] += lat
            part[3] += ids


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


#: How far the sums are, and every case that was written or has turned since; no row while they are built.
_LOOK = f"""
SELECT f.version, f.depth, w.request_id FROM {Fold._meta.db_table} f
LEFT JOIN (
  SELECT request_id FROM {Change._meta.db_table}
  UNION SELECT request_id FROM {Spot._meta.db_table} WHERE turns <= %s
  LIMIT {MOST_WAITING + 1}
) w ON 1 = 1
WHERE f.id = {Fold.ONLY} AND f.built_to IS NULL
"""  # noqa: S608 - names and numbers of ours


def look(now: datetime) -> Waiting | None:
    """What waits to be folded; None where the sums cannot be used. One query, three if anything waits."""
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, [microseconds(now)])
        rows = cursor.fetchall()
    if not rows or len(rows) > MOST_WAITING:
        return None
    version, depth, _ = rows[0]
    found = Waiting(version, depth)
    cases = [case for *_, case in rows if case is not None]
    if cases:
        found.old = counted(cases)
        found.new = {spot.request_id: spot for spot in spots_of(Request.objects.filter(pk__in=cases), now)}
    return found


def is_still(waiting: Waiting) -> bool:
    """Whether nothing was folded since :func:`look`: then all that was read between is of one moment."""
    return Fold.objects.filter(pk=Fold.ONLY, version=waiting.version, built_to=None).exists()


def sums(ask: Ask, waiting: Waiting) -> Sums:
    """Cases by cell and light, and by state and light. Two queries, four for roots of both kinds."""
    assert ask.cells is not None
    found = Sums()
    if level := _level_for(ask):
        shallow, deep = _split(ask, waiting)
        if shallow.roots:
            _gather(found, *_from_cells(shallow, level))
        if deep.roots:
            _gather(found, *_from_spots(deep))
    elif ask.roots:
        _gather(found, *_from_spots(ask))
    shift = FINEST - ask.cells.level
    for spots, sign in ((waiting.old, -1), (waiting.new, 1)):
        for spot in spots.values():
            if ask.holds(spot):
                key = (spot.x >> shift, spot.y >> shift, spot.light)
                found.add(key, sign, sign * spot.lon, sign * spot.lat, sign * spot.request_id)
                found.states[spot.state, spot.light] += sign
    return found


def _split(ask: Ask, waiting: Waiting) -> tuple[Ask, Ask]:
    """The same of the areas that cells tell apart, and of those below them."""
    length = waiting.depth * Area.steplen
    shallow = tuple(root for root in ask.roots if len(root) <= length)
    deep = tuple(root for root in ask.roots if len(root) > length)
    return replace(ask, roots=shallow), replace(ask, roots=deep)


def _gather(found: Sums, rows: QuerySet, totals: dict[str, Combinable], shift: int) -> None:
    column, row = (F(axis).bitrightshift(shift) if shift else F(axis) for axis in ("x", "y"))
    by_cell = rows.order_by().annotate(column=column, row=row).values_list("column", "row", "light")
    for x, y, light, *part in _plain(by_cell.annotate(**totals)):
        # PostgreSQL adds whole numbers up to decimals.
        found.add((x, y, light), *map(int, part))
    by_state = rows.order_by().values_list("state", "light").annotate(total=totals["total"])
    for state, light, n in _plain(by_state):
        found.states[state, light] += int(n)


def _plain(rows: QuerySet) -> list[tuple]:
    """What the database says. Django would look at each of some thousand numbers, which takes longer."""
    with connection.cursor() as cursor:
        cursor.execute(*rows.query.sql_with_params())
        return cursor.fetchall()


def _level_for(ask: Ask) -> int | None:
    """The level of cells to read; None where it takes spots."""
    assert ask.cells is not None
    levels = LEVELS_BY_CATEGORY if ask.categories else LEVELS
    return next((level for level in levels if ask.cells.level <= level), None)


#: What to add up, of which rows, and how many bits to cut off their columns and rows.
Source = tuple[QuerySet, dict[str, Combinable], int]


def _from_cells(ask: Ask, level: int) -> Source:
    assert ask.cells is not None
    area = ask.cells.at(level)
    blocks = area.at(level - BLOCK_BITS)
    cells = Cell.objects.filter(
        _under(ask, "area"),
        level=level,
        category__in=ask.categories or [ALL_CATEGORIES],
        x__range=(area.left, area.right),
        y__range=(area.top, area.bottom),
    )
    if len(ask.states) < len(State):
        cells = cells.filter(state__in=ask.states)
    if blocks.count <= MOST_TILES:
        cells = cells.filter(block__in=blocks.keys(BLOCK_ROWS))
    totals = {"total": Sum("n"), "sum_lon": Sum("lon"), "sum_lat": Sum("lat"), "sum_ids": Sum("ids")}
    return cells, totals, level - ask.cells.level


def _from_spots(ask: Ask) -> Source:
    assert ask.cells is not None
    totals = {
        "total": Count("pk"),
        "sum_lon": Sum("lon"),
        "sum_lat": Sum("lat"),
        "sum_ids": Sum("request_id"),
    }
    return spots(ask), totals, FINEST - ask.cells.level


def spots(ask: Ask) -> QuerySet[Spot]:
    """The spots it asks for, of all lights, as they were counted: by place, by area, or in no way at all."""
    found = Spot.objects.all()
    if len(ask.states) < len(State):
        found = found.filter(state__in=ask.states)
    if ask.states <= set(OPEN_STATES):
        found = found.filter(rank__lt=ENDED_RANK)
    elif not ask.states & set(OPEN_STATES):
        found = found.filter(rank__gte=ENDED_RANK)
    if ask.cells is None:
        return _about(found.filter(_under(ask, "area"), tile=NOWHERE), ask)
    area, tiles = ask.cells.at(FINEST), ask.cells.at(TILE_LEVEL)
    found = found.filter(x__range=(area.left, area.right), y__range=(area.top, area.bottom), tile__gt=NOWHERE)
    if ask.cells.level >= BY_TILE and tiles.count <= MOST_TILES:
        found = found.filter(_under(ask, "area"), tile__in=tiles.keys(TILE_LEVEL))
        return found.filter(category__in=ask.categories) if ask.categories else found
    by_index = min(map(len, ask.roots), default=0) > Area.steplen
    return _about(found.filter(_under(ask, "area", by_index=by_index)), ask)


def _about(found: QuerySet[Spot], ask: Ask) -> QuerySet[Spot]:
    """Of the chosen categories, in a way that keeps SQLite from gathering all of theirs by the index."""
    if not ask.categories:
        return found
    return found.alias(about=F("category") + 0).filter(about__in=ask.categories)


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


def most_urgent(ask: Ask, waiting: Waiting, rows: int, found: Sums | None = None) -> list[int]:
    """Ids of the first so many cases in order of urgency; ``found`` are their sums. One query."""
    chosen = _lit(spots(ask), ask)
    if found is not None:
        chosen = chosen.filter(rank__lt=_rank_after(found, ask, rows))
    if waiting.ids:
        chosen = chosen.exclude(pk__in=waiting.ids)
    first = list(chosen.order_by("rank", "due", "pk").values_list("rank", "due", "pk")[:rows])
    first += [(spot.rank, spot.due, spot.request_id) for spot in waiting.new.values() if ask.wants(spot)]
    return [case for _, _, case in sorted(first)[:rows]]


def _lit(rows: QuerySet[Any], ask: Ask) -> QuerySet[Any]:
    return rows.filter(light__in=ask.lights) if ask.lights else rows


def _rank_after(found: Sums, ask: Ask, rows: int) -> int:
    """A rank that the first so many cases are all below: what is less urgent need not be looked at."""
    by_rank: Counter[int] = Counter()
    for (state, light), n in found.states.items():
        if not ask.lights or light in ask.lights:
            by_rank[rank(state, light, Urgency.URGENT)] += n
    total = 0
    for urgent in sorted(by_rank):
        total += by_rank[urgent]
        if total >= rows:
            return urgent + 2
    return 2 * ENDED_RANK


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


def count_off_map(ask: Ask, waiting: Waiting) -> int:
    """How many cases without a place it asks for, with its lights. One query, two for roots of both kinds."""
    shallow, deep = _split(ask, waiting)
    total = 0
    if shallow.roots:
        cells = Cell.objects.filter(
            _under(shallow, "area"),
            level=OFF_MAP_LEVEL,
            category__in=ask.categories or [ALL_CATEGORIES],
            state__in=ask.states,
        )
        total += _lit(cells, ask).aggregate(total=Sum("n"))["total"] or 0
    if deep.roots:
        total += _lit(spots(deep), ask).order_by().count()
    for spots_then, sign in ((waiting.old, -1), (waiting.new, 1)):
        total += sign * sum(ask.wants(spot) for spot in spots_then.values())
    return total
