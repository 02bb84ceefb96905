"""Folding: what was written about cases since the last time goes into the sums of the maps.

A fold takes the old spots of the changed cases out of the sums and puts the new ones in: one transaction,
under the lock of the one ``Fold`` row, so folds take turns, and one that is cut off has not happened. Folding
twice changes nothing. Building everything anew is the same for all cases, some thousands at a time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from grid.models import Area
from maps.models import Cell, Change, Fold, Spot, Tally
from maps.queries.summaries import BLOCK_BITS, BLOCK_ROWS, LEVELS, LEVELS_BY_CATEGORY, OFF_MAP_LEVEL
from maps.spots import ALL_CATEGORIES, Spotted, microseconds, spots_of
from maps.viewport import FINEST
from workflows.models import Request

#: Cases of one fold, and of one step of building anew.
BATCH, STEP = 1_000, 5_000
#: Folds of one run of the background job: others want their turn.
RUNS = 20
#: Cells tell areas apart down to the depth that has no more areas than this.
MOST_AREAS = 400


def keep_up() -> int:
    """Fold what has been written until now; how many cases. The background job.

    Safe in many processes at once: one folds, the others leave it to that one.
    """
    total = 0
    for _run in range(RUNS):
        done = fold()
        total += done or 0
        if not done:
            break
    return total


def fold() -> int | None:
    """Fold the next changes, ``BATCH`` cases at most; how many. None while somebody else does it."""
    now = timezone.now()
    if not _building() and not _waiting(now):
        return 0
    with transaction.atomic():
        state = _locked(wait=False)
        if state is None:
            return None
        if state.built_to is not None:
            return _build_on(state, now)
        return _fold_changes(now)


def rebuild() -> int:
    """Build all sums anew from the cases; how many cases. Maps read the cases themselves meanwhile."""
    begin_rebuild()
    total = 0
    while True:
        with transaction.atomic():
            state = _locked(wait=True)
            if state is None or state.built_to is None:
                return total
            total += _build_on(state, timezone.now())


@transaction.atomic
def begin_rebuild() -> None:
    """Empty the sums; the background job or :func:`rebuild` fills them step by step."""
    Fold.objects.get_or_create(pk=Fold.ONLY)
    _locked(wait=True)
    with connection.cursor() as cursor:
        for model in (Cell, Tally, Spot, Change):
            # Without a condition and past the ORM: SQLite then drops the pages instead of a million rows.
            cursor.execute(f"DELETE FROM {model._meta.db_table}")  # noqa: S608
    # No case is written while a table without cases is found empty: what is written now is noted.
    built_to = 0 if Request.objects.exists() else None
    Fold.objects.update(version=F("version") + 1, depth=_depth(), built_to=built_to, steps_done=0)


def _depth() -> int:
    """The deepest level of the tree with few enough areas."""
    depth = 1
    while 0 < Area.objects.filter(depth=depth + 1).count() <= MOST_AREAS:
        depth += 1
    return depth


@transaction.atomic
def tidy_up() -> int:
    """Remove cells and tallies whose cases are all gone; how many. A background job."""
    if _locked(wait=False) is None:
        return 0
    return sum(model.objects.filter(n=0).delete()[0] for model in (Cell, Tally))


def follow_tree() -> None:
    """Build anew when the tree has grown so much that cells should tell areas apart at another depth."""
    if Fold.objects.exclude(depth=_depth()).exists():
        begin_rebuild()


def _building() -> bool:
    return Fold.objects.filter(built_to__isnull=False).exists()


def _waiting(now: datetime) -> bool:
    return Change.objects.exists() or Spot.objects.filter(turns__lte=microseconds(now)).exists()


def _locked(*, wait: bool) -> Fold | None:
    skip = not wait and connection.features.has_select_for_update_skip_locked
    return Fold.objects.select_for_update(skip_locked=skip).filter(pk=Fold.ONLY).first()


def _fold_changes(now: datetime) -> int:
    noted = list(Change.objects.order_by("pk").values_list("pk", "request_id")[:BATCH])
    turned = Spot.objects.filter(turns__lte=microseconds(now)).order_by("turns")
    room = BATCH - len(noted)
    cases = {case for _, case in noted} | set(turned.values_list("pk", flat=True)[:room])
    if not cases:
        return 0
    _replace(sorted(cases), now)
    Change.objects.filter(pk__in=[number for number, _ in noted]).delete()
    Fold.objects.update(version=F("version") + 1)
    return len(cases)


def _build_on(state: Fold, now: datetime) -> int:
    """The next cases by id, or the next step of adding up; those written meanwhile are noted as ever."""
    ahead = Request.objects.filter(pk__gt=state.built_to).order_by("pk").values_list("pk", flat=True)[:STEP]
    if cases := list(ahead):
        _write(Request.objects.filter(pk__in=cases), now)
        state.built_to = cases[-1]
    elif state.steps_done < len(_SUMS):
        _run(_SUMS[state.steps_done], "TRUE", +1)
        state.steps_done += 1
    else:
        state.built_to = None
    state.version += 1
    state.save()
    return len(cases)


def _replace(cases: list[int], now: datetime) -> None:
    """Take the cases' spots out of the sums and put in those of now."""
    chosen = f"s.request_id IN ({','.join(map(str, cases))})"
    old = Spot.objects.filter(pk__in=cases)
    if old.exists():
        for statement in _CHANGED:
            _run(statement, chosen, -1)
        old.delete()
    _write(Request.objects.filter(pk__in=cases), now)
    for statement in _CHANGED:
        _run(statement, chosen, +1)


