"""XLSX: a row for each area, its outline as WKT in the last columns."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import shapely
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from .table import COLUMNS, Table
from .text import printable

#: Characters that one cell can hold. A longer outline goes on in the columns ``wkt_2``, ``wkt_3`` …
CELL = 32_767
WKT = "wkt"
#: Beginnings that make openpyxl, or a spreadsheet in which somebody edits the cell, see more than a text.
TELLING = ("=", "+", "-", "@", "#")
#: Width of the columns, in characters.
WIDTHS = (20, 24, 24, 12, 12, 20, 12, 12, 12, 40)


def write_workbook(table: Table, target: Path) -> None:
    """One sheet, ``areas``. Texts are texts: one that begins with "=" is no formula when it is opened."""
    outlines = [[] if text is None else _pieces(text) for text in _wkt(table)]
    most = max([1, *map(len, outlines)])
    book = Workbook(write_only=True)
    sheet = book.create_sheet("areas")
    for letter, width in zip("ABCDEFGHIJ", WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "C2"
    sheet.append(list(_header(sheet, most)))
    for row, pieces in zip(table.rows, outlines, strict=True):
        sheet.append([text_cell(sheet, value) for value in (*row, *pieces)])
    book.save(target)


def columns(most: int) -> list[str]:
    """Names of the columns that hold outlines in ``most`` pieces."""
    return [WKT, *(f"{WKT}_{number}" for number in range(2, most + 1))]


def _header(sheet: WriteOnlyWorksheet, most: int) -> Iterator[WriteOnlyCell]:
    for name in (*COLUMNS, *columns(most)):
        cell = WriteOnlyCell(sheet, name)
        cell.font = Font(bold=True)
        yield cell


def _wkt(table: Table) -> list[str | None]:
    return list(shapely.to_wkt(table.shapes(), rounding_precision=-1))


def _pieces(text: str) -> list[str]:
    """A text in cells of what one can hold, divided between two places."""
    pieces = []
    while len(text) > CELL:
        end = text.rindex(",", 0, CELL) + 1
        pieces.append(text[:end])
        text = text[end:].lstrip()
    return [*pieces, text]


def text_cell(sheet: WriteOnlyWorksheet, value: Any) -> Any:
    """A value as a cell. openpyxl would take some texts for formulas or errors; ours never are."""
    if not isinstance(value, str):
        return value
    value = printable(value)
    if not value.startswith(TELLING):
        return value
    cell = WriteOnlyCell(sheet, value)
    cell.data_type = "s"
    # Stays a text also when somebody edits the cell.
    cell.quotePrefix = True
    return cell
