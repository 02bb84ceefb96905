"""Counts from a file of another system: CSV, or a JSON answer of Open311. No database.

Places are the values of a column (a precinct, a ward), or square cells where the file has points only.
"""

from __future__ import annotations

import csv
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import shapely

from .counting import ALL, Counts, Place, count
from .neighbours import METRES_PER_DEGREE

#: What an Open311 GeoReport answer calls its columns.
OPEN311 = {"date": "requested_datetime", "category": "service_name", "lon": "long", "lat": "lat"}
#: Cells under one parent, along one side.
BLOCK = 4


class BadFile(Exception):
    """The file cannot be used; the message says why."""


@dataclass(frozen=True)
class Columns:
    """Names of the file's columns; empty: there is none. Without ``area`` points make cells of ``cell`` m.

    ``date_format`` is strptime's; empty: ISO 8601. ``name``: a column whose commonest value names a cell.
    """

    date: str = ""
    area: str = ""
    parent: str = ""
    category: str = ""
    lon: str = ""
    lat: str = ""
    name: str = ""
    date_format: str = ""
    cell: float = 600.0


@dataclass(frozen=True)
class FileCounts:
    """``outlines`` (WGS-84) of the places, where they are cells; ``skipped``: rows without day or place."""

    counts: Counts
    outlines: list[shapely.Geometry | None]
    skipped: int


def read(path: Path, columns: Columns) -> FileCounts:
    """Counts by place, category and day. Raises :class:`BadFile`."""
    rows = _rows(path)
    if path.suffix.lower() == ".json":
        missing = {key: name for key, name in OPEN311.items() if not getattr(columns, key)}
        columns = replace(columns, **missing)
    return _counted(rows, columns)


def _rows(path: Path) -> list[Mapping[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() != ".json":
            return list(csv.DictReader(text.splitlines()))
        found = json.loads(text)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise BadFile(f"{path.name}: {error}") from error
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise BadFile(f"{path.name}: a list of requests was expected")
    return found


def _counted(rows: list[Mapping[str, Any]], columns: Columns) -> FileCounts:
    cells = _Cells(rows, columns) if not columns.area else None
    entries: Counter[tuple[Any, str, date]] = Counter()
    parents: dict[Any, Any] = {}
    names: dict[Any, Counter[str]] = defaultdict(Counter)
    skipped = 0
    for row in rows:
        day = _day(row, columns)
        key = cells.key(row) if cells else _text(row, columns.area)
        if day is None or not key:
            skipped += 1
            continue
        entries[key, _text(row, columns.category) or ALL, day] += 1
        parents[key] = (key[0] // BLOCK, key[1] // BLOCK) if cells else _text(row, columns.parent)
        names[key][_text(row, columns.name) if columns.name else str(key)] += 1
    if not entries:
        raise BadFile("no row has a day and a place; name the columns that hold them")
    places = [Place(key, parents[key], names[key].most_common(1)[0][0]) for key in sorted(parents)]
    last = max(day for _, _, day in entries)
    outlines = [cells.outline(place.key) if cells else None for place in places]
    numbered = ((key, category, day, n) for (key, category, day), n in entries.items())
    return FileCounts(count(numbered, places, last=last), outlines, skipped)


class _Cells:
    """Square cells of a size in metres, counted from the file's south-western corner."""

    def __init__(self, rows: Iterable[Mapping[str, Any]], columns: Columns) -> None:
        self.columns = columns
        points = [point for row in rows if (point := self._point(row)) is not None]
        if not points:
            raise BadFile(
                "no row has a point; name the columns with longitude and latitude, or one with an area"
            )
        self.west, self.south = min(x for x, _ in points), min(y for _, y in points)
        self.high = columns.cell / METRES_PER_DEGREE
        middle = sorted(y for _, y in points)[len(points) // 2]
        self.wide = self.high / math.cos(math.radians(middle))

    def key(self, row: Mapping[str, Any]) -> tuple[int, int] | None:
        point = self._point(row)
        if point is None:
            return None
        return int((point[0] - self.west) / self.wide), int((point[1] - self.south) / self.high)

    def outline(self, key: Any) -> shapely.Polygon:
        west, south = self.west + key[0] * self.wide, self.south + key[1] * self.high
        return shapely.box(west, south, west + self.wide, south + self.high)

    def _point(self, row: Mapping[str, Any]) -> tuple[float, float] | None:
        try:
            found = float(row.get(self.columns.lon) or "nan"), float(row.get(self.columns.lat) or "nan")
        except ValueError:
            return None
        return found if -180 <= found[0] <= 180 and -90 <= found[1] <= 90 and found != (0, 0) else None


def _day(row: Mapping[str, Any], columns: Columns) -> date | None:
    text = str(row.get(columns.date) or "").strip()
    try:
        if columns.date_format:
            return datetime.strptime(text, columns.date_format).date()  # noqa: DTZ007 - only the day counts
        return datetime.fromisoformat(text).date()
    except ValueError:
        return None


def _text(row: Mapping[str, Any], column: str) -> str:
    """Tidied, so that "0502", "502" and "502.0" are one place."""
    text = str(row.get(column) or "").strip() if column else ""
    if text.endswith(".0"):
        text = text[:-2]
    return text.lstrip("0") or text if text.isdigit() else text
