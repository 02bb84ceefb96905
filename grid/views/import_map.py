"""The map of an import's report: what becomes of which area, and where the findings are, as GeoJSON."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from django.db.models import Q

from ..importing.report import sketch
from ..models import Area, AreaQuerySet
from .import_report import grouped

#: Known areas drawn besides those the report names.
MOST_KNOWN = 1_500
#: Codes asked for in one statement.
BATCH = 400
#: Around the data, known areas within this share of its width are drawn too.
MARGIN = 0.25


def map_of(report: dict[str, Any], areas: AreaQuerySet) -> dict[str, Any]:
    """Areas with what becomes of them (``fate``: new, changed, retired, unchanged), findings, and the extent.

    ``areas`` are those the person may see. Coordinates are WGS-84 degrees (lon, lat), six decimals, outlines
    to within a metre or so.
    """
    findings = [finding for group in grouped(report) for finding in group.findings]
    features = list(_features(report, areas))
    return {
        "bbox": _extent(report, features, findings),
        "areas": {"type": "FeatureCollection", "features": features},
        "findings": [
            {
                "n": finding["n"],
                "row": finding["row"],
                "level": finding["level"],
                "place": finding["place"],
                "geometry": finding["geometry"],
                "bbox": _bounds(finding["geometry"]),
            }
            for finding in findings
            if finding["place"]
        ],
    }


def _features(report: dict[str, Any], areas: AreaQuerySet) -> Iterable[dict[str, Any]]:
    drawn: dict[str, str] = {}
    for key, fate in (("added", "new"), ("changed", "changed")):
        for each in report.get(key, ()):
            drawn[each["code"]] = fate
            if each.get("geometry"):
                yield _feature(each["code"], each["name"], fate, each["geometry"])
    kept = {each["code"]: "unchanged" for key in ("unchanged", "missing") for each in report.get(key, ())}
    kept |= {each["code"]: "retired" for each in report.get("retired", ())}
    # A change of the name alone leaves the border: it is drawn as it is.
    kept |= {each["code"]: "changed" for each in report.get("changed", ()) if not each.get("geometry")}
    for area in _known(areas, kept):
        drawn[area.code] = kept[area.code]
        yield _feature(area.code, str(area), kept[area.code], sketch(area.geometry))
    for area in _around(areas, report):
        if area.code not in drawn:
            yield _feature(area.code, str(area), "unchanged", sketch(area.geometry))


def _feature(code: str, name: str, fate: str, geometry: dict[str, Any] | None) -> dict[str, Any]:
    properties = {"code": code, "name": name, "fate": fate}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _known(areas: AreaQuerySet, codes: dict[str, str]) -> Iterable[Area]:
    wanted = list(codes)
    for start in range(0, len(wanted), BATCH):
        yield from areas.filter(code__in=wanted[start : start + BATCH]).exclude(geometry=None)


def _around(areas: AreaQuerySet, report: dict[str, Any]) -> Iterable[Area]:
    """Grids that lie where the data does: what it will border on."""
    if not report.get("bounds"):
        return []
    west, south, east, north = report["bounds"]
    wide, high = MARGIN * (east - west), MARGIN * (north - south)
    here = Q(west__lte=east + wide, east__gte=west - wide, south__lte=north + high, north__gte=south - high)
    return areas.filter(here, level__is_grid=True).exclude(geometry=None)[:MOST_KNOWN]


def _bounds(geometry: dict[str, Any] | None) -> list[float] | None:
    if not geometry:
        return None
    return [float(degrees) for degrees in shapely.geometry.shape(geometry).bounds] or None


def _extent(
    report: dict[str, Any], features: list[dict[str, Any]], findings: list[dict[str, Any]]
) -> list[float] | None:
    """What to look at first: all that is not left alone, and the findings."""
    told = [feature for feature in features if feature["properties"]["fate"] != "unchanged"] or features
    boxes = [box for feature in told if (box := _bounds(feature["geometry"]))]
    boxes += [[*finding["place"], *finding["place"]] for finding in findings if finding["place"]]
    if report.get("bounds"):
        boxes.append(list(report["bounds"]))
    if not boxes:
        return None
    edges = np.array(boxes)
    return [*edges[:, :2].min(axis=0).tolist(), *edges[:, 2:].max(axis=0).tolist()]
