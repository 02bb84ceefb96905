"""Looking into files: every format, encoding and coordinate system that surveyors leave."""

from __future__ import annotations

import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas
import numpy as np
import openpyxl
import pyogrio
import pyproj
import pytest
import shapely

from grid import datums
from grid.actions.areas import create_area
from grid.errors import Refused
from grid.importing import Plan, Wishes, inspect, plan_import
from tests.factories import Town
from tests.grid import files

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:'crs' was not provided:UserWarning"),
]

CODES = [files.code(number) for number in range(3)]
NAMES = files.NAMES[:3]


@pytest.fixture(autouse=True)
def _here(town: Town) -> None:
    """On the ground of the files lies a community, so that guesses have something to go by."""
    create_area(
        code="149901001003", name="新社区", level="community", parent=town.street, geometry=files.GROUND
    )


def rows_of(plan: Plan) -> list[tuple[str, str]]:
    return [(node.row.code, node.row.name) for node in plan.nodes]


def as_guessed(file: Path, **wishes: str) -> Plan:
    """The plan that takes the guess of the coordinate system."""
    found = inspect(file, wishes=Wishes(**wishes))
    return plan_import(file, Wishes(crs=found.crs.code or "", **wishes))


def geopackage(folder: Path) -> Path:
    shapes = [files.cell(number) for number in range(3)]
    table = geopandas.GeoDataFrame({"code": CODES, "name": NAMES}, geometry=shapes, crs="EPSG:4490")
    pyogrio.write_dataframe(table, folder / "grids.gpkg", driver="GPKG")
    return folder / "grids.gpkg"


def with_a_mark(folder: Path) -> Path:
    """A GeoJSON with a byte order mark, as Windows Notepad saves it."""
    file = files.plain(folder)
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    return file


def geojson_in_gbk(folder: Path) -> Path:
    file = files.plain(folder)
    file.write_bytes(file.read_text(encoding="utf-8").encode("gb18030"))
    return file


def packed_kml(folder: Path) -> Path:
    kml = files.kml_with_two_layers(folder)
    with zipfile.ZipFile(folder / "grids.kmz", "w") as archive:
        archive.write(kml, "doc.kml")
    return folder / "grids.kmz"


def csv_in_gbk(folder: Path) -> Path:
    return files.csv_with_wkt(folder, encoding="gb18030")


