"""Importing areas: real files, damaged files. All of it, or nothing."""

import io
import zipfile
from pathlib import Path

import geopandas
import numpy as np
import pyogrio
import pytest
import shapely
from django.core.management import CommandError, call_command
from django.db import connection

from grid import datums, locator
from grid.actions.areas import create_area, update_area
from grid.actions.imports import import_areas
from grid.errors import NotAllowed, Refused
from grid.importing import Wishes, plan_import, sandbox
from grid.models import Area
from realtime.log import Subject, verify
from realtime.models import Event
from tests.factories import Town

from .import_files import frame, geojson, levels, refused, run, squares  # noqa: F401 - a fixture

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("levels"),
    # Files without a coordinate system are what some of these tests are about.
    pytest.mark.filterwarnings("ignore:'crs' was not provided:UserWarning"),
]


# --- Real files ------------------------------------------------------------------------------------


@pytest.mark.realdata
def test_beijing_comes_whole_with_six_repairs_named(real_data: Path):
    report = run(real_data / "beijing_subdistricts_utm50n.gpkg")
    assert Area.objects.count() == 111
    assert "已修复: 6" in report
    repaired = [line for line in report.splitlines() if "自相交" in line]
    assert len(repaired) == 6
    assert all("beijing_subdistricts_utm50n-" in line for line in repaired)
    assert "EPSG:32650" in report
    assert "没有编码字段" in report
    outlines = [area.geometry for area in Area.objects.all()]
    assert all(outline.is_valid and outline.geom_type in ("Polygon", "MultiPolygon") for outline in outlines)
    west, south, east, north = shapely.total_bounds(outlines)
    assert 116.1 < west < east < 116.7
    assert 39.7 < south < north < 40.2
    for area in Area.objects.all():
        assert (area.west, area.south, area.east, area.north) == area.geometry.bounds
        assert area.level.is_grid


@pytest.mark.realdata
def test_beijing_is_found_by_its_points_after_the_import(real_data: Path):
    run(real_data / "beijing_subdistricts_utm50n.gpkg")
    for area in Area.objects.all()[:20]:
        inside = area.geometry.representative_point()
        assert locator.locate(inside.x, inside.y).code == area.code


@pytest.mark.realdata
def test_repairs_change_the_surface_by_less_than_a_thousandth(real_data: Path):
    """A repair is to mend rings, not to drop or double land."""
    file = real_data / "beijing_subdistricts_utm50n.gpkg"
    given = geopandas.read_file(file)
    plan = plan_import(file, Wishes())
    written = (
        geopandas.GeoSeries([node.row.geometry for node in plan.nodes], crs="EPSG:4326")
        .to_crs(given.crs)
        .area
    )
    broken = ~given.geometry.is_valid
    assert broken.sum() == len(plan.report.of("repaired")) == 6
    assert np.allclose(written[~broken], given[~broken].area, rtol=1e-6)
    assert np.allclose(written[broken], given[broken].area, rtol=1e-3)


@pytest.mark.realdata
def test_chicago_comes_whole_with_its_names(real_data: Path):
    report = run(real_data / "chicago_neighborhoods.geojson")
    assert Area.objects.count() == 98
    assert "名称取自字段“pri_neigh”" in report
    assert "已修复" not in report
    assert Area.objects.filter(name="Grand Boulevard").exists()
    given = geopandas.read_file(real_data / "chicago_neighborhoods.geojson")
    written = {area.name: area.geometry for area in Area.objects.all()}
    assert all(written[row.pri_neigh].equals(row.geometry) for row in given.itertuples())


# --- Coordinates -----------------------------------------------------------------------------------


def test_coordinates_beyond_the_globe_without_a_system_are_refused_with_the_remedy(tmp_path: Path):
    away = [shapely.box(447000, 4419000, 448000, 4420000)]
    for file in (geojson(tmp_path / "plain.geojson", away), tmp_path / "plain.gpkg"):
        if file.suffix == ".gpkg":
            frame(away, crs=None).to_file(file)
        message = refused(file)
        assert "没有说明坐标系" in message
        assert "--crs" in message
        assert "447000" in message


