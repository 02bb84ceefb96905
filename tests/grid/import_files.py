"""Files to import, and the command that does it."""

import io
import json
from pathlib import Path

import geopandas
import pytest
import shapely
from django.core.management import CommandError, call_command

from grid.models import Area
from realtime.models import Event


@pytest.fixture
def levels(request: pytest.FixtureRequest) -> None:
    """The standard levels; the town brings its own."""
    if "town" not in request.fixturenames:
        call_command("load_roles", stdout=io.StringIO())


def run(file: Path, *options: str) -> str:
    """What the command prints."""
    out = io.StringIO()
    call_command("import_areas", file, *options, stdout=out)
    return out.getvalue()


def refused(file: Path, *options: str) -> str:
    """What the command prints and says when it refuses; nothing may have been written."""
    before = list(Area.objects.values_list("pk", "name", "code")), Event.objects.count()
    out = io.StringIO()
    with pytest.raises(CommandError) as error:
        call_command("import_areas", file, *options, stdout=out)
    assert (list(Area.objects.values_list("pk", "name", "code")), Event.objects.count()) == before
    return f"{out.getvalue()}{error.value}"


def squares(count: int = 4, west: float = 116.0, south: float = 40.0, side: float = 0.01) -> list:
    return [shapely.box(west + i * side, south, west + (i + 1) * side, south + side) for i in range(count)]


def frame(shapes: list, crs: str | None = "EPSG:4326", **columns: list) -> geopandas.GeoDataFrame:
    return geopandas.GeoDataFrame(columns, geometry=shapes, crs=crs)


def outline(shape: shapely.Geometry | None) -> dict | None:
    return None if shape is None else json.loads(shapely.to_geojson(shape))


def geojson(path: Path, shapes: list, *properties: dict, **more: object) -> Path:
    features = [
        {"type": "Feature", "properties": values, "geometry": outline(shape)}
        for shape, values in zip(shapes, properties or [{} for _ in shapes], strict=True)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features, **more}), encoding="utf-8")
    return path
