"""Runs the reader: one GDAL driver, no network, no environment of ours, bounded in time and memory."""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from django.utils.translation import gettext as _

from ..errors import Refused
from .sniff import Source

READER = Path(__file__).with_name("child")
SECONDS = 300
#: Coordinate systems given by an address are fetched whatever drivers are off: through a proxy that is none.
PROXIES = ("GDAL_HTTP_PROXY", "GDAL_HTTPS_PROXY", "http_proxy", "https_proxy", "all_proxy")
NOWHERE = "http://127.0.0.1:0"


@dataclass(frozen=True)
class Layer:
    """A layer of the file: its name, how many rows (None: not counted), and of which kind they are."""

    name: str
    rows: int | None
    kind: str


@dataclass(frozen=True)
class Encoding:
    """In which encoding texts were read, whether that is certain, and how the first rows read in others."""

    name: str
    sure: bool
    samples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


@dataclass
class Contents:
    """One layer as it is in the file. ``crs`` is what the file says of its coordinates, None if nothing.

    ``shapes[i]`` is a shapely geometry in the file's coordinates or None; ``columns[field][i]`` its values.
    ``unclosed[i]``: a ring of it was not closed (it has been). ``geometry_columns`` of a table: ``wkt``, or
    ``lon`` and ``lat``. ``total`` may be more than was read, when only the first rows were asked for.
    """

    layer: str
    driver: str
    crs: str | None
    encoding: Encoding | None
    fields: list[str]
    columns: dict[str, list[Any]]
    shapes: np.ndarray
    unclosed: np.ndarray
    total: int
    layers: list[Layer] = field(default_factory=list)
    geometry_columns: dict[str, str] = field(default_factory=dict)
    all_fields: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.shapes)


def read(
    source: Source,
    *,
    layer: str = "",
    encoding: str = "",
    columns: dict[str, str] | None = None,
    most: int = 0,
) -> Contents:
    """Everything in a layer, or its first ``most`` rows; the only one with geometry when none is named.

    ``columns`` (``wkt``, ``lon``, ``lat``): where a table has its outlines. Raises :class:`Refused`.
    """
    request = source.folder / "request.json"
    out = source.folder / "answer.json"
    request.write_text(
        json.dumps(
            {
                "reader": source.reader,
                "driver": source.driver,
                "datasets": [{"name": each.name, "path": str(each.path)} for each in source.datasets],
                "layer": layer,
                "encoding": encoding,
                "columns": columns or {},
                "most": most,
            }
        ),
        encoding="utf-8",
    )
    try:
        done = subprocess.run(  # noqa: S603 - our own script; arguments are paths of our own making
            [sys.executable, "-I", "-B", str(READER), str(request), str(out)],
            env=_environment(source.driver),
            cwd=source.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Refused(_too_hard()) from error
    if done.returncode != 0 or not out.exists():
        raise Refused(_too_hard())
    answer = json.loads(out.read_bytes())
    if "error" in answer:
        raise Refused(_explain(answer))
    return _contents(answer, Path(f"{out}.shapes").read_bytes(), source)


def _contents(answer: dict[str, Any], raw: bytes, source: Source) -> Contents:
    wkb, position = np.empty(len(answer["sizes"]), dtype=object), 0
    for index, size in enumerate(answer["sizes"]):
        if size >= 0:
            wkb[index] = raw[position : position + size]
            position += size
    # What shapely cannot represent (curves, for example) counts as missing and is reported as such.
    shapes = shapely.from_wkb(wkb, on_invalid="ignore")
    unclosed = shapely.is_missing(shapes) & np.array([item is not None for item in wkb], dtype=bool)
    if unclosed.any():
        shapes[unclosed] = shapely.from_wkb(wkb[unclosed], on_invalid="fix")
    encoding = answer["encoding"]
    found = None
    if encoding:
        found = Encoding(encoding["name"], encoding["sure"], encoding.get("samples", {}))
    elif source.encoding:
        found = Encoding(source.encoding, True)
    return Contents(
        layer=answer["layer"],
        driver=answer["driver"],
        crs=answer["crs"],
        encoding=found,
        fields=answer["fields"],
        columns=dict(zip(answer["fields"], answer["columns"], strict=True)),
        shapes=shapes,
        unclosed=unclosed,
        total=answer["total"],
        layers=[Layer(**layer) for layer in answer["layers"]],
        geometry_columns=answer.get("geometry_columns", {}),
        all_fields=answer.get("all_fields", answer["fields"]),
        notes=list(source.notes),
    )


def _environment(driver: str) -> dict[str, str]:
    """All drivers off but one; nothing may be fetched; none of our own variables, which hold secrets."""
    import pyogrio  # only here: it is slow to load

    others = sorted(set(pyogrio.list_drivers()) - {driver})
    return {
        "LANG": "C.UTF-8",
        "GDAL_SKIP": ",".join(others),
        "GDAL_DRIVER_PATH": "disable",
        "OGR_SQLITE_LOAD_EXTENSIONS": "",
        "OGR_SQLITE_ALLOW_EXTERNAL_ACCESS": "NO",
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{noext}.nothing",
        "GDAL_HTTP_MAX_RETRY": "0",
        "GDAL_HTTP_CONNECTTIMEOUT": "1",
        **dict.fromkeys(PROXIES, NOWHERE),
        "PROJ_NETWORK": "OFF",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _explain(answer: dict[str, Any]) -> str:
    names = ", ".join(answer.get("names", ()))
    match answer["error"]:
        case "no_geometry":
            return _("This file holds tables only, no outlines. Give one with the areas' polygons.")
        case "no_layer":
            return _("There is no such layer. The file has: %(layers)s.") % {"layers": names}
        case "no_column":
            return _("There is no field “%(field)s”. The file has: %(fields)s.") % {
                "field": answer["name"],
                "fields": names,
            }
        case "many_layers":
            return _("The file has several layers: %(layers)s. Choose one (--layer).") % {"layers": names}
        case "too_many":
            return _("The file has %(rows)s rows; at most %(most)s can be imported at once.") % answer
        case "empty":
            return _("The file has no rows.")
        case "tables":
            return (
                _("The file holds a table that stands for other files (%(detail)s). It is not read.") % answer
            )
        case _:
            return _("The file is damaged, or not what it looks like. Open it in the program it comes from.")


def _too_hard() -> str:
    return _(
        "The file could not be read within the limits of time and memory. Is it damaged? Else divide it."
    )
