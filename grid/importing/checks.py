"""From the contents of a file to rows of areas: outlines repaired, texts checked, what is unusable named.

No database here: the same contents and wishes always give the same rows and findings.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import shapely
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from shapely.geometry.base import BaseGeometry

from .. import shapes
from .crs import to_wgs84
from .mapping import CODE_LENGTH, NAME_LENGTH, Columns, columns
from .report import ERROR, NOTE, WARNING, Finding, Report
from .sandbox import Contents
from .wishes import Wishes

#: What GEOS says of a geometry, in words of the report.
REASONS = {
    "Self-intersection": gettext_lazy("outline crosses itself"),
    "Ring Self-intersection": gettext_lazy("outline touches or crosses itself"),
    "Hole lies outside shell": gettext_lazy("hole outside of the outline"),
    "Holes are nested": gettext_lazy("holes inside holes"),
    "Nested shells": gettext_lazy("parts inside each other"),
    "Duplicate Rings": gettext_lazy("the same ring twice"),
    "Too few points in geometry component": gettext_lazy("ring with too few points"),
    "Interior is disconnected": gettext_lazy("outline cuts the area apart"),
    "Ring is not closed": gettext_lazy("ring not closed"),
}
TYPES = {
    "Point": gettext_lazy("point"),
    "MultiPoint": gettext_lazy("points"),
    "LineString": gettext_lazy("line"),
    "MultiLineString": gettext_lazy("lines"),
}
#: What text looks like that was read in the wrong encoding.
GARBLED = ("\ufffd", "锟斤拷", "烫烫", "Ã", "ï¿½")
MOST_HOUSEHOLDS = 1_000_000


@dataclass
class Row:
    """An area of the file. ``number`` counts its rows from 1; the geometry is polygonal, WGS-84, or None.

    ``level`` and ``parent`` are as written, until the tree has found out what they mean.
    """

    number: int
    code: str
    name: str
    geometry: BaseGeometry | None
    name_en: str = ""
    level: str = ""
    parent: str = ""
    households: int | None = None


def make_rows(contents: Contents, wishes: Wishes, report: Report) -> tuple[list[Row], Columns]:
    """The usable rows; everything else becomes findings of the report. An outline may still be missing.

    Raises :class:`Refused` when the whole file is unusable.
    """
    found = columns(contents, wishes, file=report.file)
    report.notes += found.notes
    usable, reasons, kinds = _repair(contents.shapes, contents.unclosed)
    converted = to_wgs84(usable, said=contents.crs, wished=wishes.crs)
    report.crs, report.crs_title, report.crs_assumed = converted.code, converted.title, converted.assumed
    rows = []
    for index in range(len(contents)):
        if _is_blank(contents, index):
            continue
        row = Row(
            number=index + 1,
            code=found.code[index],
            name=found.name[index],
            name_en=found.name_en[index],
            level=found.level[index],
            parent=found.parent[index],
            geometry=converted.shapes[index],
        )
        if problem := _text_problem(row) or _set_households(row, found.households[index]):
            tell_problem(report, wishes, row, "text", problem)
        elif kinds[index] == "wrong_type":
            tell_problem(report, wishes, row, "wrong_type", reasons[index])
        else:
            if kinds[index] == "repaired" and row.geometry is not None:
                row.geometry = _valid_again(row.geometry)
                report.findings.append(_repaired(row, reasons[index]))
            rows.append(row)
            _warn_of_garbled(report, row)
    _make_valid(rows)
    _report_duplicates(rows, report)
    return rows, found


def tell_problem(report: Report, wishes: Wishes, row: Row, what: str, message: str) -> None:
    """A row that cannot be used: it stops the import, or is left out if that was asked for."""
    left_out = wishes.skip_unusable
    report.findings.append(
        Finding(
            row=row.number,
            code=row.code,
            name=row.name,
            what="skipped" if left_out else what,
            level=WARNING if left_out else ERROR,
            message=message,
            place=_place(row.geometry),
            geometry=row.geometry,
        )
    )


def _is_blank(contents: Contents, index: int) -> bool:
    """A row of a table with nothing in it."""
    if contents.shapes[index] is not None or contents.driver not in ("CSV", "XLSX"):
        return False
    return all(column[index] in (None, "") for column in contents.columns.values())


def _repaired(row: Row, reason: str) -> Finding:
    return Finding(
        row=row.number,
        code=row.code,
        name=row.name,
        what="repaired",
        level=NOTE,
        message=reason,
        place=_place(row.geometry),
        geometry=row.geometry,
    )


def _place(geometry: BaseGeometry | None) -> tuple[float, float] | None:
    if geometry is None or geometry.is_empty:
        return None
    inside = shapely.point_on_surface(geometry)
    return inside.x, inside.y


# --- Texts -----------------------------------------------------------------------------------------


def _text_problem(row: Row) -> str:
    if not row.code:
        return _("no code")
    if len(row.code) > CODE_LENGTH:
        return _("code longer than %(length)s characters") % {"length": CODE_LENGTH}
    if len(row.name) > NAME_LENGTH or len(row.name_en) > NAME_LENGTH:
        return _("name longer than %(length)s characters") % {"length": NAME_LENGTH}
    if not row.code.isprintable():
        return _("%(what)s with characters that cannot be shown") % {"what": _("code")}
    if not (row.name + row.name_en).isprintable():
        return _("%(what)s with characters that cannot be shown") % {"what": _("name")}
    return ""


def _set_households(row: Row, written: str) -> str:
    if not written:
        return ""
    if not written.isdecimal() or int(written) > MOST_HOUSEHOLDS:
        return _("“%(text)s” is not a number of households") % {"text": written[:40]}
    row.households = int(written)
    return ""


def _warn_of_garbled(report: Report, row: Row) -> None:
    if any(sign in row.name or sign in row.code for sign in GARBLED):
        message = _("the name looks garbled: try another encoding")
        report.findings.append(
            Finding(row.number, row.code, row.name, "text", WARNING, message, place=_place(row.geometry))
        )


def _report_duplicates(rows: list[Row], report: Report) -> None:
    """Never left out by itself: which of them is right only a person can say."""
    by_code = defaultdict(list)
    for row in rows:
        by_code[row.code].append(row)
    for code, same in by_code.items():
        if len(same) == 1:
            continue
        numbers = ", ".join(str(row.number) for row in same)
        message = _("code %(code)s more than once: rows %(rows)s") % {"code": code, "rows": numbers}
        for row in same:
            report.findings.append(
                Finding(
                    row.number,
                    code,
                    row.name,
                    "duplicate",
                    ERROR,
                    message,
                    place=_place(row.geometry),
                    geometry=row.geometry,
                )
            )


# --- Outlines --------------------------------------------------------------------------------------


def _repair(given: np.ndarray, unclosed: np.ndarray) -> tuple[np.ndarray, list[str], list[str]]:
    """Valid polygons in the file's own coordinates; per row, in words, why it was repaired or is None; and
    ``repaired``, ``wrong_type`` or nothing."""
    flat = shapely.force_2d(given)
    repaired, reasons, kinds = np.array(flat, dtype=object), [""] * len(given), [""] * len(given)
    types = shapely.get_type_id(flat)
    good = np.isin(types, (3, 6)) & shapely.is_valid(flat) & ~shapely.is_empty(flat) & ~unclosed
    for index in np.flatnonzero(~good):
        shape, repaired[index] = flat[index], None
        if shape is None or shape.is_empty:
            continue
        if shape.geom_type not in (*shapes.POLYGONAL, "GeometryCollection"):
            kind = TYPES.get(shape.geom_type, shape.geom_type)
            reasons[index] = _("a %(type)s, not an outline") % {"type": kind}
            kinds[index] = "wrong_type"
            continue
        reasons[index] = _reason(shape, unclosed=bool(unclosed[index]))
        repaired[index] = shapes.polygonal(shapely.make_valid(shape, method="structure"))
        kinds[index] = "repaired"
        if repaired[index] is None:
            reasons[index] = _("no surface (%(reason)s)") % {"reason": reasons[index]}
            kinds[index] = "wrong_type"
    return repaired, reasons, kinds


def _reason(shape: BaseGeometry, *, unclosed: bool) -> str:
    if shape.is_valid:
        return str(REASONS["Ring is not closed"]) if unclosed else _("lines or points beside the outline")
    said, _bracket, place = shapely.is_valid_reason(shape).partition("[")
    words = str(REASONS.get(said, said))
    return f"{words} ({place.rstrip(']')})" if place else words


def _make_valid(rows: list[Row]) -> None:
    """Moving each corner by itself, as a conversion does, may let two edges cross by a hair."""
    outlines = np.array([row.geometry for row in rows], dtype=object)
    for index in np.flatnonzero(~shapely.is_valid(outlines) & ~shapely.is_missing(outlines)):
        rows[index].geometry = _valid_again(outlines[index])


def _valid_again(shape: BaseGeometry) -> BaseGeometry:
    if shape.is_valid:
        return shape
    return shapes.polygonal(shapely.make_valid(shape, method="structure")) or shape