def workbook(folder: Path) -> Path:
    """As our own export writes it: one sheet, outlines as WKT."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["code", "name", "name_en", "level", "parent", "geometry"])
    for number in range(3):
        sheet.append([CODES[number], NAMES[number], None, "grid", "149901001003", files.cell(number).wkt])
    book.save(folder / "grids.xlsx")
    return folder / "grids.xlsx"


@pytest.mark.parametrize(
    ("make", "wishes"),
    [
        (files.plain, {}),
        (with_a_mark, {}),
        (geojson_in_gbk, {}),
        (files.geojson_in_cgcs2000, {}),
        (files.projected_without_a_word, {}),
        (geopackage, {}),
        (files.gbk_shapefile, {}),
        (files.zip_with_a_folder, {}),
        (files.kml_with_two_layers, {"layer": "网格"}),
        (packed_kml, {"layer": "网格"}),
        (files.csv_with_wkt, {}),
        (csv_in_gbk, {}),
        (workbook, {}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_every_format_gives_the_same_areas(
    tmp_path: Path, make: Callable[[Path], Path], wishes: dict[str, str]
):
    file = make(tmp_path)
    assert inspect(file, wishes=Wishes(**wishes)).crs.sure
    plan = as_guessed(file, **wishes)
    assert rows_of(plan) == list(zip(CODES, NAMES, strict=True))
    # The file does not fill the community; nothing else is to be said of it.
    assert [finding.what for finding in plan.report.findings] == ["gap"]
    for number, node in enumerate(plan.nodes):
        assert shapely.hausdorff_distance(node.row.geometry, files.cell(number)) < 1e-7
        assert node.above_code == "149901001003"
        assert node.level.code == "grid"


# --- Encodings -------------------------------------------------------------------------------------


def test_the_encoding_of_a_shapefile_is_found_and_the_others_are_shown_by_its_own_names(tmp_path: Path):
    encoding = inspect(files.gbk_shapefile(tmp_path)).encoding
    assert encoding is not None
    assert (encoding["name"], encoding["sure"]) == ("GB18030", True)
    shown = {each["name"]: each["sample"][0] for each in encoding["alternatives"]}
    assert shown["GB18030"]["名称"] == NAMES[0]
    assert NAMES[0] not in shown["UTF-8"].values()


def test_a_wished_encoding_goes_before_the_one_found(tmp_path: Path):
    found = inspect(files.gbk_shapefile(tmp_path), wishes=Wishes(encoding="ISO-8859-1"))
    assert found.encoding is not None
    assert found.encoding["name"] == "ISO-8859-1"
    assert "名称" not in found.fields


def test_a_name_cut_in_the_middle_of_a_character_does_not_spoil_the_file(tmp_path: Path):
    """A field of ten bytes holds three and a third Chinese characters in UTF-8; writers just cut."""
    files._shapefile(tmp_path / "cut", 3, encoding="UTF-8")
    dbf = tmp_path / "cut" / "wg.dbf"
    content = bytearray(dbf.read_bytes())
    place = content.index(NAMES[0].encode())
    length = len(NAMES[0].encode())
    content[place : place + length] = NAMES[0].encode()[:-1] + b" "
    dbf.write_bytes(bytes(content))
    plan = plan_import(files._zipped(tmp_path / "cut.zip", tmp_path / "cut"), Wishes())
    assert plan.nodes[0].row.name.startswith(NAMES[0][:-1])
    assert plan.nodes[1].row.name == NAMES[1]


def test_text_that_looks_garbled_is_pointed_out(tmp_path: Path):
    plan = plan_import(files.gbk_shapefile(tmp_path), Wishes(encoding="UTF-8"))
    assert {finding.level for finding in plan.report.of("text")} == {"warning"}


# --- Coordinate systems ----------------------------------------------------------------------------


def moved(folder: Path, datum: str) -> Path:
    shapes = [
        shapely.transform(
            files.cell(number), lambda xy: np.column_stack(datums.from_wgs84(xy[:, 0], xy[:, 1], datum))
        )
        for number in range(3)
    ]
    return files.geojson(folder / f"{datum}.geojson", shapes)


@pytest.mark.parametrize(("datum", "code"), [("gcj02", "GCJ-02"), ("bd09", "BD-09"), ("wgs84", "EPSG:4326")])
def test_known_borders_tell_the_datums_of_web_maps_apart(tmp_path: Path, datum: str, code: str):
    guess = inspect(moved(tmp_path, datum)).crs
    assert (guess.code, guess.sure) == (code, True)
    assert {candidate.code for candidate in guess.candidates} == {"EPSG:4326", "GCJ-02", "BD-09"}


def test_without_known_borders_degrees_are_never_silently_taken_for_wgs84(tmp_path: Path):
    far = [shapely.transform(files.cell(number), lambda xy: xy + np.array([3.0, 2.0])) for number in range(3)]
    guess = inspect(files.geojson(tmp_path / "far.geojson", far)).crs
    assert not guess.sure
    assert len(guess.candidates) == 3
    assert all(candidate.distance_km and candidate.distance_km > 100 for candidate in guess.candidates)


def test_a_file_that_says_wgs84_but_meets_the_borders_in_gcj02_is_asked_about(tmp_path: Path):
    file = moved(tmp_path, "gcj02")
    table = geopandas.read_file(file)
    pyogrio.write_dataframe(table, tmp_path / "said.gpkg", driver="GPKG")
    guess = inspect(tmp_path / "said.gpkg").crs
    assert (guess.code, guess.sure) == ("GCJ-02", False)
    assert {candidate.code for candidate in guess.candidates} == {"GCJ-02", "EPSG:4326"}


@pytest.mark.parametrize("crs", ["EPSG:4546", "EPSG:4525", "EPSG:4497", "EPSG:32649", "EPSG:3857"])
@pytest.mark.parametrize("swapped", [False, True])
def test_a_projected_system_is_found_by_where_the_areas_are(tmp_path: Path, crs: str, swapped: bool):
    """Zones of 3° and 6°, with and without the zone's number, UTM, web Mercator; x first or y first."""
    to = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)

    def move(xy: np.ndarray) -> np.ndarray:
        x, y = to.transform(xy[:, 0], xy[:, 1])
        return np.column_stack((y, x) if swapped else (x, y))

    file = files.geojson(
        tmp_path / "m.geojson", [shapely.transform(files.cell(number), move) for number in range(3)]
    )
    guess = inspect(file).crs
    assert guess.sure, [(each.code, each.where) for each in guess.candidates]
    plan = plan_import(file, Wishes(crs=guess.code or ""))
    assert shapely.hausdorff_distance(plan.nodes[0].row.geometry, files.cell(0)) < 1e-6


