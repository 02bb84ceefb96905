"""``make bench-locate``: a point's grid and the member on duty there, against a bare search of the same tree.

40,000 grids that share their borders lie in a database; ours goes the product's whole way (is the picture of
the areas still good? which grid? who is on duty now, there or above?). The reference is one
``STRtree.query`` with the predicate that decides which grid it is, over the same outlines. Both get the same
points as plain numbers, in turns, in one process; medians of processor time are compared.

Besides, each in a process of its own: how long the picture takes to be made and to follow a moved border,
and the memory it holds, for 1,000 and 40,000 grids, and with ``--million`` for a million (``make bench-locate
MILLION=1``). Those are measured on this machine and compared with nothing.
"""

import argparse
import gc
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import django
import numpy as np
import shapely

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
FOLDER = tempfile.TemporaryDirectory(prefix="linli-bench-")  # goes away with the process
os.environ["LINLI_DATA_DIR"] = FOLDER.name
os.environ["DATABASE_URL"] = f"sqlite:///{FOLDER.name}/bench.sqlite3"

django.setup()

from django.core.management import call_command  # noqa: E402 - models need the settings above
from django.db import transaction  # noqa: E402

from grid import duty, locator, shapes, snapshot, stamp  # noqa: E402
from grid.actions import history  # noqa: E402
from grid.actions.areas import create_area, update_area  # noqa: E402
from grid.actions.setup import load_levels_and_roles  # noqa: E402
from grid.locate import GridCell, Locator  # noqa: E402
from grid.models import Area, AreaEdit, Member, Responsibility, User  # noqa: E402

SIDE = 200  # grids along one side: 40,000 in all
PER_COMMUNITY = 400
PARTS = 8  # corners along one border: 32 around a grid
STEP = 0.002  # degrees: grids of about 200 metres
WEST, SOUTH = 116.0, 20.0
ROUNDS, POINTS = 61, 1000
SMALL, LARGE, MILLION = 1_000, 40_000, 1_000_000
#: More than this goes straight into the index: a database of a million grids takes long to fill.
IN_DATABASE = 100_000
GOAL = 2.0


def partition(columns: int, rows: int, seed: int = 1) -> np.ndarray:
    """Crooked quadrangles, column by column; neighbours share every corner of their common border."""
    rng = np.random.default_rng(seed)
    wide, high = columns * PARTS + 1, rows * PARTS + 1
    x, y = np.meshgrid(np.arange(wide), np.arange(high), indexing="ij")
    # Every corner is moved by less than a third of the distance to the next: nothing can cross.
    x = WEST + (x + rng.uniform(-0.3, 0.3, x.shape)) * STEP / PARTS
    y = SOUTH + (y + rng.uniform(-0.3, 0.3, y.shape)) * STEP / PARTS
    along, far = range(PARTS), PARTS
    ring = [(k, 0) for k in along] + [(far, k) for k in along]
    ring += [(far - k, far) for k in along] + [(0, far - k) for k in along] + [(0, 0)]
    lefts, lows = np.arange(0, wide - 1, PARTS), np.arange(0, high - 1, PARTS)
    corners = np.empty((columns, rows, len(ring), 2))
    for number, (right, up) in enumerate(ring):
        corners[:, :, number, 0] = x[np.ix_(lefts + right, lows + up)]
        corners[:, :, number, 1] = y[np.ix_(lefts + right, lows + up)]
    return shapely.polygons(corners.reshape(columns * rows, len(ring), 2))


