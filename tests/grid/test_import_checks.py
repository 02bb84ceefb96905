"""What the checks of an import find, and where areas belong. Nothing is written here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely

from grid.actions.areas import create_area, update_area
from grid.errors import Refused
from grid.importing import Wishes, plan_import
from grid.importing.report import CAP
from grid.models import Area
from tests.factories import Town
from tests.grid import files
from tests.grid.importing import plan

pytestmark = pytest.mark.django_db

METRES = 1 / 87_900  # of longitude, in degrees, at the latitude of the ground


@pytest.fixture
def ground(town: Town) -> Area:
    """The community that the files' areas fill."""
    return create_area(
        code="149901001003", name="新社区", level="community", parent=town.street, geometry=files.GROUND
    )


def whole(folder: Path, **more: object) -> Path:
    """Every rectangle of the ground: nothing to object to."""
    return files.geojson(
        folder / "all.geojson", [files.cell(number) for number in range(8)], files.rows(8, **more)
    )


def test_a_flawless_file_has_no_findings(tmp_path: Path, ground: Area):
    report = plan(whole(tmp_path)).report
    assert report.findings == []
    assert report.counts()["added"] == 8
    assert report.can_apply


def test_a_strip_of_five_metres_is_an_overlap_of_so_many_square_metres(tmp_path: Path, ground: Area):
    report = plan(files.overlaps_and_gaps(tmp_path), parent=ground.code).report
    (overlap,) = report.of("overlap")
    expected = 5.0 * files.HEIGHT * 111_000
    assert overlap.area_m2 == pytest.approx(expected, rel=0.02)
    assert (overlap.row, overlap.level) == (1, "warning")
    assert "第 2 行" in overlap.message
    assert f"{overlap.area_m2:,.0f}" in overlap.message
    assert overlap.place is not None
    assert (
        shapely.Point(overlap.place).distance(shapely.Point(files.cell(0).bounds[2], overlap.place[1])) < 1e-4
    )
    assert report.can_apply


@pytest.mark.parametrize("into_a_parent", [True, False])
def test_a_gap_of_five_metres_is_told_with_its_surface(tmp_path: Path, town: Town, into_a_parent: bool):
    """With a parent's outline the gap is what is missing of it, without one a hole between the areas."""
    parent = create_area(
        code="P", name="上级", level="community", parent=town.street,
        geometry=files.GROUND if into_a_parent else None,
    )  # fmt: skip
    gaps = plan(files.overlaps_and_gaps(tmp_path), parent=parent.code).report.of("gap")
    expected = 5.0 * files.HEIGHT * 0.75 * 111_000
    narrow = [gap for gap in gaps if gap.area_m2 == pytest.approx(expected, rel=0.03)]
    assert len(narrow) == 1
    assert narrow[0].level == "warning"
    assert len(gaps) == (1 if not into_a_parent else len(gaps))


def test_a_slit_open_at_both_ends_is_a_gap_even_without_a_parent(tmp_path: Path, town: Town):
    one, other = files.cell(0), shapely.transform(files.cell(1), lambda xy: xy + np.array([5 * METRES, 0]))
    parent = create_area(code="P", name="上级", level="community", parent=town.street)
    (gap,) = plan(files.geojson(tmp_path / "slit.geojson", [one, other]), parent=parent.code).report.of("gap")
    assert gap.area_m2 == pytest.approx(5.0 * files.HEIGHT * 111_000, rel=0.02)


def test_what_is_narrower_than_the_tolerance_is_not_worth_a_word(tmp_path: Path, ground: Area):
    file = files.overlaps_and_gaps(tmp_path)
    report = plan(file, parent=ground.code, tolerance_metres=6).report
    assert not report.of("overlap")
    assert all(gap.area_m2 and gap.area_m2 > 10_000 for gap in report.of("gap"))


def test_areas_that_share_a_border_with_other_corners_do_not_overlap(tmp_path: Path, ground: Area):
    """A corner on one side of a border only is no overlap, whatever a coverage says of its edges."""
    west, south, east, north = files.cell(1).bounds
    finer = shapely.Polygon(
        [(west, south), (east, south), (east, north), (west, north), (west, (south + north) / 2)]
    )
    shapes = [files.cell(0), finer, *(files.cell(number) for number in range(2, 8))]
    assert plan(files.geojson(tmp_path / "t.geojson", shapes)).report.findings == []