def test_the_candidates_say_where_the_areas_would_lie(tmp_path: Path):
    found = inspect(moved(tmp_path, "bd09")).as_json()["crs"]
    assert "100%" in found["candidates"][0]["where"]
    assert all("北纬" in candidate["where"] for candidate in found["candidates"])


# --- Zips ------------------------------------------------------------------------------------------


def test_several_shapefiles_of_a_zip_are_its_layers(tmp_path: Path):
    files._shapefile(tmp_path / "east", 3, encoding="GBK")
    files._shapefile(tmp_path / "west", 2, encoding="UTF-8")
    file = tmp_path / "both.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for part in ("shp", "shx", "dbf", "prj"):
            archive.write(tmp_path / "east" / f"wg.{part}", f"成果/东/网格.{part}")
            archive.write(tmp_path / "west" / f"wg.{part}", f"成果/西/楼栋.{part.upper()}")
    layers = {layer.name: layer.rows for layer in inspect(file).layers}
    assert layers == {"网格": 3, "楼栋": 2}
    assert len(as_guessed(file, layer="楼栋").nodes) == 2
    with pytest.raises(Refused, match="楼栋"):
        plan_import(file, Wishes())


def test_names_in_gbk_inside_a_zip_are_read(tmp_path: Path):
    """Chinese Windows packs names in GBK without saying so."""
    file = tmp_path / "a.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("EAST", "WEST"):
            archive.write(files.plain(tmp_path), f"{name}.geojson")
    content = file.read_bytes()
    for name, chinese in ((b"EAST", "东城"), (b"WEST", "西城")):
        content = content.replace(name, chinese.encode("gb18030"))
    file.write_bytes(content)
    assert {layer.name for layer in inspect(file).layers} == {"东城", "西城"}


def test_a_zip_that_climbs_out_of_its_folder_writes_nothing_there(tmp_path: Path):
    file = tmp_path / "slip.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../../../../tmp/linli-slip.geojson", files.plain(tmp_path).read_bytes())
    assert rows_of(as_guessed(file)) == list(zip(CODES, NAMES, strict=True))
    assert not Path("/tmp/linli-slip.geojson").exists()


def test_a_symbolic_link_in_a_zip_is_not_followed(tmp_path: Path):
    link = zipfile.ZipInfo("grids.geojson")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    secret = files.plain(tmp_path)
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, str(secret))
    with pytest.raises(Refused):
        inspect(tmp_path / "link.zip")


def test_a_zip_in_a_zip_is_not_opened(tmp_path: Path):
    inner = files.zip_with_a_folder(tmp_path)
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.write(inner, "inner.zip")
    with pytest.raises(Refused, match="压缩包"):
        inspect(tmp_path / "outer.zip")
    shutil.copy(inner, tmp_path / "dressed.geojson")
    with zipfile.ZipFile(tmp_path / "outer2.zip", "w") as archive:
        archive.write(tmp_path / "dressed.geojson", "grids.geojson")
    with pytest.raises(Refused, match="压缩包"):
        inspect(tmp_path / "outer2.zip")


def test_a_zip_of_190_kib_that_unpacks_to_190_mib_is_not_unpacked(tmp_path: Path):
    file = files.zip_bomb(tmp_path)
    assert file.stat().st_size < 250 * 1024
    with pytest.raises(Refused, match="解压"):
        inspect(file)


def test_a_workbook_that_unpacks_to_too_much_is_not_opened(tmp_path: Path):
    file = workbook(tmp_path)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet9.xml", b" " * 60 * 1024**2)
    with pytest.raises(Refused, match="解压"):
        inspect(file)


