# ruff: noqa: E501 - rows for COPY
"""A month's figures of a generated city: every grid, every indicator, as known now and as known a month ago.

The reference reads and groups the same rows of the same month in one plain statement: the number of cases due
in each grid. Both on one PostgreSQL server, alternating.

    CASES=1000000 GRIDS=40000 python -m tests.benchmarks.bench_figures
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests import services

CASES = int(os.environ.get("CASES", "1000000"))
GRIDS = int(os.environ.get("GRIDS", "40000"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
#: The cases of the city are of so many days; the month asked about is the last but one of them.
DAYS = 90
STREETS = 40
START = datetime(2026, 8, 1, tzinfo=UTC)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="linli-bench-") as folder, services.running_postgres() as server:
        environment = services.product_environment(server.create("figures"), Path(folder))
        os.environ.update(environment)
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        _fill()
        _measure()


def _fill() -> None:
    """Areas by bulk; cases and two versions of the facts of each (open, then handled and closed) by COPY."""
    from django.db import connection

    from grid.models import Area, Level, User

    print(f"writing {GRIDS} grids and {CASES} cases", file=sys.stderr)
    street = Level.objects.create(code="street", name="街道", order=1)
    grid = Level.objects.create(code="grid", name="网格", order=2, is_grid=True)
    User.objects.create_superuser("bench", password="bench")
    each = -(-GRIDS // STREETS)
    Area.objects.bulk_create(_areas(street, grid, each), batch_size=2_000)
    paths = list(Area.objects.filter(level=grid).values_list("path", flat=True))
    chance = random.Random(7)
    far = "9000-01-01+00"
    with connection.cursor() as cursor:
        with cursor.copy(
            "COPY workflows_request (id, number, client_key, anonymous, contact_name, contact_phone, text, source,"
            " urgency, visibility, source_datum, address, area_path, placed, path_today, border_review, state,"
            " filed_at, reopened_count, clock, extensions, calendar_revision, light_told, days_late_told,"
            " lateness_excused, external_system, external_id) FROM STDIN"
        ) as copy:
            for number in range(1, CASES + 1):
                filed = START + timedelta(seconds=number * DAYS * 86_400 / CASES)
                copy.write_row(
                    (number, f"B{number}", f"00000000-0000-4000-8000-{number:012x}", False, "", "", "x", "portal",
                     "normal", "private", "wgs84", "", paths[number % len(paths)], "inside", "", False, "closed",
                     filed, 0, "work_days", 0, 0, "", 0, False, "", "")
                )  # fmt: skip
        with cursor.copy(
            "COPY indicators_casefacts (request_id, known_from, known_until, area_path, state, filed_at,"
            " registered_at, registered_in_time, dispatched_at, dispatched_right, due_at, handled_at, closed_at,"
            " extended, reworked, excused, rated_at, responded, solved, satisfied, confirmed, excluded) FROM STDIN"
        ) as copy:
            for number in range(1, CASES + 1):
                filed = START + timedelta(seconds=number * DAYS * 86_400 / CASES)
                due, done = filed + timedelta(days=2), filed + timedelta(days=chance.expovariate(1 / 1.2))
                path, rated = paths[number % len(paths)], chance.random() < 0.5
                copy.write_row(
                    (number, filed, done, path, "handling", filed, filed, True, filed, True, due, None, None,
                     False, False, False, None, False, False, False, False, False)
                )  # fmt: skip
                copy.write_row(
                    (number, done, far, path, "rated" if rated else "closed", filed, filed, True, filed,
                     chance.random() < 0.97, due, done, done, chance.random() < 0.05, chance.random() < 0.03,
                     False, done if rated else None, rated and chance.random() < 0.9,
                     rated and chance.random() < 0.9, rated and chance.random() < 0.8, rated, False)
                )  # fmt: skip
        cursor.execute("ANALYZE")


def _areas(street: object, grid: object, each: int) -> list:
    from grid.models import Area

    found = []
    for number in range(1, STREETS + 1):
        path = Area._get_path("", 1, number)
        found.append(
            Area(path=path, depth=1, numchild=each, code=f"{number:04}", name=f"第{number}街道", level=street)
        )
        found += [
            Area(
                path=Area._get_path(path, 2, at),
                depth=2,
                code=f"{number:04}{at:05}",
                name=f"第{at}网格",
                level=grid,
            )
            for at in range(1, each + 1)
        ]
    return found


def _measure() -> None:
    from django.db.models import Count

    from grid.models import Area, User
    from maps.indicators import by_area
    from maps.indicators.models import CaseFacts
    from maps.indicators.periods import Period

    user = User.objects.get(username="bench")
    period = Period.parse("2026-09")
    grids = list(Area.objects.filter(level="grid"))
    now, then = START + timedelta(days=DAYS + 30), period.end

    def ours(as_of: datetime) -> Callable[[], object]:
        return lambda: by_area(user, period=period, areas=grids, as_of=as_of)

    def reference() -> object:
        rows = CaseFacts.objects.filter(
            due_at__gte=period.start, due_at__lt=period.end, known_from__lte=now, known_until__gt=now
        )
        return dict(rows.order_by().values_list("area_path").annotate(n=Count("pk")))

    sides = {"now": ours(now), "as of the month's end": ours(then), "reference": reference}
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _round in range(ROUNDS + 1):
        for name, run in sides.items():
            begun = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - begun)
    middle = {name: statistics.median(taken[1:]) for name, taken in times.items()}
    for name, seconds in middle.items():
        print(f"{name}: {seconds:.2f} s")
    print(f"{len(grids)} grids, {CASES} cases, {CaseFacts.objects.count()} versions", file=sys.stderr)
    ratio = middle["now"] / middle["reference"]
    print(f"figures: ratio={ratio:.2f} ours={middle['now']:.2f}s reference={middle['reference']:.2f}s")


if __name__ == "__main__":
    main()
