"""Tables: CSV and XLSX with the outline as WKT (or hexadecimal WKB) in a column, or longitude and latitude.

No GDAL here: Python's own csv, and openpyxl in its streaming mode.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from itertools import count, islice, takewhile
from pathlib import Path
from typing import Any

import encodings_of
import limits
import numpy as np
import shapely

SHAPE_FIELDS = (
    "wkt", "geometry", "geom", "the_geom", "shape", "wkb_geometry", "outline",
    "边界", "几何", "图形", "坐标串", "范围",
)  # fmt: skip
LON_FIELDS = ("lon", "lng", "long", "longitude", "x", "经度", "东经")
LAT_FIELDS = ("lat", "latitude", "y", "纬度", "北纬")
SHAPE_STARTS = ("POLYGON", "MULTIPOLYGON", "GEOMETRYCOLLECTION", "SRID=", "POINT", "LINESTRING", "MULTI")
MAX_CELLS = 200
csv.field_size_limit(64 * 1024 * 1024)

Grid = Iterable[list[Any]]


def read(request: dict[str, Any]) -> tuple[dict[str, Any], list[bytes | None]]:
    """The answer and the outlines of the table asked for."""
    path, most = request["datasets"][0]["path"], request["most"] or limits.MAX_ROWS + 1
    encoding = None
    if request["driver"] == "XLSX":
        layers, layer, grid = open_workbook(path, request["layer"], peek=bool(request["most"]))
    else:
        text, encoding = read_text(Path(path), request["encoding"])
        layers, layer, grid = [request["datasets"][0]["name"]], request["datasets"][0]["name"], parse(text)
        if encoding:
            encoding["samples"] = samples(Path(path), encoding["alternatives"])
    fields, columns, total = gather(grid, most)
    if total > limits.MAX_ROWS:
        raise limits.Unreadable("too_many", rows=total, most=limits.MAX_ROWS)
    shapes, used, said = outlines(fields, columns, request["columns"])
    text_columns = {used.get("wkt"), *continued(fields, used.get("wkt", ""))}
    kept = [index for index, name in enumerate(fields) if name not in text_columns]
    answer = {
        "layers": [
            {"name": name, "rows": total if name == layer else None, "kind": "table"} for name in layers
        ],
        "layer": layer,
        "driver": request["driver"],
        "rows": len(columns[0]) if columns else 0,
        "total": total,
        "crs": said,
        "fields": [fields[index] for index in kept],
        "columns": [[limits.plain(value) for value in columns[index]] for index in kept],
        "encoding": encoding,
        "geometry_columns": used,
        "all_fields": fields,
    }
    return answer, shapes


def read_text(path: Path, wished: str) -> tuple[str, dict[str, Any] | None]:
    raw = path.read_bytes()
    if b"\x00" in raw[:4096] and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise limits.Unreadable("unreadable", detail="not text")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) and not wished:
        return raw.decode("utf-16", errors="replace"), None
    if raw.startswith(b"\xef\xbb\xbf") and not wished:
        return raw.decode("utf-8-sig", errors="replace"), None
    found = encodings_of.of_letters(raw.decode("latin-1").splitlines(), wished=wished)
    return raw.decode(found["name"], errors="replace").lstrip("\ufeff"), found


def samples(path: Path, alternatives: list[str]) -> dict[str, list[dict[str, Any]]]:
    with path.open("rb") as stream:
        head = stream.read(256 * 1024)
    found = {}
    for name in alternatives:
        fields, columns, _total = gather(parse(head.decode(name, errors="replace")), encodings_of.SAMPLE_ROWS)
        found[name] = [
            {
                field: limits.plain(column[row])
                for field, column in zip(fields, columns, strict=True)
                if not is_shape(column[row])
            }
            for row in range(len(columns[0]) if columns else 0)
        ]
    return found


def parse(text: str) -> Iterator[list[str]]:
    """Rows of a CSV, whatever its separator: the one that the first line has most of."""
    first = text.partition("\n")[0]
    separator = max(",\t;|", key=first.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    except csv.Error as error:
        raise limits.Unreadable("unreadable", detail=str(error)[:300]) from error


def open_workbook(path: str, wished: str, *, peek: bool) -> tuple[list[str], str, Grid]:
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, SyntaxError, TypeError) as error:
        raise limits.Unreadable("unreadable", detail=str(error)[:300]) from error
    names = [sheet.title for sheet in book.worksheets]
    if not names:
        raise limits.Unreadable("empty")
    if wished and wished not in names:
        raise limits.Unreadable("no_layer", names=names)
    filled = [name for name in names if has_rows(book[name])] or names[:1]
    if not wished and len(filled) > 1 and not peek:
        raise limits.Unreadable("many_layers", names=filled)
    chosen = wished or filled[0]
    return filled, chosen, (list(row) for row in book[chosen].iter_rows(values_only=True))


def has_rows(sheet: Any) -> bool:
    return sum(1 for _row in islice(sheet.iter_rows(values_only=True), 2)) == 2


def gather(grid: Grid, most: int) -> tuple[list[str], list[list[Any]], int]:
    """The header's names, the columns under them (``most`` rows of them), and how many rows there are.

    The first row that is not blank is the header; blank rows below it are counted, so that numbers agree with
    what the person sees, unless they are the last ones.
    """
    rows = iter(grid)
    header = next((row for row in rows if any(filled(cell) for cell in row)), None)
    if header is None:
        raise limits.Unreadable("empty")
    fields = unique([str(cell).strip() if filled(cell) else "" for cell in header[:MAX_CELLS]])
    while fields and not fields[-1]:
        fields.pop()
    columns: list[list[Any]] = [[] for _ in fields]
    total = blank = 0
    for row in rows:
        if not any(filled(cell) for cell in row):
            blank += 1
            continue
        for _missing in range(blank):
            total += 1
            if total <= most:
                add(columns, [])
        blank = 0
        total += 1
        if total <= most:
            add(columns, row)
    return fields, columns, total


def add(columns: list[list[Any]], row: list[Any]) -> None:
    for index, column in enumerate(columns):
        value = row[index] if index < len(row) else None
        column.append(value if filled(value) else None)


def filled(cell: Any) -> bool:
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))


def unique(names: list[str]) -> list[str]:
    """Column names, each once: a second ``name`` becomes ``name_2``."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 or not name else f"{name}_{seen[name]}")
    return result


