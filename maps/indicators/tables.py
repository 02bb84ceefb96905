"""What pages, files and reports show alike: which rows a table has, and how a figure is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from grid.models import Area, User
from maps.policies import watched_areas, watched_paths

from .definitions import INDICATORS, Figure, Figures, Indicator
from .reading import Question, of_areas, of_categories, of_members

#: Columns of the tables by area and category, and of the one by member.
COLUMNS = (
    "filed", "due", "handled", "handled_in_time", "closed", "closed_in_time", "reworked", "overdue",
    "extended", "responded", "solved", "satisfied", "composite",
)  # fmt: skip
MEMBER_COLUMNS = (
    "due", "handled", "handled_in_time", "closed_in_time", "reworked", "overdue", "dispatched_right",
    "solved", "satisfied", "points", "excluded",
)  # fmt: skip
#: What a report and a page begin with.
KEY = ("composite", "handled", "handled_in_time", "closed", "closed_in_time", "overdue")
RATES = ("responded", "solved", "satisfied")
PROCESS = ("registered_in_time", "dispatched_right", "reworked", "extended")
VOLUMES = ("filed", "due", "done", "excluded")


class Row(NamedTuple):
    """One line of a table: ``of`` is an area, a category, a member, or None for the rest."""

    name: str
    of: Any
    figures: Figures


def start_area(user: Any) -> Area | None:
    """The one area at the top of what the user watches; None where there are several, or none."""
    paths = watched_paths(user)
    watched = watched_areas(user)
    tops = watched.filter(depth=1) if paths == [""] else watched.filter(path__in=paths)
    found = list(tops.select_related("level").defer("geometry")[:2])
    return found[0] if len(found) == 1 else None


def areas_below(question: Question) -> list[Area]:
    """The areas right below the one asked about, in force at the end of the period (today at the latest);
    without one, the topmost that the user watches."""
    on = min(question.period.last, timezone.localdate())
    paths = watched_paths(question.user)
    areas: QuerySet[Area] = Area.objects.in_force(on).within(paths).select_related("level")
    if question.area is not None:
        areas = areas.filter(path__startswith=question.area.path, depth=question.area.depth + 1)
        return [] if question.area.level.is_grid else list(areas)
    return list(areas.filter(path__in=paths) if paths != [""] else areas.filter(depth=1))


def by_area(question: Question, areas: Sequence[Area]) -> list[Row]:
    found = of_areas(question, areas)
    return [Row(str(area), area, found[area.pk]) for area in areas]


def by_category(question: Question) -> list[Row]:
    return [
        Row(str(category) if category else _("without a category of these"), category, figures)
        for category, figures in of_categories(question)
    ]


def by_member(question: Question) -> list[Row]:
    """Those with the most cases due first; who nobody's cases were comes last."""
    found = of_members(question)
    people = {user.pk: user for user in User.objects.filter(pk__in=[key for key in found if key])}
    rows = [
        Row(str(people[key]) if key in people else _("nobody's yet"), people.get(key), figures)
        for key, figures in found.items()
    ]
    return sorted(rows, key=lambda row: (row.of is None, -(row.figures["due"].count or 0), row.name))


def percent(share: float | None, digits: int = 1) -> str:
    """``0.964`` → ``96.4%``; a dash where there is nothing to go by."""
    return "–" if share is None else f"{100 * share:.{digits}f}%"


def written(indicator: Indicator, figure: Figure) -> str:
    """A figure's value in words for people."""
    if figure.value is None:
        return "–"
    if indicator.kind == "share":
        return percent(figure.value)
    return f"{figure.value:.1f}" if indicator.kind == "mark" else f"{figure.value:,.0f}"


def out_of(indicator: Indicator, figure: Figure) -> str:
    """``27/28``, the n beside a rate; "" for plain numbers."""
    if indicator.kind == "share":
        return f"{figure.count}/{figure.of}"
    return f"n={figure.of}" if indicator.of else ""


@dataclass(frozen=True)
class Shown:
    """One figure as pages and reports show it, with the one of the period before."""

    indicator: Indicator
    figure: Figure
    before: Figure

    @property
    def name(self) -> str:
        return self.indicator.name

    @property
    def value(self) -> str:
        return written(self.indicator, self.figure)

    @property
    def n(self) -> str:
        return out_of(self.indicator, self.figure)

    @property
    def value_before(self) -> str:
        return written(self.indicator, self.before)

    @property
    def n_before(self) -> str:
        return out_of(self.indicator, self.before)

    @property
    def difference(self) -> float | None:
        """In points for shares and marks, else a plain difference; None where one is missing."""
        if self.figure.value is None or self.before.value is None:
            return None
        factor = 100 if self.indicator.kind == "share" else 1
        return round(factor * (self.figure.value - self.before.value), 1)

    @property
    def way(self) -> str:
        """``up``, ``down`` or ``same``; "" where nothing can be compared."""
        change = self.difference
        if change is None:
            return ""
        return "same" if change == 0 else "up" if change > 0 else "down"

    @property
    def tone(self) -> str:
        """``done`` for the better, ``late`` for the worse, else ``idle``."""
        if self.way in ("", "same") or not self.indicator.better:
            return "idle"
        return "done" if (self.way == "up") == (self.indicator.better == "more") else "late"

    @property
    def change(self) -> str:
        """The difference as text, with its sign and unit."""
        change = self.difference
        if change is None:
            return ""
        if change == 0:
            return _("as before")
        if self.indicator.kind == "share":
            return _("%(number)s points") % {"number": f"{change:+.1f}"}
        if self.indicator.kind == "mark":
            return f"{change:+.1f}"
        return f"{change:+,.0f}"


def shown(names: Iterable[str], now: Figures, before: Figures) -> list[Shown]:
    return [Shown(INDICATORS[name], now[name], before[name]) for name in names]
