"""Files as surveyors leave them: good ones, careless ones, hostile ones. Made here, never stored.

Each maker writes one file into a folder and returns its path. Areas are rectangles 0.004° wide and 0.003°
high on the ground west of the small town of :mod:`tests.factories` (two rows, four columns), so nothing
overlaps what is there. Coordinates are WGS-84 degrees (lon, lat) unless a maker says otherwise.
"""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyogrio
import pyproj
import shapely

from tests import factories

WIDTH, HEIGHT = factories.WIDTH, factories.HEIGHT
COLUMNS, ROWS = 4, 2
WEST, NORTH = factories.WEST - COLUMNS * WIDTH, factories.NORTH
#: The whole ground: a community to import into.
GROUND = shapely.box(WEST, NORTH - ROWS * HEIGHT, WEST + COLUMNS * WIDTH, NORTH)
#: CGCS2000 / 3-degree Gauss-Kruger, central meridian 111° E: metres, and the zone this ground lies in.
PROJECTED = "EPSG:4546"
NAMES = ["东直门街道", "和平里北", "朝阳桥西", "永安路南", "育才里", "建设巷", "团结湖", "光明村"]

Properties = dict[str, Any]


def cell(number: int) -> shapely.Polygon:
    """Rectangle ``number`` of the ground, from 0, row by row from the north-west."""
    row, column = divmod(number, COLUMNS)
    west, north = WEST + column * WIDTH, NORTH - row * HEIGHT
    return shapely.box(west, north - HEIGHT, west + WIDTH, north)


def code(number: int) -> str:
    return f"1499010010{number + 31:02}"


def rows(count: int = 3, **more: Any) -> list[Properties]:
    """Properties ``code`` and ``name`` for the first rectangles."""
    return [{"code": code(number), "name": NAMES[number], **more} for number in range(count)]


def geojson(
    path: Path,
    shapes: Sequence[shapely.Geometry | dict[str, Any] | None],
    properties: Sequence[Properties] | None = None,
    **more: Any,
) -> Path:
    """A GeoJSON as given; a shape may be a bare geometry object, however broken. ``more``: other members."""
    features = [
        {"type": "Feature", "properties": values, "geometry": _outline(shape)}
        for shape, values in zip(shapes, properties or rows(len(shapes)), strict=True)
    ]
    collection = {"type": "FeatureCollection", **more, "features": features}
    path.write_text(json.dumps(collection, ensure_ascii=False), encoding="utf-8")
    return path


def _outline(shape: shapely.Geometry | dict[str, Any] | None) -> dict[str, Any] | None:
    if shape is None or isinstance(shape, dict):
        return shape
    outline: dict[str, Any] = json.loads(shapely.to_geojson(shape))
    return outline


def plain(folder: Path, count: int = 3) -> Path:
    """A GeoJSON with nothing wrong: the first ``count`` rectangles."""
    return geojson(folder / "网格.geojson", [cell(number) for number in range(count)])


def somewhere_inside(folder: Path) -> Path:
    """A GeoJSON of two areas in the middle of rectangles 2 and 3: no border meets any other, and taken for
    GCJ-02 they would lie on the same ground, some hundred metres further west."""
    shapes = [shapely.buffer(cell(number), -0.0007, join_style="mitre") for number in (2, 3)]
    return geojson(folder / "片区.geojson", shapes)


def many(folder: Path, count: int) -> Path:
    """A GeoJSON with ``count`` small areas side by side that fill the ground from the north-west."""
    across = math.ceil(math.sqrt(count))
    wide, high = COLUMNS * WIDTH / across, ROWS * HEIGHT / math.ceil(count / across)
    shapes, properties = [], []
    for number in range(count):
        row, column = divmod(number, across)
        west, north = WEST + column * wide, NORTH - row * high
        shapes.append(shapely.box(west, north - high, west + wide, north))
        properties.append({"code": f"M{number + 1:05}", "name": f"第{number + 1}网格"})
    return geojson(folder / "许多.geojson", shapes, properties)


def gbk_shapefile(folder: Path, count: int = 3) -> Path:
    """A zipped shapefile with texts in GBK and Chinese field names, without .cpg and .prj."""
    _shapefile(folder / "gbk", count, encoding="GBK")
    for suffix in (".cpg", ".prj"):
        (folder / "gbk" / f"wg{suffix}").unlink(missing_ok=True)
    return _zipped(folder / "网格GBK.zip", folder / "gbk")


def zip_with_a_folder(folder: Path, count: int = 3) -> Path:
    """A zipped shapefile inside a folder inside the zip, beside what macOS and people put there."""
    _shapefile(folder / "inner", count, encoding="UTF-8")
    file = _zipped(folder / "资料.zip", folder / "inner", inside="2025网格资料/成果/")
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("__MACOSX/2025网格资料/._wg.shp", b"clutter")
        archive.writestr("2025网格资料/说明.txt", "请勿外传".encode("gb18030"))
    return file


def _shapefile(folder: Path, count: int, *, encoding: str) -> None:
    folder.mkdir()
    table = geopandas.GeoDataFrame(
        {
            "编码": [code(number) for number in range(count)],
            "名称": [NAMES[number] for number in range(count)],
            "户数": [300 + 10 * number for number in range(count)],
        },
        geometry=[cell(number) for number in range(count)],
        crs="EPSG:4490",
    )
    pyogrio.write_dataframe(table, folder / "wg.shp", driver="ESRI Shapefile", encoding=encoding)


def _zipped(file: Path, folder: Path, *, inside: str = "") -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(folder.iterdir()):
            archive.write(part, f"{inside}{part.name}")
    return file