def outlines(
    fields: list[str], columns: list[list[Any]], wished: dict[str, str]
) -> tuple[list[bytes | None], dict[str, str], str | None]:
    """WKB for every row, which columns it came from, and the coordinate system an EWKT names."""
    rows = len(columns[0]) if columns else 0
    for name in wished.values():
        if name and name not in fields:
            raise limits.Unreadable("no_column", name=name, names=fields)
    shape_field = wished.get("wkt") or shape_column(fields, columns)
    if shape_field:
        parts = [columns[fields.index(name)] for name in (shape_field, *continued(fields, shape_field))]
        texts = list(map(joined, *parts))
        shapes = [from_text(text) for text in texts]
        return shapes, {"wkt": shape_field}, srid(texts)
    lon = wished.get("lon") or named(fields, LON_FIELDS)
    lat = wished.get("lat") or named(fields, LAT_FIELDS)
    if lon and lat:
        xs, ys = (np.array([number(cell) for cell in columns[fields.index(name)]]) for name in (lon, lat))
        good = np.isfinite(xs) & np.isfinite(ys)
        points = shapely.points(np.where(good, xs, 0.0), np.where(good, ys, 0.0))
        wkb = shapely.to_wkb(points)
        return [wkb[i] if good[i] else None for i in range(rows)], {"lon": lon, "lat": lat}, None
    return [None] * rows, {}, None


def continued(fields: list[str], shape_field: str) -> list[str]:
    """The columns in which an outline goes on that is too long for one cell, as our own export writes it."""
    numbered = (f"{shape_field}_{number}" for number in count(2))
    return list(takewhile(fields.__contains__, numbered)) if shape_field else []


def joined(first: Any, *more: Any) -> Any:
    """An outline put together from its cells."""
    return "".join(map(str, filter(filled, (first, *more)))) if any(map(filled, more)) else first


def named(fields: list[str], candidates: tuple[str, ...]) -> str:
    own = {name.lower(): name for name in reversed(fields)}
    return next((own[candidate] for candidate in candidates if candidate in own), "")


def shape_column(fields: list[str], columns: list[list[Any]]) -> str:
    """The column of outlines: by its name, or by what is in it."""
    by_name = named(fields, SHAPE_FIELDS)
    if by_name and any(is_shape(cell) for cell in columns[fields.index(by_name)]):
        return by_name
    for name, column in zip(fields, columns, strict=True):
        first = next((cell for cell in column if cell is not None), None)
        if is_shape(first):
            return name
    return ""


def is_shape(cell: Any) -> bool:
    if not isinstance(cell, str):
        return False
    text = cell.lstrip()[:60].upper()
    return text.startswith(SHAPE_STARTS) or (len(cell) > 40 and text[:4] in ("0103", "0106", "0000"))


def from_text(cell: Any) -> bytes | None:
    """WKB of an outline in a cell; rings are left as they are, closed or not."""
    if not isinstance(cell, str) or not cell.strip():
        return None
    text = cell.strip()
    if text[:5].upper() == "SRID=":
        text = text.partition(";")[2]
    try:
        if text[:2] in ("00", "01"):
            shape = shapely.from_wkb(bytes.fromhex(text), on_invalid="fix")
        else:
            shape = shapely.from_wkt(text)
    except (shapely.errors.ShapelyError, ValueError):
        return unclosed(text)
    if shape is None:
        return None
    wkb: bytes = shapely.to_wkb(shapely.force_2d(shape))
    return wkb


def unclosed(text: str) -> bytes | None:
    """A ring that does not close, as a polygon of its corners: the parent closes and reports it."""
    import struct

    try:
        fixed = shapely.from_wkt(text, on_invalid="fix")
    except (shapely.errors.ShapelyError, ValueError):
        return None
    if fixed is None or fixed.geom_type != "Polygon":
        return None if fixed is None else shapely.to_wkb(shapely.force_2d(fixed))
    rings = [fixed.exterior, *fixed.interiors]
    parts = [struct.pack("<BII", 1, 3, len(rings))]
    for ring in rings:
        corners = np.asarray(ring.coords)[:-1, :2]
        parts += [struct.pack("<I", len(corners)), np.ascontiguousarray(corners, "<f8").tobytes()]
    return b"".join(parts)


def srid(texts: list[Any]) -> str | None:
    found = {
        text.strip()[5:].partition(";")[0]
        for text in texts
        if isinstance(text, str) and text.strip()[:5].upper() == "SRID="
    }
    return f"EPSG:{found.pop()}" if len(found) == 1 else None


def number(cell: Any) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError):
        return float("nan")
