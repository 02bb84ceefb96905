"""Everything that can happen to cases, at random through the actions, and whether the maps' sums bear it."""

from __future__ import annotations

import itertools
import random
from collections import Counter, defaultdict
from typing import Any

from django.utils import timezone
from viewflow.workflow.models import Task

from grid.errors import NotAllowed, Refused
from grid.models import Area
from maps.actions.summaries import keep_up, rebuild, tidy_up
from maps.models import Cell, Change, Spot, Tally
from maps.queries import cases, counts, summaries
from maps.spots import LIGHTS
from maps.viewport import Viewport, raster
from tests.factories import HEIGHT, NORTH, WEST, WIDTH, Town
from tests.workflows.flowing import approval, publish
from tests.workflows.test_borders import move_the_border, strip
from workflows.actions.borders import keep_case, pass_on_case
from workflows.actions.duplicates import merge_case
from workflows.actions.endings import force_close_case, withdraw_request
from workflows.actions.ratings import rate_request, reopen_request
from workflows.actions.requests import file_request
from workflows.actions.tasks import decide_task
from workflows.engine.move import OPEN
from workflows.models import Category, Request

FIELDS = [
    {"code": "area", "name": "网格", "type": "area", "sets": "area"},
    {"code": "category", "name": "类别", "type": "category", "sets": "category"},
]


def prepare() -> None:
    """A short workflow on which a case can be placed anew, filed under another category, handled, checked."""
    publish(
        approval("register", "registrar", fields=FIELDS, state="registered"),
        approval("handle", "grid_member", handler=True, state="handling"),
        approval("check", "checker", state="checking"),
    )


