"""Areas as files: which rows are in them, that nothing of a name is taken for more, who may have them."""

import io
import re
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import geopandas
import openpyxl
import pyogrio
import pytest
import shapely
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from grid import exporting
from grid.actions.areas import create_area, retire_area, update_area
from grid.exporting.workbook import CELL
from grid.models import Area
from tests.factories import Town

pytestmark = pytest.mark.django_db
FORMATS = tuple(exporting.FORMATS)
GDAL_FORMATS = tuple(code for code in FORMATS if code != "xlsx")


def export(client: Client, status: int = 200, **query: Any) -> bytes:
    response = client.get(reverse("console_export_file"), {"format": "geojson", **query})
    assert response.status_code == status
    content = response.getvalue() if response.streaming else response.content
    response.close()
    return content


def read(content: bytes, format: str, folder: Path) -> geopandas.GeoDataFrame:
    """A file as geopandas reads it, any of the five: what a person with GIS would see."""
    file = folder / f"file{exporting.FORMATS[format].suffix}"
    file.write_bytes(content)
    if format == "xlsx":
        rows = list(openpyxl.load_workbook(file)["areas"].iter_rows(values_only=True))
        frame = geopandas.GeoDataFrame([dict(zip(rows[0], row, strict=True)) for row in rows[1:]])
        return frame.set_geometry(geopandas.GeoSeries.from_wkt(frame["wkt"], crs="EPSG:4326"))
    frame = geopandas.read_file(f"zip://{file}" if format == "shp" else file)
    return frame.rename(columns={"Name": "name"})


@pytest.fixture
def administrator(client: Client, town: Town) -> Client:
    client.force_login(town.administrator)
    return client


@pytest.mark.parametrize("format", FORMATS)
def test_every_area_is_in_the_file_with_its_columns(
    administrator: Client, town: Town, format: str, tmp_path: Path
) -> None:
    frame = read(export(administrator, format=format), format, tmp_path)
    assert list(frame["code"]) == [area.code for area in Area.objects.all()]
    assert set(exporting.COLUMNS) <= set(frame.columns)
    grid = frame.set_index("code").loc[town.grids[4].code]
    assert (grid["name"], grid["name_en"]) == ("第5网格", "Grid 5")
    assert (grid["level"], grid["level_name"]) == ("grid", "网格")
    assert grid["parent"] == town.communities[1].code
    assert int(grid["households"]) == 400
    assert str(grid["valid_from"])[:10] == "2020-01-01"
    assert grid["geometry"].equals(town.grids[4].geometry)
    assert frame.crs.to_epsg() == 4326


def test_an_export_can_be_of_one_subtree_and_some_levels(administrator: Client, town: Town) -> None:
    community = town.communities[1]
    frame = geopandas.read_file(io.BytesIO(export(administrator, under=community.code, level="grid")))
    assert list(frame["code"]) == [grid.code for grid in town.grids[4:]]
    assert set(frame["parent"]) == {community.code}
    both = export(administrator, under=community.code, level=["grid", "community"])
    assert len(geopandas.read_file(io.BytesIO(both))) == 4


def test_an_export_can_be_of_a_day_in_the_past(administrator: Client, town: Town, time_machine: Any) -> None:
    before = timezone.localdate()
    time_machine.move_to(timezone.now() + timedelta(days=7))
    update_area(area=town.grids[0], changes={"name": "新名", "households": 3}, actor=town.administrator)
    retire_area(area=town.grids[1], actor=town.administrator)
    new = create_area(
        code="new", name="新网格", level="grid", parent=town.communities[0],
        geometry=town.grids[1].geometry, actor=town.administrator,
    )  # fmt: skip
    then = geopandas.read_file(io.BytesIO(export(administrator, level="grid", on=before))).set_index("code")
    today = geopandas.read_file(io.BytesIO(export(administrator, level="grid"))).set_index("code")
    assert list(then["name"]) == [f"第{number}网格" for number in range(1, 8)]
    assert set(then["households"]) == {400}
    assert set(today.index) == set(then.index) - {town.grids[1].code} | {new.code}
    assert (today.loc[town.grids[0].code, "name"], today.loc[town.grids[0].code, "households"]) == ("新名", 3)
    assert today.loc[new.code, "parent"] == town.communities[0].code


def test_somebody_exports_their_own_subtree_only(client: Client, town: Town) -> None:
    administrator = town.member_of(5)
    town.assign(administrator, "administrator", town.communities[1])
    client.force_login(administrator)
    frame = geopandas.read_file(io.BytesIO(export(client)))
    own = [town.communities[1].code, *(grid.code for grid in town.grids[4:])]
    assert list(frame["code"]) == own
    assert frame.set_index("code").loc[own[0], "parent"] == town.street.code
    assert "field-error" in export(client, status=400, under=town.communities[0].code).decode()


def test_nobody_but_administrators_exports(client: Client, town: Town) -> None:
    for name in ("console_export", "console_export_file"):
        client.logout()
        assert client.get(reverse(name)).status_code == 302
        client.force_login(town.member_of(1))
        assert client.get(reverse(name)).status_code == 403


@pytest.mark.parametrize(
    "query", [{"format": "exe"}, {"format": "../../etc/passwd"}, {"level": "galaxy"}, {"on": "yesterday"}]
)
def test_what_cannot_be_exported_is_told_at_its_field(
    administrator: Client, town: Town, query: dict[str, str]
) -> None:
    assert "field-error" in export(administrator, status=400, **query).decode()