def test_naming_the_system_is_the_remedy(tmp_path: Path):
    file = geojson(tmp_path / "plain.geojson", [shapely.box(447000, 4419000, 448000, 4420000)])
    run(file, "--crs", "EPSG:32650")
    middle = Area.objects.get().geometry.centroid
    assert middle.distance(shapely.Point(116.384, 39.922)) < 0.01


def test_degrees_without_a_system_are_taken_as_wgs84_and_said_so(tmp_path: Path):
    frame(squares(1), crs=None).to_file(tmp_path / "plain.shp")
    report = run(tmp_path / "plain.shp")
    assert "按 WGS-84 经纬度处理" in report


def test_a_named_system_that_cannot_be_right_is_refused(tmp_path: Path):
    file = geojson(tmp_path / "plain.geojson", [shapely.box(447000, 4419000, 448000, 4420000)])
    assert "不符" in refused(file, "--crs", "EPSG:4490")
    assert "不是有效的坐标系" in refused(file, "--crs", "EPSG:nonsense")


def test_a_geojson_that_names_its_own_system_is_believed(tmp_path: Path):
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32650"}}
    run(geojson(tmp_path / "utm.geojson", [shapely.box(447000, 4419000, 448000, 4420000)], crs=crs))
    assert Area.objects.get().west == pytest.approx(116.379, abs=0.01)


@pytest.mark.parametrize("datum", ["GCJ-02", "bd09"])
def test_chinese_web_map_coordinates_are_moved_back(tmp_path: Path, datum: str):
    true = squares(1)[0]
    code = datum.lower().replace("-", "")
    moved = shapely.transform(true, lambda xy: np.column_stack(datums.from_wgs84(xy[:, 0], xy[:, 1], code)))
    run(geojson(tmp_path / "map.geojson", [moved]), "--crs", datum)
    assert shapely.hausdorff_distance(Area.objects.get().geometry, true) < 1e-9


def test_a_system_that_names_grid_files_is_not_followed(tmp_path: Path):
    frame(squares(1), crs=None).to_file(tmp_path / "shift.shp")
    (tmp_path / "shift.prj").write_text(
        'GEOGCS["x",DATUM["x",SPHEROID["x",6378245,298.3],EXTENSION["PROJ4_GRIDS","/etc/passwd"]],'
        'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]'
    )
    assert "引用了其他文件" in refused(tmp_path / "shift.shp")


# --- Formats ---------------------------------------------------------------------------------------


def test_a_shapefile_in_gbk_reads_its_names(tmp_path: Path):
    frame(squares(2), name=["和平里", "新华"], code=["1", "2"]).to_file(tmp_path / "cn.shp", encoding="GBK")
    (tmp_path / "cn.cpg").unlink()
    report = run(tmp_path / "cn.shp")
    assert set(Area.objects.values_list("name", flat=True)) == {"和平里", "新华"}
    assert "GB18030" in report


def test_a_zipped_shapefile_is_read(tmp_path: Path):
    frame(squares(2), name=["和平里", "新华"], code=["1", "2"]).to_file(tmp_path / "cn.shp", encoding="UTF-8")
    with zipfile.ZipFile(tmp_path / "cn.zip", "w") as archive:
        for part in sorted(tmp_path.glob("cn.*")):
            if part.suffix != ".zip":
                archive.write(part, f"数据/{part.name.upper() if part.suffix == '.dbf' else part.name}")
        archive.writestr("__MACOSX/._cn.shp", b"clutter")
        archive.writestr("readme.txt", "hello")
    run(tmp_path / "cn.zip")
    assert set(Area.objects.values_list("name", flat=True)) == {"和平里", "新华"}