class Writer:
    """Does one thing at a time; the same for the same seed. What is refused changes nothing."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town, self.random = town, random.Random(seed)
        self.categories = list(Category.objects.filter(dictionary="resident").order_by("pk"))
        self.done: Counter[str] = Counter()

    def does(self, what: str) -> None:
        try:
            getattr(self, what)()
        except (Refused, NotAllowed):
            self.done["refused"] += 1
        else:
            self.done[what] += 1

    def any_case(self, **having: Any) -> Request:
        found = list(Request.objects.filter(**having).order_by("pk"))
        if not found:
            raise Refused("there is none")
        return self.random.choice(found)

    def files(self) -> None:
        by_point = self.random.random() < 0.8
        place = {
            "lon": WEST + self.random.uniform(0, 4) * WIDTH,
            "lat": NORTH - self.random.uniform(0, 2) * HEIGHT,
        }
        area = {"area": self.random.choice(self.town.grids)}
        file_request(
            reporter=self.random.choice([self.town.resident, self.town.neighbour, self.town.stranger]),
            text="路灯不亮",
            category=self.random.choice([None, *self.categories]),
            urgency=self.random.choice(["normal", "urgent"]),
            definition="trial",
            **(place if by_point else area),
        )

    def decides(self) -> None:
        tasks = Task.objects.filter(status__in=OPEN, flow_task_type="HUMAN").order_by("pk")
        if not tasks:
            raise Refused("nothing is open")
        task = self.random.choice(list(tasks))
        people = [task.owner_id] if task.owner_id else sorted(task.data.get("told", ()))
        if not people:
            raise Refused("nobody has it")
        whose = self.random.choice(people)
        actor = next(user for user in self.town.people.values() if user.pk == whose)
        data = {}
        if task.flow_task.block.fields:
            grid, what = self.random.choice(self.town.grids), self.random.choice(self.categories)
            data = self.random.choice([{}, {"area": grid.code}, {"area": grid.code, "category": what.code}])
        decide_task(task_id=task.pk, actor=actor, outcome="done", opinion="已办", data=data)

    def withdraws(self) -> None:
        case = self.any_case(state="registered")
        withdraw_request(request_id=case.pk, actor=case.reporter)

    def closes(self) -> None:
        case = self.any_case(closed_at=None)
        force_close_case(request_id=case.pk, actor=self.town.shift_leader, reason="重复")

    def reopens(self) -> None:
        case = self.any_case(closed_at__isnull=False)
        reopen_request(request_id=case.pk, actor=case.reporter, reason="又坏了")

    def rates(self) -> None:
        case = self.any_case(state="closed")
        rate_request(request_id=case.pk, actor=case.reporter, in_time=True, solved=True, satisfied=False)

    def merges(self) -> None:
        case, main = self.any_case(closed_at=None), self.any_case(closed_at=None)
        merge_case(request_id=case.pk, into_id=main.pk, actor=self.town.supervisor)

    def moves_a_border(self) -> None:
        self.town.grids = list(Area.objects.filter(level="grid").order_by("code"))
        if self.town.grids[0].geometry.area > strip(0, 0.9).area:
            move_the_border(self.town)
        else:
            raise Refused("it has been moved")

    def decides_about_a_moved_case(self) -> None:
        case = self.any_case(border_review=True)
        self.random.choice([keep_case, pass_on_case])(request_id=case.pk, actor=self.town.supervisor)

    def folds(self) -> None:
        keep_up()


OPERATIONS = [
    "files", "decides", "withdraws", "closes", "reopens", "rates", "merges", "moves_a_border",
    "decides_about_a_moved_case", "folds",
]  # fmt: skip

VIEWS = [
    Viewport(112.54, 37.86, 112.58, 37.88, 10.0),
    Viewport(112.54, 37.86, 112.58, 37.88, 13.0),
    Viewport(WEST, NORTH - 2 * HEIGHT, WEST + 1.5 * WIDTH, NORTH, 16.0),
    Viewport(WEST, NORTH - HEIGHT, WEST + WIDTH, NORTH, 18.0),
]
EVERY_STATE = frozenset({*cases.OPEN_STATES, *cases.ENDED_STATES})


def filters(town: Town) -> list[cases.Filters]:
    some = Category.objects.filter(dictionary="resident").order_by("pk").values_list("pk", flat=True)[::3]
    return [
        cases.Filters(),
        cases.Filters(states=EVERY_STATE),
        cases.Filters(states=EVERY_STATE, categories=frozenset(some)),
        cases.Filters(lights=frozenset({"red", "none"})),
        cases.Filters(states=frozenset({"closed", "handling"}), path=town.communities[0].path),
    ]


def assert_right(town: Town, seed: int | None = None) -> None:
    """What the maps are told is what counting the cases says: for every view, right and filter, or a few."""
    roots = [[""], [town.street.path], [town.communities[1].path], [town.grids[0].path, town.grids[4].path]]
    now = timezone.now()
    assert summaries.look(now) is not None, "the sums are not used at all"
    questions = list(itertools.product(VIEWS, roots, filters(town)))
    for view, root, chosen in questions if seed is None else random.Random(seed).sample(questions, 8):
        _same_picture(root, chosen, view, now)
    areas = list(Area.objects.values_list("path", flat=True))
    for today in (False, True):
        ours = counts.by_path(areas, today=today)
        told = {path: tally for path, tally in ours.items() if any(tally)}
        assert told == counts.recounted(areas, today=today)


def _same_picture(roots: list[str], chosen: cases.Filters, view: Viewport, now: Any) -> None:
    ours, theirs = cases.picture(roots, chosen, view, now), cases.recounted(roots, chosen, view, now)
    assert ours.counts == theirs.counts
    assert ours.rows == theirs.rows
    assert ours.off_map == theirs.off_map
    assert ours.next_turn == theirs.next_turn
    assert cases.one_by_one(ours.counts.total, view) is not bool(ours.clusters)
    if ours.clusters or cases.one_by_one(ours.counts.total, view):
        shown = sum(cluster["count"] for cluster in ours.clusters) + len(ours.points)
        assert shown == ours.counts.total


def assert_cells_are_right() -> None:
    """Every cell of every level, counted by hand from the cases; nothing else is in the table."""
    assert not Change.objects.exists()
    wanted: dict[tuple[Any, ...], int] = defaultdict(int)
    light_of = dict(Spot.objects.values_list("pk", "light"))
    off_map = (summaries.OFF_MAP_LEVEL,)
    for case in Request.objects.all():
        for level in summaries.LEVELS if case.lon is not None else off_map:
            at = raster(case.lon, case.lat, level) if case.lon is not None else (0, 0)
            wanted[level, 0, *at, case.state, light_of[case.pk]] += 1
            if level in (*off_map, *summaries.LEVELS_BY_CATEGORY):
                wanted[level, case.category_id or -1, *at, case.state, light_of[case.pk]] += 1
    found: dict[tuple[Any, ...], int] = defaultdict(int)
    for *key, n in Cell.objects.values_list("level", "category", "x", "y", "state", "light", "n"):
        found[tuple(key)] += n
    assert {key: n for key, n in found.items() if n} == dict(wanted)
    assert set(light_of.values()) <= set(LIGHTS)


def tables() -> list[set[tuple[Any, ...]]]:
    """All sums, without the numbers of their rows."""
    tidy_up()
    return [
        {row[1:] for row in Cell.objects.values_list()},
        {row[1:] for row in Tally.objects.values_list()},
        set(Spot.objects.values_list()),
    ]


def assert_rebuilding_changes_nothing() -> None:
    before = tables()
    rebuild()
    assert tables() == before