def test_overlaps_with_areas_that_are_there_are_told(tmp_path: Path, ground: Area, town: Town):
    wide = shapely.box(
        files.cell(3).bounds[0], *files.cell(3).bounds[1:2], town.grids[0].east, files.cell(3).bounds[3]
    )
    report = plan(files.geojson(tmp_path / "w.geojson", [wide]), parent=ground.code).report
    (overlap,) = report.of("overlap")
    assert town.grids[0].name in overlap.message
    (outside,) = report.of("outside")
    assert outside.area_m2 == pytest.approx(overlap.area_m2, rel=0.01)
    assert "新社区" in outside.message


def test_repairs_name_the_row_and_the_reason(tmp_path: Path, ground: Area):
    report = plan(files.broken_rings(tmp_path), parent=ground.code).report
    found = {finding.row: finding.message for finding in report.of("repaired")}
    assert set(found) == {2, 3}
    assert "自相交" in found[2]
    assert "闭合" in found[3]
    assert report.can_apply


def test_rows_that_are_no_areas_are_told_apart(tmp_path: Path, ground: Area):
    file = files.unusable_rows(tmp_path)
    report = plan(file, parent=ground.code).report
    assert {(f.row, f.what, f.level) for f in report.errors} == {
        (2, "no_outline", "error"), (3, "wrong_type", "error"), (4, "no_outline", "error"),
    }  # fmt: skip
    assert not report.can_apply
    left = plan(file, parent=ground.code, skip_unusable=True).report
    assert {finding.row for finding in left.of("skipped")} == {2, 3, 4}
    assert left.can_apply
    assert left.counts()["added"] == 1


def test_both_rows_of_a_code_are_named_and_never_left_out_silently(tmp_path: Path, ground: Area):
    report = plan(files.duplicate_codes(tmp_path), parent=ground.code, skip_unusable=True).report
    assert [finding.row for finding in report.of("duplicate")] == [1, 3]
    assert not report.can_apply


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"code": ""}, "没有编码"),
        ({"code": "x" * 41}, "40"),
        ({"name": "长" * 81}, "80"),
        ({"name": "a\u202eb"}, "无法显示"),
        ({"households": "很多"}, "户数"),
        ({"level": "星系"}, "星系"),
        ({"parent": "nobody"}, "nobody"),
        ({"parent": "149901001031"}, "自己"),
    ],
)
def test_what_is_wrong_with_a_row_is_said_in_words(tmp_path, ground: Area, properties: dict, words: str):
    rows = files.rows(3, households=300, level="grid", parent=ground.code)
    rows[0] |= properties
    report = plan(files.geojson(tmp_path / "a.geojson", [files.cell(n) for n in range(3)], rows)).report
    (error,) = report.errors
    assert error.row == 1
    assert words in error.message


def test_a_hostile_name_is_only_text(tmp_path: Path, ground: Area):
    found = plan(files.hostile_name(tmp_path), parent=ground.code)
    assert found.nodes[0].row.name.startswith("<script>")
    assert not found.report.errors


# --- Where they belong -----------------------------------------------------------------------------


def test_each_lies_in_the_area_that_covers_most_of_it(tmp_path: Path, ground: Area, town: Town):
    west, south, east, north = files.cell(3).bounds
    mostly_ground = shapely.box(west, south, east + files.WIDTH / 4, north)
    mostly_town = shapely.box(east - files.WIDTH / 4, south, east + files.WIDTH, north)
    found = plan(files.geojson(tmp_path / "a.geojson", [mostly_ground, mostly_town]))
    assert [node.above_code for node in found.nodes] == [ground.code, town.communities[0].code]


def test_what_lies_nowhere_asks_for_its_parent(tmp_path: Path, town: Town):
    (error,) = plan(files.geojson(tmp_path / "a.geojson", [shapely.box(10, 50, 10.01, 50.01)])).report.errors
    assert error.what == "parent"


def test_several_levels_of_one_file_find_each_other(tmp_path: Path, town: Town):
    """Children may stand before their parents, by code or by place."""
    community = {"code": "N", "name": "新社区", "level": "社区", "parent": town.street.code}
    rows = [*files.rows(8, level="网格", parent="N"), community]
    shapes = [*(files.cell(number) for number in range(8)), files.GROUND]
    found = plan(files.geojson(tmp_path / "a.geojson", shapes, rows))
    assert found.nodes[0].row.code == "N"
    assert {node.above_code for node in found.nodes[1:]} == {"N"}
    for row in rows:
        del row["parent"]
    wider = shapely.union(town.street.geometry, files.GROUND)
    update_area(area=town.street, changes={"geometry": wider})
    by_place = plan(
        files.geojson(tmp_path / "b.geojson", shapes, rows), parent=town.street.code, parent_by="place"
    )
    assert {node.row.code: node.above_code for node in by_place.nodes} == {
        "N": town.street.code, **{row["code"]: "N" for row in rows[:-1]},
    }  # fmt: skip