def test_a_shapefile_without_its_companions_is_refused(tmp_path: Path):
    frame(squares(1)).to_file(tmp_path / "lonely.shp")
    (tmp_path / "lonely.dbf").unlink()
    (tmp_path / "lonely.shx").unlink()
    assert ".shx, .dbf" in refused(tmp_path / "lonely.shp")


def test_two_data_sets_of_a_zip_are_its_layers(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.geojson", geojson(tmp_path / "a.geojson", squares(1)).read_bytes())
        archive.writestr("b.geojson", geojson(tmp_path / "b.geojson", squares(1)).read_bytes())
    assert "a, b" in refused(tmp_path / "two.zip")
    run(tmp_path / "two.zip", "--layer", "b")
    assert Area.objects.count() == 1


def test_one_layer_of_several_is_chosen_by_name(tmp_path: Path):
    file = tmp_path / "town.gpkg"
    frame(squares(2), name=["甲", "乙"]).to_file(file, layer="communities")
    frame(squares(3), name=["一", "二", "三"]).to_file(file, layer="grids")
    assert "communities, grids" in refused(file)
    assert "communities, grids" in refused(file, "--layer", "streets")
    run(file, "--layer", "grids")
    assert Area.objects.count() == 3


def test_a_table_without_outlines_is_refused(tmp_path: Path):
    pyogrio.write_dataframe(
        geopandas.pd.DataFrame({"name": ["a"], "code": ["b"]}), tmp_path / "table.gpkg", driver="GPKG"
    )
    assert "只有表格" in refused(tmp_path / "table.gpkg")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("letter.geojson", "尊敬的领导：附件是网格边界。".encode()),
        ("photo.gpkg", b"\x89PNG\r\n\x1a\n" + bytes(100)),
        ("table.csv", b"name,lon,lat\na,1,2\n"),
        ("cut.geojson", b'{"type": "FeatureCollection", "features": [{"type": "Feature", "prop'),
        ("other.json", b'{"type": "Topology", "objects": {}, "arcs": []}'),
        ("bomb.json", b'{"a":' * 100_000),
        ("notes.gpkg", b"SQLite format 3\x00" + bytes(5000)),
        ("empty.shp", b""),
        ("short.shp", b"\x00\x00\x27\x0a" + bytes(10)),
        ("archive.zip", b"PK\x03\x04" + bytes(50)),
    ],
)
def test_what_is_not_geodata_is_refused_in_plain_words(tmp_path: Path, name: str, content: bytes):
    (tmp_path / name).write_bytes(content)
    message = refused(tmp_path / name)
    assert name in message or "文件" in message
    assert "Traceback" not in message
    assert "linli-import" not in message


def test_a_missing_file_is_refused(tmp_path: Path):
    assert "找不到文件" in refused(tmp_path / "nowhere.geojson")
    assert "找不到文件" in refused(Path("/vsicurl/http://127.0.0.1/x.geojson"))


def test_an_empty_collection_is_refused(tmp_path: Path):
    assert refused(geojson(tmp_path / "none.geojson", []))


# --- Rows ------------------------------------------------------------------------------------------

BOW_TIE = shapely.Polygon([(116, 40), (116.01, 40.01), (116.01, 40), (116, 40.01)])


def test_duplicate_codes_are_reported_and_nothing_is_written(tmp_path: Path):
    file = geojson(tmp_path / "a.geojson", squares(3), *[{"code": code, "name": code} for code in "ABA"])
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("import_areas", file, stdout=out)
    assert "编码 A 重复：第 1, 3 行" in out.getvalue()
    assert not Area.objects.exists()