def kml_with_two_layers(folder: Path) -> Path:
    """A KML with the layers 网格 (three areas) and 楼栋 (two)."""
    layers = {"网格": [0, 1, 2], "楼栋": [4, 5]}
    folders = "".join(
        f"<Folder><name>{layer}</name>{''.join(map(_placemark, numbers))}</Folder>"
        for layer, numbers in layers.items()
    )
    file = folder / "网格.kml"
    file.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">'
        f"<Document>{folders}</Document></kml>",
        encoding="utf-8",
    )
    return file


def _placemark(number: int) -> str:
    ring = " ".join(f"{x:.6f},{y:.6f},0" for x, y in cell(number).exterior.coords)
    return (
        f"<Placemark><name>{NAMES[number]}</name><ExtendedData>"
        f'<Data name="code"><value>{code(number)}</value></Data></ExtendedData><Polygon><outerBoundaryIs>'
        f"<LinearRing><coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
    )


def geojson_in_cgcs2000(folder: Path) -> Path:
    """A GeoJSON that names EPSG:4490 in a crs member, as GIS programs write it; degrees (lon, lat)."""
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
    return geojson(folder / "cgcs2000.geojson", [cell(number) for number in range(3)], crs=crs)


def projected_without_a_word(folder: Path) -> Path:
    """A GeoJSON in metres (:data:`PROJECTED`) without a crs member."""
    to_metres = pyproj.Transformer.from_crs("EPSG:4326", PROJECTED, always_xy=True)
    moved = [
        shapely.transform(cell(number), lambda xy: np.column_stack(to_metres.transform(xy[:, 0], xy[:, 1])))
        for number in range(3)
    ]
    return geojson(folder / "米制.geojson", moved)


def broken_rings(folder: Path) -> Path:
    """Row 1 is good, row 2 crosses itself (a bow tie), row 3's ring is not closed."""
    west, south, east, north = cell(1).bounds
    bow_tie = [[west, south], [east, north], [east, south], [west, north], [west, south]]
    unclosed = [list(corner) for corner in cell(2).exterior.coords][:-1]
    shapes = [
        cell(0),
        {"type": "Polygon", "coordinates": [bow_tie]},
        {"type": "Polygon", "coordinates": [unclosed]},
    ]
    return geojson(folder / "破损.geojson", shapes)


def unusable_rows(folder: Path) -> Path:
    """Row 1 is good; row 2 has no outline, row 3 is a point, row 4 has an empty one."""
    shapes = [cell(0), None, cell(2).centroid, shapely.Polygon()]
    return geojson(folder / "缺图形.geojson", shapes)


def duplicate_codes(folder: Path) -> Path:
    """Rows 1 and 3 have the same code."""
    properties = rows(3)
    properties[2]["code"] = properties[0]["code"]
    return geojson(folder / "重码.geojson", [cell(number) for number in range(3)], properties)


def overlaps_and_gaps(folder: Path, metres: float = 5.0) -> Path:
    """Rows 1 and 2 overlap by a strip ``metres`` wide; between rows 2 and 3 lies a gap as wide, closed above
    and below by rows 4 (north of nothing) and 5: a hole in the middle of the ground."""
    east = metres / 87_900  # metres to a degree of longitude at 37.87° N
    one, two, three = (cell(number) for number in range(3))
    wider = shapely.box(one.bounds[0], one.bounds[1], one.bounds[2] + east, one.bounds[3])
    # The gap ends a little below the northern edge, so that it is a hole and not a notch.
    gap = shapely.box(two.bounds[2] - east, two.bounds[1], two.bounds[2], two.bounds[3] - HEIGHT / 4)
    below = shapely.box(two.bounds[0], two.bounds[1] - HEIGHT, three.bounds[2], two.bounds[1])
    shapes = [wider, shapely.difference(two, gap), three, below]
    return geojson(folder / "缝隙.geojson", shapes)


def hostile_name(folder: Path, script: str = "<script>window.hurt=1;alert(1)</script>") -> Path:
    """Row 1 is called by a script, row 2 by a picture that would run one."""
    properties = rows(3)
    properties[0]["name"] = script
    properties[1]["name"] = "<img src=x onerror=alert(2)>"
    return geojson(folder / "名称.geojson", [cell(number) for number in range(3)], properties)


def empty(folder: Path) -> Path:
    """No byte at all."""
    file = folder / "空.geojson"
    file.write_bytes(b"")
    return file


def zip_bomb(folder: Path, unpacked: int = 190 * 1024**2) -> Path:
    """A zip of about 190 KiB whose GeoJSON unpacks to 190 MiB."""
    file = folder / "bomb.zip"
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("grids.geojson", "w") as out,
    ):
        out.write(b'{"type": "FeatureCollection", "features": [')
        for _ in range(unpacked // 1024**2):
            out.write(b" " * 1024**2)
        out.write(b"]}")
    return file


def virtual_file(folder: Path, source: str, *, name: str = "网格.geojson") -> Path:
    """An OGR VRT dressed as a GeoJSON: a GIS that opens it reads ``source``, a path or an address."""
    file = folder / name
    file.write_text(
        f'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>{source}</SrcDataSource>'
        "<GeometryType>wkbNone</GeometryType></OGRVRTLayer></OGRVRTDataSource>",
        encoding="utf-8",
    )
    return file


def csv_with_wkt(folder: Path, *, encoding: str = "utf-8") -> Path:
    """A table with code, name and the outline as WKT."""
    lines = ["code,name,wkt"]
    lines += [f'{code(n)},{NAMES[n]},"{cell(n).wkt}"' for n in range(3)]
    file = folder / "网格.csv"
    file.write_text("\n".join(lines) + "\n", encoding=encoding)
    return file
