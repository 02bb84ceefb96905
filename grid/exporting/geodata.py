"""GeoPackage and Shapefile, written by GDAL."""

import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio

from .table import COLUMNS, Row, Table

LAYER = "areas"
#: A text of a dBASE file has no room for more.
DBF_BYTES = 254
ENCODING = "GB18030"


def write_geopackage(table: Table, target: Path) -> None:
    """One layer, ``areas``. Polygons stay polygons: the layer's kind is left open."""
    _write(table.rows, table, target, driver="GPKG", geometry_type="Unknown")


def write_shapefile(table: Table, target: Path) -> None:
    """A zip of ``areas.shp`` and its companions, texts in GB18030 as the .cpg says.

    A text longer than 254 bytes is cut after its last whole character.
    """
    rows = [row._replace(name=_cut(row.name), name_en=_cut(row.name_en)) for row in table.rows]
    with tempfile.TemporaryDirectory(prefix="linli-export-") as folder:
        file = Path(folder) / f"{LAYER}.shp"
        _write(rows, table, file, driver="ESRI Shapefile", geometry_type="Polygon", encoding=ENCODING)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(Path(folder).iterdir()):
                archive.write(part, part.name)


def _write(rows: list[Row], table: Table, target: Path, *, driver: str, **options: Any) -> None:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(COLUMNS)
    arrays, masks = zip(*map(_array, COLUMNS, columns), strict=True)
    pyogrio.raw.write(
        target,
        np.array(table.wkb, dtype=object),
        list(arrays),
        list(COLUMNS),
        field_mask=list(masks),
        layer=LAYER,
        driver=driver,
        crs="EPSG:4326",
        promote_to_multi=False,
        **options,
    )


def _array(name: str, values: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """A column as GDAL takes it, with a mask of what is missing where the kind has no such value itself."""
    if name == "households":
        missing = np.array([value is None for value in values], dtype=bool)
        return np.array([value or 0 for value in values], dtype=np.int32), missing
    if name in ("valid_from", "valid_to"):
        return np.array(values, dtype="datetime64[D]"), None
    return np.array(values, dtype=object), None


def _cut(text: str) -> str:
    """As much of a text as a dBASE file can hold, without half a character at the end."""
    return text.encode(ENCODING, errors="replace")[:DBF_BYTES].decode(ENCODING, errors="ignore")