def test_rows_that_cannot_be_used_stop_everything_unless_left_out_on_purpose(tmp_path: Path):
    shapes = [*squares(1), None, shapely.Point(116, 40), shapely.Polygon(), BOW_TIE]
    flat = shapely.LineString([(116, 40), (117, 40)])
    file = geojson(
        tmp_path / "a.geojson", [*shapes, flat], *[{"code": c, "name": f"格{c}"} for c in "123456"]
    )
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("import_areas", file, stdout=out)
    assert "没有边界: 2" in out.getvalue()
    assert "不是面: 2" in out.getvalue()
    for name in ("格2", "格3", "格4", "格6"):
        assert name in out.getvalue()
    assert not Area.objects.exists()
    report = run(file, "--skip-unusable")
    assert "已跳过: 4" in report
    assert set(Area.objects.values_list("name", flat=True)) == {"格1", "格5"}


def test_a_multipolygon_stays_one_and_heights_are_dropped(tmp_path: Path):
    first, _, third = squares(3)
    islands = shapely.force_3d(shapely.MultiPolygon([first, third]), 44.0)
    run(geojson(tmp_path / "a.geojson", [islands], {"code": "A"}))
    written = Area.objects.get().geometry
    assert written.geom_type == "MultiPolygon"
    assert not written.has_z
    assert written.equals(shapely.MultiPolygon([first, third]))


def test_overlaps_are_reported_but_do_not_stop(tmp_path: Path):
    one, other = squares(2)
    wide = shapely.union(other, shapely.box(116.005, 40, 116.011, 40.01))
    report = run(geojson(tmp_path / "a.geojson", [one, wide], {"name": "东"}, {"name": "西"}))
    assert "重叠: 1" in report
    assert Area.objects.count() == 2


def test_importing_again_changes_what_changed_and_doubles_nothing(tmp_path: Path):
    rows = [{"code": code, "name": f"第{code}网格"} for code in "123"]
    file = geojson(tmp_path / "a.geojson", squares(3), *rows)
    run(file)
    ids = dict(Area.objects.values_list("code", "pk"))
    assert "没有要改动的" in run(file)
    moved = [*squares(2), shapely.box(116.02, 40, 116.035, 40.01)]
    rows[0]["name"] = "改名"
    geojson(file, [*moved, *squares(1, west=117)], *rows, {"code": "4", "name": "新"})
    assert "新增 1 个区域，更新 2 个，停用 0 个，未变 1 个" in run(file)
    assert {code: pk for code, pk in Area.objects.values_list("code", "pk") if code != "4"} == ids
    assert Area.objects.get(code="1").name == "改名"
    assert Area.objects.get(code="3").east == 116.035
    assert locator.locate(116.033, 40.005).code == "3"
    assert verify(Subject("area_import", 0)) == 2


def test_areas_come_under_their_parent_and_tell_the_log(tmp_path: Path, town: Town):
    before = Area.objects.get_children_count(town.communities[0])
    file = geojson(
        tmp_path / "a.geojson", squares(2), {"code": "N1", "name": "甲"}, {"code": "N2", "name": "乙"}
    )
    run(file, "--parent", town.communities[0].code)
    community = Area.objects.get(pk=town.communities[0].pk)
    assert Area.objects.get_children_count(community) == community.numchild == before + 2
    assert [area.code for area in Area.objects.get_children(community)][-2:] == ["N1", "N2"]
    assert Area.objects.find_problems() == ([], [], [], [], [])
    event = Event.objects.get(kind="areas.imported")
    assert (event.area_path, event.payload["added"]) == (community.path, 2)
    # And a node added the ordinary way afterwards finds its place.
    create_area(code="N3", name="丙", level="grid", parent=community)
    assert Area.objects.find_problems() == ([], [], [], [], [])


def test_a_code_that_belongs_elsewhere_is_not_taken_over(tmp_path: Path, town: Town):
    file = geojson(tmp_path / "a.geojson", squares(1), {"code": town.grids[0].code, "name": "冒名"})
    assert "第1网格" in refused(file, "--parent", town.communities[1].code)
    assert Area.objects.get(code=town.grids[0].code).name == "第1网格"


