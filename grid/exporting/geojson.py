"""GeoJSON as RFC 7946 wants it: WGS-84 without saying so, outer rings anticlockwise."""

import json
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import shapely

from .table import COLUMNS, Table


def write_geojson(table: Table, target: Path) -> None:
    """A feature a line. The ``id`` of a feature is its code."""
    with target.open("w", encoding="utf-8") as stream:
        stream.write('{"type":"FeatureCollection","features":[')
        for number, feature in enumerate(feature_texts(table)):
            stream.write(f"{',' if number else ''}\n{feature}")
        stream.write("\n]}\n")


def feature_texts(table: Table, names: Iterable[str] = COLUMNS) -> Iterator[str]:
    """Each row as the text of a Feature with these columns; coordinates with every digit they have."""
    names = tuple(names)
    outlines = shapely.to_geojson(shapely.orient_polygons(table.shapes()))
    for row, outline in zip(table.rows, outlines, strict=True):
        properties = {name: plain(getattr(row, name)) for name in names}
        head = f'{{"type":"Feature","id":{_json(row.code)},"properties":{_json(properties)}'
        yield f'{head},"geometry":{outline or "null"}}}'


def plain(value: Any) -> Any:
    """A value as JSON can say it: days as YYYY-MM-DD."""
    return value.isoformat() if isinstance(value, date) else value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
