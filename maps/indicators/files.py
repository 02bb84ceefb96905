"""Figures as files: XLSX, CSV, GeoPackage. A PDF is the report (:mod:`.report`).

Texts are texts: one that begins like a formula is none when the file is opened.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from django.utils import timezone
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from grid.exporting.text import printable
from grid.exporting.workbook import text_cell
from grid.models import Area, in_language
from maps.policies import watched_paths
from workflows.queue import Tell

from . import tables
from .definitions import INDICATORS, Figure, Indicator
from .models import FigureJob
from .reading import Question, of_areas, total
from .report import write_report
from .tables import Row

CONTENT_TYPES = {
    FigureJob.Kind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FigureJob.Kind.CSV: "text/csv; charset=utf-8",
    FigureJob.Kind.GPKG: "application/geopackage+sqlite3",
    FigureJob.Kind.PDF: "application/pdf",
}
#: Beginnings that make a spreadsheet take a text of a CSV file for a formula.
TELLING = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = tuple(INDICATORS)


def title(job: FigureJob) -> str:
    """What the file is called when it is handed out."""
    area = Area.objects.filter(pk=job.wishes.get("area")).first()
    name = "-".join(filter(None, [_("figures"), str(area or ""), job.wishes["period"].replace("..", "_")]))
    return get_valid_filename(name)


def sheets(question: Question, tell: Tell) -> Iterator[tuple[str, list[Row]]]:
    """The tables of a file: name and rows. Areas of every level down to the grid."""
    yield _("In all"), [Row(str(question.area or _("All that I watch")), question.area, total(question))]
    tell(15)
    areas = all_areas(question)
    yield _("By area"), tables.by_area(question, areas)
    tell(45)
    yield _("By category"), tables.by_category(question)
    tell(60)
    if question.member is None:
        yield _("By member"), tables.by_member(question)
    tell(75)


def all_areas(question: Question) -> list[Area]:
    """The areas of what is asked, down to the grid, in force at the end of the period; parents first."""
    on = min(question.period.last, timezone.localdate())
    paths = [question.area.path] if question.area else watched_paths(question.user)
    areas = Area.objects.in_force(on).within(paths).select_related("level")
    grids = [area.level.order for area in areas.filter(level__is_grid=True).only("level")[:1]]
    return list(areas.filter(level__order__lte=grids[0]) if grids else areas)


def _code(row: Row) -> str:
    return getattr(row.of, "code", "") or ""


def heading(indicator: Indicator) -> list[str]:
    """The columns of one indicator: its value, and for a rate what it counts and out of what."""
    name = str(indicator.title)
    match indicator.kind:
        case "share":
            return [f"{name} %", _("%(name)s: counted") % {"name": name}, _("%(name)s: n") % {"name": name}]
        case "mark" | "points":
            return [name, _("%(name)s: n") % {"name": name}]
    return [name]


def values(indicator: Indicator, figure: Figure) -> list[float | int | None]:
    """What stands in these columns; None where there is nothing to go by."""
    match indicator.kind:
        case "share":
            share = None if figure.value is None else round(100 * figure.value, 4)
            return [share, figure.count, figure.of]
        case "mark":
            return [None if figure.value is None else round(figure.value, 4), figure.of]
        case "points":
            return [figure.count, figure.of]
    return [figure.count]


def _line(row: Row) -> list[Any]:
    return [one for name in COLUMNS for one in values(INDICATORS[name], row.figures[name])]


def _headings() -> list[str]:
    return [one for name in COLUMNS for one in heading(INDICATORS[name])]


def about(question: Question) -> list[tuple[str, str]]:
    """What the figures are of, in words."""
    assert question.as_of is not None
    known = timezone.localtime(question.as_of)
    return [
        (_("Period"), str(question.period)),
        (_("Area"), str(question.area or _("All that I watch"))),
        (_("Category"), str(question.category or _("All categories"))),
        (_("As it was known"), f"{known:%Y-%m-%d %H:%M:%S}"),
    ]


def write_workbook(question: Question, target: Path, tell: Tell) -> dict[str, Any]:
    """A sheet for each table, and one that says what the figures mean."""
    book = Workbook(write_only=True)
    count = 0
    for name, rows in sheets(question, tell):
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "C2"
        sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 28, 20
        sheet.append([_bold(sheet, text) for text in [_("Name"), pgettext("figure", "Code"), *_headings()]])
        for row in rows:
            sheet.append([text_cell(sheet, row.name), text_cell(sheet, _code(row)), *_line(row)])
            count += 1
    sheet = book.create_sheet(_("What it means"))
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 28, 100
    for name, text in [*about(question), *((str(i.title), str(i.meaning)) for i in INDICATORS.values())]:
        sheet.append([text_cell(sheet, name), text_cell(sheet, text)])
    book.save(target)
    return {"rows": count}


def _bold(sheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(sheet, text)
    cell.font = Font(bold=True)
    return cell


def plain(text: str) -> str:
    """A text as a cell of a CSV file: in front of what a spreadsheet would work out stands an apostrophe."""
    text = printable(text)
    return f"'{text}" if text.startswith(TELLING) else text


def write_csv(question: Question, target: Path, tell: Tell) -> dict[str, Any]:
    """One table, UTF-8 with a mark so that spreadsheets see it: what a line is of, its name, its figures."""
    count = 0
    with target.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        for name, text in about(question):
            writer.writerow([plain(name), plain(text)])
        writer.writerow(
            [pgettext("figure", "Table"), _("Name"), pgettext("figure", "Code"), *map(plain, _headings())]
        )
        for name, rows in sheets(question, tell):
            for row in rows:
                writer.writerow([name, plain(row.name), plain(_code(row)), *_line(row)])
                count += 1
    return {"rows": count}


def write_geopackage(question: Question, target: Path, tell: Tell) -> dict[str, Any]:
    """A layer with the outlines of the areas (WGS-84) and their figures; columns by the indicators' names."""
    areas = all_areas(question)
    found = of_areas(question, areas)
    tell(50)
    columns: dict[str, Any] = {
        "code": np.array([area.code for area in areas], dtype=object),
        "name": np.array([in_language(area.name, area.name_en) for area in areas], dtype=object),
        "level": np.array([area.level_id for area in areas], dtype=object),
        "period": np.array([question.period.code] * len(areas), dtype=object),
        "as_of": np.array([question.as_of.isoformat() if question.as_of else ""] * len(areas), dtype=object),
    }
    for name, indicator in INDICATORS.items():
        figures = [found[area.pk][name] for area in areas]
        columns[name] = np.array([np.nan if one.value is None else one.value for one in figures])
        if indicator.of:
            columns[f"{name}_of"] = np.array([one.of or 0 for one in figures], dtype=np.int32)
    pyogrio.raw.write(
        target,
        shapely.to_wkb(np.array([area.geometry for area in areas], dtype=object)),
        list(columns.values()),
        list(columns),
        layer="figures",
        driver="GPKG",
        geometry_type="Unknown",
        crs="EPSG:4326",
        promote_to_multi=False,
    )
    return {"rows": len(areas)}


WRITERS: dict[str, Callable[[Question, Path, Tell], dict[str, Any]]] = {
    FigureJob.Kind.XLSX: write_workbook,
    FigureJob.Kind.CSV: write_csv,
    FigureJob.Kind.GPKG: write_geopackage,
    FigureJob.Kind.PDF: write_report,
}
