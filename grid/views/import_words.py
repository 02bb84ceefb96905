"""Words and steps of the import wizard."""

from dataclasses import dataclass
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ..models import ImportJob

Stage = ImportJob.Stage
NAMES_SHOWN = 6


@dataclass(frozen=True)
class Format:
    """A kind of file that is understood, and what to know of it."""

    title: str | Promise
    about: Promise
    endings: tuple[str, ...]


FORMATS = [
    Format(
        "Shapefile",
        gettext_lazy("Several files that belong together (.shp, .shx, .dbf): put them into one .zip first."),
        (".zip",),
    ),
    Format("GeoJSON", gettext_lazy("One file, .geojson or .json."), (".geojson", ".json")),
    Format("GeoPackage", gettext_lazy("One file, .gpkg, may hold several layers."), (".gpkg",)),
    Format("KML", gettext_lazy("From map programs such as Google Earth, .kml or .kmz."), (".kml", ".kmz")),
    Format(
        gettext_lazy("Table"),
        gettext_lazy("Excel (.xlsx) or .csv with the outline of each row in a column (WKT)."),
        (".xlsx", ".csv"),
    ),
]

#: What a layer holds, as GDAL calls it → in words.
KINDS: dict[str, Promise] = {
    "Polygon": gettext_lazy("areas"),
    "MultiPolygon": gettext_lazy("areas"),
    "Point": gettext_lazy("points"),
    "MultiPoint": gettext_lazy("points"),
    "LineString": gettext_lazy("lines"),
    "MultiLineString": gettext_lazy("lines"),
}
ENCODINGS: dict[str, Promise] = {
    "UTF-8": gettext_lazy("UTF-8, the usual one today"),
    "GB18030": gettext_lazy("GB18030 (GBK), of Chinese Windows programs"),
    "Big5": gettext_lazy("Big5, traditional characters"),
    "ISO-8859-1": gettext_lazy("Western letters"),
}
STAGES: dict[str, Promise] = {
    Stage.UPLOADED: gettext_lazy("uploaded"),
    Stage.READ: gettext_lazy("read, not checked yet"),
    Stage.CHECKED: gettext_lazy("checked, not imported yet"),
    Stage.CHECKING: gettext_lazy("being checked"),
    Stage.APPLYING: gettext_lazy("being imported"),
    Stage.FAILED: gettext_lazy("did not work"),
}


@dataclass(frozen=True)
class Step:
    """A step of the wizard; ``url`` is empty while it cannot be reached."""

    number: int
    title: str
    url: str
    is_current: bool
    is_done: bool


def steps(job: ImportJob | None, current: int) -> list[Step]:
    """The five steps, of which ``current`` (1–5) is shown."""
    titles = [
        _("Choose the file"),
        _("Check how it reads"),
        _("Say what is what"),
        _("See what would happen"),
        _("Import"),
    ]
    urls = [reverse("import_start"), *_urls(job)]
    return [
        Step(n, title, url, is_current=n == current, is_done=n < current)
        for n, (title, url) in enumerate(zip(titles, urls, strict=True), start=1)
    ]


def _urls(job: ImportJob | None) -> list[str]:
    """Addresses of steps 2 to 5, as far as this job has come; one that is applied cannot be changed."""
    if job is None or job.stage not in (Stage.READ, Stage.CHECKED, Stage.FAILED):
        return ["", "", "", ""]
    may_map = bool(job.wishes.get("crs"))
    return [
        reverse("import_read", args=[job.pk]),
        reverse("import_columns", args=[job.pk]) if may_map else "",
        reverse("import_report", args=[job.pk]) if job.stage == Stage.CHECKED else "",
        "",
    ]


def stage_words(job: ImportJob) -> str:
    return str(STAGES.get(job.stage, job.get_stage_display()))


def file_words(job: ImportJob) -> str:
    """What is known of the file: "GeoJSON, 3 rows, 12 KB"."""
    parts = [job.contents.get("format", ""), filesizeformat(job.size)]
    if rows := job.contents.get("rows"):
        parts.insert(1, ngettext("%(n)s row", "%(n)s rows", rows) % {"n": rows})
    return _(", ").join(part for part in parts if part)


def layer_choices(contents: dict[str, Any]) -> list[dict[str, str]]:
    """Layers to choose from; empty when there is only one."""
    layers = contents.get("layers", [])
    if len(layers) < 2:
        return []
    return [{"name": layer["name"], "about": _layer_words(layer)} for layer in layers]


def _layer_words(layer: dict[str, Any]) -> str:
    parts = []
    if layer["rows"] is not None:
        parts.append(ngettext("%(n)s row", "%(n)s rows", layer["rows"]) % {"n": layer["rows"]})
    kind = layer["kind"].replace("25D", "").removesuffix(" Z").removesuffix(" ZM").replace("3D ", "")
    if kind in KINDS:
        parts.append(str(KINDS[kind]))
    return _(", ").join(parts)


def encoding_choices(contents: dict[str, Any]) -> list[dict[str, str]]:
    """Encodings to choose from, with texts of the file as they would read; empty when there is no doubt."""
    choices = [
        {
            "name": each["name"],
            "title": str(ENCODINGS.get(each["name"], each["name"])),
            "names": _texts(each["sample"]),
        }
        for each in (contents.get("encoding") or {}).get("alternatives", ())
    ]
    # Where every candidate reads the same, there is nothing to choose.
    return choices if len({choice["names"] for choice in choices}) > 1 else []


def _texts(rows: list[dict[str, Any]]) -> str:
    """The texts of the first rows that tell encodings apart: those that are not plain ASCII."""
    found: list[str] = []
    for row in rows:
        for value in row.values():
            if isinstance(value, str) and not value.isascii() and value not in found:
                found.append(value)
    return _(", ").join(found[:NAMES_SHOWN])
