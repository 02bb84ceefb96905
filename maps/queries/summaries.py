"""Reading the sums over the cases together with what was written since: always what a recount would say.

A question (:class:`Ask`) is answered from the cells where it can be, from the spots where a few of them hold
the answer, and the cases that were written or whose light has turned since the last fold are put right on the
way. So nothing depends on how soon somebody folds; :func:`look` says None where too much is waiting or the
sums are being built anew, and the caller counts the cases themselves.

The statements are written out: to have them built by the ORM took longer than the databases' answers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import connection

from grid.models import Area
from grid.policies import EVERYWHERE
from maps.models import Cell, Change, Fold, Spot
from maps.queries.statements import Where, fetch
from maps.spots import (
    ALL_CATEGORIES,
    ENDED_RANK,
    LIGHTS,
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
from workflows.policies import reaches

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
        """Whether it asks also for what lies in no area."""
        return reaches(self.roots, "")

    def holds(self, spot: Spotted) -> bool:
        """Whether it asks for this case; whatever its light."""
        if spot.state not in self.states or (self.categories and spot.category not in self.categories):
            return False
        if not reaches(self.roots, spot.area):
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
class Part:
    """Cases of a cell, of the lights asked for: how many of each, sums of millionths of a degree and ids."""

    lights: list[int] = field(default_factory=lambda: [0] * len(LIGHTS))
    lon: int = 0
    lat: int = 0
    ids: int = 0


@dataclass
class Sums:
    """Cases of a viewport: by (column, row) of the lights asked for, by (state, light) of all lights."""

    cells: dict[tuple[int, int], Part] = field(default_factory=lambda: defaultdict(Part))
    states: Counter[tuple[str, str]] = field(default_factory=Counter)

    def put_right(self, spot: Spotted, sign: int, ask: Ask) -> None:
        """Count a case in, or out, that is not counted as it is."""
        assert ask.cells is not None
        self.states[spot.state, spot.light] += sign
        if not ask.lights or spot.light in ask.lights:
            shift = FINEST - ask.cells.level
            part = self.cells[spot.x >> shift, spot.y >> shift]
            part.lights[LIGHTS.index(spot.light)] += sign
            part.lon += sign * spot.lon
            part.lat += sign * spot.lat
            part.ids += sign * spot.request_id


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


_FOLDS, _CHANGES, _SPOTS, _CELLS = (model._meta.db_table for model in (Fold, Change, Spot, Cell))

#: How far the sums are, and every case that was written or has turned since; no row while they are built.
_LOOK = f"""
SELECT f.version, f.depth, w.request_id FROM {_FOLDS} f
LEFT JOIN (
  SELECT request_id FROM {_CHANGES} UNION SELECT request_id FROM {_SPOTS} WHERE turns <= %s
  LIMIT {MOST_WAITING + 1}
) w ON 1 = 1
WHERE f.id = {Fold.ONLY} AND f.built_to IS NULL
"""  # noqa: S608 - names and numbers of ours
_VERSION = f"SELECT version FROM {_FOLDS} WHERE id = {Fold.ONLY} AND built_to IS NULL"  # noqa: S608
#: The state, in a way in which PostgreSQL does not look for each of them in the index for each block.
_STATE = "(state || '')"


def look(now: datetime) -> Waiting | None:
    """What waits to be folded; None where the sums cannot be used. One query, three if anything waits."""
    rows = fetch(_LOOK, [microseconds(now)])
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
    return fetch(_VERSION) == [(waiting.version,)]


def sums(ask: Ask, waiting: Waiting) -> Sums:
    """Cases by cell and light, and by state and light. One query, two for roots of both kinds."""
    assert ask.cells is not None
    found = Sums()
    if level := _level_for(ask):
        shallow, deep = _split(ask, waiting)
        if shallow.roots:
            where = _cells(shallow, level)
            _gather(found, ask, _CELLS, "SUM(n)", "SUM(ids)", where, level - ask.cells.level)
        if deep.roots:
            _gather_spots(found, deep)
    elif ask.roots:
        _gather_spots(found, ask)
    for spots, sign in ((waiting.old, -1), (waiting.new, 1)):
        for spot in spots.values():
            if ask.holds(spot):
                found.put_right(spot, sign, ask)
    return found


def _split(ask: Ask, waiting: Waiting) -> tuple[Ask, Ask]:
    """The same of the areas that cells tell apart, and of those below them."""
    length = waiting.depth * Area.steplen
    shallow = tuple(root for root in ask.roots if len(root) <= length)
    deep = tuple(root for root in ask.roots if len(root) > length)
    return replace(ask, roots=shallow), replace(ask, roots=deep)


def _gather_spots(found: Sums, ask: Ask) -> None:
    assert ask.cells is not None
    _gather(found, ask, _SPOTS, "COUNT(*)", "SUM(request_id)", _spots(ask), FINEST - ask.cells.level)


def _gather(found: Sums, ask: Ask, table: str, n: str, ids: str, where: Where, shift: int) -> None:
    """Add up the rows of a table, of whose columns and rows ``shift`` bits are cut off. One query."""
    chosen = [light for light in LIGHTS if not ask.lights or light in ask.lights]
    lit = f"light IN ({', '.join(map(repr, chosen))})"
    # PostgreSQL adds whole numbers up to decimals.
    columns = ", ".join(
        [
            f"CAST({n} AS BIGINT)",
            *(f"CAST({total} FILTER (WHERE {lit}) AS BIGINT)" for total in ("SUM(lon)", "SUM(lat)", ids)),
            *(f"CAST({n} FILTER (WHERE {lit} AND light = '{light}') AS BIGINT)" for light in LIGHTS),
        ]
    )
    column, row = f"x >> {shift}", f"y >> {shift}"
    rest = f"{columns} FROM {table} WHERE {where}"
    if connection.vendor == "postgresql":
        sql = f"SELECT {column}, {row}, state, light, {rest} GROUP BY GROUPING SETS ((1, 2), (3, 4))"
        rows = fetch(sql, where.params)
    else:
        by_cell = f"SELECT {column}, {row}, NULL, NULL, {rest} GROUP BY 1, 2"
        by_state = f"SELECT NULL, NULL, state, light, {rest} GROUP BY 3, 4"
        rows = fetch(f"{by_cell} UNION ALL {by_state}", [*where.params, *where.params])
    for x, y, state, light, total, lon, lat, case, *numbers in rows:
        if state is not None:
            found.states[state, light] += total
        elif lon is not None:
            part = found.cells[x, y]
            part.lights = [had + (more or 0) for had, more in zip(part.lights, numbers, strict=True)]
            part.lon += lon
            part.lat += lat
            part.ids += case


def _level_for(ask: Ask) -> int | None:
    """The level of cells to read; None where it takes spots."""
    assert ask.cells is not None
    levels = LEVELS_BY_CATEGORY if ask.categories else LEVELS
    return next((level for level in levels if ask.cells.level <= level), None)


def _cells(ask: Ask, level: int) -> Where:
    """The cells of a level that it asks for, of all lights."""
    assert ask.cells is not None
    area = ask.cells.at(level)
    blocks = area.at(level - BLOCK_BITS)
    where = Where()
    where.add("level = %s", level)
    where.among("category", ask.categories or [ALL_CATEGORIES])
    _under(where, ask)
    where.add("x BETWEEN %s AND %s AND y BETWEEN %s AND %s", area.left, area.right, area.top, area.bottom)
    if len(ask.states) < len(State):
        where.among(_STATE, ask.states)
    if blocks.count <= MOST_TILES:
        where.among("block", blocks.keys(BLOCK_ROWS))
    return where


def _spots(ask: Ask) -> Where:
    """The spots that it asks for, of all lights, as they were counted: by place, by area, or neither."""
    where = Where()
    if len(ask.states) < len(State):
        where.among("state", ask.states)
    if ask.states <= set(OPEN_STATES):
        where.add("rank < %s", ENDED_RANK)
    elif not ask.states & set(OPEN_STATES):
        where.add("rank >= %s", ENDED_RANK)
    about = "category"
    if ask.cells is None:
        where.add("tile = %s", NOWHERE)
        _under(where, ask)
    else:
        area, tiles = ask.cells.at(FINEST), ask.cells.at(TILE_LEVEL)
        where.add("x BETWEEN %s AND %s AND y BETWEEN %s AND %s", area.left, area.right, area.top, area.bottom)
        where.add("tile > %s", NOWHERE)
        if _by_tile(ask):
            where.among("tile", tiles.keys(TILE_LEVEL))
            _under(where, ask)
        else:
            # SQLite must not gather all of a category by its index: an expression has none.
            about = "category + 0"
            _under(where, ask, by_index=min(map(len, ask.roots), default=0) > Area.steplen)
    if ask.categories:
        where.among(about, ask.categories)
    return where


def _by_tile(ask: Ask) -> bool:
    """Whether its spots are best found by the tiles they lie in."""
    assert ask.cells is not None
    return ask.cells.level >= BY_TILE and ask.cells.at(TILE_LEVEL).count <= MOST_TILES


def _under(where: Where, ask: Ask, *, by_index: bool = False) -> None:
    """In one of the areas. ``by_index`` asks in the way in which SQLite also finds them by an index."""
    if EVERYWHERE in ask.roots:
        return
    each: list[str] = []
    params: list[str] = []
    for root in ask.roots:
        if by_index:
            each.append("area BETWEEN %s AND %s")
            params += [root, root + "Z" * Area.steplen]
        else:
            each.append("area LIKE %s")
            params.append(root + "%")
    if ask.unplaced:
        each.append("area = ''")
    where.add(f"({' OR '.join(each) or '0 = 1'})", *params)


def _lit(where: Where, ask: Ask) -> Where:
    """The same, of the lights asked for."""
    lit = Where(where)
    if ask.lights:
        lit.among("light", ask.lights)
    return lit


def most_urgent(ask: Ask, waiting: Waiting, rows: int, found: Sums | None = None) -> list[int]:
    """Ids of the first so many cases in order of urgency; ``found`` are their sums. One query."""
    where = _lit(_spots(ask), ask)
    if found is not None:
        where.add("rank < %s", _rank_after(found, ask, rows))
    where.among("request_id", waiting.ids, but=True)
    first = fetch(
        f"SELECT rank, due, request_id FROM {_SPOTS} WHERE {where}"  # noqa: S608
        f" ORDER BY rank, due, request_id LIMIT {rows}",
        where.params,
    )
    first += [(spot.rank, spot.due, spot.request_id) for spot in waiting.new.values() if ask.wants(spot)]
    return [case for _, _, case in sorted(first)[:rows]]


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
    where = _spots(ask)
    where.among("request_id", waiting.ids, but=True)
    if _by_tile(ask) and ask.states <= set(OPEN_STATES):
        # Few: PostgreSQL must not walk through all that turn in the whole town, as it would by their index.
        where.add("COALESCE(turns, 0) > %s", stamp)
        soonest = f"SELECT MIN(turns) FROM {_SPOTS} WHERE {where}"  # noqa: S608
    else:
        where.add("turns > %s", stamp)
        soonest = f"SELECT turns FROM {_SPOTS} WHERE {where} ORDER BY turns LIMIT 1"  # noqa: S608
    turns = [turn for (turn,) in fetch(soonest, where.params) if turn is not None]
    turns += [spot.turns for spot in _asked(ask, waiting) if spot.turns is not None and spot.turns > stamp]
    return instant(min(turns)) if turns else None


def _asked(ask: Ask, waiting: Waiting) -> Iterator[Spotted]:
    return (spot for spot in waiting.new.values() if ask.holds(spot))


def off_map(ask: Ask, waiting: Waiting) -> Counter[str]:
    """Light → how many cases without a place it asks for. One query, two for roots of both kinds."""
    shallow, deep = _split(replace(ask, cells=None), waiting)
    found: Counter[str] = Counter()
    if shallow.roots:
        where = Where()
        where.add("level = %s", OFF_MAP_LEVEL)
        where.among("category", ask.categories or [ALL_CATEGORIES])
        where.among("state", ask.states)
        _under(where, shallow)
        found += _by_light("SUM(n)", _CELLS, _lit(where, ask))
    if deep.roots:
        found += _by_light("COUNT(*)", _SPOTS, _lit(_spots(deep), ask))
    for spots_then, sign in ((waiting.old, -1), (waiting.new, 1)):
        for spot in spots_then.values():
            if deep.wants(spot) or shallow.wants(spot):
                found[spot.light] += sign
    return found


def _by_light(n: str, table: str, where: Where) -> Counter[str]:
    rows = fetch(f"SELECT light, {n} FROM {table} WHERE {where} GROUP BY light", where.params)  # noqa: S608
    return Counter({light: int(number) for light, number in rows})


def lights(roots: Iterable[str], now: datetime) -> Counter[str] | None:
    """Light → open cases that have it, wherever they lie; None where the sums cannot be used."""
    everywhere = Cells(LEVELS[0], 0, 2 ** LEVELS[0] - 1, 0, 2 ** LEVELS[0] - 1)
    ask = Ask(tuple(roots), everywhere, frozenset(OPEN_STATES))
    for _attempt in range(3):
        if (waiting := look(now)) is None:
            return None
        found = off_map(ask, waiting)
        for (_state, light), n in sums(ask, waiting).states.items():
            found[light] += n
        if is_still(waiting):
            return found
    return None