def test_an_export_of_nothing_says_so(administrator: Client, town: Town) -> None:
    page = export(administrator, status=404, level="building").decode()
    assert 'role="alert"' in page


HOSTILE = [
    '=HYPERLINK("http://evil.example/","点我")', "+1+1", "-2+3", "@SUM(A1)", "#N/A", "=1+1",
    "</name><Style/><name>", "]]><script>alert(1)</script>", "&lt;&amp;", '"; DROP TABLE grid_area; --',
    "第1网格\u200f🏠", "名\u0001字", "末尾\ufffe",
]  # fmt: skip


@pytest.mark.parametrize("format", FORMATS)
def test_no_name_is_taken_for_more_than_a_name(
    administrator: Client, town: Town, format: str, tmp_path: Path
) -> None:
    """The file has the very text, but for the two characters that XML cannot write."""
    for number, name in enumerate(HOSTILE):
        area = Area.objects.get(pk=town.grids[number % 7].pk)
        area.name = name
        area.save()
        frame = read(export(administrator, format=format, level="grid"), format, tmp_path).set_index("code")
        written = re.sub("[\u0001\ufffe]", "", name) if format in ("kml", "xlsx") else name
        assert frame.loc[area.code, "name"] == written


def test_a_formula_stays_a_text_in_the_workbook_also_when_it_is_edited(
    administrator: Client, town: Town
) -> None:
    Area.objects.filter(pk=town.grids[0].pk).update(name="=1+1")
    sheet = openpyxl.load_workbook(io.BytesIO(export(administrator, format="xlsx", level="grid")))["areas"]
    cell = sheet["B2"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == ("=1+1", "s", True)
    assert "<f>" not in _sheet_xml(export(administrator, format="xlsx", level="grid"))


def _sheet_xml(workbook: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        return archive.read("xl/worksheets/sheet1.xml").decode()


def test_a_shapefile_says_its_encoding_and_datum_and_fits_its_field_names(
    administrator: Client, town: Town
) -> None:
    with zipfile.ZipFile(io.BytesIO(export(administrator, format="shp"))) as archive:
        assert sorted(archive.namelist()) == [f"areas.{end}" for end in ("cpg", "dbf", "prj", "shp", "shx")]
        assert archive.read("areas.cpg").strip() == b"GB18030"
        assert b"WGS_1984" in archive.read("areas.prj")
        assert "清河街道".encode("gb18030") in archive.read("areas.dbf")
    assert all(len(name.encode()) <= 10 for name in exporting.COLUMNS)


def test_a_text_too_long_for_a_shapefile_is_cut_between_characters(
    administrator: Client, town: Town, tmp_path: Path
) -> None:
    Area.objects.filter(pk=town.grids[0].pk).update(name="🏠" * 80)
    frame = read(export(administrator, format="shp", level="grid"), "shp", tmp_path)
    assert frame["name"][0] == "🏠" * 63


def test_an_outline_too_long_for_a_cell_goes_on_in_the_next_column(administrator: Client, town: Town) -> None:
    shape = shapely.Point(112.55, 37.87).buffer(0.001, quad_segs=600)
    area = Area.objects.get(pk=town.grids[0].pk)
    area.geometry = shape
    area.save()
    sheet = openpyxl.load_workbook(io.BytesIO(export(administrator, format="xlsx", level="grid")))["areas"]
    header, row = (list(cells) for cells in sheet.iter_rows(max_row=2, values_only=True))
    pieces = [text for name, text in zip(header, row, strict=True) if name.startswith("wkt") and text]
    assert header[9:12] == ["wkt", "wkt_2", "wkt_3"]
    assert len(pieces) > 1
    assert all(len(piece) <= CELL for piece in pieces)
    assert shapely.from_wkt("".join(pieces)).equals_exact(shape, 0)


@pytest.mark.parametrize("format", GDAL_FORMATS)
def test_an_area_known_by_its_address_only_has_no_outline(
    administrator: Client, town: Town, format: str, tmp_path: Path
) -> None:
    create_area(code="b1", name="1号楼", level="building", parent=town.grids[0], actor=town.administrator)
    frame = read(export(administrator, format=format), format, tmp_path).set_index("code")
    assert frame.loc["b1", "geometry"] is None
    assert frame.loc["b1", "parent"] == town.grids[0].code


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_takes_few_queries(
    administrator: Client, town: Town, format: str, django_assert_max_num_queries
) -> None:
    export(administrator, format=format)
    with django_assert_max_num_queries(15):
        export(administrator, format=format)


def test_the_file_is_named_after_the_area_and_the_day(administrator: Client, town: Town) -> None:
    response = administrator.get(
        reverse("console_export_file"), {"format": "gpkg", "under": town.communities[0].code}
    )
    today = timezone.localdate().isoformat()
    assert f'"areas-{town.communities[0].code}-{today}.gpkg"' in response["Content-Disposition"]
    assert response["Content-Type"] == "application/geopackage+sqlite3"
    response.close()


def test_the_geopackage_has_one_layer(administrator: Client, town: Town, tmp_path: Path) -> None:
    file = tmp_path / "areas.gpkg"
    file.write_bytes(export(administrator, format="gpkg"))
    assert [list(layer) for layer in pyogrio.list_layers(file)] == [["areas", "Unknown"]]
