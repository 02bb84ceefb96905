"""Everything that is worked out for one day, from counts to rows that are not saved yet.

Loads the heavy libraries: for background work and commands only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from grid.models import Area
from maps.models import Finding, Foresight, Outlook
from workflows.models import Category

from .backtest import backtest
from .counting import ALL, WEEK, Counts
from .forecasting import HELD, LEAST_WEEKS, shrunk
from .gathering import Gathered, gather
from .hotspots import flagged, hot_spots
from .neighbours import Neighbours, neighbours
from .trends import Kind, changes

#: Days of the past that are read: enough for eight weeks before the latest four.
PAST_DAYS = 12 * WEEK
#: Periods in which hot spots are looked for, in days.
PERIODS = (WEEK, 4 * WEEK)
#: Weeks that the forecast is tried on, for the error that is stated with it.
TRIED_WEEKS = 4
#: A week's forecast below this is not written down, but for all categories together.
LEAST_EXPECTED = 0.5


@dataclass(frozen=True)
class Worked:
    """Rows to be saved, and ``Foresight.notes``."""

    findings: list[Finding]
    outlooks: list[Outlook]
    notes: dict[str, Any]


def work_out(foresight: Foresight, day: date) -> Worked:
    """Hot spots, changes and forecasts from all that was filed up to the end of ``day``."""
    gathered = gather(last=day, days=PAST_DAYS)
    rows = _Rows(foresight, gathered)
    near = neighbours(gathered.outlines)
    counts = gathered.counts
    notes: dict[str, Any] = {
        "cases": int(counts.window(counts.days)[:, :1].sum()),
        "grids": len(gathered.areas),
        "islands": int((near.degrees == 0).sum()),
        "days": counts.days,
        "too_little": {},
    }
    findings = []
    for days in PERIODS:
        if counts.days < days:
            notes["too_little"][str(days)] = {ALL: "days"}
            continue
        found, too_little = _hot_spots(rows, near, days)
        findings += found
        notes["too_little"][str(days)] = too_little
    findings += [rows.change(one) for one in changes(counts)]
    return Worked(_distinct(findings), _outlooks(rows, notes), notes)


def _hot_spots(rows: _Rows, near: Neighbours, days: int) -> tuple[list[Finding], dict[str, str]]:
    """Hot spots of one period; all categories and grids are one family of tests."""
    window = rows.counts.window(days)
    found = [hot_spots(window[:, column], near) for column in range(window.shape[1])]
    p = np.stack([one.p for one in found], axis=1)
    adjusted, marks = flagged(p)
    too_little = {
        code: str(one.too_little)
        for code, one in zip(rows.counts.categories, found, strict=True)
        if one.too_little
    }
    rest = _Around(rows.gathered.areas, window)
    hot = [
        rows.hot_spot(int(place), int(column), days, window, float(adjusted[place, column]), near, rest)
        for place, column in np.argwhere(marks)
    ]
    return hot, too_little


class _Around:
    """For each area the cases of its grids and how many grids those are: what a hot spot is compared with."""

    def __init__(self, areas: list[Area], window: np.ndarray) -> None:
        self.totals: dict[str, np.ndarray] = {}
        self.grids: dict[str, int] = {}
        step = Area.steplen
        for area, row in zip(areas, window, strict=True):
            for end in range(step, len(area.path), step):
                above = area.path[:end]
                self.totals[above] = self.totals.get(above, 0) + row
                self.grids[above] = self.grids.get(above, 0) + 1

    def of(self, path: str, column: int) -> dict[str, list[int]]:
        """Path of each area above → [cases, grids]."""
        step = Area.steplen
        above = [path[:end] for end in range(step, len(path), step)]
        return {one: [int(self.totals[one][column]), self.grids[one]] for one in above}


class _Rows:
    """Turns numbers of places and categories into rows of the database."""

    def __init__(self, foresight: Foresight, gathered: Gathered) -> None:
        self.foresight, self.gathered = foresight, gathered
        self.counts: Counts = gathered.counts
        codes = {code: pk for pk, code in Category.objects.filter(depth=1).values_list("pk", "code")}
        self.categories = [codes.get(code) for code in self.counts.categories]

    def _of(self, place: int, column: int) -> dict[str, Any]:
        area = self.gathered.areas[place]
        return {
            "foresight": self.foresight,
            "area": area,
            "area_path": area.path,
            "category_id": self.categories[column],
        }

    def hot_spot(
        self,
        place: int,
        column: int,
        days: int,
        window: np.ndarray,
        p: float,
        near: Neighbours,
        around: _Around,
    ) -> Finding:
        areas = self.gathered.areas
        return Finding(
            **self._of(place, column),
            kind=Kind.HOT_SPOT,
            days=days,
            n=int(window[place, column]),
            usual=float(window[:, column].mean()),
            p=p,
            around={
                "near": [areas[other].path for other in near.lists[place]],
                "above": around.of(areas[place].path, column),
            },
        )

    def change(self, one: Any) -> Finding:
        return Finding(
            **self._of(one.place, one.category),
            kind=one.kind,
            days=one.days,
            n=one.now,
            usual=one.usual,
            most=one.most,
            weeks=one.weeks,
            p=one.p,
        )

    def outlook(self, series: int, **values: Any) -> Outlook:
        return Outlook(**self._of(*self.counts.split(series)), **values)


def _distinct(findings: list[Finding]) -> list[Finding]:
    """Without "all categories" where one category of the same grid says it already, nor "rising" where
    "suddenly more" says the same more sharply."""
    said = {(one.kind, one.area_path, one.days) for one in findings if one.category_id is not None}
    sudden = {(one.area_path, one.category_id) for one in findings if one.kind == Kind.SUDDEN}
    return [
        one
        for one in findings
        if (one.category_id is not None or (one.kind, one.area_path, one.days) not in said)
        and not (one.kind == Kind.RISING and (one.area_path, one.category_id) in sudden)
    ]


def _outlooks(rows: _Rows, notes: dict[str, Any]) -> list[Outlook]:
    """Next week's load; empty with less than a month of past. How far it was off goes into ``notes``."""
    counts = rows.counts
    if counts.days < LEAST_WEEKS * WEEK or not len(counts.busy):
        return []
    forecast = shrunk(counts)
    least, most = forecast.interval(HELD)
    last = counts.spans(WEEK, 1)[:, 0]
    week = forecast.week
    total = np.arange(len(week)) % len(counts.categories) == counts.categories.index(ALL)
    if counts.days >= (LEAST_WEEKS + 1) * WEEK:
        notes["tried"] = _tried(counts)
    return [
        rows.outlook(
            int(series),
            mean=round(float(week[series]), 2),
            least=int(least[series]),
            most=int(most[series]),
            days=[round(float(day), 2) for day in forecast.mean[series]],
            last_week=int(last[series]),
        )
        for series in np.flatnonzero(total | (week >= LEAST_EXPECTED))
    ]


def _tried(counts: Counts) -> dict[str, Any]:
    """How far forecasts of the last weeks were off, all categories of a grid together: cases a week."""
    only = counts.series % len(counts.categories) == counts.categories.index(ALL)
    totals = Counts(
        counts.places,
        [ALL],
        counts.first,
        counts.last,
        counts.series[only] // len(counts.categories),
        counts.day[only],
        counts.n[only],
    )
    found = backtest(totals, {"shipped": shrunk}, TRIED_WEEKS)
    (score,) = found.scores
    return {"weeks": found.weeks, "mae": round(score.mae, 2), "held": round(score.held, 3)}
