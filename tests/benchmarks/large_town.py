"""A generated town of any size with its cases, written in bulk past the actions: for measuring maps.

Ten by ten streets of twenty communities of twenty grids are a city of 40,000 grids. Cases lie thick in some
grids and thin in others, over three years; one in twenty is open. The same numbers always give the same town.
Imported once Django is set up.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import numpy as np
import shapely
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from grid import shapes, stamp
from grid.actions.import_writing import place_children
from grid.models import Area, DutyRole, Responsibility, User
from maps.actions.noting import forget_cases, watch_cases
from maps.actions.summaries import rebuild
from tests.benchmarks.city import ACROSS, DOWN, _cells
from tests.factories import SINCE, MemberFactory, UserFactory, sign_in
from workflows.models import Category, Request

#: Communities of a street, west to east and north to south.
STREET_ACROSS, STREET_DOWN = 4, 5
GRIDS_OF_STREET = ACROSS * DOWN * STREET_ACROSS * STREET_DOWN
#: State → its share; ended ones first.
STATES = {
    "rated": 0.45, "closed": 0.38, "force_closed": 0.02, "rejected": 0.04, "withdrawn": 0.03, "merged": 0.03,
    "handling": 0.025, "checking": 0.008, "dispatching": 0.006, "registered": 0.004, "rework": 0.003,
    "suspended": 0.002, "reported": 0.002,
}  # fmt: skip
ENDED = ("rated", "closed", "force_closed", "rejected", "withdrawn", "merged")
#: Filed by address only.
WITHOUT_POINT = 0.01
CHUNK = 20_000


def build(grids: int, cases: int) -> None:
    """Write the town into an empty database: areas, a supervisor of all and one of a street, cases, sums."""
    for command in ("load_roles", "load_categories"):
        call_command(command, verbosity=0, stdout=StringIO())
    city, streets, cells = _areas(grids)
    for username, area in (("citywide", city), ("ofstreet", streets[len(streets) // 2])):
        _supervisor(username, area)
    sign_in(User.objects.filter(username__in=("citywide", "ofstreet")))
    # As before a migration: nothing is noted of what is counted anew afterwards as a whole.
    forget_cases([build])
    _write_cases(cells, cases)
    watch_cases()
    rebuild()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _supervisor(username: str, area: Area) -> None:
    member = MemberFactory(user=UserFactory(username=username))
    role = DutyRole.objects.get(pk="supervisor")
    Responsibility.objects.create(member=member, area=area, role=role, since=SINCE)


@transaction.atomic
def _areas(grids: int) -> tuple[Area, list[Area], list[Area]]:
    """The city, its streets and its grids, in rows from the north-west."""
    stamp.bump()
    count = max(1, round(grids / GRIDS_OF_STREET))
    across = int(np.ceil(np.sqrt(count)))
    down = -(-count // across)
    cells = _cells(across * STREET_ACROSS * ACROSS, down * STREET_DOWN * DOWN)
    # Street by street, in it community by community, in it grid by grid.
    shape = (down, STREET_DOWN, DOWN, across, STREET_ACROSS, ACROSS)
    blocks = cells.reshape(shape).transpose(0, 3, 1, 4, 2, 5)
    blocks = blocks.reshape(down * across, STREET_DOWN * STREET_ACROSS, DOWN * ACROSS)[:count]
    communities = np.array([[shapely.coverage_union_all(grid) for grid in street] for street in blocks])
    streets = np.array([shapely.coverage_union_all(street) for street in communities])
    city = _level([("", shapely.coverage_union_all(streets))], "99", "模拟市", "district", len(streets))[0]
    of_streets = _level([(city.path, one) for one in streets], "9901", "街道", "street", communities.shape[1])
    of_communities = _level(
        [(area.path, one) for area, row in zip(of_streets, communities, strict=True) for one in row],
        "9902", "社区", "community", blocks.shape[2],
    )  # fmt: skip
    rows = blocks.reshape(-1, blocks.shape[2])
    of_grids = _level(
        [(area.path, one) for area, row in zip(of_communities, rows, strict=True) for one in row],
        "9903", "网格", "grid", 0,
    )  # fmt: skip
    return city, of_streets, of_grids


def _level(
    places: list[tuple[str, shapely.Geometry]], code: str, name: str, level: str, children: int
) -> list[Area]:
    """Areas of one level in bulk, given as (path of the parent, outline), those of one parent together."""
    made = []
    for number, (above, outline) in enumerate(places, start=1):
        area = Area(
            code=f"{code}{number:08}", name=f"第{number}{name}", level_id=level, geometry=outline,
            numchild=children, valid_from=SINCE.date(), **shapes.bounds(outline),
        )  # fmt: skip
        made.append((above, area))
    families: dict[str, list[Area]] = {}
    for above, area in made:
        families.setdefault(above, []).append(area)
    for above, family in families.items():
        place_children(above, family)
    Area.objects.bulk_create([area for _, area in made], batch_size=2_000)
    return list(Area.objects.filter(level=level, code__startswith=code).order_by("code"))


def _write_cases(cells: list[Area], cases: int) -> None:
    now = timezone.now()
    leaves = list(Category.objects.filter(dictionary="resident", numchild=0).order_by("pk").values_list("pk"))
    for first in range(0, cases, CHUNK):
        rows = _cases(cells, [pk for (pk,) in leaves], range(first, min(first + CHUNK, cases)), now)
        _copy(rows)


def _cases(cells: list[Area], leaves: list[int], numbers: range, now: datetime) -> Iterator[dict[str, Any]]:
    chance = np.random.default_rng(numbers.start)
    weights = np.random.default_rng(3).lognormal(0, 1, len(cells))
    size = len(numbers)
    where = chance.choice(len(cells), size, p=weights / weights.sum())
    across, down = chance.uniform(0.2, 0.8, (2, size))
    popular = 1.0 / np.arange(1, len(leaves) + 1)
    what = chance.choice(leaves, size, p=popular / popular.sum())
    states = chance.choice(list(STATES), size, p=np.array([*STATES.values()]) / sum(STATES.values()))
    ages, takes, left = (
        chance.uniform(20, 1_000, size),
        chance.exponential(5, size),
        chance.normal(4, 6, size),
    )
    placed = chance.random(size) >= WITHOUT_POINT
    for n, number in enumerate(numbers):
        area, ended = cells[where[n]], states[n] in ENDED
        filed = now - timedelta(days=ages[n] if ended else min(ages[n] / 40, 20))
        due = filed + timedelta(days=7) if ended else now + timedelta(days=left[n])
        yield {
            "number": f"G{number:09}", "client_key": uuid.UUID(int=number), "text": "路灯不亮，晚上看不清。",
            "lon": area.west + (area.east - area.west) * across[n] if placed[n] else None,
            "lat": area.south + (area.north - area.south) * down[n] if placed[n] else None,
            "area_id": area.pk, "area_path": area.path, "area_today_id": area.pk, "path_today": area.path,
            "placed": "inside" if placed[n] else "chosen",
            "category_id": int(what[n]), "state": str(states[n]),
            "filed_at": filed, "yellow_at": due - timedelta(days=1.4), "due_at": due,
            "closed_at": filed + timedelta(days=takes[n]) if ended else None,
            "urgency": "urgent" if number % 25 == 0 else "normal",
        }  # fmt: skip


@transaction.atomic
def _copy(rows: Iterator[dict[str, Any]]) -> None:
    """Write rows of cases without a model instance for each: what is not given is as a new case has it."""
    fields = [field for field in Request._meta.local_concrete_fields if not field.primary_key]
    names = ", ".join(f'"{field.column}"' for field in fields)
    prepare = {field.attname: field.get_db_prep_save for field in fields}
    empty = {name: save(getattr(Request(), name), connection) for name, save in prepare.items()}
    table = Request._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row([*(empty | row).values()])
            return
        places = ", ".join(["%s"] * len(fields))
        cursor.executemany(
            f"INSERT INTO {table} ({names}) VALUES ({places})",
            [
                [*(empty | {name: prepare[name](value, connection) for name, value in row.items()}).values()]
                for row in rows
            ],
        )
