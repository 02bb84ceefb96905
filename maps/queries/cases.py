"""Cases in a viewport: counted, clustered or one by one, and in order of urgency.

What a map shows comes from the sums of :mod:`maps.queries.summaries`. This module also counts the cases
themselves, for when those are not there. Cases are then grouped by the cells of a raster: ``CAST`` to an
integer cuts on SQLite and rounds on PostgreSQL; either way every case falls into exactly one cell, and all
cells are of one size, which is all that clusters need.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import (
    Avg,
    BooleanField,
    Case,
    Count,
    F,
    FloatField,
    IntegerField,
    Min,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Cast

from maps.queries import summaries
from maps.queries.briefs import briefs, by_id
from maps.spots import LIGHTS, OPEN_STATES
from maps.viewport import CLUSTER_PIXELS, Viewport
from workflows.models import Category, Request, Urgency
from workflows.models.request import ENDED_STATES
from workflows.policies import within

#: Up to here every case is drawn by itself; above, cases of one cell become a cluster.
SINGLE_CASES = 400
#: On a small screen sooner: when there are more than these, and fewer square pixels for each than that.
FEW_CASES, ROOM = 12, 2_000.0
#: From this zoom on every case is drawn by itself: at 19 a hundred metres fill half the screen.
SINGLE_ZOOM = 18.0
#: No answer holds more features than this.
MOST_FEATURES = 2_000
#: Rows of the side list, and of its part for cases without a place.
LIST_ROWS, OFF_MAP_ROWS = 60, 20

#: Cases with their light, as :func:`choose` annotates it.
Lit = QuerySet[Any]


@dataclass(frozen=True)
class Filters:
    """What the supervisor chose to see; empty means all. ``paths`` are materialised paths of areas."""

    categories: frozenset[int] = frozenset()
    states: frozenset[str] = frozenset()
    lights: frozenset[str] = frozenset()
    path: str = ""
    # Whether ``path`` is read by the borders of today, not by the grid that has the case.
    today: bool = False


def light_of(now: datetime) -> Case:
    """SQL for the traffic light, by the rules of ``workflows.clocks.light``."""
    ended_late = Q(closed_at__isnull=False, closed_at__gt=F("due_at"))
    ended = Q(closed_at__isnull=False)
    return Case(
        When(due_at__isnull=True, then=Value("none")),
        When(ended_late, then=Value("red")),
        When(ended, then=Value("green")),
        When(due_at__lt=now, then=Value("red")),
        When(yellow_at__lte=now, then=Value("yellow")),
        default=Value("green"),
    )


def choose(requests: QuerySet[Request], filters: Filters, now: datetime) -> Lit:
    """Apply the filters but for the light, which :func:`lit` does: the buttons show how many each would give.

    Without a choice of states only open cases are shown.
    """
    found = requests.filter(state__in=filters.states or OPEN_STATES)
    if filters.categories:
        found = found.filter(category_id__in=filters.categories)
    if filters.path:
        column = "path_today" if filters.today else "area_path"
        found = found.filter(**{f"{column}__startswith": filters.path})
    return found.annotate(light=light_of(now))


def lit(requests: Lit, filters: Filters) -> Lit:
    """Cases of the lights chosen, of a queryset made by :func:`choose`."""
    return requests.filter(light__in=filters.lights) if filters.lights else requests


def inside(requests: QuerySet[Request], view: Viewport) -> QuerySet[Request]:
    """Cases with a place in the viewport, its borders included."""
    return requests.filter(lon__gte=view.west, lon__lte=view.east, lat__gte=view.south, lat__lte=view.north)


@dataclass(frozen=True)
class Counts:
    """``total`` and ``states`` count what is shown; ``lights`` what each light would show if chosen."""

    total: int
    lights: dict[str, int]
    states: dict[str, int]


def count(requests: Lit, filters: Filters, now: datetime) -> tuple[Counts, datetime | None]:
    """Counts of a queryset made by :func:`choose`, and when the next light among them turns by itself.

    One query. The instant is None when no light will turn any more.
    """
    lights: Counter[str] = Counter()
    states: Counter[str] = Counter()
    turns: list[datetime] = []
    to_turn = Q(closed_at=None)
    groups = (
        requests.order_by()
        .values_list("light", "state")
        .annotate(
            n=Count("pk"),
            yellow=Min("yellow_at", filter=to_turn & Q(yellow_at__gt=now)),
            red=Min("due_at", filter=to_turn & Q(due_at__gt=now)),
        )
    )
    for light, state, number, yellow, red in groups:
        lights[light] += number
        turns += [turn for turn in (yellow, red) if turn]
        if not filters.lights or light in filters.lights:
            states[state] += number
    counts = Counts(states.total(), {light: lights[light] for light in LIGHTS}, dict(states))
    return counts, min(turns, default=None)


def clusters(
    requests: Lit, view: Viewport, pixels: float = CLUSTER_PIXELS
) -> tuple[list[dict[str, Any]], list[int]]:
    """Cells with two cases or more as clusters, and the ids of cases that are alone in theirs. One query.

    A cluster: ``lon``/``lat`` (mean, degrees), ``count``, and how many of each light.
    """
    width, height = view.cell(pixels)
    by_light = {f"of_{light}": Count("pk", filter=Q(light=light)) for light in LIGHTS}
    cells = (
        requests.order_by()
        .annotate(column=_cell(F("lon") + 180.0, width), row=_cell(F("lat") + 90.0, height))
        .values("column", "row")
        .annotate(count=Count("pk"), x=Avg("lon"), y=Avg("lat"), one=Min("pk"), **by_light)
        .order_by("-count", "column", "row")[:MOST_FEATURES]
    )
    several, alone = [], []
    for cell in cells:
        if cell["count"] == 1:
            alone.append(cell["one"])
        else:
            several.append(
                {
                    "lon": round(cell["x"], 6),
                    "lat": round(cell["y"], 6),
                    "count": cell["count"],
                    "lights": [cell[f"of_{light}"] for light in LIGHTS],
                }
            )
    return several, alone


def _cell(degrees: Any, size: float) -> Cast:
    return Cast(degrees / Value(size, output_field=FloatField()), IntegerField())


def urgent_first(requests: Lit) -> Lit:
    """Open before ended; red, yellow, the others; within a light urgent ones, then the earliest deadline."""
    rank = Case(
        *(When(light=light, then=Value(number)) for number, light in enumerate(LIGHTS)),
        default=Value(len(LIGHTS)),
        output_field=IntegerField(),
    )
    urgent = Case(When(urgency=Urgency.URGENT, then=Value(0)), default=Value(1), output_field=IntegerField())
    ended = Case(
        When(state__in=ENDED_STATES, then=Value(True)), default=Value(False), output_field=BooleanField()
    )
    return requests.annotate(rank=rank, urgent=urgent, ended=ended).order_by(
        "ended", "rank", "urgent", F("due_at").asc(nulls_last=True), "pk"
    )


@dataclass(frozen=True)
class Picture:
    """Everything a live map needs to draw one viewport."""

    counts: Counts
    clusters: list[dict[str, Any]]
    points: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    next_turn: datetime | None
    off_map: OffMap


@dataclass(frozen=True)
class OffMap:
    """Cases that no map can show: filed by address, or not placed yet. ``rows`` are the most urgent ones."""

    total: int
    rows: list[dict[str, Any]]


def picture(
    roots: Sequence[str],
    filters: Filters,
    view: Viewport,
    now: datetime,
    pixels: float = CLUSTER_PIXELS,
) -> Picture:
    """The cases of one viewport in the subtrees ``roots``, grown to whole cells of about ``pixels`` pixels.

    From the sums, in at most thirteen queries however many cases there are; from the cases themselves where
    the sums are not up to it (:mod:`maps.queries.summaries`) or cases are sought by the borders of today.
    """
    if not filters.today:
        for _attempt in range(3):
            if (waiting := summaries.look(now)) is None:
                break
            seen = _summed(roots, filters, view, now, pixels, waiting)
            if summaries.is_still(waiting):
                return seen
    return recounted(roots, filters, view, now, pixels)


def _summed(
    roots: Sequence[str],
    filters: Filters,
    view: Viewport,
    now: datetime,
    pixels: float,
    waiting: summaries.Waiting,
) -> Picture:
    ask = summaries.Ask(
        roots=_narrowed(roots, filters.path),
        cells=view.cells(pixels),
        states=frozenset(filters.states or OPEN_STATES),
        categories=filters.categories,
        lights=filters.lights,
    )
    found = summaries.sums(ask, waiting)
    counts, groups, alone = drawn(found, ask)
    singly = one_by_one(counts.total, view)
    ids = summaries.most_urgent(ask, waiting, MOST_FEATURES if singly else LIST_ROWS, found)
    off_ask = replace(ask, cells=None)
    off_total = summaries.off_map(ask, waiting).total()
    off_ids = summaries.most_urgent(off_ask, waiting, OFF_MAP_ROWS) if off_total else []
    known = by_id([*ids, *off_ids, *(() if singly else alone)], roots)
    rows = [known[case] for case in ids if case in known]
    return Picture(
        counts=counts,
        clusters=[] if singly else groups,
        points=rows if singly else [known[case] for case in alone if case in known],
        rows=rows[:LIST_ROWS],
        next_turn=summaries.next_turn(ask, waiting, now),
        off_map=OffMap(off_total, [known[case] for case in off_ids if case in known]),
    )


def _narrowed(roots: Sequence[str], path: str) -> tuple[str, ...]:
    """Of the subtrees what lies under ``path``."""
    if any(path.startswith(root) for root in roots) and path:
        return (path,)
    return tuple(root for root in roots if root.startswith(path))


def drawn(found: summaries.Sums, ask: summaries.Ask) -> tuple[Counts, list[dict[str, Any]], list[int]]:
    """Counts, clusters, and the ids of cases alone in their cell."""
    lights: Counter[str] = Counter()
    states: Counter[str] = Counter()
    for (state, light), n in found.states.items():
        if n:
            lights[light] += n
            if not ask.lights or light in ask.lights:
                states[state] += n
    alone, groups = [], []
    for place in sorted(found.cells):
        part = found.cells[place]
        n = sum(part.lights)
        if n == 1:
            alone.append(part.ids)
        elif n:
            lon, lat = round(part.lon / n / 1e6, 6), round(part.lat / n / 1e6, 6)
            groups.append({"lon": lon, "lat": lat, "count": n, "lights": part.lights})
    groups.sort(key=lambda group: -group["count"])
    return Counts(states.total(), {light: lights[light] for light in LIGHTS}, dict(states)), groups, alone


def recounted(
    roots: Sequence[str], filters: Filters, view: Viewport, now: datetime, pixels: float = CLUSTER_PIXELS
) -> Picture:
    """The same picture counted from the cases by SQL. At most nine queries; slow where there are many."""
    requests = Request.objects.filter(within(list(roots)))
    whole = view.on_cells(pixels)
    chosen = choose(inside(requests, whole), filters, now)
    counts, turn = count(chosen, filters, now)
    shown = lit(chosen, filters)
    groups: list[dict[str, Any]] = []
    if one_by_one(counts.total, view):
        points = briefs(urgent_first(shown)[:MOST_FEATURES])
        rows = points[:LIST_ROWS]
    else:
        groups, alone = clusters(shown, whole, pixels)
        points = briefs(shown.filter(pk__in=alone)) if alone else []
        rows = briefs(urgent_first(shown)[:LIST_ROWS])
    return Picture(counts, groups, points, rows, turn, off_map(requests, filters, now))


def one_by_one(total: int, view: Viewport) -> bool:
    """Whether so many cases are drawn singly in this viewport."""
    if total <= FEW_CASES or (view.zoom >= SINGLE_ZOOM and total <= MOST_FEATURES):
        return True
    return total <= min(SINGLE_CASES, view.pixels / ROOM)


def off_map(requests: QuerySet[Request], filters: Filters, now: datetime) -> OffMap:
    """The cases without a point, by the same filters. At most three queries."""
    found = lit(choose(requests.filter(lon=None), filters, now), filters)
    rows = briefs(urgent_first(found)[:OFF_MAP_ROWS])
    return OffMap(len(rows) if len(rows) < OFF_MAP_ROWS else found.count(), rows)


def category_subtree(codes: Iterable[str]) -> frozenset[int]:
    """Ids of the categories with these codes and of everything below them. Two queries."""
    roots = Category.objects.filter(code__in=list(codes)).values_list("path", flat=True)
    condition = Q(pk__in=[])
    for path in roots:
        condition |= Q(path__startswith=path)
    return frozenset(Category.objects.filter(condition).order_by().values_list("pk", flat=True))
