"""The maps of a city: ``make bench-map`` (``GRIDS=2000 CASES=50000`` for a small one).

Server time of whole answers over Django's test client, signed in, and their size when compressed, for views
from the whole city down to one grid, for a supervisor of the city and one of a street, on SQLite and on
PostgreSQL. The *reference* is the same answer with all of it grouped from the cases by SQL, in turn with
ours in the same run, and must say the same numbers. The town is kept in ``build/large-town`` for the next
run.

Ends with a line per database and, for the slower one, ``map: ratio=… ours=… reference=…``: the slowest answer
at zoom 14, the goal for which is 30 ms and 100 KB.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from tests import services

GRIDS = int(os.environ.get("GRIDS", "40000"))
CASES = int(os.environ.get("CASES", "1000000"))
ROUNDS = int(os.environ.get("LINLI_BENCH_ROUNDS", "5"))
KEPT = Path(os.environ.get("LINLI_BENCH_DIR", services.ROOT / "build" / "large-town"))

_SIDE = "from tests.benchmarks import map_side; map_side.{what}"


def main() -> None:
    worst = []
    for name in ("sqlite", "postgresql"):
        folder = KEPT / f"{name}-{GRIDS}-{CASES}"
        if name == "sqlite":
            worst.append(_measure(name, folder, f"sqlite:///{folder}/town.sqlite3"))
            continue
        # As docs/how-to/run-for-a-city.md has it; else the reference would push our pages out of memory.
        server = services.Postgres(folder=folder / "server", keep=True, shared_buffers="2GB")
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        try:
            server.start()
            worst.append(_measure(name, folder, server.dsn("town"), server))
        finally:
            server.stop()
    print(_said("map", max(worst, key=lambda line: line["ours"])))


def _measure(name: str, folder: Path, url: str, server: services.Postgres | None = None) -> dict[str, Any]:
    environment = services.product_environment(url, folder / "data", LINLI_CONN_MAX_AGE="60")
    if not (folder / "complete").exists():
        _build(name, folder, environment, server)
    lines = services.python(_SIDE.format(what=f"measure({ROUNDS})"), environment)
    rows = [json.loads(line) for line in lines.splitlines()]
    print(f"{name}: {GRIDS} grids, {CASES} cases; milliseconds, and bytes compressed")
    for row in rows:
        against = f"{row['reference']:8.1f}" if "reference" in row else " " * 8
        print(
            f"  {row['who']:9} {row['view']:8} z{row['zoom']:<3}{row['filter']:13}"
            f"{row['ours']:8.1f} {against} {row['bytes']:8} B  {row['features']:5} features"
            f" {row.get('cases', ''):>8}"
        )
    worst = max(
        (row for row in rows if row["zoom"] == 14 and "reference" in row), key=lambda row: row["ours"]
    )
    print(_said(f"map-{name}", worst))
    return worst


def _build(name: str, folder: Path, environment: dict[str, str], server: services.Postgres | None) -> None:
    if server is None:
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "data").mkdir(parents=True)
    else:
        server.create_anew("town")
    services.manage("migrate", "-v0", environment=environment)
    said = services.python(_SIDE.format(what=f"build({GRIDS}, {CASES})"), environment).strip()
    print(f"{name}: {said}", file=sys.stderr)
    (folder / "complete").touch()


def _said(name: str, row: dict[str, Any]) -> str:
    return (
        f"{name}: ratio={row['ours'] / row['reference']:.3f} ours={row['ours']:.1f}ms"
        f" reference={row['reference']:.1f}ms bytes={row['bytes']}"
    )


if __name__ == "__main__":
    main()