def test_levels_and_parents_must_exist_and_fit(tmp_path: Path, town: Town):
    file = geojson(tmp_path / "a.geojson", squares(1), {"code": "N1"})
    assert "district" in refused(file, "--level", "galaxy")
    assert "没有编码为" in refused(file, "--parent", "nobody")
    assert "不能设" in refused(file, "--level", "street", "--parent", town.grids[0].code)


def test_fields_are_chosen_by_name_and_a_wrong_name_lists_the_right_ones(tmp_path: Path):
    file = geojson(tmp_path / "a.geojson", squares(1), {"kod": "K1", "bez": "Altstadt", "name": "x"})
    assert "kod, bez, name" in refused(file, "--code-field", "nope")
    run(file, "--code-field", "kod", "--name-field", "bez")
    assert Area.objects.values_list("code", "name").get() == ("K1", "Altstadt")


def test_a_dry_run_reports_and_writes_nothing(tmp_path: Path):
    assert "试运行" in run(geojson(tmp_path / "a.geojson", [BOW_TIE]), "--dry-run")
    assert not Area.objects.exists()


def test_only_the_administrator_of_the_parent_may_import(tmp_path: Path, town: Town):
    file = geojson(tmp_path / "a.geojson", squares(1), {"code": "N1"})
    plan = plan_import(file, Wishes(parent=town.communities[0].code))
    for person in (town.resident, town.supervisor, town.member1):
        with pytest.raises(NotAllowed):
            import_areas(plan=plan, actor=person)
    import_areas(plan=plan, actor=town.administrator)
    assert Area.objects.filter(code="N1").exists()


def test_areas_are_written_by_the_batch(django_assert_max_num_queries, tmp_path: Path):
    """A city has tens of thousands: a statement or more for each would take minutes."""
    cells = [
        shapely.box(116 + x / 100, 40 + y / 100, 116.01 + x / 100, 40.01 + y / 100)
        for x in range(20)
        for y in range(20)
    ]
    plan = plan_import(geojson(tmp_path / "a.geojson", cells), Wishes())
    with django_assert_max_num_queries(40):
        import_areas(plan=plan)
    assert Area.objects.count() == 400


def test_a_refusal_within_the_transaction_leaves_nothing(tmp_path: Path, town: Town):
    """Somebody changed an area after the plan was made: not even the new ones stay."""
    rows = [{"code": "N1"}, {"code": "N2"}]
    file = geojson(tmp_path / "a.geojson", squares(2), *rows)
    plan = plan_import(file, Wishes(parent=town.communities[1].code))
    update_area(area=town.grids[0], changes={"name": "改名"})
    stamp_before = locator.stamp.read()
    with pytest.raises(Refused, match="重新检查"):
        import_areas(plan=plan)
    assert not Area.objects.filter(code="N1").exists()
    assert locator.stamp.read() == stamp_before
    assert connection.in_atomic_block


def test_a_reader_that_takes_too_long_is_stopped_and_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sandbox, "SECONDS", 0.05)
    assert "限定的时间" in refused(geojson(tmp_path / "a.geojson", squares(1)))


def test_the_reader_knows_none_of_our_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """In place of the reader runs a script that writes down what it was given."""
    spy = tmp_path / "spy.py"
    spy.write_text(
        "import json, os, sys\n"
        "open(sys.argv[2], 'w').write(json.dumps({'error': 'spied'}))\n"
        f"open({str(tmp_path / 'seen')!r}, 'w').write(json.dumps([sys.argv, dict(os.environ)]))\n"
    )
    monkeypatch.setattr(sandbox, "READER", spy)
    monkeypatch.setenv("LINLI_SECRET_KEY", "very-secret")
    refused(geojson(tmp_path / "a.geojson", squares(1)))
    seen = (tmp_path / "seen").read_text()
    assert "GDAL_SKIP" in seen
    assert "OGR_VRT" in seen
    assert "very-secret" not in seen
    assert "LINLI" not in seen.replace("linli-import", "")
