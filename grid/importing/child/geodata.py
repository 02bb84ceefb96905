"""Files that GDAL reads: GeoJSON, GeoPackage, Shapefile, KML; with one driver, every other one off."""

import re
import sqlite3
import sys
from pathlib import Path
from typing import Any

import encodings_of
import limits

# pyogrio would load these, in a second, for what is not used here.
for unused in ("geopandas", "pandas"):
    sys.modules[unused] = None  # type: ignore[assignment]
import pyogrio  # noqa: E402

#: Columns LIBKML makes for every layer, which say nothing of areas.
KML_CLUTTER = {
    "timestamp", "begin", "end", "altitudeMode", "tessellate", "extrude", "visibility", "drawOrder", "icon",
    "snippet", "camera_longitude", "camera_latitude",
}  # fmt: skip

#: Bytes at either end of a GeoJSON in which programs write the ``crs`` member.
EDGE = 8192
#: What GDAL says of a GeoJSON that says nothing, or names what GDAL does not know.
WGS84 = ("EPSG:4326", "OGC:CRS84")


def read(request: dict[str, Any]) -> tuple[dict[str, Any], list[bytes | None]]:
    """The answer and the outlines of the layer asked for."""
    driver = request["driver"]
    if set(pyogrio.list_drivers()) != {driver}:
        raise limits.Unreadable("drivers", detail=sorted(pyogrio.list_drivers()))
    if driver == "GPKG":
        for dataset in request["datasets"]:
            if reason := forbidden_tables(dataset["path"]):
                raise limits.Unreadable("tables", detail=reason)
    layers = the_only_layer(request) or list_layers(request["datasets"])
    chosen = choose(layers, request["layer"], peek=bool(request["most"]))
    try:
        answer, shapes = read_layer(chosen, driver, request)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        raise limits.Unreadable("unreadable", detail=str(error)[:300]) from error
    said = [{"name": layer["name"], "rows": layer["rows"], "kind": layer["kind"]} for layer in layers]
    return {"layers": said, "layer": chosen["name"], "driver": driver, **answer}, shapes


def the_only_layer(request: dict[str, Any]) -> list[dict[str, Any]]:
    """A GeoJSON has one layer, whatever it is called. Asking for its name would read the whole file again."""
    if request["driver"] != "GeoJSON" or len(request["datasets"]) > 1 or request["most"]:
        return []
    dataset = request["datasets"][0]
    name = request["layer"] or dataset["name"]
    return [{"name": name, "inner": None, "path": dataset["path"], "rows": None, "kind": "", "crs": None}]


