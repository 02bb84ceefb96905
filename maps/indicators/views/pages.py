"""The figures of what a supervisor watches, and a member's own."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from grid.models import Area
from workflows.models import Category

from .. import tables
from ..definitions import INDICATORS
from ..models import FigureJob
from ..reading import Question, of_days, total
from ..rights import visible_figure_jobs
from ..tables import Row
from .access import figures_required, member_required
from .asking import OTHER, AskForm

#: Members on the page; a file has all of them.
MOST_MEMBERS = 20
#: Files listed.
MOST_FILES = 5
#: Days beyond which the chart of days has a bar a week.
MOST_BARS = 62


@require_safe
@figures_required
def figures(request: HttpRequest) -> HttpResponse:
    """Key figures with the period before, charts, tables by area, category and member."""
    form = AskForm(request.GET, request.user)
    if not form.is_valid():
        return render(request, "figures/figures.html", {"form": form, "refused": form.errors}, status=400)
    question = form.question()
    areas = tables.areas_below(question)
    people = tables.by_member(question) if question.member is None else []
    context = _common(form, question) | {
        "area": question.area,
        "above": _above(request.user, question.area),
        "areas": [_with_cells(row, tables.COLUMNS, form, "area") for row in tables.by_area(question, areas)],
        "people": [_with_cells(row, tables.MEMBER_COLUMNS, form, "member") for row in people[:MOST_MEMBERS]],
        "people_count": len(people),
        "member_columns": [INDICATORS[name] for name in tables.MEMBER_COLUMNS],
        "formats": FigureJob.Kind.choices,
        "files": visible_figure_jobs(request.user)[:MOST_FILES],
    }
    return render(request, "figures/figures.html", context)


@require_safe
@member_required
def mine(request: HttpRequest) -> HttpResponse:
    """The figures of the cases one has handled oneself."""
    form = AskForm(request.GET, request.user, own=True)
    if not form.is_valid():
        return render(request, "figures/mine.html", {"form": form, "refused": form.errors}, status=400)
    return render(request, "figures/mine.html", _common(form, form.question()))


def _common(form: AskForm, question: Question) -> dict[str, Any]:
    now, before = total(question), total(question.before())
    categories = tables.by_category(question)
    list_url = "own=1&" if question.own else ""
    return {
        "form": form,
        "other": OTHER,
        "is_other": question.period.kind == "days",
        "period": question.period,
        "previous": question.period.previous(),
        "as_of": question.as_of,
        "link": form.link(),
        "cases": f"{list_url}{form.link()}",
        "groups": [
            (_("How it stands"), tables.shown(tables.KEY, now, before)),
            (_("What residents say"), tables.shown(tables.RATES, now, before)),
            (_("On the way"), tables.shown(tables.PROCESS, now, before)),
            (_("How much"), tables.shown((*tables.VOLUMES, "points"), now, before)),
        ],
        "is_empty": not any(now[name].count for name in ("filed", "due", "done")),
        "columns": [INDICATORS[name] for name in tables.COLUMNS],
        "categories": [_with_cells(row, tables.COLUMNS, form, "category") for row in categories],
        "days": _days(question),
        "definitions": list(INDICATORS.values()),
    }


def _with_cells(row: Row, names: tuple[str, ...], form: AskForm, by: str) -> dict[str, Any]:
    """A line of a table: its name, the way into it, and its cells with the way to the cases behind."""
    code = row.of.pk if by == "member" and row.of else getattr(row.of, "code", "")
    inside = form.link(**{by: str(code)}) if row.of is not None else ""
    return {
        "name": row.name,
        "code": code,
        "is_open": isinstance(row.of, Area | Category) and bool(inside),
        "inside": inside,
        "cells": [
            {
                "indicator": INDICATORS[name],
                "value": tables.written(INDICATORS[name], row.figures[name]),
                "n": tables.out_of(INDICATORS[name], row.figures[name]),
                "number": row.figures[name].value,
            }
            for name in names
        ],
    }


def _above(user: Any, area: Area | None) -> list[Area]:
    """The areas above one, as far as the user watches them."""
    if area is None:
        return []
    paths = [area.path[:end] for end in range(Area.steplen, len(area.path), Area.steplen)]
    return list(tables.watched_areas(user).filter(path__in=paths).defer("geometry"))


def _days(question: Question) -> list[dict[str, Any]]:
    """For the chart: what was filed and closed on each day of the period, or in each week of a long one."""
    found = of_days(question)
    step = 1 if question.period.length <= MOST_BARS else 7
    bars = []
    for start in range(0, question.period.length, step):
        first = question.period.first.fromordinal(question.period.first.toordinal() + start)
        days = [first.fromordinal(first.toordinal() + more) for more in range(step)]
        figures = [found[day] for day in days if day in found and day <= question.period.last]
        bars.append(
            {
                "day": date_format(first, "MONTH_DAY_FORMAT"),
                "filed": sum(one["filed"].count or 0 for one in figures),
                "done": sum(one["done"].count or 0 for one in figures),
            }
        )
    return bars
