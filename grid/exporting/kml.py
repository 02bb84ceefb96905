"""KML 2.2. Written here rather than by GDAL, which rounds coordinates and knows a few names as its own."""

from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import shapely

from .table import COLUMNS, Row, Table
from .text import printable

#: Columns beside the name, which KML has an element for.
FIELDS = tuple(name for name in COLUMNS if name != "name")


def write_kml(table: Table, target: Path) -> None:
    """One folder with a placemark for each area; the other columns as typed data of a schema."""
    with target.open("w", encoding="utf-8") as stream:
        stream.write('<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">\n')
        stream.write('<Document id="areas">\n<Schema name="areas" id="area">\n')
        for name in FIELDS:
            kind = "int" if name == "households" else "string"
            stream.write(f'<SimpleField name="{name}" type="{kind}"/>\n')
        stream.write("</Schema>\n<Folder><name>areas</name>\n")
        for row, shape in zip(table.rows, table.shapes(), strict=True):
            stream.writelines(_placemark(row, shape))
        stream.write("</Folder>\n</Document>\n</kml>\n")


def _placemark(row: Row, shape: shapely.Geometry | None) -> Iterator[str]:
    yield f'<Placemark><name>{_text(row.name)}</name><ExtendedData><SchemaData schemaUrl="#area">'
    for name in FIELDS:
        value = getattr(row, name)
        if value not in (None, ""):
            yield f"<SimpleData name={quoteattr(name)}>{_text(str(value))}</SimpleData>"
    yield "</SchemaData></ExtendedData>"
    if shape is not None:
        parts = "".join(map(_polygon, shapely.get_parts(shape)))
        yield f"<MultiGeometry>{parts}</MultiGeometry>" if shape.geom_type == "MultiPolygon" else parts
    yield "</Placemark>\n"


def _polygon(polygon: shapely.Polygon) -> str:
    inner = "".join(f"<innerBoundaryIs>{_ring(ring)}</innerBoundaryIs>" for ring in polygon.interiors)
    return f"<Polygon><outerBoundaryIs>{_ring(polygon.exterior)}</outerBoundaryIs>{inner}</Polygon>"


def _ring(ring: shapely.LinearRing) -> str:
    # Python writes a number with every digit it has: what is read again is the same number. A list is written
    # at once, as "[[lon, lat], [lon, lat]]": a city has a million of these places.
    pairs = str(shapely.get_coordinates(ring).tolist())
    places = pairs[2:-2].replace("], [", " ").replace(", ", ",")
    return f"<LinearRing><coordinates>{places}</coordinates></LinearRing>"


def _text(text: str) -> str:
    return escape(printable(text), {"\r": "&#13;"})