def test_a_child_whose_parent_cannot_be_used_is_left_out_with_it(tmp_path: Path, town: Town):
    rows = [
        {"code": "N", "name": "x", "level": "community", "parent": "nobody"},
        *files.rows(2, level="grid", parent="N"),
    ]
    shapes = [files.GROUND, files.cell(0), files.cell(1)]
    report = plan(files.geojson(tmp_path / "a.geojson", shapes, rows), skip_unusable=True).report
    assert [finding.row for finding in report.of("skipped")] == [1, 2, 3]
    assert not report.can_apply


def test_an_import_into_one_area_reaches_no_other(tmp_path: Path, ground: Area, town: Town):
    rows = files.rows(1, parent=town.communities[0].code)
    file = files.geojson(tmp_path / "a.geojson", [files.cell(0)], rows)
    (error,) = plan_import(file, Wishes(), within=ground.code).report.errors
    assert error.what == "parent"
    with pytest.raises(Refused):
        plan_import(file, Wishes(parent=town.street.code), within=ground.code)


# --- Against what is there -------------------------------------------------------------------------


def test_what_would_be_added_changed_and_stay_is_told(tmp_path: Path, town: Town):
    rows = [{"code": grid.code, "name": grid.name} for grid in town.grids[:3]]
    rows[1]["name"] = "改名"
    shapes = [
        town.grids[0].geometry,
        town.grids[1].geometry,
        shapely.box(*town.grids[2].geometry.bounds).buffer(1e-4),
    ]
    file = files.geojson(tmp_path / "a.geojson", shapes, rows)
    report = plan(file, parent=town.communities[0].code).report
    assert [fate.code for fate in report.fates["unchanged"]] == [town.grids[0].code]
    assert {fate.code: fate.fields for fate in report.fates["changed"]} == {
        town.grids[1].code: ("name",), town.grids[2].code: ("geometry",),
    }  # fmt: skip
    assert [fate.code for fate in report.fates["missing"]] == [town.grids[3].code]
    assert report.fates["retired"] == []


def test_ending_what_is_missing_is_told_and_only_when_asked_for(tmp_path: Path, town: Town):
    rows = [{"code": grid.code, "name": grid.name} for grid in town.grids[:3]]
    file = files.geojson(tmp_path / "a.geojson", [grid.geometry for grid in town.grids[:3]], rows)
    found = plan(file, parent=town.communities[0].code, retire_missing=True)
    assert [area.code for area in found.retired] == [town.grids[3].code]
    assert found.report.fates["missing"] == []
    create_area(code="B", name="楼", level="building", parent=town.grids[3])
    again = plan(file, parent=town.communities[0].code, retire_missing=True)
    assert [finding.what for finding in again.report.errors] == ["retire"]


@pytest.mark.parametrize("by", ["column", "place"])
def test_only_beside_what_the_file_has_can_anything_be_missing(tmp_path: Path, town: Town, by: str):
    """Grids of one community, brought into the street: those of the other one are not meant."""
    community = town.communities[0].code
    rows = [{"code": grid.code, "name": grid.name, "parent": community} for grid in town.grids[:3]]
    file = files.geojson(tmp_path / "a.geojson", [grid.geometry for grid in town.grids[:3]], rows)
    wishes = Wishes(parent_by=by, retire_missing=True)
    found = plan_import(file, wishes, within=town.street.code)
    assert [area.code for area in found.retired] == [town.grids[3].code]


def test_what_lies_in_a_missing_area_is_missing_with_it(tmp_path: Path, town: Town):
    community = town.communities[0]
    rows = [
        {"code": community.code, "name": community.name, "level": "community", "parent": town.street.code}
    ]
    rows += [
        {"code": grid.code, "name": grid.name, "level": "grid", "parent": community.code}
        for grid in town.grids[:4]
    ]
    shapes = [community.geometry, *(grid.geometry for grid in town.grids[:4])]
    found = plan(files.geojson(tmp_path / "a.geojson", shapes, rows), retire_missing=True)
    gone = [town.communities[1], *town.grids[4:]]
    assert [area.code for area in found.retired] == [area.code for area in gone]
    assert not found.report.errors


def test_a_stored_report_is_capped_and_counts_all(tmp_path: Path, ground: Area):
    file = files.many(tmp_path, CAP + 60)
    rows = plan(file, parent=ground.code).as_json()
    assert rows["counts"]["added"] == CAP + 60
    assert len(rows["added"]) == CAP
    assert rows["digest"] == plan(file, parent=ground.code).digest()
