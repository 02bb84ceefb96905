"""The desk's first page among many tasks: ``make bench-inbox``.

The same person's desk, with the same tasks on it, once in a town of 8,000 tasks and once in a city of
800,000 (``TASKS=…``), on PostgreSQL and on SQLite. Whole pages over Django's test client, signed in; the two
take turns. In both, one task in twenty is open, a hundred people work, and the person who looks has thirty
tasks to do, ten in their pool, and has done four hundred. Ends with a line per database:
``inbox-<database>: ratio=… ours=… reference=…``, ours being the city and the reference the town.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests import services

TASKS = int(os.environ.get("TASKS", "800000"))
SMALL = max(4_000, TASKS // 100)
ROUNDS = int(os.environ.get("LINLI_BENCH_ROUNDS", "30"))

_MEASURE = "from tests.benchmarks import inbox_side; inbox_side.{what}"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, services.running_postgres() as server:
        for name in ("postgresql", "sqlite"):
            sides = {}
            for size in (SMALL, TASKS):
                data = Path(folder) / f"{name}{size}"
                data.mkdir()
                url = (
                    server.create(f"inbox{size}") if name == "postgresql" else f"sqlite:///{data}/db.sqlite3"
                )
                environment = services.product_environment(url, data, LINLI_CONN_MAX_AGE="60")
                services.manage("migrate", "-v0", environment=environment)
                began = time.monotonic()
                services.python(_MEASURE.format(what=f"fill({size})"), environment)
                print(f"{name}: {size} tasks written in {time.monotonic() - began:.0f} s", file=sys.stderr)
                sides[size] = environment
            times: dict[int, list[float]] = {size: [] for size in sides}
            for _turn in range(3):
                for size, environment in sides.items():
                    lines = services.python(_MEASURE.format(what=f"measure({ROUNDS // 3})"), environment)
                    times[size] += [float(line) for line in lines.split()]
            small, large = (statistics.median(times[size]) * 1e3 for size in (SMALL, TASKS))
            print(f"inbox-{name}: ratio={large / small:.2f} ours={large:.1f}ms reference={small:.1f}ms")


if __name__ == "__main__":
    main()
