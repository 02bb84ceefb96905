"""What is exported comes back by our own import as it was, but for what a format cannot hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
import shapely
from django.core.management import call_command
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from grid import exporting, stamp
from grid.actions.import_writing import import_areas
from grid.exporting.geodata import DBF_BYTES, ENCODING
from grid.importing import Wishes, plan_import
from grid.models import Area
from tests.factories import Town

pytestmark = pytest.mark.django_db
FORMATS = tuple(exporting.FORMATS)
WEST, SOUTH, SIDE = 112.5, 37.8, 0.01
#: Neither KML nor XLSX says in which datum it is, so the person does.
WISHES = Wishes(crs="EPSG:4326", tolerance_metres=1.0)


class Known(NamedTuple):
    """All that is to come back of an area."""

    name: str
    name_en: str
    level: str
    parent: str
    households: int | None
    geometry: BaseGeometry | None


def everything() -> dict[str, Known]:
    areas = {area.path: area for area in Area.objects.in_force()}
    return {
        area.code: Known(
            area.name,
            area.name_en,
            area.level_id,
            areas[area.path[:-4]].code if len(area.path) > 4 else "",
            area.households,
            area.geometry,
        )
        for area in areas.values()
    }


def exported(format: str, folder: Path) -> Path:
    file = folder / f"areas{exporting.FORMATS[format].suffix}"
    file.unlink(missing_ok=True)
    exporting.write(exporting.gather([""]), format, file)
    return file


def same_outline(one: BaseGeometry | None, other: BaseGeometry | None) -> bool:
    """Every corner at the same place to the last digit; where a ring begins and which way it runs is free."""
    if one is None or other is None:
        return one is other
    return bool(shapely.equals_exact(shapely.normalize(one), shapely.normalize(other), 0))


def assert_same(before: dict[str, Known], after: dict[str, Known]) -> None:
    assert after.keys() == before.keys()
    for code, known in before.items():
        assert after[code]._replace(geometry=None) == known._replace(geometry=None)
        assert same_outline(after[code].geometry, known.geometry), code


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_brought_back_changes_nothing(town: Town, format: str, tmp_path: Path) -> None:
    before = everything()
    plan = plan_import(exported(format, tmp_path), WISHES)
    assert plan.report.errors == []
    assert (plan.added, plan.changed) == ([], [])
    assert import_areas(plan=plan, actor=town.administrator).unchanged == len(before)
    assert_same(before, everything())


# --- Anything that can be stored ------------------------------------------------------------------
#: What names are made of: Chinese common and rare, quotes, markup, formulas, emoji, other scripts. Invisible
#: characters, as in composed emoji, are refused by every import.
LETTERS = st.one_of(
    st.sampled_from("网格社区第一二三号楼东里㐀𠮷龘"),
    st.sampled_from("\"'“”《》<>&;,|\\/=+-@#%{}$ "),
    st.sampled_from("🏠👩é가ß٣Ω"),
    st.characters(min_codepoint=32, max_codepoint=126),
)


def names(most: int = 80) -> st.SearchStrategy[str]:
    """Texts as they are stored: without spaces around and never two in a row."""
    return st.text(LETTERS, max_size=most).map(lambda text: " ".join(text.split())[:most].strip())


def cell(column: int, row: int) -> shapely.Polygon:
    west, south = WEST + column * SIDE, SOUTH + row * SIDE
    return shapely.box(west, south, west + SIDE, south + SIDE)


@st.composite
def outlines(draw: st.DrawFn, column: int, row: int) -> BaseGeometry:
    """A polygon, one with a hole, two parts, or two of which one has a hole; inside its own cell."""
    kind = draw(st.sampled_from(["whole", "bent", "hole", "parts", "parts with a hole"]))
    whole = cell(column, row)
    west, south, east, north = whole.bounds
    share = st.floats(0.1, 0.4, allow_nan=False)
    inset = draw(share) * SIDE
    inner = shapely.box(west + inset, south + inset, east - inset, north - inset)
    if kind == "whole":
        return whole
    if kind == "bent":
        return shapely.Polygon([(west, south), (east, south), (east - inset, north - inset), (west, north)])
    if kind == "hole":
        return whole.difference(inner)
    core = inner.buffer(-inset / 4, join_style="mitre")
    island = core if kind == "parts" else core.difference(core.buffer(-inset / 4, join_style="mitre"))
    return shapely.MultiPolygon([*shapely.get_parts(whole.difference(inner)), *shapely.get_parts(island)])


@st.composite
def towns(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows of a street with communities, grids and buildings; parents before what lies in them."""
    # Drawn for every area at once: looks at many names in few runs of the reading process.
    columns, rows = draw(st.integers(1, 2)), draw(st.integers(1, 4))
    whole = shapely.box(WEST, SOUTH, WEST + columns * SIDE, SOUTH + rows * SIDE)
    found = [{"code": "0049", "parent": "", "level": "street", "geometry": whole}]
    for column in range(columns):
        community = f"0049-{column}"
        edges = cell(column, 0).union(cell(column, rows - 1)).envelope
        found.append({"code": community, "parent": "0049", "level": "community", "geometry": edges})
        for row in range(rows):
            grid = f"0049{column}{row:010}"
            shape = draw(outlines(column, row))
            found.append({"code": grid, "parent": community, "level": "grid", "geometry": shape})
            found.append({"code": f"{grid}号楼", "parent": grid, "level": "building", "geometry": None})
    for area in found:
        area["name"] = draw(names()) or area["code"]
        area["name_en"] = draw(names())
        area["households"] = draw(st.none() | st.integers(0, 999_999))
    return found


