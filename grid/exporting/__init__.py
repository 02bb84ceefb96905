"""Areas as files for other systems: what ``grid.importing`` reads again, and GDAL too.

``table`` gathers the rows of a subtree on a day; each format has a writer. Coordinates are WGS-84 degrees,
(lon, lat). What a format cannot hold is told in docs/reference/exports.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from .geojson import write_geojson
from .kml import write_kml
from .table import COLUMNS, Table, gather

__all__ = ["COLUMNS", "FORMATS", "Format", "Table", "gather", "write"]


@dataclass(frozen=True)
class Format:
    """A file format: what people call it, how its files end, and what writes them."""

    code: str
    title: str
    suffix: str
    content_type: str
    writer: Callable[[Table, Path], None]


def _from(module: str, writer: str) -> Callable[[Table, Path], None]:
    """A writer that is loaded when it is used: what it needs takes a second, which every start would cost."""

    def write(table: Table, target: Path) -> None:
        getattr(import_module(f"{__name__}.{module}"), writer)(table, target)

    return write


FORMATS = {
    each.code: each
    for each in (
        Format(
            "gpkg",
            "GeoPackage",
            ".gpkg",
            "application/geopackage+sqlite3",
            _from("geodata", "write_geopackage"),
        ),
        Format("geojson", "GeoJSON", ".geojson", "application/geo+json", write_geojson),
        Format("shp", "Shapefile", ".zip", "application/zip", _from("geodata", "write_shapefile")),
        Format("kml", "KML", ".kml", "application/vnd.google-earth.kml+xml", write_kml),
        Format(
            "xlsx",
            "Excel (XLSX)",
            ".xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            _from("workbook", "write_workbook"),
        ),
    )
}


def write(table: Table, format: str, target: Path) -> None:
    """Write a table of areas into a new file. ``format`` is a key of :data:`FORMATS`."""
    FORMATS[format].writer(table, target)
