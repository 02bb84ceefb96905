"""Maps and charts on paper, as vectors."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from django.utils.translation import gettext as _

from .paper import INK, INNER, LINE, MARGIN, SOFT, WHITE, WIDTH, Colour, Paper, rgb

#: Light to dark, one hue: it reads in black and white as well.
SEQUENCE = tuple(map(rgb, ("#e3eef3", "#b5d3e0", "#7fb2c8", "#3f86a6", "#15577a")))
NOTHING: Colour = rgb("#f4f2ee")
BLUE, AMBER = rgb("#2a6f97"), rgb("#c98a1b")
#: Upper bounds of the classes of a share; the last class is open.
SHARE_BREAKS = (0.6, 0.8, 0.9, 0.95)


@dataclass(frozen=True)
class Classes:
    """Values fall into ``len(breaks) + 1`` classes; a value on a break falls into the upper one."""

    breaks: tuple[float, ...]
    labels: tuple[str, ...]

    def of(self, value: float | None) -> int | None:
        return None if value is None else sum(value >= bound for bound in self.breaks)


def classes_of_shares() -> Classes:
    bounds = [f"{100 * bound:.0f}%" for bound in SHARE_BREAKS]
    inner = [f"{low}–{high}" for low, high in pairwise(bounds)]
    return Classes(SHARE_BREAKS, (f"< {bounds[0]}", *inner, f"≥ {bounds[-1]}"))


def classes_of_numbers(values: Iterable[float]) -> Classes:
    """Classes with about as many areas in each, of whole numbers."""
    numbers = sorted(value for value in values if value > 0)
    if not numbers:
        return Classes((), ("≥ 1",))
    quantiles = np.quantile(numbers, (0.2, 0.4, 0.6, 0.8))
    bounds = sorted({math.ceil(float(bound)) for bound in quantiles} - {0, 1})
    edges = [1, *bounds]
    labels = [
        f"{low}" if high - 1 == low else f"{low}–{high - 1}" for low, high in zip(edges, bounds, strict=False)
    ]
    return Classes(tuple(map(float, bounds)), (*labels, f"≥ {edges[-1]}"))


@dataclass(frozen=True)
class Shape:
    """An area on the map: shapely geometry in WGS-84 degrees (lon, lat), and its value; None: nothing."""

    geometry: Any
    value: float | None


class Chart:
    """A map on paper: fits shapes into a frame, lon shortened as at their latitude."""

    def __init__(self, paper: Paper, shapes: Sequence[Any], frame: tuple[float, float, float, float]) -> None:
        self.paper, self.frame = paper, frame
        west, south, east, north = shapely.total_bounds(np.array(shapes, dtype=object))
        self.squeeze = math.cos(math.radians((south + north) / 2))
        x0, y0, x1, y1 = frame
        pad = 8.0
        wide, high = max((east - west) * self.squeeze, 1e-9), max(north - south, 1e-9)
        self.scale = min((x1 - x0 - 2 * pad) / wide, (y1 - y0 - 2 * pad) / high)
        self.left = (x0 + x1) / 2 - self.scale * self.squeeze * (west + east) / 2
        self.top = (y0 + y1) / 2 + self.scale * (south + north) / 2

    @property
    def metres(self) -> float:
        """Metres on the ground for one point on paper."""
        return 111_320.0 / self.scale

    def at(self, lon: float, lat: float) -> tuple[float, float]:
        return self.left + self.scale * self.squeeze * lon, self.top - self.scale * lat

    def thinned(self, geometries: Sequence[Any]) -> list[Any]:
        """The shapes without what is finer than a quarter of a point; shared borders stay shared."""
        return list(shapely.coverage_simplify(np.array(geometries, dtype=object), 0.25 / self.scale))

    def draw(self, geometry: Any, *, fill: Colour | None, line: Colour, width: float) -> None:
        for polygon in shapely.get_parts(geometry):
            rings = (polygon.exterior, *polygon.interiors)
            self.paper.polygon(
                [[self.at(lon, lat) for lon, lat in shapely.get_coordinates(ring)] for ring in rings],
                fill=fill, line=line, width=width,
            )  # fmt: skip

    def north(self) -> None:
        """An arrow to the north, at the upper left."""
        x, y = self.frame[0] + 16, self.frame[1] + 12
        arrow = [(x, y), (x - 4, y + 12), (x, y + 9), (x + 4, y + 12)]
        self.paper.line(arrow, width=0.4, fill=INK)
        self.paper.text(x, y + 22, _("N"), 8, align="middle")

    def scale_bar(self) -> None:
        """A round length of about a fifth of the frame, at its lower left."""
        x0, _y0, x1, y1 = self.frame
        aim = (x1 - x0) / 5 * self.metres
        step = 10.0 ** math.floor(math.log10(aim))
        length = max(each * step for each in (1, 2, 5) if each * step <= aim)
        wide = length / self.metres
        left, foot = x0 + 8, y1 - 8
        bar = [(left, foot - 3), (left, foot), (left + wide, foot), (left + wide, foot - 3)]
        self.paper.line(bar)
        words = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
        self.paper.text(x0 + 8 + wide + 4, y1 - 6, words, 7.5, colour=SOFT)


def choropleth(
    paper: Paper,
    shapes: Sequence[Shape],
    above: Mapping[str, Any],
    classes: Classes,
    *,
    title: str,
    nothing: str,
    height: float = 300.0,
) -> None:
    """A map coloured by classes, with the outlines and names of the areas above, scale and legend."""
    frame = (MARGIN, paper.y, WIDTH - MARGIN - 118, paper.y + height)
    paper.box(*frame)
    chart = Chart(paper, [shape.geometry for shape in shapes], frame)
    counts = [0] * (len(classes.labels) + 1)
    for shape, geometry in zip(shapes, chart.thinned([one.geometry for one in shapes]), strict=True):
        which = classes.of(shape.value)
        counts[-1 if which is None else which] += 1
        chart.draw(geometry, fill=NOTHING if which is None else _tint(which, classes), line=WHITE, width=0.35)
    outlines = list(above.values())
    for geometry in outlines:
        chart.draw(geometry, fill=None, line=INK, width=0.9)
    _names(chart, above)
    chart.scale_bar()
    chart.north()
    _legend(paper, frame, classes, counts, title, nothing)
    paper.y += height + 6


def _tint(which: int, classes: Classes) -> Colour:
    last = max(len(classes.labels) - 1, 1)
    return SEQUENCE[round(which * (len(SEQUENCE) - 1) / last)] if len(classes.labels) > 1 else SEQUENCE[2]


def _names(chart: Chart, above: Mapping[str, Any]) -> None:
    """Names where they lie on no other name."""
    taken: list[tuple[float, float, float, float]] = []
    for name, geometry in above.items():
        inside = geometry.representative_point()
        x, y = chart.at(inside.x, inside.y)
        half = chart.paper.width(name, 8) / 2
        box = (x - half - 2, y - 8, x + half + 2, y + 3)
        x0, y0, x1, y1 = chart.frame
        outside = box[0] < x0 or box[2] > x1 or box[1] < y0 or box[3] > y1
        if outside or any(_meet(box, other) for other in taken):
            continue
        taken.append(box)
        chart.paper.text(x, y, name, 8, align="middle", halo=True)


def _meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _legend(
    paper: Paper, frame: tuple[float, ...], classes: Classes, counts: Sequence[int], title: str, nothing: str
) -> None:
    """Classes, darkest first, each with how many areas are in it."""
    x, y = frame[2] + 14, frame[1] + 12
    for line in paper.wrapped(title, 100, 9):
        paper.text(x, y, line, 9, bold=True)
        y += 13
    y += 3
    rows = [(_tint(at, classes), label, counts[at]) for at, label in enumerate(classes.labels)]
    for colour, label, count in [*reversed(rows), (NOTHING, nothing, counts[-1])]:
        paper.box(x, y - 8, x + 14, y + 2, fill=colour, line=SOFT, width=0.4)
        lines = paper.wrapped(f"{label}（{count}）", 84, 8)
        for number, line in enumerate(lines):
            paper.text(x + 20, y + 10 * number, line, 8)
        y += 16 + 10 * (len(lines) - 1)


def bars(
    paper: Paper, labels: Sequence[str], series: Sequence[tuple[str, Colour, Sequence[int]]],
    height: float = 130.0,
) -> None:  # fmt: skip
    """Upright bars side by side, with an axis and a key."""
    most = max((max(values, default=0) for _name, _colour, values in series), default=0) or 1
    x = MARGIN + 10
    for name, colour, _values in series:
        paper.box(x, paper.y + 3, x + 9, paper.y + 11, fill=colour, line=None)
        paper.text(x + 13, paper.y + 10.5, name, 8.5)
        x += 13 + paper.width(name, 8.5) + 18
    top, foot = paper.y + 22, paper.y + height - 16
    left, right = MARGIN + 26, WIDTH - MARGIN
    for step in _ticks(most):
        y = foot - (foot - top) * step / _ticks(most)[-1]
        paper.rule(y, x0=left, x1=right, width=0.4)
        paper.text(left - 4, y + 3, f"{step:g}", 7.5, colour=SOFT, align="right")
    most = _ticks(most)[-1]
    room = (right - left) / max(len(labels), 1)
    wide = room * 0.76 / len(series)
    every = max(1, math.ceil(46 / room))
    for at, label in enumerate(labels):
        for number, (_name, colour, values) in enumerate(series):
            tall = (foot - top) * values[at] / most
            x0 = left + room * (at + 0.12) + wide * number
            if tall:
                paper.box(x0, foot - tall, x0 + wide, foot, fill=colour, line=None)
        if at % every == 0:
            paper.text(left + room * (at + 0.5), foot + 11, label, 7.5, colour=SOFT, align="middle")
    paper.rule(foot, x0=left, x1=right, colour=INK, width=0.8)
    paper.y += height


def _ticks(most: float) -> list[float]:
    """Round steps from 0 to just above the largest value."""
    step = 10.0 ** math.floor(math.log10(max(most, 1)))
    step = next(each for each in (step / 5, step / 2, step, step * 2) if most / each <= 5)
    step = max(1.0, step)
    return [step * number for number in range(math.ceil(most / step) + 1)]


def lying_bars(
    paper: Paper, rows: Sequence[tuple[str, float, str]], *, colour: Colour = BLUE, most: float | None = None
) -> None:
    """A bar a row: name, length, what stands behind it."""
    whole = most or max((length for _name, length, _words in rows), default=1) or 1
    name_room, words_room = 120.0, 90.0
    room = INNER - name_room - words_room
    for name, length, words in rows:
        paper.need(16)
        y, left = paper.y, MARGIN + name_room
        paper.text(left - 8, y + 11, paper.fit(name, name_room - 8, 8.5), 8.5, align="right")
        paper.box(left, y + 3, left + room, y + 13, fill=LINE, line=None)
        if length > 0:
            paper.box(left, y + 3, left + room * min(length / whole, 1), y + 13, fill=colour, line=None)
        paper.text(left + room + 6, y + 11, words, 8.5)
        paper.y += 16
    paper.y += 4