def list_layers(datasets: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Every layer with outlines: its name for people, where it is, how many rows, of which kind."""
    found, unreadable = [], ""
    for dataset in datasets:
        try:
            inner = pyogrio.list_layers(dataset["path"])
            with_shapes = [str(name) for name, kind in inner if kind is not None]
            for name in with_shapes:
                info = pyogrio.read_info(dataset["path"], layer=name, force_feature_count=True)
                # A format without layers calls its only one as we called the copy.
                label = dataset["name"] if name == Path(dataset["path"]).stem else name
                if len(datasets) > 1:
                    label = dataset["name"] if len(with_shapes) == 1 else f"{dataset['name']}/{name}"
                found.append(
                    {
                        "name": label,
                        "inner": name,
                        "path": dataset["path"],
                        "rows": int(info["features"]),
                        "kind": str(info["geometry_type"]),
                        "crs": info["crs"],
                    }
                )
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, UnicodeDecodeError) as error:
            unreadable = str(error)[:300]
    if unreadable and not found:
        raise limits.Unreadable("unreadable", detail=unreadable)
    # A KML's outer folder is a layer without rows of its own.
    found = [layer for layer in found if layer["rows"] > 0] or found[:1]
    if not found:
        raise limits.Unreadable("no_geometry")
    return found


def choose(layers: list[dict[str, Any]], wished: str, *, peek: bool) -> dict[str, Any]:
    """The layer wished for; the only one; when just looking, the one with most rows."""
    names = [layer["name"] for layer in layers]
    if wished:
        if wished not in names:
            raise limits.Unreadable("no_layer", names=names)
        return layers[names.index(wished)]
    if len(layers) > 1 and not peek:
        raise limits.Unreadable("many_layers", names=names)
    return max(layers, key=lambda layer: int(layer["rows"] or 0))


def read_layer(
    layer: dict[str, Any], driver: str, request: dict[str, Any]
) -> tuple[dict[str, Any], list[bytes | None]]:
    if (layer["rows"] or 0) > limits.MAX_ROWS:
        raise limits.Unreadable("too_many", rows=layer["rows"], most=limits.MAX_ROWS)
    shapefile = driver == "ESRI Shapefile"
    meta, _ids, shapes, columns = pyogrio.raw.read(
        layer["path"],
        layer=layer["inner"],
        # One letter per byte, whatever the bytes mean: a text that a writer cut in the middle of a character
        # must not make the whole file unreadable.
        encoding="ISO-8859-1" if shapefile else None,
        max_features=request["most"] or limits.MAX_ROWS + 1,
        force_2d=True,
        datetime_as_string=True,
    )
    if len(shapes) > limits.MAX_ROWS:
        raise limits.Unreadable("too_many", rows=f"> {limits.MAX_ROWS}", most=limits.MAX_ROWS)
    if layer["rows"] is None:
        layer = {**layer, "crs": meta["crs"], "rows": len(shapes)}
    fields = [str(name) for name in meta["fields"]]
    values = [[limits.plain(value) for value in column] for column in columns]
    encoding = None
    if shapefile:
        cpg = Path(layer["path"]).with_suffix(".cpg")
        said = cpg.read_text(encoding="latin-1").strip() if cpg.exists() else ""
        encoding = encodings_of.of_letters([*fields, *letters(values)], wished=request["encoding"], said=said)
        chosen = encoding["name"]
        encoding["samples"] = {
            name: encodings_of.sample(fields, values, name) for name in encoding["alternatives"]
        }
        fields = [encodings_of.decoded(name, chosen) for name in fields]
        values = [
            [encodings_of.decoded(value, chosen) if isinstance(value, str) else value for value in column]
            for column in values
        ]
    if driver == "LIBKML":
        kept = [
            index for index, name in enumerate(fields) if name not in KML_CLUTTER and any_text(values[index])
        ]
        fields, values = [fields[index] for index in kept], [values[index] for index in kept]
    answer = {
        "rows": len(shapes),
        "total": layer["rows"],
        "crs": said_crs(driver, layer),
        "fields": fields,
        "columns": values,
        "encoding": encoding,
    }
    return answer, [None if shape is None else bytes(shape) for shape in shapes]


def said_crs(driver: str, layer: dict[str, Any]) -> str | None:
    """What the file itself says of its coordinates. GDAL gives WGS-84 to some that say nothing."""
    if driver == "LIBKML":
        # By the book KML is WGS-84, but then programs with other maps write it, too: nobody has said so.
        return None
    found: str | None = layer["crs"]
    if driver != "GeoJSON":
        return found
    path = Path(layer["path"])
    with path.open("rb") as stream:
        ends = stream.read(EDGE)
        stream.seek(max(0, path.stat().st_size - EDGE))
        ends += stream.read(EDGE)
    name = re.search(rb'"crs"\s*:\s*\{.{0,300}?"name"\s*:\s*"([^"]{1,200})"', ends, re.DOTALL)
    if name is None or (found in WGS84 and not re.search(rb"4326|CRS84", name[1])):
        return None
    return found


def letters(columns: list[list[Any]]) -> list[str]:
    """Every text there is."""
    return [value for column in columns for value in column if isinstance(value, str)]


def any_text(column: list[Any]) -> bool:
    return any(value not in (None, "") for value in column)


def forbidden_tables(path: str) -> str:
    """A GeoPackage is an SQLite file; its virtual tables may stand for other files. Only indexes may stay."""
    connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        rows = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%'"
        )
        return next((name for name, sql in rows if "USING RTREE" not in sql.upper()), "")
    except sqlite3.DatabaseError:
        return "sqlite_master"
    finally:
        connection.close()