def build(rows: list[dict[str, Any]]) -> None:
    stamp.bump()
    nodes: dict[str, Area] = {}
    for row in rows:
        shape = row["geometry"]
        edges = dict(
            zip(("west", "south", "east", "north"), shape.bounds if shape else [None] * 4, strict=True)
        )
        area = Area(
            code=row["code"], name=row["name"], name_en=row["name_en"], level_id=row["level"],
            households=row["households"], geometry=shape, **edges,
        )  # fmt: skip
        if row["parent"]:
            nodes[row["parent"]].refresh_from_db()
            Area.objects.add_child(nodes[row["parent"]], instance=area)
        else:
            Area.objects.add_root(instance=area)
        nodes[row["code"]] = area


def as_held_by(format: str, known: Known) -> Known:
    """What docs/reference/exports.md says a format loses."""
    if format != "shp":
        return known
    cut = {
        name: " ".join(
            getattr(known, name).encode(ENCODING)[:DBF_BYTES].decode(ENCODING, "ignore").split()
        )
        for name in ("name", "name_en")
    }  # fmt: skip
    return known._replace(**cut)


@pytest.mark.parametrize("format", FORMATS)
@settings(
    # Each example starts the reading process: few examples with many names, and no shrinking.
    max_examples=4,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(rows=towns())
def test_whatever_can_be_stored_comes_back(db: None, tmp_path: Path, format: str, rows: list[dict]) -> None:
    with transaction.atomic():
        call_command("load_roles", verbosity=0)
        build(rows)
        before = {code: as_held_by(format, known) for code, known in everything().items()}
        file = exported(format, tmp_path)
        Area.objects.all().delete()
        plan = plan_import(file, WISHES)
        assert plan.report.errors == []
        import_areas(plan=plan)
        assert_same(before, everything())
        transaction.set_rollback(True)


def test_an_outline_in_several_cells_is_put_together_again(town: Town, tmp_path: Path) -> None:
    """2,400 corners take three cells of a workbook."""
    west, south, east, north = town.grids[0].geometry.bounds
    middle = shapely.Point((west + east) / 2, (south + north) / 2)
    Area.objects.filter(pk=town.grids[0].pk).update(geometry=middle.buffer(0.0014, quad_segs=600))
    before = everything()
    plan = plan_import(exported("xlsx", tmp_path), WISHES)
    assert plan.changed == []
    Area.objects.filter(pk=town.grids[0].pk).update(geometry=town.grids[1].geometry)
    import_areas(plan=plan_import(tmp_path / "areas.xlsx", WISHES), actor=town.administrator)
    assert_same(before, everything())