# --- Tables ----------------------------------------------------------------------------------------


def table(folder: Path, *lines: str) -> Path:
    file = folder / "table.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    return file


def test_points_of_a_table_are_no_areas_and_each_row_says_so(tmp_path: Path):
    file = table(tmp_path, "code,name,经度,纬度", "A,甲,112.54,37.87", "B,乙,112.55,37.87", "C,丙,x,37.87")
    found = inspect(file)
    assert found.geometry_columns == {"lon": "经度", "lat": "纬度"}
    plan = plan_import(file, Wishes())
    assert [(finding.row, finding.what) for finding in plan.report.findings] == [
        (1, "wrong_type"), (2, "wrong_type"), (3, "no_outline"),
    ]  # fmt: skip
    assert not plan.report.can_apply


def test_buildings_may_be_known_by_their_addresses_alone(tmp_path: Path, town: Town):
    file = table(
        tmp_path,
        "编码,名称,级别,上级编码,户数",
        f"B1,1号楼,楼栋,{town.grids[0].code},36",
        f"B2,2号楼,building,{town.grids[0].code},",
    )
    plan = plan_import(file, Wishes())
    assert not plan.report.errors
    assert [(node.row.code, node.level.code, node.above_code) for node in plan.added] == [
        ("B1", "building", town.grids[0].code), ("B2", "building", town.grids[0].code),
    ]  # fmt: skip
    assert plan.nodes[0].row.households == 36


def test_any_separator_and_column_of_a_table_will_do(tmp_path: Path):
    file = table(tmp_path, "Nr;Bez;Grenze", *(f"{CODES[n]};{NAMES[n]};{files.cell(n).wkt}" for n in range(3)))
    plan = plan_import(file, Wishes(code_field="Nr", name_field="Bez", wkt_field="Grenze"))
    assert rows_of(plan) == list(zip(CODES, NAMES, strict=True))
    with pytest.raises(Refused, match="Nr, Bez, Grenze"):
        plan_import(file, Wishes(wkt_field="Umriss"))


def test_an_ewkt_says_its_own_coordinate_system(tmp_path: Path):
    file = table(tmp_path, "code,wkt", f'A,"SRID=4490;{files.cell(0).wkt}"')
    assert inspect(file).crs.code == "EPSG:4490"


def test_an_unclosed_ring_in_a_table_is_closed_and_reported(tmp_path: Path):
    ring = ", ".join(f"{x} {y}" for x, y in list(files.cell(0).exterior.coords)[:-1])
    plan = plan_import(table(tmp_path, "code,wkt", f'A,"POLYGON (({ring}))"'), Wishes())
    (finding,) = plan.report.of("repaired")
    assert "闭合" in finding.message
    assert plan.nodes[0].row.geometry.equals(files.cell(0))


def test_a_sheet_of_a_workbook_is_chosen_by_name(tmp_path: Path):
    file = workbook(tmp_path)
    book = openpyxl.load_workbook(file)
    book.create_sheet("说明").append(["什么也没有"])
    other = book.create_sheet("别的")
    other.append(["code", "wkt"])
    other.append(["X1", files.cell(5).wkt])
    book.save(file)
    assert {layer.name for layer in inspect(file).layers} == {"Sheet", "别的"}
    assert rows_of(plan_import(file, Wishes(layer="别的"))) == [("X1", "X1")]
    with pytest.raises(Refused, match="别的"):
        plan_import(file, Wishes())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b""),
        ("b.csv", b"\n\n"),
        ("c.csv", bytes(100)),
        ("d.csv", b"%PDF-1.7 \x00\x01"),
        ("e.xlsx", b"PK"),
    ],
)
def test_tables_that_are_none_are_refused(tmp_path: Path, name: str, content: bytes):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Refused):
        plan_import(tmp_path / name, Wishes())


def test_a_kml_with_entities_or_links_reads_nothing_else(tmp_path: Path):
    secret = tmp_path / "secret.txt"
    secret.write_text("绝密")
    file = tmp_path / "evil.kml"
    file.write_text(
        f'<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY x SYSTEM "file://{secret}">]>'
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><name>&x;</name></Placemark></kml>'
    )
    with pytest.raises(Refused, match="实体"):
        inspect(file)
