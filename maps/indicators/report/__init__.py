"""The report: a period's figures on paper, to be handed to whoever answers for the area. In the language that
is active; the same question, known at the same instant, gives the same document.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from grid.models import Area
from grid.queries import full_names
from maps.policies import watched_paths
from workflows.models.request import ENDED_STATES
from workflows.queue import Tell

from .. import tables
from ..cohorts import COUNTING
from ..definitions import INDICATORS, Figures
from ..models import CaseFacts
from ..reading import Question, known, of_areas, of_days, total
from ..tables import Shown
from .drawings import (
    AMBER,
    BLUE,
    Shape,
    bars,
    choropleth,
    classes_of_numbers,
    classes_of_shares,
    lying_bars,
)
from .paper import ACCENT, BAD, GOOD, INNER, MARGIN, PALE, SOFT, WIDTH, Paper

#: A map has no more areas than this; above, it shows the level above.
MOST_SHAPES = 3_000
#: Rows of the longest waiting, and of the charts.
WAITING, BARS = 15, 12
#: Areas in the table; a file has all of them.
MOST_ROWS = 200
AREA_COLUMNS = (
    "filed", "due", "handled", "handled_in_time", "closed_in_time", "reworked", "overdue", "satisfied",
    "composite",
)  # fmt: skip


def write_report(question: Question, target: Path, tell: Tell = lambda _percent: None) -> dict[str, Any]:
    """Write the report as PDF; how many pages and areas it has."""
    question = question.fixed()
    assert question.as_of is not None
    now, before = total(question), total(question.before())
    title = _title(question)
    paper = Paper(f"{title} {question.period}", question.as_of)
    _head(paper, question, title)
    _summary(paper, question, now, before)
    _key_figures(paper, now, before)
    _course(paper, question)
    tell(20)
    shapes = _maps(paper, question)
    tell(50)
    _areas(paper, question, now)
    _categories(paper, question)
    tell(75)
    _waiting(paper, question)
    _definitions(paper, question)
    pages = paper.save(target, f"{title} · {question.period} · {_known(question)}")
    return {"pages": pages, "shapes": shapes}


def _title(question: Question) -> str:
    place = str(question.area) if question.area else _("All areas")
    names = {"month": _("Monthly report"), "week": _("Weekly report"), "days": pgettext("figure", "Report")}
    return f"{place} · {names[question.period.kind]}"


def _known(question: Question) -> str:
    assert question.as_of is not None
    when = date_format(timezone.localtime(question.as_of), "Y-m-d H:i")
    return _("as known on %(when)s") % {"when": when}


def _head(paper: Paper, question: Question, title: str) -> None:
    paper.box(0, 0, WIDTH, 6, fill=ACCENT, line=None)
    paper.y = 58
    paper.text(MARGIN, paper.y, _("Community grid services"), 10, colour=SOFT)
    paper.y += 28
    paper.text(MARGIN, paper.y, paper.fit(title, INNER, 22), 22, bold=True)
    paper.y += 20
    parts = [str(question.period), _known(question)]
    if question.category:
        parts.insert(1, str(question.category))
    paper.text(MARGIN, paper.y, " · ".join(parts), 11, colour=SOFT)
    paper.y += 8


def _summary(paper: Paper, question: Question, now: Figures, before: Figures) -> None:
    """What a reader in a hurry takes away, in sentences."""
    paper.y += 4
    filed, due, done = (now[name].count or 0 for name in ("filed", "due", "done"))
    said = [
        ngettext("%(n)d request was filed", "%(n)d requests were filed", filed) % {"n": filed},
        ngettext("%(n)d case was closed", "%(n)d cases were closed", done) % {"n": done},
        ngettext("%(n)d case was due", "%(n)d cases were due", due) % {"n": due},
    ]
    sentences = [pgettext("figure", ", ").join(said) + pgettext("figure", ".")]
    if due:
        sentences.append(
            _("Handled in time: %(share)s (%(n)s).")
            % {
                "share": tables.percent(now["handled_in_time"].value),
                "n": tables.out_of(INDICATORS["handled_in_time"], now["handled_in_time"]),
            }
        )
    late = now["overdue"].count or 0
    if late:
        sentences.append(
            ngettext(
                "%(n)d case is overdue and not handled.", "%(n)d cases are overdue and not handled.", late
            )
            % {"n": late}
        )
    if now["satisfied"].of:
        sentences.append(
            _("Of those who rated, %(share)s are satisfied (%(n)s).")
            % {
                "share": tables.percent(now["satisfied"].value),
                "n": tables.out_of(INDICATORS["satisfied"], now["satisfied"]),
            }
        )
    paper.paragraph("".join(one if one.endswith("。") else f"{one} " for one in sentences), 10.5)


def _key_figures(paper: Paper, now: Figures, before: Figures) -> None:
    paper.heading(_("Key figures"), _("small: the period before, known as long after it"))
    names = (*tables.KEY, *tables.RATES, *tables.PROCESS, "points", "excluded", "filed", "due", "done")
    _cards(paper, tables.shown(names, now, before))


def _cards(paper: Paper, figures: list[Shown], across: int = 3) -> None:
    gap, height = 8.0, 54.0
    wide = (INNER - gap * (across - 1)) / across
    for start in range(0, len(figures), across):
        paper.need(height + gap)
        for at, one in enumerate(figures[start : start + across]):
            x = MARGIN + at * (wide + gap)
            _card(paper, one, x, paper.y, wide, height)
        paper.y += height + gap


def _card(paper: Paper, one: Shown, x: float, y: float, wide: float, height: float) -> None:
    paper.box(x, y, x + wide, y + height, fill=PALE, line=None)
    paper.text(x + 10, y + 13, paper.fit(str(one.indicator.title), wide - 20, 9), 9, colour=SOFT)
    paper.text(x + 10, y + 32, one.value, 17, bold=True)
    paper.text(x + wide - 10, y + 32, one.n, 9, colour=SOFT, align="right")
    colour = {"done": GOOD, "late": BAD}.get(one.tone, SOFT)
    sign = {"up": "▲", "down": "▼", "same": ""}.get(one.way, "")
    paper.text(x + 10, y + 46, f"{sign} {one.change}".strip(), 8, colour=colour)
    past = f"{one.value_before} {one.n_before}".strip()
    paper.text(x + wide - 10, y + 46, past, 8, colour=SOFT, align="right")


# --- maps --------------------------------------------------------------------------------------------
def _maps(paper: Paper, question: Question) -> int:
    """Two maps: how much was handled in time, and where requests come from. How many areas they show."""
    areas = _mapped(question)
    if not areas:
        return 0
    found = of_areas(question, areas)
    above = {str(area): area.geometry for area in _outlines(question, areas)}
    level = str(areas[0].level)
    paper.turn()
    for name, classes, nothing in (
        ("handled_in_time", classes_of_shares(), _("no case due")),
        ("filed", classes_of_numbers(found[area.pk]["filed"].value or 0 for area in areas), _("no request")),
    ):
        figures = {area.pk: found[area.pk][name] for area in areas}
        shapes = [
            Shape(area.geometry, one.value if one.count or one.of else None)
            for area, one in ((area, figures[area.pk]) for area in areas)
        ]
        title = str(INDICATORS[name].title)
        paper.heading(_("%(what)s by %(level)s") % {"what": title, "level": level}, room=310)
        choropleth(paper, shapes, above, classes, title=title, nothing=nothing, height=308)
    words = _("In brackets: how many areas. A share of few cases says little; the table says of how many.")
    paper.paragraph(words, 8, colour=SOFT)
    return len(areas)


def _in_force(question: Question) -> QuerySet[Area]:
    on = min(question.period.last, timezone.localdate(question.as_of))
    paths = [question.area.path] if question.area else watched_paths(question.user)
    return Area.objects.in_force(on).within(paths).filter(geometry__isnull=False).select_related("level")


def _mapped(question: Question) -> list[Area]:
    """The grids of what is asked, or where those are too many the areas of the level above."""
    areas = _in_force(question)
    grids = areas.filter(level__is_grid=True)
    if grids.count() <= MOST_SHAPES:
        return list(grids)
    orders = areas.filter(level__is_grid=False).order_by("-level__order").values_list("level", flat=True)
    for level in dict.fromkeys(orders.distinct()):
        of_level = areas.filter(level=level)
        if 0 < of_level.count() <= MOST_SHAPES:
            return list(of_level)
    return []


def _outlines(question: Question, areas: list[Area]) -> list[Area]:
    """The areas right above those on the map."""
    paths = {area.path[: -Area.steplen] for area in areas}
    return list(Area.objects.filter(path__in=paths, geometry__isnull=False)[:MOST_SHAPES])


# --- tables and charts -------------------------------------------------------------------------------
def _areas(paper: Paper, question: Question, now: Figures) -> None:
    areas = tables.areas_below(question)
    rows = tables.by_area(question, areas[:MOST_ROWS])
    if not rows:
        return
    paper.turn()
    paper.heading(_("By area"))
    lines = [[row.name, *_cells(row.figures)] for row in rows]
    lines.append([_("In all"), *_cells(now)])
    headings = [_("Area"), *(str(INDICATORS[name].title) for name in AREA_COLUMNS)]
    paper.table(
        headings, lines, [1.9, 0.85, 0.95, 1.1, 1.2, 1.2, 1.05, 1.35, 1.05, 1.1], left=1, last_is_sum=True
    )


def _cells(figures: Figures) -> list[str]:
    cells = []
    for name in AREA_COLUMNS:
        indicator = INDICATORS[name]
        value, n = tables.written(indicator, figures[name]), tables.out_of(indicator, figures[name])
        cells.append(f"{value}\n{n}" if n else value)
    return cells


def _course(paper: Paper, question: Question) -> None:
    """What was filed and closed day by day, or week by week in a long period."""
    found, step = of_days(question), 1 if question.period.length <= 62 else 7
    labels, filed, done = [], [], []
    for start in range(0, question.period.length, step):
        first = question.period.first.fromordinal(question.period.first.toordinal() + start)
        days = [first.fromordinal(first.toordinal() + more) for more in range(step)]
        figures = [found[day] for day in days if day in found]
        labels.append(f"{first.month}-{first.day}")
        filed.append(sum(one["filed"].count or 0 for one in figures))
        done.append(sum(one["done"].count or 0 for one in figures))
    name = _("Filed and closed, day by day") if step == 1 else _("Filed and closed, week by week")
    paper.heading(name, room=150)
    bars(
        paper,
        labels,
        [(pgettext("figure", "filed"), BLUE, filed), (pgettext("figure", "closed"), AMBER, done)],
        150,
    )


def _categories(paper: Paper, question: Question) -> None:
    rows = [row for row in tables.by_category(question) if row.figures["filed"].count][:BARS]
    if not rows:
        return
    paper.heading(_("Requests by category"), _("handled in time beside it"), room=16.0 * len(rows))
    lying_bars(
        paper,
        [
            (
                row.name,
                float(row.figures["filed"].count or 0),
                f"{row.figures['filed'].count} · {tables.percent(row.figures['handled_in_time'].value, 0)}",
            )
            for row in rows
        ],
    )


def _waiting(paper: Paper, question: Question) -> None:
    """The cases that were open longest then: numbers, never words or names of residents."""
    assert question.as_of is not None
    end = question.period.so_far(question.as_of)
    rows: list[CaseFacts] = list(
        known(question)
        .filter(COUNTING, closed_at=None, filed_at__lt=end)
        .exclude(state__in=ENDED_STATES)
        .select_related("request", "category")
        .order_by(F("filed_at").asc(), "request_id")[:WAITING]
    )
    paper.heading(_("Waiting longest"), _("open cases, the oldest first"), room=60)
    if not rows:
        paper.paragraph(_("No case was open."), colour=SOFT)
        return
    paths = {row.area_path for row in rows}
    names = full_names(list(Area.objects.filter(path__in=paths).only("path", "depth", "name", "name_en")))
    lines = []
    for row in rows:
        late = (end - row.due_at).days if row.due_at and row.due_at < end else 0
        lines.append(
            [
                row.request.number,
                str(row.category or _("without a category")),
                names.get(row.area_path, _("not placed")),
                str(row.get_state_display()),
                date_format(timezone.localtime(row.filed_at), "Y-m-d"),
                f"{(end - row.filed_at).days}",
                f"{late}" if late else "–",
            ]
        )
    headings = [
        _("Case"), _("Category"), _("Grid"), _("State"), _("Filed on"), _("Days open"), _("Days late"),
    ]  # fmt: skip
    paper.table(headings, lines, [2.0, 1.5, 2.4, 1.2, 1.1, 0.8, 0.8], left=4)


def _definitions(paper: Paper, question: Question) -> None:
    said = [
        _("%(name)s: %(meaning)s.") % {"name": indicator.title, "meaning": indicator.meaning}
        for indicator in INDICATORS.values()
    ]
    paper.heading(_("What the figures mean"), room=6.0 * len(said) + 20)
    paper.columns(said)
    paper.paragraph(
        _(
            "Every case counts for the grid that had it then, and for the period its deadline lies in. Cases"
            " withdrawn, not accepted or joined with another are in no rate; one that stands still is due"
            " after it has gone on."
        ),
        8,
        colour=SOFT,
    )