def cells_of(count: int) -> np.ndarray:
    columns = max(int(count**0.5), 1)
    return partition(columns, -(-count // columns))[:count]


@transaction.atomic
def write(cells: np.ndarray) -> None:
    """The city: streets of grids; nine grids in ten have a member of their own, the others their street's."""
    stamp.bump()
    load_levels_and_roles()
    members = [Member(user=user) for user in _users(min(2000, len(cells)))]
    Member.objects.bulk_create(members)
    city = create_area(code="C", name="C", level="district")
    edit = history.begin_edit(kind=AreaEdit.Kind.IMPORT, actor=None)
    posts = []
    for start in range(0, len(cells), PER_COMMUNITY):
        street = create_area(code=f"S{start:06}", name="S", level="street", parent=city)
        grids = [
            Area(
                code=f"G{start + i:06}", name="G", level_id="grid", geometry=cell, depth=street.depth + 1,
                path=Area._get_path(street.path, street.depth + 1, i + 1), **shapes.bounds(cell),
            )
            for i, cell in enumerate(cells[start : start + PER_COMMUNITY])
        ]  # fmt: skip
        Area.objects.bulk_create(grids)
        history.record(edit=edit, areas=grids)
        posts += [_post(members, grid) for i, grid in enumerate(grids) if i % 10] + [_post(members, street)]
    Responsibility.objects.bulk_create(posts)


def _users(count: int) -> list[User]:
    User.objects.bulk_create([User(username=f"u{n}", password="!") for n in range(count)])
    return list(User.objects.all())


def _post(members: list[Member], area: Area) -> Responsibility:
    return Responsibility(member=members[area.pk % len(members)], area=area, role_id="grid_member")


# -- the ratio ---------------------------------------------------------------------------------------------
def seconds_a_point(find: Callable[[float, float], object], points: list[tuple[float, float]]) -> float:
    began = time.process_time()
    for lon, lat in points:
        find(lon, lat)
    return (time.process_time() - began) / len(points)


def compare() -> None:
    call_command("migrate", verbosity=0)
    cells = partition(SIDE, SIDE)
    write(cells)
    locator.current()
    tree = shapely.STRtree(cells)

    def ours(lon: float, lat: float) -> object:
        return duty.on_duty_at(lon, lat, "grid_member")

    def reference(lon: float, lat: float) -> object:
        return tree.query(shapely.Point(lon, lat), "intersects")

    rng = random.Random(1)
    span = SIDE * STEP
    times: dict[str, list[float]] = {"ours": [], "reference": []}
    gc.disable()
    for number in range(ROUNDS):
        points = [
            (WEST + span * rng.uniform(0.01, 0.99), SOUTH + span * rng.uniform(0.01, 0.99))
            for _ in range(POINTS)
        ]
        if number == 0:
            _check(points, tree)
        pair = [("ours", ours), ("reference", reference)]
        for name, find in pair if number % 2 else reversed(pair):
            times[name].append(seconds_a_point(find, points))
    gc.enable()
    mine, theirs = (1e6 * statistics.median(times[name]) for name in ("ours", "reference"))
    ratios = [a / b for a, b in zip(times["ours"], times["reference"], strict=True)]
    low, high = statistics.quantiles(ratios, n=10)[0], statistics.quantiles(ratios, n=10)[-1]
    print(f"{len(cells)} grids, {ROUNDS} rounds of {POINTS} points; ratio of single rounds,"
          f" 10th to 90th percentile: {low:.2f} to {high:.2f}; goal: at most {GOAL}")  # fmt: skip
    print(f"locate: ratio={mine / theirs:.2f} ours={mine:.2f}us reference={theirs:.2f}us")


def _check(points: list[tuple[float, float]], tree: shapely.STRtree) -> None:
    """Fast and wrong is no result: every point must find the grid the tree finds, and somebody on duty."""
    for lon, lat in points:
        located, people = duty.on_duty_at(lon, lat, "grid_member")
        hits = tree.query(shapely.Point(lon, lat), "intersects")
        assert located.code == f"G{min(hits):06}", (lon, lat)
        assert people, located


# -- time and memory of one process ------------------------------------------------------------------------
def measure(count: int) -> None:
    """In a process of its own: what ``count`` grids cost it."""
    print(_from_database(count) if count <= IN_DATABASE else _from_arrays(count), flush=True)


def _from_database(count: int) -> str:
    """The product's whole picture, grids and duties, read from SQLite; then one border moves."""
    call_command("migrate", verbosity=0)
    filling = os.fork()
    if not filling:  # what filling the database takes is not what a process needs that reads it
        write(cells_of(count))
        os._exit(0)
    if os.waitpid(filling, 0)[1]:
        raise SystemExit("the database could not be filled")
    before = _memory()
    made, known = _timed(locator.current)
    memory = _memory() - before
    grid = Area.objects.get(code="G000000")
    update_area(area=grid, changes={"geometry": shapely.box(*grid.geometry.bounds)})
    followed, _ = _timed(lambda: snapshot.follow(known, stamp.now()))
    return _line(count, made, followed, memory, "grids and duties, from the database")


def _from_arrays(count: int) -> str:
    """The index alone, of outlines that are made as they are read; then one of them changes."""
    gc.disable()  # as after gc.freeze(): walking a million objects again and again measures the collector
    before = _memory()
    outlines = cells_of(count)
    made, index = _timed(
        lambda: Locator(
            [
                GridCell(number, f"G{number:07}", f"00010001{number:08}", cell)
                for number, cell in enumerate(outlines)
            ],
            snap_metres=50,
        )
    )
    gc.collect()
    memory = _memory() - before
    changed = GridCell(0, "G0000000", "0001000100000000", shapely.box(WEST, SOUTH, WEST + STEP, SOUTH + STEP))
    followed, _ = _timed(lambda: index.changed({0}, [changed]))
    return _line(count, made, followed, memory, "grids alone, from memory")


def _timed(act: Callable[[], Any]) -> tuple[tuple[float, float], Any]:
    """Seconds on the clock and of the processor, and what came of it."""
    clock, processor = time.perf_counter(), time.process_time()
    found = act()
    return (time.perf_counter() - clock, time.process_time() - processor), found


def _line(
    count: int, made: tuple[float, float], followed: tuple[float, float], memory: float, what: str
) -> str:
    return (
        f"{count:>9,} grids: made in {made[0]:.2f} s ({made[1]:.2f} s of the processor), follows an edit in"
        f" {followed[0]:.3f} s ({followed[1]:.3f} s), {memory:.0f} MiB ({what})"
    )


def _memory() -> float:
    """What this process holds in memory now, in MiB."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--million", action="store_true", help="measure a million grids as well")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.measure:
        return measure(wanted.measure)
    for count in (SMALL, LARGE, *([MILLION] if wanted.million else [])):
        command = [sys.executable, "-m", "tests.benchmarks.bench_locate", "--measure", str(count)]
        subprocess.run(command, check=True)
    compare()
    return None


if __name__ == "__main__":
    main()