def _write(requests: QuerySet[Request], now: datetime) -> None:
    """The spots of cases that have none. Past the ORM, for whose care there are too many."""
    names, places = ", ".join(Spotted._fields), ", ".join(["%s"] * len(Spotted._fields))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {Spot._meta.db_table} ({names}) VALUES ({places})",  # noqa: S608
            list(spots_of(requests, now)),
        )


def _run(statement: str, chosen: str, sign: int) -> None:
    """Add the chosen spots to sums, or take them out."""
    depth = Fold.objects.values_list("depth", flat=True).get()
    with connection.cursor() as cursor:
        cursor.execute(statement.format(sign=sign, chosen=chosen, length=depth * Area.steplen))


def _values(rows: Iterable[tuple[int, ...]], names: tuple[str, ...]) -> str:
    """A small table written out, the same for every database."""
    return " UNION ALL ".join(
        "SELECT " + ", ".join(f"{value} AS {name}" for value, name in zip(row, names, strict=True))
        for row in rows
    )


def _cells(levels: Iterable[tuple[int, int]]) -> str:
    """Adds spots to the cells of levels, given as (level, whether by category)."""
    rows = [(level, FINEST - level, by_category) for level, by_category in levels]
    return f"""
INSERT INTO {Cell._meta.db_table} AS kept
  (level, category, block, x, y, area, state, light, n, lon, lat, ids)
SELECT g.level, CASE WHEN g.by_category = 1 THEN s.category ELSE {ALL_CATEGORIES} END,
  CAST(s.x >> (g.shift + {BLOCK_BITS}) AS BIGINT) * {1 << BLOCK_ROWS} + (s.y >> (g.shift + {BLOCK_BITS})),
  s.x >> g.shift, s.y >> g.shift, SUBSTR(s.area, 1, {{length}}), s.state, s.light,
  {{sign}} * COUNT(*), {{sign}} * SUM(s.lon), {{sign}} * SUM(s.lat), {{sign}} * SUM(s.request_id)
FROM {Spot._meta.db_table} s CROSS JOIN ({_values(rows, ("level", "shift", "by_category"))}) g
WHERE (s.tile >= 0) = (g.level > {OFF_MAP_LEVEL}) AND {{chosen}}
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
ON CONFLICT (level, category, block, x, y, area, state, light) DO UPDATE SET
  n = kept.n + excluded.n, lon = kept.lon + excluded.lon, lat = kept.lat + excluded.lat,
  ids = kept.ids + excluded.ids
"""  # noqa: S608 - numbers and names of columns only


def _tallies(today: bool) -> str:
    """Adds spots to the tallies of their areas and of all above them. Treebeard's paths have room for 63."""
    column, step = "today" if today else "area", Area.steplen
    depths = _values([(depth,) for depth in range(1, 255 // step + 1)], ("depth",))
    return f"""
INSERT INTO {Tally._meta.db_table} AS kept (today, path, month, n)
SELECT {str(today).upper()}, SUBSTR(s.{column}, 1, d.depth * {step}), s.month, {{sign}} * COUNT(*)
FROM {Spot._meta.db_table} s JOIN ({depths}) d ON d.depth * {step} <= LENGTH(s.{column})
WHERE s.month IS NOT NULL AND {{chosen}}
GROUP BY 2, 3
ON CONFLICT (today, path, month) DO UPDATE SET n = kept.n + excluded.n
"""  # noqa: S608


_ALL_LEVELS = [
    *((level, 0) for level in (OFF_MAP_LEVEL, *LEVELS)),
    *((level, 1) for level in (OFF_MAP_LEVEL, *LEVELS_BY_CATEGORY)),
]
_BOTH_TALLIES = [_tallies(today=False), _tallies(today=True)]
#: For the few cases of a fold all levels at once; for all cases one level after the other.
_CHANGED = [_cells(_ALL_LEVELS), *_BOTH_TALLIES]
_SUMS = [*(_cells([level]) for level in _ALL_LEVELS), *_BOTH_TALLIES]
