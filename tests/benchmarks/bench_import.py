"""Time and memory of importing a city: 40,000 grids of about thirty corners, with all checks.

    make bench-import            # or GRIDS=2000 for a quick look

Writes a generated city as GeoJSON and as GeoPackage and imports each into an SQLite database of its own
through the wizard's actions: upload, look, check, apply; then undoes it. Each runs in a process of its own,
whose peak memory is told together with that of the process that reads the file. Progress is followed as the
page does it. The goal is for the clock of a machine with nothing else to do: a busy one shows it by a clock
that runs ahead of the processor's time.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

GRIDS = int(os.environ.get("GRIDS", "40000"))
#: The goal of the design: seconds and MiB for 40,000 grids.
SECONDS, MEBIBYTES = 60, 1024


def main() -> None:
    from tests.benchmarks import city

    with tempfile.TemporaryDirectory(prefix="linli-bench-import-") as name:
        folder = Path(name)
        for suffix in (".geojson", ".gpkg"):
            file = city.write(folder / f"city{suffix}", GRIDS)
            data = folder / suffix[1:]
            data.mkdir()
            environment = {
                **os.environ,
                "LINLI_DATA_DIR": str(data),
                "DJANGO_SETTINGS_MODULE": "config.settings",
            }
            environment["LINLI_LOG_LEVEL"] = "WARNING"
            run = [sys.executable, "manage.py", "migrate", "-v", "0"]
            subprocess.run(run, env=environment, check=True)
            subprocess.run(
                [sys.executable, "manage.py", "load_roles", "-v", "0"], env=environment, check=True
            )
            subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.bench_import", str(file)],
                env=environment,
                check=True,
            )


def one(file: Path) -> None:
    """Import one file and print what it took."""
    import django

    django.setup()
    from django.core.files import File

    from grid.actions import imports
    from grid.importing import files
    from grid.models import Area, ImportJob, User

    boss = User.objects.create_superuser("boss", "boss@example.org", "x")
    seen: list[tuple[int, str]] = []
    over = threading.Event()

    def follow() -> None:
        while not over.wait(0.05):
            for folder in files.root().iterdir():
                said = files.read_progress(folder)
                if said and (said["progress"], said["words"]) != (seen[-1] if seen else None):
                    seen.append((said["progress"], said["words"]))

    threading.Thread(target=follow, daemon=True).start()
    begin = last = time.perf_counter()
    took = {}

    def lap(name: str) -> None:
        nonlocal last
        now = time.perf_counter()
        took[name], last = now - last, now

    with file.open("rb") as stream:
        job = imports.start_import(file=File(stream, name=file.name), actor=boss)
    lap("look")
    imports.check_job(job=job, actor=boss, wishes={"crs": "EPSG:4326"})
    imports.run_waiting()
    job.refresh_from_db()
    lap("check")
    assert job.stage == ImportJob.Stage.CHECKED, job.message
    imports.apply_job(job=job, actor=boss)
    imports.run_waiting()
    job.refresh_from_db()
    lap("apply")
    assert job.stage == ImportJob.Stage.APPLIED, job.message
    whole = time.perf_counter() - begin
    cpu = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    own, child = (
        resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    count = Area.objects.filter(level="grid").count()
    last = time.perf_counter()
    imports.undo_import(edit=job.edit, actor=boss)
    lap("undo")
    over.set()
    laps = " ".join(f"{name}={seconds:.1f}s" for name, seconds in took.items())
    size = file.stat().st_size / 1024**2
    print(f"{file.name}: {size:.0f} MiB, {count} grids, {laps}, {len(seen)} states of progress seen")
    verdict = "met" if whole <= SECONDS and own + child <= MEBIBYTES else "MISSED"
    print(
        f"import {file.suffix[1:]}: {whole:.1f} s, {cpu:.1f} s of processor (goal {SECONDS}),"
        f" {own:.0f} MiB + {child:.0f} MiB reading (goal {MEBIBYTES} together): {verdict}"
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        one(Path(sys.argv[1]))
    else:
        main()
