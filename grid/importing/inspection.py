"""A first look into a file: what is in it, so that the person can say what it means. Writes nothing."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from .guess import CrsGuess, Place, guess
from .mapping import recognise, text
from .sandbox import Contents, Layer
from .wishes import Wishes

#: Rows that are looked at, and those that are shown.
LOOKED_AT = 2000
SHOWN = 8
SAMPLE_LENGTH = 80


@dataclass(frozen=True)
class Inspection:
    """What is in the chosen layer of a file.

    ``columns`` is which field was recognised as what; ``samples`` of the encoding show the first rows as they
    would read in others; ``geometry_columns`` of a table where its outlines are (``wkt``, or ``lon`` and
    ``lat``, which give points only).
    """

    format: str
    layers: list[Layer]
    layer: str
    rows: int
    fields: list[str]
    all_fields: list[str]
    sample: list[dict[str, Any]]
    filled: dict[str, int]
    kinds: dict[str, int]
    encoding: dict[str, Any] | None
    crs: CrsGuess
    columns: dict[str, str]
    geometry_columns: dict[str, str]
    notes: list[str]

    def as_json(self) -> dict[str, Any]:
        return {
            "format": self.format,
            "layers": [{"name": each.name, "rows": each.rows, "kind": each.kind} for each in self.layers],
            "layer": self.layer,
            "rows": self.rows,
            "fields": [
                {
                    "name": name,
                    "filled": self.filled[name],
                    "samples": [row[name] for row in self.sample if row[name] not in (None, "")][:3],
                    "is": next((thing for thing, field in self.columns.items() if field == name), ""),
                }
                for name in self.fields
            ],
            "all_fields": self.all_fields,
            "sample": self.sample,
            "kinds": self.kinds,
            "encoding": self.encoding,
            "crs": self.crs.as_json(),
            "columns": self.columns,
            "geometry_columns": self.geometry_columns,
            "notes": self.notes,
        }


def look_at(contents: Contents, wishes: Wishes, place: Place) -> Inspection:
    """The inspection of the first rows of a layer."""
    encoding = None
    if contents.encoding:
        encoding = {
            "name": contents.encoding.name,
            "sure": contents.encoding.sure or bool(wishes.encoding),
            "alternatives": [
                {"name": name, "sample": [_short(row) for row in rows]}
                for name, rows in contents.encoding.samples.items()
            ],
        }
    return Inspection(
        format=contents.driver,
        layers=contents.layers,
        layer=contents.layer,
        rows=contents.total,
        fields=contents.fields,
        all_fields=contents.all_fields,
        sample=[
            _short({name: contents.columns[name][index] for name in contents.fields})
            for index in range(min(SHOWN, len(contents)))
        ],
        filled={
            name: sum(value not in (None, "") for value in contents.columns[name]) for name in contents.fields
        },
        kinds=_kinds(contents.shapes),
        encoding=encoding,
        crs=guess(contents.shapes, contents.crs, place),
        columns=recognise(contents, wishes),
        geometry_columns=contents.geometry_columns,
        notes=contents.notes,
    )


def _kinds(shapes: np.ndarray) -> dict[str, int]:
    """How many rows there are of each geometry type; ``none`` without one."""
    types, counts = np.unique(shapely.get_type_id(shapes), return_counts=True)
    names = ("Point", "LineString", "LinearRing", "Polygon", "MultiPoint", "MultiLineString")
    names += ("MultiPolygon", "GeometryCollection")
    return {
        "none" if kind < 0 else names[kind]: int(count) for kind, count in zip(types, counts, strict=True)
    }


def _short(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: text(value)[:SAMPLE_LENGTH] if isinstance(value, str) else value for name, value in row.items()
    }
